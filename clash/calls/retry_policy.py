"""The retry policy: how often a failed call is tried again in one process, and how long each wait is."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from clash.calls.admission import is_rate_limited
from clash.errors import Action, ProviderError, Remedy

_TICK_S = 0.2
_MOST_DOUBLINGS = 4
"""A wait that nobody asked for grows to 16 times the first one, and no further."""
_FOR_A_LATER_PROCESS = frozenset({"job_timeout", "no_answer"})
"""Codes of what was waited for as long as is allowed: to wait again at once would be to wait without an end."""

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
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


class Tries:
    """How often one call was tried, and since when it is refused for too many requests."""

    def __init__(self, retry_policy: RetryPolicy, *, passed_at: Callable[[], float] = lambda: 0.0) -> None:
        """`passed_at`: when a call of the same provider was last taken; a queue that moves is worth waiting in."""
        self._retry_policy = retry_policy
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
        asked_s = asked_to_wait_s(error)
        if is_rate_limited(error):
            self._refused += 1
            since = max(now if self._refused_since is None else self._refused_since, self._passed_at())
            self._refused_since = since
            wait_s = self._retry_policy.wait_s(self._refused, asked_s)
            return wait_s if now + wait_s - since <= self._retry_policy.rate_limit_s else None
        self._failed += 1
        if self._failed >= self._retry_policy.attempts or (asked_s or 0.0) > self._retry_policy.rate_limit_s:
            return None
        return self._retry_policy.wait_s(self._failed, asked_s)


async def with_retries(
    action: Callable[[], Awaitable[T]],
    *,
    retry_policy: RetryPolicy,
    check_stop: Callable[[], None],
    tries: Tries | None = None,
) -> T:
    """Do it, again where the provider says that another try may help; raises what the last try raised.

    Waits as long as the provider asks (Retry-After), else longer each time, with jitter; a stop cuts a wait short.
    What was billed though it failed is not tried again: that would be to pay twice, unasked.
    """
    clock = asyncio.get_running_loop().time
    tries = tries or Tries(retry_policy)
    while True:
        try:
            return await action()
        except ProviderError as error:
            wait_s = tries.wait_s(error, clock())
            if wait_s is None:
                if is_rate_limited(error) and not error.hint:
                    words = f"{_how_long(error)}, then resume; nothing was charged for what was refused"
                    raise error.with_(remedy=Remedy(Action.RESUME, words)) from error.__cause__
                raise
        ends = clock() + wait_s
        while (left := ends - clock()) > 0:
            check_stop()
            await asyncio.sleep(min(_TICK_S, left))


def _how_long(error: ProviderError) -> str:
    asked_s = asked_to_wait_s(error)
    return f"wait {minutes(asked_s)}" if asked_s else "wait a while"


def minutes(seconds: float) -> str:
    """Return a duration in words: `45 s`, `3 minutes`."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def asked_to_wait_s(error: BaseException | None) -> float | None:
    """Seconds that the provider asks to be left alone; None if it does not say."""
    asked = getattr(error, "retry_after_s", None)
    return float(asked) if asked is not None and math.isfinite(asked) and asked >= 0 else None
