"""Begin a run with what another one had: its checkpoints up to one, its row, and what it keeps, in one transaction.

Everything is copied inside the database (`INSERT ... SELECT`), so that on Cloudflare D1 a run of any size takes a
few requests. The run is there as a whole or not at all, and the one that it begins with is only read.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from clash import faults
from clash.clock import now_text
from clash.database.connection import is_d1
from clash.database.decisions import Decision
from clash.database.lease import FENCE, Lease, still_held
from clash.database.port import Database, Statement
from clash.database.savers.checkpoint_rows import SETUP, TABLES
from clash.database.savers.thread_operations import ALWAYS, STOCK_TABLES
from clash.errors import ConflictError, DatabaseError
from clash.project_names import DEFAULT_PROJECT

AWAITS = "awaits_kept"
"""In the metadata of a run that is to keep more of the one that it was forked from once its screenplay is written."""
_OF_CALL = ("source_id", "step", "slot", "take", "key", "key_version")
_ROWS_AT_ONCE = 1000
"""Kept calls of one statement: they are one JSON parameter, and D1 takes 2,000,000 bytes of it."""

_ANCESTORS = (
    "WITH RECURSIVE ancestors (checkpoint_ns, checkpoint_id, parent_checkpoint_id) AS ("
    "SELECT checkpoint_ns, checkpoint_id, parent_checkpoint_id FROM checkpoints"
    " WHERE thread_id = ? AND checkpoint_ns = '' AND checkpoint_id = ?"
    " UNION SELECT c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id FROM ancestors AS child"
    " JOIN checkpoints AS c ON c.thread_id = ? AND c.checkpoint_ns = child.checkpoint_ns"
    " AND c.checkpoint_id = child.parent_checkpoint_id)"
)
"""A checkpoint and all before it. Its parameters: the thread, the checkpoint, the thread."""


@dataclass(frozen=True)
class NewRun:
    """The row of a run that is begun. `metadata`: what it has besides the totals of its steps."""

    run_id: str
    workflow_name: str
    story_path: str
    story_sha256: str
    story_title: str
    settings: Mapping[str, Any]
    settings_fingerprint: str
    graph_version: int
    budget_micro: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    project: str = DEFAULT_PROJECT


@dataclass(frozen=True)
class KeptFile:
    """A file that a run keeps as an asset. `path` is relative to the asset store; `bytes` its size."""

    step: str
    slot: str
    asset_type: str
    media_type: str
    sha256: str
    path: str
    bytes: int
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class KeptCall:
    """A call that a run keeps from another one: it is recorded as reused, at no cost.

    `source_id`: the row of `api_logs` that made it. `file`: the asset it is recorded as; None where another take of
    its slot is the selected one.
    """

    source_id: int
    step: str
    slot: str
    take: int
    key: str
    key_version: int
    file: KeptFile | None


@dataclass(frozen=True)
class Origin:
    """The checkpoint that a run begins with; without one it begins with no checkpoint."""

    thread_id: str
    checkpoint_id: str | None


@dataclass(frozen=True)
class Kept:
    """What a run keeps of another: calls, files that no call made, and decisions about its slots."""

    calls: Sequence[KeptCall] = ()
    files: Sequence[KeptFile] = ()
    decisions: Sequence[Decision] = ()


async def write_fork(database: Database, run: NewRun, origin: Origin, kept: Kept) -> None:
    """Write a run that begins with a checkpoint of another, and with what it keeps of it.

    Raises `ConflictError` if there is a run or a thread of this id, `DatabaseError`.
    """
    now = now_text()
    statements = [
        *(step for step in SETUP if is_d1(database.url) or "checkpoint_chunks" not in step.sql),
        _insert_run(run, now),
        *_copy_checkpoints(run.run_id, origin, chunked=is_d1(database.url)),
        *_insert_kept(run.run_id, kept, ALWAYS, now),
    ]
    faults.point("fork.before")
    try:
        await database.batch(statements)
    except DatabaseError as error:
        if "constraint failed" not in error.message:
            raise
        raise ConflictError(
            f"the run {run.run_id} exists already",
            code="run_exists",
            hint="choose another --thread; nothing was changed",
        ) from error
    faults.point("fork.after")


async def write_kept(database: Database, lease: Lease, kept: Kept) -> None:
    """Write what a run keeps of the one that it was forked from, and that it has done so. Raises `ConflictError`."""
    done = Statement(
        f"UPDATE workflow_executions SET metadata = json_remove(metadata, '$.{AWAITS}'), updated_at = ?"
        " WHERE run_id = ? AND lease_generation = ? RETURNING run_id",
        (now_text(), *lease.fence),
        recall=still_held(lease),
    )
    statements = [*_insert_kept(lease.run_id, kept, Statement(FENCE, lease.fence), now_text()), done]
    faults.point("kept.before")
    results = await database.batch(statements)
    if not results[-1]:
        raise ConflictError(f"run {lease.run_id} is being written by another process", code="lease_lost")
    faults.point("kept.after")


def _insert_run(run: NewRun, now: str) -> Statement:
    return Statement(
        "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at, story_path,"
        " story_sha256, story_title, settings, settings_fingerprint, graph_version, budget_micro, metadata, project)"
        # NULL is refused: a thread that another program's graph has saved is no more replaced than a run is.
        " VALUES (?, iif(EXISTS (SELECT 1 FROM checkpoints WHERE thread_id = ?), NULL, ?), 'running', ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?)",
        (
            run.run_id,
            run.run_id,
            run.workflow_name,
            now,
            now,
            run.story_path,
            run.story_sha256,
            run.story_title,
            _json(run.settings),
            run.settings_fingerprint,
            run.graph_version,
            run.budget_micro,
            _json({"totals": {}, **run.metadata}),
            run.project,
        ),
    )


def _copy_checkpoints(run_id: str, origin: Origin, *, chunked: bool) -> Iterator[Statement]:
    """Copy a checkpoint and its ancestors, their writes and metadata rows, under their own ids.

    What tasks wrote on top of the checkpoint itself was done after it, and is not copied.
    """
    if origin.checkpoint_id is None:
        return
    ancestors = (origin.thread_id, origin.checkpoint_id, origin.thread_id)
    for table, columns in (TABLES if chunked else STOCK_TABLES).items():
        # The chunks of the checkpoint itself have no task.
        after = {
            "writes": "AND t.checkpoint_id <> ?",
            "checkpoint_chunks": "AND (t.checkpoint_id <> ? OR task_id = '')",
        }
        chosen = ", ".join(f"t.{name}" for name in columns.split(", "))
        yield Statement(
            f"INSERT INTO {table} (thread_id, {columns}) {_ANCESTORS} SELECT ?, {chosen} FROM {table} AS t"
            f" JOIN ancestors USING (checkpoint_ns, checkpoint_id) WHERE t.thread_id = ? {after.get(table, '')}",
            (*ancestors, run_id, origin.thread_id, *([origin.checkpoint_id] if table in after else [])),
        )
    # A call counts for the run that paid for it: here these checkpoints called nothing.
    yield Statement(
        "INSERT INTO checkpoint_metadata (run_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, created_at,"
        f" source, step_index, step_name, next_steps, execution_time_ms, error_message) {_ANCESTORS}"
        " SELECT ?, m.checkpoint_ns, m.checkpoint_id, m.parent_checkpoint_id, m.created_at, m.source, m.step_index,"
        " m.step_name, m.next_steps, m.execution_time_ms, m.error_message FROM checkpoint_metadata AS m"
        " JOIN ancestors USING (checkpoint_ns, checkpoint_id) WHERE m.run_id = ?",
        (*ancestors, run_id, origin.thread_id),
    )


def _insert_kept(run_id: str, kept: Kept, condition: Statement, now: str) -> Iterator[Statement]:
    rows = [{**{name: getattr(call, name) for name in _OF_CALL}, "token": secrets.token_hex(16)} for call in kept.calls]
    files = [
        *(_file(call.file, new["token"]) for call, new in zip(kept.calls, rows, strict=True) if call.file),
        *(_file(file, "") for file in kept.files),
    ]
    for some in _portions(rows):
        yield Statement(
            "INSERT INTO api_logs (run_id, step, slot, take, kind, key, key_version, token, service, model, endpoint,"
            " state, attempt, request, precision, asset_sha256, media_type, facts, reused, started_at, ended_at,"
            f" duration_ms) SELECT ?, {_fields('step', 'slot', 'take')}, c.kind, {_fields('key', 'key_version')},"
            f" {_fields('token')}, c.service, c.model, c.endpoint, 'succeeded', 1, c.request, 'exact', c.asset_sha256,"
            " c.media_type, c.facts, 1, ?, ?, 0 FROM json_each(?) AS kept"
            f" JOIN api_logs AS c ON c.id = {_fields('source_id')} WHERE c.state = 'succeeded' AND {condition.sql}"
            " ORDER BY kept.key",
            (run_id, now, now, some, *condition.params),
        )
    for some in _portions(files):
        yield Statement(
            "INSERT INTO generated_assets (run_id, step, slot, asset_type, media_type, sha256, path, bytes, facts,"
            f" cost_micro, api_log_id, created_at) SELECT ?, {_fields('step', 'slot', 'asset_type', 'media_type')},"
            f" {_fields('sha256', 'path', 'bytes', 'facts')}, 0,"
            f" (SELECT id FROM api_logs WHERE token = {_fields('token')}), ? FROM json_each(?) AS kept"
            f" WHERE {condition.sql} ORDER BY kept.key",
            (run_id, now, some, *condition.params),
        )
    for some in _portions([asdict(decision) for decision in kept.decisions]):
        names = [field.name for field in fields(Decision) if field.name != "created_at"]
        yield Statement(
            f"INSERT INTO slot_decisions (run_id, {', '.join(names)}, created_at) SELECT ?, {_fields(*names)},"
            f" iif({_fields('created_at')} = '', ?, {_fields('created_at')}) FROM json_each(?) AS kept"
            f" WHERE {condition.sql} ORDER BY kept.key",
            (run_id, now, some, *condition.params),
        )


def _file(file: KeptFile, token: str) -> dict[str, Any]:
    return {**file.__dict__, "facts": _json(file.facts), "token": token}


def _fields(*names: str) -> str:
    return ", ".join(f"json_extract(kept.value, '$.{name}')" for name in names)


def _portions(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield json.dumps(rows[start : start + _ROWS_AT_ONCE], ensure_ascii=False)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
