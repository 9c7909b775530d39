"""How a browser gets a session: by a link that is good once, or by the token of an account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clash.board.accounts import Accounts, Identity, LinkHolders
from clash.board.answers import RefusedError, html_answer
from clash.board.origins import CookieName, Seen
from clash.board.pages import login_page
from clash.board.sessions import Session, Sessions, is_token_of

if TYPE_CHECKING:
    from clash.board.page_routes import PageRoutes

_MOST_FORM_BYTES = 4096
_OWN_PAGE = re.compile(r"/(?:money|runs/[A-Za-z0-9._-]{1,128}(?:/(?:review|checkpoints))?)?")
"""The pages that a login may lead to."""


def login_routes(
    accounts: Accounts | LinkHolders, sessions: Sessions, cookie: CookieName, pages: PageRoutes
) -> list[Route]:
    """Return the routes with which sessions begin and end. `cookie` names the cookie that holds one."""
    if isinstance(accounts, Accounts):
        login = _AccountLogin(accounts, cookie, pages)
        return [
            Route("/login", login.form, methods=["GET"]),
            Route("/login", login.log_in, methods=["POST"]),
            Route("/logout", login.log_out, methods=["POST"]),
        ]
    return [Route("/login", _LinkLogin(sessions, cookie, pages).open, methods=["GET"])]


class _LinkLogin:
    """Opens a session for a link, once."""

    def __init__(self, sessions: Sessions, cookie: CookieName, pages: PageRoutes) -> None:
        self._sessions = sessions
        self._cookie = cookie
        self._pages = pages

    async def open(self, request: Request) -> Response:
        """`GET /login?token=`: open a session, and lead to the runs."""
        if request.method == "HEAD":
            return Response(status_code=204)  # a preview of the link must not use it up
        opened = self._sessions.open(request.query_params.get("token", ""))
        if opened is None:
            return RedirectResponse("/", 303) if request.state.session else self._pages.login(request)
        return _led_in(self._cookie, request, opened, "/")


class _AccountLogin:
    """The login page of a board with accounts. It needs no script."""

    def __init__(self, accounts: Accounts, cookie: CookieName, pages: PageRoutes) -> None:
        self._accounts = accounts
        self._cookie = cookie
        self._pages = pages

    async def form(self, request: Request) -> Response:
        """`GET /login`: the field for a token."""
        return RedirectResponse("/", 303) if request.state.session else self._page(request, 200, "/")

    async def log_in(self, request: Request) -> Response:
        """`POST /login`: open a session. Unknown, expired and revoked tokens get one and the same answer."""
        given = await _form_of(request)
        page = given.get("next", "/") if _OWN_PAGE.fullmatch(given.get("next", "")) else "/"
        seen: Seen = request.state.seen
        try:
            opened = await self._accounts.log_in(given.get("token", "").strip(), seen)
        except RefusedError as error:
            if error.status != 429:
                raise
            answer = self._page(request, error.status, page, "too_many")
            answer.headers["Retry-After"] = "30"
            return answer
        if opened is None:
            return self._page(request, 401, page, "not_good")
        return _led_in(self._cookie, request, opened, page)

    async def log_out(self, request: Request) -> Response:
        """`POST /logout`: end the session."""
        identity: Identity = request.state.identity
        session, given = identity.session, await _form_of(request)
        if session is None or not is_token_of(session, given.get("session", "")):
            raise RefusedError(403, "the token of this write is not its session's", code="bad_token")
        await self._accounts.log_out(identity)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(self._cookie(request.state.seen), path="/", secure=_is_encrypted(request))
        return answer

    def _page(self, request: Request, status: int, page: str, said: str = "") -> Response:
        view = self._pages.view(request)
        return html_answer(login_page(view, has_accounts=True, said=said, next_page=page), status)


def _led_in(cookie: CookieName, request: Request, opened: tuple[Session, str], page: str) -> Response:
    answer = RedirectResponse(page, 303)
    answer.set_cookie(
        cookie(request.state.seen),
        opened[1],
        httponly=True,
        samesite="strict",
        path="/",
        secure=_is_encrypted(request),
    )
    return answer


def _is_encrypted(request: Request) -> bool:
    seen: Seen = request.state.seen
    return seen.scheme == "https"


async def _form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form. Raises `RefusedError` for one that is too large, or is none."""
    body = await request.body()
    if len(body) > _MOST_FORM_BYTES:
        raise RefusedError(413, f"a login has at most {_MOST_FORM_BYTES} bytes", code="too_large")
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=8, keep_blank_values=True)
    except ValueError:
        raise RefusedError(400, "this is no form", code="not_json") from None
    return {name: values[-1] for name, values in fields.items()}
