"""The port on a SQLite file, with group commit.

A transaction runs in one piece in a thread of its own. It never waits for the event loop, so a loop that is kept
busy, or a caller that is cancelled, cannot leave it open with the file locked for everyone else.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clash.database.file_marks import FindFile, keeping_named
from clash.database.group_commit import GroupCommit, Refused, together_or_alone
from clash.database.port import Param, Rows, Statement, texts_without_secrets, values_of
from clash.database.sqlite_errors import BUSY_TIMEOUT_S, damaged, database_error, error_code, primary_code
from clash.database.sqlite_files import (
    SIDES,
    Mode,
    check_file,
    copied,
    file_exists,
    remember_as_ours,
    require_ours,
    side_file,
    size_of,
    undo_unfinished,
    without_traces,
)
from clash.database.sqlite_watch import FileWatch, check_open_here
from clash.errors import ClashError, DatabaseError
from clash.worker_threads import WorkerThreads

if TYPE_CHECKING:
    import aiosqlite

__all__ = ["Mode", "SqliteDatabase", "connect", "database_error", "file_exists", "open_connection"]

_REFUSALS = (sqlite3.Error, OverflowError, ValueError)
"""A statement, an integer over 64 bits, a text with lone surrogates: what one batch can get wrong."""


_LARGEST_FULL_CHECK_BYTES = 256 << 20
"""Of larger files the pages are checked, and not whether each index has every row."""
_NO_SIDE_FILES = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

# -- connections ---------------------------------------------------------------------------------------------------


def open_connection(path: Path, mode: Mode, *, autocommit: bool = True) -> sqlite3.Connection:
    """A connection with the settings that durability needs; read-only ones cannot write by any statement.

    Blocks while another program holds the file. `autocommit=False` is for LangGraph's savers, which expect sqlite3
    to open their transactions.
    """
    check_file(path, mode)
    check_open_here(path)
    try:
        if mode != "read":
            return _opened(path, "mode=rw", autocommit=autocommit)
        try:
            return _opened(path, "mode=ro", autocommit=autocommit)
        except sqlite3.OperationalError as error:
            if primary_code(error) not in _NO_SIDE_FILES or any(size_of(side_file(path, one)) for one in SIDES):
                raise
            # Nobody has it open, and SQLite cannot make its side files here (a folder without write permission,
            # a read-only disk): what stands in the file is all there is.
            return _opened(path, "mode=ro&immutable=1", autocommit=autocommit)
    except sqlite3.Error as error:
        raise database_error(error, path) from error


def _opened(path: Path, parameters: str, *, autocommit: bool) -> sqlite3.Connection:
    level: Literal["DEFERRED"] | None = None if autocommit else "DEFERRED"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{parameters}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=level,
        check_same_thread=False,
    )
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
            if primary_code(error) not in _HELD or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


async def connect(path: Path, mode: Mode) -> aiosqlite.Connection:
    """A connection for LangGraph's async saver."""
    import aiosqlite  # what only reads goes without it

    # Opened before aiosqlite has a thread for it: one whose opening fails would outlive the event loop.
    opened = await asyncio.to_thread(open_connection, path, mode, autocommit=False)
    return await aiosqlite.Connection(lambda: opened, iter_chunk_size=64)


# -- the port ------------------------------------------------------------------------------------------------------

_Batch = Sequence[Statement]


class _Line:
    """A connection and the one thread that speaks over it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.thread = WorkerThreads(1, "clash-sqlite")

    async def close(self) -> None:
        """Close the connection after what was asked of it, also if the caller is cancelled meanwhile."""
        closing = self.thread.do(self.connection.close)
        self.thread.shutdown()
        await asyncio.shield(closing)


class SqliteDatabase:
    """A SQLite file behind the port: one connection that writes, one that reads."""

    def __init__(
        self, path: Path, writer: sqlite3.Connection, reader: sqlite3.Connection, traces: ExitStack | None = None
    ) -> None:
        """`traces`: closed last, when neither connection is open any more."""
        self.path = path
        self.find_file: FindFile | None = None
        self._traces = traces or ExitStack()
        self._watch = None if reader is writer else FileWatch(path)
        self.write_lock = asyncio.Lock()
        """Held during a transaction; the saver shares it, so that the two never wait on SQLite's busy handler."""
        self._writer = _Line(writer)
        self._reader = self._writer if reader is writer else _Line(reader)
        self._writes: GroupCommit[_Batch] = GroupCommit(str(path), self._write, goes_first=_is_urgent)
        self._closed = False

    @classmethod
    async def open(cls, path: Path, mode: Mode) -> SqliteDatabase:
        """Open the file. Raises `NotFoundError` where there is none (unless `mode` is "create"), `SettingsError`."""
        return cls(path, *await asyncio.to_thread(_connections, path, mode))

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
        # What a statement recalls is read by databases that are reached over a network alone.
        safe = tuple(one._replace(params=texts_without_secrets(one.params), recall=None) for one in statements)
        return await keeping_named(self, safe, self._writes.batch, self.find_file)

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        """The rows of one reading statement."""
        self._writes.check_open()
        line, params = self._reader, texts_without_secrets(params)
        try:
            return await line.thread.do(lambda: _rows(line.connection, sql, params))
        except _REFUSALS as error:
            raise database_error(error, self.path) from error

    async def close(self) -> None:
        """Finish what was accepted, then close both connections, also if the caller is cancelled meanwhile."""
        if self._closed:
            return
        self._closed = True
        async with AsyncExitStack() as last_first:
            last_first.push_async_callback(asyncio.to_thread, self._traces.close)
            last_first.push_async_callback(self._close_writer)
            if self._reader is not self._writer:
                last_first.push_async_callback(self._reader.close)
            # For a caller that is cancelled while it waits for the same below.
            last_first.push_async_callback(self._writes.close)
            await self._writes.close()

    async def _close_writer(self) -> None:
        may_close = self._watch is None or self._watch.may_close(self._writer.connection)
        if self._watch is not None:
            self._watch.stop()
        # Last, for only a connection that can write takes the log into the file and removes it: then the file
        # alone is the whole database, and can be copied.
        if may_close:
            await self._writer.close()
        else:
            self._writer.thread.shutdown()

    def check_there(self) -> None:
        """Raise `DatabaseError` (code `database_gone`) unless the file is still the one that was opened."""
        if self._watch is not None:
            self._watch.check()

    async def verify(self) -> None:
        """Raise as `check_there` does unless a new connection finds all that was written here, and finds it sound."""
        if self._watch is None:
            return
        self._watch.check()
        rows = await self.query("SELECT seq FROM sqlite_sequence WHERE name = 'api_logs'")
        await asyncio.to_thread(self._watch.check_contents, max(map(int, values_of(rows, "seq")), default=0))

    async def check_soundness(self) -> None:
        """Read all of the file. Raises `SettingsError` naming what does not fit together."""
        pragma = "integrity_check" if self.size_bytes <= _LARGEST_FULL_CHECK_BYTES else "quick_check"
        rows = await self.query(f"PRAGMA {pragma}(3)")
        found = [str(value) for row in rows for value in row.values()]
        if found != ["ok"]:
            raise damaged(self.path, "; ".join(" ".join(one.split()) for one in found)[:500])

    async def _write(self, batches: Sequence[_Batch]) -> Sequence[list[Rows] | ClashError]:
        async with self.write_lock:
            return await together_or_alone(batches, self._transaction)

    async def _transaction(self, batches: Sequence[_Batch]) -> list[list[Rows]]:
        line = self._writer
        try:
            return await line.thread.do(lambda: _apply_watched(line.connection, batches, self._watch))
        except _REFUSALS as error:
            refusal = database_error(error, self.path)
            if refusal.code == "database_locked":
                # Every batch of the group has waited as long as a batch may wait: none is tried again by itself.
                raise refusal from error
            raise Refused(refusal) from error


def _is_urgent(batch: _Batch) -> bool:
    return any(one.is_urgent for one in batch)


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


def _apply_watched(
    connection: sqlite3.Connection, batches: Sequence[_Batch], watch: FileWatch | None
) -> list[list[Rows]]:
    """All batches in one transaction. Raises `DatabaseError` if the file was gone before it, or is after it."""
    if watch is None:
        return _apply(connection, batches)
    watch.check()
    results = _apply(connection, batches)
    watch.check()
    if not watch.has_identity:
        with suppress(sqlite3.Error):
            if connection.execute("SELECT 1 FROM database_identity").fetchone():
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                watch.learn_identity()
    return results


_Connections = tuple[sqlite3.Connection, sqlite3.Connection, ExitStack]


def _connections(path: Path, mode: Mode) -> _Connections:
    check_file(path, mode)
    content = require_ours(path, mode)
    if mode == "read":
        return _reader_alone(path, foreign=content == "foreign")
    writer = open_connection(path, mode)
    try:
        remember_as_ours(path)
        return writer, open_connection(path, "read"), ExitStack()
    except BaseException:
        writer.close()
        raise


def _reader_alone(path: Path, *, foreign: bool) -> _Connections:
    with ExitStack() as stack:
        if foreign:
            # Read without SQLite's side files and locks: nothing of another program is touched.
            try:
                reader = _opened(path, "mode=ro&immutable=1", autocommit=True)
            except sqlite3.Error as error:
                raise database_error(error, path) from error
        else:
            stack.enter_context(without_traces(path))
            reader = _reader(path, stack)
        return reader, reader, stack.pop_all()


def _reader(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Return a connection that only reads: to a copy on a full disk, and where a process died in a transaction.

    The copy lasts as long as the stack.
    """
    if size_of(side_file(path, "-journal")) and (copy := stack.enter_context(copied(path))) is not None:
        undo_unfinished(copy)
        return open_connection(copy, "read")
    try:
        return open_connection(path, "read")
    except DatabaseError as error:
        if error.code != "disk_full" or (copy := stack.enter_context(copied(path))) is None:
            raise
        # SQLite cannot make its side file, so no process has the database open: the copy is all there is.
        return open_connection(copy, "read")


def _rows(connection: sqlite3.Connection, sql: str, params: Sequence[Param]) -> Rows:
    try:
        return [dict(row) for row in connection.execute(sql, params).fetchall()]
    except sqlite3.OperationalError as error:
        # sqlite3 itself, not SQLite, refuses a text that is no UTF-8. What is wrong with it, its reader says.
        if error_code(error) or connection.in_transaction:
            raise
    usual = connection.text_factory
    connection.text_factory = _text
    try:
        return [dict(row) for row in connection.execute(sql, params).fetchall()]
    finally:
        connection.text_factory = usual


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
