"""What every request passes first: Host, rate, method, session, and for writes where they come from and their size."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clash.board.answers import CONTENT_SECURITY_POLICY, RefusedError, html_answer, refused_answer
from clash.board.pages import login_page
from clash.board.pages.view import View
from clash.board.rates import OF_A_SESSION, OF_A_STRANGER, RateLimits
from clash.board.sessions import Session, Sessions, is_token_of
from clash.redaction import safe_exception

logger = logging.getLogger(__name__)

MOST_BODY_BYTES = 64_000
"""A note and a prompt have 20,000 characters at most."""
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_OPEN_PATHS = ("/static/", "/login", "/favicon.ico")
_READS = frozenset({"GET", "HEAD"})
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_NOT_KEPT = "no-store"


class Guard:
    """Middleware that answers what must not reach the board, and adds the headers that keep its pages to themselves."""

    def __init__(
        self, app: ASGIApp, *, sessions: Sessions, rates: RateLimits, cookie: str, host: str, read_only: bool
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._rates = rates
        self._cookie = cookie
        self._hosts = _LOOPBACK_NAMES | {host.lower()}
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        scope["headers"] = [(name, value) for name, value in scope["headers"] if not _is_unknown_range(name, value)]
        headers = Headers(scope=scope)
        session = self._sessions.of(_cookie(headers, self._cookie))
        scope["state"] = {**scope.get("state", {}), "session": session}
        answering = _Answering(send)
        try:
            self._check(scope, headers, session)
            bounded = _bounded(receive, headers) if scope["method"] not in _READS else receive
            await self._app(scope, bounded, answering)
        except RefusedError as refusal:
            await _refusal(scope, headers, refusal)(scope, receive, answering)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - the last line of defence: nobody is shown where a bug is
            logger.error("the board failed at %s: %s", scope["path"][:200], safe_exception(error))
            if not answering.begun:
                await refused_answer(RefusedError(500, "internal error", code="internal"))(scope, receive, answering)

    def _check(self, scope: Scope, headers: Headers, session: Session | None) -> None:
        if not self._is_ours(headers.getlist("host")):
            raise RefusedError(421, "this board answers at localhost alone", code="wrong_host")
        client = f"session {session.id}" if session else f"address {(scope.get('client') or ('',))[0]}"
        rate = OF_A_SESSION if session else OF_A_STRANGER
        if not self._opens_a_session(scope) and not self._rates.admit(client, rate):
            raise RefusedError(429, "too many requests", hint="wait a second", code="too_many_requests")
        method, path = scope["method"], scope["path"]
        if method not in (*_READS, "POST"):
            raise RefusedError(405, f"{method[:20]} is not allowed", code="method")
        if any(ord(character) < 32 for character in path) or "\\" in path:
            raise RefusedError(400, "the path holds characters that no path has", code="path")
        if session is None and not path.startswith(_OPEN_PATHS):
            raise RefusedError(401, "this browser has no session", code="no_session")
        if method == "POST":
            self._check_write(headers, session)
        elif headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _is_navigation(headers):
            raise RefusedError(403, "another site asks for this", code="cross_site")

    def _opens_a_session(self, scope: Scope) -> bool:
        """Whether this is a link that is good: it opens, however many strangers ask at the same time."""
        if scope["path"] != "/login":
            return False
        return self._sessions.is_good(QueryParams(scope["query_string"]).get("token", ""))

    def _check_write(self, headers: Headers, session: Session | None) -> None:
        origin = headers.get("origin", "")
        if origin != f"http://{headers['host']}" or headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise RefusedError(403, "another site sent this", code="cross_site")
        if session is None or not is_token_of(session, headers.get("x-clash-token", "")):
            raise RefusedError(403, "the token of this write is not its session's", code="bad_token")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise RefusedError(415, "a write is JSON", code="not_json")
        if self._read_only:
            raise RefusedError(
                403, "this board only shows", hint="start `clash board` without --read-only", code="read_only"
            )

    def _is_ours(self, hosts: list[str]) -> bool:
        if len(hosts) != 1 or any(letter in hosts[0] for letter in "@/?#\\ "):
            return False
        try:
            parts = urlsplit(f"//{hosts[0]}")
            return parts.port != 0 and (parts.hostname or "") in self._hosts
        except ValueError:
            return False


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.com")
    (True, True, False, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


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


def _refusal(scope: Scope, headers: Headers, refusal: RefusedError) -> Response:
    if refusal.code == "no_session" and wants_page(scope["path"], headers):
        view = View(accept_language=headers.get("accept-language", ""), path=scope["path"])
        return html_answer(login_page(view), refusal.status)
    answer = refused_answer(refusal)
    if refusal.status == 405:
        answer.headers["Allow"] = "GET, HEAD, POST"
    if refusal.status == 429:
        answer.headers["Retry-After"] = "1"
    if scope["method"] not in _READS:
        answer.headers["Connection"] = "close"  # what it still sends is not read
    return answer


class _Answering:
    """Sends an answer, with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
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
