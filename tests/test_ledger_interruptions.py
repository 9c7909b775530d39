"""Crashes, lost leases and stops: nothing that is paid for is lost, and nothing is paid for twice."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import pytest_asyncio
from conftest import RUN, on_both_databases
from paid import Bills, Keyed, OneShot, PaidRun, all_of, asked_often, provider_of, task

from clash.assets import AssetStore
from clash.calls.rate_limits import RateLimits
from clash.calls.spec import CallResult
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Rows, Statement
from clash.errors import ConflictError, DatabaseError, PersonNeededError, StoppedError

KINDS = ("keyed", "oneshot", "queued")


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore) -> PaidRun:
    """A run to which ledgers come."""
    return await paid_run_of(database, assets, RUN)


async def paid_run_of(database: Database, assets: AssetStore, run_id: str) -> PaidRun:
    await AsyncMetadataTracker(database).start_workflow(run_id, "video_production")
    return PaidRun(database, assets, run_id, await take_lease(database, run_id))


# -- crashes ---------------------------------------------------------------------------------------------------------


class Failing:
    """A database that dies at its nth batch, before or after it is applied."""

    def __init__(self, database: Database, at: int, *, applied: bool) -> None:
        self._database, self.left, self._applied = database, at, applied
        self.url = database.url

    async def batch(self, statements: list[Statement]) -> list[Rows]:
        self.left -= 1
        if self.left == 0:
            if self._applied:
                await self._database.batch(statements)
            raise DatabaseError("the disk is full", code="disk_full", retryable=True)
        return await self._database.batch(statements)

    async def query(self, sql: str, params: Any = ()) -> Rows:
        return await self._database.query(sql, params)

    async def close(self) -> None:
        return None


@on_both_databases
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_process_that_dies_at_a_write_pays_nothing_twice(
    paid_run: PaidRun, kind: str, at: int, applied: bool
) -> None:
    """At each write of a call, just before it is applied or just after: the next process brings it to one charge."""
    bills = Bills()
    provider = provider_of(kind, bills)
    dying = await paid_run.ledger(provider)
    failing = Failing(paid_run.database, at, applied=applied)
    dying._database = dying._store._database = failing
    (outcome,) = await asyncio.gather(dying.call(task("a")), return_exceptions=True)
    assert isinstance(outcome, DatabaseError) == (failing.left <= 0)
    if applied and at == 1 and kind != "keyed":
        # An intent alone: nobody can know that it was not sent any more, so a person is asked.
        with pytest.raises(PersonNeededError):
            await (await paid_run.ledger(provider)).call(task("a"))
        assert bills.charges == []
        return
    made = await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    assert paid_run.assets.has(made.sha256)
    assert await paid_run.states() == ["succeeded"]
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_a_call_that_is_cancelled_is_taken_up_again(paid_run: PaidRun) -> None:
    """Cancelled while the provider works: under the same key it is asked again, and charged once."""
    bills = Bills()
    provider = Keyed(bills, gated=True)
    call = asyncio.create_task((await paid_run.ledger(provider)).call(task("a")))
    await asked_often(bills, 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    provider.gate.set()
    await (await paid_run.ledger(provider)).call(task("a"))
    assert (bills.times("a"), bills.asked["a"]) == (1, 2)
    assert await paid_run.states() == ["succeeded"]


# -- who may not call ------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_who_lost_the_run_calls_nobody_and_writes_nothing(paid_run: PaidRun, kind: str) -> None:
    """Before the call: exit 5, nobody is asked, no row, no file."""
    bills = Bills()
    ledger = await paid_run.ledger(provider_of(kind, bills))
    await paid_run.ledger(OneShot(bills))
    with pytest.raises(ConflictError) as refused:
        await ledger.call(task("a"))
    assert (refused.value.exit_code, refused.value.code) == (5, "lease_lost")
    assert (bills.asked["a"], await paid_run.states(), await paid_run.money()) == (0, [], (0, 0))
    assert not paid_run.assets.root.exists()


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_lease_lost_during_a_call_keeps_the_answer(paid_run: PaidRun, kind: str) -> None:
    """The new holder settles it from there, so that it is paid for once; the old one writes no row."""
    bills = Bills()
    provider = provider_of(kind, bills, gated=True)
    ledger = await paid_run.ledger(provider)
    call = asyncio.create_task(ledger.call(task("a")))
    await asked_often(bills, 1)
    await paid_run.ledger(provider)
    provider.gate.set()
    with pytest.raises(ConflictError):
        await call
    assert await paid_run.states() == ["intent"]
    made = await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    assert paid_run.assets.has(made.sha256)
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_a_stop_lets_no_new_call_begin(paid_run: PaidRun) -> None:
    """Those in flight are settled; of the rest nobody is asked, and nothing is recorded."""
    bills = Bills()
    stop = threading.Event()

    def check() -> None:
        if stop.is_set():
            raise StoppedError("stopped before this was made")

    provider = OneShot(bills, gated=True)
    ledger = await paid_run.ledger(provider, check_stop=check, rate_limits=RateLimits(concurrency=2, limits={}))
    calls = asyncio.create_task(all_of(ledger, [f"t{n}" for n in range(8)]))
    await asked_often(bills, 2)
    stop.set()
    provider.gate.set()
    outcomes = await calls
    assert [type(one) for one in outcomes].count(StoppedError) == 6
    assert await paid_run.states() == ["succeeded"] * 2
    assert bills.asked.total() == 2


@on_both_databases
@pytest.mark.parametrize(("asked", "expected"), [(None, 3), (2, 2), (64, 20)])
async def test_no_more_calls_are_in_flight_than_allowed(paid_run: PaidRun, asked: int | None, expected: int) -> None:
    """What the provider advises, unless the user says otherwise; and as many as that are."""
    bills = Bills()
    provider = OneShot(bills, gated=True, concurrency=3)
    ledger = await paid_run.ledger(provider, rate_limits=RateLimits(concurrency=asked, limits={}))
    calls = asyncio.create_task(all_of(ledger, [f"t{n}" for n in range(20)]))
    await asked_often(bills, expected)
    provider.gate.set()
    await calls
    assert provider.most_in_flight == expected
    assert len(bills.charges) == 20


class SlowToSettle:
    """A database that takes down no answer before the provider was asked a second time."""

    def __init__(self, database: Database, bills: Bills) -> None:
        self.database = database
        self.bills = bills

    async def batch(self, statements: list[Statement]) -> list[Rows]:
        if any("state = 'succeeded'" in statement.sql for statement in statements):
            await asked_often(self.bills, 2)
        return await self.database.batch(statements)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)


async def test_the_next_call_does_not_wait_for_a_settlement(paid_run: PaidRun) -> None:
    """It is on the disk by then; a place is for a call in flight, not for a request to a distant database."""
    bills = Bills()
    paid_run.database = SlowToSettle(paid_run.database, bills)
    ledger = await paid_run.ledger(OneShot(bills), rate_limits=RateLimits(concurrency=1, limits={}))
    made = await all_of(ledger, ["a", "b"])
    assert [type(one) for one in made] == [CallResult, CallResult]
    assert len(bills.charges) == 2
