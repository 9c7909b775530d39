"""What every request passes first: Host, rate, method, session, and for writes where they come from and their size."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clash.board.accounts import Accounts, Identity, LinkHolders
from clash.board.answers import (
    CONTENT_SECURITY_POLICY,
    RefusedError,
    error_document,
    html_answer,
    refused_answer,
    status_of,
)
from clash.board.origins import CookieName, Origins, Seen
from clash.board.pages import error_page, login_page
from clash.board.pages.view import View
from clash.board.rates import OF_A_SESSION, OF_A_STRANGER, RateLimits
from clash.board.sessions import Sessions, is_token_of
from clash.errors import ClashError
from clash.redaction import safe_exception

logger = logging.getLogger(__name__)

MOST_BODY_BYTES = 64_000
"""A note and a prompt have 20,000 characters at most."""
_OPEN_PATHS = ("/static/", "/login", "/favicon.ico")
_FORMS = ("/login", "/logout")
"""What is sent as the form of a page, so that it needs no script."""
_READS = frozenset({"GET", "HEAD"})
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OF_FORMS = {"Referrer-Policy": "same-origin"}
"""With `no-referrer`, browsers send the form of a page with `Origin: null`."""
_NOT_KEPT = "no-store"


@dataclass(frozen=True)
class GuardRules:
    """What the guard of a board goes by."""

    origins: Origins
    accounts: Accounts | LinkHolders
    sessions: Sessions
    rates: RateLimits
    cookie: CookieName
    read_only: bool = False


class Guard:
    """Middleware that answers what must not reach the board, and adds the headers that keep its pages to themselves."""

    def __init__(self, app: ASGIApp, *, rules: GuardRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        scope["headers"] = [(name, value) for name, value in scope["headers"] if not _is_unknown_range(name, value)]
        headers = Headers(scope=scope)
        answering = _Answering(send, _OF_FORMS if self._rules.accounts.has_accounts else {})
        try:
            await self._admit(scope, headers)
            bounded = _bounded(receive, headers) if scope["method"] not in _READS else receive
            await self._app(scope, bounded, answering)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except ClashError as refusal:
            await self._refusal(scope, headers, refusal)(scope, receive, answering)
        except Exception as error:  # noqa: BLE001 - the last line of defence: nobody is shown where a bug is
            logger.error("the board failed at %s: %s", scope["path"][:200], safe_exception(error))
            if not answering.begun:
                await refused_answer(RefusedError(500, "internal error", code="internal"))(scope, receive, answering)

    async def _admit(self, scope: Scope, headers: Headers) -> None:
        """Find out who sent a request, and raise `RefusedError` if it must not be answered."""
        rules = self._rules
        seen = rules.origins.seen(scope, headers)
        identity = await rules.accounts.identify(seen, headers, _cookie(headers, rules.cookie(seen)))
        session = identity.session if identity else None
        told = {"seen": seen, "identity": identity, "session": session, "access": identity.access if identity else None}
        scope["state"] = {**scope.get("state", {}), **told}
        client = identity.client if identity else f"address {seen.address}"
        rate = OF_A_SESSION if identity else OF_A_STRANGER
        if not self._opens_a_session(scope) and not rules.rates.admit(client, rate):
            raise RefusedError(429, "too many requests", hint="wait a second", code="too_many_requests")
        method, path = scope["method"], scope["path"]
        if method not in (*_READS, "POST"):
            raise RefusedError(405, f"{method[:20]} is not allowed", code="method")
        if any(ord(character) < 32 for character in path) or "\\" in path:
            raise RefusedError(400, "the path holds characters that no path has", code="path")
        if identity is None and not path.startswith(_OPEN_PATHS):
            raise RefusedError(401, "this browser has no session", code="no_session")
        if method == "POST":
            self._check_write(scope, headers, identity, seen)
        elif headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _is_navigation(headers):
            raise RefusedError(403, "another site asks for this", code="cross_site")

    def _opens_a_session(self, scope: Scope) -> bool:
        """Whether this is a link that is good: it opens, however many strangers ask at the same time."""
        if scope["path"] != "/login" or self._rules.accounts.has_accounts:
            return False
        return self._rules.sessions.is_good(QueryParams(scope["query_string"]).get("token", ""))

    def _check_write(self, scope: Scope, headers: Headers, identity: Identity | None, seen: Seen) -> None:
        is_form = scope["path"] in _FORMS and self._rules.accounts.has_accounts
        is_program = identity is not None and identity.session is None and not is_form
        # A program names its token, which no other site's page can have a browser do; a browser sends its cookie.
        origin = headers.get("origin", seen.own if is_program else "")
        if origin != seen.own or headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise RefusedError(403, "another site sent this", code="cross_site")
        session = identity.session if identity else None
        if (
            not is_form
            and not is_program
            and (session is None or not is_token_of(session, headers.get("x-clash-token", "")))
        ):
            raise RefusedError(403, "the token of this write is not its session's", code="bad_token")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != (_FORM if is_form else _JSON):
            raise RefusedError(415, "a write is a form" if is_form else "a write is JSON", code="not_json")
        if self._rules.read_only and not is_form:
            raise RefusedError(
                403, "this board only shows", hint="start `clash board` without --read-only", code="read_only"
            )

    def _refusal(self, scope: Scope, headers: Headers, refusal: ClashError) -> Response:
        status = refusal.status if isinstance(refusal, RefusedError) else status_of(refusal)
        if refusal.code == "no_session" and wants_page(scope["path"], headers):
            view = View(accept_language=headers.get("accept-language", ""), path=scope["path"])
            return html_answer(login_page(view, has_accounts=self._rules.accounts.has_accounts), status)
        if refusal.code == "no_account" and wants_page(scope["path"], headers):
            view = View(accept_language=headers.get("accept-language", ""), path=scope["path"])
            return html_answer(error_page(view, status, error_document(refusal)["error"]), status)
        answer = refused_answer(refusal)
        if status == 401 and self._rules.accounts.has_accounts:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="clash"'
        if status == 405:
            answer.headers["Allow"] = "GET, HEAD, POST"
        if status == 429:
            answer.headers["Retry-After"] = "30" if refusal.code == "too_many_failures" else "1"
        if scope["method"] not in _READS:
            answer.headers["Connection"] = "close"  # what it still sends is not read
        return answer


def _cookie(headers: Headers, name: str) -> str | None:
    return cookie_parser(headers.get("cookie", "")[:4096]).get(name)


def _is_unknown_range(name: bytes, value: bytes) -> bool:
    """Whether a header asks for a range in a unit other than bytes: RFC 9110 (14.2) has it ignored."""
    return name.lower() == b"range" and value.partition(b"=")[0].strip().lower() != b"bytes"


def _is_navigation(headers: Headers) -> bool:
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def wants_page(path: str, headers: Headers) -> bool:
    """Return whether a person looks at the answer, rather than a script."""
    return not path.startswith(("/api/", "/events", "/media/", "/thumbnails/")) and "html" in headers.get(
        "accept", "text/html"
    )


class _Answering:
    """Sends an answer, with the headers that every answer has."""

    def __init__(self, send: Send, more: Mapping[str, str]) -> None:
        self._send = send
        self._headers = {**_HEADERS, **more}
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers[name] = value
            headers.setdefault("Cache-Control", _NOT_KEPT)
        await self._send(message)


def _bounded(receive: Receive, headers: Headers) -> Callable[[], Awaitable[Message]]:
    """Raise `RefusedError` for a body that is too large: announced so, or found so while it comes."""
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced[:12]) > MOST_BODY_BYTES:
        raise _too_large()
    came = 0

    async def receiving() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > MOST_BODY_BYTES:
            raise _too_large()
        return message

    return receiving


def _too_large() -> RefusedError:
    return RefusedError(413, f"a write has at most {MOST_BODY_BYTES} bytes", code="too_large")


def known_keys(body: Any, allowed: Iterable[str]) -> dict[str, Any]:
    """Return the JSON object of a write. Raises `RefusedError` for anything else, and for keys that are not known."""
    if not isinstance(body, dict):
        raise RefusedError(400, "a write is a JSON object", code="not_json")
    names = tuple(allowed)
    given: dict[str, Any] = {str(key): value for key, value in body.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if unknown := [name for name in given if name not in names]:
        raise RefusedError(400, f"{unknown[0][:40]!r} is not known; known: {', '.join(names)}", code="usage")
    return given


async def body_of(request: Request) -> Any:
    """Return what a write says. Raises `RefusedError` for what is not JSON."""
    try:
        return json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        raise RefusedError(400, "a write is a JSON object", code="not_json") from None
