"""`clash gc` beside runs that name what it deletes: a file that is named by the end is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import on_both_databases
from garbage import collect, insert_cut, name_it, old

from clash import faults
from clash.assets import AssetStore
from clash.assets.freshness import trash_path
from clash.database.connection import open_database
from clash.database.file_marks import claim_files, mark_files
from clash.database.lease import Lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Statement
from clash.database.store_users import use_store
from clash.errors import ConflictError, StorageError


@pytest.fixture
async def store(database: Database, assets: AssetStore) -> AssetStore:
    """A store that the database of the test uses from its beginning."""
    await use_store(database, assets)
    return assets


# -- at the same moment ------------------------------------------------------------------------------------------------


def at_point(monkeypatch: pytest.MonkeyPatch, name: str, do: Callable[[], object]) -> None:
    """Do something when a sweep passes a fault point for the first time."""
    passed: list[str] = []

    def point(passing: str) -> None:
        if passing == name and not passed:
            passed.append(passing)
            do()

    monkeypatch.setattr(faults, "point", point)


@on_both_databases
async def test_a_row_that_names_a_marked_file_keeps_it(
    database: Database, database_url: str, lease: Lease, store: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the mark off in its own transaction, also after the databases were read a second time."""
    from clash.gc import sweep

    sha256, other = old(store, b"reused"), old(store, b"unnamed")
    name_receipts = sweep.name_receipts

    def name_now(*arguments: Any) -> None:
        name_receipts(*arguments)
        import asyncio

        asyncio.run(_name_alone(database_url, lease, sha256))

    monkeypatch.setattr(sweep, "name_receipts", name_now)
    document = await collect(database_url, store)
    assert (store.path(sha256).exists(), store.path(other).exists(), document.files) == (True, False, 1)


async def _name_alone(url: str, lease: Lease, sha256: str) -> None:
    async with open_database(url, "write") as database:
        await name_it(database, lease, sha256)


@pytest.mark.parametrize("point", ["gc.marked", "gc.claimed", "gc.moved"])
async def test_a_file_that_is_put_again_stays(
    database: Database, database_url: str, store: AssetStore, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Wherever the sweep is: it is there after a run has put it again."""
    sha256 = old(store, b"made again")
    at_point(monkeypatch, point, lambda: store.put(b"made again"))
    document = await collect(database_url, store)
    assert store.is_here(sha256)
    assert document.files == 0
    assert await database.query("SELECT * FROM file_marks") == []


@on_both_databases
async def test_a_row_is_refused_while_its_file_is_deleted(
    database: Database, database_url: str, lease: Lease, store: AssetStore
) -> None:
    """Without a store to look in it is an error; with one, the row is written once the file is there again."""
    sha256 = old(store, b"made again")
    await collect(database_url, store)
    database.find_file = None
    with pytest.raises(ConflictError) as refused:
        await name_it(database, lease, sha256)
    assert refused.value.code == "file_deleted"
    database.find_file = store.keep
    with pytest.raises(StorageError) as lost:
        await name_it(database, lease, sha256)
    assert lost.value.code == "asset_lost"
    store.put(b"made again")
    await name_it(database, lease, sha256)
    assert await database.query("SELECT * FROM file_marks") == []
    assert len(await database.query("SELECT * FROM generated_assets")) == 1


async def test_settings_and_cuts_are_refused_too(
    database: Database, database_url: str, lease: Lease, store: AssetStore
) -> None:
    """A run whose story is deleted at the moment does not begin before it is there again."""
    sha256 = old(store, b"story")
    await collect(database_url, store)
    tracker = AsyncMetadataTracker(database)
    with pytest.raises(StorageError):
        await tracker.start_workflow("run-2", "w", settings={"story": sha256})
    with pytest.raises(StorageError):
        await database.batch(
            [Statement("UPDATE api_logs SET asset_sha256 = ?", (sha256,)), insert_cut({"film": {"sha256": sha256}})]
        )
    store.put(b"story")
    assert await tracker.start_workflow("run-2", "w", settings={"story": sha256})


async def test_a_row_waits_for_the_sweep_of_its_file(
    database: Database, database_url: str, lease: Lease, store: AssetStore
) -> None:
    """A file that another live process has claimed is named once that process has let go of it."""
    import asyncio

    from clash.database.file_marks import settle_files
    from clash.database.processes import this_process

    sha256, other = old(store, b"wanted"), this_process()
    await mark_files(database, other, [sha256])
    assert await claim_files(database, other, [sha256]) == {sha256}
    naming = asyncio.ensure_future(name_it(database, lease, sha256))
    done, _ = await asyncio.wait([naming], timeout=0.6)
    assert not done
    await settle_files(database, other, deleted=[], kept=[sha256])
    await naming
    assert store.is_here(sha256)


async def test_two_sweeps_do_not_share_a_mark(database: Database, lease: Lease, store: AssetStore) -> None:
    """A mark that a row has taken off and another sweep has put on again is not the first one's to claim."""
    sha256 = old(store, b"named")
    await mark_files(database, "first", [sha256])
    await name_it(database, lease, sha256)
    await mark_files(database, "second", [sha256])
    assert await claim_files(database, "first", [sha256]) == set()


async def test_a_file_in_the_trash_is_found(assets: AssetStore) -> None:
    """What a sweep that died was deleting is put back by whatever looks for it."""
    for number, look in enumerate((assets.is_here, assets.fetch, assets.read)):
        sha256 = assets.put(b"in the trash %d" % number)
        trashed = trash_path(assets.root, sha256)
        trashed.parent.mkdir(exist_ok=True)
        assets.path(sha256).replace(trashed)
        assert look(sha256), look
        assert not trashed.exists()


async def test_the_next_sweep_empties_the_trash(
    database: Database, database_url: str, lease: Lease, store: AssetStore
) -> None:
    """What is named goes back to its place, what is not is deleted."""
    named, unnamed = old(store, b"named"), old(store, b"unnamed")
    await name_it(database, lease, named)
    (store.root / "trash").mkdir()
    for sha256 in (named, unnamed):
        store.path(sha256).replace(trash_path(store.root, sha256))
    document = await collect(database_url, store)
    assert (store.path(named).exists(), store.path(unnamed).exists(), document.files) == (True, False, 1)
    assert list((store.root / "trash").iterdir()) == []
