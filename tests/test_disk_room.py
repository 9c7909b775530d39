"""Room on the disk: reserved before a call is made; an answer that finds none is kept wherever it can be."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from conftest import on_both_databases
from paid import KINDS, Bills, OneShot, PaidRun, Queued, all_of, asked_often, provider_of, task

from clash.assets import AssetStore
from clash.assets.spare import find_kept, keep_elsewhere, spare_folders
from clash.assets.store import storage_error
from clash.calls.keeping import KeptElsewhere, KeptElsewhereError
from clash.calls.room import may_weigh
from clash.calls.spec import CallResult
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import DatabaseError, PersonNeededError, StoppedError, StorageError
from clash.production.outcome import Outcome, with_kept_elsewhere

MB = 1 << 20
FULL = storage_error(OSError(errno.ENOSPC, "No space left on device"), "a file")
FULL.__cause__ = OSError(errno.ENOSPC, "No space left on device")


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


@pytest.fixture(autouse=True)
def spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where answers go that the store has no room for, in this test."""
    folder = tmp_path / "spare"
    folder.mkdir()
    monkeypatch.setattr("clash.assets.spare.tempfile", SimpleNamespace(gettempdir=lambda: str(folder)))
    return folder


def free(monkeypatch: pytest.MonkeyPatch, size: Callable[[], int]) -> None:
    """Let the disk have so many bytes free."""
    monkeypatch.setattr("clash.calls.room.shutil.disk_usage", lambda _: SimpleNamespace(free=size()))


def refuse(*_: object) -> None:
    """As a disk that is full."""
    raise FULL


# -- room is reserved ------------------------------------------------------------------------------------------------


async def test_no_more_is_in_flight_than_there_is_room_for(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for two answers: of ten calls two are in flight at once, the others wait, and all are made."""
    bills = Bills()
    free(monkeypatch, lambda: 2 * may_weigh("speech", paid=True) + 20 * MB)
    provider = OneShot(bills, gated=True)
    calls = asyncio.create_task(all_of(await paid_run.ledger(provider), [f"t{n}" for n in range(10)]))
    await asked_often(bills, 2)
    provider.gate.set()
    assert [type(made) for made in await asyncio.wait_for(calls, 30)] == [CallResult] * 10
    assert provider.most_in_flight == 2


async def test_the_rest_is_not_bought_when_the_disk_fills_up(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answers take the room: the others wait for them, find none, and are not bought."""
    bills = Bills()
    paid = may_weigh("speech", paid=True)
    free(monkeypatch, lambda: 2 * paid + 20 * MB - paid * (len(list(paid_run.assets.root.glob("??/*"))) > 0) * 2)
    results = await asyncio.wait_for(all_of(await paid_run.ledger(OneShot(bills)), ["a", "b", "c", "d"]), 30)
    refused = [one for one in results if isinstance(one, StorageError)]
    assert {one.code for one in refused} == {"disk_full"}
    assert len(refused) == 4 - len(bills.charges) >= 1
    assert await paid_run.states() == ["succeeded"] * len(bills.charges)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_cannot_be_recorded_is_not_sent(
    paid_run: PaidRun, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk does not even take the record of a call: nothing is bought, and the next run buys it once."""
    bills = Bills()
    with monkeypatch.context() as patch:
        patch.setattr("clash.calls.keeping.write_open_call", refuse)
        with pytest.raises(StorageError) as refused:
            await (await paid_run.ledger(provider_of(kind, bills))).call(task("a"))
    assert (refused.value.code, bills.charges) == ("disk_full", [])
    assert set(await paid_run.states()) == {"failed"}
    assert isinstance(await (await paid_run.ledger(provider_of(kind, bills))).call(task("a")), CallResult)
    assert len(bills.charges) == 1


async def test_who_waits_for_room_can_be_stopped(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a call waits: it is not bought."""
    bills, stopped = Bills(), asyncio.Event()

    def check() -> None:
        if stopped.is_set():
            raise StoppedError("stopped")

    free(monkeypatch, lambda: may_weigh("speech", paid=True) + 20 * MB)
    provider = OneShot(bills, gated=True)
    calls = asyncio.create_task(all_of(await paid_run.ledger(provider, check_stop=check), ["a", "b"]))
    await asked_often(bills, 1)
    stopped.set()
    done, _ = await asyncio.wait([calls], timeout=1)
    assert not done
    provider.gate.set()
    results = await asyncio.wait_for(calls, 30)
    assert sorted(type(one).__name__ for one in results) == ["CallResult", "StoppedError"]
    assert len(bills.charges) == 1


async def test_what_is_free_needs_less_room(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that costs nothing can be made again: 20 MB are enough for it, and not for a paid one."""
    free(monkeypatch, lambda: 20 * MB)
    assert isinstance(await (await paid_run.ledger(OneShot(Bills(), price=Decimal(0)))).call(task("a")), CallResult)
    with pytest.raises(StorageError, match="before a call is made"):
        await (await paid_run.ledger(OneShot(Bills()))).call(task("b"))


# -- an answer that finds none ---------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["put", "write_receipt"])
async def test_five_answers_on_a_full_disk_are_all_kept(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch, kind: str, part: str, spare: Path
) -> None:
    """Files or receipts find no room: with room again all are there, each charged and asked for once."""
    bills = Bills()
    texts = ["a", "b", "c", "d", "e"]
    provider = provider_of(kind, bills)
    ledger = await paid_run.ledger(provider)
    with monkeypatch.context() as patch:
        patch.setattr(AssetStore, part, refuse)
        results = await all_of(ledger, texts)
    assert len(ledger.keeper.elsewhere) == (5 if part == "put" else 0), results
    asked = bills.asked.total()
    made = await all_of(await paid_run.ledger(provider), texts)
    assert [type(one) for one in made] == [CallResult] * 5, made
    assert (len(bills.charges), bills.asked.total()) == (5, asked)
    assert await paid_run.money() == (500_000, 0)
    assert list(spare.iterdir()) == []


async def test_what_is_at_risk_is_counted() -> None:
    """The outcome says how many answers are not in the store, what they cost, and where they are."""
    full = Outcome("failed", 1, {"code": "disk_full", "message": "the disk is full"})
    kept = [KeptElsewhere("a", 50_000, "/elsewhere"), KeptElsewhere("b", 50_000, "/elsewhere")]
    told = with_kept_elsewhere(full, kept).message
    assert told == "the disk is full; 2 answers are at risk ($0.100000): kept in /elsewhere until there is room"
    assert with_kept_elsewhere(full, []) == full


async def test_it_stays_where_it_is_while_the_disk_is_full(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resumed before there is room: told again, not called again, still there."""
    bills = Bills()
    monkeypatch.setattr(AssetStore, "put", refuse)
    for _ in range(3):
        with pytest.raises(KeptElsewhereError, match="kept in"):
            await (await paid_run.ledger(OneShot(bills))).call(task("a"))
    assert len(bills.charges) == 1


async def test_a_job_s_id_survives_a_full_disk_and_database(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch, spare: Path
) -> None:
    """Neither the ticket nor its row can be written: the id is kept elsewhere, and that job is polled later."""
    bills = Bills()
    provider = Queued(bills)

    async def full(*_: object) -> None:
        raise DatabaseError("the disk is full", code="disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(AssetStore, "write_receipt", refuse)
        patch.setattr("clash.calls.call_store.CallStore.store_job", full)
        with pytest.raises(DatabaseError):
            await (await paid_run.ledger(provider)).call(task("a"))
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert len(bills.charges) == 1
    assert list(spare.iterdir()) == []


async def test_an_answer_that_no_folder_takes_is_held_in_memory(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every folder is full: it waits until somebody makes room, and is then kept as if nothing had been."""
    bills, looks = Bills(), list[str]()
    plain = AssetStore.put

    def put(assets: AssetStore, content: bytes) -> str:
        looks.append("look")
        return plain(assets, content) if len(looks) > 3 else refuse()  # type: ignore[return-value]

    monkeypatch.setattr(AssetStore, "put", put)
    monkeypatch.setattr("clash.calls.keeping.keep_elsewhere", refuse)
    monkeypatch.setattr("clash.calls.keeping._LOOK_EVERY_S", 0.001)
    assert isinstance(await (await paid_run.ledger(OneShot(bills))).call(task("a")), CallResult)
    assert (len(bills.charges), len(looks)) == (1, 4)


async def test_a_full_disk_with_no_room_for_a_folder_is_waited_for(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the spare folder can be made: the answer is held in memory until there is room, all the same."""
    bills, looks = Bills(), list[Path]()

    def make(folder: Path) -> None:
        looks.append(folder)
        raise OSError(errno.ENOSPC, "No space left on device")

    def put(assets: AssetStore, content: bytes) -> str:
        return plain(assets, content) if len(looks) > 20 else refuse()  # type: ignore[return-value]

    plain = AssetStore.put
    monkeypatch.setattr(AssetStore, "put", put)
    monkeypatch.setattr("clash.assets.spare._make_private", make)
    monkeypatch.setattr("clash.calls.keeping._LOOK_EVERY_S", 0.001)
    assert isinstance(await (await paid_run.ledger(OneShot(bills))).call(task("a")), CallResult)
    assert len(bills.charges) == 1


async def test_a_receipt_that_no_folder_takes_is_waited_for(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file found room, its receipt found none: it is held until there is room, for the database may be full too."""
    bills, looks, plain = Bills(), list[str](), AssetStore.write_receipt

    def write(assets: AssetStore, token: str, receipt: Mapping[str, Any]) -> None:
        looks.append(token)
        if len(looks) < 4:
            refuse()
        plain(assets, token, receipt)

    monkeypatch.setattr(AssetStore, "write_receipt", write)
    monkeypatch.setattr("clash.calls.keeping.keep_elsewhere", refuse)
    monkeypatch.setattr("clash.calls.keeping._LOOK_EVERY_S", 0.001)
    assert isinstance(await (await paid_run.ledger(OneShot(bills))).call(task("a")), CallResult)
    assert (len(bills.charges), len(looks)) == (1, 4)


async def test_a_receipt_that_never_finds_room_is_done_without(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has room for the row: the call is settled without a receipt."""
    bills = Bills()
    monkeypatch.setattr("clash.calls.keeping._HELD_S", 0.0)
    monkeypatch.setattr(AssetStore, "write_receipt", refuse)
    monkeypatch.setattr("clash.calls.keeping.keep_elsewhere", refuse)
    assert isinstance(await (await paid_run.ledger(OneShot(bills))).call(task("a")), CallResult)
    assert await paid_run.states() == ["succeeded"]


async def test_an_answer_that_never_finds_room_is_asked_about(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped while it was held in memory: the call is unknown, and is not bought again unasked."""
    bills = Bills()
    monkeypatch.setattr("clash.calls.keeping._HELD_S", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(AssetStore, "put", refuse)
        patch.setattr("clash.calls.keeping.keep_elsewhere", refuse)
        with pytest.raises(StorageError):
            await (await paid_run.ledger(OneShot(bills))).call(task("a"))
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(OneShot(bills))).call(task("a"))
    (row,) = await paid_run.rows()
    assert "could not be kept" in row["error_message"]
    assert len(bills.charges) == 1


# -- the folders -----------------------------------------------------------------------------------------------------

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no file modes")


@posix
def test_what_is_kept_is_for_this_user_alone(spare: Path) -> None:
    """The folder is 0700, its files 0600, whatever the umask."""
    umask = os.umask(0)
    try:
        folder = keep_elsewhere("a1", {"sha256": "x"}, b"answer")
    finally:
        os.umask(umask)
    assert folder.parent == spare
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert find_kept("a1") == (folder, {"sha256": "x"})


@posix
@pytest.mark.parametrize("trap", ["open to others", "a link"])
def test_a_folder_that_others_can_write_to_is_not_trusted(spare: Path, tmp_path: Path, trap: str) -> None:
    """Another user may have made it in the shared folder for temporary files: nothing is read from it or put there."""
    folder = spare_folders()[0]
    assert folder.parent == spare
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if trap == "a link":
        folder.symlink_to(elsewhere)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    (folder / "a1.json").write_text(json.dumps({"sha256": "x"}))
    assert find_kept("a1") is None
    assert keep_elsewhere("a2", {}, b"answer") != folder


def test_an_answer_that_was_changed_there_is_not_taken(paid_run: PaidRun, spare: Path) -> None:
    """Its bytes are not those of the receipt: it is none."""
    from clash.assets.spare import take_back

    folder = keep_elsewhere("a1", {"sha256": "ab" * 32}, b"other bytes")
    assert not take_back(paid_run.assets, folder, "a1", {"sha256": "ab" * 32})
    assert not paid_run.assets.root.exists()
