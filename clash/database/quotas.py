"""What a project may spend in a month, and what it has spent: `projects` and `project_months`.

Triggers keep the sums, in the transaction that changes a call. The quota is a condition of the statement that reserves
a call's cost (`WITHIN_QUOTA`), so no number of processes can pass it together. The month is that of the intent, UTC.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from clash.clock import now_text
from clash.database.port import Database, Param, Row, Statement
from clash.errors import QuotaReachedError
from clash.hints import command
from clash.money import from_micro, usd_text

_CENT = Decimal("0.01")

WITHIN_QUOTA = (
    "NOT EXISTS (SELECT 1 FROM projects AS p LEFT JOIN project_months AS m ON m.project = p.name AND m.month = ?"
    " WHERE p.name = workflow_executions.project"
    " AND p.monthly_quota_micro < coalesce(m.spent_micro + m.reserved_micro, 0) + ?)"
)
"""The condition, on a row of `workflow_executions`, that its project may spend so much more: see `quota_params`."""


def month_of(time: str) -> str:
    """Return the month of a time: `2026-11`."""
    return time[:7]


def next_month(month: str) -> str:
    """Return the first day after a month: `2026-12-01` for `2026-11`."""
    year, number = int(month[:4]), int(month[5:7])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}-01"


def quota_params(started_at: str, cost_micro: int) -> tuple[Param, ...]:
    """Return the parameters of `WITHIN_QUOTA` for a call."""
    return (month_of(started_at), cost_micro)


@dataclass(frozen=True)
class ProjectMonth:
    """The money of a project in a month. `quota_micro`: None where it has no quota."""

    project: str
    month: str
    quota_micro: int | None
    spent_micro: int
    reserved_micro: int
    runs: int = 0
    """How many runs it has, of any month; only `project_months` counts them."""

    @classmethod
    def from_row(cls, row: Row) -> ProjectMonth:
        """Return what a row of `_SUMS` says."""
        return cls(
            project=str(row["project"]),
            month=str(row["month"]),
            quota_micro=None if row["quota_micro"] is None else int(row["quota_micro"]),
            spent_micro=int(row["month_spent_micro"]),
            reserved_micro=int(row["month_reserved_micro"]),
            runs=int(row.get("runs", 0)),
        )

    @property
    def committed_micro(self) -> int:
        """What is spent or reserved."""
        return self.spent_micro + self.reserved_micro

    @property
    def left_micro(self) -> int | None:
        """What may still be spent; None without a quota. Below 0 where a quota was set below what was spent."""
        return None if self.quota_micro is None else self.quota_micro - self.committed_micro


SUMS = (
    "p.monthly_quota_micro AS quota_micro, coalesce(m.spent_micro, 0) AS month_spent_micro,"
    " coalesce(m.reserved_micro, 0) AS month_reserved_micro"
)
"""Columns of `ProjectMonth`, of `project_months AS m` and `projects AS p`."""


async def project_month(database: Database, project: str, month: str | None = None) -> ProjectMonth:
    """Return the money of one project, in this month unless another is named; also of a project that has no run."""
    month = month or month_of(now_text())
    (row,) = await database.query(
        f"SELECT one.project, ? AS month, {SUMS} FROM (SELECT ? AS project) AS one"
        " LEFT JOIN projects AS p ON p.name = one.project"
        " LEFT JOIN project_months AS m ON m.project = one.project AND m.month = ?",
        (month, project, month),
    )
    return ProjectMonth.from_row(row)


async def project_months(database: Database, month: str) -> list[ProjectMonth]:
    """Return the money of every project in a month: of each that has a run, a quota, or ever paid."""
    rows = await database.query(
        f"SELECT one.project, ? AS month, {SUMS}, (SELECT count(*) FROM workflow_executions AS run"
        " WHERE run.project = one.project AND run.run_id NOT GLOB '.*') AS runs"
        " FROM (SELECT name AS project FROM projects UNION SELECT project FROM project_months"
        " UNION SELECT project FROM workflow_executions WHERE run_id NOT GLOB '.*') AS one"
        " LEFT JOIN projects AS p ON p.name = one.project"
        " LEFT JOIN project_months AS m ON m.project = one.project AND m.month = ? ORDER BY one.project",
        (month, month),
    )
    return [ProjectMonth.from_row(row) for row in rows]


async def told_of_new_project(database: Database, project: str) -> str | None:
    """Return what to say of a project that has no run and no quota while others have quotas; None of another one."""
    known = await project_months(database, month_of(now_text()))
    if any(one.project == project for one in known) or all(one.quota_micro is None for one in known):
        return None
    near = difflib.get_close_matches(project, [one.project for one in known], n=1)
    return f"{project} is a new project and has no quota" + (f"; did you mean {near[0]}?" if near else "")


async def set_quota(database: Database, project: str, quota_micro: int | None) -> None:
    """Set what a project may spend in a month; None: any amount."""
    now = now_text()
    await database.batch(
        [
            Statement(
                "INSERT INTO projects (name, monthly_quota_micro, updated_at) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET monthly_quota_micro = excluded.monthly_quota_micro,"
                " updated_at = excluded.updated_at",
                (project, quota_micro, now),
            )
        ]
    )


def quota_error(told: str, month: ProjectMonth, cost_micro: int) -> QuotaReachedError | None:
    """Return the error for a cost that the quota of a project does not allow; None if it does."""
    left = month.left_micro
    if left is None or cost_micro <= left:
        return None
    return QuotaReachedError(
        f"{told}; of the quota of ${usd_text(month.quota_micro or 0)} that the project {month.project} has in"
        f" {month.month}, {used(month.spent_micro, month.reserved_micro)}",
        hint=raise_quota(month, from_micro(cost_micro)),
    )


def raise_quota(month: ProjectMonth, cost_usd: Decimal) -> str:
    """Return what to do about a quota: the command that raises it to what suffices for a cost, or to wait."""
    enough = (from_micro(month.committed_micro) + cost_usd).quantize(_CENT, rounding=ROUND_UP)
    raised = command("projects set", month.project, "--monthly-quota", f"{enough:f}")
    return f"raise the quota: `{raised}`, or wait until {next_month(month.month)} (UTC)"


def used(spent_micro: int, reserved_micro: int) -> str:
    """Say what of a budget or a quota is used."""
    held = f" and ${usd_text(reserved_micro)} reserved" if reserved_micro else ""
    return f"${usd_text(spent_micro)} is spent{held}"
