"""What a call writes to the disk is written beside the event loop, and is written whatever becomes of its caller."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from paid import KINDS, Bills, PaidRun, all_of, asked_often, paid_run_in, provider_of, task

from clash.assets import AssetStore
from clash.calls.rate_limits import RateLimits
from clash.database.port import Database


class SlowStore(AssetStore):
    """A store on a disk that takes nothing before `ready` is set."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked, self.ready = threading.Event(), threading.Event()

    def put(self, content: bytes) -> str:
        """Wait for the disk."""
        self.asked.set()
        assert self.ready.wait(30)
        return super().put(content)

    def write_receipt(self, token: str, receipt: Mapping[str, Any]) -> None:
        """Wait for the disk."""
        self.asked.set()
        assert self.ready.wait(30)
        super().write_receipt(token, receipt)


@pytest.fixture
async def paid_run(database: Database, tmp_path: Path) -> PaidRun:
    """A run without calls."""
    return await paid_run_in(database, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancelled_call_keeps_what_it_was_given(paid_run: PaidRun, kind: str) -> None:
    """Cancelled, twice, while the answer or the job's ticket is written: it is written, and nothing is paid again."""
    slow = SlowStore(paid_run.assets.root)
    paid_run.assets, bills = slow, Bills()
    provider = provider_of(kind, bills)
    call = asyncio.create_task((await paid_run.ledger(provider)).call(task("a")))
    assert await asyncio.to_thread(slow.asked.wait, 30)
    for _ in range(2):
        call.cancel()
        await asyncio.sleep(0)
    assert not call.done()
    slow.ready.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    (row,) = await paid_run.rows()
    assert row["state"] == "intent"
    assert slow.read_receipt(str(row["token"]))
    await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    assert bills.asked["a"] == 1
    assert await paid_run.states() == ["succeeded"]


@pytest.mark.parametrize("kind", KINDS)
async def test_calls_flush_nothing_in_the_event_loop(
    paid_run: PaidRun, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is flushed, and none removed, in the thread in which the calls of a run wait for their answers."""
    seen: dict[str, list[int]] = {"fsync": [], "unlink": []}
    fsync, unlink = os.fsync, Path.unlink

    def noted_fsync(descriptor: int) -> None:
        seen["fsync"].append(threading.get_ident())
        fsync(descriptor)

    def noted_unlink(path: Path, missing_ok: bool = False) -> None:
        seen["unlink"].append(threading.get_ident())
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "unlink", noted_unlink)
    ledger = await paid_run.ledger(provider_of(kind, Bills()))
    await all_of(ledger, [f"t{number}" for number in range(4)])
    assert await paid_run.states() == ["succeeded"] * 4
    assert all(len(threads) >= 4 for threads in seen.values())
    assert threading.get_ident() not in seen["fsync"] + seen["unlink"]


async def test_no_call_waits_for_the_records_of_others(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk takes no record of a settled call, answers are kept all the same, and the next calls are sent."""
    ready, calls, bills = threading.Event(), 30, Bills()

    def slow_record(*_: object) -> None:
        assert ready.wait(60)

    monkeypatch.setattr("clash.calls.call_store.write_call_record", slow_record)
    ledger = await paid_run.ledger(provider_of("keyed", bills), rate_limits=RateLimits(concurrency=2, limits={}))
    made = asyncio.create_task(all_of(ledger, [f"t{number}" for number in range(calls)]))
    try:
        await asked_often(bills, calls)
    finally:
        ready.set()
    assert not any(isinstance(one, BaseException) for one in await made)
    assert await paid_run.states() == ["succeeded"] * calls


async def test_the_next_calls_do_not_wait_for_the_disk(paid_run: PaidRun) -> None:
    """While no answer can be kept, half as many further calls are sent as may be in flight at once, and no more."""
    slow = SlowStore(paid_run.assets.root)
    paid_run.assets, calls, bills = slow, 9, Bills()
    ledger = await paid_run.ledger(provider_of("keyed", bills), rate_limits=RateLimits(concurrency=4, limits={}))
    made = asyncio.create_task(all_of(ledger, [f"t{number}" for number in range(calls)]))
    try:
        await asked_often(bills, 6)
        await asyncio.sleep(0.1)
        assert bills.asked.total() == 6
    finally:
        slow.ready.set()
    assert not any(isinstance(one, BaseException) for one in await made)
    assert await paid_run.states() == ["succeeded"] * calls
    assert bills.asked.total() == calls


@pytest.mark.parametrize("look", ["restore", "keep"])
async def test_no_file_is_hashed_in_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: str) -> None:
    """Pictures that are shown to a provider, and files that serve again, are read and hashed in other threads."""
    assets, seen = AssetStore(tmp_path / "assets"), list[int]()
    digest = assets.put(b"a picture")
    is_here = assets.is_here

    def noted(sha256: str) -> bool:
        seen.append(threading.get_ident())
        return is_here(sha256)

    monkeypatch.setattr(assets, "is_here", noted)
    assert await getattr(assets, look)(digest)
    assert not await getattr(assets, look)("0" * 64)
    assert len(seen) == 2
    assert threading.get_ident() not in seen
