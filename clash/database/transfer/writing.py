"""Runs into a database: each whole or not at all, many rows with each request.

Small runs are written several in one transaction. A large one is staged, and becomes a run in one transaction when
all of it is there. So an import that dies leaves whole runs behind, and is simply repeated.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from clash.database import staging
from clash.database.lease import FENCE, Heartbeat
from clash.database.port import Database, Rows, Statement
from clash.database.removed_runs import RemovedRun, count_moved
from clash.database.savers.checkpoint_rows import SETUP
from clash.database.savers.thread_operations import ALWAYS
from clash.database.transfer import returning
from clash.database.transfer.layout import tables
from clash.database.transfer.lines import Entry, Values
from clash.database.transfer.reading import is_there, names_of_tables, thread_lines
from clash.database.transfer.statements import Target, insert_rows, weight
from clash.database.transfer.trial import Contents, Section
from clash.errors import ClashError, ConflictError, DatabaseError, UsageError

_BATCH_BYTES = 4_000_000
_BATCH_STATEMENTS = 200
_SMALL_BYTES = 1_000_000
_SMALL_ROWS = 200
_ROWS_AT_ONCE = 50
_BYTES_AT_ONCE = 500_000
_THREADS_AT_ONCE = 50


async def prepare(database: Database, target: Target) -> None:
    """Make the tables of the savers, if none has done so yet, and remove what an import that died has left behind."""
    await database.batch([step for step in SETUP if target.chunked or "checkpoint_chunks" not in step.sql])
    await staging.sweep(database, _owners(target))


async def already_there(database: Database, contents: Contents, *, but: Container[str] = ()) -> set[str]:
    """The threads of a file that the database has already, just as they are. `but`: those that are not looked for.

    Raises `ConflictError` naming those that it has otherwise.
    """
    there = await names_of_tables(database)
    same: set[str] = set()
    other: list[str] = []
    for section in await _known(database, contents, there):
        if section.thread_id in but:
            continue
        found = hashlib.sha256()
        async for _, line, _ in thread_lines(database, section.thread_id, there):
            found.update(line)
        # What stays of a removed run has an id of its own; a key may have been rewritten since.
        if found.digest() == section.sha256.digest() or section.thread_id.startswith(staging.REMOVED_PREFIX):
            same.add(section.thread_id)
        else:
            other.append(section.thread_id)
    if other:
        raise ConflictError(
            f"the database has other runs of these ids: {', '.join(other)}",
            code="run_differs",
            hint="nothing was imported; where this came from, `clash db export` takes single runs, too (its --thread)",
        )
    return same


async def _known(database: Database, contents: Contents, there: frozenset[str]) -> list[Section]:
    sections = list(contents.sections.values())
    known: list[Section] = []
    for start in range(0, len(sections), _THREADS_AT_ONCE):
        some = sections[start : start + _THREADS_AT_ONCE]
        found = await asyncio.gather(*(is_there(database, section.thread_id, there) for section in some))
        known += [section for section, is_known in zip(some, found, strict=True) if is_known]
    return known


async def write_runs(
    database: Database,
    target: Target,
    entries: Iterable[Entry],
    contents: Contents,
    skip: set[str],
    back: Mapping[str, RemovedRun],
) -> None:
    """Write the threads of a file but for those in `skip`. `contents`: what `examine` has found in the very file.

    `back`: the runs among them that were removed from the database, by their ids.
    Raises `ConflictError` for a run that has come to be meanwhile.
    """
    threads: list[str] = []
    batch = _Batch()
    for section, rows in _by_thread(entries, contents):
        if section.thread_id in skip:
            _exhaust(rows)
            continue
        small = section.size <= _SMALL_BYTES and section.rows <= _SMALL_ROWS
        removed = back.get(section.thread_id)
        statements = list(_statements(rows, section.thread_id, ALWAYS, target)) if small else []
        if small and section.thread_id.startswith(staging.REMOVED_PREFIX):
            statements += count_moved(section.thread_id, ALWAYS)
        if small and removed is not None:
            before = [returning.make_room(removed), *returning.uncount(removed, ALWAYS)]
            statements = [*before, *statements, *returning.give_way(removed, ALWAYS)]
        if threads and (not small or not batch.has_room(statements)):
            await _apply(database, batch.take(), threads)
            threads = []
        if small:
            batch.add(statements)
            threads.append(section.thread_id)
        else:
            await _write_large(database, target, section, rows, removed)
    if threads:
        await _apply(database, batch.take(), threads)


class _Batch:
    """Statements that wait to be written in one transaction."""

    def __init__(self) -> None:
        self._statements: list[Statement] = []
        self._bytes = 0

    def has_room(self, more: Sequence[Statement]) -> bool:
        """Whether these go with those that wait. Any go alone."""
        count, size = len(self._statements) + len(more), self._bytes + sum(map(weight, more))
        return not self._statements or (count <= _BATCH_STATEMENTS and size <= _BATCH_BYTES)

    def add(self, more: Sequence[Statement]) -> None:
        """Let these wait too."""
        self._statements += more
        self._bytes += sum(map(weight, more))

    def take(self) -> list[Statement]:
        """What waited; from now on nothing does."""
        taken, self._statements, self._bytes = self._statements, [], 0
        return taken


async def _write_large(
    database: Database, target: Target, section: Section, rows: Iterator[Entry], removed: RemovedRun | None
) -> None:
    """Write a run in several transactions, the last of which makes it one. `removed`: how it was removed from here."""
    owners = _owners(target)
    lease = await staging.begin(database)
    fence = Statement(FENCE, lease.fence)
    run: list[Statement] = []
    with Heartbeat(database.url, lease):
        try:
            batch = _Batch()
            if removed is not None:
                batch.add([returning.make_room(removed, fence)])
            for statement in _statements(_but_run(rows, section, fence, run), lease.run_id, fence, target):
                if not batch.has_room([statement]):
                    await database.batch(batch.take())
                batch.add([statement])
            await database.batch(batch.take())
            published = staging.publish(lease, section.thread_id, run, owners)
            if section.thread_id.startswith(staging.REMOVED_PREFIX):
                published[-1:-1] = count_moved(section.thread_id, fence)
            if removed is not None:
                published[-1:-1] = returning.give_way(removed, fence)
                published[:0] = returning.uncount(removed, fence)
            if not (await _apply(database, published, [section.thread_id]))[-1]:
                raise ConflictError(
                    f"the import of {section.thread_id} was taken for dead by another one",
                    code="lease_lost",
                    hint="repeat it",
                )
        except BaseException:
            # Where not even this can be written, the next import does it.
            with suppress(ClashError):
                await database.batch(staging.drop(lease, owners))
            raise


def _but_run(rows: Iterator[Entry], section: Section, fence: Statement, run: list[Statement]) -> Iterator[Entry]:
    """All rows but that of the run itself, whose statement goes to `run`."""
    for entry in rows:
        if entry.name == "workflow_executions":
            run += insert_rows(tables()[entry.name], section.thread_id, [_values(entry)], fence, chunked=False)
        else:
            yield entry


def _statements(rows: Iterator[Entry], owner: str, condition: Statement, target: Target) -> Iterator[Statement]:
    """The statements that write rows under an id."""
    waiting: list[Entry] = []
    for entry in rows:
        size = sum(len(other.line) for other in waiting)
        if waiting and (entry.name != waiting[0].name or len(waiting) >= _ROWS_AT_ONCE or size > _BYTES_AT_ONCE):
            yield from _inserts(waiting, owner, condition, target)
            waiting = []
        waiting.append(entry)
    if waiting:
        yield from _inserts(waiting, owner, condition, target)


def _inserts(entries: Sequence[Entry], owner: str, condition: Statement, target: Target) -> Iterator[Statement]:
    rows = [_values(entry) for entry in entries]
    return insert_rows(tables()[entries[0].name], owner, rows, condition, chunked=target.chunked)


def _values(entry: Entry) -> Values:
    if isinstance(entry.values, str):
        raise TypeError("a thread's line has no values")
    return entry.values


def _by_thread(entries: Iterable[Entry], contents: Contents) -> Iterator[tuple[Section, Iterator[Entry]]]:
    """The rows of each thread, one after another; at its end each is what `examine` has seen."""
    source = iter(entries)
    entry = next(source, None)

    def rows(section: Section, first: Entry) -> Iterator[Entry]:
        nonlocal entry
        found = hashlib.sha256(first.line)
        entry = next(source, None)
        while entry is not None and entry.name != "thread":
            found.update(entry.line)
            yield entry
            entry = next(source, None)
        if found.digest() != section.sha256.digest():
            raise _changed(first)

    while entry is not None:
        section = contents.sections.get(str(entry.values))
        if section is None:
            raise _changed(entry)
        yield section, rows(section, entry)


def _changed(entry: Entry) -> UsageError:
    return UsageError(
        f"line {entry.number}: the file has changed while it was being imported",
        code="damaged_export",
        hint="repeat the import",
    )


def _exhaust(rows: Iterator[object]) -> None:
    for _ in rows:
        continue


def _owners(target: Target) -> dict[str, str]:
    chunks = {"checkpoint_chunks": "thread_id"} if target.chunked else {}
    return {**{table.name: table.owner for table in tables().values()}, **chunks}


async def _apply(database: Database, statements: Sequence[Statement], threads: Sequence[str]) -> list[Rows]:
    try:
        return await database.batch(statements)
    except DatabaseError as error:
        if "constraint failed" not in error.message:
            raise
        raise ConflictError(
            f"{', '.join(threads)} cannot be imported beside what is there: {error.message}",
            code="run_differs",
            hint="another process may have made it meanwhile: repeat the import to find out",
        ) from error
