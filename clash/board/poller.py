"""The one poller of a board: it looks for changes, counts a version of each run, and tells the event log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable

from clash.board.event_log import EventLog
from clash.board.run_projects import RunProjects
from clash.errors import ClashError, NotFoundError
from clash.redaction import safe_exception
from clash.reports.changes import RunWatch

logger = logging.getLogger(__name__)

EVERY_S = 0.5
"""Seconds between two looks at a SQLite file: they cost microseconds while nothing changes."""
EVERY_D1_S = 5.0
"""On D1 each look is a request: 60 in 5 minutes."""
_NOBODY_S = 60.0
"""Seconds without a request and without a listener after which nobody is looking."""
_MOST_WATCHED = 200
_AFTER_AN_ERROR_S = 5.0


class Poller:
    """Looks for changes while somebody looks at the board."""

    def __init__(
        self,
        watch: RunWatch,
        log: EventLog,
        *,
        projects: RunProjects | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.every_s = EVERY_D1_S if watch.is_remote else EVERY_S
        self._watch = watch
        self._log = log
        self._projects = projects
        self._now = now
        self._sleep = sleep
        self._versions: Counter[str] = Counter()
        self._version = 0
        self._first_looks = 0
        self._watched: OrderedDict[str, None] = OrderedDict()
        self._asked_at = now()
        self._looked_at = -1e9
        self._wanted = asyncio.Event()
        self._trouble = ""

    def ask(self, thread_id: str | None = None) -> None:
        """Somebody looks at the board, or at this run: its changes are wanted though it is an old one."""
        self._asked_at = self._now()
        self._wanted.set()
        if thread_id is not None:
            self._watched[thread_id] = None
            self._watched.move_to_end(thread_id)
            while len(self._watched) > _MOST_WATCHED:
                self._watched.popitem(last=False)

    def version_of(self, thread_id: str | None) -> tuple[int, int]:
        """Return what changes when this run does; None: when any run does."""
        return self._first_looks, self._version if thread_id is None else self._versions[thread_id]

    @property
    def is_current(self) -> bool:
        """Whether the versions say how things are now, as far as a look every so often can."""
        return self._now() - self._looked_at <= 2 * self.every_s

    def changed(self, thread_id: str) -> None:
        """Count a change of a run that this board made itself, without waiting for the next look."""
        self._versions[thread_id] += 1
        self._version += 1

    async def run(self) -> None:
        """Look for changes until the task is cancelled."""
        try:
            while True:
                if not self._is_wanted():
                    self._wanted.clear()
                    await self._wanted.wait()
                began = self._now()
                rest_s = await self.look()
                await self._sleep(max(0.0, rest_s - (self._now() - began)))
        finally:
            await self._watch.close()

    async def look(self) -> float:
        """Look once, and return the seconds until the next look."""
        try:
            changes = await self._watch.look(tuple(self._watched))
        except NotFoundError:
            return self._failed("", self.every_s)
        except ClashError as error:
            await self._watch.close()
            return self._failed(error.message, max(_AFTER_AN_ERROR_S, self.every_s))
        except Exception as error:  # noqa: BLE001 - a bug in one look must not end all live updates
            await self._watch.close()
            return self._failed(f"internal: {safe_exception(error)}", max(_AFTER_AN_ERROR_S, self.every_s))
        self._looked_at = self._now()
        if not self._first_looks:
            # What was read before it may have changed by it, unseen.
            self._first_looks = 1
            self._log.publish("reset", {})
        if self._trouble:
            self._trouble = ""
            self._log.publish("database", {"reachable": True})
        for change in changes:
            self.changed(change.thread_id)
            if self._projects is not None:
                self._projects.note(change.thread_id, change.project)
            self._log.publish("run", change.document, change.project)
        return self.every_s

    def _failed(self, message: str, rest_s: float) -> float:
        if message and message != self._trouble:
            logger.warning("the board cannot look for changes: %s", message)
            self._log.publish("database", {"reachable": False})
        self._trouble = message
        return rest_s

    def _is_wanted(self) -> bool:
        return self._log.listeners > 0 or self._now() - self._asked_at < _NOBODY_S
