"""What the tables hold, as plain values for reports. Reads only; imports LangGraph's serializer only to fill a gap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from clash.database.audit import CallSums
from clash.database.checkpoint_facts import CheckpointFacts, facts_of, next_steps
from clash.database.port import Database, Row, Rows, has_table, texts_of, values_of
from clash.database.removed_runs import costs_of_removed
from clash.database.row_checks import SOUND_CALL, fault_of, loads, require_sound
from clash.database.rows import AssetRow, CheckpointRow, RunRow
from clash.database.staging import NOT_STAGED
from clash.errors import DatabaseError, NotFoundError
from clash.hints import command
from clash.money import usd_text

_CHECKPOINT_COLUMNS = (
    "c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, m.created_at, m.source, m.step_index, m.step_name,"
    " m.next_steps, m.execution_time_ms, m.api_calls, m.cost_micro, m.error_message"
)
_WITH_METADATA = (
    "checkpoints AS c LEFT JOIN checkpoint_metadata AS m ON m.run_id = c.thread_id"
    " AND m.checkpoint_ns = c.checkpoint_ns AND m.checkpoint_id = c.checkpoint_id"
)

_WITHOUT_METADATA = (
    "checkpoints AS c LEFT JOIN (SELECT NULL AS created_at, NULL AS source, NULL AS step_index, NULL AS step_name,"
    " NULL AS next_steps, NULL AS execution_time_ms, NULL AS api_calls, NULL AS cost_micro, NULL AS error_message)"
    " AS m ON 0"
)
"""A database that only a saver ever opened: everything is read from the checkpoints themselves."""

_CHUNKS_AT_ONCE = 4
"""Of 900,000 bytes each; they travel as hex, and an answer of D1 holds 32 MiB."""
_MENDED_AT_ONCE = 16
"""Whole checkpoints that are read in one request: each may be megabytes."""

_TABLES = (
    "workflow_executions",
    "checkpoint_metadata",
    "generated_assets",
    "api_logs",
    "call_settlements",
    "slot_decisions",
    "film_cuts",
    "removed_runs",
    "removed_costs",
    "kept_files",
    "checkpoints",
    "writes",
)


async def run_row(database: Database, run_id: str) -> RunRow:
    """Return a run. Raise `NotFoundError`, and `DatabaseError` for one that cannot be read."""
    if (found := await find_run(database, run_id)) is None:
        raise await _no_run(database, run_id)
    return found


def sound_run(row: Row, run_id: str) -> RunRow:
    """Return the run of a row. Raise `DatabaseError` for one that cannot be read."""
    return RunRow.from_row(require_sound("workflow_executions", row, f"the run {run_id}"))


async def _no_run(database: Database, run_id: str) -> NotFoundError:
    """Return the error for a run that is not there: one that was removed is told with what it had cost."""
    # Only now, for it costs a request; a database that has no such table has no removed runs either.
    removed = await costs_of_removed(database, run_id) if await has_table(database, "removed_runs") else []
    if not removed:
        return NotFoundError(f"there is no run {run_id}", hint="`clash runs ls` lists the runs")
    last, times = removed[0], f", the last of {len(removed)} runs of this id" if len(removed) > 1 else ""
    return NotFoundError(
        f"the run {run_id} was removed at {last.run.removed_at} by {last.run.removed_by}{times}:"
        f" it had cost ${usd_text(last.cost_micro)} with {last.calls} calls",
        code="removed",
        hint="`clash cost` counts what removed runs have cost",
    )


async def find_run(database: Database, run_id: str) -> RunRow | None:
    """Return a run; None if there is none. Raise `DatabaseError` for one that cannot be read."""
    rows = await database.query("SELECT * FROM workflow_executions WHERE run_id = ?", (run_id,))
    return sound_run(rows[0], run_id) if rows else None


async def same_but_for_case(database: Database, run_id: str) -> str | None:
    """The run whose name differs from this one only in capitals."""
    rows = await database.query(
        "SELECT run_id FROM workflow_executions WHERE run_id = ? COLLATE NOCASE AND run_id <> ?", (run_id, run_id)
    )
    return next(iter(texts_of(rows, "run_id")), None)


async def call_rows(database: Database, run_id: str) -> Rows:
    """All attempts of a run, in order."""
    return await database.query("SELECT * FROM api_logs WHERE run_id = ? ORDER BY id", (run_id,))


class TakeOfCall(NamedTuple):
    """Which take of which slot a call made, and its file."""

    id: int
    slot: str
    take: int
    sha256: str
    media_type: str

    @classmethod
    def from_row(cls, row: Row) -> TakeOfCall:
        """Return the take of a row of `api_logs`."""
        sha256, media_type = (str(row[name] or "") for name in ("asset_sha256", "media_type"))
        return cls(int(row["id"]), str(row["slot"]), int(row["take"]), sha256, media_type)


async def takes_of_calls(database: Database, run_id: str) -> list[TakeOfCall]:
    """Return the take of each succeeded call of a run."""
    rows = await database.query(
        "SELECT id, slot, take, asset_sha256, media_type FROM api_logs"
        " WHERE run_id = ? AND state = 'succeeded' AND slot IS NOT NULL ORDER BY id",
        (run_id,),
    )
    return [TakeOfCall.from_row(row) for row in rows]


async def asset_rows(database: Database, run_id: str) -> Rows:
    """All files of a run, in the order they were first made."""
    return await database.query("SELECT * FROM generated_assets WHERE run_id = ? ORDER BY id", (run_id,))


async def asset_sizes(database: Database, run_id: str) -> dict[str, int]:
    """Return the sizes in bytes of a run's files by their sha256."""
    rows = await database.query("SELECT sha256, bytes FROM generated_assets WHERE run_id = ?", (run_id,))
    return dict(zip(texts_of(rows, "sha256"), (int(size) for size in values_of(rows, "bytes")), strict=True))


async def sound_assets(database: Database, run_id: str) -> list[AssetRow]:
    """Return the files of a run, in the order they were first made, without those whose rows are damaged."""
    rows = await asset_rows(database, run_id)
    return [AssetRow.from_row(row) for row in rows if not fault_of("generated_assets", row)]


async def call_sums(database: Database, run_id: str | None, column: str) -> list[CallSums]:
    """Calls, cost and time of a run (or of all, the removed ones too), by one of the columns that may be asked for."""
    removed = {"step": "step", "provider": "provider", "model": "provider || ':' || model", "day": "day"}
    columns = {
        "step": "step",
        "provider": "service",
        "model": "service || ':' || model",
        "day": "substr(started_at, 1, 10)",
    }
    rows = await database.query(
        "SELECT name, sum(calls) AS calls, sum(cost_micro) AS cost_micro, sum(duration_ms) AS duration_ms,"
        " sum(failed) AS failed, sum(reused) AS reused FROM ("
        f"SELECT {columns[column]} AS name, count(*) AS calls, sum(cost_micro) AS cost_micro,"
        " sum(coalesce(duration_ms, 0)) AS duration_ms, sum(state = 'failed') AS failed, sum(reused) AS reused,"
        f" min(id) AS first FROM api_logs WHERE (run_id = ? OR (? IS NULL AND {NOT_STAGED})) AND {SOUND_CALL}"
        " GROUP BY 1"
        f" UNION ALL SELECT {removed[column]}, sum(calls), sum(cost_micro), sum(duration_ms), sum(failed_calls),"
        " sum(reused_calls), min(first_call) FROM removed_costs WHERE ? IS NULL GROUP BY 1"
        ") GROUP BY name ORDER BY min(first)",
        (run_id, run_id, run_id),
    )
    return [CallSums.from_row(row) for row in rows]


async def row_counts(database: Database) -> dict[str, int]:
    """Rows of every table that is there."""
    try:
        return await _counted(database, _TABLES)
    except DatabaseError as error:
        if error.retryable:
            raise
        # Only now, for it costs a request: a database without migrations, or one that no saver has opened yet.
        found = await database.query("SELECT name FROM sqlite_master WHERE type = 'table'")
        there = frozenset(texts_of(found, "name"))
        if there.issuperset(_TABLES):
            raise
        return await _counted(database, [table for table in _TABLES if table in there])


async def _counted(database: Database, tables: Sequence[str]) -> dict[str, int]:
    # Columns rather than a UNION: D1 takes no compound SELECT of more than five terms.
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in tables)
    rows = await database.query(f"SELECT {counts}") if tables else []
    return {name: int(n) for row in rows for name, n in row.items()}


# -- checkpoints -----------------------------------------------------------------------------------------------


async def checkpoint_items(
    database: Database,
    thread_id: str,
    *,
    limit: int | None = None,
    checkpoint_id: str | None = None,
    on_fault: Callable[[Row, str], object] = lambda _row, _fault: None,
) -> list[dict[str, Any]]:
    """Checkpoints of a thread, newest first, in the form of the JSON contract.

    One that cannot be read is left out, and told to `on_fault`.
    """
    params = (thread_id, checkpoint_id, checkpoint_id, -1 if limit is None else limit)
    try:
        rows = await database.query(_checkpoints_from(_WITH_METADATA), params)
    except DatabaseError as error:
        if error.retryable:
            raise
        # Only now, for it costs requests, and nearly every database has both.
        if not await has_table(database, "checkpoints"):
            return []
        if await has_table(database, "checkpoint_metadata"):
            raise
        rows = await database.query(_checkpoints_from(_WITHOUT_METADATA), params)
    found = [
        item
        for start in range(0, len(rows), _MENDED_AT_ONCE)
        for item in await asyncio.gather(
            *(_item(database, thread_id, row, on_fault) for row in rows[start : start + _MENDED_AT_ONCE])
        )
    ]
    return [item for item in found if item is not None]


def _checkpoints_from(source: str) -> str:
    return (
        f"SELECT {_CHECKPOINT_COLUMNS} FROM {source} WHERE c.thread_id = ?"
        " AND (? IS NULL OR c.checkpoint_id = ?) ORDER BY c.checkpoint_id DESC LIMIT ?"
    )


async def _item(
    database: Database, thread_id: str, row: Row, on_fault: Callable[[Row, str], object]
) -> dict[str, Any] | None:
    if fault := fault_of("checkpoint_metadata", row):
        on_fault(row, fault)
        return None
    saved = CheckpointRow.from_row(row)
    if saved.step_index is None:
        try:
            facts = await _mended(database, thread_id, saved)
        except DatabaseError as error:
            if error.code != "damaged_checkpoint":
                raise
            on_fault(row, error.message)
            return None
    else:
        facts = CheckpointFacts(
            saved.checkpoint_id,
            str(saved.created_at),
            str(saved.source),
            saved.step_index,
            str(saved.step_name),
            tuple(loads(saved.next_steps_json or "[]")),
        )
    return checkpoint_item(facts, saved)


def checkpoint_item(facts: CheckpointFacts, row: CheckpointRow) -> dict[str, Any]:
    """Return a checkpoint in the form of the JSON contract. `row`: what its metadata row adds, if there is one."""
    return {
        "checkpoint_id": facts.checkpoint_id,
        "parent_checkpoint_id": row.parent_checkpoint_id,
        "checkpoint_ns": row.checkpoint_ns,
        "created_at": facts.created_at,
        "step": facts.step_index,
        "source": facts.source,
        "step_name": facts.step_name,
        "next": sorted(set(facts.next_steps)),
        "execution_time_ms": row.execution_time_ms,
        "api_calls": row.api_calls,
        "cost_usd": usd_text(row.cost_micro),
        "error": row.error_message,
    }


async def _mended(database: Database, thread_id: str, row: CheckpointRow) -> CheckpointFacts:
    """The facts of a checkpoint whose metadata row a crash left out, from the checkpoint itself."""
    itself = load_checkpoint(database, thread_id, row.checkpoint_id)
    if not row.parent_checkpoint_id:
        return facts_of(*await itself, ())
    (checkpoint, metadata), (before, _) = await asyncio.gather(
        itself, load_checkpoint(database, thread_id, row.parent_checkpoint_id)
    )
    return facts_of(checkpoint, metadata, next_steps(before))


async def load_checkpoint(
    database: Database, thread_id: str, checkpoint_id: str
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A checkpoint and its metadata as LangGraph saved them. Raises `NotFoundError`, `DatabaseError` if damaged."""
    rows = await database.query(
        "SELECT type, checkpoint, metadata FROM checkpoints WHERE thread_id = ? AND checkpoint_id = ?",
        (thread_id, checkpoint_id),
    )
    if not rows:
        raise NotFoundError(
            f"the run {thread_id} has no checkpoint {checkpoint_id}",
            hint=f"`{command('checkpoints ls', thread_id)}` lists them",
        )
    value = rows[0]["checkpoint"]
    if value is None and await has_table(database, "checkpoint_chunks"):
        value = await _joined(database, thread_id, checkpoint_id)
    try:
        checkpoint = _serializer().loads_typed((rows[0]["type"], value))
        metadata = json.loads(rows[0]["metadata"])
        return {**checkpoint, "channel_values": dict(checkpoint["channel_values"])}, dict(metadata)
    except Exception as error:
        raise damaged_checkpoint(thread_id, checkpoint_id) from error


async def _joined(
    database: Database, thread_id: str, checkpoint_id: str, task_id: str = "", idx: int | None = None
) -> bytes:
    """A checkpoint that is too large for a row, or what a task wrote on top of it: some chunks with each request."""
    pieces: list[bytes] = []
    after: tuple[str, int] = ("", -1)
    while True:
        chunks = await database.query(
            "SELECT checkpoint_ns, part, hex(data) AS data FROM checkpoint_chunks WHERE thread_id = ?"
            " AND checkpoint_id = ? AND task_id = ? AND (? IS NULL OR idx = ?) AND (checkpoint_ns, part) > (?, ?)"
            " ORDER BY checkpoint_ns, part LIMIT ?",
            (thread_id, checkpoint_id, task_id, idx, idx, *after, _CHUNKS_AT_ONCE),
        )
        pieces += [bytes.fromhex(data) for data in values_of(chunks, "data")]
        if len(chunks) < _CHUNKS_AT_ONCE:
            return b"".join(pieces)
        after = (str(values_of(chunks, "checkpoint_ns")[-1]), int(values_of(chunks, "part")[-1]))


def damaged_checkpoint(thread_id: str, checkpoint_id: str | None) -> DatabaseError:
    """The error for a checkpoint whose bytes cannot be read."""
    which = f"checkpoint {checkpoint_id}" if checkpoint_id else "a checkpoint"
    return DatabaseError(
        f"{which} of the run {thread_id} is damaged and cannot be read",
        code="damaged_checkpoint",
        hint="run the same story under a new thread: all that was made is found again and not paid for again",
    )


class WrittenValue(NamedTuple):
    """A value that a task has written on top of a checkpoint; `value` is None where it stands in chunks."""

    task_id: str
    idx: int
    kind: str
    value: bytes | None

    @classmethod
    def from_row(cls, row: Row) -> WrittenValue:
        """Return the value of a row of `writes`."""
        return cls(str(row["task_id"]), int(row["idx"]), str(row["type"]), row["value"])


async def pending_values(database: Database, thread_id: str, checkpoint_id: str, channel: str) -> list[Any]:
    """Return what tasks have already written to a channel on top of a checkpoint. Raises `DatabaseError` if damaged."""
    rows = await database.query(
        "SELECT task_id, idx, type, value FROM writes WHERE thread_id = ? AND checkpoint_id = ? AND channel = ?"
        " ORDER BY task_path, task_id, idx",
        (thread_id, checkpoint_id, channel),
    )
    found: list[Any] = []
    for written in map(WrittenValue.from_row, rows):
        value = written.value
        if value is None:
            value = await _joined(database, thread_id, checkpoint_id, written.task_id, written.idx)
        try:
            found.append(_serializer().loads_typed((written.kind, value)))
        except Exception as error:
            raise damaged_checkpoint(thread_id, checkpoint_id) from error
    return found


async def pending_writes(database: Database, thread_id: str, checkpoint_id: str) -> list[dict[str, Any]]:
    """What tasks have already written on top of a checkpoint that is there."""
    rows = await database.query(
        "SELECT task_id, task_path, channel FROM writes WHERE thread_id = ? AND checkpoint_id = ?"
        " ORDER BY task_path, task_id, idx",
        (thread_id, checkpoint_id),
    )
    return [dict(row) for row in rows]


def _serializer() -> Any:
    from clash.database.serializer import strict_serializer

    return strict_serializer()
