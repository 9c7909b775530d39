"""What people decide about the slots of a run (retake, select, approve), and the cuts of its film: rows, only added.

Any process with the database may write a decision; no lease is needed. The run reads them when it goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clash import faults
from clash.clock import now_text
from clash.database.lease import FENCE, Lease
from clash.database.port import Database, Row, Statement
from clash.vocabulary import Decided, RunStatus

_COLUMNS = "slot, decision, take, variation, of_take, judged_sha256, note, prompt, model, batch, actor, created_at"


@dataclass(frozen=True)
class Decision:
    """A row of `slot_decisions`. See the migration for what the columns mean."""

    slot: str
    decision: Decided
    take: int
    batch: str
    variation: int = 1
    of_take: int = 0
    judged_sha256: str = ""
    note: str = ""
    prompt: str = ""
    model: str = ""
    actor: str = ""
    created_at: str = ""

    @classmethod
    def from_row(cls, row: Row) -> Decision:
        """Return the decision of a whole row."""
        return cls(
            slot=str(row["slot"]),
            decision=Decided(row["decision"]),
            take=int(row["take"]),
            batch=str(row["batch"]),
            variation=int(row["variation"]),
            of_take=int(row["of_take"]),
            judged_sha256=str(row["judged_sha256"]),
            note=str(row["note"]),
            prompt=str(row["prompt"]),
            model=str(row["model"]),
            actor=str(row["actor"]),
            created_at=str(row["created_at"]),
        )


@dataclass(frozen=True)
class FilmCut:
    """A row of `film_cuts`: a film as it was cut. `files`: asset type to what is recorded of the file."""

    take: int
    cut: str
    files: Mapping[str, Mapping[str, object]]
    selection: Mapping[str, int]
    created_at: str

    @classmethod
    def from_row(cls, row: Row) -> FilmCut:
        """Return the cut of a whole row."""
        return cls(
            take=int(row["take"]),
            cut=str(row["cut"]),
            files=json.loads(row["files"]),
            selection=json.loads(row["selection"]),
            created_at=str(row["created_at"]),
        )


async def decisions_of(database: Database, run_id: str) -> list[Decision]:
    """Return every decision of a run, oldest first."""
    rows = await database.query(f"SELECT {_COLUMNS} FROM slot_decisions WHERE run_id = ? ORDER BY id", (run_id,))
    return [Decision.from_row(row) for row in rows]


async def cuts_of(database: Database, run_id: str) -> list[FilmCut]:
    """Return the cuts of a run's film, oldest first."""
    rows = await database.query("SELECT * FROM film_cuts WHERE run_id = ? ORDER BY take", (run_id,))
    return [FilmCut.from_row(row) for row in rows]


def insert_decision(run_id: str, decision: Decision, *, after: int | None = None) -> Statement:
    """Add a decision.

    `after`: only if the run had just this many decisions before the batch, or has some of this batch already. A
    decision that was made on an older view of the run is not added, and the statement returns no row.
    """
    values = (
        decision.slot,
        decision.decision,
        decision.take,
        decision.variation,
        decision.of_take,
        decision.judged_sha256,
        decision.note,
        decision.prompt,
        decision.model,
        decision.batch,
        decision.actor,
        decision.created_at or now_text(),
    )
    unseen = (
        "? IS NULL OR ? = (SELECT count(*) FROM slot_decisions WHERE run_id = ? AND batch <> ?)"
        " AND EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ?)"
    )
    return Statement(
        f"INSERT INTO slot_decisions (run_id, {_COLUMNS}) SELECT ?{', ?' * len(values)} WHERE {unseen}"
        " ON CONFLICT DO NOTHING RETURNING id",
        (run_id, *values, after, after, run_id, decision.batch, run_id),
        recall=Statement(
            "SELECT id FROM slot_decisions WHERE run_id = ? AND slot = ? AND decision = ? AND take = ? AND batch = ?",
            (run_id, decision.slot, decision.decision, decision.take, decision.batch),
        ),
    )


def reopen_run(run_id: str, batch: str) -> Statement:
    """Say of a completed run that it has something left to do, if the decisions of this batch were added to it."""
    return Statement(
        "UPDATE workflow_executions SET status = ?, updated_at = ? WHERE run_id = ? AND status = ?"
        " AND EXISTS (SELECT 1 FROM slot_decisions WHERE run_id = ? AND batch = ?) RETURNING run_id",
        (RunStatus.PAUSED, now_text(), run_id, RunStatus.COMPLETED, run_id, batch),
        recall=Statement("SELECT run_id FROM workflow_executions WHERE run_id = ?", (run_id,)),
    )


async def add_decisions(database: Database, run_id: str, decisions: Sequence[Decision], *, seen: int) -> bool:
    """Add decisions of one batch, all or none.

    `seen`: how many decisions the run had when these were made. Returns False, and adds nothing, if there are others
    by now, or no such run. A completed run is paused then if there is something to make: `resume` goes on with it.
    """
    statements = [insert_decision(run_id, decision, after=seen) for decision in decisions]
    if any(decision.decision != Decided.APPROVE for decision in decisions):
        statements.append(reopen_run(run_id, decisions[0].batch))
    faults.point("decisions.before")
    results = await database.batch(statements)
    faults.point("decisions.after")
    return bool(results[0])


def cut_row(cut: FilmCut) -> dict[str, str | int]:
    """Return a cut as the columns of `film_cuts` have it, but for the run."""
    return {
        "take": cut.take,
        "cut": cut.cut,
        "files": json.dumps(cut.files, ensure_ascii=False, sort_keys=True),
        "selection": json.dumps(cut.selection, ensure_ascii=False, sort_keys=True),
        "created_at": cut.created_at,
    }


def restored_cut(run_id: str, cut: FilmCut) -> Statement:
    """Record a cut of a run that nobody holds; nothing if the run is not there, or has a cut of this number."""
    is_there = Statement("EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ?)", (run_id,))
    return _recorded_cut(run_id, cut, is_there)


def insert_cut(lease: Lease, cut: FilmCut) -> Statement:
    """Record a cut of the film; nothing if this very cut is recorded."""
    return _recorded_cut(lease.run_id, cut, Statement(FENCE, lease.fence))


def _recorded_cut(run_id: str, cut: FilmCut, condition: Statement) -> Statement:
    """Record a cut under a condition, if the run has none of its number."""
    return Statement(
        "INSERT INTO film_cuts (run_id, take, cut, files, selection, created_at)"
        f" SELECT ?, ?, ?, ?, ?, ? WHERE {condition.sql} ON CONFLICT (run_id, take) DO NOTHING RETURNING id",
        (run_id, *cut_row(cut).values(), *condition.params),
        recall=Statement("SELECT id FROM film_cuts WHERE run_id = ? AND take = ?", (run_id, cut.take)),
    )
