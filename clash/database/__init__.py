"""Where runs are kept: one port of atomic batches, a database behind it, the savers and the tables on top."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple

from clash.database.connection import database_exists, open_database
from clash.database.migrations import migrate, require_no_foreign_tables
from clash.database.port import Database, Statement

if TYPE_CHECKING:
    from clash.database.synchronous import get_checkpointer as get_checkpointer

__all__ = [
    "Database",
    "Initialized",
    "Statement",
    "ainit_database",
    "get_checkpointer",
    "init_database",
    "open_database",
]


class Initialized(NamedTuple):
    """Whether a database was made, and the names of the migrations that were applied."""

    created: bool
    applied: tuple[str, ...]

    def __await__(self) -> Generator[Any, None, Initialized]:
        """Return it: `await init_database()`, as it was written for clash 0.1, goes on working."""
        return self
        yield


async def ainit_database(database_url: str | None = None, *, beside_others: bool = False) -> Initialized:
    """Make the database of `DATABASE_URL` (or the given one) if it is not there, and bring its schema up to date.

    Idempotent. `beside_others`: also add the tables of clash to a database that holds those of another program.
    Raises `SettingsError`, `VersionMismatchError` (code `foreign_database`), `DatabaseError`.
    """
    from clash.config import load_settings

    url = database_url or load_settings().database_url
    created = not database_exists(url)
    async with open_database(url, "adopt" if beside_others else "create") as database:
        if not beside_others:
            await require_no_foreign_tables(database)
        return Initialized(created, await migrate(database))


def init_database(database_url: str | None = None, *, beside_others: bool = False) -> Initialized:
    """Create the database or upgrade its schema, where code does not await. Raises as `ainit_database` does."""
    from clash.database import background

    return background.run(ainit_database(database_url, beside_others=beside_others))


def __getattr__(name: str) -> Any:
    # The first design's import; it takes LangGraph, so it is made only when it is asked for.
    if name == "get_checkpointer":
        from clash.database.synchronous import get_checkpointer

        return get_checkpointer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
