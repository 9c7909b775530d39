"""Cloudflare's limit on requests, kept by us: who passes it is turned away for up to five minutes.

A leaky bucket: a tenth of the limit at once, the rest evenly over the time. So no five minutes ever see more than the
limit; and as what waits for its turn goes in one request, a run that would pass it needs fewer requests instead.
"""

from __future__ import annotations

import asyncio

from aiolimiter import AsyncLimiter

API = "https://api.cloudflare.com/client/v4"
WINDOW_S = 300.0
CLOUDFLARES_LIMIT = 1200
"""Requests in 5 minutes of a user, all tokens and programs together.

https://developers.cloudflare.com/fundamentals/api/reference/limits/
"""
OUR_SHARE = 1100
"""What a run takes of it. The rest is for a look at the run meanwhile: `clash runs show`, wrangler, the dashboard."""


class RequestPace:
    """Lets at most `most` requests (ten or more) go in any `window_s` seconds; None: as many as come."""

    def __init__(self, most: int | None, window_s: float = WINDOW_S) -> None:
        self.most = most
        self._limiter: AsyncLimiter | None = None
        if most is not None:
            at_once = most // 10
            self._limiter = AsyncLimiter(at_once, window_s * at_once / (most - at_once))

    @classmethod
    def at(cls, base_url: str, most: int | None = None) -> RequestPace:
        """What suits an API. One that stands in for Cloudflare's, a Worker say, has limits of its own."""
        return cls(most or (OUR_SHARE if base_url.rstrip("/") == API else None))

    async def room(self) -> None:
        """Wait until a request may go at once, without taking its turn: what to send is better decided then."""
        while self._limiter is not None and not self._limiter.has_capacity():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(self._limiter.time_period / self._limiter.max_rate / 2)

    async def turn(self) -> None:
        """Wait for a turn, and take it."""
        if self._limiter is not None:
            await self._limiter.acquire()
