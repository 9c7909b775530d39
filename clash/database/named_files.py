"""Every file of the asset store that a database names, by its sha256: `clash gc` deletes none of them.

A table that is not in `_COLUMNS` is read as a whole: where it is not known what a text is, 64 hex digits are a file.
So a new table, or one of your own workflow, keeps its files without a word here; only what is large and names no file
is left out. Everything is read in pages of a few megabytes.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clash.database.port import Database, Param, Row, texts_of, values_of
from clash.vocabulary import UNSETTLED, sql_list

_UNSETTLED = sql_list(UNSETTLED)
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "workflow_executions": ("settings", "metadata", "story_sha256"),
    "generated_assets": ("sha256", "facts"),
    # Of every attempt and take. What an open call shows its provider is needed to ask about it.
    "api_logs": ("asset_sha256", "facts", f"iif(state IN {_UNSETTLED}, request, NULL)"),
    "slot_decisions": ("judged_sha256", "note", "prompt"),
    "film_cuts": ("files", "selection"),
    "checkpoints": ("checkpoint", "metadata"),
    "writes": ("value",),
    "kept_files": ("sha256",),
}
"""Table to the expressions in which it names files."""
_NAME_NONE = frozenset(
    {
        "d1_migrations",
        "d1_writers",
        "database_identity",
        "file_marks",
        "checkpoint_chunks",  # read by `_chunked`: a value must be joined
        "checkpoint_metadata",
        "webhook_events",
        "call_settlements",
    }
)
_PAGE_BYTES = 4_000_000
_PAGE_ROWS = 1000
_CHUNKS = 4
_CHUNK_KEY = ("thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "part")
_DIGEST = re.compile(rb"[0-9a-f]{64,}")
_MOST_WINDOWS = 512
_ALL_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_UNPACKED_AT_ONCE = 1 << 20
_UNPACKED_MOST = 1 << 30


async def named_files(database: Database) -> AsyncIterator[set[str]]:
    """Yield the digests of the files that a database names, page by page. What only looks like one is among them."""
    tables = await database.query("SELECT name FROM sqlite_master WHERE type = 'table'")
    for table in sorted(set(texts_of(tables, "name")) - _NAME_NONE):
        if table.startswith(("sqlite_", "_cf_")):
            continue
        columns = _COLUMNS.get(table) or await _all_columns(database, table)
        async for row in _rows(database, table, columns):
            yield {digest for value in row.values() for digest in digests_in(value)}
    if "checkpoint_chunks" in texts_of(tables, "name"):
        async for found in _chunked(database):
            yield found


async def named_in_settings(database: Database, key: str) -> list[str]:
    """Return what all runs have under a key of their settings: digests of files that name others (`cast`)."""
    rows = await database.query(
        "SELECT DISTINCT json_extract(settings, ?) AS value FROM workflow_executions WHERE json_valid(settings)"
        " AND json_type(settings, ?) = 'text'",
        (f"$.{key}", f"$.{key}"),
    )
    return texts_of(rows, "value")


async def casts_without_sounds(database: Database) -> list[str]:
    """Return the casts of runs that do not say which sounds they were given: those of older versions."""
    rows = await database.query(
        "SELECT DISTINCT json_extract(settings, '$.cast') AS value FROM workflow_executions"
        " WHERE json_valid(settings) AND json_type(settings, '$.cast') = 'text'"
        " AND json_type(settings, '$.cast_sounds') IS NULL"
    )
    return texts_of(rows, "value")


async def call_states(database: Database, tokens: Sequence[str]) -> dict[str, str]:
    """Return the state of each of these calls that the database has, by token."""
    rows = await database.query(
        "SELECT token, state FROM api_logs WHERE token IN (SELECT value FROM json_each(?))", (json.dumps(tokens),)
    )
    return dict(zip(texts_of(rows, "token"), texts_of(rows, "state"), strict=True))


async def existing_runs(database: Database, run_ids: Sequence[str]) -> set[str]:
    """Return those of these runs that the database has."""
    rows = await database.query(
        "SELECT run_id FROM workflow_executions WHERE run_id IN (SELECT value FROM json_each(?))",
        (json.dumps(run_ids),),
    )
    return set(texts_of(rows, "run_id"))


@dataclass(frozen=True)
class RemovedRun:
    """A run that somebody removed. `forgets_answers`: what it paid for is not to be found again either."""

    thread_id: str
    start_time: str
    removed_at: str
    forgets_answers: bool
    is_finished: bool

    @classmethod
    def from_row(cls, row: Row) -> RemovedRun:
        """Return the removed run of a row of `removed_runs`."""
        return cls(
            thread_id=str(row["thread_id"]),
            start_time=str(row["start_time"]),
            removed_at=str(row["removed_at"]),
            forgets_answers=bool(row["forgets_answers"]),
            is_finished=row["finished_at"] is not None,
        )


async def removed_runs(database: Database) -> list[RemovedRun]:
    """Return the runs that were removed from the database on purpose."""
    rows = await database.query("SELECT * FROM removed_runs")
    # One that was interrupted is gone on with, and may need its files.
    return [run for run in map(RemovedRun.from_row, rows) if run.is_finished]


# -- values ----------------------------------------------------------------------------------------------------------


def digests_in(value: object) -> Iterator[str]:
    """Yield every sha256 in a value as `_rows` reads it: a text, or the hex of a blob, compressed or not."""
    if not isinstance(value, str) or len(value) < 64:
        return
    yield from _in_bytes(value.encode("utf-8", "surrogateescape"))
    if _ALL_HEX.fullmatch(value):
        yield from digests_in_blob(bytes.fromhex(value))


def digests_in_blob(blob: bytes) -> Iterator[str]:
    """Yield every sha256 in bytes, and in what they are when they are unpacked by zlib."""
    yield from _in_bytes(blob)
    if blob[:1] == b"\x78":
        yield from _in_compressed(blob)


def _in_compressed(blob: bytes) -> Iterator[str]:
    unpacking, rest, tail, total = zlib.decompressobj(), blob, b"", 0
    while (rest or not total) and not unpacking.eof and total < _UNPACKED_MOST:
        try:
            part = unpacking.decompress(rest, _UNPACKED_AT_ONCE)
        except zlib.error:
            return  # it only begins as if it were compressed
        if not part and unpacking.unconsumed_tail == rest:
            return
        rest, total = unpacking.unconsumed_tail, total + len(part)
        yield from _in_bytes(tail + part)
        tail = (tail + part)[-63:]


def _in_bytes(content: bytes) -> Iterator[str]:
    for match in _DIGEST.finditer(content):
        # The byte before or after a digest may happen to be a hex digit.
        text = match[0].decode()
        windows = range(len(text) - 63)
        yield from (text[at : at + 64] for at in (*windows[:_MOST_WINDOWS], *windows[_MOST_WINDOWS:][-_MOST_WINDOWS:]))


# -- reading -----------------------------------------------------------------------------------------------------------


async def _all_columns(database: Database, table: str) -> tuple[str, ...]:
    rows = await database.query("SELECT name FROM pragma_table_info(?)", (table,))
    return tuple(_quoted(name) for name in texts_of(rows, "name"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _rows(database: Database, table: str, columns: Collection[str]) -> AsyncIterator[Row]:
    """Yield the rows of a table that hold something as long as a digest, blobs in hex."""
    names = [f"v{number}" for number in range(len(columns))]
    chosen = ", ".join(
        f"CASE WHEN length({column}) < 32 THEN NULL WHEN typeof({column}) = 'blob' THEN hex({column})"
        f" ELSE {column} END AS {name}"
        for name, column in zip(names, columns, strict=True)
    )
    size = " + ".join(f"coalesce(length({name}), 0)" for name in names)
    order = "rowid" if await _has_rowid(database, table) else ""
    if not order:
        for row in await database.query(f"SELECT {chosen} FROM {_quoted(table)}"):
            yield row
        return
    statement = (
        f"SELECT * FROM (SELECT *, sum({size}) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) - ({size}) AS before"
        f" FROM (SELECT rowid AS place, {chosen} FROM {_quoted(table)} WHERE rowid > ? ORDER BY rowid"
        f" LIMIT {_PAGE_ROWS})) WHERE before <= {_PAGE_BYTES} ORDER BY place"
    )
    after: Param = -(2**53)
    while rows := await database.query(statement, (after,)):
        for row in rows:
            yield {name: row[name] for name in names}
        after = int(values_of(rows, "place")[-1])


async def _has_rowid(database: Database, table: str) -> bool:
    rows = await database.query("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return bool(rows) and not re.search(r"WITHOUT\s+ROWID|VIRTUAL\s+TABLE", str(rows[0]["sql"]), re.IGNORECASE)


async def _chunked(database: Database) -> AsyncIterator[set[str]]:
    """Yield the digests in each value of a checkpoint that is kept in chunks, joined."""
    key = ", ".join(_CHUNK_KEY)
    after: tuple[Param, ...] = ("", "", "", "", -1, -1)
    value, of = bytearray(), tuple[object, ...]()
    while True:
        rows = await database.query(
            f"SELECT {key}, hex(data) AS data FROM checkpoint_chunks WHERE ({key}) > (?, ?, ?, ?, ?, ?)"
            f" ORDER BY {key} LIMIT {_CHUNKS}",
            after,
        )
        for row, data in zip(rows, texts_of(rows, "data"), strict=True):
            this = tuple(row[name] for name in _CHUNK_KEY[:-1])
            if this != of and value:
                yield set(digests_in_blob(bytes(value)))
                value.clear()
            of = this
            value += bytes.fromhex(data)
            after = tuple(row[name] for name in _CHUNK_KEY)
        if not rows:
            break
    if value:
        yield set(digests_in_blob(bytes(value)))
