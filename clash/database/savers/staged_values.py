"""Values that are too large for one transaction of D1: written in parts under an id that no thread has, moved at once.

The parts stand in `checkpoint_chunks` under a staging id. The last transaction moves them to the checkpoint or write
that they are of, together with its row: until then there is no such checkpoint, and what was there before is there
still. Each part compares the lease, as the row does. What a process that died has left behind is removed by the next
one that takes the lease of its run, and after a day by any.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

from clash.database.lease import Lease
from clash.database.port import Param, Statement
from clash.database.savers.checkpoint_rows import CHUNK_BYTES, chunk_statements

AT_ONCE_BYTES = 12_000_000
"""Values of up to so many bytes are one transaction. They travel as hex, and D1 takes 28 MB of it."""
STAGED_FROM_BYTES = 4096
"""Of a larger transaction all values but the smallest are staged, however many there are."""
_PART_BYTES = 4_000_000
_PREFIX = ".staged-"
_BEHIND_PREFIX = ".staged."
_DAY_S = 86_400


class StagedValues:
    """The large values of one save, on their way into the database."""

    def __init__(self, thread_id: str, lease: Lease | None) -> None:
        self._id = f"{_named_at(0)}-{secrets.token_hex(8)}"
        self._of = (thread_id, str(0 if lease is None else lease.generation))
        self._values: list[bytes] = []

    def put(self, key: tuple[Param, ...], value: bytes, condition: Statement) -> Iterator[Statement]:
        """Stage a value, and yield what moves it to its key in the last transaction. See `chunk_statements`."""
        number = len(self._values)
        self._values.append(value)
        yield Statement(
            "UPDATE checkpoint_chunks SET thread_id = ?, checkpoint_ns = ?, checkpoint_id = ?, task_id = ?, idx = ?"
            f" WHERE thread_id = ? AND idx = ? AND {condition.sql}",
            (*key, self._id, number, *condition.params),
        )

    def parts(self, condition: Statement) -> Iterator[list[Statement]]:
        """Yield the transactions that write the staged values, one after another."""
        part: list[Statement] = []
        size = 0
        for number, value in enumerate(self._values):
            for chunk in chunk_statements((self._id, *self._of, "", number), value, condition):
                part.append(chunk)
                size += min(len(value), CHUNK_BYTES)
                if size >= _PART_BYTES:
                    yield part
                    part, size = [], 0
        if part:
            yield part

    def drop(self) -> Statement:
        """Remove what is staged and was not moved."""
        return Statement("DELETE FROM checkpoint_chunks WHERE thread_id = ?", (self._id,))


def sweep(lease: Lease | None) -> Statement:
    """Remove what processes that died have staged: those that held this run before, and any of more than a day ago."""
    thread_id, generation = ("", 0) if lease is None else lease.fence
    return Statement(
        "DELETE FROM checkpoint_chunks WHERE thread_id >= ? AND thread_id < ? AND (thread_id < ?"
        " OR (checkpoint_ns = ? AND CAST(checkpoint_id AS INTEGER) < ?))",
        (_PREFIX, _BEHIND_PREFIX, _named_at(-_DAY_S), thread_id, generation),
    )


def _named_at(seconds: int) -> str:
    """Return what the ids begin with that are made so many seconds from now."""
    return f"{_PREFIX}{int(time.time()) + seconds:012d}"
