"""How much room a database takes, table by table, and how a SQLite file is shrunk."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from clash.database.connection import is_d1, sqlite_path
from clash.database.port import Database
from clash.database.sqlite import database_error, open_connection
from clash.database.sqlite_errors import primary_code
from clash.database.sqlite_files import side_file, size_of
from clash.errors import ConflictError, DatabaseError, StorageError

_COUNTED_UP_TO_BYTES = 256 << 20
"""The pages of a larger file are not counted: each of them would have to be read."""
_MARGIN_BYTES = 8 << 20


@dataclass(frozen=True)
class Room:
    """What a database takes on the disk, as far as its engine says it cheaply; None where it does not."""

    wal_bytes: int | None = None
    free_bytes: int | None = None
    table_bytes: dict[str, int] | None = None


@dataclass(frozen=True)
class Vacuumed:
    """What a vacuum has done: bytes of the file and its log before and after, and what is worth saying about it."""

    before_bytes: int
    after_bytes: int
    note: str = ""


async def room_of(database: Database, url: str) -> Room:
    """Return the room that a database takes. Cloudflare says only the size of a whole D1 database.

    The connection is the one that is open: another would leave side files beside a file that is not ours.
    """
    if is_d1(url):
        return Room()
    path = sqlite_path(url)
    [pages], [unused] = await database.query("PRAGMA page_size"), await database.query("PRAGMA freelist_count")
    tables = await _sizes(database) if size_of(path) <= _COUNTED_UP_TO_BYTES else None
    return Room(size_of(side_file(path, "-wal")), int(pages["page_size"]) * int(unused["freelist_count"]), tables)


async def _sizes(database: Database) -> dict[str, int] | None:
    """Return the bytes of each table with its indexes; None where SQLite was built without what counts them."""
    try:
        rows = await database.query(
            "SELECT s.tbl_name AS name, sum(d.pgsize) AS bytes FROM dbstat AS d JOIN sqlite_master AS s"
            " ON s.name = d.name WHERE d.aggregate = TRUE GROUP BY s.tbl_name ORDER BY bytes DESC, s.tbl_name"
        )
    except DatabaseError:
        return None
    return {str(name): int(size) for name, size in (row.values() for row in rows)}


async def vacuum_file(url: str) -> Vacuumed:
    """Write a SQLite file anew without its free pages, and empty its write-ahead log.

    Raises `ConflictError` if another process writes it all the while, `StorageError` if the disk has too little room.
    """
    return await asyncio.to_thread(_vacuumed, sqlite_path(url))


def _vacuumed(path: Path) -> Vacuumed:
    with closing(open_connection(path, "write")) as connection:
        before = _size(path)
        try:
            _require_room(connection, path)
            connection.execute("VACUUM")
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            if primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise ConflictError(
                    f"another process writes {path.name}", code="held", hint="try again when it has ended"
                ) from error
            raise database_error(error, path) from error
    note = "another process reads the file: its log is given back when that one has ended" if busy else ""
    return Vacuumed(before, _size(path), note)


def _size(path: Path) -> int:
    return size_of(path) + size_of(side_file(path, "-wal"))


def _require_room(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `StorageError` unless there is room for two copies of what is in use: SQLite's own, and the log."""
    names = ("page_size", "page_count", "freelist_count")
    page, count, free = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
    needed = page * (count - free) + _MARGIN_BYTES
    folders = {path.parent.stat().st_dev: [path.parent]}
    folders.setdefault(Path(tempfile.gettempdir()).stat().st_dev, []).append(Path(tempfile.gettempdir()))
    for number, found in enumerate(folders.values()):
        # Both copies are on one disk, or one on each.
        wanted = needed * (2 if len(folders) == 1 else 1)
        room = shutil.disk_usage(found[0]).free
        if room < wanted:
            where = found[0] if number else path.parent
            raise StorageError(
                f"{wanted:,} bytes of free room are needed in {where} to shrink {path.name}, and there are {room:,}",
                code="disk_full",
                hint="make room on that disk, or let TMPDIR name a folder on a larger one",
            )
