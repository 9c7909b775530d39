"""What a board with accounts writes of its requests, and what it asks of runs and files before it shows them."""

from __future__ import annotations

from collections.abc import Sequence

from clash.config import Settings
from clash.database import access as rows
from clash.database.access import AuditEntry
from clash.database.connection import open_database
from clash.database.migrations import checked


async def record(settings: Settings, entry: AuditEntry) -> None:
    """Add an entry to the audit. Raises `DatabaseError`."""
    async with open_database(settings.database_url, "write") as database:
        await database.batch([rows.insert_audit(entry)])


async def record_login(settings: Settings, entry: AuditEntry) -> None:
    """Add a login to the audit, and write that its token was used."""
    async with open_database(settings.database_url, "write") as database:
        await database.batch([rows.insert_audit(entry), rows.write_use(entry.token_id)])


async def record_use(settings: Settings, token_id: str) -> None:
    """Write that a token was used now; within an hour after the last time it changes nothing."""
    async with open_database(settings.database_url, "write") as database:
        await database.batch([rows.write_use(token_id)])


async def project_of(settings: Settings, thread_id: str) -> str | None:
    """Return the project of a run; None if there is no such run."""
    async with open_database(settings.database_url, "read") as database:
        return await checked(database, rows.project_of_run(database, thread_id))


async def files_beside(settings: Settings, sha256: str, projects: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the files of one run that has this file, by the run's project; nothing if no run of these has it."""
    async with open_database(settings.database_url, "read") as database:
        return await checked(database, rows.files_beside(database, sha256, projects))
