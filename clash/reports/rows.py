"""What the reports have in common: how they ask the database, and how its rows are told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from clash.assets import AssetStore
from clash.config import Settings
from clash.database.connection import open_database
from clash.database.migrations import checked
from clash.database.port import Database, Row
from clash.database.row_checks import fault_of
from clash.money import usd_text

T = TypeVar("T")


async def read(settings: Settings, question: Callable[[Database], Awaitable[T]]) -> T:
    """The answer to a question, asked of the database together with whether its schema is the one known here.

    It is opened to be read: a mistyped path is an error and never a new file. What a question reads together
    (`asyncio.gather`) is one request on D1, and the check goes in it.
    """
    async with open_database(settings.database_url, "read") as database:
        return await checked(database, question(database))


class Damaged:
    """The rows that a report leaves out, each with what is wrong with it: the document's `damaged`."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def sound(self, table: str, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that can be told; the others are noted."""
        found: list[Row] = []
        for row in rows:
            if fault := fault_of(table, row):
                self.note(table, row, fault)
            else:
                found.append(row)
        return found

    def note(self, table: str, row: Row, fault: str) -> None:
        """Note a row that is left out."""
        item = {
            "table": table,
            "thread_id": _name(row.get("run_id")),
            "id": row.get("id") if isinstance(row.get("id"), int) else None,
            "name": _name(row.get("slot") or row.get("checkpoint_id")),
            "fault": fault,
        }
        if item not in self.items:
            self.items.append(item)


def _name(value: object) -> str | None:
    """A name that may be anything, as text that every document takes."""
    return None if value is None else str(value).encode("utf-8", "replace").decode("utf-8")


def budget_of(row: Row) -> str | None:
    """A run's budget in dollars."""
    return None if row["budget_micro"] is None else usd_text(row["budget_micro"])


def estimate_of(row: Row) -> str | None:
    """What a run was thought to cost before its first call, in dollars."""
    estimate = json.loads(row["metadata"]).get("estimate_micro")
    return None if estimate is None else usd_text(int(estimate))


def call_item(row: Row, assets: AssetStore) -> dict[str, Any]:
    """One attempt at a call. `file`: where what it brought is kept, also if the call failed for it."""
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
        "idempotency_key": row["token"],
        "file": file_of(row, assets),
        "error_code": row["error_code"],
        "error": row["error_message"],
        "started_at": row["started_at"],
        "ended_at": row["ended_at"],
    }


def settlement_item(row: Row) -> dict[str, Any]:
    """What a person has said of a call, when, and how the call stood before."""
    return {
        "slot": row["slot"],
        "idempotency_key": row["call"],
        "settled_at": row["settled_at"],
        "settled_by": row["settled_by"],
        "billed_usd": usd_text(row["billed_micro"]),
        "was_state": row["was_state"],
        "was_cost_usd": usd_text(row["was_cost_micro"]),
        "was_held_usd": usd_text(row["was_held_micro"]),
        "was_error": row["was_error"],
    }


def file_of(row: Row, assets: AssetStore) -> str | None:
    """Where the file of a call is in the asset store."""
    digest = row["asset_sha256"]
    return (assets.root / assets.relative_path(digest)).as_posix() if digest else None


def sums_item(row: Row, name: str) -> dict[str, Any]:
    """What the calls of a group sum up to; `name` is what they are grouped by."""
    return {
        name: row["name"],
        "calls": int(row["calls"]),
        "failed_calls": int(row["failed"]),
        "reused_calls": int(row["reused"]),
        "cost_usd": usd_text(int(row["cost_micro"])),
        "duration_ms": int(row["duration_ms"]),
    }
