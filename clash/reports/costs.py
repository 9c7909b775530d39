"""What runs cost, summed in every way."""

from __future__ import annotations

from typing import Any

from clash.config import Settings
from clash.database import audit, reading
from clash.database.port import Database, Row
from clash.money import usd_text
from clash.reports.rows import budget_of, call_item, estimate_of, opened, sums_item

_BY = ("step", "provider", "model", "day")


async def cost(settings: Settings, thread_id: str | None = None, *, calls: bool = False) -> dict[str, Any]:
    """What a run cost, or all of them, summed in every way. Raises `NotFoundError`."""
    async with opened(settings) as database:
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
            document[f"by_{column}"] = [sums_item(item, column) for item in rows]
        document["by_precision"] = await _by_precision(database, thread_id)
        if calls:
            document["calls_list"] = [call_item(item) for item in await reading.call_rows(database, thread_id)]
        return document


def _totals(row: Row, totals: Row) -> dict[str, Any]:
    """What a run cost, was thought to cost and may yet have cost.

    `reserved_usd` is held for the calls that are open or unknown, whose quotes `unknown_usd` sums.
    """
    return {
        "total_usd": usd_text(int(totals["cost_micro"])),
        "estimate_usd": estimate_of(row),
        "reserved_usd": usd_text(row["reserved_micro"]),
        "unknown_usd": usd_text(int(totals["unknown_micro"])),
        "budget_usd": budget_of(row),
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
        document[f"by_{column}"] = [sums_item(item, column) for item in await reading.call_sums(database, None, column)]
    document["by_precision"] = await _by_precision(database, None)
    return document
