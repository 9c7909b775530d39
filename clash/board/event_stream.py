"""`/events`: server-sent events of the event log, until the browser leaves or the board ends."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope, Send

from clash.board.answers import RefusedError
from clash.board.event_log import EventLog
from clash.board.poller import Poller
from clash.thread_ids import check_thread_id

logger = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
"""Seconds of silence after which a comment is sent, so that neither side takes the other for gone."""
_SEND_S = 30.0
"""Seconds that a browser may take to read a piece; one that reads no more is let go, and comes back by itself."""
_COME_BACK_MS = 2000
_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))


class EventStream:
    """The ASGI application of `/events`. `?thread=` names the run that is looked at, `?after=` the last event seen."""

    def __init__(self, log: EventLog, poller: Poller) -> None:
        self._log = log
        self._poller = poller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events to one browser. Raises `RefusedError` where too many listen, `UsageError` for a bad thread id."""
        query = QueryParams(scope["query_string"])
        thread = check_thread_id(query["thread"]) if query.get("thread") else None
        if not self._log.has_room():
            raise RefusedError(503, "too many pages of this board are open", hint="close some", code="too_many_pages")
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            await send({"type": "http.response.body", "body": b""})
            return
        # A browser that comes back says in the header what it has seen; what the page was made with is older.
        after = Headers(scope=scope).get("last-event-id") or query.get("after", "")
        number = self._log.number_of(after) if after else self._log.number_of(self._log.newest)
        self._log.listeners += 1
        self._poller.ask(thread)
        telling = asyncio.ensure_future(self._tell(send, number))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._log.listeners -= 1
            for task in (telling, leaving):
                task.cancel()
            with suppress(asyncio.CancelledError, TimeoutError, OSError):
                await telling

    async def _tell(self, send: Send, number: int | None) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
        await _send(send, f"retry: {_COME_BACK_MS}\n\n".encode())
        while not self._log.closed:
            events, number = self._log.since(number)
            for event in events:
                await _send(send, event.wire)
            before = number
            await self._log.wait(number, HEARTBEAT_S)
            if self._log.since(before)[1] == before and not self._log.closed:
                await _send(send, b": \n\n")
        await _send(send, b"", more=False)


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(_SEND_S):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
