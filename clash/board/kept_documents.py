"""Documents as they were read last: many viewers cost the database no more than one."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any

from clash.board.event_log import EventLog
from clash.board.poller import Poller
from clash.board.read_budget import ReadBudget, busy
from clash.documents.base import Document
from clash.errors import ClashError, DatabaseError

_MOST_KEPT = 64
KEPT_S = 60.0
"""Seconds after which a document is read again though the poller saw no change."""


@dataclass(frozen=True)
class Kept:
    """A document, or the error in its place, with when and at which version of its run it was read."""

    document: dict[str, Any] | None
    error: ClashError | None
    read_at: float
    version: tuple[int, int]
    event_id: str
    """The newest event when it was read: what happened since is told by the event log."""

    def told(self) -> dict[str, Any]:
        """Return the document. Raises the error that was in its place."""
        if self.document is None:
            raise self.error or DatabaseError("nothing was read")
        return self.document


class KeptDocuments:
    """Reads each document once for all who ask at the same time, and again only when its run has changed."""

    def __init__(
        self, poller: Poller, log: EventLog, budget: ReadBudget, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._poller = poller
        self._log = log
        self._budget = budget
        self._now = now
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._reading: dict[Hashable, asyncio.Task[Kept]] = {}

    async def get(
        self,
        key: Hashable,
        thread_id: str | None,
        read: Callable[[], Awaitable[Document]],
        *,
        requests: int = 1,
    ) -> Kept:
        """Return the document of this key; `requests`: how many a read of it takes on D1.

        Raises `DatabaseError` (`busy`) where no read is left and nothing was read before.
        """
        self._poller.ask(thread_id)
        kept = self._kept.get(key)
        if kept is not None and self._is_fresh(kept, thread_id):
            self._kept.move_to_end(key)
            return kept
        task = self._reading.get(key)
        if task is None:
            if self._budget.left < requests:
                if kept is not None:
                    return kept
                raise busy()
            self._budget.take(requests)
            task = asyncio.ensure_future(self._read(key, thread_id, read))
            self._reading[key] = task
        return await asyncio.shield(task)

    def _is_fresh(self, kept: Kept, thread_id: str | None) -> bool:
        age = self._now() - kept.read_at
        if kept.version == self._poller.version_of(thread_id):
            return age < (KEPT_S if self._poller.is_current and kept.error is None else self._poller.every_s)
        return age < self._budget.sparing_s

    async def _read(self, key: Hashable, thread_id: str | None, read: Callable[[], Awaitable[Document]]) -> Kept:
        version, event_id, began = self._poller.version_of(thread_id), self._log.newest, self._now()
        document: dict[str, Any] | None = None
        error: ClashError | None = None
        try:
            document = {"schema": 1, **(await read()).dump()}
        except ClashError as failure:
            error = failure
        finally:
            del self._reading[key]
        kept = Kept(document, error, began, version, event_id)
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return kept
