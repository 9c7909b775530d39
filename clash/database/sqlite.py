"""The port on a SQLite file, through aiosqlite.

Batches that wait while another is being committed go together in one transaction (group commit): a commit costs
an fsync, the statements in it next to nothing. If a group is refused, each of its batches is tried alone, so one
caller's mistake never undoes another's work.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import aiosqlite

from clash.database.port import Param, Row, Rows, Statement
from clash.errors import ClashError, DatabaseError, NotFoundError, SettingsError

Mode = Literal["read", "write", "create"]
BUSY_TIMEOUT_S = 30
_REFUSALS = (sqlite3.Error, OverflowError, ValueError)
"""A statement, an integer over 64 bits, a text with lone surrogates: what one batch can get wrong."""


def database_error(error: Exception, path: Path) -> ClashError:
    """What SQLite said, as an error that says what to do."""
    text = str(error)
    low = text.lower()
    if "not a database" in low or "malformed" in low or "file is encrypted" in low:
        return SettingsError(
            f"{path} is not a SQLite database, or is damaged",
            code="not_a_database",
            hint="check DATABASE_URL; a damaged file can be rescued with `sqlite3 FILE .recover`",
        )
    if "is full" in low:
        return DatabaseError(
            f"the disk is full: {path} could not be written",
            code="disk_full",
            retryable=True,
            hint="make room and resume; nothing that was made is lost",
        )
    if "readonly" in low or "read-only" in low or "unable to open" in low:
        return SettingsError(
            f"{path} cannot be opened for writing",
            code="database_read_only",
            hint="check the permissions of the file and of its folder",
        )
    if "locked" in low or "busy" in low:
        return DatabaseError(
            f"{path} was locked by another program for more than {BUSY_TIMEOUT_S} s",
            code="database_locked",
            retryable=True,
            hint="close what holds it, then resume",
        )
    return DatabaseError(f"{path}: {text}")


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise SettingsError(
            f"the database {path} cannot be made: {error.strerror}",
            code="disk_full" if full else "database_read_only",
            hint="check DATABASE_URL and the folder's permissions",
        ) from error


def check_file(path: Path, mode: Mode) -> None:
    """See that there is a file where one must be; "create" makes an empty one, mode 0600."""
    if path.is_dir():
        raise SettingsError(f"the database {path} is a folder", hint="check DATABASE_URL")
    if path.exists():
        return
    if mode != "create":
        raise NotFoundError(
            f"there is no database at {path}", hint="check DATABASE_URL, or make it with `clash db init`"
        )
    _make_private(path)


async def connect(path: Path, mode: Mode, *, autocommit: bool = True) -> aiosqlite.Connection:
    """A connection with the settings that durability needs; read-only ones cannot write by any statement.

    `autocommit=False` is for LangGraph's saver, which expects sqlite3 to open its transactions.
    """
    check_file(path, mode)
    uri = f"{path.absolute().as_uri()}?mode={'ro' if mode == 'read' else 'rw'}"
    level: Literal["DEFERRED"] | None = None if autocommit else "DEFERRED"
    try:
        connection = await aiosqlite.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=level)
    except sqlite3.Error as error:
        raise database_error(error, path) from error
    connection.row_factory = sqlite3.Row
    try:
        if mode != "read":
            # WAL lets readers go on beside the writer; FULL makes every commit survive a power cut.
            await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.execute("PRAGMA foreign_keys=ON")
        await connection.execute_fetchall("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            await connection.close()
        raise database_error(error, path) from error
    return connection


_Waiting = tuple[Sequence[Statement], "asyncio.Future[list[Rows]]"]


class SqliteDatabase:
    """A SQLite file behind the port: one connection that writes, one that reads."""

    def __init__(self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self.path = path
        self.write_lock = asyncio.Lock()
        """Held during a transaction; the saver shares it, so that the two never wait on SQLite's busy handler."""
        self._writer = writer
        self._reader = reader
        self._waiting: list[_Waiting] = []
        self._draining: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(cls, path: Path, mode: Mode) -> SqliteDatabase:
        """Open the file. Raises `NotFoundError` where there is none (unless `mode` is "create"), `SettingsError`."""
        writer = await connect(path, mode)
        if mode == "read":
            return cls(path, writer, writer)
        try:
            reader = await connect(path, "read")
        except ClashError:
            await writer.close()
            raise
        return cls(path, writer, reader)

    @property
    def url(self) -> str:
        """`sqlite:///` and the path."""
        return f"sqlite:///{self.path.as_posix()}"

    async def batch(self, statements: Sequence[Statement]) -> list[Rows]:
        """Apply all statements in one transaction. See `Database.batch`."""
        future: asyncio.Future[list[Rows]] = asyncio.get_running_loop().create_future()
        self._waiting.append((statements, future))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        # Shielded: a caller that is cancelled must not leave a transaction half applied.
        return await asyncio.shield(future)

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        """The rows of one reading statement."""
        try:
            return [dict(row) for row in await self._reader.execute_fetchall(sql, params)]
        except _REFUSALS as error:
            raise database_error(error, self.path) from error

    async def close(self) -> None:
        """Finish what was accepted, then close both connections."""
        if self._closed:
            return
        self._closed = True
        if self._draining is not None:
            await self._draining
        await self._writer.close()
        if self._reader is not self._writer:
            await self._reader.close()

    async def _drain(self) -> None:
        while self._waiting:
            async with self.write_lock:
                group, self._waiting = self._waiting, []
                try:
                    results = await self._transaction([batch for batch, _ in group])
                except _REFUSALS as error:
                    if len(group) == 1:
                        _fail(group[0][1], database_error(error, self.path))
                    else:
                        await self._one_by_one(group)
                else:
                    for (_, future), result in zip(group, results, strict=True):
                        _succeed(future, result)

    async def _one_by_one(self, group: list[_Waiting]) -> None:
        for batch, future in group:
            try:
                (result,) = await self._transaction([batch])
            except _REFUSALS as error:
                _fail(future, database_error(error, self.path))
            else:
                _succeed(future, result)

    async def _transaction(self, batches: Sequence[Sequence[Statement]]) -> list[list[Rows]]:
        results: list[list[Rows]] = []
        await self._writer.execute("BEGIN IMMEDIATE")
        try:
            for batch in batches:
                results.append([await self._run(statement) for statement in batch])
            await self._writer.execute("COMMIT")
        except _REFUSALS:
            # After some errors (disk full) SQLite has rolled back already and says so here.
            with suppress(sqlite3.Error):
                await self._writer.execute("ROLLBACK")
            raise
        return results

    async def _run(self, statement: Statement) -> Rows:
        fetched = await self._writer.execute_fetchall(statement.sql, statement.params)
        return [_plain(row) for row in fetched]


def _plain(row: sqlite3.Row) -> Row:
    return dict(row)


def _succeed(future: asyncio.Future[list[Rows]], result: list[Rows]) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[list[Rows]], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
