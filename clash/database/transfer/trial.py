"""A file looked at from its first line to its last before anything is written.

Every row is written for trial into a temporary database of the very schema that the real one has, so that whatever
a database would refuse is told with its line.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from clash.database.rows import digest_of_file, digests_of_takes
from clash.database.savers.thread_operations import ALWAYS
from clash.database.staging import PREFIX
from clash.database.transfer.layout import new_schema, tables
from clash.database.transfer.lines import Entry, Header, Values, nonsense, read_entries, read_header
from clash.database.transfer.run_check import RunCheck, may_be_thread
from clash.database.transfer.statements import Target, insert_rows
from clash.errors import DatabaseError, UsageError


@dataclass
class Section:
    """What a file has of one thread. `size`: bytes of its lines, which `sha256` is of.

    `status`: of the run; None for a thread that is none of clash. `missing`: of its files, how many are not here.
    `first`: the line it begins with.
    """

    thread_id: str
    check: RunCheck
    status: str | None = None
    rows: int = 0
    size: int = 0
    assets: int = 0
    missing: int = 0
    files: set[str] = field(default_factory=set[str])
    """Digests of the files that the run has now."""
    other_files: set[str] = field(default_factory=set[str])
    """Digests of the files of all its takes and cuts."""
    first: int = 0
    start_time: str = ""
    """When the run began; "" for a thread that is none of clash."""
    removed: tuple[str, str] | None = None
    """Of what stays of a removed run: the id that the run had, and when it began."""
    sha256: Any = field(default_factory=hashlib.sha256)


@dataclass(frozen=True)
class _Begun:
    """Which run a row is about, and when that began."""

    thread_id: str
    start_time: str

    @classmethod
    def from_row(cls, row: Values, owner: str) -> _Begun:
        """Return what a row of a run, or of a removed one, says. `owner`: the id that it is kept under."""
        return cls(str(row.get("thread_id", owner)), str(row["start_time"]))


@dataclass(frozen=True)
class Contents:
    """What a file has."""

    header: Header
    sections: dict[str, Section]
    rows: dict[str, int]


def examine(
    stream: BinaryIO,
    target: Target,
    is_here: Callable[[str], bool] | None,
    may_write: Callable[[str, str], bool] = lambda _folder, _thread_id: True,
) -> Contents:
    """Look at a whole file. `is_here`: whether the file of a sha256 is on this machine, if that can be told.

    `may_write`: whether a run of this id may write its film below this folder.

    Raises `UsageError` naming the line, `VersionMismatchError`, `StorageError`.
    """
    header = read_header(stream)
    contents = Contents(header, {}, dict.fromkeys(tables(), 0))
    trial = new_schema("")  # a temporary file of SQLite's own, gone when it is closed
    section: Section | None = None
    try:
        trial.execute("PRAGMA journal_mode=OFF")
        trial.execute("BEGIN")
        for entry in read_entries(stream, header):
            if isinstance(entry.values, str):
                section = _begin(contents, entry.values, entry.number)
            elif section is not None:
                contents.rows[entry.name] += 1
                section.rows += 1
                _check_row(section, entry, entry.values, may_write)
                _count(section, entry.name, entry.values, is_here)
                _try(trial, section.thread_id, entry, entry.values, target)
            if section is not None:
                section.size += len(entry.line)
                section.sha256.update(entry.line)
        for each in contents.sections.values():
            _count_others(each, is_here)
            if fault := each.check.fault_of_run():
                raise nonsense(each.first, f"the sums of the run {each.thread_id} do not agree: {fault}")
    finally:
        trial.close()
    return contents


def _begin(contents: Contents, thread_id: str, number: int) -> Section:
    if thread_id in contents.sections:
        raise nonsense(number, f"the run {thread_id[:80]!r} is there twice")
    if thread_id.startswith(PREFIX):
        raise nonsense(number, f"no run has the id {thread_id[:80]!r}")
    if not may_be_thread(thread_id):
        raise nonsense(number, f"no run has the id {thread_id[:80]!r}")
    section = contents.sections[thread_id] = Section(thread_id, RunCheck(thread_id, is_new=True), first=number)
    return section


def _check_row(section: Section, entry: Entry, row: Values, may_write: Callable[[str, str], bool]) -> None:
    """Raise `UsageError` naming the line of a row that this clash could not have written."""
    if fault := section.check.fault_of_row(entry.name, row):
        raise nonsense(entry.number, f"{entry.name}.{fault}")
    output = section.check.output
    if entry.name == "workflow_executions" and output is not None and not may_write(output, section.thread_id):
        raise UsageError(
            f"line {entry.number}: the run {section.thread_id} writes to {output}, which is no folder of this"
            " machine's runs",
            code="damaged_export",
            hint=f"if it may write there, set CLASH_OUTPUT_DIR={output} and import again; nothing was imported",
        )


def _count(section: Section, table: str, row: Values, is_here: Callable[[str], bool] | None) -> None:
    if table == "workflow_executions":
        section.status = section.check.status
        section.start_time = _Begun.from_row(row, section.thread_id).start_time
    elif table == "removed_runs":
        removed = _Begun.from_row(row, section.thread_id)
        section.removed = (removed.thread_id, removed.start_time)
    elif table == "generated_assets":
        section.assets += 1
        section.files.add(digest_of_file(row))
        section.missing += is_here is not None and not is_here(digest_of_file(row))
    else:
        section.other_files |= digests_of_takes(table, row)


def _count_others(section: Section, is_here: Callable[[str], bool] | None) -> None:
    """Count the files of takes and cuts that are not in the film now: people can select them again."""
    others = section.other_files - section.files
    section.assets += len(others)
    section.missing += sum(is_here is not None and not is_here(sha256) for sha256 in others)


def _try(trial: sqlite3.Connection, thread_id: str, entry: Entry, row: Values, target: Target) -> None:
    table = tables()[entry.name]
    call = row.get("call")
    known = "SELECT 1 FROM api_logs WHERE token = ? AND run_id = ?"
    if call is not None and not trial.execute(known, (call, thread_id)).fetchone():
        raise nonsense(entry.number, f"{entry.name}.call names no call of this run")
    without_blobs: Values = {name: b"" if isinstance(value, bytes) else value for name, value in row.items()}
    try:
        for statement in insert_rows(table, thread_id, [without_blobs], ALWAYS, chunked=False):
            trial.execute(statement.sql, statement.params)
        for statement in insert_rows(table, thread_id, [row], ALWAYS, chunked=target.chunked):
            target.check(statement)
    except sqlite3.IntegrityError as error:
        raise nonsense(entry.number, f"the database would refuse it: {error}") from None
    except sqlite3.Error as error:
        raise DatabaseError(f"the export could not be tried: {error}") from error
    except DatabaseError as error:
        raise UsageError(f"line {entry.number}: {error.message}", code=error.code) from error
