"""The one interface to a database: atomic batches and reads. No transaction is ever held open across calls.

Cloudflare D1 has no interactive transactions, so the port has none: what belongs together is one batch, and a
condition is part of its SQL (`UPDATE ... WHERE ... RETURNING`, `INSERT ... SELECT ... WHERE EXISTS`).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from clash.redaction import hide_in

Param = str | int | float | bytes | None
Row = Mapping[str, Any]
Rows = list[Row]


def values_of(rows: Rows, column: str) -> list[Any]:
    """Return the values of one column of some rows."""
    return [row[column] for row in rows]


def texts_of(rows: Rows, column: str) -> list[str]:
    """Return the texts of one column of some rows."""
    return [str(row[column]) for row in rows]


class Statement(NamedTuple):
    """One SQL statement with its parameters in the order of its `?`.

    `recall`: a reading statement that gives the rows of this writing one (of its `RETURNING`) after the fact. A
    database that is reached over a network may apply a batch and lose the answer on its way; it then reads these.
    `is_urgent`: a provider is asked as soon as this is applied, so its batch is applied ahead of others that wait.
    """

    sql: str
    params: tuple[Param, ...] = ()
    recall: Statement | None = None
    is_urgent: bool = False


def without_secrets(statement: Statement) -> Statement:
    """Return a statement that stores no secret. Every statement that a database applies or reads passes here.

    Reading ones too, so that a text which was stored without its secret is found by the text that it was.
    """
    params = texts_without_secrets(statement.params)
    recall = None if statement.recall is None else without_secrets(statement.recall)
    if params is statement.params and recall is statement.recall:
        return statement
    return statement._replace(params=params, recall=recall)


def texts_without_secrets(params: Sequence[Param]) -> tuple[Param, ...]:
    """Return parameters whose texts hold no secret; the very same ones where none did."""
    return hide_in(tuple(params))


class Database(Protocol):
    """A database that applies a batch whole or not at all."""

    find_file: Callable[[str], Awaitable[bool]] | None
    """Makes sure that a file which a batch names is in the asset store (`clash.database.file_marks`); returns whether.

    None: a batch that names a file which `clash gc` deletes is refused.
    """

    @property
    def url(self) -> str:
        """Where it is, with nothing secret in it."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """How large it is, as far as that is known."""
        ...

    async def batch(self, statements: Sequence[Statement]) -> list[Rows]:
        """Apply all statements in one transaction; the rows of each (of `RETURNING`, or of a read).

        Raises `DatabaseError`; then none of them was applied.
        """
        ...

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        """The rows of one reading statement."""
        ...

    async def close(self) -> None:
        """Let go of it. May be called twice."""
        ...


def json_text(value: object) -> str:
    """Return a value as the JSON text that a column holds; what JSON does not know becomes a text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


async def has_table(database: Database, name: str) -> bool:
    """Whether the database has this table."""
    return bool(await database.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))
