"""The database is taken away: deleted, moved away for a while, or replaced by an older copy or an empty one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import ClassVar, Literal

from forks import Fork

from .disturbance import Disturbance, Tortured

Deed = Literal["deleted", "moved away for a while", "older copy", "emptied"]
DEEDS: tuple[Deed, ...] = ("deleted", "moved away for a while", "older copy", "emptied")
_SUFFIXES = ("", "-wal", "-shm")


class DatabaseReplaced(Disturbance):
    """The SQLite file goes while a process writes it. An older copy is made whenever no process is alive."""

    name: ClassVar[str] = "database replaced"
    codes: ClassVar[frozenset[str]] = frozenset({"database_gone", "not_found", "lease_lost", "held"})

    def __init__(self, path: Path, lost: Callable[[], None]) -> None:
        """`lost` is told when rows may be missing in what is there now."""
        super().__init__()
        self._path = path
        self._lost = lost
        self._copy = path.with_name("older.db")
        self._put_back: Path | None = None

    def strike(self, run: Tortured, child: Fork) -> None:
        """Take the file away, and perhaps put another in its place."""
        deed = run.moments.choice(DEEDS)
        if not self._path.exists() or (deed == "older copy" and not self._copy.exists()):
            return
        away = self._path.with_name(f"away-{self.happened}.db")
        _rename(self._path, away)
        self.happened += 1
        self._lost()
        if deed == "moved away for a while":
            self._put_back = away
        if deed == "older copy":
            self._copy.replace(self._path)
        elif deed == "emptied":
            self._path.touch()
        child.ends_within(run.moments.uniform(0, 0.5))

    def after(self, run: Tortured) -> None:
        """Put back what was moved away for a while; copy what is there now, once in a while."""
        if self._put_back is not None:
            for suffix in _SUFFIXES:
                with suppress(FileNotFoundError):
                    self._path.with_name(f"{self._path.name}{suffix}").unlink()
            _rename(self._put_back, self._path)
            self._put_back = None
        if run.moments.random() < 0.3 and self._path.exists() and self._path.stat().st_size:
            self._copy.unlink(missing_ok=True)
            with closing(sqlite3.connect(self._path)) as source, closing(sqlite3.connect(self._copy)) as copy:
                source.backup(copy)


def _rename(path: Path, other: Path) -> None:
    for suffix in _SUFFIXES:
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}{suffix}").rename(other.with_name(f"{other.name}{suffix}"))


class D1Replaced(Disturbance):
    """The run continues with an empty D1 database after the death of a process."""

    name: ClassVar[str] = "database replaced"

    def __init__(self, replace: Callable[[], None]) -> None:
        """`replace` makes an empty database and leads the next process to it."""
        super().__init__()
        self._replace = replace
        self._struck = False

    def strike(self, run: Tortured, child: Fork) -> None:
        """Let it work a little, and kill it: a D1 that is deleted is told by the next request."""
        time.sleep(run.moments.uniform(0, 0.2))
        if child.poll() is None:
            run.kill(child)
            self._struck = True

    def after(self, run: Tortured) -> None:
        """Replace the database."""
        if self._struck:
            self._struck = False
            self.happened += 1
            self._replace()
