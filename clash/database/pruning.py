"""Delete the checkpoints of a thread that nobody needs: never the newest, nor what a run resumes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clash import faults
from clash.database.fork import AWAITS
from clash.database.lease import FENCE, Lease, still_held
from clash.database.port import Database, Row, Statement, has_table, texts_of
from clash.database.savers.checkpoint_rows import TABLES
from clash.database.savers.thread_operations import ALWAYS, STOCK_TABLES, prune_thread
from clash.database.staging import NOT_STAGED

_PENDING = ("__interrupt__", "__error__")
"""LangGraph's channels for what a task waits for, and for what it failed with."""


@dataclass(frozen=True)
class KeepPolicy:
    """Which checkpoints are kept beside those that a run needs in order to resume.

    With nothing said: the newest of each step, so that a run can still be forked at any of them. `latest`: none more.
    `last`: the newest so many. `since`: those saved at this time or later.
    """

    latest: bool = False
    last: int | None = None
    since: str | None = None

    def keeps(self, rows: Sequence[SavedCheckpoint]) -> set[tuple[str, str]]:
        """Return which checkpoints of a thread are kept, by namespace and id; `rows`: all, newest first."""
        if self.latest:
            return set()
        if self.last is not None:
            return {row.place for row in rows[: self.last]}
        if self.since is not None:
            # Of one whose time is not known nobody can say that it is old.
            return {row.place for row in rows if not row.created_at or row.created_at >= self.since}
        newest: dict[tuple[str, str], tuple[str, str]] = {}
        for row in rows:
            name = row.step_name if row.step_name is not None else row.checkpoint_id
            newest.setdefault((row.checkpoint_ns, name), row.place)
        return set(newest.values())


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint, without what it holds. `bytes`: of its rows; `is_delta`: it is read with those before it."""

    checkpoint_ns: str
    checkpoint_id: str
    parent_checkpoint_id: str | None
    step_name: str | None
    created_at: str | None
    bytes: int
    is_delta: bool
    is_pending: bool

    @property
    def place(self) -> tuple[str, str]:
        """Its namespace and id."""
        return (self.checkpoint_ns, self.checkpoint_id)

    @classmethod
    def from_row(cls, row: Row) -> SavedCheckpoint:
        """Return the checkpoint of a row of the statement below."""
        return cls(
            checkpoint_ns=str(row["checkpoint_ns"]),
            checkpoint_id=str(row["checkpoint_id"]),
            parent_checkpoint_id=row["parent_checkpoint_id"],
            step_name=row["step_name"],
            created_at=row["created_at"],
            bytes=int(row["bytes"]),
            is_delta=bool(row["is_delta"]),
            is_pending=bool(row["is_pending"]),
        )


@dataclass(frozen=True)
class PrunePlan:
    """What a pruning of a thread deletes: how many checkpoints of how many, and the bytes of their rows."""

    thread_id: str
    keep: frozenset[tuple[str, str]]
    checkpoints: int
    pruned: int
    bytes: int


async def threads_with_checkpoints(database: Database) -> list[str]:
    """Return the runs of clash that have checkpoints, in the order of their ids."""
    if not await has_table(database, "checkpoints"):
        return []
    rows = await database.query(
        f"SELECT run_id FROM workflow_executions WHERE {NOT_STAGED}"
        " AND EXISTS (SELECT 1 FROM checkpoints WHERE thread_id = run_id) ORDER BY run_id"
    )
    return texts_of(rows, "run_id")


async def plan_pruning(database: Database, thread_id: str, policy: KeepPolicy) -> PrunePlan:
    """Return what the pruning of a thread deletes, and what it keeps."""
    rows = await _saved(database, thread_id)
    keep = {*policy.keeps(rows), *_needed(rows), *(await _awaited(database, thread_id, rows))}
    gone = [row for row in rows if row.place not in keep]
    return PrunePlan(thread_id, frozenset(keep), len(rows), len(gone), sum(row.bytes for row in gone))


def _needed(rows: Sequence[SavedCheckpoint]) -> set[tuple[str, str]]:
    """Return what a run needs to resume: the newest of each namespace, and those that it is read with.

    `rows`: newest first. Its parent too, while tasks of that one wait or have failed.
    """
    of_place = {row.place: row for row in rows}
    heads: dict[str, SavedCheckpoint] = {}
    for row in rows:
        heads.setdefault(row.checkpoint_ns, row)
    needed = {row.place for row in heads.values()}
    for head in heads.values():
        row = head
        while row.parent_checkpoint_id is not None:
            parent = of_place.get((row.checkpoint_ns, row.parent_checkpoint_id))
            if parent is None or not (head.is_delta or (row is head and parent.is_pending)):
                break
            needed.add(parent.place)
            row = parent
    return needed


async def _saved(database: Database, thread_id: str) -> list[SavedCheckpoint]:
    """Return all checkpoints of a thread, newest first."""
    if not await has_table(database, "checkpoints"):
        return []
    of_row = "t.thread_id = c.thread_id AND t.checkpoint_ns = c.checkpoint_ns AND t.checkpoint_id = c.checkpoint_id"
    sizes = [
        "coalesce(length(c.checkpoint), 0) + coalesce(length(c.metadata), 0)",
        f"(SELECT coalesce(sum(length(t.value)), 0) FROM writes AS t WHERE {of_row})",
    ]
    if await has_table(database, "checkpoint_chunks"):
        sizes.append(f"(SELECT coalesce(sum(length(t.data)), 0) FROM checkpoint_chunks AS t WHERE {of_row})")
    pending = ", ".join(f"'{channel}'" for channel in _PENDING)
    rows = await database.query(
        "SELECT c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, m.step_name, m.created_at,"
        f" {' + '.join(sizes)} AS bytes,"
        " instr(CAST(c.metadata AS TEXT), 'counters_since_delta_snapshot') > 0 AS is_delta,"
        f" EXISTS (SELECT 1 FROM writes AS t WHERE {of_row} AND t.channel IN ({pending})) AS is_pending"
        " FROM checkpoints AS c LEFT JOIN checkpoint_metadata AS m ON m.run_id = c.thread_id"
        " AND m.checkpoint_ns = c.checkpoint_ns AND m.checkpoint_id = c.checkpoint_id"
        " WHERE c.thread_id = ? ORDER BY c.checkpoint_id DESC",
        (thread_id,),
    )
    return [SavedCheckpoint.from_row(row) for row in rows]


async def _awaited(database: Database, thread_id: str, rows: Sequence[SavedCheckpoint]) -> set[tuple[str, str]]:
    """Return the checkpoints from which a fork has yet to copy what it keeps."""
    forked = "json_extract(settings, '$.forked_from.{}')"
    found = await database.query(
        f"SELECT {forked.format('checkpoint_id')} AS checkpoint_id FROM workflow_executions WHERE {NOT_STAGED}"
        f" AND json_valid(settings) AND json_valid(metadata) AND {forked.format('thread_id')} = ?"
        f" AND json_extract(metadata, '$.{AWAITS}') IS NOT NULL",
        (thread_id,),
    )
    awaited = set(texts_of(found, "checkpoint_id"))
    return {row.place for row in rows if row.checkpoint_id in awaited}


async def prune(database: Database, plan: PrunePlan, lease: Lease | None) -> bool:
    """Delete what a plan does not keep, in one transaction; False, and nothing deleted, if the lease is lost.

    `lease`: of the run; None for a thread that is not a clash run. What was saved since the plan was made stays.
    """
    condition = ALWAYS if lease is None else Statement(FENCE, lease.fence)
    tables: Mapping[str, str] = TABLES if await has_table(database, "checkpoint_chunks") else STOCK_TABLES
    statements = prune_thread(plan.thread_id, plan.keep, tables, condition)
    orphans = Statement(
        "DELETE FROM checkpoint_metadata WHERE run_id = ? AND (checkpoint_ns, checkpoint_id) NOT IN"
        " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)) AND NOT EXISTS"
        " (SELECT 1 FROM checkpoints AS c WHERE c.thread_id = checkpoint_metadata.run_id"
        " AND c.checkpoint_ns = checkpoint_metadata.checkpoint_ns"
        f" AND c.checkpoint_id = checkpoint_metadata.checkpoint_id) AND {condition.sql}",
        (plan.thread_id, json.dumps(sorted(plan.keep)), *condition.params),
    )
    faults.point("prune.before")
    results = await database.batch([*statements, orphans, *([still_held(lease)] if lease is not None else [])])
    faults.point("prune.after")
    return lease is None or bool(results[-1])
