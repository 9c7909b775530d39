"""Cloudflare's REST API for D1: one request, tried again while its failures are passing ones.

What an answer means is said in `answers`. A request may be tried again only if applying it twice does no harm: the
caller sees to that. An answer is bounded in size, and an exchange in time; failures of D1 are waited out for minutes.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx
from pydantic import SecretStr

from clash.database.d1.answers import RawAnswer, Reader, TryAgain
from clash.database.d1.outage import outage_of
from clash.database.d1.pace import API, Clock, RequestPace, SystemClock
from clash.database.group_commit import Refused
from clash.errors import SettingsError
from clash.network.transport import NetworkTransport
from clash.redaction import known, safe_exception

logger = logging.getLogger(__name__)

WAIT_S = 300.0
"""Publicly reported outages of D1 last 60 to 80 seconds; https://www.cloudflarestatus.com knows longer ones."""
LOOK_WAIT_S = 20.0
"""For a command that only reads or was asked to stop: a person waits for it."""
_LOOKS_FOR_A_STOP_EVERY_S = 0.5
_TIMEOUT = httpx.Timeout(connect=10, write=60, read=45, pool=None)
"""Seconds. A batch may take 30 s; a 10 MB checkpoint takes a while to send."""
_EXCHANGE_S = 75.0
"""One exchange from its first byte to its last, with what follows for each byte: one that trickles comes to an end."""
_SLOWEST_BYTES_PER_S = 100_000
_LARGEST_ANSWER = 64_000_000
"""Cloudflare's own limit between its services is 32 MiB; escapes in JSON can double it."""
_WORTH_SAYING_S = 1.0
_SHORTEST_WAIT_S = 0.001
"""Less than this is left only by rounding."""
_TRIES_AT_LEAST = 3
_TRIES_OUT_OF_REACH = 2
_TRIES_ODD = 4
_TIMES_TOLD = 6
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[\x21\x23-\x26\x28-\x5f\x61-\x7e]+")
"""All that can be seen, but for quotes: `"`, `'` and the backtick."""


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
            raise SettingsError(
                "CLOUDFLARE_API_TOKEN holds a character that no token has (a space, a line break, a quote)"
            )
        known().remember("CLOUDFLARE_API_TOKEN", self.token.get_secret_value())
        known().remember_url("CLOUDFLARE_API_BASE_URL", self.base_url)
        if not self.base_url.startswith(("https://", "http://")):
            raise SettingsError(f"CLOUDFLARE_API_BASE_URL {self.base_url!r} is not an http(s) URL")


@dataclass(frozen=True)
class Retries:
    """How long a failing request is tried again, and the waits between its tries, in seconds: doubled, jittered.

    `longest_told_s`: the longest wait that is taken when Cloudflare asks for one (five minutes at most, it says).
    """

    wait_s: float = WAIT_S
    first_wait_s: float = 0.25
    longest_wait_s: float = 10.0
    longest_told_s: float = 1.1 * WAIT_S

    @classmethod
    def of(cls, wait_s: float, *, looking: bool = False) -> Retries:
        """Return that of the setting CLASH_DATABASE_WAIT. `looking`: for a command that only reads."""
        return cls(min(wait_s, LOOK_WAIT_S) if looking else wait_s, longest_told_s=1.1 * wait_s)


class _Tries:
    """The tries of one request so far."""

    def __init__(self, retries: Retries, clock: Clock) -> None:
        self._retries = retries
        self._clock = clock
        self._began = clock.now()
        self._told_s = 0.0
        self._times_told = 0
        self.count = 0
        self.in_doubt = False
        self.waiting = False

    @property
    def waited_s(self) -> float:
        """Seconds since the request began, without the waits that Cloudflare asked for."""
        return self.elapsed_s - self._told_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since the request began."""
        return self._clock.now() - self._began

    def next_wait(self, failure: TryAgain, *, out_of_reach: bool, stopping: bool) -> float | None:
        """Return how long to wait before the next try; None: it was the last one."""
        self.count += 1
        self.in_doubt = self.in_doubt or failure.looked_at
        most_s = LOOK_WAIT_S if stopping else math.inf
        left_s = min(self._retries.wait_s, most_s) - self.waited_s
        told_s = failure.wait_s
        if told_s is not None and told_s > min(self._retries.longest_told_s, most_s):
            return None
        # Who has waited in vain for one request does not do so again for each of those that a run still has.
        if self.count >= (_TRIES_OUT_OF_REACH if out_of_reach else _TRIES_ODD if failure.odd else self.count + 1):
            return None
        if told_s is not None and self._times_told < _TIMES_TOLD:
            self._times_told += 1
            self._told_s += told_s
            return told_s
        if left_s < _SHORTEST_WAIT_S and self.count >= _TRIES_AT_LEAST:
            return None
        own_s = self._own_wait()
        return min(own_s, left_s) if left_s >= _SHORTEST_WAIT_S else own_s

    def _own_wait(self) -> float:
        first_s = self._retries.first_wait_s
        # With jitter, or all who failed together would come back together.
        longer_s = first_s * 2 ** min(self.count - 1, 20) + random.uniform(0, first_s)
        return min(longer_s, self._retries.longest_wait_s)


class Rest:
    """The API of one account."""

    def __init__(
        self,
        account: Account,
        *,
        retries: Retries | None = None,
        pace: RequestPace | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        stopping: Callable[[], bool] | None = None,
    ) -> None:
        self._stopping = stopping
        self._retries = retries or Retries()
        self._clock = clock or SystemClock()
        self.pace = pace or RequestPace(None)
        self._out_of_reach = False
        self._reader = Reader(account.token.get_secret_value(), account.base_url)
        self._outage = outage_of(account.base_url)
        try:
            self._client = httpx.AsyncClient(
                base_url=f"{account.base_url.rstrip('/')}/accounts/{account.id}/d1/",
                headers={"Authorization": f"Bearer {account.token.get_secret_value()}"},
                timeout=_TIMEOUT,
                transport=transport or NetworkTransport(),
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise SettingsError(
                f"Cloudflare D1 cannot be asked: {self._reader.clean(str(error))}",
                hint="check CLOUDFLARE_API_BASE_URL",
            ) from None

    async def __aenter__(self) -> Rest:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        with suppress(httpx.HTTPError, OSError):
            await self._client.aclose()

    async def get(self, path: str, check: Callable[[object], bool], **params: str | int) -> Any:
        """Return the `result` of an answer to GET, if `check` takes it for one of D1's. Raises as `answers` says."""
        return await self._ask("GET", path, check, params=params)

    async def post(self, path: str, body: Mapping[str, Any], check: Callable[[object], bool]) -> Any:
        """Return the `result` of an answer to POST, which must do no harm when it is applied twice."""
        return await self._ask("POST", path, check, json=body)

    async def _ask(self, method: str, path: str, check: Callable[[object], bool], **arguments: Any) -> Any:
        tries = _Tries(self._retries, self._clock)
        answered = False
        try:
            while True:
                try:
                    result = await self._once(method, path, check, **arguments)
                except TryAgain as failure:
                    await self._wait(failure, tries)
                except Refused as refusal:
                    answered, self._out_of_reach = True, False
                    refusal.in_doubt = tries.in_doubt
                    raise
                else:
                    answered, self._out_of_reach = True, False
                    return result
        finally:
            self._outage.end(was_waiting=tries.waiting, answered=answered)

    async def _wait(self, failure: TryAgain, tries: _Tries) -> None:
        """Wait for the next try. Raises the failure's error after the last one."""
        stopping = self._stopping is not None and self._stopping()
        pause_s = tries.next_wait(failure, out_of_reach=self._out_of_reach, stopping=stopping)
        if pause_s is None:
            self._out_of_reach = failure.error.code == "database_unreachable"
            raise failure.error from None
        logger.info("%s; again in %.1f s (try %d)", failure, pause_s, tries.count + 1)
        if pause_s >= _WORTH_SAYING_S and not tries.waiting:
            tries.waiting = True
            self._outage.begin(self._news(failure, pause_s), tries.elapsed_s)
        await self._sleep(pause_s, already_stopping=stopping)

    async def _sleep(self, seconds: float, *, already_stopping: bool) -> None:
        """Wait, but no longer than until this process is asked to stop."""
        if self._stopping is None or already_stopping:
            await self._clock.sleep(seconds)
            return
        until = self._clock.now() + seconds
        while (left_s := until - self._clock.now()) > 0 and not self._stopping():
            await self._clock.sleep(min(left_s, _LOOKS_FOR_A_STOP_EVERY_S))

    def _news(self, failure: TryAgain, pause_s: float) -> str:
        if failure.wait_s is not None:
            return f"Cloudflare asks to wait {pause_s:.0f} s; nothing is lost"
        longest = f"up to {self._retries.wait_s:.0f} s"
        return f"{failure.error.message}; trying again for {longest}, nothing is lost"

    async def _once(self, method: str, path: str, check: Callable[[object], bool], **arguments: Any) -> Any:
        await self.pace.turn()
        request = self._client.build_request(method, path, **arguments)
        try:
            answer = await self._exchange(request)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise SettingsError(f"CLOUDFLARE_API_BASE_URL cannot be used: {error}") from None
        except TimeoutError:
            raise TryAgain(self._reader.unreachable("its answer did not come to an end")) from None
        except httpx.HTTPError as error:
            looked_at = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
            why = safe_exception(error).rstrip(": ")
            # Not chained: the error holds the request, and the request the token.
            raise TryAgain(self._reader.unreachable(why), looked_at=looked_at) from None
        logger.info("%s %s: HTTP %d", method, path, answer.status)
        if answer.status == 429:
            self._out_of_reach = False
        result = self._reader.result(answer)
        if not check(result):
            raise self._reader.odd("a result of another shape")
        return result

    async def _exchange(self, request: httpx.Request) -> RawAnswer:
        """Send a request and read its answer whole. Raises `TimeoutError` for one that has no end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _EXCHANGE_S + len(request.content) / _SLOWEST_BYTES_PER_S
        async with asyncio.timeout_at(until) as limit:
            response = await self._client.send(request, stream=True)
            try:
                content = bytearray()
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > _LARGEST_ANSWER:
                        raise self._reader.odd(f"more than {_LARGEST_ANSWER // 1_000_000} MB in one answer")
                    limit.reschedule(until + len(content) / _SLOWEST_BYTES_PER_S)
            finally:
                await response.aclose()
        return RawAnswer(response.status_code, response.headers.get("Retry-After", ""), bytes(content))
