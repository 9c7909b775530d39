"""A database as it looks to those who may see some projects: runs of other projects are not there. Reads only."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence

from clash.database.port import Database, Param, Rows, Statement

_OF_RUNS = ("api_logs", "generated_assets", "call_settlements", "removed_runs", "removed_costs")
"""Tables of which a report sums up the rows of all runs. Each has a column `run_id`."""
_IN_RUNS = "run_id IN (SELECT run_id FROM main.workflow_executions WHERE project IN (SELECT name FROM seen_projects))"
_VIEW = ", ".join(
    (
        "WITH seen_projects AS (SELECT value AS name FROM json_each(?))",
        "workflow_executions AS (SELECT * FROM main.workflow_executions"
        " WHERE project IN (SELECT name FROM seen_projects))",
        *(f"{table} AS (SELECT * FROM main.{table} WHERE {_IN_RUNS})" for table in _OF_RUNS),
    )
)
"""Names of tables stand for their rows that may be seen: in SQL, the name of a `WITH` hides that of a table."""


def in_projects(database: Database, projects: Sequence[str] | None) -> Database:
    """Return a database as it looks to those who may see these projects; None: every project."""
    return database if projects is None else _ProjectView(database, projects)


class _ProjectView:
    """Asks a database for rows of some projects alone."""

    def __init__(self, database: Database, projects: Sequence[str]) -> None:
        self.find_file: Callable[[str], Awaitable[bool]] | None = None
        self._database = database
        self._projects = json.dumps(list(projects))

    @property
    def url(self) -> str:
        """Where it is."""
        return self._database.url

    @property
    def size_bytes(self) -> int | None:
        """Nothing: the size is that of every project."""
        return None

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        """Return the rows of one reading statement. Raises `ValueError` for one that cannot be kept to the projects."""
        if not sql.startswith("SELECT "):
            raise ValueError(f"this cannot be asked of some projects: {sql[:60]}")
        return await self._database.query(f"{_VIEW} {sql}", (self._projects, *params))

    async def batch(self, statements: Sequence[Statement]) -> list[Rows]:
        """Raise `ValueError`: it is only for reading."""
        raise ValueError(f"{len(statements)} statements cannot be applied to some projects")

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()
