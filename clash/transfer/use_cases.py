"""Export and import runs: open the database and the file, and return a document with the result.

Documents follow docs/commands.md; the caller adds `schema`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from clash.assets import AssetStore, open_assets
from clash.clock import now_text
from clash.config import Settings
from clash.database.batches import ids_in_batch, removed_of_batch
from clash.database.connection import is_d1, open_database, sqlite_path
from clash.database.migrations import known_migrations, require_current
from clash.database.port import Database
from clash.database.removal import delete_rows
from clash.database.row_checks import DamagedRowError
from clash.database.staging import REMOVED_PREFIX
from clash.database.store_users import use_store
from clash.database.transfer import reading, removals, restorable, trial, writing
from clash.database.transfer.lines import Header, Tally, read_entries, read_header
from clash.database.transfer.statements import target_of
from clash.documents.database import RunsExported, RunsImported
from clash.errors import ClashError, NotFoundError, StorageError, UsageError
from clash.transfer.file import new_file, open_file
from clash.version import __version__

Write = Callable[[bytes], object]

_SPOOLED_BYTES = 16 << 20
_FINISHED = ("completed", "cancelled", None)


# -- export ------------------------------------------------------------------------------------------------------


async def export_runs(
    settings: Settings,
    file: Path | None,
    threads: Sequence[str] = (),
    *,
    write: Write | None = None,
    batch: str | None = None,
) -> RunsExported:
    """Write all runs, or those of `threads`, to a file; without a file, to `write`, line by line.

    `batch`: all runs of this batch, and what stays of those that were removed from it, instead of `threads`.

    Raises `NotFoundError` for a thread or batch that does not exist, `ConflictError` for a run that another process
    writes, `UsageError` for an existing file that is not an export of clash, `StorageError`.
    """
    if threads and batch is not None:
        raise UsageError("runs are named, and a batch as well", hint="give --thread ID..., or --batch NAME")
    if file is not None:
        _refuse_other_files(settings, file)
    async with open_database(settings.database_url, "read") as database:
        await require_current(database)
        if file is None:
            if write is None:
                raise UsageError("an export without a file needs `write`")
            return RunsExported.of(await _export(database, None, threads, batch, write))
        with new_file(file) as stream:
            document = await _export(database, file, threads, batch, stream.write)
    return RunsExported.of({**document, "size_bytes": file.stat().st_size})


def _refuse_other_files(settings: Settings, file: Path) -> None:
    """Raise `UsageError` unless the file is missing or an older export, which the new one replaces."""
    if not file.is_file():
        return
    if not is_d1(settings.database_url):
        database = sqlite_path(settings.database_url)
        if database.exists() and file.samefile(database):
            raise UsageError(f"{file} is the database itself", hint="name another file")
    with open_file(file) as stream:
        content = stream.from_start()
        try:
            read_header(content)
        except ClashError as error:
            if error.code not in ("schema_newer", "export_version"):
                raise UsageError(
                    f"{file} exists already and is not an export of clash",
                    code="file_exists",
                    hint="remove it, or name another file",
                ) from None


async def _export(
    database: Database, file: Path | None, threads: Sequence[str], batch: str | None, write: Write
) -> dict[str, Any]:
    there = await reading.names_of_tables(database)
    if batch is not None:
        names = [*await removed_of_batch(database, batch), *await ids_in_batch(database, batch)]
    else:
        names = await _named(database, threads, there) if threads else None
    await reading.require_free(database, names)
    header = Header(database.url, now_text(), tuple(item.name for item in known_migrations()), __version__)
    tally = Tally()
    items: list[dict[str, Any]] = []
    write(header.line)

    damaged: list[dict[str, Any]] = []
    async for thread_id in _each(names) if names is not None else reading.thread_ids(database, there):
        try:
            items.append(await _export_one(database, thread_id, there, tally, write))
        except DamagedRowError as error:
            if threads:
                raise
            # An import would refuse the whole file for it; the other runs are worth having.
            damaged.append(
                {"table": error.table, "thread_id": thread_id, "id": None, "name": None, "fault": error.fault}
            )
    write(tally.line)
    return {
        "file": file and file.as_posix(),
        "url": database.url,
        "exported_at": header.exported_at,
        "items": _of_runs(items),
        "rows": tally.facts["rows"],
        "sha256": tally.facts["sha256"],
        "unfinished": _unfinished(items),
        "removed": len(items) - len(_of_runs(items)),
        "damaged": damaged,
    }


async def _each(names: Sequence[str]) -> AsyncIterator[str]:
    for name in names:
        yield name


async def _export_one(
    database: Database, thread_id: str, there: frozenset[str], tally: Tally, write: Write
) -> dict[str, Any]:
    """Write the lines of one thread, all or none of them."""
    item: dict[str, Any] = {"thread_id": thread_id, "status": None, "rows": 0}
    names: list[str] = []
    with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES) as lines:
        async for name, line, status in reading.thread_lines(database, thread_id, there):
            item["status"] = status or item["status"]
            item["rows"] += name != "thread"
            names.append(name)
            lines.write(line)
        lines.seek(0)
        for name, line in zip(names, lines, strict=True):
            tally.add(name, line)
            write(line)
    return item


async def _named(database: Database, threads: Sequence[str], there: frozenset[str]) -> list[str]:
    names = sorted(set(threads))
    if unknown := [name for name in names if not await reading.is_there(database, name, there)]:
        raise NotFoundError(f"there is no run {', '.join(unknown)}", hint="`clash runs ls` lists the runs")
    return names


def _of_runs(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items of runs and threads that there are, without what stays of removed ones."""
    return [item for item in items if not item["thread_id"].startswith(REMOVED_PREFIX)]


def _unfinished(items: Sequence[dict[str, Any]]) -> list[str]:
    return [item["thread_id"] for item in items if item["status"] not in _FINISHED]


# -- import ------------------------------------------------------------------------------------------------------


async def import_runs(settings: Settings, file: Path | None, *, restore_removed: bool = False) -> RunsImported:
    """Write the runs of a file, or of standard input, into the database. The whole file is checked first.

    Runs that the database already has exactly as the file does are left alone, and so are those that were removed from
    it, unless `restore_removed` is set: then they are there again, and what they cost still counts once.
    Raises `UsageError` naming the line of a file that is not a complete export, `VersionMismatchError`, `ConflictError`
    naming runs that differ, or removed ones whose money would not count exactly once.
    """
    target = target_of(settings.database_url)
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        assets = open_assets(settings)
        await use_store(database, assets)
        database.find_file = _found_or_missing(assets)
        with open_file(file) as opened:
            contents = trial.examine(opened.from_start(), target, _presence_check(settings), _may_write(settings))
            removed = await removals.removed_here(database, contents)
            gone = set[str]() if restore_removed else set(removed)
            same = await writing.already_there(database, contents, but=gone)
            skip = same | gone | await removals.counted_otherwise(database, contents)
            back = {thread_id: run for thread_id, run in removed.items() if thread_id not in skip}
            if len(skip) < len(contents.sections):
                for run in back.values():
                    await delete_rows(database, run)  # its removal may have been interrupted
                if back:
                    stream = opened.from_start()
                    entries = read_entries(stream, read_header(stream))
                    await restorable.require_restorable(database, entries, back, file)
                await writing.prepare(database, target)
                stream = opened.from_start()
                entries = read_entries(stream, read_header(stream))
                await writing.write_runs(database, target, entries, contents, skip, back)
        return _imported(database, file, contents, same, gone, counted=_presence_check(settings) is not None)


def _found_or_missing(assets: AssetStore) -> Callable[[str], Awaitable[bool]]:
    """Return what looks for a file that `clash gc` has deleted here: a run is imported without its files, too."""

    async def find_file(sha256: str) -> bool:
        await assets.keep(sha256)
        return True

    return find_file


def _imported(
    database: Database, file: Path | None, contents: trial.Contents, same: set[str], gone: set[str], *, counted: bool
) -> RunsImported:
    sections = contents.sections.values()
    items = [
        {
            "thread_id": section.thread_id,
            "status": section.status,
            "rows": section.rows,
            "result": _result(section.thread_id, same, gone),
        }
        for section in sections
    ]
    return RunsImported.of(
        {
            "file": file and file.as_posix(),
            "url": database.url,
            "from": contents.header.source,
            "exported_at": contents.header.exported_at,
            "items": _of_runs(items),
            "rows": contents.rows,
            "assets": {
                "named": sum(section.assets for section in sections),
                "missing_here": sum(section.missing for section in sections) if counted else None,
            },
            "unfinished": _unfinished(items),
            "removed": len(items) - len(_of_runs(items)),
        }
    )


def _result(thread_id: str, same: set[str], gone: set[str]) -> str:
    return "removed" if thread_id in gone else "already_there" if thread_id in same else "imported"


def _may_write(settings: Settings) -> Callable[[str, str], bool]:
    """Return a check whether a run may write below a folder: here, in CLASH_OUTPUT_DIR, or where its film is already.

    An import may come from another machine: its runs write only to folders that somebody has chosen on this one.
    """
    bases = [Path(os.path.realpath(base)) for base in (Path.cwd(), settings.output_dir)]

    def may_write(output: str, thread_id: str) -> bool:
        if not output or "\0" in output:
            return False
        folder = Path(os.path.realpath(output))
        return any(folder.is_relative_to(base) for base in bases) or (folder / thread_id).is_dir()

    return may_write


def _presence_check(settings: Settings) -> Callable[[str], bool] | None:
    """Return a check whether a file is on this machine; None for a bucket, which would need a request per file."""
    if not settings.asset_store.startswith("file://"):
        return None
    store = AssetStore.from_url(settings.asset_store)

    def is_here(sha256: str) -> bool:
        with suppress(StorageError):  # your own workflow may name its files in another way
            return store.path(sha256).is_file()
        return False

    return is_here
