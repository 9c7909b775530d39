"""What the reports have in common: how they ask the database, and how its rows are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from clash.database.audit import CallSums
from clash.database.connection import open_database
from clash.database.lease import is_held
from clash.database.migrations import checked
from clash.database.port import Database, Row
from clash.database.row_checks import fault_of
from clash.database.rows import AssetRow, CallRow, RunRow
from clash.database.run_settings import ForkedFrom
from clash.database.settlements import SettlementRow
from clash.money import usd_text
from clash.vocabulary import RunStatus

if TYPE_CHECKING:
    from clash.assets import AssetStore
    from clash.config import Settings
    from clash.reports.shot_labels import ShotLabels

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

    def runs(self, rows: Iterable[Row]) -> list[RunRow]:
        """Return the runs that can be told."""
        return [RunRow.from_row(row) for row in self.sound("workflow_executions", rows)]

    def calls(self, rows: Iterable[Row]) -> list[CallRow]:
        """Return the calls that can be told."""
        return [CallRow.from_row(row) for row in self.sound("api_logs", rows)]

    def assets(self, rows: Iterable[Row]) -> list[AssetRow]:
        """Return the files that can be told."""
        return [AssetRow.from_row(row) for row in self.sound("generated_assets", rows)]

    def settlements(self, rows: Iterable[Row]) -> list[SettlementRow]:
        """Return the settlements that can be told."""
        return [SettlementRow.from_row(row) for row in self.sound("call_settlements", rows)]

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


def budget_of(run: RunRow) -> str | None:
    """A run's budget in dollars."""
    return None if run.budget_micro is None else usd_text(run.budget_micro)


def lease_item(run: RunRow) -> dict[str, Any] | None:
    """Which process holds a run, or held it when it died; None if none does."""
    if not run.lease_owner:
        return None
    host, _, rest = run.lease_owner.partition("/")
    return {"host": host, "pid": rest.partition("/")[0], "expires_at": run.lease_expires_at, "live": is_held(run)}


_WAITS_FOR = {
    "budget": "budget",
    "quota_reached": "quota",
    "review": "review",
    "unknown_call": "unknown_call",
    "failed_paid": "failed_paid",
}
"""What a run waits for, by the code of the error that stopped it."""


def waiting_for(run: RunRow) -> str | None:
    """What a run that stopped waits for; None where nobody has to decide anything."""
    stopped = run.status in (RunStatus.PAUSED, RunStatus.FAILED)
    return _WAITS_FOR.get(run.error_code or "") if stopped else None


def progress_of(run: RunRow, counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """How many of the things that each step is to make are done."""
    return {step: {"done": min(counts.get(step, 0), total), "total": total} for step, total in run.step_totals.items()}


def estimate_of(run: RunRow) -> str | None:
    """What a run was thought to cost before its first call, in dollars."""
    estimate = run.metadata.get("estimate_micro")
    return None if estimate is None else usd_text(int(estimate))


def call_item(call: CallRow, assets: AssetStore, labels: ShotLabels) -> dict[str, Any]:
    """One attempt at a call. `file`: where what it brought is kept, also if the call failed for it."""
    return {
        "id": call.id,
        "step": call.step,
        "slot": call.slot or None,
        "label": labels.of(call.slot),
        "kind": call.kind,
        "service": call.service,
        "model": call.model,
        "state": call.state.value,
        "take": call.take,
        "attempt": call.attempt,
        "reused": call.reused,
        "quoted_cost_usd": usd_text(call.quoted_cost_micro),
        "cost_usd": usd_text(call.cost_micro),
        "precision": call.precision.value,
        "duration_ms": call.duration_ms,
        "status_code": call.status_code,
        "job_id": call.job_id,
        "idempotency_key": call.token,
        "file": file_of(call, assets),
        "error_code": call.error_code,
        "error": call.error_message,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
    }


def settlement_item(settlement: SettlementRow) -> dict[str, Any]:
    """What a person has said of a call, when, and how the call stood before."""
    return {
        "slot": settlement.slot,
        "idempotency_key": settlement.call,
        "settled_at": settlement.settled_at,
        "settled_by": settlement.settled_by,
        "billed_usd": usd_text(settlement.billed_micro),
        "was_state": settlement.was_state,
        "was_cost_usd": usd_text(settlement.was_cost_micro),
        "was_held_usd": usd_text(settlement.was_held_micro),
        "was_error": settlement.was_error,
    }


def file_of(call: CallRow, assets: AssetStore) -> str | None:
    """Where the file of a call is in the asset store."""
    digest = call.asset_sha256
    return (assets.root / assets.relative_path(digest)).as_posix() if digest else None


def sums_item(sums: CallSums, name: str) -> dict[str, Any]:
    """What the calls of a group sum up to; `name` is what they are grouped by."""
    return {
        name: sums.name,
        "calls": sums.calls,
        "failed_calls": sums.failed,
        "reused_calls": sums.reused,
        "cost_usd": usd_text(sums.cost_micro),
        "duration_ms": sums.duration_ms,
    }


def forked_from(run: RunRow) -> dict[str, Any] | None:
    """What a fork was begun with; None for a run that is none, or of another workflow."""
    found: Any = run.settings.get("forked_from")
    return ForkedFrom.of(cast("dict[str, Any]", found)).document if isinstance(found, dict) else None
