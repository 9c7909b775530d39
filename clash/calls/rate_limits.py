"""Rate limits: how many calls a provider gets at once, and how many per minute."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from itertools import count

from aiolimiter import AsyncLimiter

from clash.calls.admission import Admission, Place, is_rate_limited
from clash.calls.retry_policy import RetryPolicy, asked_to_wait_s, minutes
from clash.errors import ProviderError
from clash.providers.ports import AnyProvider

_TICK_S = 0.2
_SAY_AGAIN_S = 60.0


@dataclass(frozen=True)
class RateLimit:
    """What a provider may be asked: calls in flight at once, and calls begun a minute; None: no limit of ours."""

    concurrency: int | None = None
    requests_per_minute: float | None = None


class RateLimits:
    """The limits of every provider. The places are ours: LangGraph's own also hold back the saving of results."""

    def __init__(
        self,
        *,
        concurrency: int | None,
        limits: Mapping[str, RateLimit],
        retry_policy: RetryPolicy | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`say` tells a person that a provider asks to wait."""
        self._concurrency = concurrency
        self._limits = limits
        self._retry_policy = retry_policy or RetryPolicy()
        self._say = say
        self._said_at: dict[str, float] = {}
        self._admissions: dict[str, Admission] = {}
        self._rates: dict[str, AsyncLimiter] = {}
        self._turns: dict[str, list[tuple[int, int]]] = {}
        """The calls that wait for a turn, by provider: the order of each, and when it came."""
        self._arrivals = count()

    def place(self, provider: AnyProvider, order: int = 0) -> AbstractAsyncContextManager[Place]:
        """Return a place among the calls in flight, held until the call is answered: the lowest `order` first."""
        return self._admission(provider).place(order)

    async def turn(self, provider: AnyProvider, check_stop: Callable[[], None], order: int = 0) -> None:
        """Wait until one more call may begin, the lowest `order` first. Raises what `check_stop` raises meanwhile."""
        clock, admission = asyncio.get_running_loop().time, self._admission(provider)
        while (left := admission.opens_at - clock()) > 0:
            check_stop()
            await asyncio.sleep(min(_TICK_S, left))
        rate = self._limits.get(provider.name, RateLimit()).requests_per_minute
        if rate is not None:
            # A bucket of one: calls are spread over the minute, never all at its start.
            limiter = self._rates.setdefault(provider.name, AsyncLimiter(1, 60.0 / rate))
            waiting, mine = self._turns.setdefault(provider.name, []), (order, next(self._arrivals))
            waiting.append(mine)
            try:
                while not limiter.has_capacity() or mine > min(waiting):
                    check_stop()
                    await asyncio.sleep(min(_TICK_S, limiter.time_period / 4))
            finally:
                waiting.remove(mine)
            await limiter.acquire()  # at once: nothing was awaited since there was capacity

    @contextmanager
    def asking(self, provider: AnyProvider) -> Generator[None]:
        """Learn from how a call goes: after a refusal for too many requests fewer are sent, and later."""
        admission, clock = self._admission(provider), asyncio.get_running_loop().time
        try:
            yield
        except ProviderError as error:
            if is_rate_limited(error):
                self._refused(provider, admission, clock(), asked_to_wait_s(error))
            raise
        admission.let_through(clock())

    def passed_at(self, provider: AnyProvider) -> float:
        """When a call of this provider was last taken, by the event loop's clock; 0: never."""
        return self._admission(provider).passed_at

    def _refused(self, provider: AnyProvider, admission: Admission, now: float, asked_s: float | None) -> None:
        wait_s = self._retry_policy.wait_s(admission.refused_in_a_row + 1, asked_s)
        if wait_s > self._retry_policy.rate_limit_s:
            return  # longer than the wait that is allowed: the call fails for now
        first = admission.refuse(now, wait_s)
        if first and now - self._said_at.get(provider.name, -math.inf) >= _SAY_AGAIN_S:
            self._said_at[provider.name] = now
            longest = minutes(self._retry_policy.rate_limit_s)
            calls = "1 call" if admission.allowed == 1 else f"{admission.allowed} calls"
            self._say(
                f"{provider.name} asks for fewer calls (HTTP 429): waiting {max(1, round(wait_s))} s, then at most"
                f" {calls} at a time; this costs nothing, and goes on for up to {longest}"
            )

    def _admission(self, provider: AnyProvider) -> Admission:
        if provider.name not in self._admissions:
            limit = self._limits.get(provider.name, RateLimit())
            most = limit.concurrency or self._concurrency or provider.concurrency
            self._admissions[provider.name] = Admission(max(1, most))
        return self._admissions[provider.name]
