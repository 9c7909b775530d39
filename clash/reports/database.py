"""The database itself: what it holds, and what making or upgrading it applied."""

from __future__ import annotations

import asyncio

from clash.config import Settings
from clash.database import ainit_database, reading
from clash.database.connection import check_soundness, is_d1, open_database, sqlite_path
from clash.database.migrations import applied_migrations, known_migrations, not_among
from clash.documents.database import DatabaseInitialized, DatabaseStatus


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
        return DatabaseStatus.of(
            {
                "url": database.url,
                "kind": "d1" if path is None else "sqlite",
                "path": path and path.as_posix(),
                "size_bytes": database.size_bytes,
                "applied": [{"name": item.name, "applied_at": item.applied_at} for item in applied],
                "pending": [item.name for item in pending],
                "rows": rows,
            }
        )


def _shown(url: str) -> str:
    return url if is_d1(url) else f"sqlite:///{sqlite_path(url).as_posix()}"


async def initialize_database(settings: Settings, *, beside_others: bool = False) -> DatabaseInitialized:
    """Make or upgrade the database; what was applied. `beside_others`: also one with tables of another program."""
    created, applied = await ainit_database(settings.database_url, beside_others=beside_others)
    return DatabaseInitialized.of(
        {
            "url": _shown(settings.database_url),
            "created": created,
            "applied": list(applied),
            "known": [migration.name for migration in known_migrations()],
        }
    )
