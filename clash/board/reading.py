"""The documents of the board's pages and of its API, each read once for all who look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from clash.access import EVERYTHING, Access
from clash.board.kept_documents import Kept, KeptDocuments
from clash.config import Settings
from clash.documents.base import Document
from clash.errors import UsageError
from clash.project_names import RULE, is_project_name
from clash.reports.checkpoints import list_checkpoints, show_checkpoint
from clash.reports.costs import cost
from clash.reports.diffs import diff_checkpoints
from clash.reports.files import list_assets
from clash.reports.on_board import run_family, run_on_board
from clash.reports.run_list import list_runs
from clash.reports.runs import show_run
from clash.reports.screenplays import screenplay_of_run
from clash.thread_ids import check_thread_id
from clash.vocabulary import INTERRUPTED, RunStatus

RUNS_PER_PAGE = 50
_MOST_PAGES = 1_000_000
_LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Reading:
    """Reads documents by name. Each raises `ClashError` as its command does."""

    settings: Settings
    documents: KeptDocuments

    async def runs(
        self,
        *,
        page: int = 1,
        status: str = "",
        search: str = "",
        limit: int = RUNS_PER_PAGE,
        project: str = "",
        projects: tuple[str, ...] | None = None,
    ) -> Kept:
        """`clash runs ls`: a page of the list, and one run more where there is one.

        `projects`: those of which may be told; None: every project. Each choice of them is kept apart.
        """
        if status and status not in (statuses := (*RunStatus, INTERRUPTED)):
            raise UsageError(f"there is no status {status[:40]!r}", hint=f"statuses are {', '.join(statuses)}")
        if project and not is_project_name(project):
            raise UsageError(f"there is no project {project[:40]!r}", hint=f"a project is {RULE}")
        search = search.strip()[:_LONGEST_SEARCH].replace("\0", "")
        page = min(max(page, 1), _MOST_PAGES)

        async def read() -> Document:
            offset = (page - 1) * limit
            return await list_runs(
                self.settings,
                status=status or None,
                search=search,
                limit=limit + 1,
                offset=offset,
                project=project or None,
                projects=projects,
            )

        return await self.documents.get(("runs", page, status, search, limit, project, projects), None, read)

    async def money(self, projects: tuple[str, ...] | None = None) -> Kept:
        """`clash cost`, of the projects of which may be told; None: of every project."""
        return await self.documents.get(("money", projects), None, lambda: cost(self.settings, projects=projects))

    async def family(self, thread_id: str, access: Access = EVERYTHING) -> Kept:
        """A run and its forks with their checkpoints: those that an account may see."""
        check_thread_id(thread_id)
        kept = await self.documents.get(
            ("family", thread_id), None, lambda: run_family(self.settings, thread_id), requests=2
        )
        return kept if kept.document is None else replace(kept, document=_seen_by(access, kept.document))

    async def on_board(self, thread_id: str, page: int = 1) -> Kept:
        """A run and a page of its shots."""
        page = min(max(page, 1), _MOST_PAGES)
        return await self._of_run("board", thread_id, lambda: run_on_board(self.settings, thread_id, page=page), page)

    async def show(self, thread_id: str) -> Kept:
        """`clash runs show`."""
        return await self._of_run("show", thread_id, lambda: show_run(self.settings, thread_id))

    async def cost(self, thread_id: str) -> Kept:
        """`clash cost THREAD`."""
        return await self._of_run("cost", thread_id, lambda: cost(self.settings, thread_id))

    async def assets(self, thread_id: str) -> Kept:
        """`clash assets ls`."""
        return await self._of_run("assets", thread_id, lambda: list_assets(self.settings, thread_id))

    async def screenplay(self, thread_id: str) -> Kept:
        """`clash screenplay show`."""
        return await self._of_run("screenplay", thread_id, lambda: screenplay_of_run(self.settings, thread_id))

    async def checkpoints(self, thread_id: str) -> Kept:
        """`clash checkpoints ls`."""
        return await self._of_run("checkpoints", thread_id, lambda: list_checkpoints(self.settings, thread_id))

    async def checkpoint(self, thread_id: str, checkpoint_id: str) -> Kept:
        """`clash checkpoints show`."""
        return await self._of_run(
            "checkpoint",
            thread_id,
            lambda: show_checkpoint(self.settings, thread_id, checkpoint_id),
            checkpoint_id,
            requests=2,
        )

    async def difference(self, thread_id: str, a: str, b: str) -> Kept:
        """`clash checkpoints diff`."""
        return await self._of_run(
            "difference", thread_id, lambda: diff_checkpoints(thread_id, a, b, self.settings), a, b, requests=2
        )

    async def takes(self, thread_id: str) -> Kept:
        """`clash takes ls`."""
        from clash import production

        return await self._of_run("takes", thread_id, lambda: production.takes(thread_id, None, self.settings))

    async def review(self, thread_id: str) -> Kept:
        """`clash review ls`."""
        from clash import production

        return await self._of_run("review", thread_id, lambda: production.review(thread_id, self.settings))

    async def _of_run(
        self, name: str, thread_id: str, read: Callable[[], Awaitable[Document]], *more: object, requests: int = 1
    ) -> Kept:
        check_thread_id(thread_id)
        return await self.documents.get((name, thread_id, *more), thread_id, read, requests=requests)


def _seen_by(access: Access, family: dict[str, Any]) -> dict[str, Any]:
    """Return a family of runs without those of projects that an account may not see."""
    runs = [run for run in family["runs"] if access.role_in(run["project"])]
    names = {run["thread_id"] for run in runs}
    return {**family, "runs": runs, "damaged": [one for one in family["damaged"] if one["thread_id"] in names]}
