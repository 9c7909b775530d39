"""What is moved: the tables and columns of this version's own schema, read from its migrations and its savers.

So a new column is moved without a word here. What belongs to a database and not to a run stays: leases, and the
numbers of rows; an asset names the call that made it by the call's token.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from clash.database.migrations import known_migrations
from clash.database.savers.checkpoint_rows import SETUP

Kind = Literal["text", "integer", "blob"]

_KEYS: Mapping[str, tuple[str, str]] = {
    "workflow_executions": ("run_id", "run_id"),
    "api_logs": ("run_id", "id"),
    "call_settlements": ("run_id", "id"),
    "slot_decisions": ("run_id", "id"),
    "film_cuts": ("run_id", "id"),
    "generated_assets": ("run_id", "id"),
    "checkpoint_metadata": ("run_id", "checkpoint_ns, checkpoint_id"),
    "removed_runs": ("run_id", "removed_at"),
    "removed_costs": ("run_id", "day, step, provider, model, precision"),
    "kept_files": ("run_id", "slot, asset_type"),
    "checkpoints": ("thread_id", "checkpoint_ns, checkpoint_id"),
    "writes": ("thread_id", "checkpoint_ns, checkpoint_id, task_id, idx"),
}
"""Table to the column that names its run, and those that tell its rows apart in a run and order them.

In the order in which they are written: a row comes after those that it refers to.
"""
_STAYS: Mapping[str, set[str]] = {
    "workflow_executions": {"lease_owner", "lease_generation", "lease_expires_at"},
    "api_logs": {"id"},
    "call_settlements": {"id"},
    "slot_decisions": {"id"},
    "film_cuts": {"id"},
    "generated_assets": {"id"},
}
_JSON: Mapping[tuple[str, str], type] = {
    ("workflow_executions", "settings"): dict,
    ("workflow_executions", "metadata"): dict,
    ("generated_assets", "facts"): dict,
    ("checkpoint_metadata", "next_steps"): list,
    ("film_cuts", "files"): dict,
    ("film_cuts", "selection"): dict,
}
"""Texts that reports read as JSON, and of which type it is."""
_CHUNKED: Mapping[str, tuple[str, str]] = {
    "checkpoints": ("checkpoint", "task_id = '' AND idx = 0"),
    "writes": ("value", "task_id = {table}.task_id AND idx = {table}.idx"),
}
"""Table to the column that D1 keeps in chunks where it is large, and how its chunks are found."""


@dataclass(frozen=True)
class Column:
    """A column as it stands in the file.

    `default`: what a row of an older schema gets, which lacks it; None where there is none. `json`: the type of
    the JSON that it holds. `read` and `written`: SQL that gives its value from a row `{table}` of the database, and
    the value to be stored from what the file has (`{value}`); `stored`: the column of the table, by default its own.
    """

    name: str
    kind: Kind
    nullable: bool
    default: Any = None
    json: type | None = None
    read: str = ""
    written: str = "{value}"
    stored: str = ""


@dataclass(frozen=True)
class Table:
    """A table: the column that names the run, the columns that order its rows in a run, and all that are moved."""

    name: str
    owner: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)

    @property
    def blobs(self) -> Iterator[Column]:
        """Its columns of bytes."""
        return (column for column in self.columns if column.kind == "blob")

    @property
    def chunked(self) -> str | None:
        """The column that D1 keeps in chunks where it is large."""
        return _CHUNKED[self.name][0] if self.name in _CHUNKED else None

    @property
    def chunks(self) -> str:
        """The condition under which rows of `checkpoint_chunks` belong to a row of this table."""
        same = " AND ".join(f"{name} = {self.name}.{name}" for name in ("thread_id", "checkpoint_ns", "checkpoint_id"))
        return f"{same} AND {_CHUNKED[self.name][1].format(table=self.name)}"


@cache
def tables() -> Mapping[str, Table]:
    """Every table whose rows are moved, in the order in which they are written."""
    connection = new_schema(":memory:")
    try:
        return {
            name: Table(name, owner, tuple(key.split(", ")), tuple(_columns(connection, name, owner)))
            for name, (owner, key) in _KEYS.items()
        }
    finally:
        connection.close()


def new_schema(path: str) -> sqlite3.Connection:
    """A new database of sqlite3 alone with the tables of clash and of its savers."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    for migration in known_migrations():
        connection.executescript(migration.sql)
    for statement in SETUP:
        connection.execute(statement.sql)
    return connection


def _columns(connection: sqlite3.Connection, table: str, owner: str) -> Iterator[Column]:
    for _, name, declared, required, default, _ in connection.execute(f"PRAGMA table_info({table})").fetchall():
        if name == owner or name in _STAYS.get(table, ()):
            continue
        if (table, name) == ("generated_assets", "api_log_id"):
            yield Column(
                "call",
                "text",
                nullable=True,
                stored=name,
                read="(SELECT token FROM api_logs WHERE api_logs.id = {table}.api_log_id)",
                written="(SELECT id FROM api_logs WHERE token = {value})",
            )
            continue
        (value,) = connection.execute(f"SELECT {default}").fetchone() if default is not None else (None,)
        yield Column(name, _kind(declared), not required, value, _JSON.get((table, name)), f"{{table}}.{name}")


def _kind(declared: str) -> Kind:
    kinds: Mapping[str, Kind] = {"TEXT": "text", "INTEGER": "integer", "BLOB": "blob"}
    return kinds[declared]
