"""Cloudflare's limit on requests, kept by clash: who passes it is turned away for up to five minutes.

A leaky bucket: a tenth of the limit at once, the rest evenly over the time. So no five minutes ever see more than the
limit; and as what waits for its turn goes in one request, a run that would pass it needs fewer requests instead.
All runs of a process share one bucket; the processes of a batch each take a part of the limit (CLASH_D1_REQUESTS).
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Protocol

API = "https://api.cloudflare.com/client/v4"
WINDOW_S = 300.0
CLOUDFLARES_LIMIT = 1200
"""Requests in 5 minutes of a user, all tokens and programs together.

https://developers.cloudflare.com/fundamentals/api/reference/limits/
"""
OUR_SHARE = 1100
"""What a process takes of it. The rest is for a look at its runs: `clash runs show`, wrangler, the dashboard."""


class Clock(Protocol):
    """Time as the waiting knows it."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class _Bucket:
    """Counts requests, from any thread. `room_in`, `take`: seconds until there is room for one more."""

    def __init__(self, most: int, window_s: float) -> None:
        self._at_once = max(1, most // 10)
        self.every_s = window_s / (most - self._at_once)
        self._empty_at = 0.0
        self._lock = threading.Lock()

    def room_in(self, now: float) -> float:
        with self._lock:
            return max(0.0, self._after_one_more(now) - self._at_once * self.every_s - now)

    def take(self, now: float) -> float:
        with self._lock:
            self._empty_at = self._after_one_more(now)
            return max(0.0, self._empty_at - self._at_once * self.every_s - now)

    def _after_one_more(self, now: float) -> float:
        return max(self._empty_at, now) + self.every_s


def most_requests(base_url: str, asked: int | None) -> int | None:
    """Return the most requests in 5 minutes to an API. `asked`: the setting CLASH_D1_REQUESTS. None: no limit.

    One that stands in for Cloudflare's, a Worker say, has limits of its own.
    """
    return asked or (OUR_SHARE if base_url.rstrip("/") == API else None)


_FOR_A_RUN = 20
"""Requests in 5 minutes that a run should have: it renews its lease with four or five of them."""


def runs_at_once(base_url: str, asked: int | None) -> int | None:
    """Return how many runs a process can make at once with its requests; None: any number.

    The renewals of their leases do not wait. With more runs, they would leave nothing for what the runs write.
    """
    most = most_requests(base_url, asked)
    return None if most is None else max(1, most // _FOR_A_RUN)


_of_this_process: dict[tuple[str, int], _Bucket] = {}
_making = threading.Lock()


class RequestPace:
    """Lets at most `most` requests (ten or more) go in any `window_s` seconds; None: as many as come.

    `clock`: monotonic time of this machine, or what a test puts in its place.
    """

    def __init__(self, most: int | None, window_s: float = WINDOW_S, *, clock: Clock | None = None) -> None:
        self.most = most
        self._clock = clock or SystemClock()
        self._bucket = None if most is None else _Bucket(most, window_s)
        self._waits = True

    @classmethod
    def at(cls, base_url: str, most: int | None = None, *, clock: Clock | None = None) -> RequestPace:
        """What suits an API, shared by all who ask it in this process. `most`: the setting CLASH_D1_REQUESTS."""
        pace = cls(None, clock=clock)
        pace.most = most_requests(base_url, most)
        if pace.most is not None:
            key = (base_url.rstrip("/"), pace.most)
            with _making:
                pace._bucket = _of_this_process.setdefault(key, _Bucket(pace.most, WINDOW_S))
        return pace

    def ahead(self) -> RequestPace:
        """Return the same pace for requests that cannot wait: they count, and those that can wait go later for them."""
        pace = RequestPace(None, clock=self._clock)
        pace.most, pace._bucket, pace._waits = self.most, self._bucket, False
        return pace

    async def room(self) -> None:
        """Wait until a request may go at once, without taking its turn: what to send is better decided then."""
        while self._bucket is not None and self._waits and (wait_s := self._bucket.room_in(self._clock.now())):
            await self._clock.sleep(min(wait_s, self._bucket.every_s / 2))

    async def turn(self) -> None:
        """Wait for a turn, and take it."""
        if self._bucket is None:
            return
        wait_s = self._bucket.take(self._clock.now())
        if self._waits and wait_s:
            await self._clock.sleep(wait_s)
