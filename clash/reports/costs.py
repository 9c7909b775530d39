"""What runs cost, summed in every way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clash.config import Settings
from clash.database import audit, reading, settlements
from clash.database.port import Database
from clash.database.project_costs import sums_by_project
from clash.database.removed_runs import CostOfRemoved, costs_of_removed
from clash.database.rows import RunRow
from clash.database.run_rows import run_rows
from clash.database.run_views import in_batch, in_projects
from clash.documents.costs import SumsOfRun
from clash.errors import NotFoundError
from clash.money import usd_text
from clash.reports.rows import Damaged, budget_of, call_item, estimate_of, read, settlement_item, sums_item

if TYPE_CHECKING:
    from clash.documents.costs_of_runs import CostOfAll, CostOfBatch

_BY = ("step", "provider", "model", "day")


async def cost(
    settings: Settings,
    thread_id: str | None = None,
    *,
    calls: bool = False,
    projects: tuple[str, ...] | None = None,
) -> SumsOfRun | CostOfAll:
    """What a run cost, or all of them, summed in every way. Raises `NotFoundError`.

    `projects`: those whose runs may be told of at all; None: every project.
    """
    if thread_id is None:
        return await read(settings, lambda database: _cost_of_all(in_projects(database, projects)))
    return await read(settings, lambda database: _cost_of_named(database, thread_id, settings, calls=calls))


async def _cost_of_named(database: Database, name: str, settings: Settings, *, calls: bool) -> SumsOfRun:
    """What a run cost. Raises `NotFoundError`: of the name of a batch with the command that sums it."""
    from clash.database.batches import find_batch

    try:
        return await _cost_of_run(database, name, settings, calls=calls)
    except NotFoundError as error:
        if error.code != NotFoundError.code or await find_batch(database, name) is None:
            raise
        raise error.with_(hint=f"it is a batch: `clash cost --batch {name}`") from None


async def _cost_of_run(database: Database, thread_id: str, settings: Settings, *, calls: bool) -> SumsOfRun:
    damaged = Damaged()
    (run, totals, sums, unsound), made = await asyncio.gather(
        asyncio.gather(
            reading.run_row(database, thread_id),
            audit.totals_of(database, thread_id),
            _sums_in_every_way(database, thread_id),
            audit.unsound_calls(database, thread_id),
        ),
        asyncio.gather(
            *(
                (
                    reading.call_rows(database, thread_id),
                    settlements.settlements_of(database, thread_id),
                    reading.asset_rows(database, thread_id),
                )
                if calls
                else ()
            )
        ),
    )
    document: dict[str, Any] = {
        "thread_id": thread_id,
        "project": run.project,
        "currency": "USD",
        **_totals(run, totals),
        **sums,
    }
    damaged.sound("api_logs", unsound)
    if not calls:
        return SumsOfRun.of({**document, "damaged": damaged.items})
    # With the models of calls and of a screenplay, which take longer to import than the sums to add up.
    from clash.assets import local_assets
    from clash.documents.cost_of_run import CostOfRun
    from clash.reports.shot_labels import read_labels

    (rows, settled, files), assets = made, local_assets(settings)
    labels = await read_labels(assets, run, Damaged().assets(files))
    document["calls_list"] = [call_item(call, assets, labels) for call in damaged.calls(rows)]
    document["settlements"] = [settlement_item(item) for item in damaged.settlements(settled)]
    return CostOfRun.of({**document, "damaged": damaged.items})


async def _cost_of_all(database: Database) -> CostOfAll:
    from clash.documents.costs_of_runs import CostOfAll

    return CostOfAll.of(await _facts_of_all(database))


async def _facts_of_all(database: Database) -> dict[str, Any]:
    """What all runs of a database cost, or those of a view."""
    damaged = Damaged()
    (totals, rows, sums), (unsound, removed) = await asyncio.gather(
        asyncio.gather(audit.totals_by_run(database), run_rows(database), _sums_in_every_way(database, None)),
        asyncio.gather(audit.unsound_calls(database), costs_of_removed(database)),
    )
    items = [_item(run, totals) for run in damaged.runs(rows)]
    damaged.sound("api_logs", unsound)
    total = sum(of_run.cost_micro for of_run in (*totals.values(), *removed))
    document: dict[str, Any] = {"currency": "USD", "total_usd": usd_text(total), "items": items, **sums}
    return {**document, "removed": [_removed_item(run) for run in removed], "damaged": damaged.items}


def _removed_item(removed: CostOfRemoved) -> dict[str, Any]:
    """What a run cost that was removed since."""
    return {
        "thread_id": removed.run.thread_id,
        "project": removed.project,
        "title": removed.run.story_title,
        "started_at": removed.run.start_time,
        "removed_at": removed.run.removed_at,
        "removed_by": removed.run.removed_by,
        "total_usd": usd_text(removed.cost_micro),
        "unknown_usd": usd_text(removed.unknown_micro),
        "calls": removed.calls,
        "failed_calls": removed.failed,
        "reused_calls": removed.reused,
        "unknown_calls": removed.unknown,
    }


async def cost_of_batch(settings: Settings, name: str) -> CostOfBatch:
    """What a batch cost, and each of its runs. Raises `NotFoundError`."""
    return await read(settings, lambda database: _cost_of_batch(database, name))


async def _cost_of_batch(database: Database, name: str) -> CostOfBatch:
    from clash.database.batches import find_batch
    from clash.documents.costs_of_runs import CostOfBatch

    batch, facts = await asyncio.gather(find_batch(database, name), _facts_of_all(in_batch(database, name)))
    if batch is None:
        raise NotFoundError(f"there is no batch {name}", hint="`clash runs ls` lists the runs")
    return CostOfBatch.of(
        {
            **facts,
            "batch": name,
            "total_usd": usd_text(batch.spent_micro),
            "reserved_usd": usd_text(batch.reserved_micro),
            "budget_usd": None if batch.budget_micro is None else usd_text(batch.budget_micro),
        }
    )


def _item(run: RunRow, totals: Mapping[str, audit.CallTotals]) -> dict[str, Any]:
    return {
        "thread_id": run.run_id,
        "project": run.project,
        "status": run.status.value,
        **_totals(run, totals.get(run.run_id, audit.CallTotals(run.run_id))),
        "started_at": run.start_time,
    }


async def _sums_in_every_way(database: Database, thread_id: str | None) -> dict[str, Any]:
    """`by_step`, `by_provider` and so on, of one run or of all."""
    by_precision, by_project, sums = await asyncio.gather(
        audit.sums_by_precision(database, thread_id),
        sums_by_project(database, thread_id),
        asyncio.gather(*(reading.call_sums(database, thread_id, column) for column in _BY)),
    )
    document: dict[str, Any] = {
        f"by_{column}": [sums_item(group, column) for group in groups] for column, groups in zip(_BY, sums, strict=True)
    }
    document["by_project"] = [sums_item(group, "project") for group in by_project]
    document["by_precision"] = [_precision_item(group) for group in by_precision]
    return document


def _precision_item(group: audit.PrecisionSum) -> dict[str, Any]:
    return {"precision": group.precision, "calls": group.calls, "cost_usd": usd_text(group.cost_micro)}


def _totals(run: RunRow, totals: audit.CallTotals) -> dict[str, Any]:
    """What a run cost, was thought to cost and may yet have cost.

    `reserved_usd` is held for the calls that are open or unknown, whose quotes `unknown_usd` sums.
    """
    return {
        "total_usd": usd_text(totals.cost_micro),
        "estimate_usd": estimate_of(run),
        "reserved_usd": usd_text(run.reserved_micro),
        "unknown_usd": usd_text(totals.unknown_micro),
        "budget_usd": budget_of(run),
        "calls": totals.calls,
        "failed_calls": totals.failed,
        "reused_calls": totals.reused,
        "unknown_calls": totals.unknown,
    }
