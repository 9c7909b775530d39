"""In which projects runs and files are: asked before they are shown to an account that is not in every project."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from clash.access import Access, files_beside, project_of
from clash.board.read_budget import ReadBudget, busy
from clash.config import Settings

KNOWN_S = 60.0
"""Seconds that the project of a run, or of a file, is known. The poller tells of runs that change meanwhile."""
_MOST_RUNS = 10_000
_MOST_FILES = 50_000


class RunProjects:
    """Knows the projects of runs and of their files. What it remembers is bounded."""

    def __init__(self, settings: Settings, budget: ReadBudget, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._budget = budget
        self._now = now
        self._runs: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._files: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._asking = asyncio.Lock()

    def known(self, thread_id: str) -> str | None:
        """Return the project of a run, as far as it was asked or told before, however long ago."""
        found = self._runs.get(thread_id)
        return found[0] if found else None

    def note(self, thread_id: str, project: str) -> None:
        """Take note of the project of a run."""
        self._runs[thread_id] = (project, self._now() + KNOWN_S)
        self._runs.move_to_end(thread_id)
        while len(self._runs) > _MOST_RUNS:
            self._runs.popitem(last=False)

    async def of(self, thread_id: str) -> str | None:
        """Return the project of a run; None if there is no such run. Raises `DatabaseError`."""
        found = self._runs.get(thread_id)
        if found is not None and found[1] > self._now():
            return found[0]
        self._take()
        project = await project_of(self._settings, thread_id)
        if project is None:
            self._runs.pop(thread_id, None)
        else:
            self.note(thread_id, project)
        return project

    async def may_see(self, sha256: str, access: Access) -> bool:
        """Return whether a run that an account may see has this file. Raises `DatabaseError`.

        The other files of such a run are known then, too: a page of pictures asks the database once.
        """
        projects = access.projects()
        if projects is None:
            return True
        if self._has(sha256, projects):
            return True
        async with self._asking:
            if self._has(sha256, projects):
                return True
            self._take()
            found = await files_beside(self._settings, sha256, projects)
        until = self._now() + KNOWN_S
        for project, files in found.items():
            for one in (*files, sha256):
                self._files[project, one] = until
                self._files.move_to_end((project, one))
        while len(self._files) > _MOST_FILES:
            self._files.popitem(last=False)
        return bool(found)

    def _has(self, sha256: str, projects: tuple[str, ...]) -> bool:
        return any(self._files.get((project, sha256), 0.0) > self._now() for project in projects)

    def _take(self) -> None:
        if self._budget.left < 1:
            raise busy()
        self._budget.take(1)
