"""The walk of one provider call stays short: who reads it goes to and fro between few files."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from paid import Bills, OneShot, PaidRun, Queued, task

from clash.assets import AssetStore
from clash.calls import call_store, ledger, provider_calls
from clash.calls.ledger import Ledger
from clash.database.lease import Lease
from clash.database.sqlite import SqliteDatabase

FILES = frozenset(str(Path(module.__file__ or "")) for module in (ledger, provider_calls))
STORE = str(Path(call_store.__file__ or ""))
MOST = 18


class Walk:
    """Counts how often a call goes from the ledger (with its provider calls) into the call store, or comes back."""

    def __init__(self) -> None:
        self.crossings = 0
        self._seen: list[FrameType] = []

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        name = frame.f_code.co_filename
        if event != "call" or name not in FILES | {STORE} or any(frame is one for one in self._seen):
            return
        self._seen.append(frame)  # kept, so that a coroutine that goes on is not counted as entered again
        caller = frame.f_back
        while caller is not None and caller.f_code.co_filename not in FILES | {STORE}:
            caller = caller.f_back
        if caller is not None and (caller.f_code.co_filename == STORE) != (name == STORE):
            self.crossings += 2  # into it, and back


async def crossings_of(made_by: Ledger) -> int:
    walk = Walk()
    sys.setprofile(walk)
    try:
        await made_by.call(task("a"))
    finally:
        sys.setprofile(None)
    return walk.crossings


@pytest.mark.parametrize("provider", [OneShot, Queued])
async def test_one_call_crosses_few_files(
    provider: type[OneShot] | type[Queued], lease: Lease, assets: AssetStore, database: SqliteDatabase
) -> None:
    """Into the call store and back, for a call that answers at once and for a job: at most 18 times."""
    paid_run = PaidRun(database, assets, lease.run_id, lease)
    crossed = await crossings_of(await paid_run.ledger(provider(Bills())))
    assert 4 <= crossed <= MOST, crossed
