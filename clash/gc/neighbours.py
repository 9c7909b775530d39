"""Open every database that uses the asset store: what one does not name, another may."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clash.assets import AssetStore
from clash.assets.databases import KnownDatabase, known_databases
from clash.assets.inventory import is_empty
from clash.config import Settings
from clash.database.connection import is_d1, open_database, sqlite_path
from clash.database.migrations import require_current
from clash.database.port import Database
from clash.database.store_users import entry_of, this_account
from clash.errors import ClashError, NotFoundError, PersonNeededError, UsageError, VersionMismatchError

UNKNOWN = "unknown"
"""What `--ignore-database` is given for databases that may use the store and have left no entry in it."""


@dataclass(frozen=True)
class Neighbour:
    """A database that uses the store. `database`: None for one that a person said to ignore."""

    id: str
    url: str
    database: Database | None


@dataclass(frozen=True)
class Neighbours:
    """All databases that use the store, the one of the settings first. `complete`: there can be no others."""

    all: tuple[Neighbour, ...]
    complete: bool

    @property
    def open(self) -> tuple[Database, ...]:
        """Those that can be asked."""
        return tuple(one.database for one in self.all if one.database is not None)


@asynccontextmanager
async def open_neighbours(
    settings: Settings, assets: AssetStore, *, ignored: Collection[str], mode: Literal["read", "write"]
) -> AsyncGenerator[Neighbours]:
    """Open the database of the settings and every other that uses the store.

    `ignored`: ids of databases that are not asked, and `unknown`. Raises `NotFoundError` for a database that cannot be
    reached, `PersonNeededError` if there may be some that are not known (unless the store is only read),
    `VersionMismatchError`, `UsageError` for an id that is none.
    """
    known, complete = known_databases(assets)
    # An empty store holds nothing that a database which is not known could name.
    complete = complete or await asyncio.to_thread(is_empty, assets)
    if strangers := sorted(set(ignored) - {one.id for one in known} - {UNKNOWN}):
        raise UsageError(
            f"--ignore-database {strangers[0]}: no database of this id uses the asset store",
            hint="ids are in the error that names a database, and in `clash gc --dry-run --json`",
        )
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(open_database(settings.database_url, mode))
        await require_current(own)
        entry = await entry_of(own)
        found = [Neighbour("" if entry is None else entry.id, own.url, own)]
        for other in known:
            if entry is not None and other.id == entry.id:
                continue
            opened = None if other.id in ignored else await stack.enter_async_context(_reached(other, mode))
            found.append(Neighbour(other.id, other.url, opened))
        if not complete and mode == "write" and UNKNOWN not in ignored:
            raise _may_be_others(found)
        yield Neighbours(tuple(found), complete)


def _may_be_others(found: Collection[Neighbour]) -> PersonNeededError:
    return PersonNeededError(
        "the asset store was begun before clash noted which databases use it: one that is not known may name files in"
        f" it. Known: {', '.join(one.url for one in found)}",
        code="unknown_databases",
        hint="run `clash db init` once with each other database that uses the store;"
        " then `clash gc --ignore-database unknown` says, once and for all, that there is no other",
    )


@asynccontextmanager
async def _reached(known: KnownDatabase, mode: Literal["read", "write"]) -> AsyncGenerator[Database]:
    async with AsyncExitStack() as stack:
        try:
            if why := _elsewhere(known):
                raise NotFoundError(why)
            database = await stack.enter_async_context(open_database(known.url, mode))
            await require_current(database)
            entry = await entry_of(database)
            if entry is None or entry.id != known.id:
                raise NotFoundError("another database is there now")
        except VersionMismatchError as error:
            raise VersionMismatchError(
                f"{known.url} uses the asset store too: {error.message}",
                code=error.code,
                hint=f"run `clash db init` with DATABASE_URL={known.url}; or, if it names nothing that must stay:"
                f" `clash gc --ignore-database {known.id}`",
            ) from error
        except ClashError as error:
            raise NotFoundError(
                f"the database {known.url} ({known.id}) uses the asset store too and cannot be asked: {error.message}",
                code="other_database",
                hint="run `clash gc` where it can be reached; or, if nothing that it names must stay:"
                f" `clash gc --ignore-database {known.id}`",
            ) from error
        yield database


def _elsewhere(known: KnownDatabase) -> str | None:
    """Say why a database cannot be reached from here, as far as its address tells."""
    if is_d1(known.url):
        return None if known.account == this_account() else "it is in another Cloudflare account"
    if known.host != socket.gethostname():
        return f"it is a file on the machine {known.host}"
    return None if Path(sqlite_path(known.url)).is_file() else "there is no such file any more"
