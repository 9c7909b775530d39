"""Runs of other workflows than clash's: the program that tracks one begins and ends it, without a lease."""

from __future__ import annotations

from typing import Literal

from clash.clock import now_text
from clash.database.lease import is_held
from clash.database.port import Database, Statement
from clash.database.quotas import project_month, quota_error
from clash.database.row_checks import require_sound
from clash.database.rows import RunRow
from clash.errors import BudgetExceededError, ConflictError, NotFoundError
from clash.hints import command
from clash.money import usd_text

_OWN = "graph_version = 0 AND (lease_owner IS NULL OR lease_expires_at <= ?)"
"""A run that is a workflow of one's own, and that no process holds; its parameter is the time."""


async def end_run(
    database: Database, run_id: str, status: Literal["completed", "failed"], *, error_message: str | None = None
) -> None:
    """Say how a workflow of one's own ended; no lease is needed. To say it again changes nothing.

    Raises `NotFoundError`, and `ConflictError` for a run that clash itself makes, or one that has ended otherwise.
    """
    now = now_text()
    code, message = ("failed", storable(error_message or "")) if status == "failed" else (None, None)
    (changed,) = await database.batch(
        [
            Statement(
                "UPDATE workflow_executions SET status = ?, end_time = ?, updated_at = ?, error_code = ?,"
                f" error_message = ? WHERE run_id = ? AND {_OWN} AND status NOT IN ('completed', 'cancelled')"
                " RETURNING run_id",
                (status, now, now, code, message, run_id, now),
                recall=Statement(
                    "SELECT run_id FROM workflow_executions WHERE run_id = ? AND status = ?", (run_id, status)
                ),
            )
        ]
    )
    if not changed:
        run = await _own_run(database, run_id)
        if run.status != status:
            raise ConflictError(f"the run {run_id} is {run.status} already", code="finished")


async def set_budget(database: Database, run_id: str, budget_micro: int) -> None:
    """Give a workflow of one's own another budget. Raises as `end_run` does."""
    (changed,) = await database.batch(
        [
            Statement(
                f"UPDATE workflow_executions SET budget_micro = ?, updated_at = ? WHERE run_id = ? AND {_OWN}"
                " RETURNING run_id",
                (budget_micro, now_text(), run_id, now_text()),
                recall=Statement("SELECT run_id FROM workflow_executions WHERE run_id = ?", (run_id,)),
            )
        ]
    )
    if not changed:
        await _own_run(database, run_id)


async def check_budget(database: Database, run_id: str, cost_micro: int) -> None:
    """Raise `BudgetExceededError` if a call of this cost would pass the run's budget, `QuotaReachedError`, if it would
    pass its project's monthly quota; `NotFoundError`.
    """
    run = await run_of(database, run_id)
    budget, spent = run.budget_micro, run.committed_micro
    if budget is not None and spent + cost_micro > budget:
        raise BudgetExceededError(
            f"the run {run_id} has spent ${usd_text(spent)} of its budget of ${usd_text(budget)}:"
            f" ${usd_text(cost_micro)} more would pass it",
            hint=f'give it more, for example: MetadataTracker("{run_id}").set_budget("{usd_text(spent + cost_micro)}")',
        )
    told = f"a call of the run {run_id} would cost ${usd_text(cost_micro)}"
    if (error := quota_error(told, await project_month(database, run.project), cost_micro)) is not None:
        raise error


async def _own_run(database: Database, run_id: str) -> RunRow:
    """Return the run of a workflow of one's own. Raise `NotFoundError`, `ConflictError`."""
    run = await run_of(database, run_id)
    if run.graph_version or is_held(run):
        raise ConflictError(
            f"the run {run_id} is one that clash makes, and says itself how it stands",
            code="held",
            hint=f"`{command('runs show', run_id)}` shows it; `{command('cancel', run_id)}` cancels it",
        )
    return run


async def run_of(database: Database, run_id: str) -> RunRow:
    """Return a run. Raise `NotFoundError`, and `DatabaseError` for one that cannot be read."""
    rows = await database.query("SELECT * FROM workflow_executions WHERE run_id = ?", (run_id,))
    if not rows:
        raise unknown_run(run_id)
    return RunRow.from_row(require_sound("workflow_executions", rows[0], f"the run {run_id}"))


def unknown_run(run_id: str) -> NotFoundError:
    """Return the error for a run that is not there."""
    return NotFoundError(f"there is no run {run_id}", hint="begin it with start_workflow, or see `clash runs ls`")


def storable(text: str) -> str:
    """Return a text of somebody's, shortened, in which every character can be stored."""
    return text[:2000].encode("utf-8", "replace").decode("utf-8")
