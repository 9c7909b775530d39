"""Runs out of a database, as lines: page by page in the order of a key, so that memory does not grow with it.

The same SQL on SQLite and on D1. A run that a process holds is refused, and one that was written while it was read:
what is in the file is a run as it stood at one moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from typing import Any

from clash.database.lease import Holder, held_error, is_held
from clash.database.port import Database, Row, Rows, texts_of, values_of
from clash.database.row_checks import DamagedRowError
from clash.database.staging import NOT_STAGED, NOT_UNFINISHED
from clash.database.transfer.layout import Column, Table, tables
from clash.database.transfer.lines import row_line, thread_line
from clash.database.transfer.run_check import RunCheck
from clash.errors import ConflictError, DatabaseError

_PAGE_ROWS = 1000
_PAGE_BYTES = 2_000_000
_INLINE_BYTES = 500_000
"""What is larger is read by itself. Bytes travel as hex: two characters each."""
_PIECE_BYTES = 3_000_000
_CHUNKS_AT_ONCE = 4


async def names_of_tables(database: Database) -> frozenset[str]:
    """The tables that are there: a saver makes its own when it first saves."""
    rows = await database.query("SELECT name FROM sqlite_master WHERE type = 'table'")
    return frozenset(texts_of(rows, "name"))


async def thread_ids(database: Database, there: frozenset[str]) -> AsyncIterator[str]:
    """Every run, every thread that has checkpoints without being a run of clash, and what stays of removed runs.

    In the order of their ids.
    """
    saved = " UNION SELECT thread_id FROM checkpoints WHERE thread_id > ?" if "checkpoints" in there else ""
    after = ""
    while True:
        rows = await database.query(
            f"SELECT run_id FROM (SELECT run_id FROM workflow_executions WHERE run_id > ?{saved})"
            f" WHERE {NOT_UNFINISHED} ORDER BY run_id LIMIT ?",
            (after, *([after] if saved else []), _PAGE_ROWS),
        )
        names = texts_of(rows, "run_id")
        for name in names:
            yield name
        if len(names) < _PAGE_ROWS:
            return
        after = names[-1]


async def is_there(database: Database, thread_id: str, there: frozenset[str]) -> bool:
    """Whether there is anything of this thread."""
    saved = " OR EXISTS (SELECT 1 FROM checkpoints WHERE thread_id = ?)" if "checkpoints" in there else ""
    rows = await database.query(
        f"SELECT EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ?){saved} AS found",
        (thread_id, *([thread_id] if saved else [])),
    )
    return any(values_of(rows, "found"))


async def require_free(database: Database, threads: Sequence[str] | None) -> None:
    """Raises `ConflictError` if any of these runs (or of all) is held by a live process."""
    rows = await database.query(
        f"SELECT run_id, lease_owner, lease_generation, lease_expires_at FROM workflow_executions WHERE {NOT_STAGED}"
        " AND lease_owner IS NOT NULL ORDER BY run_id"
    )
    for holder in map(Holder.from_row, rows):
        if threads is None or holder.run_id in threads:
            _refuse_held(holder)


async def thread_lines(
    database: Database, thread_id: str, there: frozenset[str]
) -> AsyncGenerator[tuple[str, bytes, str]]:
    """All lines of a thread, with the name of each, and the run's status once its row was read.

    Raises `ConflictError` if a process holds the run, or has written it meanwhile; `DamagedRowError` for a run that
    holds what clash never writes.
    """
    moved = [table for table in tables().values() if table.name in there]
    # At once, for reads that wait together are one request to D1; a small run is all in them. How the run stands is
    # read first: what is written later, while the pages are read, is noticed at the end.
    counts, rows, *pages = await asyncio.gather(
        *_state_reads(database, thread_id, there), *(_page(database, table, thread_id, there) for table in moved)
    )
    before = _state(counts, rows)
    check = RunCheck(thread_id)
    yield "thread", thread_line(thread_id), ""
    read = dict.fromkeys(there & tables().keys(), 0)
    for table, page in zip(moved, pages, strict=True):
        async for row in _rows(database, table, thread_id, there, page):
            read[table.name] += 1
            if fault := check.fault_of_row(table.name, row):
                raise DamagedRowError(table.name, f"the run {thread_id}", fault)
            try:
                line = row_line(table, row)
            except DamagedRowError as error:
                raise DamagedRowError(error.table, f"the run {thread_id}", error.fault) from None
            yield table.name, line, check.status
    if _state(*await asyncio.gather(*_state_reads(database, thread_id, there))) != before:
        raise ConflictError(
            f"run {thread_id} was written while it was being exported",
            code="written_meanwhile",
            hint="export again when no process is at it",
        )
    if fault := check.fault_of_run():
        raise DamagedRowError("workflow_executions", f"the run {thread_id}", fault)
    if read != before[-1]:
        raise DatabaseError(f"the run {thread_id} could not be read whole: {read} rows of {dict(before[-1])}")


def _state_reads(database: Database, thread_id: str, there: frozenset[str]) -> tuple[Awaitable[Rows], Awaitable[Rows]]:
    """Read how many rows a run has in each table, and its row: not all of it stays so when the run is written."""
    counted = ", ".join(
        f"(SELECT count(*) FROM {table.name} WHERE {table.owner} = ?) AS {table.name}"
        for table in tables().values()
        if table.name in there
    )
    names = [name for name in tables() if name in there]
    return (
        database.query(f"SELECT {counted}", (thread_id,) * len(names)),
        database.query("SELECT * FROM workflow_executions WHERE run_id = ?", (thread_id,)),
    )


def _state(counts: Rows, rows: Rows) -> Rows:
    """Return what was read, to be compared. Raises `ConflictError` if a process holds the run."""
    for holder in map(Holder.from_row, rows):
        _refuse_held(holder)
    return [*rows, *counts]


def _refuse_held(holder: Holder) -> None:
    if is_held(holder):
        raise held_error(holder.run_id, str(holder.lease_owner), str(holder.lease_expires_at))


# -- rows ------------------------------------------------------------------------------------------------------


async def _rows(
    database: Database, table: Table, thread_id: str, there: frozenset[str], page: Rows
) -> AsyncIterator[Row]:
    """All rows of a thread, of which `page` are the first."""
    while page:
        for found in page:
            row: dict[str, Any] = {}
            for column in table.columns:
                row[column.name] = await _value(database, table, column, thread_id, found)
            yield row
        if page[-1]["is_last"]:
            return
        page = await _page(database, table, thread_id, there, after=page[-1])


async def _page(
    database: Database, table: Table, thread_id: str, there: frozenset[str], *, after: Row | None = None
) -> Rows:
    key = () if after is None else tuple(after[f"key_{name}"] for name in table.key)
    sql = _page_sql(table, chunked="checkpoint_chunks" in there, first=after is None)
    return await database.query(sql, (thread_id, *key, _PAGE_ROWS, thread_id, _PAGE_BYTES))


def _page_sql(table: Table, *, chunked: bool, first: bool) -> str:
    """Reads some megabytes of rows, or one row that is larger, behind a key."""
    name, key = table.name, ", ".join(table.key)
    marks = ", ".join("?" * len(table.key))
    selected = [f"{name}.{column} AS key_{column}" for column in table.key]
    sizes = ["100"]
    for column in table.columns:
        value = column.read.format(table=name)
        size = f"coalesce(length(CAST({value} AS BLOB)), 0)"
        if column.kind == "blob":
            selected += [
                f"typeof({value}) AS {column.name}_type",
                f"{size} AS {column.name}_size",
                f"CASE WHEN {size} <= {_INLINE_BYTES} THEN hex(CAST({value} AS BLOB)) END AS {column.name}",
            ]
            sizes.append(f"iif({size} <= {_INLINE_BYTES}, 2 * {size}, 0)")
        elif column.kind == "integer":
            # As text: D1 rounds what is beyond 2^53.
            selected.append(f"iif(typeof({value}) = 'integer', CAST({value} AS TEXT), {value}) AS {column.name}")
        else:
            selected.append(f"{value} AS {column.name}")
            sizes.append(size)
    if chunked and table.chunked:
        selected.append(f"(SELECT sum(length(data)) FROM checkpoint_chunks WHERE {table.chunks}) AS chunked_size")
    return (
        f"WITH sized AS (SELECT {key}, {' + '.join(sizes)} AS size FROM {name} WHERE {table.owner} = ?"
        f"{'' if first else f' AND ({key}) > ({marks})'} ORDER BY {key} LIMIT ?),"
        f" placed AS (SELECT *, sum(size) OVER (ORDER BY {key} ROWS UNBOUNDED PRECEDING) - size AS before,"
        f" row_number() OVER (ORDER BY {key}) AS number, count(*) OVER () AS total FROM sized)"
        f" SELECT {', '.join(selected)}, number = total AND total < {_PAGE_ROWS} AS is_last"
        f" FROM {name} JOIN placed USING ({key}) WHERE {name}.{table.owner} = ? AND before < ? ORDER BY number"
    )


async def _value(database: Database, table: Table, column: Column, thread_id: str, found: Row) -> Any:
    value = found[column.name]
    if column.kind == "integer":
        return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value
    if column.kind == "text":
        return value
    kind = found[f"{column.name}_type"]
    if kind == "null" and column.name == table.chunked and found.get("chunked_size"):
        return await _joined(database, table, thread_id, found)
    if kind == "null":
        return None
    size = int(found[f"{column.name}_size"])
    whole = bytes.fromhex(value) if value is not None else await _in_pieces(database, table, column, found, thread_id)
    if kind not in ("blob", "text") or len(whole) != size:
        raise DatabaseError(f"{table.name}.{column.name} of the run {thread_id} could not be read whole")
    return whole if kind == "blob" else whole.decode()


async def _in_pieces(database: Database, table: Table, column: Column, found: Row, thread_id: str) -> bytes:
    """A value that is too large for a page."""
    same = " AND ".join(f"{name} = ?" for name in (table.owner, *table.key))
    key = tuple(found[f"key_{name}"] for name in table.key)
    pieces: list[bytes] = []
    for start in range(1, int(found[f"{column.name}_size"]) + 1, _PIECE_BYTES):
        rows = await database.query(
            f"SELECT hex(substr(CAST({column.name} AS BLOB), ?, ?)) AS piece FROM {table.name} WHERE {same}",
            (start, _PIECE_BYTES, thread_id, *key),
        )
        pieces += [bytes.fromhex(piece) for piece in values_of(rows, "piece")]
    return b"".join(pieces)


async def _joined(database: Database, table: Table, thread_id: str, found: Row) -> bytes:
    """A value that D1 keeps in chunks."""
    of_task = ("", 0) if table.name == "checkpoints" else (found["key_task_id"], found["key_idx"])
    place = (thread_id, found["key_checkpoint_ns"], found["key_checkpoint_id"], *of_task)
    pieces: list[bytes] = []
    while True:
        rows = await database.query(
            "SELECT hex(data) AS data FROM checkpoint_chunks WHERE thread_id = ? AND checkpoint_ns = ?"
            " AND checkpoint_id = ? AND task_id = ? AND idx = ? AND part >= ? ORDER BY part LIMIT ?",
            (*place, len(pieces), _CHUNKS_AT_ONCE),
        )
        pieces += [bytes.fromhex(data) for data in values_of(rows, "data")]
        if len(rows) < _CHUNKS_AT_ONCE:
            break
    whole = b"".join(pieces)
    if len(whole) != int(found["chunked_size"]):
        raise DatabaseError(f"a value of the run {thread_id} could not be read whole: its chunks do not agree")
    return whole
