"""The rows of `batches`: runs that were begun together, and the budget that they share.

The sums of a batch are kept by triggers (migration 0008), in the transaction that changes a run; its budget is a
condition in the statement that reserves (`call_log`). So neither depends on which process makes a run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from clash.clock import now_text
from clash.database.lease import Holder, is_held
from clash.database.port import Database, Row, Statement, texts_of
from clash.database.removed_runs import OF_BATCH, REMOVED_FROM_BATCH
from clash.database.staging import NOT_STAGED, REMOVED_PREFIX
from clash.errors import NotFoundError
from clash.vocabulary import RunStatus


class BatchRow(NamedTuple):
    """A row of `batches`. `budget_micro`: what all its runs together may spend; None: no limit."""

    name: str
    created_at: str
    budget_micro: int | None
    spent_micro: int
    reserved_micro: int

    @classmethod
    def from_row(cls, row: Row) -> BatchRow:
        """Return the batch of a whole row."""
        return cls(
            name=str(row["name"]),
            created_at=str(row["created_at"]),
            budget_micro=None if row["budget_micro"] is None else int(row["budget_micro"]),
            spent_micro=int(row["spent_micro"]),
            reserved_micro=int(row["reserved_micro"]),
        )

    @property
    def committed_micro(self) -> int:
        """What is spent or reserved."""
        return self.spent_micro + self.reserved_micro

    @property
    def left_micro(self) -> int | None:
        """What may still be reserved; None: any amount."""
        return None if self.budget_micro is None else self.budget_micro - self.committed_micro


class Standing(NamedTuple):
    """How a run of a batch stands: enough to tell whether this process has anything to do for it.

    `output`: the folder in which the run's folder is; empty where its settings cannot be read.
    """

    run_id: str
    batch: str | None
    status: RunStatus
    is_held: bool
    story_sha256: str
    settings_fingerprint: str
    spent_micro: int
    project: str
    output: str

    @classmethod
    def from_row(cls, row: Row) -> Standing:
        """Return the standing of a row with these columns."""
        return cls(
            run_id=str(row["run_id"]),
            batch=row["batch"],
            status=RunStatus(row["status"]),
            is_held=is_held(Holder.from_row(row)),
            story_sha256=str(row["story_sha256"]),
            settings_fingerprint=str(row["settings_fingerprint"]),
            spent_micro=int(row["spent_micro"]),
            project=str(row["project"]),
            output=str(row["output"] or ""),
        )


async def find_batch(database: Database, name: str) -> BatchRow | None:
    """Return a batch; None if no run was ever begun in it."""
    rows = await database.query("SELECT * FROM batches WHERE name = ?", (name,))
    return BatchRow.from_row(rows[0]) if rows else None


async def batch_of_run(database: Database, run_id: str) -> BatchRow | None:
    """Return the batch of a run; None for a run of none."""
    statement = batch_funds(run_id)
    rows = await database.query(statement.sql, statement.params)
    return BatchRow.from_row(rows[0]) if rows else None


def batch_funds(run_id: str) -> Statement:
    """Read the batch of a run: no row for a run of none."""
    sql = "SELECT * FROM batches WHERE name = (SELECT batch FROM workflow_executions WHERE run_id = ?)"
    return Statement(sql, (run_id,), recall=Statement(sql, (run_id,)))


async def set_batch_budget(database: Database, name: str, budget_micro: int) -> None:
    """Give a batch a budget, and make the batch if there is none; its runs note it for where they are moved to."""
    await database.batch(
        [
            Statement(
                "INSERT INTO batches (name, created_at, budget_micro) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET budget_micro = excluded.budget_micro",
                (name, now_text(), budget_micro),
            ),
            Statement(
                "UPDATE workflow_executions SET batch_budget_micro = ? WHERE batch = ? AND batch_budget_micro IS NOT ?",
                (budget_micro, name, budget_micro),
            ),
            Statement(
                f"UPDATE workflow_executions SET batch_budget_micro = ? WHERE run_id GLOB '{REMOVED_PREFIX}*'"
                f" AND json_extract(metadata, '$.{OF_BATCH}') = ?",
                (budget_micro, name),
            ),
        ]
    )


async def join_batch(database: Database, run_id: str, name: str) -> bool:
    """Put a run that is in no batch into one; return whether it is in this batch now."""
    (joined,) = await database.batch(
        [
            Statement(
                "UPDATE workflow_executions SET batch = ?,"
                " batch_budget_micro = (SELECT budget_micro FROM batches WHERE name = ?)"
                " WHERE run_id = ? AND (batch IS NULL OR batch = ?) RETURNING run_id",
                (name, name, run_id, name),
                recall=Statement(
                    "SELECT run_id FROM workflow_executions WHERE run_id = ? AND batch = ?", (run_id, name)
                ),
            )
        ]
    )
    return bool(joined)


_STANDING = (
    "run_id, batch, status, lease_owner, lease_expires_at, lease_generation, story_sha256, settings_fingerprint,"
    " spent_micro, project, CASE WHEN json_valid(settings) THEN json_extract(settings, '$.output') END AS output"
)
_AT_ONCE = 1000


async def standings(database: Database, run_ids: Sequence[str]) -> dict[str, Standing]:
    """Return how these runs stand, by their ids; those that were never begun are left out."""
    found: dict[str, Standing] = {}
    for start in range(0, len(run_ids), _AT_ONCE):
        some = json.dumps(list(run_ids[start : start + _AT_ONCE]))
        rows = await database.query(
            f"SELECT {_STANDING} FROM workflow_executions WHERE run_id IN (SELECT value FROM json_each(?))", (some,)
        )
        found |= {row.run_id: row for row in map(Standing.from_row, rows)}
    return found


class RunOfBatch(NamedTuple):
    """A run of a batch, and the story that it was begun with."""

    run_id: str
    story_path: str
    story_title: str

    @classmethod
    def from_row(cls, row: Row) -> RunOfBatch:
        """Return the run of a row with these columns."""
        return cls(str(row["run_id"]), str(row["story_path"]), str(row["story_title"]))


async def runs_of_batch(database: Database, name: str) -> list[RunOfBatch]:
    """Return the runs of a batch, in the order of their names."""
    rows = await database.query(
        "SELECT run_id, story_path, story_title FROM workflow_executions"
        f" WHERE batch = ? AND {NOT_STAGED} ORDER BY run_id",
        (name,),
    )
    return [RunOfBatch.from_row(row) for row in rows]


async def ids_in_batch(database: Database, name: str) -> list[str]:
    """Return the ids of the runs of a batch, in order. Raises `NotFoundError` if it has none."""
    if names := [run.run_id for run in await runs_of_batch(database, name)]:
        return names
    raise NotFoundError(f"the batch {name} has no runs", hint="`clash runs ls` lists the runs with their batches")


async def removed_of_batch(database: Database, name: str) -> list[str]:
    """Return the ids under which what stays of the removed runs of a batch is kept, in order."""
    rows = await database.query(
        f"SELECT run_id FROM workflow_executions WHERE {REMOVED_FROM_BATCH} ORDER BY run_id", (name,)
    )
    return texts_of(rows, "run_id")
