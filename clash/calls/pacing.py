"""How many calls a provider gets at once and a minute, and how often a failed one is tried again."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from clash.errors import ProviderError
from clash.providers.ports import AnyProvider

LONGEST_RETRY_AFTER_S = 120.0
"""Who asks to be left alone for longer is left alone: the call fails for now, and `resume` makes it later."""
_TICK_S = 0.2

T = TypeVar("T")


@dataclass(frozen=True)
class Limit:
    """What a provider may be asked: calls in flight at once, and calls begun a minute; None: no limit of ours."""

    concurrency: int | None = None
    requests_per_minute: float | None = None


@dataclass(frozen=True)
class Patience:
    """How often a call is tried in one process, and how long the first wait before another try is, in seconds."""

    attempts: int = 3
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0


class Pace:
    """The limits of every provider. The semaphore is ours: LangGraph's also holds back the saving of results."""

    def __init__(self, *, concurrency: int | None, limits: Mapping[str, Limit]) -> None:
        self._concurrency = concurrency
        self._limits = limits
        self._places: dict[str, asyncio.Semaphore] = {}
        self._rates: dict[str, AsyncLimiter] = {}

    @asynccontextmanager
    async def place(self, provider: AnyProvider) -> AsyncGenerator[None]:
        """A place among the calls in flight, held until the answer is on the disk."""
        limit = self._limits.get(provider.name, Limit())
        count = limit.concurrency or self._concurrency or provider.concurrency
        async with self._places.setdefault(provider.name, asyncio.Semaphore(count)):
            yield

    async def turn(self, provider: AnyProvider, check_stop: Callable[[], None]) -> None:
        """Wait until one more call may begin. Raises what `check_stop` raises meanwhile."""
        rate = self._limits.get(provider.name, Limit()).requests_per_minute
        if rate is not None:
            # A bucket of one: calls are spread over the minute, never all at its start.
            limiter = self._rates.setdefault(provider.name, AsyncLimiter(1, 60.0 / rate))
            while not limiter.has_capacity():
                check_stop()
                await asyncio.sleep(min(_TICK_S, limiter.time_period / 4))
            await limiter.acquire()  # at once: nothing was awaited since there was capacity


async def with_retries(action: Callable[[], Awaitable[T]], *, patience: Patience, check_stop: Callable[[], None]) -> T:
    """Do it, again where the provider says that another try may help; raises what the last try raised.

    Waits as long as the provider asks (Retry-After), else longer each time, with jitter; a stop cuts a wait short.
    What was billed though it failed is not tried again: that would be to pay twice, unasked.
    """

    async def pause(seconds: float) -> None:
        ends = asyncio.get_running_loop().time() + seconds
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            check_stop()
            await asyncio.sleep(min(_TICK_S, left))

    first = patience.first_wait_s
    longer = wait_exponential(multiplier=first, max=patience.longest_wait_s) + wait_random(0, first)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = _asked_to_wait_s(error)
        # Never before the provider wants, and not all that were refused together at one moment.
        return longer(state) if asked is None else asked + random.uniform(0, first)

    retrying: Any = AsyncRetrying(
        sleep=pause,
        stop=stop_after_attempt(patience.attempts),
        wait=wait,
        retry=retry_if_exception(_may_be_tried_again),
        reraise=True,
    )

    async def attempt() -> T:
        return await action()

    return await retrying(attempt)


def _may_be_tried_again(error: BaseException) -> bool:
    if not isinstance(error, ProviderError) or not error.retryable or error.cost_usd:
        return False
    return (_asked_to_wait_s(error) or 0.0) <= LONGEST_RETRY_AFTER_S


def _asked_to_wait_s(error: BaseException | None) -> float | None:
    """Seconds that the provider asks to be left alone; None if it does not say."""
    asked = getattr(error, "retry_after_s", None)
    return float(asked) if asked is not None and math.isfinite(asked) and asked >= 0 else None
