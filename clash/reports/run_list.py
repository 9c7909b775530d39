"""All runs, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from clash.config import Settings
from clash.database.port import Database, Rows
from clash.database.reading import run_row
from clash.database.rows import RunRow
from clash.database.run_rows import RunFilter, run_rows, step_counts_of_runs
from clash.database.run_views import in_projects
from clash.documents.run_list import RunList
from clash.money import usd_text
from clash.reports.rows import Damaged, budget_of, forked_from, lease_item, progress_of, read, waiting_for
from clash.vocabulary import INTERRUPTED, RunStatus, standing


async def list_runs(
    settings: Settings,
    *,
    status: str | None = None,
    limit: int | None = None,
    search: str = "",
    offset: int = 0,
    project: str | None = None,
    projects: tuple[str, ...] | None = None,
    batch: str | None = None,
) -> RunList:
    """All runs, newest first. A run's `lease` says who holds it, or held it when its process died (`live` false).

    `status`: only such runs; `running` has those whose process died too, `interrupted` has these alone. `search`: only
    those with this text in their thread id, title or story. `offset`: without the newest ones. `project`, `batch`: only
    those that belong to it. `projects`: those of which may be told at all; None: every project.
    """
    # Whether a process still lives is not in the table: of those that it has as running, the dead ones are picked here.
    interrupted = status == INTERRUPTED
    wanted = RunFilter(status, search, limit, offset, project, batch)
    if interrupted:
        wanted = RunFilter(RunStatus.RUNNING, search, project=project, batch=batch)

    async def question(database: Database) -> tuple[Rows, dict[str, dict[str, int]]]:
        seen = in_projects(database, projects)
        return await asyncio.gather(run_rows(seen, wanted), step_counts_of_runs(seen, wanted))

    rows, counts = await read(settings, question)
    damaged = Damaged()
    items = [_run_summary(run, counts.get(run.run_id, {})) for run in damaged.runs(rows)]
    if interrupted:
        items = [item for item in items if standing(item) == INTERRUPTED]
        items = items[offset : None if limit is None else offset + limit]
    return RunList.of({"items": items, "damaged": damaged.items})


async def held_by(settings: Settings, thread_id: str) -> str:
    """The process that holds a run, in words; "" if none does. Raises `NotFoundError`."""
    item = lease_item(await read(settings, lambda database: run_row(database, thread_id)))
    return f"process {item['pid']} on {item['host']}" if item is not None and item["live"] else ""


def _run_summary(run: RunRow, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "thread_id": run.run_id,
        "project": run.project,
        "batch": run.batch,
        "status": run.status.value,
        "workflow_name": run.workflow_name,
        "story": run.story_path,
        "title": run.story_title,
        "started_at": run.start_time,
        "ended_at": run.end_time,
        "updated_at": run.updated_at,
        "cost_usd": usd_text(run.spent_micro),
        "budget_usd": budget_of(run),
        "steps_done": sum(1 for step, total in run.step_totals.items() if counts.get(step, 0) >= total),
        "progress": progress_of(run, counts),
        "waiting_for": waiting_for(run),
        "lease": lease_item(run),
        "error": run.error_message,
        "forked_from": forked_from(run),
    }
