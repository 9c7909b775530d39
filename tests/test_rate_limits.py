"""A provider that refuses calls for their number is waited out, with fewer calls in flight, and nothing is charged."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import SMALL, environment, forked, forked_clash, metered, rows_of, shot_list
from paid import KINDS, Bills, OneShot, PaidRun, Queued, all_of, asked_often, provider_of, task
from simulated import simulate

from clash.assets import AssetStore
from clash.calls.admission import Admission
from clash.calls.rate_limits import RateLimit, RateLimits
from clash.calls.retry_policy import RetryPolicy, Tries
from clash.calls.spec import CallResult
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import ProviderError, StoppedError
from clash.http import retry_after_s
from clash.production import StopSignal

PAID = ("--image-model", "oneshot:illustrator")
HASTY = RetryPolicy(attempts=2, first_wait_s=0.01, longest_wait_s=0.05)


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


def busy(seconds: float | None = None) -> ProviderError:
    """A 429."""
    return ProviderError("too many requests", retryable=True, status_code=429, retry_after_s=seconds)


# -- how long --------------------------------------------------------------------------------------------------------


def test_refusals_are_no_tries() -> None:
    """Twenty of them in a row, and one try is used up by the first real failure only."""
    tries, now = Tries(RetryPolicy(attempts=2)), 1000.0
    for _ in range(20):
        wait = tries.wait_s(busy(), now)
        assert wait is not None
        now += wait
    assert tries.wait_s(ProviderError("oops", retryable=True), now) is not None
    assert tries.wait_s(ProviderError("oops", retryable=True), now) is None


def test_refusals_are_waited_out_for_so_long_and_no_longer() -> None:
    """Ten minutes from the first; a call of the same provider that is let through starts them anew."""
    retry_policy, passed = RetryPolicy(), 0.0
    tries, now = Tries(retry_policy, passed_at=lambda: passed), 1000.0
    while (wait := tries.wait_s(busy(), now)) is not None:
        now += wait
    assert 1000 + retry_policy.rate_limit_s - 40 <= now <= 1000 + retry_policy.rate_limit_s
    passed = now
    assert tries.wait_s(busy(), now) is not None


@pytest.mark.parametrize("asked", [601, 3600, 1e9])
def test_who_asks_for_longer_than_we_wait_is_left_alone(asked: float) -> None:
    """The call fails at once for now."""
    assert Tries(RetryPolicy()).wait_s(busy(asked), 0.0) is None


@pytest.mark.parametrize("asked", [0, 0.2])
def test_a_retry_after_of_nothing_does_not_make_us_hammer(asked: float) -> None:
    """Told to come back at once and refused again and again, the waits grow all the same."""
    waits = [RetryPolicy().wait_s(refused, asked) for refused in range(5, 205)]
    assert sum(waits) / len(waits) > 4


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("²", None), ("", None), ("soon", None), ("-3", 0.0)]
)
def test_a_header_that_is_no_number_of_seconds_says_nothing(header: str, seconds: float | None) -> None:
    """Then the waits grow by themselves."""
    assert retry_after_s({"retry-after": header}) == seconds


# -- how many --------------------------------------------------------------------------------------------------------


def test_each_round_of_refusals_halves_the_places() -> None:
    """Eight refused together count once: 8, 4, 2, 1, 1; then slowly more again, never above the first."""
    places, seen = Admission(8), list[int]()
    for second in range(5):
        for _ in range(8):
            places.refuse(second * 10.0, 5.0)
        seen.append(places.allowed)
    assert seen == [4, 2, 1, 1, 1]
    for _ in range(100):
        places.let_through(100.0)
    assert places.allowed == 8


async def test_places_are_given_in_order_and_given_back() -> None:
    """Two at a time, first come, first served; one that is cancelled while it waits takes nobody's place."""
    places, order, gate = Admission(2), list[int](), asyncio.Event()

    async def visit(number: int) -> None:
        async with places.place():
            order.append(number)
            await gate.wait()

    visits = [asyncio.create_task(visit(number)) for number in range(6)]
    await asyncio.sleep(0.01)
    assert order == [0, 1]
    visits[2].cancel()
    gate.set()
    await asyncio.gather(*visits, return_exceptions=True)
    assert order == [0, 1, 3, 4, 5]
    async with asyncio.timeout(5), places.place(), places.place():
        pass


async def test_the_lowest_order_gets_the_next_place() -> None:
    """Of those that wait, the lowest order is served first; of one order, the first to come."""
    places, served, gate = Admission(1), list[str](), asyncio.Event()

    async def visit(name: str, order: int) -> None:
        async with places.place(order):
            served.append(name)
            await gate.wait()

    names = (("first", 9), ("clip 2", 2), ("keyframe 3", 3), ("keyframe 1", 1), ("speech 1", 1))
    visits = [asyncio.create_task(visit(name, order)) for name, order in names]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*visits)
    assert served == ["first", "keyframe 1", "speech 1", "clip 2", "keyframe 3"]


async def test_the_ledger_sends_the_lowest_order_first(paid_run: PaidRun) -> None:
    """Calls that wait for a place are sent by their order and not as they came."""
    provider, limits = provider_of("keyed", Bills(), gated=True), RateLimits(concurrency=1, limits={})
    ledger = await paid_run.ledger(provider, rate_limits=limits)
    calls = [asyncio.create_task(ledger.call(task("first")))]
    await asked_often(provider.bills, 1)
    calls += [asyncio.create_task(ledger.call(replace(task(f"of {order}"), order=order))) for order in (3, 1, 2)]
    admission = limits._admission(provider)
    for _ in range(20_000):
        if len(admission._waiting) == 3:
            break
        await asyncio.sleep(0.001)
    provider.gate.set()
    await asyncio.gather(*calls)
    assert list(provider.bills.asked) == ["first", "of 1", "of 2", "of 3"]


def test_turns_in_the_minute_go_by_order() -> None:
    """Calls that wait for their turn in the minute begin by their order."""
    provider, begun = provider_of("keyed", Bills()), list[int]()
    limits = RateLimits(concurrency=64, limits={"keyed": RateLimit(requests_per_minute=6)})

    async def begin(order: int) -> None:
        await limits.turn(provider, lambda: None, order)
        begun.append(order)

    async def all_at_once() -> None:
        await asyncio.gather(*map(begin, (0, 3, 1, 2)))

    simulate(all_at_once())
    assert begun == [0, 1, 2, 3]


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_many_calls_in_flight_survive_many_refusals(paid_run: PaidRun, kind: str) -> None:
    """Twelve calls, each refused five times: all are made, each charged once, with one call at a time at the worst."""
    bills, said = Bills(), list[str]()
    names = [f"s{number:02d}" for number in range(12)]
    script = {name: ["busy"] * 5 for name in names}
    provider = provider_of(kind, bills, script=script, concurrency=8)
    rate_limits = RateLimits(concurrency=None, limits={}, retry_policy=HASTY, say=said.append)
    ledger = await paid_run.ledger(provider, retry_policy=HASTY, rate_limits=rate_limits)
    results = await asyncio.wait_for(all_of(ledger, names), timeout=60)
    assert [type(result) for result in results] == [CallResult] * 12
    assert sorted(text for text, _ in bills.charges) == names
    assert len(said) == 1
    assert said[0].startswith(f"{kind} asks for fewer calls (HTTP 429): waiting 1 s, then at most 4 calls at a time")


@on_both_databases
async def test_a_look_at_a_job_that_is_refused_is_tried_again(paid_run: PaidRun) -> None:
    """As often as it takes: the job goes on meanwhile."""
    bills = Bills()
    provider = Queued(bills, polls=["busy"] * 12, errors={"busy": busy})
    await (await paid_run.ledger(provider, retry_policy=HASTY)).call(task("a"))
    assert (provider.polled, bills.times("a")) == (13, 1)


@on_both_databases
async def test_failed_looks_in_between_do_not_add_up(paid_run: PaidRun) -> None:
    """A gateway that fails now and then over a long job: each look that is answered starts anew."""
    bills = Bills()

    class Long(Queued):
        async def poll(self, model: str, job: object) -> object:  # type: ignore[override]
            self.polled += 1
            if self.polled % 2:
                raise ProviderError("bad gateway", retryable=True, status_code=502)
            return self.status if self.polled > 12 else type(self.status)("running")

    await (await paid_run.ledger(Long(bills), retry_policy=HASTY)).call(task("a"))  # type: ignore[arg-type]
    assert bills.times("a") == 1


@on_both_databases
async def test_a_stop_ends_a_wait_at_once(paid_run: PaidRun) -> None:
    """Refused for five minutes, four calls wait: within a second all have ended, and nothing was charged."""
    bills, stop = Bills(), StopSignal()
    provider = OneShot(bills, script={name: ["late"] * 3 for name in "abcd"}, errors={"late": lambda: busy(300)})
    ledger = await paid_run.ledger(provider, retry_policy=RetryPolicy(), check_stop=stop.check)
    calls = asyncio.create_task(all_of(ledger, list("abcd")))
    while bills.asked.total() < 4:  # noqa: ASYNC110 - what is waited for knows nothing of its watcher
        await asyncio.sleep(0.01)
    stop.request(signal.SIGTERM)
    results = await asyncio.wait_for(calls, timeout=5)
    assert [type(result) for result in results] == [StoppedError] * 4
    assert await paid_run.money() == (0, 0)


# -- a whole film ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["", "0.3"])
def test_a_film_survives_twenty_refusals_and_says_so(tmp_path: Path, after: str) -> None:
    """With and without a Retry-After: exit 0, one note, each picture charged once."""
    shot_list(tmp_path / "story.csv", 2)
    env = environment(METER=str(tmp_path / "meter"), METER_COST="0.01", METER_BUSY="20", METER_AFTER=after)
    ran = forked_clash(tmp_path, "run", "story.csv", "--thread", "s", *SMALL, *PAID, "--json", env=env)
    assert ran.code == 0, ran.err
    assert "note: oneshot asks for fewer calls (HTTP 429)" in ran.err
    charged = metered(tmp_path / "meter")
    assert len(charged) == len(set(charged))


def test_a_limit_that_lasts_ends_the_run_in_plain_words(tmp_path: Path) -> None:
    """After CLASH_RATE_LIMIT_WAIT_S the run fails for now; nothing is spent, and resume goes on when it is over."""
    shot_list(tmp_path / "story.csv", 1)
    url = f"sqlite:///{tmp_path / 'clash.db'}"
    env = environment(
        DATABASE_URL=url,
        METER=str(tmp_path / "meter"),
        METER_COST="0.01",
        METER_BUSY="100000",
        CLASH_RATE_LIMIT_WAIT_S="1",
    )
    ran = forked_clash(tmp_path, "run", "story.csv", "--thread", "s", *SMALL, *PAID, "--json", env=env)
    error = ran.document["error"]
    assert (ran.code, error["code"], error["retryable"]) == (1, "rate_limited", True), ran.err
    assert error["hint"] == "wait a while, then resume; nothing was charged for what was refused (`clash resume s`)"
    assert rows_of(url, "SELECT spent_micro, reserved_micro FROM workflow_executions") == [(0, 0)]
    assert forked_clash(tmp_path, "resume", "s", env={**env, "METER_BUSY": "0"}).code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_a_signal_ends_the_wait_of_a_film_at_once(tmp_path: Path) -> None:
    """Told to wait five minutes, stopped after a second: exit 143, nothing unknown."""
    shot_list(tmp_path / "story.csv", 2)
    url = f"sqlite:///{tmp_path / 'clash.db'}"
    env = environment(
        DATABASE_URL=url, METER=str(tmp_path / "meter"), METER_COST="0.01", METER_BUSY="9", METER_AFTER="300"
    )
    child = forked(tmp_path, "run", "story.csv", "--thread", "s", *SMALL, *PAID, "--json", env=env)
    deadline = time.monotonic() + 60
    while not (tmp_path / "meter").exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    child.send_signal(signal.SIGTERM)
    began = time.monotonic()
    _, err = child.communicate(timeout=60)
    assert (child.returncode, time.monotonic() - began < 10) == (143, True), err
    assert rows_of(url, "SELECT status, reserved_micro FROM workflow_executions") == [("paused", 0)]


async def test_an_answered_call_makes_room_for_the_next() -> None:
    """Its place is given on while its answer is kept, until half as many answers as calls are being kept."""
    places, gates, begun = Admission(2), [asyncio.Event() for _ in range(6)], list[int]()

    async def visit(number: int) -> None:
        async with places.place() as place:
            begun.append(number)
            place.answered()
            place.answered()
            await gates[number].wait()

    visits = [asyncio.create_task(visit(number)) for number in range(6)]
    await asyncio.sleep(0.01)
    assert begun == [0, 1, 2]
    gates[2].set()
    await asyncio.sleep(0.01)
    assert begun == [0, 1, 2, 3]
    for gate in gates:
        gate.set()
    await asyncio.gather(*visits)
    assert begun == list(range(6))
    async with asyncio.timeout(5), places.place(), places.place():
        pass


async def test_one_call_at_a_time_is_kept_before_the_next() -> None:
    """With one place, nothing is sent while an answer is on its way to the disk."""
    places, seen = Admission(1), list[str]()

    async def visit(name: str) -> None:
        async with places.place() as place:
            seen.append(f"{name} sent")
            place.answered()
            await asyncio.sleep(0)
            seen.append(f"{name} kept")

    await asyncio.gather(visit("a"), visit("b"))
    assert seen == ["a sent", "a kept", "b sent", "b kept"]
