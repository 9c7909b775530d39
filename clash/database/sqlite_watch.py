"""Whether the SQLite file that a process writes is still the one at its path.

A process goes on writing into a file that was deleted, and never notices. So every transaction first compares the
path with what was opened: device and inode of the file and of its write-ahead log; and, when the file itself was
written, the identity that the database was given when it was made.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from clash.database.sqlite_errors import gone, primary_code
from clash.database.sqlite_files import FileId, file_id, side_file, size_of
from clash.errors import DatabaseError

_DESCRIPTORS = Path("/proc/self/fd")
_LARGEST_CHECK_BYTES = 128 << 20
"""Larger files are not read from end to end when a run ends."""
_LOOKS = 3
"""A file may be looked at while a log is moved into it: what is wrong only once is not wrong."""
_NO_SIGN = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_INTERRUPT,
}
"""What keeps a file from being looked at, and says nothing about its contents."""
_OPEN_HERE: dict[FileId, list[FileWatch]] = {}


class FileWatch:
    """Knows which file was opened, and raises when its path leads to another one."""

    def __init__(self, path: Path) -> None:
        """Remember the file as it is now: to be made when it was just opened."""
        self.path = path
        self._real = Path(os.path.realpath(path))
        self._file = file_id(path)
        self._log_path = side_file(self._real, "-wal")
        self._log = file_id(self._log_path)
        self._index_path = side_file(self._real, "-shm")
        self._index = file_id(self._index_path)
        self._stamp: str | None = self._identity()
        self._written = self._times()
        self._error: DatabaseError | None = None
        self._overwritten = False
        if self._file is not None:
            _OPEN_HERE.setdefault(self._file, []).append(self)

    def stop(self) -> None:
        """Watch no more."""
        watches = _OPEN_HERE.get(self._file, []) if self._file else []
        if self in watches:
            watches.remove(self)
        if not watches and self._file:
            _OPEN_HERE.pop(self._file, None)

    def check(self) -> None:
        """Raise `DatabaseError` (code `database_gone`) unless the path leads to what was opened. Takes microseconds."""
        if self._error is None and (what := self._what_became_of_it()):
            self._error = gone(what)
        if self._error is not None:
            raise gone(self._error.message)

    def check_contents(self, expected_calls: int) -> None:
        """Raise as `check` does unless a new connection finds a sound database with this run's newest call.

        `expected_calls`: the highest id of a call that this process has seen in the database.
        """
        self.check()
        what = self._wrong_contents(expected_calls)
        if what:
            self._overwritten = True
            self._error = gone(what)
            raise gone(what)

    def _what_became_of_it(self) -> str:
        try:
            found = self.path.stat()
        except OSError:
            return f"the database {self.path} was deleted or moved away while it was in use{self._where_it_is()}"
        if (found.st_dev, found.st_ino) != self._file:
            return f"another file was put in the place of the database {self.path} while it was in use" + (
                self._where_it_is()
            )
        if self._log is not None and file_id(self._log_path) != self._log:
            return f"the write-ahead log of the database {self.path} was deleted while it was in use"
        if self._index is not None and file_id(self._index_path) != self._index:
            return f"the index of the write-ahead log (-shm) of the database {self.path} was deleted while in use"
        if (found.st_mtime_ns, found.st_size) != self._written and self._is_other():
            self._overwritten = True
            return f"the database {self.path} was overwritten with another one while it was in use"
        return ""

    # -- what was written over it ----------------------------------------------------------------------------------

    def _times(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0)
        return found.st_mtime_ns, found.st_size

    def _is_other(self) -> bool:
        """Return whether the file, which was written since the last look, has another identity."""
        written = self._times()
        for _ in range(_LOOKS):
            stamp = self._identity()
            if self._stamp is None or stamp == self._stamp:
                self._stamp, self._written = stamp, written
                return False
            time.sleep(0.05)
        return True

    def _identity(self) -> str | None:
        """Return the identity that stands in the file itself; None where it has none, or cannot be read."""
        # SQLite opens it, never `open`: to close a file drops all locks that this process has on it.
        address = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True, timeout=0)) as connection:
            rows: list[tuple[object]] = connection.execute("SELECT id FROM database_identity LIMIT 1").fetchall()
            for (identity,) in rows:
                return str(identity)
        return None

    @property
    def has_identity(self) -> bool:
        """Return whether the file itself says which database it is, not only its log."""
        return self._stamp is not None

    def learn_identity(self) -> None:
        """Look again, after the log was moved into the file."""
        self._stamp, self._written = self._identity(), self._times()

    def _wrong_contents(self, expected_calls: int) -> str:
        overwritten = f"the database {self.path} was overwritten while it was in use"
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
                rows = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'api_logs'").fetchall()
                if expected_calls > max((int(seq) for (seq,) in rows), default=0):
                    return f"{overwritten}: an older copy lies in its place"
                if size_of(self.path) <= _LARGEST_CHECK_BYTES:
                    ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
                    if found != "ok":
                        return f"{overwritten}, or is damaged: {found}"
        except sqlite3.Error as error:
            if primary_code(error) in _NO_SIGN:
                return ""
            return f"{overwritten}, or is damaged: {error}"
        return ""

    # -- afterwards ------------------------------------------------------------------------------------------------

    def may_close(self, connection: sqlite3.Connection) -> bool:
        """Return whether the last connection may be closed without harm to what lies at the path by now.

        The last connection moves the log into the file, and removes the log by its name. That is right as long as the
        log of that name is ours. A connection that may not be closed is kept until the process ends.
        """
        found = file_id(self._log_path)
        if self._error is None:
            return True
        if not self._overwritten and file_id(self._real) != self._file:
            # Moved or deleted: SQLite leaves the path alone. The file gets what is in its log, wherever it is.
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._remove_log(found)
            return True
        if not self._overwritten and found is None:
            return True
        import ctypes

        # Never closed, and not even freed when Python ends: the process ends without SQLite hearing of it.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        if self._overwritten:
            self._remove_log(found)
        return False

    def _remove_log(self, found: FileId | None) -> None:
        """Remove our log from beside a file that is not ours: its next reader would put our pages into it."""
        if found == self._log and found is not None:
            with suppress(OSError):
                self._log_path.unlink()
                self._index_path.unlink()

    def _where_it_is(self) -> str:
        """Return where the file that was opened is by now, where the system tells."""
        if not _DESCRIPTORS.is_dir():
            return ""
        with suppress(OSError):
            for entry in _DESCRIPTORS.iterdir():
                if file_id(entry) == self._file:
                    where = str(entry.readlink())
                    return "" if where.endswith(" (deleted)") else f"; it is now {where}"
        return ""


def check_open_here(path: Path) -> None:
    """Raise as `FileWatch.check` does if this process has the file open, and its log is no longer beside it.

    To open it a second time would then mix two logs.
    """
    found = file_id(path)
    for watch in _OPEN_HERE.get(found, ()) if found else ():
        watch.check()
