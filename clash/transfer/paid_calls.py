"""Read paid calls from the records of the asset store, and check each before it is trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from clash.assets import AssetStore
from clash.assets.records import call_records, job_tickets, open_calls, run_record
from clash.database.row_checks import fault_of, is_sha256
from clash.database.rows import NewAsset
from clash.project_names import DEFAULT_PROJECT, is_project_name
from clash.thread_ids import is_thread_id
from clash.vocabulary import CallState, Precision


@dataclass(frozen=True)
class PaidCall:
    """A call as its record describes it. `asset`: what it made; None if that is not known, or not fetched yet."""

    token: str
    """What names its row in every database."""
    run_id: str
    """The run that paid for it."""
    slot: str
    take: int
    state: CallState
    service: str
    model: str
    job_id: str | None
    started_at: str
    cost_micro: int
    """What it cost; 0 for a job that has not ended."""
    reserved_micro: int
    """What is reserved for a job that has not ended."""
    precision: str
    row: Mapping[str, Any]
    """All columns that the record has, to be written again as they are."""
    facts: Mapping[str, Any]
    asset: NewAsset | None
    project: str
    """The project of that run; the default one where an older clash wrote the record."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any], facts: Mapping[str, Any], asset: NewAsset | None) -> PaidCall:
        """Return the call of a record's row that is complete."""
        return cls(
            token=str(row["token"]),
            run_id=str(row["run_id"]),
            slot=str(row["slot"]),
            take=int(row.get("take", 1)),
            state=CallState(row["state"]),
            service=str(row["service"]),
            model=str(row.get("model", "")),
            job_id=row.get("job_id"),
            started_at=str(row["started_at"]),
            cost_micro=0 if asset is None else int(row["cost_micro"]),
            reserved_micro=int(row.get("quoted_cost_micro", 0)) if asset is None else 0,
            precision=str(row.get("precision", Precision.EXACT)),
            row=row,
            facts=facts,
            asset=asset,
            project=_project_of(row.get("project")),
        )

    @property
    def slot_and_take(self) -> tuple[str, int]:
        """What it is for: a run has one call of each."""
        return self.slot, self.take

    @property
    def is_open(self) -> bool:
        """Return whether it was sent, and nothing is known of what came of it."""
        return self.state == CallState.INTENT

    def given_up(self) -> PaidCall:
        """Return it as a call that may have been paid, whose slot has another call."""
        why = "it was sent, and the database was lost before its answer was recorded"
        told = {"state": CallState.UNKNOWN, "error_code": "unknown_call", "error_message": why}
        return PaidCall.from_row({**self.row, **told}, self.facts, self.asset)


def read_paid_calls(assets: AssetStore) -> tuple[list[PaidCall], list[str]]:
    """Return the calls whose records are complete, oldest first, and the names of the other records."""
    calls: dict[str, PaidCall] = {}
    unreadable: list[str] = []
    for name, sha256, token, record in call_records(assets):
        call = _made(assets, record or {}, sha256)
        if call is None or call.token != token:
            unreadable.append(name)
        else:
            calls[token] = call
    for token, ticket in job_tickets(assets):
        call = _submitted(ticket)
        if call is not None and call.token == token:
            calls.setdefault(token, call)
    for token, record in open_calls(assets):
        call = _sent(record)
        if call is not None and call.token == token:
            calls.setdefault(token, call)
    return sorted(calls.values(), key=lambda call: call.started_at), unreadable


def _made(assets: AssetStore, record: Mapping[str, Any], sha256: str) -> PaidCall | None:
    row, facts, asset = (_object(record.get(name)) for name in ("call", "facts", "asset"))
    stored: dict[str, Any] = {
        **{name: asset.get(name) for name in ("step", "slot", "asset_type", "bytes")},
        **{name: row.get(name) for name in ("media_type", "cost_micro")},
        "sha256": sha256,
        "path": assets.relative_path(sha256),
        "created_at": record.get("kept_at"),
        "facts": json.dumps(facts),
    }
    if row.get("asset_sha256") != sha256 or fault_of("generated_assets", stored) or not _is_call(row):
        return None
    made = cast("dict[str, Any]", {**stored, "facts": facts})
    return PaidCall.from_row({**row, "state": "succeeded"}, facts, NewAsset(**made))


def _submitted(ticket: Mapping[str, Any]) -> PaidCall | None:
    job_id = ticket.get("job_id")
    row = {**_object(ticket.get("call")), "job_id": job_id, "endpoint": ticket.get("endpoint")}
    if not isinstance(job_id, str) or not _is_call({"cost_micro": 0, **row}):
        return None
    return PaidCall.from_row({**row, "state": "submitted", "cost_micro": 0}, {}, None)


def _sent(record: Mapping[str, Any]) -> PaidCall | None:
    row = {**_object(record.get("call")), "job_id": None, "cost_micro": 0}
    return PaidCall.from_row({**row, "state": CallState.INTENT}, {}, None) if _is_call(row) else None


def _is_call(row: Mapping[str, Any]) -> bool:
    needed = ("run_id", "token", "key", "slot", "step", "service", "started_at", "cost_micro")
    return (
        all(row.get(name) is not None for name in needed)
        and is_sha256(row.get("key"))
        and is_thread_id(row.get("run_id"))
        and not fault_of("api_logs", row)
    )


def read_run(assets: AssetStore, run_id: str) -> dict[str, Any] | None:
    """Return the columns of a run's row as its record has them; None if there is no complete record."""
    record = run_record(assets, run_id)
    if record is None:
        return None
    needed = ("workflow_name", "story_path", "story_sha256", "story_title", "settings_fingerprint", "graph_version")
    settings = record.get("settings")
    # The record of a clash that knew no projects has none.
    record.setdefault("project", DEFAULT_PROJECT)
    names = (*needed, "start_time", "budget_micro", "project", "batch", "batch_budget_micro")
    row = {name: record.get(name) for name in names}
    if fault_of("workflow_executions", {**row, "settings": json.dumps(settings)}):
        return None
    return {**row, "settings": settings}


def _project_of(name: object) -> str:
    return str(name) if is_project_name(name) else DEFAULT_PROJECT


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
