"""The HTTP transport of every SDK through which something is bought.

    ExchangeError
    ├── NotSentError        nothing of the request left this machine: it can be sent again
    ├── AnswerLostError     the request was sent, or part of it, and no complete readable answer came back
    └── RedirectedError     the server redirects to another address, which is not followed

SDKs retry when a connection breaks, even in the middle of an answer. So each answer is read completely here before the
SDK sees any of it, and what goes wrong is raised as an error after which no SDK retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from clash.http.bodies import ACCEPTED_ENCODING, UnreadableBodyError, json_of, read_body
from clash.network.transport import NetworkTransport
from clash.redaction import safe_exception

_FREE_TO_REPEAT = {"GET", "HEAD", "OPTIONS"}
_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_SEE_OTHER = 303
_ERROR_BYTES = 64 << 10
"""The most bytes that are read of a server's description of an error."""
_ERROR_S = 20.0
"""The seconds within which that description must arrive."""
_OF_THE_BODY = {b"content-encoding", b"content-length", b"transfer-encoding"}


@dataclass(frozen=True)
class Limits:
    """How large an answer may be, in bytes, and within how many seconds of the request its last byte must come."""

    body_bytes: int = 8 << 20
    answer_s: float = 600.0


class ExchangeError(Exception):
    """A request without a usable answer. `repeatable`: sending it again changes and costs nothing."""

    def __init__(self, message: str, request: httpx.Request) -> None:
        super().__init__(message)
        self.message = message
        self.repeatable = request.method in _FREE_TO_REPEAT


class NotSentError(ExchangeError):
    """Nothing of the request left this machine."""


class AnswerLostError(ExchangeError):
    """The request was sent, at least in part, and no complete readable answer came back."""


class RedirectedError(ExchangeError):
    """The server redirects to `location` (scheme and host, "" if it names none)."""

    def __init__(self, message: str, request: httpx.Request, location: str) -> None:
        super().__init__(message, request)
        self.location = location


class BoundedTransport(httpx.AsyncBaseTransport):
    """Send each request once, and return its answer only when all of it has arrived. Raises `ExchangeError`.

    It uses the proxies and certificates of the environment; creating one raises `SettingsError` for unusable ones.
    `json_only`: a successful answer that is not JSON counts as lost. `status_only`: no body is read.
    """

    def __init__(self, limits: Limits | None = None, *, json_only: bool = False, status_only: bool = False) -> None:
        self.limits = limits or Limits()
        self._json_only = json_only
        self._status_only = status_only
        self._reused = _client(httpx.Limits(max_connections=None, max_keepalive_connections=20))
        # A server may close an idle connection at the moment it is used again. A request that must not be sent twice
        # gets a connection of its own, so that this is never mistaken for a lost answer.
        self._single = _client(httpx.Limits(max_connections=None, max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the whole answer, unpacked. Raises `NotSentError`, `AnswerLostError`, `RedirectedError`."""
        progress = _Progress()
        headers = request.headers.copy()
        headers["accept-encoding"] = ACCEPTED_ENCODING
        extensions = {**request.extensions, "trace": progress.trace}
        prepared = httpx.Request(
            request.method, request.url, headers=headers, stream=request.stream, extensions=extensions
        )
        try:
            async with asyncio.timeout(self.limits.answer_s):
                return await self._exchange(request, prepared)
        except ExchangeError:
            raise
        except TimeoutError:
            raise progress.error(request, f"no complete answer came within {self.limits.answer_s:.0f} s") from None
        except UnreadableBodyError as error:
            raise AnswerLostError(f"the answer cannot be read: {error}", request) from error
        except Exception as error:  # of any kind: what matters is whether the request was sent
            message = safe_exception(error)[:300]
            if isinstance(error, _BEFORE_SENDING):
                raise NotSentError(message, request) from error
            raise progress.error(request, message) from error

    async def _exchange(self, request: httpx.Request, prepared: httpx.Request) -> httpx.Response:
        network = self._reused if request.method in _FREE_TO_REPEAT else self._single
        response = await network.send(prepared, stream=True, follow_redirects=False)
        try:
            status = response.status_code
            if 300 <= status < 400:
                raise _redirected(request, response)
            if not 200 <= status < 600:
                raise AnswerLostError(f"the answer has the status {status}, which means nothing here", request)
            if self._status_only:
                body = b""
            elif status < 400:
                body = await read_body(response, self.limits.body_bytes)
            else:
                body = await _error_body(request, response)
        finally:
            await response.aclose()
        headers = httpx.Headers([item for item in response.headers.raw if item[0].lower() not in _OF_THE_BODY])
        if status < 400 and self._json_only:
            _check_json(request, response, body)
            # The body is JSON: an SDK that relies on a missing or wrong type would drop what is paid for.
            headers["content-type"] = "application/json"
        return httpx.Response(status, headers=headers, content=body, request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._reused.aclose()
        await self._single.aclose()


class _Progress:
    """Knows whether a request was sent: httpcore reports when it begins to write it."""

    def __init__(self) -> None:
        self._traced = False
        self._sent = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Record an event of httpcore."""
        self._traced = True
        if event.endswith(".send_request_headers.started"):
            # The request that opens a tunnel through a proxy is not the request itself.
            self._sent = self._sent or info["request"].method != b"CONNECT"
        elif event.endswith(".send_request_headers.failed") and isinstance(
            info["exception"], httpcore.LocalProtocolError
        ):
            self._sent = False  # a header that cannot be written: found before the first byte

    def error(self, request: httpx.Request, message: str) -> ExchangeError:
        """Return the error that fits: a request that httpcore did not report on may have been sent."""
        return (NotSentError if self._traced and not self._sent else AnswerLostError)(message, request)


def _client(limits: httpx.Limits) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=NetworkTransport(limits), follow_redirects=False)


def _redirected(request: httpx.Request, response: httpx.Response) -> ExchangeError:
    try:
        url = request.url.join(response.headers.get("location", ""))
        location = f"{url.scheme}://{url.netloc.decode('ascii')}"[:200] if "location" in response.headers else ""
    except (httpx.InvalidURL, ValueError):
        location = ""
    message = f"it is redirected (HTTP {response.status_code}) to {location or 'nowhere'}, which is not followed"
    if response.status_code == _SEE_OTHER and request.method not in _FREE_TO_REPEAT:
        # "See other": the request was carried out, and its answer is elsewhere.
        return AnswerLostError(message, request)
    return RedirectedError(message, request, location)


async def _error_body(request: httpx.Request, response: httpx.Response) -> bytes:
    """Return a server's description of an error. A refusal stays a refusal even if its description is cut short."""
    body = bytearray()
    refused = response.status_code < 500 and request.method not in _FREE_TO_REPEAT
    try:
        async with asyncio.timeout(_ERROR_S):
            return await read_body(response, _ERROR_BYTES, body)
    except (UnreadableBodyError, TimeoutError, httpx.HTTPError, httpx.StreamError):
        if not refused and len(body) < _ERROR_BYTES:
            raise
    return bytes(body[:_ERROR_BYTES])


def _check_json(request: httpx.Request, response: httpx.Response, body: bytes) -> None:
    try:
        json_of(body)
    except ValueError as error:
        kind = response.headers.get("content-type", "no type")[:60]
        raise AnswerLostError(
            f"the answer (HTTP {response.status_code}, {kind}, {len(body)} bytes) cannot be read: {error}"[:300],
            request,
        ) from error
