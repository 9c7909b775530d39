"""Rows of a file as statements, as the database that they go to wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clash.database.connection import is_d1
from clash.database.d1.values import MAX_PARAMS, encode
from clash.database.port import Param, Statement
from clash.database.savers.checkpoint_rows import INLINE_BYTES, chunk_statements
from clash.database.transfer.layout import Table
from clash.database.transfer.lines import Values

_CHUNK_KEYS = {
    "checkpoints": ("checkpoint_ns", "checkpoint_id"),
    "writes": ("checkpoint_ns", "checkpoint_id", "task_id", "idx"),
}


@dataclass(frozen=True)
class Target:
    """What the database takes that runs go to. `chunked`: large values stand in `checkpoint_chunks`.

    `check` raises `DatabaseError` for a statement that it would refuse for its size.
    """

    chunked: bool
    check: Callable[[Statement], object]


def target_of(url: str) -> Target:
    """What the database at this URL takes."""
    return Target(chunked=True, check=encode) if is_d1(url) else Target(chunked=False, check=lambda _: None)


def insert_rows(
    table: Table, owner: str, rows: Sequence[Values], condition: Statement, *, chunked: bool
) -> Iterator[Statement]:
    """Write rows of a thread, many with each statement; a row's chunks come before it."""
    at_once = (MAX_PARAMS - 1 - len(condition.params)) // len(table.columns)
    stored = ", ".join(column.stored or column.name for column in table.columns)
    values = ", ".join(column.written.format(value=f"given.{column.name}") for column in table.columns)
    names = ", ".join(column.name for column in table.columns)
    marks = f"({', '.join('?' * len(table.columns))})"
    for start in range(0, len(rows), at_once):
        some = list(rows[start : start + at_once])
        if chunked and table.chunked:
            for place, row in enumerate(some):
                large = row[table.chunked]
                if isinstance(large, bytes) and len(large) > INLINE_BYTES:
                    yield from chunk_statements(_chunk_key(table, owner, row), large, condition)
                    some[place] = {**row, table.chunked: None}
        yield Statement(
            f"INSERT INTO {table.name} ({table.owner}, {stored}) WITH owner (id) AS (SELECT ?),"
            f" given ({names}) AS (VALUES {', '.join([marks] * len(some))})"
            f" SELECT owner.id, {values} FROM owner, given WHERE {condition.sql}",
            (owner, *(row[column.name] for row in some for column in table.columns), *condition.params),
        )


def _chunk_key(table: Table, owner: str, row: Values) -> tuple[Param, ...]:
    key = tuple(row[name] for name in _CHUNK_KEYS[table.name])
    return (owner, *key) if table.name == "writes" else (owner, *key, "", 0)


def weight(statement: Statement) -> int:
    """About how many bytes a statement has on its way to D1, which is the narrowest."""
    return len(statement.sql) + sum(_weight(value) for value in statement.params)


def _weight(value: Param) -> int:
    if isinstance(value, bytes):
        return 2 * len(value)
    if isinstance(value, str):
        return len(value) if value.isascii() else 4 * len(value)
    return 24
