"""Runs: one in full, and the document that a run ends with."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from clash.assets import AssetStore, local_assets
from clash.config import Settings
from clash.database import audit, reading, settlements
from clash.database.port import Database
from clash.database.rows import CallRow, RunRow
from clash.database.run_rows import step_counts
from clash.documents.runs import RunDetails
from clash.editing.slots import place_in_film
from clash.money import usd_text
from clash.reports.files import film_of, folder_of, output_item
from clash.reports.rows import (
    Damaged,
    budget_of,
    call_item,
    estimate_of,
    file_of,
    forked_from,
    lease_item,
    progress_of,
    read,
    settlement_item,
    sums_item,
)
from clash.reports.shot_labels import read_labels


async def show_run(settings: Settings, thread_id: str) -> RunDetails:
    """One run, with every attempt at every call. Raises `NotFoundError`."""
    assets, damaged = local_assets(settings), Damaged()
    run, by_step, report, calls, settled, files = await read(
        settings,
        lambda database: asyncio.gather(
            reading.run_row(database, thread_id),
            reading.call_sums(database, thread_id, "step"),
            run_document(database, thread_id, assets, damaged),
            reading.call_rows(database, thread_id),
            settlements.settlements_of(database, thread_id),
            reading.asset_rows(database, thread_id),
        ),
    )
    labels = await read_labels(assets, run, Damaged().assets(files))
    return RunDetails.of(
        {
            "thread_id": thread_id,
            "project": run.project,
            "status": run.status.value,
            "workflow_name": run.workflow_name,
            "graph_version": run.graph_version,
            "forked_from": forked_from(run),
            "story": {"path": run.story_path, "sha256": run.story_sha256, "title": run.story_title},
            "started_at": run.start_time,
            "ended_at": run.end_time,
            "updated_at": run.updated_at,
            "settings": run.settings,
            "cost_usd": usd_text(run.spent_micro),
            "estimate_usd": estimate_of(run),
            "reserved_usd": usd_text(run.reserved_micro),
            "budget_usd": budget_of(run),
            "lease": lease_item(run),
            "error": _stored_error(run),
            "progress": report["steps"],
            "steps": [sums_item(item, "step") for item in by_step],
            "film": report["film"],
            "unknown": report["unknown"],
            "failed_paid": report["failed_paid"],
            "metadata": run.metadata,
            "calls": [call_item(call, assets, labels) for call in damaged.calls(calls)],
            "settlements": [settlement_item(item) for item in damaged.settlements(settled)],
            "damaged": damaged.items,
        }
    )


def _stored_error(run: RunRow) -> dict[str, Any] | None:
    return {"code": run.error_code, "message": run.error_message} if run.error_code else None


async def run_document(
    database: Database, thread_id: str, assets: AssetStore, damaged: Damaged | None = None
) -> dict[str, Any]:
    """The document of `clash run` and `clash resume`, as far as the tables know it; `error` is None.

    Rows that cannot be told are left out, and noted in `damaged`.
    """
    damaged = damaged or Damaged()
    run, files, checkpoints, counts, unknown, failed = await asyncio.gather(
        reading.run_row(database, thread_id),
        reading.asset_rows(database, thread_id),
        reading.checkpoint_items(database, thread_id, limit=1, on_fault=partial(damaged.note, "checkpoint_metadata")),
        step_counts(database, thread_id),
        audit.unknown_rows(database, thread_id),
        audit.failed_paid_rows(database, thread_id),
    )
    folder, made = folder_of(run), damaged.assets(files)
    in_order = sorted(made, key=lambda file: (place_in_film(file.slot), file.asset_type))
    return {
        "thread_id": thread_id,
        "project": run.project,
        "status": run.status.value,
        "checkpoint_id": checkpoints[0]["checkpoint_id"] if checkpoints else None,
        "steps": progress_of(run, counts),
        "cost": {"total_usd": usd_text(run.spent_micro), "budget_usd": budget_of(run)},
        "film": film_of(folder, made),
        "outputs": [output for file in in_order if (output := output_item(folder, file))],
        "unknown": [unknown_item(call) for call in damaged.calls(unknown)],
        "failed_paid": [failed_paid_item(call, assets) for call in damaged.calls(failed)],
        "waiting_for": None,
        "warnings": list(run.settings.get("warnings", ())),
        "error": None,
    }


def unknown_item(call: CallRow) -> dict[str, Any]:
    """A call of which only the provider's own record tells whether its quoted cost was paid."""
    return {
        "id": call.id,
        "step": call.step,
        "slot": call.slot or None,
        "service": call.service,
        "model": call.model,
        "started_at": call.started_at,
        "quoted_cost_usd": usd_text(call.quoted_cost_micro),
        "idempotency_key": call.token,
        "job_id": call.job_id,
        "error": call.error_message,
    }


def failed_paid_item(call: CallRow, assets: AssetStore) -> dict[str, Any]:
    """A call that cost money and failed. `file`: what came, kept for a complaint."""
    return {
        **unknown_item(call),
        "cost_usd": usd_text(call.cost_micro),
        "file": file_of(call, assets),
        "error_code": call.error_code,
    }
