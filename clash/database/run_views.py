"""A database as it looks where only some runs are there: those of some projects, or of a batch. Reads only."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence

from clash.database.port import Database, Param, Rows, Statement
from clash.database.removed_runs import REMOVED_FROM_BATCH

_OF_RUNS = ("api_logs", "generated_assets", "call_settlements", "removed_runs", "removed_costs")
"""Tables of which a report sums up the rows of all runs. Each has a column `run_id`."""
_IN_PROJECTS = "project IN (SELECT value FROM json_each(?))"
_IN_BATCH = f"(batch = ? OR ({REMOVED_FROM_BATCH}))"


def in_projects(database: Database, projects: Sequence[str] | None) -> Database:
    """Return a database as it looks to those who may see these projects; None: every project."""
    return database if projects is None else _View(database, _IN_PROJECTS, (json.dumps(list(projects)),))


def in_batch(database: Database, name: str) -> Database:
    """Return a database in which there are the runs of one batch alone, and what stays of its removed ones."""
    return _View(database, _IN_BATCH, (name, name))


class _View:
    """Asks a database for rows of some runs alone."""

    def __init__(self, database: Database, condition: str, params: Sequence[Param]) -> None:
        self.find_file: Callable[[str], Awaitable[bool]] | None = None
        self._database = database
        self._params = tuple(params)
        # In SQL, the name of a `WITH` hides that of a table.
        of_runs = (
            f"{table} AS (SELECT * FROM main.{table} WHERE run_id IN (SELECT run_id FROM seen_runs))"
            for table in _OF_RUNS
        )
        self._view = ", ".join(
            (
                f"WITH seen_runs AS (SELECT * FROM main.workflow_executions WHERE {condition})",
                "workflow_executions AS (SELECT * FROM seen_runs)",
                *of_runs,
            )
        )

    @property
    def url(self) -> str:
        """Where it is."""
        return self._database.url

    @property
    def size_bytes(self) -> int | None:
        """Nothing: the size is that of all runs."""
        return None

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        """Return the rows of one reading statement. Raises `ValueError` for one that cannot be kept to these runs."""
        if not sql.startswith("SELECT "):
            raise ValueError(f"this cannot be asked of some runs: {sql[:60]}")
        return await self._database.query(f"{self._view} {sql}", (*self._params, *params))

    async def batch(self, statements: Sequence[Statement]) -> list[Rows]:
        """Raise `ValueError`: it is only for reading."""
        raise ValueError(f"{len(statements)} statements cannot be applied to some runs")

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()
