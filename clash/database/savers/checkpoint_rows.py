"""Checkpoints as rows: the schema of LangGraph's SQLite saver, and beside it the chunks of what is too large for a row.

A value of up to `INLINE_BYTES` stands where LangGraph's saver puts it. A larger one is NULL there, and stands in
`checkpoint_chunks`, written in the same batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clash.database.port import Param, Row, Rows, Statement
from clash.database.savers.thread_operations import STOCK_TABLES

INLINE_BYTES = 500_000
CHUNK_BYTES = 900_000
"""A row of D1 holds 2,000,000 bytes, and a blob is sent and read as hex: two characters a byte."""
_ANSWER_BYTES = 10_000_000
"""An answer passes through Cloudflare's own RPC, which takes 32 MiB; values stand in it as hex."""
_PAGE_BYTES = 4_000_000
_PAGE_CHECKPOINTS = 100
_WRITES_A_STATEMENT = 20

TABLES: Mapping[str, str] = {
    "checkpoint_chunks": "checkpoint_ns, checkpoint_id, task_id, idx, part, data",
    **STOCK_TABLES,
}
"""Table to its columns, all but `thread_id`. The chunks of a checkpoint itself have no task."""

SETUP = (
    Statement(
        "CREATE TABLE IF NOT EXISTS checkpoints (thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '',"
        " checkpoint_id TEXT NOT NULL, parent_checkpoint_id TEXT, type TEXT, checkpoint BLOB, metadata BLOB,"
        " PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id))"
    ),
    Statement(
        "CREATE TABLE IF NOT EXISTS writes (thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '',"
        " checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL, task_path TEXT NOT NULL DEFAULT '', idx INTEGER NOT NULL,"
        " channel TEXT NOT NULL, type TEXT, value BLOB,"
        " PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx))"
    ),
    Statement(
        "CREATE TABLE IF NOT EXISTS checkpoint_chunks (thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '',"
        " checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL DEFAULT '', idx INTEGER NOT NULL DEFAULT 0,"
        " part INTEGER NOT NULL, data BLOB NOT NULL,"
        " PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, part))"
    ),
)

Place = tuple[str, str, str]
"""Thread, namespace and id of a checkpoint."""
PutValue = Callable[[tuple[Param, ...], bytes, Statement], Iterable[Statement]]
"""Makes the statements that put a large value into `checkpoint_chunks`, as `chunk_statements` does."""
_OF_CHECKPOINT = "thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?"
_OF_VALUE = f"{_OF_CHECKPOINT} AND task_id = ? AND idx = ?"


# -- writing ---------------------------------------------------------------------------------------------------


def checkpoint_statements(
    place: Place,
    parent: str | None,
    typed: tuple[str, bytes],
    metadata: bytes,
    condition: Statement,
    *,
    put: PutValue | None = None,
) -> list[Statement]:
    """Save a checkpoint in the place of one of the same id, if there is one. `put`: how, if it is large."""
    kind, value = typed
    inline, key = len(value) <= INLINE_BYTES, (*place, "", 0)
    return [
        _drop_chunks(key, condition),
        *([] if inline else (put or chunk_statements)(key, value, condition)),
        Statement(
            "INSERT OR REPLACE INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type,"
            f" checkpoint, metadata) SELECT ?, ?, ?, ?, ?, ?, ? WHERE {condition.sql}",
            (*place, parent, kind, value if inline else None, metadata, *condition.params),
        ),
    ]


def writes_statements(
    place: Place,
    task_id: str,
    task_path: str,
    rows: Sequence[tuple[int, str, str, bytes]],
    condition: Statement,
    *,
    replace: bool,
    put: PutValue | None = None,
    inline_bytes: int = INLINE_BYTES,
) -> list[Statement]:
    """Save what a task wrote, as (idx, channel, type, value); what is there already is replaced, or else stays.

    `put`: how a value of more than `inline_bytes` is saved.
    """
    statements: list[Statement] = []
    for idx, _, _, value in rows:
        key = (*place, task_id, idx)
        if replace:
            statements.append(_drop_chunks(key, condition))
        if len(value) > inline_bytes:
            new = f"{condition.sql} AND NOT EXISTS (SELECT 1 FROM writes WHERE {_OF_VALUE})"
            only = condition if replace else Statement(new, (*condition.params, *key))
            statements += (put or chunk_statements)(key, value, only)
    verb = "REPLACE" if replace else "IGNORE"
    for start in range(0, len(rows), _WRITES_A_STATEMENT):
        some = rows[start : start + _WRITES_A_STATEMENT]
        values: list[Param] = []
        for idx, channel, kind, value in some:
            values += (idx, channel, kind, value if len(value) <= inline_bytes else None)
        statements.append(
            Statement(
                f"INSERT OR {verb} INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx,"
                " channel, type, value) WITH task AS (SELECT ?, ?, ?, ?, ?), written AS"
                f" (VALUES {', '.join(['(?, ?, ?, ?)'] * len(some))}) SELECT * FROM task, written"
                f" WHERE {condition.sql}",
                (*place, task_id, task_path, *values, *condition.params),
            )
        )
    return statements


def _drop_chunks(key: tuple[Param, ...], condition: Statement) -> Statement:
    return Statement(f"DELETE FROM checkpoint_chunks WHERE {_OF_VALUE} AND {condition.sql}", (*key, *condition.params))


def chunk_statements(key: tuple[Param, ...], value: bytes, condition: Statement) -> Iterator[Statement]:
    """Save a value in chunks. `key`: thread, namespace and id of the checkpoint; task and number of the write."""
    for part, start in enumerate(range(0, len(value), CHUNK_BYTES)):
        yield Statement(
            "INSERT INTO checkpoint_chunks (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, part, data)"
            f" SELECT ?, ?, ?, ?, ?, ?, ? WHERE {condition.sql}",
            (*key, part, value[start : start + CHUNK_BYTES], *condition.params),
        )


# -- reading ---------------------------------------------------------------------------------------------------

_KEY = "thread_id, checkpoint_ns, checkpoint_id"
_NEWEST_FIRST = "checkpoint_id DESC, thread_id DESC, checkpoint_ns DESC"
_HERE = "w.thread_id = c.thread_id AND w.checkpoint_ns = c.checkpoint_ns AND w.checkpoint_id = c.checkpoint_id"
_SIZE = (
    f"(SELECT coalesce(sum(length(checkpoint)), 0) FROM checkpoints AS w WHERE {_HERE})"
    f" + (SELECT coalesce(sum(length(value)), 0) FROM writes AS w WHERE {_HERE})"
    f" + (SELECT coalesce(sum(length(data)), 0) FROM checkpoint_chunks AS w WHERE {_HERE})"
)
# CROSS JOIN: SQLite reads `kept` first then, and not the rows of all runs. D1 counts every row that is read.
_PAGE = f"""WITH found AS (SELECT {_KEY} FROM checkpoints {{where}} ORDER BY {_NEWEST_FIRST} LIMIT ?),
sized AS (SELECT *, {_SIZE} AS size FROM found AS c),
placed AS (SELECT *, row_number() OVER newest AS place, sum(size) OVER newest - size AS before FROM sized
 WINDOW newest AS (ORDER BY {_NEWEST_FIRST} ROWS UNBOUNDED PRECEDING)),
kept AS (SELECT {_KEY}, place, size <= ? AS fits FROM placed WHERE place <= ? AND before <= ?)
SELECT 'checkpoint' AS what, place, {_KEY}, parent_checkpoint_id, hex(metadata) AS metadata, '' AS task_id, 0 AS idx,
 0 AS part, '' AS task_path, '' AS channel, type, length(checkpoint) AS size, hex(checkpoint) AS value
 FROM kept CROSS JOIN checkpoints USING ({_KEY})
UNION ALL SELECT 'write', place, {_KEY}, NULL, NULL, task_id, idx, 0, task_path, channel, type,
 length(value), iif(fits, hex(value), NULL) FROM kept CROSS JOIN writes USING ({_KEY})
UNION ALL SELECT 'chunk', place, {_KEY}, NULL, NULL, task_id, idx, part, '', '', '',
 length(data), iif(fits, hex(data), NULL) FROM kept CROSS JOIN checkpoint_chunks USING ({_KEY})
UNION ALL SELECT 'more', 0, '', '', '', NULL, NULL, '', 0, 0, '', '', '', 0, NULL
 WHERE (SELECT count(*) FROM placed) > (SELECT count(*) FROM kept)"""
_PIECES = f"""SELECT 'write' AS what, {_KEY}, task_id, idx, 0 AS part, hex(value) AS value FROM writes
 WHERE {_OF_CHECKPOINT} AND (task_id, idx) IN (SELECT json_extract(value, '$[1]'), json_extract(value, '$[2]')
 FROM json_each(?) WHERE json_extract(value, '$[0]') = 'write')
UNION ALL SELECT 'chunk', {_KEY}, task_id, idx, part, hex(data) FROM checkpoint_chunks
 WHERE {_OF_CHECKPOINT} AND (task_id, idx, part) IN (SELECT json_extract(value, '$[1]'), json_extract(value, '$[2]'),
 json_extract(value, '$[3]') FROM json_each(?) WHERE json_extract(value, '$[0]') = 'chunk')"""


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint as it was saved. `writes`: task id, channel, type, value, task path, idx."""

    place: Place
    parent: str | None
    type: str
    value: bytes
    metadata: dict[str, Any]
    writes: list[tuple[str, str, str, bytes, str, int]]


def read_page(where: str, params: Sequence[Param], limit: int | None) -> Statement:
    """Reads checkpoints, newest first, each with its writes and chunks, in one statement.

    `where` chooses among `checkpoints`. A page holds some megabytes, or one checkpoint. One that is larger than an
    answer can be comes without the values of its writes and chunks; `read_missing` reads them.
    """
    most = _PAGE_CHECKPOINTS if limit is None else min(limit, _PAGE_CHECKPOINTS)
    return Statement(_PAGE.format(where=where), (*params, most + 1, _ANSWER_BYTES, most, _PAGE_BYTES))


@dataclass(frozen=True)
class _PageRow:
    """A row of a page. `what`: a checkpoint, a write, a chunk of either, or that there is more behind the page."""

    what: str
    at: int
    place: Place
    parent: str | None
    type: str
    task_id: str
    idx: int
    part: int
    channel: str
    task_path: str
    metadata: str
    size: int | None
    value: str | None

    @classmethod
    def from_row(cls, row: Row) -> _PageRow:
        """Return a row of `_PAGE`, or of `_PIECES`, which has only the columns that say what a value is of."""
        return cls(
            what=row["what"],
            at=int(row.get("place") or 0),
            place=(row["thread_id"], row["checkpoint_ns"], row["checkpoint_id"]),
            parent=row.get("parent_checkpoint_id"),
            type=row.get("type", ""),
            task_id=row["task_id"],
            idx=row["idx"],
            part=int(row["part"]),
            channel=row.get("channel", ""),
            task_path=row.get("task_path", ""),
            metadata=row.get("metadata") or "",
            size=row.get("size"),
            value=row["value"],
        )

    @property
    def piece(self) -> tuple[Any, ...]:
        """What the value is of."""
        return (self.what, *self.place, self.task_id, self.idx, self.part)


def read_missing(rows: Rows) -> list[Statement]:
    """Reads the values that were too large for the page of these rows, each statement as much as an answer holds."""
    missing = [row for row in map(_PageRow.from_row, rows) if row.value is None and row.size]
    statements: list[Statement] = []
    while missing:
        count, size = 0, 0
        while count < len(missing) and (not count or size + (missing[count].size or 0) <= _ANSWER_BYTES):
            size += missing[count].size or 0
            count += 1
        # Only one checkpoint is ever this large: a page of several is smaller.
        place = missing[0].place
        some = json.dumps([[row.what, row.task_id, row.idx, row.part] for row in missing[:count]])
        statements.append(Statement(_PIECES, (*place, some, *place, some)))
        missing = missing[count:]
    return statements


def checkpoints_of(rows: Rows, missing: Rows) -> tuple[list[SavedCheckpoint], bool]:
    """The checkpoints of a page, newest first, and whether there are more behind it. `missing`: of `read_missing`."""
    page = [_PageRow.from_row(row) for row in rows]
    values = {row.piece: row.value for row in (*page, *map(_PageRow.from_row, missing)) if row.value is not None}
    parts: dict[tuple[Place, str, int], list[_PageRow]] = {}
    writes: dict[Place, list[_PageRow]] = {}
    for row in page:
        if row.what == "chunk":
            parts.setdefault((row.place, row.task_id, row.idx), []).append(row)
        elif row.what == "write":
            writes.setdefault(row.place, []).append(row)

    def value_of(row: _PageRow) -> bytes:
        if row.size is not None:
            return bytes.fromhex(values[row.piece])
        chunks = parts.get((row.place, row.task_id, row.idx), [])
        return b"".join(bytes.fromhex(values[chunk.piece]) for chunk in sorted(chunks, key=lambda chunk: chunk.part))

    saved = [
        SavedCheckpoint(
            place=row.place,
            parent=row.parent,
            type=row.type,
            value=value_of(row),
            metadata=json.loads(bytes.fromhex(row.metadata) or b"{}"),
            writes=[
                (write.task_id, write.channel, write.type, value_of(write), write.task_path, write.idx)
                for write in writes.get(row.place, [])
            ],
        )
        for row in sorted((row for row in page if row.what == "checkpoint"), key=lambda row: row.at)
    ]
    return saved, any(row.what == "more" for row in page)
