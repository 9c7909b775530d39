"""What SQLite refuses, told by its error codes, as errors that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from clash.errors import Action, ClashError, DatabaseError, Remedy, SettingsError

BUSY_TIMEOUT_S = 30

_NOT_ONE = {sqlite3.SQLITE_NOTADB}
_DAMAGED = {sqlite3.SQLITE_CORRUPT}
_WRITE_FAILED = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHMSIZE}
_CUT_SHORT = {sqlite3.SQLITE_IOERR_SHORT_READ}


def error_code(error: Exception) -> int:
    """Return SQLite's extended error code; 0 for an error that is not SQLite's."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0)


def primary_code(error: Exception) -> int:
    """Return SQLite's primary error code; 0 for an error that is not SQLite's."""
    return error_code(error) & 0xFF


def is_damage(error: Exception) -> bool:
    """Return whether SQLite says that the file is damaged or is no database."""
    return primary_code(error) in _NOT_ONE | _DAMAGED or error_code(error) in _CUT_SHORT


def has_no_room(error: Exception) -> bool:
    """Return whether SQLite could not write for lack of room.

    It calls only ENOSPC "full"; a quota or a limit of file size is an I/O error of a write to it, and so is a full disk
    on which it makes the side file that it needs also for reading.
    """
    return primary_code(error) == sqlite3.SQLITE_FULL or error_code(error) in _WRITE_FAILED


def database_error(error: Exception, path: Path) -> ClashError:
    """Return what SQLite said as an error that says what to do."""
    extended, code = error_code(error), primary_code(error)
    if extended == sqlite3.SQLITE_READONLY_DBMOVED:
        return gone(f"the database {path} was moved or deleted while it was in use")
    if code in _NOT_ONE:
        return not_a_database(path)
    if is_damage(error):
        return damaged(path)
    if has_no_room(error):
        return disk_full(path)
    if code == sqlite3.SQLITE_CANTOPEN:
        return not_opened(path, "permission denied, or its folder is not writable")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return SettingsError(
            f"{path} cannot be opened for writing",
            code="database_read_only",
            hint="check the permissions of the file and of its folder",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseError(
            f"{path} was locked by another program for more than {BUSY_TIMEOUT_S} s",
            code="database_locked",
            retryable=True,
            remedy=Remedy(Action.RESUME, "close what holds it, then resume"),
        )
    return DatabaseError(f"{path}: {error}")


def not_a_database(path: Path) -> SettingsError:
    """Return the error for a file that SQLite did not write."""
    return SettingsError(
        f"{path} is not a SQLite database, or its first page is damaged",
        code="not_a_database",
        hint="check DATABASE_URL; a damaged file can be rescued with `sqlite3 FILE .recover`",
    )


def damaged(path: Path, what: str = "") -> SettingsError:
    """Return the error for a database whose pages do not fit together."""
    return SettingsError(
        f"the database {path} is damaged{f': {what}' if what else ''}",
        code="not_a_database",
        hint="put a backup in its place, or move it away (`sqlite3 FILE .recover` may still read some of it);"
        " then `clash db recover` restores the paid calls from the asset store",
    )


def disk_full(path: Path) -> DatabaseError:
    """Return the error for a file that cannot grow."""
    return DatabaseError(
        f"the disk is full, or over a quota: {path} could not be written",
        code="disk_full",
        retryable=True,
        remedy=Remedy(Action.RESUME, "make room and resume; nothing that was made is lost"),
    )


def not_opened(path: Path, why: str) -> SettingsError:
    """Return the error for a file that cannot be opened."""
    return SettingsError(
        f"the database {path} cannot be opened: {why}",
        code="database_not_opened",
        hint="check DATABASE_URL, and the permissions of the file and of its folder",
    )


def gone(what: str) -> DatabaseError:
    """Return the error for a database that was taken away from under a process that writes it."""
    return DatabaseError(
        what,
        code="database_gone",
        hint="nothing that was paid for is lost: put the database back if you have it, then `clash db recover` restores"
        " the paid calls from the asset store; after that run or resume as usual",
    )
