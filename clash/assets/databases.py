"""Which databases use an asset store: each leaves its id and its address in the store when it is first used with it.

    <root>/databases/<id>.json       a database: its id, its address without anything secret, the machine
    <root>/databases/complete.json   every database that ever used the store is here: it was empty when the first came

`clash gc` reads them: what one database does not name, another may.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from clash.assets.inventory import is_empty
from clash.assets.shared import SharedAssetStore
from clash.assets.store import AssetStore, write_durably
from clash.errors import StorageError
from clash.regular_files import read_regular_file

_MOST_BYTES = 1 << 16
_COMPLETE = "databases/complete.json"
_ENTRY = re.compile(r"databases/([0-9a-f]{32})\.json")


@dataclass(frozen=True)
class KnownDatabase:
    """A database that uses the store. `account`: a digest of the Cloudflare account; "" for a SQLite file.

    `host`: the machine that a SQLite file is on; "" for D1.
    """

    id: str
    url: str
    host: str
    account: str

    @property
    def name(self) -> str:
        """Where its entry is kept, relative to the store's root."""
        return f"databases/{self.id}.json"


def remember_database(assets: AssetStore, database: KnownDatabase) -> str | None:
    """Write down on this disk that a database uses the store; return the name of what is new, to be shared.

    Call it before anything is put into a new store. Raises `StorageError`, `SettingsError` if the store cannot be made.
    """
    path, content = assets.root / database.name, _content(asdict(database))
    if _read(assets, database.name) == database:
        return None
    empty = is_empty(assets)
    assets.make_root()
    if empty:
        write_durably(assets.root / _COMPLETE, _content({}))
    write_durably(path, content)
    return database.name


async def share_database(assets: AssetStore, name: str) -> None:
    """Put the entry of a database where other machines find it. Raises `StorageError`."""
    if (assets.root / _COMPLETE).exists():
        await assets.share_record(_COMPLETE)
    await assets.share_record(name)


async def declare_complete(assets: AssetStore) -> None:
    """Write down that every database that uses the store is known. Raises `StorageError`."""
    write_durably(assets.root / _COMPLETE, _content({}))
    await assets.share_record(_COMPLETE)


def known_databases(assets: AssetStore) -> tuple[list[KnownDatabase], bool]:
    """Return the databases that use the store, by their ids, and whether there can be no others.

    Raises `StorageError` for an entry that cannot be read: whose it is cannot be told.
    """
    names = {f"databases/{path.name}" for path in (assets.root / "databases").glob("*.json")}
    if isinstance(assets, SharedAssetStore):
        shared = {found.key for page in assets.bucket.pages("databases") for found in page}
        # The bucket decides: a folder that was another store's before may still hold its entries.
        complete = _COMPLETE in shared
        names |= shared
    else:
        complete = _COMPLETE in names
    found: list[KnownDatabase] = []
    for name in sorted(names):
        if not _ENTRY.fullmatch(name):
            continue
        entry = _read(assets, name)
        if entry is None:
            raise StorageError(
                f"{name} in the asset store cannot be read, so it is not known which database uses the store",
                retryable=False,
                hint="open that database once with this clash (`clash db init`), which writes it again",
            )
        found.append(entry)
    return found, complete


def _content(facts: Mapping[str, Any]) -> bytes:
    return json.dumps({"version": 1, **facts}, ensure_ascii=False, sort_keys=True).encode()


def _read(assets: AssetStore, name: str) -> KnownDatabase | None:
    try:
        content: bytes | None = read_regular_file(assets.root / name, _MOST_BYTES)
    except OSError:
        content = assets.bucket.read(name, most=_MOST_BYTES) if isinstance(assets, SharedAssetStore) else None
    try:
        read = json.loads(content or b"null")
    except ValueError:
        return None
    if not isinstance(read, dict):
        return None
    told = cast("dict[str, object]", read)
    values = {one.name: told.get(one.name) for one in fields(KnownDatabase)}
    if not all(isinstance(value, str) for value in values.values()):
        return None
    entry = KnownDatabase(**cast("dict[str, str]", values))
    return entry if entry.name == name else None
