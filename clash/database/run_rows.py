"""Which runs there are, newest first, and how many of the things that they are to make are made. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from clash.database.port import Database, Param, Rows, values_of
from clash.database.staging import NOT_STAGED
from clash.vocabulary import PARTS, sql_list


class RunFilter(NamedTuple):
    """Which runs are wanted. `search`: part of a thread id, a title or the path of a story, in any case."""

    status: str | None = None
    search: str = ""
    limit: int | None = None
    offset: int = 0
    project: str | None = None
    batch: str | None = None

    @property
    def sql(self) -> str:
        """Everything of a statement that selects them, from `FROM` on."""
        found = " OR ".join(f"{name} LIKE ? ESCAPE '!'" for name in ("run_id", "story_title", "story_path"))
        return (
            f"FROM workflow_executions WHERE (? IS NULL OR status = ?) AND (? IS NULL OR project = ?)"
            " AND (? IS NULL OR batch = ?)"
            f" AND (? = '' OR {found}) AND {NOT_STAGED}"
            " ORDER BY start_time DESC, run_id LIMIT ? OFFSET ?"
        )

    @property
    def params(self) -> tuple[Param, ...]:
        """The parameters of `sql`."""
        literal = self.search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        pattern = f"%{literal}%"
        limit = -1 if self.limit is None else self.limit
        return (
            self.status,
            self.status,
            self.project,
            self.project,
            self.batch,
            self.batch,
            self.search,
            pattern,
            pattern,
            pattern,
            limit,
            self.offset,
        )


ALL_RUNS = RunFilter()


async def run_rows(database: Database, wanted: RunFilter = ALL_RUNS) -> Rows:
    """Runs, newest first."""
    return await database.query(f"SELECT * {wanted.sql}", wanted.params)


async def step_counts(database: Database, run_id: str) -> dict[str, int]:
    """How many of the things that each step is to make are made."""
    return (await _step_counts(database, "?", (run_id,))).get(run_id, {})


async def step_counts_of_runs(database: Database, wanted: RunFilter) -> dict[str, dict[str, int]]:
    """The same for each of the runs that `run_rows` gives."""
    return await _step_counts(database, f"SELECT run_id {wanted.sql}", wanted.params)


async def _step_counts(database: Database, runs: str, params: Sequence[Param]) -> dict[str, dict[str, int]]:
    rows = await database.query(
        f"SELECT run_id, step, count(DISTINCT slot) AS n FROM generated_assets WHERE run_id IN ({runs})"
        f" AND asset_type NOT IN {sql_list(PARTS)} GROUP BY run_id, step",
        params,
    )
    counts: dict[str, dict[str, int]] = {}
    for run_id, step, made in zip(*(values_of(rows, name) for name in ("run_id", "step", "n")), strict=True):
        counts.setdefault(str(run_id), {})[str(step)] = int(made)
    return counts
