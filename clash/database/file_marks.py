"""The marks that `clash gc` puts on files of the asset store before it deletes them: the rows of `file_marks`.

    (no row)      whatever names the file or not, nobody deletes it
    marked        nothing named it when it was marked; a row that names it takes the mark off (triggers of the table)
    deleting      from before it is deleted; a row that names it is refused
    deleted       it was deleted; a row that names it is refused until the file is there again and the mark taken off

A database whose `find_file` is set does the last by itself (`keeping_named`): it makes sure that the files which a
refused batch names are in the store, takes their marks off, and applies the batch again.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from clash.clock import now_text, to_text
from clash.database.port import Database, Row, Rows, Statement, texts_of
from clash.database.processes import is_dead
from clash.errors import ConflictError, DatabaseError, StorageError

FindFile = Callable[[str], Awaitable[bool]]
"""Makes sure that the file of a digest is in the asset store; returns whether it is."""

REFUSED = "clash gc deletes a file that this names"
"""What the triggers of the table say."""
CLAIM_S = 900
"""Seconds that a claim lasts. A sweep deletes a claimed file within the first half of them."""
_WAIT_S = 0.25
_ROUNDS = 240
_KEPT = timedelta(days=30)
"""How long it is remembered that a file was deleted."""
_AT_ONCE = 2000
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class _Mark(NamedTuple):
    sha256: str
    state: str
    sweep: str
    marked_at: str

    @classmethod
    def from_row(cls, row: Row) -> _Mark:
        """Return the mark of a row."""
        return cls(str(row["sha256"]), str(row["state"]), str(row["sweep"]), str(row["marked_at"]))

    @property
    def is_busy(self) -> bool:
        """Whether another process is deleting the file: it ends, or lets go of it, in a moment."""
        return self.state == "deleting" and self.marked_at > _ago(CLAIM_S) and not is_dead(self.sweep)


# -- of a process that names files ---------------------------------------------------------------------------------


async def keeping_named(
    database: Database,
    statements: Sequence[Statement],
    apply: Callable[[Sequence[Statement]], Awaitable[list[Rows]]],
    find_file: FindFile | None,
) -> list[Rows]:
    """Apply a batch. If it is refused for files that `clash gc` deletes, apply it again once they are there.

    Raises `StorageError` (code `asset_lost`) if one is nowhere, `ConflictError` (code `file_deleted`) without
    `find_file`, and what `apply` raises.
    """
    for _ in range(_ROUNDS):  # a minute: a sweep takes some seconds for what it has claimed
        try:
            return await apply(statements)
        except DatabaseError as error:
            if REFUSED not in error.message:
                raise
        if find_file is None:
            break
        await _put_back(database, statements, find_file)
    raise ConflictError(
        "a file that is to be recorded is being deleted by `clash gc`, for nothing named it",
        code="file_deleted",
        retryable=True,
        hint="try again: the file is made or fetched again",
    )


async def _put_back(database: Database, statements: Sequence[Statement], find_file: FindFile) -> None:
    """Make sure that the files which these statements name are in the store, and take their marks off."""
    named = {digest for one in statements for value in one.params if isinstance(value, str) for digest in _in(value)}
    marks = await _marks(database, named)
    if any(mark.is_busy for mark in marks):
        await asyncio.sleep(_WAIT_S)
        return
    for mark in marks:
        sha256 = mark.sha256
        if not await find_file(sha256):
            raise StorageError(
                f"the asset {sha256[:12]} is missing: `clash gc` deleted it, for nothing named it",
                code="asset_lost",
                retryable=False,
                hint="run or resume again: it is made or fetched again",
            )
        await database.batch(
            [
                Statement(
                    "DELETE FROM file_marks WHERE sha256 = ? AND state = ? AND marked_at = ?",
                    (sha256, mark.state, mark.marked_at),
                )
            ]
        )


def _in(text: str) -> Iterable[str]:
    return _DIGEST.findall(text)


async def _marks(database: Database, digests: Collection[str]) -> list[_Mark]:
    rows = await database.query(
        "SELECT sha256, state, sweep, marked_at FROM file_marks WHERE state <> 'marked'"
        " AND sha256 IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(digests)),),
    )
    return [_Mark.from_row(row) for row in rows]


def _ago(seconds: float) -> str:
    return to_text(datetime.now(UTC) - timedelta(seconds=seconds))


# -- of `clash gc` ---------------------------------------------------------------------------------------------------


async def mark_files(database: Database, sweep: str, digests: Sequence[str]) -> None:
    """Mark files that nothing named when it was read; those that another sweep is deleting stay its own."""
    for some in _portions(digests):
        await database.batch(
            [
                Statement(
                    "INSERT INTO file_marks (sha256, state, sweep, marked_at)"
                    " SELECT value, 'marked', ?, ? FROM json_each(?) WHERE true"
                    " ON CONFLICT (sha256) DO UPDATE SET sweep = excluded.sweep, marked_at = excluded.marked_at"
                    " WHERE state <> 'deleting'",
                    (sweep, now_text(), some),
                )
            ]
        )


async def claim_files(database: Database, sweep: str, digests: Sequence[str]) -> set[str]:
    """Return those of these files that still bear the mark of this sweep; from now on no row can name them."""
    claimed: set[str] = set()
    for some in _portions(digests):
        (rows,) = await database.batch(
            [
                Statement(
                    "UPDATE file_marks SET state = 'deleting', marked_at = ? WHERE sweep = ? AND state <> 'deleting'"
                    " AND sha256 IN (SELECT value FROM json_each(?)) RETURNING sha256",
                    (now_text(), sweep, some),
                    recall=Statement(
                        "SELECT sha256 FROM file_marks WHERE sweep = ? AND state = 'deleting'"
                        " AND sha256 IN (SELECT value FROM json_each(?))",
                        (sweep, some),
                    ),
                )
            ]
        )
        claimed.update(texts_of(rows, "sha256"))
    return claimed


async def settle_files(database: Database, sweep: str, *, deleted: Sequence[str], kept: Sequence[str]) -> None:
    """Note which of the claimed files are deleted, and take the marks off the others."""
    for some in _portions(deleted):
        await database.batch(
            [
                Statement(
                    "UPDATE file_marks SET state = 'deleted', marked_at = ? WHERE sweep = ? AND state = 'deleting'"
                    " AND sha256 IN (SELECT value FROM json_each(?))",
                    (now_text(), sweep, some),
                )
            ]
        )
    for some in _portions(kept):
        await database.batch(
            [
                Statement(
                    "DELETE FROM file_marks WHERE sweep = ? AND sha256 IN (SELECT value FROM json_each(?))",
                    (sweep, some),
                )
            ]
        )


async def close_marks(database: Database, sweep: str) -> None:
    """Take off the marks that a sweep, or one that died, has not used, and forget what was deleted long ago.

    What a sweep that died, or this one, was deleting counts as deleted: it may be.
    """
    rows = await database.query("SELECT DISTINCT sweep FROM file_marks WHERE state <> 'deleted'")
    dead = [one for one in texts_of(rows, "sweep") if one == sweep or is_dead(one)]
    await database.batch(
        [
            Statement(
                "DELETE FROM file_marks WHERE state = 'marked' AND sweep IN (SELECT value FROM json_each(?))",
                (json.dumps(dead),),
            ),
            Statement(
                "UPDATE file_marks SET state = 'deleted' WHERE state = 'deleting'"
                " AND (marked_at < ? OR sweep IN (SELECT value FROM json_each(?)))",
                (_ago(CLAIM_S), json.dumps(dead)),
            ),
            Statement(
                "DELETE FROM file_marks WHERE state = 'deleted' AND marked_at < ?", (_ago(_KEPT.total_seconds()),)
            ),
        ]
    )


def _portions(digests: Sequence[str]) -> Iterable[str]:
    for start in range(0, len(digests), _AT_ONCE):
        yield json.dumps(digests[start : start + _AT_ONCE])
