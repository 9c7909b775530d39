"""The rows of the tables as typed values (`RunRow`, `CallRow` ...), and what is inserted (`NewCall`, `NewAsset`).

Only `from_row` reads a column by its name. A row that may be damaged is checked first (`row_checks.require_sound`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from clash.database.port import Param, Row
from clash.project_names import DEFAULT_PROJECT
from clash.vocabulary import CallState, Precision, RunStatus


class RunRow(NamedTuple):
    """A row of `workflow_executions`. Its JSON columns are the texts that are stored; the properties read them."""

    run_id: str
    workflow_name: str
    status: RunStatus
    start_time: str
    end_time: str | None
    updated_at: str
    story_path: str
    story_sha256: str
    story_title: str
    settings_json: str
    settings_fingerprint: str
    graph_version: int
    budget_micro: int | None
    spent_micro: int
    reserved_micro: int
    lease_owner: str | None
    lease_generation: int
    lease_expires_at: str | None
    error_code: str | None
    error_message: str | None
    metadata_json: str
    project: str = DEFAULT_PROJECT
    batch: str | None = None
    """The batch that it was begun in."""
    batch_budget_micro: int | None = None
    """The budget of that batch."""

    @classmethod
    def from_row(cls, row: Row) -> RunRow:
        """Return the run of a whole row that is sound."""
        return cls(
            run_id=str(row["run_id"]),
            workflow_name=str(row["workflow_name"]),
            status=RunStatus(row["status"]),
            start_time=str(row["start_time"]),
            end_time=row["end_time"],
            updated_at=str(row["updated_at"]),
            story_path=str(row["story_path"]),
            story_sha256=str(row["story_sha256"]),
            story_title=str(row["story_title"]),
            settings_json=str(row["settings"]),
            settings_fingerprint=str(row["settings_fingerprint"]),
            graph_version=int(row["graph_version"]),
            budget_micro=None if row["budget_micro"] is None else int(row["budget_micro"]),
            spent_micro=int(row["spent_micro"]),
            reserved_micro=int(row["reserved_micro"]),
            lease_owner=row["lease_owner"],
            lease_generation=int(row["lease_generation"]),
            lease_expires_at=row["lease_expires_at"],
            error_code=row["error_code"],
            error_message=row["error_message"],
            metadata_json=str(row["metadata"]),
            # A schema that is older is told as such, in the same request.
            project=str(row.get("project", DEFAULT_PROJECT)),
            batch=row.get("batch"),
            batch_budget_micro=row.get("batch_budget_micro"),
        )

    @property
    def settings(self) -> dict[str, Any]:
        """The recorded settings, of any workflow; those of a film are read by `RunSettings.from_row`."""
        return json.loads(self.settings_json)

    @property
    def metadata(self) -> dict[str, Any]:
        """Its estimate and the totals of its steps."""
        return json.loads(self.metadata_json)

    @property
    def step_totals(self) -> dict[str, int]:
        """How many things each step is to make, as far as the steps have said so."""
        return self.metadata.get("totals", {})

    @property
    def committed_micro(self) -> int:
        """What is spent or reserved."""
        return self.spent_micro + self.reserved_micro


_NULL_IF_EMPTY = ("slot", "key", "asset_sha256", "media_type")


class CallRow(NamedTuple):
    """A row of `api_logs`. Texts that the table lets be NULL, but no call of the ledger does, are "" then."""

    id: int
    run_id: str
    step: str
    slot: str
    take: int
    kind: str
    key: str
    key_version: int
    token: str
    service: str
    model: str
    endpoint: str
    state: CallState
    job_id: str | None
    attempt: int
    request: str | None
    response: str | None
    status_code: int | None
    quoted_cost_micro: int
    cost_micro: int
    precision: Precision
    units: str | None
    asset_sha256: str
    media_type: str
    facts_json: str | None
    reused: bool
    started_at: str
    ended_at: str | None
    duration_ms: int | None
    error_code: str | None
    error_message: str | None
    retryable: bool
    project: str | None = None
    """The project of its run, where that was read with it; no column of the table."""

    @classmethod
    def from_row(cls, row: Row) -> CallRow:
        """Return the call of a whole row that is sound."""
        return cls(
            id=int(row["id"]),
            run_id=str(row["run_id"]),
            step=str(row["step"]),
            slot=str(row["slot"] or ""),
            take=int(row["take"]),
            kind=str(row["kind"]),
            key=str(row["key"] or ""),
            key_version=int(row["key_version"]),
            token=str(row["token"]),
            service=str(row["service"]),
            model=str(row["model"]),
            endpoint=str(row["endpoint"]),
            state=CallState(row["state"]),
            job_id=row["job_id"],
            attempt=int(row["attempt"]),
            request=row["request"],
            response=row["response"],
            status_code=row["status_code"],
            quoted_cost_micro=int(row["quoted_cost_micro"]),
            cost_micro=int(row["cost_micro"]),
            precision=Precision(row["precision"]),
            units=row["units"],
            asset_sha256=str(row["asset_sha256"] or ""),
            media_type=str(row["media_type"] or ""),
            facts_json=row["facts"],
            reused=bool(row["reused"]),
            started_at=str(row["started_at"]),
            ended_at=row["ended_at"],
            duration_ms=row["duration_ms"],
            error_code=row["error_code"],
            error_message=row["error_message"],
            retryable=bool(row["retryable"]),
            project=row.get("project"),
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What the answer says of itself: a length, a warning ..."""
        return json.loads(self.facts_json or "{}")

    @property
    def columns(self) -> dict[str, Param]:
        """The values by the names of their columns, as the table holds them."""
        values = self._asdict()
        del values["project"]
        values["facts"] = values.pop("facts_json")
        return {
            name: None if value == "" and name in _NULL_IF_EMPTY else _stored(value) for name, value in values.items()
        }


def _stored(value: Any) -> Param:
    if isinstance(value, bool):
        return int(value)
    return str(value) if isinstance(value, str) else value


class AssetRow(NamedTuple):
    """A row of `generated_assets`. `path` is relative to the asset store; `bytes` the file's size."""

    step: str
    slot: str
    asset_type: str
    media_type: str
    sha256: str
    path: str
    bytes: int
    facts_json: str
    cost_micro: int
    created_at: str
    api_log_id: int | None

    @classmethod
    def from_row(cls, row: Row) -> AssetRow:
        """Return the asset of a whole row that is sound."""
        return cls(
            step=str(row["step"]),
            slot=str(row["slot"]),
            asset_type=str(row["asset_type"]),
            media_type=str(row["media_type"]),
            sha256=str(row["sha256"]),
            path=str(row["path"]),
            bytes=int(row["bytes"]),
            facts_json=str(row["facts"]),
            cost_micro=int(row["cost_micro"]),
            created_at=str(row["created_at"]),
            api_log_id=row["api_log_id"],
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the file: a length, a size in pixels ..."""
        return json.loads(self.facts_json)


class CheckpointRow(NamedTuple):
    """A row of `checkpoints` with its row of `checkpoint_metadata`; without that one, `step_index` is None."""

    checkpoint_ns: str
    parent_checkpoint_id: str | None
    checkpoint_id: str = ""
    created_at: str | None = None
    source: str | None = None
    step_index: int | None = None
    step_name: str | None = None
    next_steps_json: str | None = None
    execution_time_ms: int | None = None
    api_calls: int = 0
    cost_micro: int = 0
    error_message: str | None = None

    @classmethod
    def from_row(cls, row: Row) -> CheckpointRow:
        """Return the checkpoint of a sound row, which may lack the columns of the metadata."""
        return cls(
            checkpoint_ns=str(row["checkpoint_ns"]),
            parent_checkpoint_id=row["parent_checkpoint_id"],
            checkpoint_id=str(row["checkpoint_id"]),
            created_at=row.get("created_at"),
            source=row.get("source"),
            step_index=row.get("step_index"),
            step_name=row.get("step_name"),
            next_steps_json=row.get("next_steps"),
            execution_time_ms=row.get("execution_time_ms"),
            api_calls=int(row.get("api_calls") or 0),
            cost_micro=int(row.get("cost_micro") or 0),
            error_message=row.get("error_message"),
        )


def name_of_call(row: Row) -> str:
    """Return what an error calls a call whose row may be damaged."""
    return f"the call {row['slot']} (row {row['id']}) of the run {row['run_id']}"


def digest_of_file(row: Row) -> str:
    """Return the sha256 of the file that a sound row of `generated_assets` names."""
    return str(row["sha256"])


def digests_of_takes(table: str, row: Row) -> set[str]:
    """Return the sha256 of the files that a sound row of a table names as a take of a slot, or as a cut of the film."""
    if table == "api_logs":
        made = row["state"] == CallState.SUCCEEDED and row.get("asset_sha256")
        return {str(row["asset_sha256"])} if made else set()
    if table == "kept_files":
        return {str(row["sha256"])}
    if table != "film_cuts":
        return set()
    value: Any = row["files"]
    files: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    named = (cast("dict[str, Any]", file).get("sha256") for file in files.values() if isinstance(file, dict))
    return {sha256 for sha256 in named if isinstance(sha256, str)}


class NewCall(NamedTuple):
    """One attempt at a call, as written down before it is made."""

    step: str
    slot: str
    kind: str
    key: str
    key_version: int
    token: str
    service: str
    model: str
    endpoint: str
    request: str
    attempt: int
    quoted_cost_micro: int
    started_at: str
    precision: Precision = Precision.EXACT
    take: int = 1


class NewAsset(NamedTuple):
    """A file made in a run. `path` is relative to the asset store; `bytes` its size."""

    step: str
    slot: str
    asset_type: str
    media_type: str
    sha256: str
    path: str
    bytes: int
    facts: Mapping[str, Any]
    cost_micro: int
    created_at: str
