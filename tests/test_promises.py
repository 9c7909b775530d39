"""Promises that a small slip in the code would break unnoticed: each test here fails for one such slip."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from conftest import on_both_databases
from paid import Bills, OneShot, PaidRun, task

from clash.assets import AssetStore, sha256_of
from clash.database.lease import Lease, take_lease
from clash.database.port import Database
from clash.database.tracking import AsyncMetadataTracker
from clash.errors import BudgetExceededError, ClashError, PersonNeededError, StorageError
from clash.workflow import finalize
from clash.workflow.context import FileRecord


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


async def another_run(paid_run: PaidRun, name: str) -> PaidRun:
    """Another run on the same database and store."""
    await AsyncMetadataTracker(paid_run.database).start_workflow(name, "video_production")
    return PaidRun(paid_run.database, paid_run.assets, name, await take_lease(paid_run.database, name))


# -- a lost paid file ------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize(("paid", "now"), [("0.10", "0"), ("0", "0.10"), ("0.10", "0.10")])
async def test_a_lost_file_is_not_bought_again_unasked(paid_run: PaidRun, paid: str, now: str) -> None:
    """Paid for then, or to be paid for now: either is enough to ask a person first."""
    bills = Bills()
    made = await (await paid_run.ledger(OneShot(bills, price=Decimal(paid)))).call(task("a"))
    made.path.unlink()
    with pytest.raises(StorageError) as refused:
        await (await paid_run.ledger(OneShot(bills, price=Decimal(now)))).call(task("a"))
    assert refused.value.code == "asset_lost"
    assert f"(${Decimal(paid):.6f})" in refused.value.message
    assert f"for about ${Decimal(now):.6f}" in str(refused.value.hint)
    assert bills.times("a") == 1


@on_both_databases
@pytest.mark.parametrize("now", ["0", "0.05", "0.25"])
async def test_a_lost_file_that_was_reused_names_what_it_cost(paid_run: PaidRun, now: str) -> None:
    """Another run paid for it: that sum is named and that run, not the $0 that it cost here, nor today's price."""
    bills = Bills()
    await (await paid_run.ledger(OneShot(bills, price=Decimal("0.10")))).call(task("a"))
    second = await another_run(paid_run, "run-2")
    made = await (await second.ledger(OneShot(bills), reuse=True)).call(task("a"))
    assert made.reused
    made.path.unlink()
    with pytest.raises(StorageError, match=r"\$0\.100000 in the run run-1") as refused:
        await (await second.ledger(OneShot(bills, price=Decimal(now)), reuse=True)).call(task("a"))
    assert (refused.value.code, bills.times("a")) == ("asset_lost", 1)
    again = await second.ledger(OneShot(bills, price=Decimal(now)), reuse=True, remake_lost=True)
    await again.call(task("a"))
    assert bills.times("a") == 2


@on_both_databases
async def test_the_sum_named_is_that_of_the_run_it_came_from(paid_run: PaidRun) -> None:
    """Two runs paid different sums for the same file: the one whose answer was taken is named."""
    bills = Bills()
    await (await paid_run.ledger(OneShot(bills, price=Decimal("0.30")))).call(task("a"))
    second, third = await another_run(paid_run, "run-2"), await another_run(paid_run, "run-3")
    await (await second.ledger(OneShot(bills, price=Decimal("0.20")))).call(task("a"))
    made = await (await third.ledger(OneShot(bills), reuse=True)).call(task("a"))
    fourth = await another_run(paid_run, "run-4")
    await (await fourth.ledger(OneShot(bills, price=Decimal("0.40")))).call(task("a"))
    made.path.unlink()
    with pytest.raises(StorageError, match=r"\$0\.200000 in the run run-2"):
        await (await third.ledger(OneShot(bills), reuse=True)).call(task("a"))


@on_both_databases
async def test_reuse_takes_the_newest_answer(paid_run: PaidRun) -> None:
    """Made again by a second run that reused nothing: a third run gets that one, not the oldest."""
    bills, versions = Bills(), iter(["one", "two"])

    class Changing(OneShot):
        def answer(self, text: str, act: Any) -> Any:
            return super().answer(f"{text} {next(versions)}", act)

    provider = Changing(bills)
    runs = [paid_run, await another_run(paid_run, "run-2"), await another_run(paid_run, "run-3")]
    old = await (await runs[0].ledger(provider)).call(task("a"))
    new = await (await runs[1].ledger(provider, reuse=False)).call(task("a"))
    found = await (await runs[2].ledger(provider, reuse=True)).call(task("a"))
    assert old.sha256 != new.sha256
    assert (found.sha256, found.reused) == (new.sha256, True)


# -- the sums -------------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("again", ["settle", "fail", "give up"])
async def test_a_call_that_is_settled_twice_is_counted_once(paid_run: PaidRun, again: str) -> None:
    """A second process settles what is settled: the sums and the row stay as they were."""
    bills = Bills()
    ledger = await paid_run.ledger(OneShot(bills))
    kept: list[Any] = []
    plain = ledger._store.settle

    async def settle(*arguments: Any) -> Any:
        kept.append(arguments)
        return await plain(*arguments)

    ledger._store.settle = settle  # type: ignore[method-assign]
    await ledger.call(task("a"))
    one, row, receipt = kept[0]
    before = await paid_run.rows()
    error = ClashError("no")
    with suppress(ClashError):
        if again == "settle":
            await plain(one, row, {**receipt, "cost_micro": 70_000})
        elif again == "fail":
            await ledger._store.fail(one, row, error, cost_micro=70_000)
        else:
            await ledger._store.give_up(one, row, "who knows")
    assert await paid_run.money() == (100_000, 0)
    assert await paid_run.rows() == before


@on_both_databases
async def test_a_recovered_call_that_is_settled_twice_counts_once(paid_run: PaidRun) -> None:
    """It failed, was counted as paid, and its answer came: settled again, the sums stay as they were."""
    ledger = await paid_run.ledger(OneShot(Bills(), script={"a": ["junk"]}))
    with pytest.raises(ClashError):
        await ledger.call(task("a"))
    (row,) = await paid_run.calls()
    receipt = {
        "sha256": paid_run.assets.put(b"x"),
        "media_type": "audio/wav",
        "cost_micro": 70_000,
        "precision": "billed",
        "facts": {},
        "response": "{}",
    }
    await ledger._store.settle(task("a"), row, receipt)
    assert await paid_run.money() == (70_000, 0)
    with suppress(ClashError):
        await ledger._store.settle(task("a"), row, {**receipt, "cost_micro": 30_000})
    assert await paid_run.money() == (70_000, 0)


@on_both_databases
async def test_a_call_does_not_wait_for_itself(paid_run: PaidRun) -> None:
    """Made again with consent, and there is no money for it: refused at once. Nobody else is in flight."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["drop"]})
    await AsyncMetadataTracker(paid_run.database).set_budget(paid_run.lease, Decimal("0.15"))
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(provider)).call(task("a"))
    ledger = await paid_run.ledger(provider, consent=True)
    with pytest.raises(BudgetExceededError):
        # A call that waits for itself would wait for ever: the test fails then, and does not hang.
        await asyncio.wait_for(ledger.call(task("a")), timeout=15)
    assert bills.times("a") == 1


# -- files -----------------------------------------------------------------------------------------------------------


def put(assets: AssetStore) -> Path:
    return assets.path(assets.put(b"content"))


def put_file(assets: AssetStore) -> Path:
    with assets.working_file(".mp4") as path:
        path.write_bytes(b"content")
        return assets.path(assets.put_file(path))


def write_receipt(assets: AssetStore) -> Path:
    assets.write_receipt("a1", {"sha256": sha256_of(b"content")})
    return assets.receipt_path("a1")


@pytest.mark.skipif(os.name == "nt", reason="Windows syncs no folders")
@pytest.mark.parametrize("write", [put, put_file, write_receipt])
def test_a_file_is_on_the_disk_before_it_has_its_name(
    assets: AssetStore, monkeypatch: pytest.MonkeyPatch, write: Callable[[AssetStore], Path]
) -> None:
    """Its bytes are synced, then it gets its name, then the folder is synced: after a power cut it is whole or gone."""
    events: list[tuple[str, int]] = []
    sync, replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        events.append(("folder" if stat.S_ISDIR(status.st_mode) else "file", status.st_ino))
        sync(descriptor)

    def renamed(source: Path, target: Path) -> Path:
        events.append(("name", source.stat().st_ino))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", renamed)
    written = write(assets)
    file, folder = written.stat().st_ino, written.parent.stat().st_ino
    assert [event for event in events if event in (("file", file), ("name", file), ("folder", folder))] == [
        ("file", file),
        ("name", file),
        ("folder", folder),
    ]


def test_the_film_is_published_last(assets: AssetStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who sees the film in the output folder finds all the rest beside it."""
    published: list[str] = []
    real = finalize.publish_file

    def publish_file(store: AssetStore, folder: Path, asset_type: str, *rest: Any) -> None:
        assert not (folder / "film.mp4").exists(), f"the film was there before {asset_type}"
        real(store, folder, asset_type, *rest)
        published.append(asset_type)

    monkeypatch.setattr(finalize, "publish_file", publish_file)
    files = {name: assets.put(name.encode()) for name in ("film", "subtitles", "contact_sheet", "screenplay", "other")}
    made = [
        FileRecord("finalize", "film", "film", "video/mp4", files["film"], {}),
        FileRecord("finalize", "film", "subtitles", "application/x-subrip", files["subtitles"], {}),
        FileRecord("finalize", "film", "contact_sheet", "image/png", files["contact_sheet"], {}),
    ]
    stored = {"sha256": files["other"], "media_type": "image/png"}
    clip = {"sha256": files["other"], "media_type": "video/mp4"}
    state: Any = {
        "screenplay": files["screenplay"],
        "cards": {"character:mara": stored},
        "shots": {"shot:001": {"keyframe": stored, "clip": clip}},
    }
    context: Any = SimpleNamespace(assets=assets, folder=tmp_path / "output")
    mara = SimpleNamespace(slug="mara")
    screenplay: Any = SimpleNamespace(characters=[mara], locations=[], shots=[SimpleNamespace(number=1)])
    finalize.publish(context, screenplay, state, made)
    assert published[-1] == "film"
    assert sorted(published) == sorted(
        ["screenplay", "character_image", "keyframe", "shot", "subtitles", "contact_sheet", "film"]
    )
    assert (tmp_path / "output" / "film.mp4").read_bytes() == b"film"
