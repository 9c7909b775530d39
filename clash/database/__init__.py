"""Where runs are kept: one port of atomic batches, a database behind it, the savers and the tables on top."""

from __future__ import annotations

from clash.database.connection import database_exists, open_database
from clash.database.migrations import migrate, require_no_foreign_tables
from clash.database.port import Database, Statement

__all__ = ["Database", "Statement", "init_database", "open_database"]


async def init_database(
    database_url: str | None = None, *, beside_others: bool = False
) -> tuple[bool, tuple[str, ...]]:
    """Make the database of `DATABASE_URL` (or the given one) if it is not there, and bring its schema up to date.

    Idempotent. `beside_others`: also add the tables of clash to a database that holds those of another program.
    Returns whether it was made, and the names of the migrations that were applied.
    Raises `SettingsError`, `VersionMismatchError` (code `foreign_database`), `DatabaseError`.
    """
    from clash.config import load_settings

    url = database_url or load_settings().database_url
    created = not database_exists(url)
    async with open_database(url, "adopt" if beside_others else "create") as database:
        if not beside_others:
            await require_no_foreign_tables(database)
        return created, await migrate(database)
