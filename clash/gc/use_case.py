"""What `clash gc` does: say what would be deleted, and delete it once somebody has agreed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from clash.assets import AssetStore, open_assets
from clash.assets.databases import declare_complete
from clash.assets.inventory import StoredKind
from clash.assets.removal import put_trash_back
from clash.config import Settings
from clash.database.processes import this_process
from clash.database.store_users import use_store
from clash.documents.garbage import GarbageCollected
from clash.errors import UsageError
from clash.gc.neighbours import UNKNOWN, Neighbours, open_neighbours
from clash.gc.scratch import Scratch
from clash.gc.survey import Survey, survey
from clash.gc.sweep import Freed, planned, sweep
from clash.redaction import hide

SHORTEST = timedelta(hours=1)
"""What was put into the store, or looked for, this lately may be about to be named."""
DEFAULT = timedelta(days=7)

Agree = Callable[[GarbageCollected], bool]


async def collect_garbage(
    settings: Settings,
    *,
    older_than: timedelta = DEFAULT,
    ignore_databases: Sequence[str] = (),
    agree: Agree | None = None,
) -> GarbageCollected:
    """Delete the files of the asset store that nothing names and nobody used since `older_than`.

    `agree`: asked with the document of what would be deleted, if there is anything; None: a dry run. Raises
    `UsageError`, `NotFoundError` for a database that is not there or cannot be asked, `PersonNeededError` if the store
    may have users that are not known, `VersionMismatchError`, `StorageError`, `SettingsError`, `DatabaseError`.
    """
    if older_than < SHORTEST:
        raise UsageError(f"--older-than {older_than} is too short: at least one hour", hint="--older-than 7d")
    assets = open_assets(settings)
    mode = "read" if agree is None else "write"
    async with open_neighbours(settings, assets, ignored=ignore_databases, mode=mode) as neighbours:
        if agree is not None:
            await use_store(neighbours.open[0], assets)
            await asyncio.to_thread(put_trash_back, assets)
        with Scratch() as scratch:
            before = time.time() - older_than.total_seconds()
            found = await survey(assets, neighbours.open, scratch, before)
            telling = _Telling(settings, assets, neighbours, found, older_than, dry_run=agree is None)
            plan = telling.document(await asyncio.to_thread(planned, assets, found), deleted=False)
            if agree is None or not plan.by_kind or not agree(plan):
                return plan
            if UNKNOWN in ignore_databases and not neighbours.complete:
                await declare_complete(assets)
            freed = await sweep(assets, neighbours.open, this_process(), found)
            return telling.document(freed, deleted=True)


class _Telling:
    """Makes the documents of one collection."""

    def __init__(
        self,
        settings: Settings,
        assets: AssetStore,
        neighbours: Neighbours,
        found: Survey,
        older_than: timedelta,
        *,
        dry_run: bool,
    ) -> None:
        self._settings = settings
        self._assets = assets
        self._neighbours = neighbours
        self._found = found
        self._older_than = older_than
        self._dry_run = dry_run

    def document(self, freed: Freed, *, deleted: bool) -> GarbageCollected:
        """Return the document of what is, or would be, deleted."""
        scratch, before = self._found.scratch, self._found.before
        recoverable = sum(scratch.has_file(sha256) for sha256 in self._found.recoverable)
        kinds = [kind for kind in StoredKind if freed.count.get(kind)]
        return GarbageCollected.of(
            {
                "asset_store": hide(self._settings.asset_store),
                "older_than_s": int(self._older_than.total_seconds()),
                "dry_run": self._dry_run,
                "deleted": deleted,
                "files": freed.count.get(StoredKind.FILE, 0),
                "bytes": sum(freed.bytes.values()),
                "bucket_bytes": sum(freed.bucket_bytes.values()),
                "by_kind": [
                    {
                        "kind": kind.value,
                        "count": freed.count[kind],
                        "bytes": freed.bytes.get(kind, 0),
                        "bucket_bytes": freed.bucket_bytes.get(kind, 0),
                    }
                    for kind in kinds
                ],
                "kept": {
                    "named": scratch.count_named(),
                    "recent": scratch.count_recent(before),
                    "recoverable": recoverable,
                    "unsure": self._found.unsure,
                },
                "databases": [
                    {"id": one.id, "url": one.url, "asked": one.database is not None} for one in self._neighbours.all
                ],
                "databases_complete": self._neighbours.complete,
                "warnings": self._warnings(recoverable),
            }
        )

    def _warnings(self, recoverable: int) -> list[str]:
        warnings = [
            f"the database {one.url} ({one.id}) is not asked: files that only it names are deleted"
            for one in self._neighbours.all
            if one.database is None
        ]
        if not self._neighbours.complete:
            warnings.append(
                "the asset store was begun before clash noted which databases use it: run `clash db init` once with"
                " each of them, or files that only they name are deleted"
            )
        if recoverable:
            warnings.append(
                f"{recoverable} files are kept that belong to paid calls or runs which no database has:"
                " `clash db recover` restores them"
            )
        if self._found.unsure:
            warnings.append(
                f"{self._found.unsure} files are kept that may be sounds of a cast: a run of an older clash does not"
                " say which it was given"
            )
        return warnings
