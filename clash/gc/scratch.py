"""What a look at a store and its databases found, in a temporary SQLite file: memory does not grow with the store."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType

from clash.assets.inventory import Stored, StoredKind

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE stored (name TEXT, in_bucket INTEGER, kind TEXT, bytes INTEGER, changed_at REAL, sha256 TEXT, token TEXT,
    run_id TEXT, PRIMARY KEY (name, in_bucket)) WITHOUT ROWID;
CREATE INDEX stored_by_kind ON stored (kind, token);
CREATE INDEX stored_by_file ON stored (sha256, kind);
CREATE TABLE named (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE doomed (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_AT_ONCE = 1000
_FIELDS = "name, kind, bytes, changed_at, in_bucket, sha256, token, run_id"


class Scratch:
    """The files and records of a store, the digests that are named, and the records that are to be deleted."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="clash-gc-")
        self._connection = sqlite3.connect(
            Path(self._folder.name) / "found.db", isolation_level=None, check_same_thread=False
        )
        self._connection.executescript(_TABLES)

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()
        self._folder.cleanup()

    def add_stored(self, found: Iterable[Stored]) -> None:
        """Take in what is in the store."""
        rows = (
            (s.name, int(s.in_bucket), s.kind.value, s.bytes, s.changed_at, s.sha256, s.token, s.run_id) for s in found
        )
        while some := list(islice(rows, _AT_ONCE)):
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO stored VALUES (?, ?, ?, ?, ?, ?, ?, ?)", some)
            self._connection.execute("COMMIT")

    def add_named(self, digests: Iterable[str]) -> None:
        """Take in digests of files that are named."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((digest,) for digest in digests))
        self._connection.execute("COMMIT")

    def doom(self, names: Iterable[str]) -> None:
        """Note records that are to be deleted."""
        self._connection.executemany("INSERT OR IGNORE INTO doomed VALUES (?)", ((name,) for name in names))

    def stored(self, *kinds: StoredKind) -> Iterator[Stored]:
        """Yield what is in the store of some kinds, the copy on the disk before that in the bucket."""
        marks = ", ".join("?" * len(kinds))
        yield from self._stored(f"WHERE kind IN ({marks})", kinds)

    def doomed(self) -> list[Stored]:
        """Return the records and temporary files that are to be deleted, each copy of them."""
        return list(self._stored("JOIN doomed USING (name)"))

    def copies(self, digests: Sequence[str]) -> list[Stored]:
        """Return the copies of these files, on the disk and in the bucket."""
        marks = ", ".join("?" * len(digests))
        return list(self._stored(f"WHERE kind = 'file' AND sha256 IN ({marks})", digests))

    def unnamed(self, before: float) -> Iterator[str]:
        """Yield the files that nothing names, of which no copy was used since `before`."""
        last, page = "", [""]
        while page:
            rows = self._connection.execute(
                "SELECT sha256 FROM stored WHERE kind = 'file' AND sha256 > ?"
                " AND sha256 NOT IN (SELECT sha256 FROM named)"
                " GROUP BY sha256 HAVING max(changed_at) < ? ORDER BY sha256 LIMIT ?",
                (last, before, _AT_ONCE),
            ).fetchall()
            page = [str(row[0]) for row in rows]
            yield from page
            last = page[-1] if page else last

    def count_named(self) -> int:
        """Return how many files of the store are named."""
        return self._count("sha256 IN (SELECT sha256 FROM named)")

    def count_recent(self, before: float) -> int:
        """Return how many files of the store nothing names, and were used since."""
        return self._count("sha256 NOT IN (SELECT sha256 FROM named)", before)

    def _count(self, condition: str, since: float = 0) -> int:
        of_files = f"SELECT 1 FROM stored WHERE kind = 'file' AND {condition}"  # noqa: S608 - our own words
        query = f"SELECT count(*) FROM ({of_files} GROUP BY sha256 HAVING max(changed_at) >= ?)"  # noqa: S608
        return int(self._connection.execute(query, (since,)).fetchone()[0])

    def has_file(self, sha256: str) -> bool:
        """Return whether the store has a file."""
        query = "SELECT 1 FROM stored WHERE sha256 = ? AND kind = 'file'"
        return self._connection.execute(query, (sha256,)).fetchone() is not None

    def _stored(self, which: str, params: Sequence[str] = ()) -> Iterator[Stored]:
        query = f"SELECT {_FIELDS} FROM stored {which} ORDER BY name, in_bucket"  # noqa: S608 - our own words
        for name, kind, size, at, in_bucket, sha256, token, run_id in self._connection.execute(query, tuple(params)):
            yield Stored(name, StoredKind(kind), size, at, bool(in_bucket), sha256, token, run_id)
