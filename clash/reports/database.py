"""The database itself: what it holds, and what making or upgrading it applied."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from clash.assets import open_assets
from clash.config import Settings
from clash.database import ainit_database, reading
from clash.database.connection import check_soundness, is_d1, open_database, sqlite_path
from clash.database.lease import held_runs
from clash.database.migrations import applied_migrations, checked, known_migrations, not_among
from clash.database.room import room_of, vacuum_file
from clash.database.store_users import use_store
from clash.documents.database import DatabaseInitialized, DatabaseStatus, DatabaseVacuumed
from clash.errors import ClashError, ConflictError

logger = logging.getLogger(__name__)


async def database_status(settings: Settings, *, check: bool = False) -> DatabaseStatus:
    """Which migrations are applied and pending, and how much the database holds.

    `check`: read a SQLite file from end to end as well. Raises `NotFoundError`, `SettingsError` for a damaged one.
    """
    path = None if is_d1(settings.database_url) else sqlite_path(settings.database_url)
    async with open_database(settings.database_url, "read") as database:
        applied, rows = await asyncio.gather(applied_migrations(database), reading.row_counts(database))
        pending = not_among(applied, database.url)
        if check:
            await check_soundness(database)
        room = await room_of(database, settings.database_url)
        return DatabaseStatus.of(
            {
                "url": database.url,
                "kind": "d1" if path is None else "sqlite",
                "path": path and path.as_posix(),
                "size_bytes": database.size_bytes,
                "applied": [{"name": item.name, "applied_at": item.applied_at} for item in applied],
                "pending": [item.name for item in pending],
                "rows": rows,
                "wal_bytes": room.wal_bytes,
                "free_bytes": room.free_bytes,
                "table_bytes": room.table_bytes,
            }
        )


def _shown(url: str) -> str:
    return url if is_d1(url) else f"sqlite:///{sqlite_path(url).as_posix()}"


async def vacuum_database(settings: Settings) -> DatabaseVacuumed:
    """Shrink a SQLite file to what it holds; the document of `clash db vacuum`. D1 does so by itself.

    Raises `ConflictError` while a process writes a run, `StorageError` if the disk has too little room.
    """
    url = settings.database_url
    async with open_database(url, "read") as database:
        runs = await checked(database, held_runs(database))
        size = database.size_bytes
    document: dict[str, Any] = {"url": _shown(url), "kind": "d1" if is_d1(url) else "sqlite", "path": None}
    if is_d1(url):
        note = "Cloudflare D1 gives free room back by itself: there is nothing to do"
        same = {"before_bytes": size, "after_bytes": size, "freed_bytes": 0}
        return DatabaseVacuumed.of({**document, **same, "done": False, "note": note})
    if runs:
        raise ConflictError(
            f"{runs[0].run_id} is being written by {runs[0].lease_owner}",
            code="held",
            hint="shrink the database when no run is being made",
        )
    done = await vacuum_file(url)
    return DatabaseVacuumed.of(
        {
            **document,
            "path": sqlite_path(url).as_posix(),
            "done": True,
            "before_bytes": done.before_bytes,
            "after_bytes": done.after_bytes,
            "freed_bytes": max(0, done.before_bytes - done.after_bytes),
            "note": done.note,
        }
    )


async def _tell_store(settings: Settings) -> None:
    """Have the asset store know the database; where it cannot be written, the first run does so."""
    try:
        async with open_database(settings.database_url, "write") as database:
            await use_store(database, open_assets(settings))
    except ClashError as error:
        logger.warning("the asset store does not know of this database yet: %s", error.message)


async def initialize_database(settings: Settings, *, beside_others: bool = False) -> DatabaseInitialized:
    """Make or upgrade the database; what was applied. `beside_others`: also one with tables of another program."""
    created, applied = await ainit_database(settings.database_url, beside_others=beside_others)
    await _tell_store(settings)
    return DatabaseInitialized.of(
        {
            "url": _shown(settings.database_url),
            "created": created,
            "applied": list(applied),
            "known": [migration.name for migration in known_migrations()],
        }
    )
