"""Cloudflare's REST API for D1: one request, its answer told apart from its failures, tried again where that is safe.

    200, JSON, success     the answer
    400, 413, ...          refused: nothing was applied, and the same again would be refused again
    401, 403               the token or the account is wrong                                        -> SettingsError
    404                    no such database                                                         -> NotFoundError
    429                    not looked at; again when Retry-After says                               -> tried again
    5xx, no JSON, timeout, a connection that breaks: may or may not have been applied               -> tried again

A request may therefore be tried again only if applying it twice does no harm: the caller sees to that.
"""

from __future__ import annotations

import logging
import math
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, cast

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from clash.database.d1.pace import API, RequestPace
from clash.database.group_commit import Refused
from clash.errors import ClashError, DatabaseError, NotFoundError, SettingsError

logger = logging.getLogger(__name__)

_TIMEOUT = httpx.Timeout(connect=10, write=60, read=45, pool=None)
"""Seconds. A batch may take 30 s; a 10 MB checkpoint takes a while to send."""
_LONGEST_RETRY_AFTER_S = 330.0
"""Whoever asks more than 1,200 times in 5 minutes is turned away for 5 minutes."""
_TRIES_OUT_OF_REACH = 2
_TEXT_LIMIT = 500
_BAD_CREDENTIALS = {6003, 6111, 9106, 9109, 10000}
"""Codes of Cloudflare's for a token that is malformed, unknown or without the right; some come with HTTP 400."""
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Account:
    """Who asks whom. Raises `SettingsError` for values that could not even be sent."""

    id: str
    token: SecretStr
    base_url: str = API

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.id):
            raise SettingsError(f"CLOUDFLARE_ACCOUNT_ID {self.id!r} is not an account id")
        if not _TOKEN.fullmatch(self.token.get_secret_value()):
            raise SettingsError("CLOUDFLARE_API_TOKEN holds a character that no token has (a space, a line break)")
        if not self.base_url.startswith(("https://", "http://")):
            raise SettingsError(f"CLOUDFLARE_API_BASE_URL {self.base_url!r} is not an http(s) URL")


@dataclass(frozen=True)
class Patience:
    """How often a request is tried, and how long the waits between are, in seconds: doubled each time, jittered."""

    attempts: int = 7
    first_wait_s: float = 0.25
    longest_wait_s: float = 10.0


class TryAgain(Exception):
    """No answer, or one that says nothing. `error` is what to raise if no other try brings one.

    `wait_s`: how long the other side asked us to wait; `looked_at`: whether the request may have been applied.
    """

    def __init__(self, error: ClashError, *, wait_s: float | None = None, looked_at: bool = True) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait_s = wait_s
        self.looked_at = looked_at


class Rest:
    """The API of one account."""

    def __init__(
        self,
        account: Account,
        *,
        patience: Patience | None = None,
        pace: RequestPace | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._account = account
        self._patience = patience or Patience()
        self.pace = pace or RequestPace(None)
        self._out_of_reach = False
        self._client = httpx.AsyncClient(
            base_url=f"{account.base_url.rstrip('/')}/accounts/{account.id}/d1/",
            headers={"Authorization": f"Bearer {account.token.get_secret_value()}"},
            timeout=_TIMEOUT,
            transport=transport,
        )

    async def __aenter__(self) -> Rest:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def get(self, path: str, **params: str | int) -> Any:
        """The `result` of an answer to GET. Raises what the top of this file says."""
        return await self._ask("GET", path, params=params)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The `result` of an answer to POST, which must do no harm when it is applied twice."""
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TryAgain),
            stop=self._is_enough,
            wait=self._wait,
            before_sleep=_log,
            reraise=True,
        )
        in_doubt = False

        async def attempt() -> Any:
            nonlocal in_doubt
            try:
                return await self._once(method, path, **arguments)
            except TryAgain as failed:
                in_doubt = in_doubt or failed.looked_at
                raise
            except Refused as refusal:
                refusal.in_doubt = in_doubt
                raise

        try:
            return await retrying(attempt)
        except TryAgain as last:
            self._out_of_reach = last.error.code == "database_unreachable"
            raise last.error from None

    def _is_enough(self, state: RetryCallState) -> bool:
        # Who has waited in vain for one request does not do so again for each of those that a run still has.
        return state.attempt_number >= (_TRIES_OUT_OF_REACH if self._out_of_reach else self._patience.attempts)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TryAgain) and error.wait_s is not None:
            return error.wait_s
        first_s = self._patience.first_wait_s
        # With jitter, or all who failed together would come back together.
        longer_s = first_s * 2 ** (state.attempt_number - 1) + random.uniform(0, first_s)
        return min(longer_s, self._patience.longest_wait_s)

    async def _once(self, method: str, path: str, **arguments: Any) -> Any:
        await self.pace.turn()
        try:
            response = await self._client.request(method, path, **arguments)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise SettingsError(f"CLOUDFLARE_API_BASE_URL cannot be used: {error}") from None
        except httpx.HTTPError as error:
            looked_at = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
            # Not chained: the error holds the request, and the request the token.
            raise TryAgain(
                self._unreachable(f"{type(error).__name__}: {error}".rstrip(": ")), looked_at=looked_at
            ) from None
        logger.info("%s %s: HTTP %d", method, path, response.status_code)
        self._out_of_reach = self._out_of_reach and response.status_code >= 500
        return self._read(response)

    # -- what an answer means --------------------------------------------------------------------------------

    def _read(self, response: httpx.Response) -> Any:
        body = _json_object(response)
        status = response.status_code
        if status == 200 and body is not None and body.get("success") is True:
            return body.get("result")
        said = self._said(response, body)
        if status == 429:
            raise self._told_to_wait(response)
        if status in (401, 403) or (status == 400 and _codes(body) & _BAD_CREDENTIALS):
            raise SettingsError(
                f"Cloudflare refused the credentials (HTTP {status}): {said}", code="credentials",
                hint="check CLOUDFLARE_API_TOKEN (it needs the permission D1: Edit) and CLOUDFLARE_ACCOUNT_ID",
            )  # fmt: skip
        if status == 404:
            raise NotFoundError(
                f"Cloudflare has no such D1 database (HTTP 404): {said}", code="database_not_found",
                hint="check DATABASE_URL and CLOUDFLARE_ACCOUNT_ID; `wrangler d1 list` lists the databases",
            )  # fmt: skip
        if 300 <= status < 400:
            raise SettingsError(
                f"{self._account.base_url} answers with a redirection (HTTP {status})",
                hint="check CLOUDFLARE_API_BASE_URL",
            )
        if status >= 500 or status == 408 or (status < 300 and body is None):
            raise TryAgain(self._unreachable(f"HTTP {status}: {said}"))
        raise Refused(DatabaseError(f"Cloudflare D1 refused (HTTP {status}): {said}", code=_code_of(said)))

    def _told_to_wait(self, response: httpx.Response) -> TryAgain | ClashError:
        wait_s = _retry_after_s(response)
        error = DatabaseError(
            "Cloudflare turned the request away: more than 1,200 in 5 minutes (HTTP 429)", code="rate_limited",
            retryable=True, hint="wait 5 minutes and resume; nothing that was made is lost",
        )  # fmt: skip
        if wait_s is not None and wait_s > _LONGEST_RETRY_AFTER_S:
            return error
        return TryAgain(error, wait_s=wait_s, looked_at=False)

    def _unreachable(self, why: str) -> DatabaseError:
        return DatabaseError(
            f"Cloudflare D1 gave no answer: {self._without_token(why)}", code="database_unreachable", retryable=True,
            hint="nothing that was made is lost: look at https://www.cloudflarestatus.com and resume",
        )  # fmt: skip

    def _said(self, response: httpx.Response, body: Mapping[str, Any] | None) -> str:
        messages = "; ".join(str(error["message"]) for error in _errors(body) if error.get("message"))
        text = messages or " ".join(response.text.split()) or response.reason_phrase
        return self._without_token(text)[:_TEXT_LIMIT]

    def _without_token(self, text: str) -> str:
        return text.replace(self._account.token.get_secret_value(), "[token]")


def _json_object(response: httpx.Response) -> Mapping[str, Any] | None:
    try:
        body: object = response.json()
    except ValueError:
        return None
    return cast("Mapping[str, Any]", body) if isinstance(body, dict) else None


def _errors(body: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    listed: object = (body or {}).get("errors")
    if not isinstance(listed, list):
        return []
    return [cast("Mapping[str, Any]", error) for error in cast("list[object]", listed) if isinstance(error, dict)]


def _codes(body: Mapping[str, Any] | None) -> set[object]:
    return {error.get("code") for error in _errors(body)}


def _code_of(said: str) -> str:
    return "too_large" if "TOOBIG" in said or "too big" in said else "database"


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds to wait, from `Retry-After`: a number of seconds, or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


# -- what is said of the waiting -------------------------------------------------------------------------------

_WORTH_SAYING_S = 1.0
_LONGER_S = 10.0
_AGAIN_AFTER_S = 60.0
_told_until: dict[str, float] = {}
"""Until when whoever looks on knows that requests wait, by the error's code: monotonic seconds, of the process."""


def _log(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause_s = state.next_action.sleep if state.next_action else 0.0
    logger.info("%s; again in %.1f s (try %d)", error, pause_s, state.attempt_number + 1)
    if not isinstance(error, TryAgain) or pause_s < _WORTH_SAYING_S:
        return
    code = error.error.code
    # Once, though every request that waits comes here: those of other connections of this process too.
    if error.wait_s is not None:
        _say_once(code, pause_s, _LONGER_S, f"Cloudflare asks to wait {pause_s:.0f} s; nothing is lost")
    else:
        _say_once(code, 0.0, _AGAIN_AFTER_S, f"{error.error.message}; trying again, nothing is lost")


def _say_once(code: str, lasting_s: float, news_after_s: float, message: str) -> None:
    until = time.monotonic() + lasting_s
    if until > _told_until.get(code, -math.inf) + news_after_s:
        _told_until[code] = until
        logger.warning(message)
