"""What stays of runs that were removed: when that was, what they had cost, and under which id it is kept."""

from __future__ import annotations

from typing import Literal, NamedTuple

from clash.database.port import Database, Row, Statement
from clash.database.staging import REMOVED_PREFIX

GIVEN_UP = "(SELECT coalesce(sum(unknown_micro), 0) FROM removed_costs WHERE run_id = ?)"
"""What the calls that a removed run had open may have cost: it stays reserved for its batch and its project."""
OF_BATCH = "batch"
"""In the metadata of the row that stands for a removed run: the batch that it was in."""
REMOVED_FROM_BATCH = (
    f"run_id GLOB '{REMOVED_PREFIX}*' AND json_valid(metadata) AND json_extract(metadata, '$.{OF_BATCH}') = ?"
)
"""Whether a row stands for a run that was removed from a batch. Its parameter: the batch."""
REST_OF = "rest_of"
"""In the same metadata, where a run is there again without some of its calls: when that run began."""


class RemovedRun(NamedTuple):
    """A run that was removed. `run_id`: the id under which what stays of it is kept; `thread_id`: the one it had."""

    run_id: str
    thread_id: str
    story_title: str
    start_time: str
    removed_at: str
    removed_by: str
    forgets_answers: bool
    finished_at: str | None

    @classmethod
    def from_row(cls, row: Row) -> RemovedRun:
        """Return the removed run of a sound row."""
        return cls(
            run_id=str(row["run_id"]),
            thread_id=str(row["thread_id"]),
            story_title=str(row["story_title"]),
            start_time=str(row["start_time"]),
            removed_at=str(row["removed_at"]),
            removed_by=str(row["removed_by"]),
            forgets_answers=bool(row["forgets_answers"]),
            finished_at=row["finished_at"],
        )

    def had(self, run_id: str, at: str) -> bool:
        """Return whether this run was `run_id` at a time: another run may have had the id before, or since."""
        return self.thread_id == run_id and self.start_time <= at <= self.removed_at


class CostOfRemoved(NamedTuple):
    """A removed run, and what its calls added up to."""

    run: RemovedRun
    project: str
    calls: int
    failed: int
    reused: int
    unknown: int
    unknown_micro: int
    cost_micro: int

    @classmethod
    def from_row(cls, row: Row) -> CostOfRemoved:
        """Return the removed run of a row with its sums."""
        return cls(RemovedRun.from_row(row), str(row["project"]), *(int(row[name]) for name in _SUMS))


_SUMS = ("calls", "failed_calls", "reused_calls", "unknown_calls", "unknown_micro", "cost_micro")


async def removed_runs(database: Database) -> list[RemovedRun]:
    """Return every removal, oldest first."""
    return [RemovedRun.from_row(row) for row in await database.query("SELECT * FROM removed_runs ORDER BY removed_at")]


async def unfinished_removals(database: Database) -> list[RemovedRun]:
    """Return the removals whose rows are not all deleted yet, oldest first."""
    rows = await database.query("SELECT * FROM removed_runs WHERE finished_at IS NULL ORDER BY removed_at")
    return [RemovedRun.from_row(row) for row in rows]


async def costs_of_removed(database: Database, thread_id: str | None = None) -> list[CostOfRemoved]:
    """Return what each removed run cost, the newest removal first: of all, or of those that had this id."""
    rows = await database.query(
        f"SELECT r.*, w.project, {', '.join(f'coalesce(sum(c.{name}), 0) AS {name}' for name in _SUMS)}"
        " FROM removed_runs AS r JOIN workflow_executions AS w ON w.run_id = r.run_id"
        " LEFT JOIN removed_costs AS c ON c.run_id = r.run_id WHERE ? IS NULL OR r.thread_id = ?"
        " GROUP BY r.run_id ORDER BY r.removed_at DESC, r.run_id",
        (thread_id, thread_id),
    )
    return [CostOfRemoved.from_row(row) for row in rows]


async def name_of_run(database: Database, run_id: str) -> str:
    """Return the id that people know a run by: that of a removed one is the id it had."""
    if not run_id.startswith(REMOVED_PREFIX):
        return run_id
    rows = await database.query("SELECT thread_id FROM removed_runs WHERE run_id = ?", (run_id,))
    return str(rows[0]["thread_id"]) if rows else run_id


_SUMS_OF_CALLS = {
    "calls": "count(*)",
    "priced_calls": "sum(reused = 0 AND (state = 'succeeded' OR cost_micro > 0))",
    "failed_calls": "sum(state = 'failed')",
    "reused_calls": "sum(reused)",
    # An open call that is given up is one of which nobody will know whether it was paid.
    "unknown_calls": "sum(state IN ('intent', 'submitted', 'unknown'))",
    "unknown_micro": "sum(CASE WHEN state IN ('intent', 'submitted', 'unknown') THEN quoted_cost_micro ELSE 0 END)",
    "cost_micro": "sum(cost_micro)",
    "duration_ms": "sum(coalesce(duration_ms, 0))",
}
"""What calls add up to: the columns of `removed_costs` that are sums, and how each is made of rows of `api_logs`."""
_SAME_CALLS = (
    "substr(c.started_at, 1, 10) = kept.day AND c.step = kept.step AND c.service = kept.provider"
    " AND c.model = kept.model AND c.precision = kept.precision"
)


def sums_of_calls(run_id: str, condition: Statement, sound: str = "1") -> Statement:
    """Read what the calls of a run add up to, per day, step, provider, model and precision.

    `sound`: which calls can be summed.
    """
    sums = ", ".join(f"{made} AS {name}" for name, made in _SUMS_OF_CALLS.items())
    return Statement(
        f"SELECT substr(started_at, 1, 10) AS day, step, service AS provider, model, precision, {sums},"
        f" min(id) AS first_call FROM api_logs WHERE run_id = ? AND {sound} AND {condition.sql} GROUP BY 1, 2, 3, 4, 5",
        (run_id, *condition.params),
    )


def write_costs(run_id: str, kept_as: str, condition: Statement, sound: str) -> Statement:
    """Write down what the calls of a run add up to, before they are deleted. `sound`: which calls can be summed."""
    sums = sums_of_calls(run_id, condition, sound)
    return Statement(
        f"INSERT INTO removed_costs (run_id, day, step, provider, model, precision, {', '.join(_SUMS_OF_CALLS)},"
        f" first_call) SELECT ?, made.* FROM ({sums.sql}) AS made",
        (kept_as, *sums.params),
    )


def take_from_costs(run_id: str, kept_as: str, condition: Statement) -> list[Statement]:
    """Take what the calls of a run that is here again add up to from what was written down when it was removed."""
    left = ", ".join(f"max(0, kept.{name} - coalesce({made}, 0))" for name, made in _SUMS_OF_CALLS.items())
    nothing = " AND ".join(f"{name} = 0" for name in _SUMS_OF_CALLS)
    return [
        Statement(
            f"UPDATE removed_costs AS kept SET ({', '.join(_SUMS_OF_CALLS)}) ="
            f" (SELECT {left} FROM api_logs AS c WHERE c.run_id = ? AND {_SAME_CALLS})"
            f" WHERE run_id = ? AND {condition.sql}",
            (run_id, kept_as, *condition.params),
        ),
        Statement(
            f"DELETE FROM removed_costs WHERE run_id = ? AND {nothing} AND {condition.sql}",
            (kept_as, *condition.params),
        ),
    ]


def count_moved(run_id: str, condition: Statement) -> list[Statement]:
    """Count what a removed run that was moved here has cost, for its batch and for the months of its project.

    Its calls that stayed are counted for their months when they are written. Put it behind all rows of the run.
    """
    of_batch = f"run.run_id = ? AND json_extract(run.metadata, '$.{OF_BATCH}') IS NOT NULL AND {condition.sql}"
    return [
        Statement(
            "INSERT INTO batches (name, created_at, budget_micro)"
            f" SELECT json_extract(run.metadata, '$.{OF_BATCH}'), run.start_time, run.batch_budget_micro"
            f" FROM workflow_executions AS run WHERE {of_batch} ON CONFLICT (name) DO NOTHING",
            (run_id, *condition.params),
        ),
        *add_costs(run_id, condition),
        _add_to_months(run_id, "SELECT substr(started_at, 1, 7), -cost_micro, 0 FROM api_logs", condition),
    ]


def add_costs(run_id: str, condition: Statement, sign: Literal["", "-"] = "") -> list[Statement]:
    """Add what a removed run has cost to its batch and to the months of its project; with `-`, take it from them."""
    of_batch = f"run.run_id = ? AND json_extract(run.metadata, '$.{OF_BATCH}') IS NOT NULL AND {condition.sql}"
    return [
        Statement(
            "UPDATE batches SET spent_micro = spent_micro"
            f" + (SELECT coalesce(sum({sign}cost_micro), 0) FROM removed_costs WHERE run_id = ?),"
            f" reserved_micro = reserved_micro + {sign}{GIVEN_UP}"
            f" WHERE name = (SELECT json_extract(run.metadata, '$.{OF_BATCH}')"
            f" FROM workflow_executions AS run WHERE {of_batch})",
            (run_id, run_id, run_id, *condition.params),
        ),
        _add_to_months(
            run_id,
            f"SELECT substr(day, 1, 7), {sign}cost_micro, {sign}unknown_micro FROM removed_costs",
            condition,
        ),
    ]


def _add_to_months(run_id: str, sums: str, condition: Statement) -> Statement:
    """Add to the months of a project. `sums`: reads month, spent and reserved of rows that belong to the run."""
    return Statement(
        "INSERT INTO project_months (project, month, spent_micro, reserved_micro)"
        " SELECT run.project, more.month, sum(more.spent), sum(more.reserved) FROM workflow_executions AS run,"
        f" (SELECT '' AS month, 0 AS spent, 0 AS reserved UNION ALL {sums} WHERE run_id = ?) AS more"
        f" WHERE run.run_id = ? AND more.month <> '' AND {condition.sql} GROUP BY run.project, more.month"
        " ON CONFLICT (project, month) DO UPDATE SET spent_micro = spent_micro + excluded.spent_micro,"
        " reserved_micro = reserved_micro + excluded.reserved_micro",
        (run_id, run_id, *condition.params),
    )
