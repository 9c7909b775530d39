"""How a run stands between two calls: who may write it, its budget, and its project's quota."""

from __future__ import annotations

from dataclasses import dataclass

from clash.clock import now_text
from clash.database.port import Database, Row
from clash.database.quotas import SUMS, ProjectMonth, month_of
from clash.vocabulary import RunStatus


@dataclass(frozen=True)
class RunFunds:
    """How a run stands between two calls: who may write it, and its money."""

    status: RunStatus
    lease_generation: int
    budget_micro: int | None
    spent_micro: int
    reserved_micro: int
    month: ProjectMonth
    """What its project may spend in this month, and has spent."""

    @classmethod
    def from_row(cls, row: Row) -> RunFunds:
        """Return the funds of a run's row."""
        return cls(
            status=RunStatus(row["status"]),
            lease_generation=int(row["lease_generation"]),
            budget_micro=None if row["budget_micro"] is None else int(row["budget_micro"]),
            spent_micro=int(row["spent_micro"]),
            reserved_micro=int(row["reserved_micro"]),
            month=ProjectMonth.from_row(row),
        )

    @property
    def most_micro(self) -> int | None:
        """What may be spent or reserved in all: by the budget, and by what the project's quota has left. None: any."""
        committed, left = self.spent_micro + self.reserved_micro, self.month.left_micro
        return least(self.budget_micro, None if left is None else committed + left)


def least(*amounts: int | None) -> int | None:
    """Return the smallest of these limits; None if all of them are None, which is no limit."""
    return min((amount for amount in amounts if amount is not None), default=None)


async def funds_of(database: Database, run_id: str) -> RunFunds:
    """Return how the run stands: its lease, its status, its budget, its project's quota."""
    month = month_of(now_text())
    rows = await database.query(
        "SELECT run.status, run.lease_generation, run.budget_micro, run.spent_micro, run.reserved_micro, run.project,"
        f" ? AS month, {SUMS} FROM workflow_executions AS run LEFT JOIN projects AS p ON p.name = run.project"
        " LEFT JOIN project_months AS m ON m.project = run.project AND m.month = ? WHERE run.run_id = ?",
        (month, month, run_id),
    )
    return RunFunds.from_row(rows[0])
