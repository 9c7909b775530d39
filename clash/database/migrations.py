"""The schema, step by step: the files of `migrations/`, applied in order, each together with its record.

The record is the very table that wrangler keeps (`d1_migrations`, one row a whole file name), so that
`clash db init` and `wrangler d1 migrations apply` can be mixed.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from clash.database.port import Database, Row, Statement, has_table, texts_of
from clash.database.sqlite_files import foreign_database, is_clash, without_records
from clash.errors import DatabaseError, VersionMismatchError

T = TypeVar("T")

_RECORD_TABLE = """CREATE TABLE IF NOT EXISTS d1_migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)"""
_NAME = re.compile(r"(\d+)_.*\.sql")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


class Migration(NamedTuple):
    """One file of `migrations/`."""

    name: str
    sql: str

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements, one by one; comments stay with the statement they precede."""
        return tuple(Statement(text) for text in split_statements(self.sql))


class Applied(NamedTuple):
    """A migration that the database has recorded."""

    name: str
    applied_at: str

    @classmethod
    def from_row(cls, row: Row) -> Applied:
        """Return the migration of a row of `d1_migrations`."""
        return cls(str(row["name"]), str(row["applied_at"]))


def split_statements(script: str) -> Iterator[str]:
    """A script's statements. SQLite itself says where one ends, so a `;` in a string or a trigger is no end.

    >>> list(split_statements("CREATE TABLE a (b DEFAULT ';'); SELECT 1;"))
    ["CREATE TABLE a (b DEFAULT ';');", 'SELECT 1;']
    """
    pending = ""
    for piece in re.split(r"(?<=;)", script):
        pending += piece
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if _COMMENT.sub("", pending).strip():
        raise DatabaseError(f"a migration ends in the middle of a statement: {pending.strip()[:80]!r}")


def _folder() -> Traversable:
    packaged = resources.files("clash.database") / "_migrations"
    # In a checkout the folder stands at the top, where wrangler reads it; in a wheel it travels inside.
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "migrations"


def known_migrations() -> tuple[Migration, ...]:
    """The migrations of this version of clash, in wrangler's order: by the number their name starts with."""
    folder, found = _folder(), list[tuple[int, str, str]]()
    for entry in folder.iterdir() if folder.is_dir() else ():
        if match := _NAME.fullmatch(entry.name):
            found.append((int(match[1]), entry.name, entry.read_text(encoding="utf-8")))
    if not found:
        raise DatabaseError("clash was installed without its migrations; install it again")
    return tuple(Migration(name, sql) for _, name, sql in sorted(found))


async def applied_migrations(database: Database) -> tuple[Applied, ...]:
    """What the database has recorded, oldest first."""
    recorded = "SELECT name, applied_at FROM d1_migrations ORDER BY id"
    try:
        rows = await database.query(recorded)
    except DatabaseError as error:
        if error.retryable:
            raise
        # Only now, for it costs a request, and nearly every database has it.
        if not await has_table(database, "d1_migrations"):
            return ()
        # Another process has made it meanwhile; or something else is wrong, and is told now.
        rows = await database.query(recorded)
    return tuple(map(Applied.from_row, rows))


async def pending_migrations(database: Database) -> tuple[Migration, ...]:
    """What is still to be applied. Raises `VersionMismatchError` if the database is newer than this clash."""
    return not_among(await applied_migrations(database), database.url)


def not_among(recorded: Sequence[Applied], url: str) -> tuple[Migration, ...]:
    """What is still to be applied to the database that recorded these. Raises what `pending_migrations` raises."""
    applied = {migration.name for migration in recorded}
    known = known_migrations()
    if newer := sorted(applied - {migration.name for migration in known}):
        from clash.installation import upgrade_command

        raise VersionMismatchError(
            f"the database {url} is newer than this clash: it knows {', '.join(newer)}",
            code="schema_newer",
            hint=f"upgrade clash: {upgrade_command()}",
        )
    return tuple(migration for migration in known if migration.name not in applied)


async def require_no_foreign_tables(database: Database) -> None:
    """Raise `VersionMismatchError` if the database holds tables of another program, and none of clash."""
    rows = await database.query("SELECT name FROM sqlite_master WHERE type = 'table'")
    theirs = without_records(texts_of(rows, "name"))
    if theirs and not is_clash(theirs):
        raise foreign_database(database.url)


async def migrate(database: Database) -> tuple[str, ...]:
    """Apply what is pending; return the names of what this process applied.

    A new database gets all of it in one transaction, so that nobody sees it half made, however many processes begin at
    once. In an older one each file and its record are a transaction.
    """
    applied: list[str] = []
    while pending := await pending_migrations(database):
        new = len(pending) == len(known_migrations())
        files = pending if new else pending[:1]
        if await _apply(database, files):
            applied += [migration.name for migration in files]
    return tuple(applied)


async def _apply(database: Database, files: Sequence[Migration]) -> bool:
    """Apply these in one transaction; return False if another process, started at the same moment, was first."""
    statements = [Statement(_RECORD_TABLE)]
    for migration in files:
        record = Statement("INSERT INTO d1_migrations (name) VALUES (?)", (migration.name,))
        statements += [record, *migration.statements]
    try:
        await database.batch(statements)
    except DatabaseError:
        if files[0].name in {applied.name for applied in await applied_migrations(database)}:
            return False
        raise
    return True


async def require_current(database: Database) -> None:
    """Raises `VersionMismatchError` unless the schema is the one that this clash knows."""
    require_all_of(await applied_migrations(database), database.url)


def require_all_of(recorded: Sequence[Applied], url: str) -> None:
    """Raise as `require_current` does for the database that recorded these."""
    if pending := not_among(recorded, url):
        names = ", ".join(migration.name for migration in pending)
        raise VersionMismatchError(f"the database {url} lacks {names}", code="schema_older", hint="run `clash db init`")


async def checked(database: Database, read: Awaitable[T]) -> T:
    """What was read, in the same request as the check of `require_current`; what that one raises comes first."""
    outdated, outcome = await asyncio.gather(require_current(database), read, return_exceptions=True)
    for error in (outdated, outcome):
        if isinstance(error, BaseException):
            raise error
    return cast("T", outcome)
