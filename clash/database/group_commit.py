"""Group commit: what waits while a group is being applied goes together in the next one.

A commit has a price of its own, an fsync on a disk or a request to a server; what is in it costs next to nothing. If
a group is refused, each of its batches is tried alone, so one caller's mistake never undoes another's work.

Batches that a call to a provider needs first may go ahead of the others, in a group of their own.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from clash.database.port import Rows
from clash.errors import ClashError, DatabaseError

logger = logging.getLogger(__name__)

_LONGEST_BEHIND_S = 0.1
"""For so long batches wait behind those that go first."""

B = TypeVar("B")
Results = list[Rows]
Transaction = Callable[[Sequence[B]], Awaitable[Sequence[Results | ClashError]]]
"""Applies batches in one transaction. Raises `Refused` where one of them may be at fault, else a `ClashError`."""


class Refused(Exception):
    """A transaction was not applied, and it may be the fault of one of its batches.

    `in_doubt`: a copy of it was sent before, and may still be on its way.
    """

    def __init__(self, error: ClashError, *, in_doubt: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.in_doubt = in_doubt


async def together_or_alone(batches: Sequence[B], transaction: Transaction[B]) -> Sequence[Results | ClashError]:
    """What became of each batch: all in one transaction or, where that is refused, each in its own."""
    try:
        return await transaction(batches)
    except Refused as refusal:
        if len(batches) == 1:
            return [refusal.error]
    except ClashError as error:
        # A lock, a lost connection, a wrong password: the next one would meet it too. Each its own copy, for
        # callers write into it what of theirs has failed.
        return [copy.copy(error) for _ in batches]
    return [outcome for batch in batches for outcome in await together_or_alone([batch], transaction)]


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[B]):
    """A batch, the future of its results, and since when it waits, in seconds of the event loop's clock."""

    batch: B
    future: asyncio.Future[Results]
    since: float


class GroupCommit(Generic[B]):
    """A line of batches before a database.

    `apply` says what became of each batch of a group. `take` says how many of those that wait go together (at
    least one). `turn` is awaited before a group is taken: what comes meanwhile goes with it. `goes_first`: which
    batches do not wait for the others; these wait for them no longer than 0.1 s.
    """

    def __init__(
        self,
        name: str,
        apply: Transaction[B],
        *,
        take: Callable[[Sequence[B]], int] = len,
        turn: Callable[[], Awaitable[None]] | None = None,
        goes_first: Callable[[B], bool] = lambda _: False,
    ) -> None:
        self._name = name
        self._apply = apply
        self._take = take
        self._turn = turn
        self._goes_first = goes_first
        self._waiting: list[_Waiting[B]] = []
        self._draining: asyncio.Task[None] | None = None
        self._closed = False

    async def batch(self, batch: B) -> Results:
        """Apply it, whole or not at all. Raises what `apply` says became of it."""
        self.check_open()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Results] = loop.create_future()
        # The caller that waits may have been cancelled when it fails: asyncio must not report that as an oversight.
        future.add_done_callback(_look_at)
        self._waiting.append(_Waiting(batch, future, loop.time()))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        # Shielded: what was accepted is applied, whole, also when its caller is cancelled.
        return await asyncio.shield(future)

    def check_open(self) -> None:
        """Raises `DatabaseError` once it was closed."""
        if self._closed:
            raise DatabaseError(f"{self._name} was closed", code="database_closed")

    async def close(self) -> None:
        """Finish what was accepted, and accept no more. May be called twice."""
        self._closed = True
        if self._draining is not None:
            await asyncio.wait([self._draining])

    async def _drain(self) -> None:
        while self._waiting:
            if self._turn is not None:
                await self._turn()
            group = self._next_group()
            try:
                outcomes = await self._apply([one.batch for one in group])
            except Exception as error:
                # No fault of a statement (no memory, say): those who wait are told, and the next group has its turn.
                logger.debug("a transaction of %s failed", self._name, exc_info=True)
                outcomes = [_failed(self._name, error) for _ in group]
            except BaseException as error:
                # A loop that is torn down: nobody may wait for ever.
                for one in group + self._waiting:
                    _answer(one.future, _failed(self._name, error))
                self._waiting.clear()
                raise
            for one, outcome in zip(group, outcomes, strict=True):
                _answer(one.future, outcome)

    def _next_group(self) -> list[_Waiting[B]]:
        """Take what is applied next from what waits."""
        first = [one for one in self._waiting if self._goes_first(one.batch)]
        others = [one for one in self._waiting if not self._goes_first(one.batch)] if first else []
        if others and asyncio.get_running_loop().time() - others[0].since >= _LONGEST_BEHIND_S:
            first, others = self._waiting, []
        line = first or self._waiting
        count = max(1, self._take([one.batch for one in line]))
        self._waiting = line[count:] + others
        return line[:count]


def _look_at(future: asyncio.Future[Results]) -> None:
    if not future.cancelled():
        future.exception()


def _failed(name: str, error: BaseException) -> DatabaseError:
    failed = DatabaseError(f"{name}: {error!r}")
    failed.__cause__ = error
    return failed


def _answer(future: asyncio.Future[Results], outcome: Results | ClashError) -> None:
    if future.done():
        return
    if isinstance(outcome, ClashError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
