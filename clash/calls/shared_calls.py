"""What the ledgers of several runs of one process share: the rate limits, and who makes a call that others need too."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from clash.calls.rate_limits import RateLimits


class SameKeys:
    """A lock per content key: of two calls that ask for the very same thing, the second finds what the first made."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, key: str) -> asyncio.Lock:
        """Return the lock of a key. It is forgotten when no call holds it."""
        return self._locks.setdefault(key, asyncio.Lock())


class SharedCalls:
    """The same rate limits and keys for all runs of a process."""

    def __init__(self, rate_limits: RateLimits) -> None:
        self.rate_limits = rate_limits
        self.same_keys = SameKeys()
