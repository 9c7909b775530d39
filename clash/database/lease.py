"""One writer a run: the lease in `workflow_executions`.

Taking it is one compare-and-set that counts the generation up; every later write of a run carries its generation
(`FENCE`), so a process that lost its lease, or woke after it expired, can write nothing. A lease whose process is
dead on this host, or that has expired, is taken over.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from clash.clock import now_text, to_text
from clash.database.connection import is_d1, open_database
from clash.database.port import Database, Param, Row, Statement
from clash.database.processes import is_dead, this_process
from clash.database.rows import RunRow
from clash.errors import ClashError, ConflictError, NotFoundError

logger = logging.getLogger(__name__)


class LeaseTerms(NamedTuple):
    """How long a lease lasts, and how often its holder renews it, in seconds."""

    duration_s: float
    renew_every_s: float


ON_SQLITE = LeaseTerms(duration_s=30.0, renew_every_s=10.0)
ON_D1 = LeaseTerms(duration_s=180.0, renew_every_s=70.0)
"""Each renewal is a request, and Cloudflare allows all processes of an account together 1,200 in 5 minutes."""

_AGAIN_AFTER_ERROR_S = 2.0
_BEAT_WAIT_S = 5.0
"""How long one renewal waits for a D1 that does not answer: a later one carries a later expiry."""
_LONGEST_END_S = 5.0
"""How long the end of a run waits for its heartbeat: a disk or a name server may keep a thread from ending."""

FENCE = "EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ? AND lease_generation = ?)"
"""The condition that every write of a run carries; its parameters are `Lease.fence`."""


@dataclass
class Lease:
    """The right to write a run. `lost` is set when a renewal found that another process has taken it."""

    run_id: str
    owner: str
    generation: int
    lost: threading.Event = field(default_factory=threading.Event)
    of_new_run: bool = False
    """Whether nothing is recorded of the run yet, which its holder has begun: then nothing of it need be read."""

    @property
    def fence(self) -> tuple[Param, ...]:
        """The parameters of `FENCE`."""
        return (self.run_id, self.generation)


class Holder(NamedTuple):
    """The process that holds a run, or the last that did."""

    run_id: str
    lease_owner: str | None
    lease_expires_at: str | None
    lease_generation: int

    @classmethod
    def from_row(cls, row: Row) -> Holder:
        """Return the holder of a row of `workflow_executions`, sound or not."""
        return cls(str(row["run_id"]), row["lease_owner"], row["lease_expires_at"], int(row["lease_generation"]))


def lease_terms(url: str) -> LeaseTerms:
    """Return how long the leases of a database last, and how often they are renewed."""
    return ON_D1 if is_d1(url) else ON_SQLITE


def is_held(run: RunRow | Holder) -> bool:
    """Return whether a live process holds the run."""
    owner, expires = str(run.lease_owner or ""), str(run.lease_expires_at or "")
    return bool(owner) and expires > now_text() and not is_dead(owner)


async def held_runs(database: Database) -> list[Holder]:
    """Return the runs that live processes hold."""
    rows = await database.query("SELECT * FROM workflow_executions WHERE lease_owner IS NOT NULL ORDER BY run_id")
    return [holder for holder in map(Holder.from_row, rows) if is_held(holder)]


def still_held(lease: Lease) -> Statement:
    """Reads the run's id while its lease is ours."""
    return Statement("SELECT run_id FROM workflow_executions WHERE run_id = ? AND lease_generation = ?", lease.fence)


def _expiry(now: datetime, duration_s: float) -> str:
    return to_text(now + timedelta(seconds=duration_s))


async def take_lease(
    database: Database,
    run_id: str,
    *,
    owner: str | None = None,
    duration_s: float | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Lease:
    """Take the lease of a run, for as long as the database's leases last unless `duration_s` says otherwise.

    Raises `ConflictError` naming the holder, `NotFoundError` for an unknown run.
    """
    rows = await database.query(
        "SELECT run_id, lease_owner, lease_generation, lease_expires_at FROM workflow_executions WHERE run_id = ?",
        (run_id,),
    )
    if not rows:
        raise NotFoundError(f"there is no run {run_id}", hint="`clash runs ls` lists the runs")
    before = Holder.from_row(rows[0])
    holder, expires = str(before.lease_owner or ""), str(before.lease_expires_at or "")
    if holder and expires > to_text(now()) and not is_dead(holder):
        raise held_error(run_id, holder, expires)
    taken = await _take(database, before, owner, duration_s, now)
    if taken is None:
        raise held_error(run_id, "a process that started at the same moment", "")
    return taken[0]


async def take_run(database: Database, run: RunRow, *, is_new: bool = False) -> tuple[Lease, Row | None]:
    """Take the lease of a run that was read before; return it, and the run's row now that nobody else writes it.

    The row is None where it must be read. `is_new`: whether this process has begun the run. Raises as `take_lease`.
    """
    if not is_held(run):
        before = Holder(run.run_id, run.lease_owner, run.lease_expires_at, run.lease_generation)
        if (taken := await _take(database, before)) is not None:
            lease, row = taken
            lease.of_new_run = is_new and lease.generation == 1
            return lease, row
    return await take_lease(database, run.run_id), None


async def _take(
    database: Database,
    before: Holder,
    owner: str | None = None,
    duration_s: float | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Lease, Row] | None:
    """Take the lease that its last holder has left, and return the run's row; None if another process took it."""
    duration_s = lease_terms(database.url).duration_s if duration_s is None else duration_s
    owner, began, run_id = owner or this_process(), time.monotonic(), before.run_id
    (taken,) = await database.batch(
        [
            Statement(
                "UPDATE workflow_executions SET lease_owner = ?, lease_generation = lease_generation + 1,"
                " lease_expires_at = ? WHERE run_id = ? AND lease_generation = ? AND lease_expires_at IS ?"
                " RETURNING *",
                (owner, _expiry(now(), duration_s), run_id, before.lease_generation, before.lease_expires_at),
                recall=Statement(
                    "SELECT * FROM workflow_executions WHERE run_id = ? AND lease_owner = ? AND lease_generation > ?",
                    (run_id, owner, before.lease_generation),
                ),
            )
        ]
    )
    if not taken:
        return None
    lease = Lease(run_id, owner, int(taken[0]["lease_generation"]))
    # Its expiry was written down before a database that was out of reach took it.
    slow = time.monotonic() - began > duration_s / 3
    if slow and not await renew_lease(database, lease, duration_s=duration_s, now=now()):
        raise held_error(run_id, "a process that started meanwhile", "")
    return lease, taken[0]


def held_error(run_id: str, holder: str, expires: str) -> ConflictError:
    """The error for a run that another process holds; `expires` is when its lease does, if that is known."""
    parts = holder.split("/")
    name = f"process {parts[1]} on {parts[0]}" if len(parts) >= 2 else holder
    until, hint = "", "wait for it, or stop that process"
    if expires:
        until = f" (its lease expires at {expires} unless renewed)"
        hint += f"; if it died on another machine, wait until then and type `clash resume {run_id}`"
    return ConflictError(f"run {run_id} is being written by {name}{until}", code="held", hint=hint)


async def renew_lease(
    database: Database, lease: Lease, *, duration_s: float | None = None, now: datetime | None = None
) -> bool:
    """Push the expiry on; False, and `lease.lost` set, if the run has another writer by now, or was released.

    A renewal may arrive after the release, when its sender has long given it up: it must not hold a free run again.
    """
    duration_s = lease_terms(database.url).duration_s if duration_s is None else duration_s
    (renewed,) = await database.batch(
        [
            Statement(
                "UPDATE workflow_executions SET lease_expires_at = ? WHERE run_id = ? AND lease_generation = ?"
                " AND lease_owner = ? RETURNING run_id",
                (_expiry(now or datetime.now(UTC), duration_s), *lease.fence, lease.owner),
                recall=still_held(lease),
            )
        ]
    )
    if not renewed:
        lease.lost.set()
    return bool(renewed)


async def release_lease(database: Database, lease: Lease) -> None:
    """Release the lease, if this process still holds it."""
    await database.batch(
        [
            Statement(
                "UPDATE workflow_executions SET lease_owner = NULL, lease_expires_at = NULL"
                " WHERE run_id = ? AND lease_generation = ?",
                lease.fence,
            )
        ]
    )


async def release_as_paused(database: Database, lease: Lease, *, code: str, message: str) -> None:
    """Release the lease of a run that has not ended, and say that it is paused, in one write."""
    now = now_text()
    await database.batch(
        [
            Statement(
                "UPDATE workflow_executions SET lease_owner = NULL, lease_expires_at = NULL, status = 'paused',"
                " end_time = ?, updated_at = ?, error_code = ?, error_message = ?"
                " WHERE run_id = ? AND lease_generation = ? AND status = 'running'",
                (now, now, code, message, *lease.fence),
            )
        ]
    )


class Heartbeat:
    """Renews a lease from a thread of its own, with a connection of its own: a blocked event loop loses nothing.

    The connection is kept from beat to beat, and opened anew after an error. Leaving it gives up a beat that is under
    way, however long a server asked that one to wait.
    """

    def __init__(
        self,
        url: str,
        lease: Lease,
        *,
        every_s: float | None = None,
        duration_s: float | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`every_s`, `duration_s`: by default the terms of the database. `sleep`: waits for the next renewal."""
        terms = lease_terms(url)
        self._url = url
        self._lease = lease
        self._every_s = terms.renew_every_s if every_s is None else every_s
        self._duration_s = terms.duration_s if duration_s is None else duration_s
        self._sleep = sleep
        self._stop = threading.Event()
        self._beating: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self._thread = threading.Thread(target=self._run, name="clash-lease", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # In this order: a beat that does not find `_stop` set has named its task before.
        self._stop.set()
        if self._beating is not None:
            loop, task = self._beating
            with suppress(RuntimeError):  # that loop has ended by itself
                loop.call_soon_threadsafe(task.cancel)
        self._thread.join(_LONGEST_END_S)

    def _run(self) -> None:
        first_after_s = self._every_s
        while not (self._lease.lost.is_set() or self._stop.is_set()):
            try:
                asyncio.run(self._beat_until_an_error(first_after_s))
            except asyncio.CancelledError:
                return
            except TimeoutError:
                logger.info("the lease of %s was not renewed in time", self._lease.run_id)
            except ClashError as error:
                logger.info("the lease of %s was not renewed: %s", self._lease.run_id, error)
            except Exception:
                # No memory for a thread, no file handle left: the next beat may have better luck.
                logger.exception("the lease of %s was not renewed", self._lease.run_id)
            # A renewal that cannot be written now is tried again soon; the fence guards meanwhile. If the lease
            # has expired by then it is ours again, unless another process took it.
            first_after_s = 0.0
            self._stop.wait(min(self._every_s, _AGAIN_AFTER_ERROR_S))

    async def _beat_until_an_error(self, first_after_s: float) -> None:
        self._beating = asyncio.get_running_loop(), cast("asyncio.Task[None]", asyncio.current_task())
        if self._stop.is_set():
            return
        await self._sleep(first_after_s)
        async with open_database(self._url, "write", wait_s=_BEAT_WAIT_S, ahead=True) as database:
            try:
                while not self._lease.lost.is_set():
                    began = time.monotonic()
                    async with asyncio.timeout(self._duration_s / 2):
                        await renew_lease(database, self._lease, duration_s=self._duration_s)
                    await self._sleep(max(0.0, self._every_s - (time.monotonic() - began)))
            except (asyncio.CancelledError, TimeoutError):
                # What closing the database would wait for.
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()
                raise
