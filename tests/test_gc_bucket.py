"""`clash gc` of a store with a bucket that machines share: a real S3 server over HTTP."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from garbage import age, name_it
from s3_server import KEY, SECRET, S3Server, s3_server

from clash.assets import sha256_of
from clash.assets.bucket import Bucket
from clash.assets.databases import known_databases
from clash.assets.inventory import StoredKind, in_bucket
from clash.assets.shared import SharedAssetStore, open_assets
from clash.config import Settings
from clash.database.lease import Lease
from clash.database.port import Database
from clash.database.store_users import use_store
from clash.errors import StorageError
from clash.gc import collect_garbage, use_case

MONTH_S = 30 * 86_400.0


@pytest.fixture(scope="module")
def s3() -> Generator[S3Server]:
    """An S3 server."""
    with s3_server() as server:
        yield server


@pytest.fixture
def machine_of(s3: S3Server, database_url: str, tmp_path: Path) -> Callable[[str], Settings]:
    """Makes the settings of a machine with a cache of its own, all on one bucket and one database."""
    bucket = s3.make_bucket()

    def make(name: str) -> Settings:
        return Settings(
            **{
                "DATABASE_URL": database_url,
                "ASSET_STORE": f"s3://{bucket}/clash",
                "ASSET_CACHE": tmp_path / name,
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_ENDPOINT_URL": s3.url,
            }
        )

    return make


def store_of(settings: Settings) -> SharedAssetStore:
    assets = open_assets(settings)
    assert isinstance(assets, SharedAssetStore)
    return assets


@pytest.fixture
def a_month_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets everything in the bucket have been put there a month ago: a bucket's times cannot be set."""

    def go_on() -> None:
        monkeypatch.setattr(use_case, "time", _Later())

    return go_on


class _Later:
    """The clock of a collection, a month ahead; what is put into the bucket from now on is as new as it is."""

    def time(self) -> float:
        return time.time() + MONTH_S


async def collect(settings: Settings, **options: Any) -> Any:
    return await collect_garbage(settings, agree=lambda _: True, **options)


async def shared(assets: SharedAssetStore, content: bytes) -> str:
    sha256 = assets.put(content)
    await assets.share(sha256)
    age(assets.path(sha256), MONTH_S)
    return sha256


async def test_a_file_goes_from_disk_and_bucket(
    database: Database, lease: Lease, machine_of: Callable[[str], Settings], a_month_later: Callable[[], None]
) -> None:
    """What nothing names is deleted in both; what is named stays in both, and on other machines' disks."""
    here, there = machine_of("here"), machine_of("there")
    assets, other = store_of(here), store_of(there)
    await use_store(database, assets)
    named, unnamed = await shared(assets, b"named"), await shared(assets, b"unnamed")
    await name_it(database, lease, named)
    assert await other.restore(unnamed)
    a_month_later()
    document = await collect(here)
    assert (document.files, document.bytes, document.bucket_bytes) == (1, 7, 7)
    assert [assets.path(one).exists() for one in (named, unnamed)] == [True, False]
    assert {one.sha256 for one in in_bucket(assets) if one.kind == StoredKind.FILE} == {named}
    assert other.path(unnamed).exists(), "the cache of another machine is its own to clean"
    assert (await collect(there)).files == 1
    assert not other.path(unnamed).exists()


async def test_a_file_that_a_machine_shares_stays(
    database: Database, machine_of: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was put into the bucket after the store was looked at: the time of its object tells."""
    from clash.gc import sweep

    here, there = machine_of("here"), machine_of("there")
    assets, other = store_of(here), store_of(there)
    await use_store(database, assets)
    sha256 = await shared(assets, b"made again")
    unnamed = use_case.time.time
    monkeypatch.setattr(use_case, "time", type("Clock", (), {"time": staticmethod(lambda: unnamed() + 3601)}))
    name_receipts = sweep.name_receipts

    def share_now(*arguments: Any) -> None:
        name_receipts(*arguments)
        time.sleep(1.1)  # S3 tells seconds
        other.put(b"made again")
        other.bucket.put_file(other.relative_path(sha256), other.path(sha256))
        newest = assets.bucket.changed_at(assets.relative_path(sha256)) or 0
        arguments[1].before = newest - 0.5

    monkeypatch.setattr(sweep, "name_receipts", share_now)
    document = await collect(here, older_than=timedelta(hours=1))
    assert document.files == 0
    assert assets.bucket.has(assets.relative_path(sha256))


async def test_a_row_brings_a_deleted_file_back(
    database: Database, lease: Lease, machine_of: Callable[[str], Settings], a_month_later: Callable[[], None]
) -> None:
    """A machine that still has it puts it into the bucket again before the row is written."""
    here, there = machine_of("here"), machine_of("there")
    assets, other = store_of(here), store_of(there)
    await use_store(database, assets)
    sha256 = await shared(assets, b"wanted again")
    assert await other.restore(sha256)
    a_month_later()
    assert (await collect(here)).files == 1
    database.find_file = other.keep
    await name_it(database, lease, sha256)
    assert assets.bucket.has(assets.relative_path(sha256))
    assert await assets.restore(sha256)


async def test_receipts_in_the_bucket_name_files(
    database: Database, machine_of: Callable[[str], Settings], a_month_later: Callable[[], None]
) -> None:
    """Of a machine that died before its row was settled."""
    here, there = machine_of("here"), machine_of("there")
    assets, other = store_of(here), store_of(there)
    await use_store(database, assets)
    sha256 = other.put(b"answered there")
    other.write_receipt("aa", {"sha256": sha256})
    await other.share(sha256, receipt="aa")
    a_month_later()
    assert (await collect(here)).files == 0
    assert assets.bucket.has(assets.relative_path(sha256))


async def test_a_bucket_that_fails_deletes_nothing_named(
    database: Database,
    machine_of: Callable[[str], Settings],
    a_month_later: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command ends with the error; the files count as deleted until they are found, and the next one goes on."""
    here = machine_of("here")
    assets = store_of(here)
    await use_store(database, assets)
    sha256 = await shared(assets, b"unnamed")
    a_month_later()

    def refuse(_: Bucket, *keys: str) -> None:
        if keys:
            raise StorageError("the bucket cannot be reached", code="asset_store")

    with monkeypatch.context() as failing:
        failing.setattr(Bucket, "delete", refuse)
        with pytest.raises(StorageError):
            await collect(here)
    (row,) = await database.query("SELECT sha256, state FROM file_marks")
    assert (row["sha256"], row["state"]) == (sha256, "deleted")
    assert (await collect(here)).files == 1
    assert not assets.bucket.has(assets.relative_path(sha256))


async def test_a_bucket_is_listed_page_by_page(machine_of: Callable[[str], Settings]) -> None:
    """More objects than a page has are all found, and deleted in few requests."""
    assets = store_of(machine_of("here"))
    digests = [sha256_of(b"%d" % number) for number in range(1005)]
    for sha256 in digests:
        assets.bucket.put(assets.relative_path(sha256), b"x")
    pages = [len(page) for page in assets.bucket.pages()]
    assert sum(pages) == 1005
    assert max(pages) <= 1000
    assets.bucket.delete(*(assets.relative_path(sha256) for sha256 in digests))
    assert [*in_bucket(assets)] == []


async def test_the_bucket_knows_its_databases(
    database: Database, machine_of: Callable[[str], Settings], tmp_path: Path
) -> None:
    """Another machine reads who uses the store; one that was begun by an older clash is not complete."""
    await use_store(database, store_of(machine_of("here")))
    (entry,), complete = known_databases(store_of(machine_of("there")))
    assert complete
    assert entry.url.endswith("clash.db")
    assert os.fspath(tmp_path) in entry.url
