"""`/events`: server-sent events of the event log, until the browser leaves or the board ends."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope, Send

from clash.board.accounts import Accounts, Identity, LinkHolders
from clash.board.answers import RefusedError
from clash.board.event_log import Event, EventLog
from clash.board.permissions import no_run
from clash.board.poller import Poller
from clash.board.run_projects import RunProjects
from clash.errors import ClashError
from clash.thread_ids import check_thread_id

logger = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
_LOOKS_EVERY_S = 0.5
"""Seconds between two looks whether the account of a listener is still good; on D1 each asks once every 5 seconds."""
"""Seconds of silence after which a comment is sent, so that neither side takes the other for gone."""
_SEND_S = 30.0
"""Seconds that a browser may take to read a piece; one that reads no more is let go, and comes back by itself."""
_COME_BACK_MS = 2000
_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))


class EventStream:
    """The ASGI application of `/events`. `?thread=` names the run that is looked at, `?after=` the last event seen.

    A listener is told of the runs that its account may see, and for as long as the account is good.
    """

    def __init__(self, log: EventLog, poller: Poller, accounts: Accounts | LinkHolders, projects: RunProjects) -> None:
        self._log = log
        self._poller = poller
        self._accounts = accounts
        self._projects = projects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events to one browser. Raises `RefusedError` where too many listen, `UsageError` for a bad thread id.

        Raises `NotFoundError` for a run that the account may not see.
        """
        query, identity = QueryParams(scope["query_string"]), scope["state"]["identity"]
        thread = check_thread_id(query["thread"]) if query.get("thread") else None
        if thread is not None and self._accounts.has_accounts:
            project = await self._projects.of(thread)
            if project is None or identity.access.role_in(project) is None:
                raise no_run(thread)
        if not self._log.has_room():
            raise RefusedError(503, "too many pages of this board are open", hint="close some", code="too_many_pages")
        account = identity.access.account if self._accounts.has_accounts else ""
        if not self._log.has_room_for(account):
            raise RefusedError(503, "too many pages of this account are open", hint="close some", code="too_many_pages")
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            await send({"type": "http.response.body", "body": b""})
            return
        # A browser that comes back says in the header what it has seen; what the page was made with is older.
        after = Headers(scope=scope).get("last-event-id") or query.get("after", "")
        number = self._log.number_of(after) if after else self._log.number_of(self._log.newest)
        with self._log.listening(account):
            self._poller.ask(thread)
            telling = asyncio.ensure_future(self._tell(send, number, identity))
            leaving = asyncio.ensure_future(_left(receive))
            try:
                await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (telling, leaving):
                    task.cancel()
                with suppress(asyncio.CancelledError, TimeoutError, OSError):
                    await telling

    async def _tell(self, send: Send, number: int | None, identity: Identity) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
        await _send(send, f"retry: {_COME_BACK_MS}\n\n".encode())
        while not self._log.closed and await self._is_good(identity):
            events, number = self._log.since(number)
            for event in events:
                if _may_hear(identity, event):
                    await _send(send, event.wire)
            before = number
            if not await self._wait(number, identity):
                break
            if self._log.since(before)[1] == before and not self._log.closed:
                await _send(send, b": \n\n")
        await _send(send, b"", more=False)

    async def _wait(self, number: int, identity: Identity) -> bool:
        """Wait for an event, as long as a listener hears nothing; False as soon as its account is good no more."""
        if not self._accounts.has_accounts:
            await self._log.wait(number, HEARTBEAT_S)
            return True
        for _ in range(int(HEARTBEAT_S / _LOOKS_EVERY_S)):
            await self._log.wait(number, _LOOKS_EVERY_S)
            if not await self._is_good(identity):
                return False
            if self._log.since(number)[1] != number or self._log.closed:
                break
        return True

    async def _is_good(self, identity: Identity) -> bool:
        try:
            return await self._accounts.is_still(identity)
        except ClashError:
            return False  # the browser comes back, and is told then what is wrong


def _may_hear(identity: Identity, event: Event) -> bool:
    return event.project is None or identity.access.role_in(event.project) is not None


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(_SEND_S):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
