"""Which removed runs of a file can be imported again: those whose money can be counted exactly once.

Asked before anything is written. A removal keeps the sums of a run's calls, and of those only the answers that were
paid for are kept as calls. So a call of the file must be found in the sums, or be settled by the answer that was kept.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from clash.database.port import Database, Param, Row
from clash.database.removed_runs import REST_OF, RemovedRun, sums_of_calls
from clash.database.savers.thread_operations import ALWAYS
from clash.database.transfer.layout import new_schema, tables
from clash.database.transfer.lines import Entry
from clash.database.transfer.returning import KEPT
from clash.database.transfer.statements import insert_rows
from clash.errors import ConflictError

_KEY = ("day", "step", "provider", "model", "precision")
_COUNTED_ONCE = ("calls", "unknown_calls", "unknown_micro", "cost_micro")
_NEEDED = ("workflow_executions", "api_logs")
_LONG = dict.fromkeys(("request", "response"))
_SETTLED = ("state", "quoted_cost_micro", "cost_micro", "precision")
_COUNTED = "SELECT * FROM removed_costs WHERE run_id = ?"


class _Rest(NamedTuple):
    """A run of which a part stayed removed when it was restored: its id and when it began."""

    thread_id: str
    start_time: str

    @classmethod
    def from_row(cls, row: Row) -> _Rest:
        return cls(str(row["thread_id"]), str(row["start_time"]))


class _Answer(NamedTuple):
    """An answer that was kept of a removed run: its call, and how that was settled, in the order of `_SETTLED`."""

    token: str
    settled: tuple[Param, ...]

    @classmethod
    def from_row(cls, row: Row) -> _Answer:
        return cls(str(row["token"]).removeprefix(KEPT), tuple(row[name] for name in _SETTLED))


async def require_restorable(
    database: Database, entries: Iterable[Entry], back: Mapping[str, RemovedRun], file: Path | None
) -> None:
    """Raise `ConflictError` naming the runs in `back` whose money would not count exactly once; nothing is written.

    `entries`: the lines of the file. `back`: the removed runs of the file that are to be there again, by their ids.
    """
    rests = await _rests(database)
    trial = new_schema("")  # a temporary file of SQLite's own, gone when it is closed
    try:
        _write_calls(trial, entries, back)
        faults = {
            thread_id: "a part of it stayed removed when it was restored before, and the export may have the same calls"
            if _Rest(thread_id, run.start_time) in rests
            else await _fault(database, trial, run)
            for thread_id, run in sorted(back.items())
        }
    finally:
        trial.close()
    told = [f"{thread_id} ({fault})" for thread_id, fault in faults.items() if fault]
    if told:
        name, url = "-" if file is None else shlex.quote(file.as_posix()), "DATABASE_URL=sqlite:///restored.db"
        raise ConflictError(
            f"the money of these removed runs would not count exactly once: {'; '.join(told)}",
            code="not_restorable",
            hint=f"nothing was imported; `{url} clash db init`, then `{url} clash db import {name}` brings them back in"
            " another database; without --restore-removed the other runs of the file are imported here",
        )


async def _rests(database: Database) -> set[_Rest]:
    """Return of which runs a part stayed removed when they were restored."""
    rows = await database.query(
        f"SELECT r.thread_id, json_extract(w.metadata, '$.{REST_OF}') AS start_time FROM removed_runs AS r"
        " JOIN workflow_executions AS w ON w.run_id = r.run_id"
        f" WHERE json_valid(w.metadata) AND json_extract(w.metadata, '$.{REST_OF}') IS NOT NULL"
    )
    return set(map(_Rest.from_row, rows))


def _write_calls(trial: sqlite3.Connection, entries: Iterable[Entry], back: Mapping[str, RemovedRun]) -> None:
    thread_id = ""
    trial.execute("BEGIN")
    for entry in entries:
        if isinstance(entry.values, str):
            thread_id = entry.values
        elif thread_id in back and entry.name in _NEEDED:
            row = {**entry.values, **(_LONG if entry.name == "api_logs" else {})}
            for statement in insert_rows(tables()[entry.name], thread_id, [row], ALWAYS, chunked=False):
                trial.execute(statement.sql, statement.params)


async def _fault(database: Database, trial: sqlite3.Connection, run: RemovedRun) -> str:
    """Return why the money of a run would not count exactly once; "" if it does."""
    answers = await database.query(f"SELECT token, {', '.join(_SETTLED)} FROM api_logs WHERE run_id = ?", (run.run_id,))
    trial.executemany(
        f"UPDATE api_logs SET {', '.join(f'{name} = ?' for name in _SETTLED)}"
        " WHERE run_id = ? AND token = ? AND state <> 'succeeded'",
        [(*answer.settled, run.thread_id, answer.token) for answer in map(_Answer.from_row, answers)],
    )
    sums = sums_of_calls(run.thread_id, ALWAYS)
    again = _rows(trial, sums.sql, sums.params)
    counted = {_key(row): row for row in await database.query(_COUNTED, (run.run_id,))}
    # Which calls a removal gave up it does not say: they are those of the export if there were no others.
    if _sum(again, "unknown_calls") and any(
        _sum(again, name) != _sum(counted.values(), name) for name in ("calls", "unknown_calls")
    ):
        return "calls that are open in the export may have been settled since"
    if not all(_key(row) in counted and _holds(counted[_key(row)], row) for row in again):
        return "the sums of its removal lack calls of the export, or what they cost"
    return ""


def _holds(sums: Row, some: Row) -> bool:
    """Whether calls that add up to `some` can be among those that add up to `sums`: all of these, or some of them."""
    if sums["calls"] == some["calls"]:
        return all(sums[name] == some[name] for name in _COUNTED_ONCE)
    return all(sums[name] >= some[name] for name in _COUNTED_ONCE)


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in _KEY)


def _sum(rows: Iterable[Row], name: str) -> int:
    return sum(int(row[name]) for row in rows)


def _rows(trial: sqlite3.Connection, sql: str, params: Sequence[Param]) -> list[Row]:
    cursor = trial.execute(sql, params)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
