"""Whether anything in a database has changed, and in which runs: asked often, so it costs little."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clash.database.lease import Holder, is_held
from clash.database.port import Database, Row, values_of
from clash.database.row_checks import fault_of
from clash.database.sqlite import SqliteDatabase
from clash.database.sqlite_files import FileId, file_id
from clash.database.staging import NOT_STAGED

_NEWEST = 50
"""Runs that are looked at whatever happens: those that a list begins with."""
_GROWING = {
    "api_logs": "id",
    "generated_assets": "id",
    "slot_decisions": "id",
    "call_settlements": "id",
    "checkpoint_metadata": "rowid",
}
"""Tables to which rows are added. Five: D1 takes no compound SELECT of more terms."""


@dataclass(frozen=True)
class RunState:
    """How a run stands, as far as a list of runs shows it."""

    run_id: str
    status: str
    updated_at: str
    spent_micro: int
    reserved_micro: int
    budget_micro: int | None
    error_code: str | None
    holder: Holder
    project: str

    @classmethod
    def from_row(cls, row: Row) -> RunState:
        """Return the state of a sound row of `workflow_executions`."""
        budget = row["budget_micro"]
        return cls(
            run_id=str(row["run_id"]),
            status=str(row["status"]),
            updated_at=str(row["updated_at"]),
            spent_micro=int(row["spent_micro"]),
            reserved_micro=int(row["reserved_micro"]),
            budget_micro=None if budget is None else int(budget),
            error_code=row["error_code"],
            holder=Holder.from_row(row),
            project=str(row["project"]),
        )

    @property
    def is_held(self) -> bool:
        """Whether a live process holds the run."""
        return is_held(self.holder)

    @property
    def marks(self) -> tuple[object, ...]:
        """What tells two states of a run apart; a lease that was only renewed is none of it."""
        owner = self.holder.lease_owner
        return (
            self.status,
            self.updated_at,
            self.spent_micro,
            self.reserved_micro,
            self.budget_micro,
            owner,
            self.project,
        )


@dataclass(frozen=True)
class Marks:
    """The highest ids of the tables to which rows are added."""

    newest: Mapping[str, int]

    @classmethod
    def from_row(cls, row: Row) -> Marks:
        """Return the marks of a row that has a column for each table."""
        return cls({table: int(row[table] or 0) for table in _GROWING})


async def marks(database: Database) -> Marks:
    """Return the highest ids now."""
    columns = ", ".join(f"(SELECT max({id_}) FROM {table}) AS {table}" for table, id_ in _GROWING.items())
    rows = await database.query(f"SELECT {columns}")
    return Marks.from_row(rows[0])


async def grown_since(database: Database, before: Marks) -> tuple[Marks, frozenset[str]]:
    """Return the highest ids now, and the runs that have rows above those of before."""
    query = " UNION ALL ".join(
        f"SELECT '{table}' AS name, run_id, max({id_}) AS newest FROM {table} WHERE {id_} > ? GROUP BY run_id"
        for table, id_ in _GROWING.items()
    )
    rows = await database.query(query, [before.newest[table] for table in _GROWING])
    newest = dict(before.newest)
    for name, found in zip(values_of(rows, "name"), values_of(rows, "newest"), strict=True):
        newest[str(name)] = max(newest[str(name)], int(found))
    return Marks(newest), frozenset(str(run_id) for run_id in values_of(rows, "run_id"))


async def run_states(database: Database, watched: Iterable[str]) -> dict[str, RunState]:
    """Return the states of the newest runs and of these, by their ids; a damaged row has none."""
    rows = await database.query(
        "SELECT run_id, status, updated_at, spent_micro, reserved_micro, budget_micro, error_code, project,"
        f" lease_owner, lease_expires_at, lease_generation FROM workflow_executions WHERE {NOT_STAGED} AND (run_id IN"
        f" (SELECT run_id FROM workflow_executions ORDER BY start_time DESC LIMIT {_NEWEST})"
        " OR run_id IN (SELECT value FROM json_each(?)))",
        (json.dumps(sorted(watched)),),
    )
    sound = (row for row in rows if not fault_of("workflow_executions", row))
    return {state.run_id: state for state in map(RunState.from_row, sound)}


async def look(
    database: Database, before: Marks | None, watched: Iterable[str]
) -> tuple[Marks, frozenset[str], dict[str, RunState]]:
    """Return marks, runs with new rows and states of runs: one request on D1."""
    if before is None:
        now, states = await asyncio.gather(marks(database), run_states(database, watched))
        return now, frozenset(), states
    (now, grown), states = await asyncio.gather(grown_since(database, before), run_states(database, watched))
    return now, grown, states


async def data_version(database: Database) -> int | None:
    """Return what changes with every commit of another connection; None on D1, which has nothing of the kind."""
    if not isinstance(database, SqliteDatabase):
        return None
    rows = await database.query("PRAGMA data_version")
    return int(values_of(rows, "data_version")[0])


def opened_file(database: Database) -> FileId | None:
    """Return which file lies at the path of a SQLite database now; None on D1, and where there is none."""
    return file_id(database.path) if isinstance(database, SqliteDatabase) else None
