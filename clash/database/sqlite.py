"""The port on a SQLite file, with group commit.

A transaction runs in one piece in a thread of its own. It never waits for the event loop, so a loop that is kept
busy, or a caller that is cancelled, cannot leave it open with the file locked for everyone else.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import sqlite3
import stat
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Literal

import aiosqlite

from clash.database.group_commit import GroupCommit, Refused, together_or_alone
from clash.database.port import Param, Rows, Statement
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
    # SQLite calls only ENOSPC "full"; a quota or a limit of file size is an I/O error of a write to it.
    if "is full" in low or getattr(error, "sqlite_errorname", "") == "SQLITE_IOERR_WRITE":
        return DatabaseError(
            f"the disk is full, or over a quota: {path} could not be written",
            code="disk_full",
            retryable=True,
            hint="make room and resume; nothing that was made is lost",
        )
    if "unable to open" in low:
        return _not_opened(path, "permission denied, or its folder is not writable")
    if "readonly" in low or "read-only" in low:
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


def _not_opened(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"the database {path} cannot be opened: {why}",
        code="database_not_opened",
        hint="check DATABASE_URL, and the permissions of the file and of its folder",
    )


# -- the file ------------------------------------------------------------------------------------------------------


def file_exists(path: Path) -> bool:
    """Whether there is a file. Raises `SettingsError` for a folder, a device, a path that cannot be looked at."""
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _not_opened(path, str(error.strerror)) from error
    if stat.S_ISDIR(kind):
        raise SettingsError(f"the database {path} is a folder", hint="check DATABASE_URL")
    if not stat.S_ISREG(kind):
        raise SettingsError(f"the database {path} is not a file", hint="check DATABASE_URL")
    return True


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise database_error(sqlite3.OperationalError("database or disk is full"), path) from error
        raise SettingsError(
            f"the database {path} cannot be made: {error.strerror}",
            code="database_read_only",
            hint="check DATABASE_URL and the folder's permissions",
        ) from error


def check_file(path: Path, mode: Mode) -> None:
    """See that there is a file where one must be; "create" makes an empty one, mode 0600."""
    if file_exists(path):
        return
    if mode != "create":
        raise NotFoundError(
            f"there is no database at {path}", hint="check DATABASE_URL, or make it with `clash db init`"
        )
    _make_private(path)


# -- connections ---------------------------------------------------------------------------------------------------


def open_connection(path: Path, mode: Mode, *, autocommit: bool = True) -> sqlite3.Connection:
    """A connection with the settings that durability needs; read-only ones cannot write by any statement.

    Blocks while another program holds the file. `autocommit=False` is for LangGraph's savers, which expect sqlite3
    to open their transactions.
    """
    check_file(path, mode)
    try:
        if mode != "read":
            return _opened(path, "mode=rw", autocommit=autocommit)
        try:
            return _opened(path, "mode=ro", autocommit=autocommit)
        except sqlite3.OperationalError as error:
            if not re.search("unable to open|readonly", str(error)) or _has_log(path):
                raise
            # Nobody has it open, and SQLite cannot make its side files here (a folder without write permission,
            # a read-only disk): what stands in the file is all there is.
            return _opened(path, "mode=ro&immutable=1", autocommit=autocommit)
    except sqlite3.Error as error:
        raise database_error(error, path) from error


def _has_log(path: Path) -> bool:
    """Whether a write-ahead log holds what is not yet in the file itself."""
    log = path.with_name(f"{path.name}-wal")
    try:
        return log.stat().st_size > 0
    except FileNotFoundError:
        return False


def _opened(path: Path, parameters: str, *, autocommit: bool) -> sqlite3.Connection:
    level: Literal["DEFERRED"] | None = None if autocommit else "DEFERRED"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{parameters}",
        uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=level, check_same_thread=False,
    )  # fmt: skip
    try:
        connection.row_factory = sqlite3.Row
        if parameters == "mode=rw":
            _keep_log(connection)
        # Every commit survives a power cut.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_log(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, which lets readers go on beside the writer."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # Of two that do this to a new file at one moment, SQLite refuses one at once, whatever its timeout.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


async def connect(path: Path, mode: Mode) -> aiosqlite.Connection:
    """A connection for LangGraph's async saver."""
    # Opened before aiosqlite has a thread for it: one whose opening fails would outlive the event loop.
    opened = await asyncio.to_thread(open_connection, path, mode, autocommit=False)
    return await aiosqlite.Connection(lambda: opened, iter_chunk_size=64)


# -- the port ------------------------------------------------------------------------------------------------------

_Batch = Sequence[Statement]


class _Line:
    """A connection and the one thread that speaks over it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clash-sqlite")

    async def close(self) -> None:
        """Close the connection after what was asked of it."""
        closing = asyncio.get_running_loop().run_in_executor(self.thread, self.connection.close)
        self.thread.shutdown(wait=False)
        await closing


class SqliteDatabase:
    """A SQLite file behind the port: one connection that writes, one that reads."""

    def __init__(self, path: Path, writer: sqlite3.Connection, reader: sqlite3.Connection) -> None:
        self.path = path
        self.write_lock = asyncio.Lock()
        """Held during a transaction; the saver shares it, so that the two never wait on SQLite's busy handler."""
        self._writer = _Line(writer)
        self._reader = self._writer if reader is writer else _Line(reader)
        self._writes: GroupCommit[_Batch] = GroupCommit(str(path), self._write)
        self._closed = False

    @classmethod
    async def open(cls, path: Path, mode: Mode) -> SqliteDatabase:
        """Open the file. Raises `NotFoundError` where there is none (unless `mode` is "create"), `SettingsError`."""
        return cls(path, *await asyncio.to_thread(_writer_and_reader, path, mode))

    @property
    def url(self) -> str:
        """`sqlite:///` and the path."""
        return f"sqlite:///{self.path.as_posix()}"

    @property
    def size_bytes(self) -> int:
        """Bytes of its file, and of the log of what has not been moved there yet."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return self.path.stat().st_size + (log.stat().st_size if log.exists() else 0)

    async def batch(self, statements: Sequence[Statement]) -> list[Rows]:
        """Apply all statements in one transaction. See `Database.batch`."""
        return await self._writes.batch(tuple(statements))

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        """The rows of one reading statement."""
        self._writes.check_open()
        line = self._reader
        try:
            return await asyncio.get_running_loop().run_in_executor(line.thread, _rows, line.connection, sql, params)
        except _REFUSALS as error:
            raise database_error(error, self.path) from error

    async def close(self) -> None:
        """Finish what was accepted, then close both connections."""
        if self._closed:
            return
        self._closed = True
        await self._writes.close()
        if self._reader is not self._writer:
            await self._reader.close()
        # Last, for only a connection that can write takes the log into the file and removes it: then the file
        # alone is the whole database, and can be copied.
        await self._writer.close()

    async def _write(self, batches: Sequence[_Batch]) -> Sequence[list[Rows] | ClashError]:
        async with self.write_lock:
            return await together_or_alone(batches, self._transaction)

    async def _transaction(self, batches: Sequence[_Batch]) -> list[list[Rows]]:
        line = self._writer
        try:
            return await asyncio.get_running_loop().run_in_executor(line.thread, _apply, line.connection, batches)
        except _REFUSALS as error:
            refusal = database_error(error, self.path)
            if refusal.code == "database_locked":
                # All have waited the whole time for it; nobody waits a second time.
                raise refusal from error
            raise Refused(refusal) from error


def _apply(connection: sqlite3.Connection, batches: Sequence[_Batch]) -> list[list[Rows]]:
    """All batches in one transaction, in one piece."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [[_rows(connection, step.sql, step.params) for step in batch] for batch in batches]
        connection.execute("COMMIT")
    except BaseException:
        # After some errors (disk full) SQLite has rolled back already and says so here.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return results


def _writer_and_reader(path: Path, mode: Mode) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    writer = open_connection(path, mode)
    if mode == "read":
        return writer, writer
    try:
        return writer, open_connection(path, "read")
    except BaseException:
        writer.close()
        raise


def _rows(connection: sqlite3.Connection, sql: str, params: Sequence[Param]) -> Rows:
    return [dict(row) for row in connection.execute(sql, params).fetchall()]
