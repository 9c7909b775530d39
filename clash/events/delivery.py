"""Deliver the events of the outbox: in the order of each run, several times if need be, within a bounded time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from clash import faults
from clash.database.lease import this_process
from clash.database.outbox import OutboxRow, begin_attempt, end_attempt, pending_events
from clash.database.port import Database
from clash.events.receivers import Receiver
from clash.http import BoundedTransport, ExchangeError, Limits, RedirectedError, retry_after_s
from clash.redaction import hide_foreign
from clash.version import __version__

T = TypeVar("T")

WAITS_S = (0.5, 1.0, 2.0, 4.0)
"""The seconds between five attempts."""
ANSWER_S = 5.0
LONGEST_S = 20.0
"""The seconds that a command spends at its end on a receiver that does not answer."""
_RECORDING_S = 30.0
"""The seconds after an attempt within which its end is recorded; later, another process may send the event again."""
_GONE = 410
_TICK_S = 0.1
_MOST_FAILURES = 3
"""Of a receiver that failed for so many runs, one after another, no more is asked."""


@dataclass(frozen=True)
class Attempts:
    """How long a receiver is tried: the seconds before each further attempt, for an answer, and for all together."""

    waits_s: Sequence[float] = WAITS_S
    answer_s: float = ANSWER_S
    longest_s: float = LONGEST_S


ONE_ATTEMPT = Attempts((), 2.0, 4.0)
"""For a process that is to end, or has something else to do."""


@dataclass
class Delivery:
    """What became of the events that were to be delivered. `elsewhere`: those for another address than this one."""

    delivered: list[OutboxRow] = field(default_factory=list[OutboxRow])
    failed: list[OutboxRow] = field(default_factory=list[OutboxRow])
    waiting: int = 0
    elsewhere: int = 0
    error: str | None = None

    @property
    def pending(self) -> int:
        """How many of this receiver's events it does not have."""
        return len(self.failed) + self.waiting


async def deliver(
    database: Database,
    receiver: Receiver,
    run_id: str | None = None,
    *,
    attempts: Attempts = Attempts(),
    every: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Delivery:
    """Send what is pending, of one run or of all; what fails stays for the next command. Raises `SettingsError`.

    `every`: also what was meant for another address. `stopped`: whether to leave what is not sent yet for later.
    """
    found = Delivery()
    rows = await pending_events(database, run_id)
    mine = [row for row in rows if every or row.receiver_digest == receiver.digest]
    found.elsewhere = len(rows) - len(mine)
    if not mine:
        return found
    # The status decides: a body that is large, endless or unreadable is no reason to send an event again.
    transport = BoundedTransport(Limits(answer_s=attempts.answer_s), status_only=True)
    async with httpx.AsyncClient(transport=transport, follow_redirects=False) as client:
        sending = _Sending(database, receiver, client, attempts, stopped, sleep, clock)
        for number, row in enumerate(mine):
            if stopped() or sending.is_over or sending.failures >= _MOST_FAILURES:
                found.waiting += len(mine) - number
                break
            await sending.send(row, found)
    return found


class _Sending:
    """One pass over the outbox."""

    def __init__(
        self,
        database: Database,
        receiver: Receiver,
        client: httpx.AsyncClient,
        attempts: Attempts,
        stopped: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._receiver = receiver
        self._client = client
        self._attempts = attempts
        self._stopped = stopped
        self._sleep = sleep
        self._clock = clock
        self._deadline = clock() + attempts.longest_s
        self._sender = this_process()
        self.failures = 0

    @property
    def is_over(self) -> bool:
        """Whether the receiver has had all the time that it may have without taking anything."""
        return self._clock() >= self._deadline

    async def send(self, row: OutboxRow, found: Delivery) -> None:
        """Send one event, again where it fails, and note what became of it."""
        waits = () if self.failures else self._attempts.waits_s
        error: str | None = None
        for wait_s in (*waits, None):
            if not await begin_attempt(
                self._database, row, self._sender, longest_s=self._attempts.answer_s + _RECORDING_S
            ):
                if error is None:
                    found.waiting += 1
                    return
                break
            error, again_s = await self._attempt(row)
            await end_attempt(
                self._database,
                row,
                self._sender,
                error=error,
                receiver=self._receiver.shown,
                receiver_digest=self._receiver.digest,
            )
            if error is None:
                found.delivered.append(row)
                self.failures = 0
                self._deadline = self._clock() + self._attempts.longest_s
                return
            if wait_s is None or again_s is None or not await self._wait(max(wait_s, again_s)):
                break
        found.failed.append(row)
        found.error = error
        self.failures += 1

    async def _attempt(self, row: OutboxRow) -> tuple[str | None, float | None]:
        """Send an event once. Return what went wrong, and the seconds that the receiver asks to wait; None: give up."""
        body, timestamp = row.body.encode(), int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": f"clash/{__version__}",
            "webhook-id": row.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": self._receiver.sign(row.event_id, timestamp, body),
        }
        try:
            response = await self._unless_stopped(
                self._client.post(self._receiver.url, content=body, headers=headers, timeout=self._attempts.answer_s)
            )
        except RedirectedError as error:
            return error.message, None
        except ExchangeError as error:
            return hide_foreign(error.message), 0.0
        if response is None:
            return "stopped before it had answered", None
        faults.point("webhook.sent")
        if response.is_success:
            return None, 0.0
        error = f"it answered {response.status_code}"
        return error, None if response.status_code == _GONE else retry_after_s(response.headers) or 0.0

    async def _wait(self, seconds: float) -> bool:
        """Wait before another attempt; False where there is no time for it."""
        if self._stopped() or self._clock() + seconds >= self._deadline:
            return False
        await self._unless_stopped(self._slept(seconds))
        return not self._stopped()

    async def _slept(self, seconds: float) -> None:
        await self._sleep(seconds)

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Do the work; None if a wish to stop ended it."""
        task = asyncio.ensure_future(work)
        was_stopped = self._stopped()
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_TICK_S)
                if not task.done() and self._stopped() and not was_stopped:
                    return None
            return await task
        finally:
            task.cancel()
