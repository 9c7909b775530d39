"""What the runs of one process are made with: the open database, the providers, and the limits of these."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from clash.assets.records import has_records
from clash.assets.shared import local_assets
from clash.calls.shared_calls import SharedCalls
from clash.config import Settings
from clash.database.connection import database_exists, is_d1, open_database
from clash.database.d1.pace import runs_at_once
from clash.database.migrations import applied_migrations, migrate, require_all_of
from clash.database.port import Database
from clash.production.stopping import StopSignal
from clash.providers.registry import Registry


@dataclass(frozen=True)
class Opened:
    """What a run is made with. Several runs of one process share it.

    `shared`: what their calls share; None: there is one run.
    """

    settings: Settings
    database: Database
    registry: Registry
    shared: SharedCalls | None = None


def runs_of_this_process(settings: Settings) -> int | None:
    """Return how many runs this process can make at once with its requests to D1; None: any number."""
    if not is_d1(settings.database_url):
        return None
    return runs_at_once(settings.cloudflare_api_base_url, settings.d1_requests)


@asynccontextmanager
async def opened_for_run(url: str, stop: StopSignal) -> AsyncGenerator[Database]:
    """The database, made and migrated if there is none yet; one that exists must be up to date."""
    new = not database_exists(url)
    async with open_database(url, "create", stopping=lambda: stop.requested) as database:
        applied = () if new else await applied_migrations(database)
        if not applied:
            # A file without a single table is one that an earlier process had only just made.
            if new or not await _any_table(database):
                await migrate(database)
            # Asked anew, for another process may have made all tables between the two looks.
            applied = await applied_migrations(database)
        require_all_of(applied, url)
        yield database


@asynccontextmanager
async def opened_for_resume(settings: Settings, thread_id: str, stop: StopSignal) -> AsyncGenerator[Database]:
    """The database, which must exist; one that was lost is made again if this disk has records to restore it from."""
    url = settings.database_url
    if not database_exists(url) and has_records(local_assets(settings), thread_id):
        opened = opened_for_run(url, stop)
    else:
        opened = open_database(url, "write", stopping=lambda: stop.requested)
    async with opened as database:
        yield database


async def _any_table(database: Database) -> bool:
    # Cloudflare D1 keeps a table of its own, _cf_KV, in every database.
    return bool(await database.query("SELECT 1 FROM sqlite_master WHERE name NOT GLOB '_cf_*' LIMIT 1"))
