"""What happened, read from the tables: the JSON documents of the command line, as plain values.

Nothing here runs a graph or imports one. Every function opens the database read-only, so a mistyped path is an
error and never a new file. Documents follow docs/commands.md; the caller adds `schema`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from clash.assets import AssetStore, local_assets, published_path
from clash.config import Settings
from clash.database import audit, init_database, reading
from clash.database.connection import is_d1, open_database, sqlite_path
from clash.database.lease import is_held
from clash.database.migrations import applied_migrations, known_migrations, pending_migrations, require_current
from clash.database.port import Database, Row
from clash.errors import NotFoundError
from clash.hints import command
from clash.money import usd_text

_BY = ("step", "provider", "model", "day")
_OUTPUT_KINDS = {
    "film", "screenplay", "character_image", "location_image", "keyframe", "shot", "subtitles", "contact_sheet",
}  # fmt: skip


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncGenerator[Database]:
    async with open_database(settings.database_url, "read") as database:
        await require_current(database)
        yield database


# -- runs --------------------------------------------------------------------------------------------------------


async def list_runs(settings: Settings, *, status: str | None = None, limit: int | None = None) -> dict[str, Any]:
    """All runs, newest first. A run's `lease` says who holds it, or held it when its process died (`live` false)."""
    async with _reading(settings) as database:
        rows = await reading.run_rows(database, status=status, limit=limit)
        return {"items": [await _run_summary(database, row) for row in rows]}


async def _run_summary(database: Database, row: Row) -> dict[str, Any]:
    counts = await reading.step_counts(database, str(row["run_id"]))
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
        "budget_usd": _budget(row),
        "steps_done": sum(1 for step, total in totals.items() if counts.get(step, 0) >= total),
        "lease": _lease(row),
        "error": row["error_message"],
    }


def _budget(row: Row) -> str | None:
    return None if row["budget_micro"] is None else usd_text(row["budget_micro"])


def _estimate(row: Row) -> str | None:
    estimate = json.loads(row["metadata"]).get("estimate_micro")
    return None if estimate is None else usd_text(int(estimate))


def _lease(row: Row) -> dict[str, Any] | None:
    if not row["lease_owner"]:
        return None
    host, _, rest = str(row["lease_owner"]).partition("/")
    return {"host": host, "pid": rest.partition("/")[0], "expires_at": row["lease_expires_at"], "live": is_held(row)}


async def show_run(settings: Settings, thread_id: str) -> dict[str, Any]:
    """One run, with every attempt at every call. Raises `NotFoundError`."""
    async with _reading(settings) as database:
        row = await reading.run_row(database, thread_id)
        by_step = await reading.call_sums(database, thread_id, "step")
        report = await run_document(database, thread_id)
        return {
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
            "estimate_usd": _estimate(row),
            "reserved_usd": usd_text(row["reserved_micro"]),
            "budget_usd": _budget(row),
            "lease": _lease(row),
            "error": _stored_error(row),
            "progress": report["steps"],
            "steps": [_sums(item, "step") for item in by_step],
            "film": report["film"],
            "unknown": report["unknown"],
            "metadata": json.loads(row["metadata"]),
            "calls": [_call(item) for item in await reading.call_rows(database, thread_id)],
        }


def _stored_error(row: Row) -> dict[str, Any] | None:
    if not row["error_code"]:
        return None
    return {"code": row["error_code"], "message": row["error_message"]}


def _call(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "step": row["step"],
        "slot": row["slot"],
        "kind": row["kind"],
        "service": row["service"],
        "model": row["model"],
        "state": row["state"],
        "attempt": row["attempt"],
        "reused": bool(row["reused"]),
        "quoted_cost_usd": usd_text(row["quoted_cost_micro"]),
        "cost_usd": usd_text(row["cost_micro"]),
        "precision": row["precision"],
        "duration_ms": row["duration_ms"],
        "status_code": row["status_code"],
        "job_id": row["job_id"],
        "error_code": row["error_code"],
        "error": row["error_message"],
        "started_at": row["started_at"],
        "ended_at": row["ended_at"],
    }


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
        "error": row["error_message"],
    }


# -- what a run made ---------------------------------------------------------------------------------------------


async def run_document(database: Database, thread_id: str) -> dict[str, Any]:
    """The document of `clash run` and `clash resume`, as far as the tables know it; `error` is None."""
    row = await reading.run_row(database, thread_id)
    folder = Path(json.loads(row["settings"]).get("output", "output")) / thread_id
    assets = await reading.asset_rows(database, thread_id)
    checkpoints = await reading.checkpoint_items(database, thread_id, limit=1)
    return {
        "thread_id": thread_id,
        "status": row["status"],
        "checkpoint_id": checkpoints[0]["checkpoint_id"] if checkpoints else None,
        "steps": await _steps(database, row),
        "cost": {"total_usd": usd_text(row["spent_micro"]), "budget_usd": _budget(row)},
        "film": _film(folder, assets),
        "outputs": [output for asset in assets if (output := _output(folder, asset))],
        "unknown": [_unknown(row) for row in await audit.unknown_rows(database, thread_id)],
        "error": None,
    }


async def _steps(database: Database, row: Row) -> dict[str, dict[str, int]]:
    counts = await reading.step_counts(database, str(row["run_id"]))
    totals: Mapping[str, int] = json.loads(row["metadata"]).get("totals", {})
    return {step: {"done": min(counts.get(step, 0), total), "total": total} for step, total in totals.items()}


def _film(folder: Path, assets: list[Row]) -> dict[str, Any] | None:
    for asset in assets:
        if asset["asset_type"] == "film":
            path = published_path(folder, "film", "film", "video/mp4")
            facts = json.loads(asset["facts"])
            return {"path": _text(path), "sha256": asset["sha256"], "duration_s": facts.get("duration_s")}
    return None


def _output(folder: Path, asset: Row) -> dict[str, Any] | None:
    if asset["asset_type"] not in _OUTPUT_KINDS:
        return None
    path = published_path(folder, asset["asset_type"], asset["slot"], asset["media_type"])
    return {"kind": asset["asset_type"], "slot": asset["slot"], "path": _text(path), "sha256": asset["sha256"]}


def _text(path: Path | None) -> str | None:
    return None if path is None else path.as_posix()


async def list_assets(settings: Settings, thread_id: str) -> dict[str, Any]:
    """All files of a run, with where they are. Raises `NotFoundError`."""
    async with _reading(settings) as database:
        row = await reading.run_row(database, thread_id)
        folder = Path(json.loads(row["settings"]).get("output", "output")) / thread_id
        store = local_assets(settings)
        items = [_asset(folder, store, asset) for asset in await reading.asset_rows(database, thread_id)]
        return {"thread_id": thread_id, "items": items}


def _asset(folder: Path, store: AssetStore, row: Row) -> dict[str, Any]:
    # A workflow of one's own may keep its files elsewhere, and says where itself.
    ours = row["path"] == store.relative_path(row["sha256"])
    return {
        "slot": row["slot"],
        "kind": row["asset_type"],
        "media_type": row["media_type"],
        "sha256": row["sha256"],
        "path": _text(published_path(folder, row["asset_type"], row["slot"], row["media_type"])),
        "stored_path": (store.root / row["path"]).as_posix() if ours else row["path"],
        "bytes": row["bytes"],
        "facts": json.loads(row["facts"]),
        "step": row["step"],
        "cost_usd": usd_text(row["cost_micro"]),
        "created_at": row["created_at"],
    }


# -- checkpoints -------------------------------------------------------------------------------------------------


async def list_checkpoints(settings: Settings, thread_id: str, *, limit: int | None = None) -> dict[str, Any]:
    """The checkpoints of a thread, newest first. Raises `NotFoundError`."""
    async with _reading(settings) as database:
        await reading.run_row(database, thread_id)
        return {"thread_id": thread_id, "items": await reading.checkpoint_items(database, thread_id, limit=limit)}


async def show_checkpoint(settings: Settings, thread_id: str, checkpoint_id: str | None = None) -> dict[str, Any]:
    """One checkpoint with its state; the newest if none is named. Raises `NotFoundError`."""
    async with _reading(settings) as database:
        await reading.run_row(database, thread_id)
        items = await reading.checkpoint_items(database, thread_id, limit=1, checkpoint_id=checkpoint_id)
        if not items:
            which = f"checkpoint {checkpoint_id}" if checkpoint_id else "checkpoint yet"
            raise NotFoundError(
                f"the thread {thread_id} has no {which}", hint=f"`{command('checkpoints ls', thread_id)}` lists them"
            )
        item = items[0]
        checkpoint, metadata = await reading.load_checkpoint(database, thread_id, item["checkpoint_id"])
        values = {name: value for name, value in checkpoint["channel_values"].items() if not _internal(name)}
        return {
            "thread_id": thread_id,
            **item,
            "values": json.loads(json.dumps(values, ensure_ascii=False, default=str)),
            "pending": await reading.pending_writes(database, thread_id, item["checkpoint_id"]),
            "metadata": dict(metadata),
        }


def _internal(channel: str) -> bool:
    return channel.startswith(("__", "branch:"))


# -- cost --------------------------------------------------------------------------------------------------------


async def cost(settings: Settings, thread_id: str | None = None, *, calls: bool = False) -> dict[str, Any]:
    """What a run cost, or all of them, summed in every way. Raises `NotFoundError`."""
    async with _reading(settings) as database:
        if thread_id is None:
            return await _cost_of_all(database)
        row = await reading.run_row(database, thread_id)
        document: dict[str, Any] = {
            "thread_id": thread_id,
            "currency": "USD",
            **_totals(row, await audit.totals_of(database, thread_id)),
        }
        for column in _BY:
            rows = await reading.call_sums(database, thread_id, column)
            document[f"by_{column}"] = [_sums(item, column) for item in rows]
        document["by_precision"] = await _by_precision(database, thread_id)
        if calls:
            document["calls_list"] = [_call(item) for item in await reading.call_rows(database, thread_id)]
        return document


def _totals(row: Row, totals: Row) -> dict[str, Any]:
    """What a run cost, was thought to cost and may yet have cost.

    `reserved_usd` is held for the calls that are open or unknown, whose quotes `unknown_usd` sums.
    """
    return {
        "total_usd": usd_text(int(totals["cost_micro"])),
        "estimate_usd": _estimate(row),
        "reserved_usd": usd_text(row["reserved_micro"]),
        "unknown_usd": usd_text(int(totals["unknown_micro"])),
        "budget_usd": _budget(row),
        "calls": int(totals["calls"]),
        "failed_calls": int(totals["failed"]),
        "reused_calls": int(totals["reused"]),
        "unknown_calls": int(totals["unknown"]),
    }


async def _by_precision(database: Database, thread_id: str | None) -> list[dict[str, Any]]:
    return [
        {"precision": row["name"], "calls": int(row["calls"]), "cost_usd": usd_text(int(row["cost_micro"]))}
        for row in await audit.sums_by_precision(database, thread_id)
    ]


async def _cost_of_all(database: Database) -> dict[str, Any]:
    totals = await audit.totals_by_run(database)
    items = [
        {
            "thread_id": row["run_id"],
            "status": row["status"],
            **_totals(row, totals.get(str(row["run_id"]), audit.NO_CALLS)),
            "started_at": row["start_time"],
        }
        for row in await reading.run_rows(database)
    ]
    total = sum(int(row["cost_micro"]) for row in totals.values())
    document: dict[str, Any] = {"currency": "USD", "total_usd": usd_text(total), "items": items}
    for column in _BY:
        document[f"by_{column}"] = [_sums(item, column) for item in await reading.call_sums(database, None, column)]
    document["by_precision"] = await _by_precision(database, None)
    return document


def _sums(row: Row, name: str) -> dict[str, Any]:
    return {
        name: row["name"],
        "calls": int(row["calls"]),
        "failed_calls": int(row["failed"]),
        "reused_calls": int(row["reused"]),
        "cost_usd": usd_text(int(row["cost_micro"])),
        "duration_ms": int(row["duration_ms"]),
    }


# -- the database itself -----------------------------------------------------------------------------------------


async def database_status(settings: Settings) -> dict[str, Any]:
    """Which migrations are applied and pending, and how much the database holds. Raises `NotFoundError`."""
    path = None if is_d1(settings.database_url) else sqlite_path(settings.database_url)
    async with open_database(settings.database_url, "read") as database:
        applied = await applied_migrations(database)
        pending = await pending_migrations(database)
        return {
            "url": database.url,
            "kind": "d1" if path is None else "sqlite",
            "path": path and path.as_posix(),
            "size_bytes": database.size_bytes,
            "applied": [{"name": item.name, "applied_at": item.applied_at} for item in applied],
            "pending": [item.name for item in pending],
            "rows": await reading.row_counts(database),
        }


def _shown(url: str) -> str:
    return url if is_d1(url) else f"sqlite:///{sqlite_path(url).as_posix()}"


async def initialize_database(settings: Settings) -> dict[str, Any]:
    """Make or upgrade the database; what was applied."""
    created, applied = await init_database(settings.database_url)
    return {
        "url": _shown(settings.database_url),
        "created": created,
        "applied": list(applied),
        "known": [migration.name for migration in known_migrations()],
    }
