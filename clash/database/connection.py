"""`DATABASE_URL` to a database behind the port."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from clash.database.port import Database
from clash.database.sqlite import Mode, SqliteDatabase, file_exists
from clash.errors import SettingsError

if TYPE_CHECKING:
    from clash.config import Settings
    from clash.database.d1.rest import Account

T = TypeVar("T")

logger = logging.getLogger(__name__)

_HINT = "for example DATABASE_URL=sqlite:///./data/checkpoints.db, or d1://NAME for Cloudflare D1"
_D1_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def sqlite_path(url: str) -> Path:
    """The file that a `sqlite:///` URL names: three slashes for a relative path, four for an absolute one.

    >>> sqlite_path("sqlite:///./data/checkpoints.db").as_posix()
    'data/checkpoints.db'
    """
    scheme, separator, rest = url.partition("://")
    if not url:
        raise SettingsError("DATABASE_URL is empty", hint=_HINT)
    if not separator or scheme != "sqlite":
        begins = f"begins with {scheme}://" if separator else f"{url!r} is no address of a database"
        raise SettingsError(f"DATABASE_URL {begins}; known are sqlite:/// and d1://", hint=_HINT)
    path = rest.removeprefix("/")
    if not rest.startswith("/") or not path or path == ":memory:" or "\0" in path or "?" in path:
        raise SettingsError(f"DATABASE_URL {url!r} names no file", hint=_HINT)
    return Path(path)


def is_d1(url: str) -> bool:
    """Whether this URL names a database on Cloudflare D1: `d1://NAME` or `d1://UUID`."""
    return url.startswith("d1://")


def database_key(url: str) -> str:
    """Return what is the same for two URLs that name one database here and now."""
    if not is_d1(url):
        return str(sqlite_path(url).absolute())
    from clash.config import load_settings

    settings = load_settings()
    return f"{url} {settings.cloudflare_api_base_url} {settings.cloudflare_account_id or settings.cf_account_id}"


def database_exists(url: str) -> bool:
    """Whether there is something at this URL already. Raises `SettingsError` for a URL that cannot be used.

    A D1 database always is, for nobody but Cloudflare can make one; opening it tells if not.
    """
    return is_d1(url) or file_exists(sqlite_path(url))


@asynccontextmanager
async def open_database(
    url: str,
    mode: Mode,
    *,
    wait_s: float | None = None,
    stopping: Callable[[], bool] | None = None,
    ahead: bool = False,
) -> AsyncGenerator[Database]:
    """The database of this URL, closed at the end.

    `mode`: "read" never writes and never makes a file, "write" needs an existing one, "create" makes one, "adopt" also
    takes one that holds tables of another program.
    `wait_s`: how long a D1 that does not answer is waited for; by default what CLASH_DATABASE_WAIT says.
    `stopping`: whether this process was asked to stop; D1 is then waited for 20 seconds at most.
    `ahead`: requests to D1 do not wait for their turn; they still count, and others wait longer (a lease must live).
    Raises `SettingsError`, `NotFoundError`, `DatabaseError`, and `VersionMismatchError` for a SQLite file that belongs
    to another program.
    """
    if is_d1(url):
        database: Database = await _open_d1(url, mode, wait_s, stopping, ahead=ahead)
    else:
        database = await SqliteDatabase.open(sqlite_path(url), mode)
    try:
        yield database
    finally:
        await database.close()


def check_there(database: Database) -> None:
    """Raise `DatabaseError` (code `database_gone`) if the file of an open database was taken away. Takes microseconds.

    A D1 database that was deleted is told by the next request.
    """
    if isinstance(database, SqliteDatabase):
        database.check_there()


async def verify_there(database: Database) -> None:
    """Raise as `check_there` does unless all that was written to an open database is found anew where it belongs."""
    if isinstance(database, SqliteDatabase):
        await database.verify()


async def check_soundness(database: Database) -> None:
    """Read a SQLite database from end to end. Raises `SettingsError` naming what does not fit together.

    Cloudflare looks after the soundness of a D1 database.
    """
    if isinstance(database, SqliteDatabase):
        await database.check_soundness()


async def _open_d1(
    url: str, mode: Mode, wait_s: float | None, stopping: Callable[[], bool] | None, *, ahead: bool
) -> Database:
    from clash.config import load_settings
    from clash.database.d1.database import D1Database
    from clash.database.d1.pace import RequestPace
    from clash.database.d1.rest import Retries

    settings = load_settings()
    name = url.removeprefix("d1://") or _older(settings.d1_database_id, "D1_DATABASE_ID", "DATABASE_URL=d1://NAME")
    if not name or not _D1_NAME.fullmatch(name):
        raise SettingsError(f"DATABASE_URL {url!r} names no D1 database", hint=_HINT)
    pace = RequestPace.at(settings.cloudflare_api_base_url, settings.d1_requests)
    retries = Retries.of(settings.database_wait_s if wait_s is None else wait_s, looking=mode == "read")
    pace = pace.ahead() if ahead else pace
    return await D1Database.open(name, _account(settings), retries=retries, pace=pace, stopping=stopping)


def _account(settings: Settings) -> Account:
    from clash.database.d1.rest import Account

    account_id = settings.cloudflare_account_id or _older(
        settings.cf_account_id, "CF_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID"
    )
    secret = settings.cloudflare_api_token or _older(settings.cf_api_token, "CF_API_TOKEN", "CLOUDFLARE_API_TOKEN")
    if not account_id or not secret:
        names = {"CLOUDFLARE_ACCOUNT_ID": account_id, "CLOUDFLARE_API_TOKEN": secret}
        missing = " and ".join(name for name, value in names.items() if not value)
        raise SettingsError(
            f"DATABASE_URL is on Cloudflare D1, which needs {missing}",
            code="credentials_missing",
            hint="the account id stands on dash.cloudflare.com; the token needs the permission D1: Edit",
        )
    return Account(account_id, secret, settings.cloudflare_api_base_url)


def _older(value: T, name: str, newer: str) -> T:
    if value:
        logger.warning("%s is taken; its name here is %s", name, newer)
    return value
