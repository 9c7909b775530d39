"""A network that fails on demand between clash and the real engine."""

from __future__ import annotations

import asyncio
from collections import deque

import httpx


class FaultyNetwork(httpx.AsyncBaseTransport):
    """Sends requests on to the engine, unless the next of `faults` says otherwise. Counts what it was given."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.faults: deque[str] = deque()
        self.delayed: list[httpx.Request] = []
        self._engine = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, or do what the next fault says:

        `lost`: executed, then a timeout instead of the answer. `dropped`: the connection breaks before anything was
        executed. `delayed`: a timeout, and the request arrives when `deliver` is called. `failed`: executed, and
        answered by HTTP 500 with a page. `garbled`: executed, and answered by HTTP 200 with a page.
        """
        await request.aread()
        self.sent.append(request)
        fault = self.faults.popleft() if self.faults else ""
        if fault == "dropped":
            raise httpx.ReadError("the connection was reset", request=request)
        if fault == "delayed":
            self.delayed.append(request)
            raise httpx.ReadTimeout("no answer", request=request)
        response = await self._engine.handle_async_request(request)
        if not fault:
            return response
        await response.aread()
        if fault == "lost":
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response({"failed": 500, "garbled": 200}[fault], text="<html>sorry</html>", request=request)

    async def deliver(self) -> list[httpx.Response]:
        """Let the delayed requests arrive at last; the answers that nobody waits for."""
        answers = [await self._engine.handle_async_request(request) for request in self.delayed]
        for answer in answers:
            await answer.aread()
        self.delayed.clear()
        return answers

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._engine.aclose()


class Hurry:
    """A clock that goes on only while somebody sleeps, and lets nobody sleep. `waits`: how long they wanted to."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> float:
        """Return the seconds that were slept."""
        return sum(self.waits)

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass at once."""
        self.waits.append(seconds)
        await asyncio.sleep(0)
