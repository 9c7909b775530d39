"""`DATABASE_URL` to a database behind the port."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from clash.database.port import Database
from clash.database.sqlite import Mode, SqliteDatabase, file_exists
from clash.errors import SettingsError

_HINT = "for example DATABASE_URL=sqlite:///./data/checkpoints.db"


def sqlite_path(url: str) -> Path:
    """The file that a `sqlite:///` URL names: three slashes for a relative path, four for an absolute one.

    >>> sqlite_path("sqlite:///./data/checkpoints.db").as_posix()
    'data/checkpoints.db'
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme != "sqlite":
        raise SettingsError(f"DATABASE_URL names {scheme or url!r}, which is not known; known: sqlite", hint=_HINT)
    path = rest.removeprefix("/")
    if not rest.startswith("/") or not path or path == ":memory:" or "\0" in path or "?" in path:
        raise SettingsError(f"DATABASE_URL {url!r} names no file", hint=_HINT)
    return Path(path)


def database_exists(url: str) -> bool:
    """Whether there is something at this URL already. Raises `SettingsError` for a URL that cannot be used."""
    return file_exists(sqlite_path(url))


@asynccontextmanager
async def open_database(url: str, mode: Mode) -> AsyncGenerator[Database]:
    """The database of this URL, closed at the end.

    `mode`: "read" never writes and never makes a file, "write" needs an existing one, "create" makes one.
    """
    database = await SqliteDatabase.open(sqlite_path(url), mode)
    try:
        yield database
    finally:
        await database.close()
