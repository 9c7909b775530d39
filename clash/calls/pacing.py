"""How many calls a provider gets at once and a minute, and how often a failed one is tried again."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from aiolimiter import AsyncLimiter

from clash.calls.rate_limits import Admission, is_rate_limited
from clash.errors import ProviderError
from clash.providers.ports import AnyProvider

_TICK_S = 0.2
_SAY_AGAIN_S = 60.0
_MOST_DOUBLINGS = 4
"""A wait that nobody asked for grows to 16 times the first one, and no further."""
_FOR_A_LATER_PROCESS = frozenset({"job_timeout", "no_answer"})
"""Codes of what was waited for as long as is allowed: to wait again at once would be to wait without an end."""

T = TypeVar("T")


@dataclass(frozen=True)
class Limit:
    """What a provider may be asked: calls in flight at once, and calls begun a minute; None: no limit of ours."""

    concurrency: int | None = None
    requests_per_minute: float | None = None


@dataclass(frozen=True)
class Patience:
    """How often a call is tried in one process, and how long the first wait before another try is, in seconds.

    A refusal for too many requests (HTTP 429) is no try: it costs nothing, and is waited out for `rate_limit_s`.
    """

    attempts: int = 3
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    rate_limit_s: float = 600.0

    def wait_s(self, tries: int, asked_s: float | None) -> float:
        """Seconds to wait after so many tries, of which the provider asked for `asked_s`; with jitter.

        Never before the provider wants, and not all that were refused together at one moment.
        """
        grown = min(self.first_wait_s * 2 ** min(tries - 1, _MOST_DOUBLINGS), self.longest_wait_s)
        if asked_s is None:
            return grown + random.uniform(0, self.first_wait_s)
        return asked_s + random.uniform(0, grown if asked_s < 1 else self.first_wait_s)


class Pace:
    """The limits of every provider. The places are ours: LangGraph's own also hold back the saving of results."""

    def __init__(
        self,
        *,
        concurrency: int | None,
        limits: Mapping[str, Limit],
        patience: Patience | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`say` tells a person that a provider asks to wait."""
        self._concurrency = concurrency
        self._limits = limits
        self._patience = patience or Patience()
        self._say = say
        self._said_at: dict[str, float] = {}
        self._admissions: dict[str, Admission] = {}
        self._rates: dict[str, AsyncLimiter] = {}

    def place(self, provider: AnyProvider) -> AbstractAsyncContextManager[None]:
        """A place among the calls in flight, held until the answer is on the disk."""
        return self._admission(provider).place()

    async def turn(self, provider: AnyProvider, check_stop: Callable[[], None]) -> None:
        """Wait until one more call may begin. Raises what `check_stop` raises meanwhile."""
        clock, admission = asyncio.get_running_loop().time, self._admission(provider)
        while (left := admission.opens_at - clock()) > 0:
            check_stop()
            await asyncio.sleep(min(_TICK_S, left))
        rate = self._limits.get(provider.name, Limit()).requests_per_minute
        if rate is not None:
            # A bucket of one: calls are spread over the minute, never all at its start.
            limiter = self._rates.setdefault(provider.name, AsyncLimiter(1, 60.0 / rate))
            while not limiter.has_capacity():
                check_stop()
                await asyncio.sleep(min(_TICK_S, limiter.time_period / 4))
            await limiter.acquire()  # at once: nothing was awaited since there was capacity

    @contextmanager
    def asking(self, provider: AnyProvider) -> Generator[None]:
        """Learn from how a call goes: after a refusal for too many requests fewer are sent, and later."""
        admission, clock = self._admission(provider), asyncio.get_running_loop().time
        try:
            yield
        except ProviderError as error:
            if is_rate_limited(error):
                self._refused(provider, admission, clock(), _asked_to_wait_s(error))
            raise
        admission.let_through(clock())

    def passed_at(self, provider: AnyProvider) -> float:
        """When a call of this provider was last taken, by the event loop's clock; 0: never."""
        return self._admission(provider).passed_at

    def _refused(self, provider: AnyProvider, admission: Admission, now: float, asked_s: float | None) -> None:
        wait_s = self._patience.wait_s(admission.refused_in_a_row + 1, asked_s)
        if wait_s > self._patience.rate_limit_s:
            return  # nobody waits that long: the call fails for now
        first = admission.refuse(now, wait_s)
        if first and now - self._said_at.get(provider.name, -math.inf) >= _SAY_AGAIN_S:
            self._said_at[provider.name] = now
            calls = "1 call" if admission.allowed == 1 else f"{admission.allowed} calls"
            self._say(
                f"{provider.name} asks for fewer calls (HTTP 429): waiting {max(1, round(wait_s))} s, then at most"
                f" {calls} at a time; this costs nothing, and goes on for up to {_minutes(self._patience.rate_limit_s)}"
            )

    def _admission(self, provider: AnyProvider) -> Admission:
        if provider.name not in self._admissions:
            limit = self._limits.get(provider.name, Limit())
            most = limit.concurrency or self._concurrency or provider.concurrency
            self._admissions[provider.name] = Admission(max(1, most))
        return self._admissions[provider.name]


class Tries:
    """How often one call was tried, and since when it is refused for too many requests."""

    def __init__(self, patience: Patience, *, passed_at: Callable[[], float] = lambda: 0.0) -> None:
        """`passed_at`: when a call of the same provider was last taken; a queue that moves is worth waiting in."""
        self._patience = patience
        self._passed_at = passed_at
        self._failed = 0
        self._refused = 0
        self._refused_since: float | None = None
        self._failed_before: dict[str, int] = {}
        """Job id: how often the call had failed when that job was first looked at."""

    def looking_at(self, job_id: str) -> Callable[[], None]:
        """What to call after each look at a job that was answered: looks that failed before it no longer count.

        How often a job was handed in still does: one that fails again and again is not handed in for ever.
        """
        before = self._failed_before.setdefault(job_id, self._failed)

        def answered() -> None:
            self._failed, self._refused, self._refused_since = before, 0, None

        return answered

    def wait_s(self, error: BaseException, now: float) -> float | None:
        """Seconds until the next try after this error; None if there is to be none in this process."""
        if not isinstance(error, ProviderError) or not error.retryable or error.cost_usd:
            return None
        if error.code in _FOR_A_LATER_PROCESS:
            return None
        asked_s = _asked_to_wait_s(error)
        if is_rate_limited(error):
            self._refused += 1
            since = max(now if self._refused_since is None else self._refused_since, self._passed_at())
            self._refused_since = since
            wait_s = self._patience.wait_s(self._refused, asked_s)
            return wait_s if now + wait_s - since <= self._patience.rate_limit_s else None
        self._failed += 1
        if self._failed >= self._patience.attempts or (asked_s or 0.0) > self._patience.rate_limit_s:
            return None
        return self._patience.wait_s(self._failed, asked_s)


async def with_retries(
    action: Callable[[], Awaitable[T]],
    *,
    patience: Patience,
    check_stop: Callable[[], None],
    tries: Tries | None = None,
) -> T:
    """Do it, again where the provider says that another try may help; raises what the last try raised.

    Waits as long as the provider asks (Retry-After), else longer each time, with jitter; a stop cuts a wait short.
    What was billed though it failed is not tried again: that would be to pay twice, unasked.
    """
    clock = asyncio.get_running_loop().time
    tries = tries or Tries(patience)
    while True:
        try:
            return await action()
        except ProviderError as error:
            wait_s = tries.wait_s(error, clock())
            if wait_s is None:
                if is_rate_limited(error) and not error.hint:
                    error.hint = f"{_how_long(error)}, then resume; nothing was charged for what was refused"
                raise
        ends = clock() + wait_s
        while (left := ends - clock()) > 0:
            check_stop()
            await asyncio.sleep(min(_TICK_S, left))


def _how_long(error: ProviderError) -> str:
    asked_s = _asked_to_wait_s(error)
    return f"wait {_minutes(asked_s)}" if asked_s else "wait a while"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _asked_to_wait_s(error: BaseException | None) -> float | None:
    """Seconds that the provider asks to be left alone; None if it does not say."""
    asked = getattr(error, "retry_after_s", None)
    return float(asked) if asked is not None and math.isfinite(asked) and asked >= 0 else None
