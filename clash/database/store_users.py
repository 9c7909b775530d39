"""A database and the asset store that its runs use: it says so in the store, and looks there for what it names."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from pathlib import Path

from clash.assets import AssetStore
from clash.assets.databases import KnownDatabase, remember_database, share_database
from clash.database.connection import is_d1
from clash.database.port import Database, texts_of
from clash.database.sqlite import SqliteDatabase
from clash.errors import ClashError


async def use_store(database: Database, assets: AssetStore) -> None:
    """Have a database look for the files that it names in this store, and leave its name and address there.

    So `clash gc` of another database finds it and asks it first. Call it before anything is put into a new store.
    Raises `StorageError`, `DatabaseError`.
    """
    database.find_file = assets.keep
    entry = await entry_of(database)
    if entry is None:
        return
    new = await asyncio.to_thread(remember_database, assets, entry)
    if new is not None:
        try:
            await share_database(assets, new)
        except ClashError:
            # Not remembered here either: the next command tries again.
            await asyncio.to_thread((assets.root / new).unlink, missing_ok=True)
            raise


async def entry_of(database: Database) -> KnownDatabase | None:
    """Return what a database leaves in the stores that it uses; None for one without an id of its own."""
    database_id = await identity_of(database)
    if database_id is None:
        return None
    if isinstance(database, SqliteDatabase):
        path = Path(database.path).resolve()
        return KnownDatabase(database_id, f"sqlite:///{path.as_posix()}", socket.gethostname(), "")
    return KnownDatabase(database_id, database.url, "", this_account() if is_d1(database.url) else "")


async def identity_of(database: Database) -> str | None:
    """Return the id that a database was made with; None if it has none. Raises `DatabaseError`."""
    return next(iter(texts_of(await database.query("SELECT id FROM database_identity LIMIT 1"), "id")), None)


def this_account() -> str:
    """Return a digest of the Cloudflare account and the API that the settings name."""
    from clash.config import load_settings

    settings = load_settings()
    account = settings.cloudflare_account_id or settings.cf_account_id or ""
    return hashlib.sha256(f"{settings.cloudflare_api_base_url} {account}".encode()).hexdigest()[:16]
