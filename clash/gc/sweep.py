"""Delete what a survey found: mark it in every database, ask all of them again, then claim it and delete it.

A row that names a marked file takes the mark off, so a file that is claimed was named by nothing from before it was
marked until it was claimed; from then on a row that names it is refused (`clash.database.file_marks`). If this process
dies anywhere, marks are left, and files in the trash that a process which needs them puts back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from clash import faults
from clash.assets import AssetStore
from clash.assets.inventory import Stored, StoredKind, empty_folders
from clash.assets.removal import delete_files, delete_records, remove_folders
from clash.database.file_marks import CLAIM_S, claim_files, close_marks, mark_files, settle_files
from clash.database.named_files import call_states
from clash.database.port import Database
from clash.errors import ClashError
from clash.gc.survey import Survey, may_be_sound, name_files, name_receipts

_MARKED_AT_ONCE = 2000
_CLAIMED_AT_ONCE = 200


@dataclass
class Freed:
    """What was deleted: how many of each kind, and their bytes on the disk and in the bucket."""

    count: dict[str, int] = field(default_factory=dict[str, int])
    bytes: dict[str, int] = field(default_factory=dict[str, int])
    bucket_bytes: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, kind: str, copies: Sequence[Stored]) -> None:
        """Count one file or record with its copies."""
        self.count[kind] = self.count.get(kind, 0) + 1
        for copy in copies:
            sizes = self.bucket_bytes if copy.in_bucket else self.bytes
            sizes[kind] = sizes.get(kind, 0) + copy.bytes


def doomed_files(assets: AssetStore, found: Survey) -> Iterator[str]:
    """Yield the files that may be deleted, as far as is known now."""
    found.unsure = 0
    for sha256 in found.scratch.unnamed(found.before):
        if found.keeps_sounds and may_be_sound(assets, sha256):
            found.unsure += 1
        else:
            yield sha256


def planned(assets: AssetStore, found: Survey) -> Freed:
    """Return what would be deleted."""
    freed = Freed()
    files = doomed_files(assets, found)
    while some := list(islice(files, _CLAIMED_AT_ONCE)):
        _count_files(freed, found, some)
    _count_records(freed, found.scratch.doomed())
    return freed


async def sweep(assets: AssetStore, databases: Sequence[Database], name: str, found: Survey) -> Freed:
    """Delete what may be deleted. `name`: of this process, in the marks.

    Raises `StorageError`, `SettingsError`, `DatabaseError`; what was deleted until then is deleted.
    """
    freed = Freed()
    try:
        for database in databases:
            await close_marks(database, name)
        await _mark(assets, databases, name, found)
        faults.point("gc.marked")
        # What was named since it was read; from here on the marks tell.
        await name_files(assets, databases, found)
        await asyncio.to_thread(name_receipts, assets, found)
        await _sweep_records(assets, databases, found, freed)
        files = doomed_files(assets, found)
        while some := await asyncio.to_thread(lambda: list(islice(files, _CLAIMED_AT_ONCE))):
            await _sweep_files(assets, databases, name, found, some, freed)
        folders = await asyncio.to_thread(lambda: list(empty_folders(assets, found.before)))
        await asyncio.to_thread(remove_folders, folders)
    finally:
        for database in databases:
            with suppress(ClashError):  # the next sweep takes off what is left
                await close_marks(database, name)
    return freed


async def _mark(assets: AssetStore, databases: Sequence[Database], name: str, found: Survey) -> None:
    files = doomed_files(assets, found)
    while some := await asyncio.to_thread(lambda: list(islice(files, _MARKED_AT_ONCE))):
        for database in databases:
            await mark_files(database, name, some)


async def _sweep_records(assets: AssetStore, databases: Sequence[Database], found: Survey, freed: Freed) -> None:
    """Delete records before the files that they are of: a record without its file would promise what is not there."""
    doomed = found.scratch.doomed()
    calls = sorted({one.token for one in doomed if one.kind == StoredKind.CALL_RECORD})
    back: set[str] = set()
    for database in databases:
        back |= (await call_states(database, calls)).keys()  # restored meanwhile
    doomed = [one for one in doomed if one.kind != StoredKind.CALL_RECORD or one.token not in back]
    for start in range(0, len(doomed), _CLAIMED_AT_ONCE):
        gone = await asyncio.to_thread(delete_records, assets, doomed[start : start + _CLAIMED_AT_ONCE], found.before)
        _count_records(freed, gone)
        faults.point("gc.records")


async def _sweep_files(
    assets: AssetStore, databases: Sequence[Database], name: str, found: Survey, some: Sequence[str], freed: Freed
) -> None:
    claimed, until = set(some), time.time() + CLAIM_S / 2
    for database in databases:
        claimed &= await claim_files(database, name, sorted(claimed))
    faults.point("gc.claimed")
    gone = claimed
    try:
        gone = await asyncio.to_thread(delete_files, assets, sorted(claimed), found.before, until)
        faults.point("gc.deleted")
    finally:
        # Where it ended with an error, any of them may be gone.
        for database in databases:
            await settle_files(database, name, deleted=sorted(gone), kept=sorted(set(some) - gone))
    faults.point("gc.settled")
    _count_files(freed, found, sorted(gone))


def _count_files(freed: Freed, found: Survey, some: Sequence[str]) -> None:
    of_file: dict[str, list[Stored]] = {}
    for copy in found.scratch.copies(some):
        of_file.setdefault(copy.sha256, []).append(copy)
    for copies in of_file.values():
        freed.add(StoredKind.FILE, copies)


def _count_records(freed: Freed, records: Sequence[Stored]) -> None:
    of_name: dict[str, list[Stored]] = {}
    for one in records:
        of_name.setdefault(one.name, []).append(one)
    for copies in of_name.values():
        freed.add(copies[0].kind, copies)
