"""The statements with which paid calls are written again that the database has lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clash.database.lease import FENCE, Lease
from clash.database.port import Database, Param, Statement, texts_of, values_of
from clash.vocabulary import LIVE, sql_list

RECOVERED = "recovered"
"""The error code of a run that was restored from its record; also the workflow of a run that has only calls which do
not fit in their own run."""
_AT_ONCE = 80
"""D1 takes a hundred parameters with a statement."""


async def states_of(database: Database, tokens: Sequence[str]) -> dict[str, str]:
    """Return the state of each of these calls that the database knows."""
    states: dict[str, str] = {}
    for start in range(0, len(tokens), _AT_ONCE):
        some = tuple(tokens[start : start + _AT_ONCE])
        marks = ", ".join("?" * len(some))
        rows = await database.query(f"SELECT token, state FROM api_logs WHERE token IN ({marks})", some)
        states |= zip(texts_of(rows, "token"), texts_of(rows, "state"), strict=True)
    return states


async def has_only_recovered(database: Database) -> bool:
    """Return whether no run was ever begun or continued in this database: it has none, or only recovered ones."""
    return not await database.query(
        "SELECT 1 FROM workflow_executions WHERE workflow_name <> ? AND coalesce(error_code, '') <> ? LIMIT 1",
        (RECOVERED, RECOVERED),
    )


async def live_slots(database: Database, run_id: str) -> dict[tuple[str, int], str]:
    """Return the token of the call that each slot and take of a run has."""
    rows = await database.query(
        f"SELECT slot, take, token FROM api_logs WHERE run_id = ? AND state IN {sql_list(LIVE)}",
        (run_id,),
    )
    slots = zip(texts_of(rows, "slot"), map(int, values_of(rows, "take")), strict=True)
    return dict(zip(slots, texts_of(rows, "token"), strict=True))


async def columns_of_calls(database: Database) -> frozenset[str]:
    """Return the columns of `api_logs` in this database."""
    rows = await database.query("SELECT name FROM pragma_table_info('api_logs')")
    return frozenset(texts_of(rows, "name")) - {"id"}


_NEW = f"NOT EXISTS (SELECT 1 FROM api_logs WHERE token = ?) AND {FENCE}"


def insert_call(lease: Lease, token: str, row: Mapping[str, Param], columns: frozenset[str]) -> Statement:
    """Write a call's row with the columns that this database has, unless there is one of its token."""
    names = sorted(columns & row.keys())
    return Statement(
        f"INSERT INTO api_logs ({', '.join(names)}) SELECT {', '.join('?' * len(names))} WHERE {_NEW} RETURNING id",
        (*(row[name] for name in names), token, *lease.fence),
        recall=Statement("SELECT id FROM api_logs WHERE token = ?", (token,)),
    )


def count_before_insert(lease: Lease, token: str, *, spent_micro: int, reserved_micro: int) -> Statement:
    """Add what a call cost, or may cost, to its run. Put it ahead of `insert_call`: it counts only what is missing."""
    return Statement(
        "UPDATE workflow_executions SET spent_micro = spent_micro + ?, reserved_micro = reserved_micro + ?"
        f" WHERE run_id = ? AND {_NEW}",
        (spent_micro, reserved_micro, lease.run_id, token, *lease.fence),
    )


def as_params(row: Mapping[str, Any]) -> dict[str, Param]:
    """Return the values of a record that a column can hold."""
    return {name: value for name, value in row.items() if isinstance(value, str | int | float) or value is None}
