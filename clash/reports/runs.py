"""Runs: all of them, one in full, and the document that a run ends with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from clash.assets import AssetStore, local_assets
from clash.config import Settings
from clash.database import audit, reading, settlements
from clash.database.lease import is_held
from clash.database.port import Database, Row
from clash.documents.runs import RunDetails, RunList
from clash.money import usd_text
from clash.reports.files import film_of, folder_of, output_item
from clash.reports.rows import Damaged, budget_of, call_item, estimate_of, file_of, read, settlement_item, sums_item


async def list_runs(settings: Settings, *, status: str | None = None, limit: int | None = None) -> RunList:
    """All runs, newest first. A run's `lease` says who holds it, or held it when its process died (`live` false)."""
    rows, counts = await read(
        settings,
        lambda database: asyncio.gather(
            reading.run_rows(database, status=status, limit=limit),
            reading.step_counts_of_runs(database, status=status, limit=limit),
        ),
    )
    damaged = Damaged()
    sound = damaged.sound("workflow_executions", rows)
    items = [_run_summary(row, counts.get(str(row["run_id"]), {})) for row in sound]
    return RunList.of({"items": items, "damaged": damaged.items})


def _run_summary(row: Row, counts: Mapping[str, int]) -> dict[str, Any]:
    totals = json.loads(row["metadata"]).get("totals", {})
    return {
        "thread_id": row["run_id"],
        "status": row["status"],
        "workflow_name": row["workflow_name"],
        "story": row["story_path"],
        "title": row["story_title"],
        "started_at": row["start_time"],
        "ended_at": row["end_time"],
        "updated_at": row["updated_at"],
        "cost_usd": usd_text(row["spent_micro"]),
        "budget_usd": budget_of(row),
        "steps_done": sum(1 for step, total in totals.items() if counts.get(step, 0) >= total),
        "lease": _lease(row),
        "error": row["error_message"],
    }


def _lease(row: Row) -> dict[str, Any] | None:
    if not row["lease_owner"]:
        return None
    host, _, rest = str(row["lease_owner"]).partition("/")
    return {"host": host, "pid": rest.partition("/")[0], "expires_at": row["lease_expires_at"], "live": is_held(row)}


async def show_run(settings: Settings, thread_id: str) -> RunDetails:
    """One run, with every attempt at every call. Raises `NotFoundError`."""
    assets, damaged = local_assets(settings), Damaged()
    row, by_step, report, calls, settled = await read(
        settings,
        lambda database: asyncio.gather(
            reading.run_row(database, thread_id),
            reading.call_sums(database, thread_id, "step"),
            run_document(database, thread_id, assets, damaged),
            reading.call_rows(database, thread_id),
            settlements.settlements_of(database, thread_id),
        ),
    )
    return RunDetails.of(
        {
            "thread_id": thread_id,
            "status": row["status"],
            "workflow_name": row["workflow_name"],
            "graph_version": row["graph_version"],
            "story": {"path": row["story_path"], "sha256": row["story_sha256"], "title": row["story_title"]},
            "started_at": row["start_time"],
            "ended_at": row["end_time"],
            "updated_at": row["updated_at"],
            "settings": json.loads(row["settings"]),
            "cost_usd": usd_text(row["spent_micro"]),
            "estimate_usd": estimate_of(row),
            "reserved_usd": usd_text(row["reserved_micro"]),
            "budget_usd": budget_of(row),
            "lease": _lease(row),
            "error": _stored_error(row),
            "progress": report["steps"],
            "steps": [sums_item(item, "step") for item in by_step],
            "film": report["film"],
            "unknown": report["unknown"],
            "failed_paid": report["failed_paid"],
            "metadata": json.loads(row["metadata"]),
            "calls": [call_item(item, assets) for item in damaged.sound("api_logs", calls)],
            "settlements": [settlement_item(item) for item in damaged.sound("call_settlements", settled)],
            "damaged": damaged.items,
        }
    )


def _stored_error(row: Row) -> dict[str, Any] | None:
    if not row["error_code"]:
        return None
    return {"code": row["error_code"], "message": row["error_message"]}


async def run_document(
    database: Database, thread_id: str, assets: AssetStore, damaged: Damaged | None = None
) -> dict[str, Any]:
    """The document of `clash run` and `clash resume`, as far as the tables know it; `error` is None.

    Rows that cannot be told are left out, and noted in `damaged`.
    """
    damaged = damaged or Damaged()
    row, files, checkpoints, counts, unknown, failed = await asyncio.gather(
        reading.run_row(database, thread_id),
        reading.asset_rows(database, thread_id),
        reading.checkpoint_items(database, thread_id, limit=1, on_fault=partial(damaged.note, "checkpoint_metadata")),
        reading.step_counts(database, thread_id),
        audit.unknown_rows(database, thread_id),
        audit.failed_paid_rows(database, thread_id),
    )
    folder, files = folder_of(row), damaged.sound("generated_assets", files)
    return {
        "thread_id": thread_id,
        "status": row["status"],
        "checkpoint_id": checkpoints[0]["checkpoint_id"] if checkpoints else None,
        "steps": _steps(row, counts),
        "cost": {"total_usd": usd_text(row["spent_micro"]), "budget_usd": budget_of(row)},
        "film": film_of(folder, files),
        "outputs": [output for file in files if (output := output_item(folder, file))],
        "unknown": [_unknown(row) for row in damaged.sound("api_logs", unknown)],
        "failed_paid": [_failed_paid(row, assets) for row in damaged.sound("api_logs", failed)],
        "waiting_for": None,
        "warnings": list(json.loads(row["settings"]).get("warnings", ())),
        "error": None,
    }


def _steps(row: Row, counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    totals: Mapping[str, int] = json.loads(row["metadata"]).get("totals", {})
    return {step: {"done": min(counts.get(step, 0), total), "total": total} for step, total in totals.items()}


def _unknown(row: Row) -> dict[str, Any]:
    """A call of which only the provider's own record tells whether its quoted cost was paid."""
    return {
        "id": row["id"],
        "step": row["step"],
        "slot": row["slot"],
        "service": row["service"],
        "model": row["model"],
        "started_at": row["started_at"],
        "quoted_cost_usd": usd_text(row["quoted_cost_micro"]),
        "idempotency_key": row["token"],
        "job_id": row["job_id"],
        "error": row["error_message"],
    }


def _failed_paid(row: Row, assets: AssetStore) -> dict[str, Any]:
    """A call that cost money and failed. `file`: what came, kept for a complaint."""
    return {
        **_unknown(row),
        "cost_usd": usd_text(row["cost_micro"]),
        "file": file_of(row, assets),
        "error_code": row["error_code"],
    }
