"""The file of a SQLite database: whether it is there, whose tables it holds, and whether it stays where it was.

Nothing here changes a file. A foreign file is looked at without the side files that SQLite makes, so that a command
that is refused leaves it as it was.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Literal

from clash.database.sqlite_errors import database_error, disk_full, is_damage, not_a_database, not_opened
from clash.errors import DatabaseMissingError, SettingsError, VersionMismatchError

Mode = Literal["read", "write", "create", "adopt"]
"""`read` never writes, `write` needs a database of clash, `create` makes one where there is none, `adopt` also adds the
tables of clash to a database that holds tables of another program."""
Content = Literal["empty", "clash", "foreign"]
FileId = tuple[int, int]
"""Device and inode: what a file is, whatever its name."""

SIDES: Final = ("-wal", "-journal")
"""The files beside a database that hold what is not in it yet, or must be undone in it."""
_HEADER_BYTES = 100
"""What SQLite's header takes. SQLite would take a file of one byte for an empty one, and write over it."""
_LARGEST_COPY_BYTES = 256 << 20
_OURS: set[tuple[str, FileId]] = set()
"""Files that this process has opened as databases of clash: they need no second look."""


# -- is it there -------------------------------------------------------------------------------------------------------


def file_exists(path: Path) -> bool:
    """Return whether there is a file. Raises `SettingsError` for what is no file, or cannot be looked at."""
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise not_opened(path, str(error.strerror)) from error
    if stat.S_ISDIR(kind):
        raise SettingsError(f"the database {path} is a folder", hint="check DATABASE_URL")
    if not stat.S_ISREG(kind):
        raise SettingsError(f"the database {path} is not a file", hint="check DATABASE_URL")
    return True


def check_file(path: Path, mode: Mode) -> None:
    """Raise `DatabaseMissingError` if there is no file; "create" and "adopt" make an empty one of mode 0600 instead."""
    if file_exists(path):
        return
    if mode not in ("create", "adopt"):
        raise DatabaseMissingError(
            f"there is no database at {path}",
            hint="check DATABASE_URL; `clash db recover` makes one again that was lost, `clash db init` an empty one",
        )
    _make_private(path)


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(path) from error
        raise SettingsError(
            f"the database {path} cannot be made: {_why(error, path.parent)}",
            code="database_read_only",
            hint="check DATABASE_URL and the folder's permissions",
        ) from error


def _why(error: OSError, folder: Path) -> str | None:
    return f"{folder} is no folder" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror


def file_id(path: Path) -> FileId | None:
    """Return device and inode of a file; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def side_file(path: Path, suffix: Literal["-wal", "-shm", "-journal"]) -> Path:
    """Return the name of a file that SQLite keeps beside a database."""
    real = Path(os.path.realpath(path))
    return real.with_name(real.name + suffix)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


# -- whose tables it holds ---------------------------------------------------------------------------------------------


def remember_as_ours(path: Path) -> None:
    """Take note that this process has opened a database of clash."""
    if (found := file_id(path)) is not None:
        _OURS.add((str(path), found))


def content_of(path: Path) -> Content:
    """Return whose tables the file holds, without changing it or leaving anything beside it.

    Raises `SettingsError` for what is no database.
    """
    found = file_id(path)
    if found is not None and (str(path), found) in _OURS:
        return "clash"
    log = side_file(path, "-wal")
    if size_of(side_file(path, "-journal")):
        # A process died in a transaction, as when it made the database: the file is what it was before, once SQLite
        # has opened both to write.
        return _judged(_tables_of_copy(path))
    if 0 < size_of(path) < _HEADER_BYTES and not _is_empty(path):
        raise not_a_database(path)
    try:
        tables = _tables(path, "mode=ro&immutable=1") if size_of(path) else frozenset[str]()
    except sqlite3.Error as error:
        if size_of(log) and is_damage(error):
            # A process died while it moved its log into the file: SQLite repairs that when it opens both.
            return "clash"
        raise database_error(error, path) from error
    if not tables and size_of(log):
        # All of the schema is still in the log. Opened in place, SQLite would write beside it.
        tables = _tables_of_copy(path)
    return _judged(tables)


def _is_empty(path: Path) -> bool:
    """Return whether this is the one byte that SQLite itself writes into an empty file on some systems."""
    return size_of(path) == 1 and path.read_bytes() == b"S"


def _judged(tables: frozenset[str] | None) -> Content:
    if tables is None or is_clash(tables):
        return "clash"
    return "foreign" if tables else "empty"


def without_records(names: Iterable[str]) -> frozenset[str]:
    """Return the names of tables that tell whose a database is.

    SQLite and Cloudflare D1 keep tables of their own. wrangler and clash share the record of migrations, which is made
    first: a process that was killed then leaves nothing but it.
    """
    return frozenset(name for name in names if not name.startswith(("sqlite_", "_cf_", "d1_")))


def is_clash(tables: frozenset[str]) -> bool:
    """Return whether these are tables of clash, or of a LangGraph saver, which clash takes as its own."""
    return "workflow_executions" in tables or {"checkpoints", "writes"} <= tables


def _tables(path: Path, parameters: str) -> frozenset[str]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{parameters}", uri=True, timeout=0)
    with closing(connection):
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return without_records(str(name) for (name,) in names)


def _tables_of_copy(path: Path) -> frozenset[str] | None:
    """Return the tables of a copy of the file with its log or journal; None if that cannot be told."""
    with copied(path) as copy:
        try:
            return _tables(copy, "mode=rw") if copy is not None else None
        except sqlite3.Error:
            # It was being written just then, so another process uses it.
            return None


@contextmanager
def copied(path: Path) -> Generator[Path | None]:
    """Copy the file, its log and its journal to a temporary folder; None for what is too large, or finds no room there.

    To read a copy of what a process left in a transaction, open it to write: SQLite undoes the transaction first.
    """
    with tempfile.TemporaryDirectory(prefix="clash-") as folder:
        yield _copy_to(Path(folder) / "copy.db", path)


def _copy_to(copy: Path, path: Path) -> Path | None:
    if size_of(path) + sum(size_of(side_file(path, side)) for side in SIDES) > _LARGEST_COPY_BYTES:
        return None
    try:
        shutil.copyfile(path, copy)
        for side in SIDES:
            if side_file(path, side).exists():
                shutil.copyfile(side_file(path, side), side_file(copy, side))
    except OSError:
        return None
    return copy


def require_ours(path: Path, mode: Mode) -> Content:
    """Return whose tables the file holds. Raises `VersionMismatchError` where this mode would change a foreign file."""
    content = content_of(path)
    if content == "foreign" and mode in ("write", "create"):
        raise foreign_database(f"{path}")
    if content == "empty" and mode == "write":
        raise VersionMismatchError(
            f"the database {path} has no tables yet", code="schema_older", hint="run `clash db init`"
        )
    return content


def foreign_database(name: str) -> VersionMismatchError:
    """Return the error for a database that holds tables of another program, and none of clash."""
    return VersionMismatchError(
        f"the database {name} holds tables of another program, and none of clash",
        code="foreign_database",
        hint="check DATABASE_URL; `clash db init` asks before it adds the tables of clash to it",
    )


# -- side files --------------------------------------------------------------------------------------------------------


@contextmanager
def without_traces(path: Path) -> Generator[None]:
    """Remove the empty side files that only reading a database has made, as SQLite removes them after writing."""
    log = side_file(path, "-wal")
    were_there = log.exists()
    try:
        yield
    finally:
        if not were_there and log.exists() and size_of(log) == 0 and os.access(path, os.W_OK):
            _let_sqlite_tidy(path)


def undo_unfinished(path: Path) -> None:
    """Undo the transaction in which a process died, as SQLite does when it opens the file to write."""
    _let_sqlite_tidy(path)


def _let_sqlite_tidy(path: Path) -> None:
    """Open and close the file for writing: the last process to close it removes its side files, under a lock."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.Error:
        return
