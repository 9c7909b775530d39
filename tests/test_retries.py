"""What may be tried again is, as often and as late as it should be; what may not, fails at once in plain words."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import METERED, SMALL, clash, environment, forked, forked_clash, metered, rows_of, shot_list
from paid import KINDS, QUICK, Bills, Keyed, OneShot, PaidRun, Queued, all_of, asked_often, provider_of, task

from clash.assets import AssetStore
from clash.calls import rate_limits
from clash.calls import retry_policy as retries
from clash.calls.rate_limits import RateLimit, RateLimits
from clash.calls.retry_policy import RetryPolicy, with_retries
from clash.calls.spec import CallResult
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import PersonNeededError, ProviderError, SettingsError, StoppedError
from clash.production.stopping import StopSignal
from clash.providers.ports import JobStatus


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait was meant to be, in seconds: nothing waits in truth, the loop's own clock runs ahead."""
    waits = list[float]()
    plain_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await plain_sleep(0)

    def running_loop() -> SimpleNamespace:
        return SimpleNamespace(time=lambda: sum(waits))

    for module in (retries, rate_limits):
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=sleep, get_running_loop=running_loop))
    return waits


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it, looking every millisecond."""
    while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of its watcher
        await asyncio.sleep(0.001)


async def tried(errors: list[Exception], retry_policy: RetryPolicy, stop: StopSignal | None = None) -> int:
    """How often an action that raises these, one a try, was tried before it worked."""
    tries = 0

    async def action() -> int:
        nonlocal tries
        tries += 1
        if errors:
            raise errors.pop(0)
        return tries

    return await with_retries(action, retry_policy=retry_policy, check_stop=(stop or StopSignal()).check)


def busy(seconds: float | None) -> ProviderError:
    """A 429."""
    return ProviderError("too many requests", retryable=True, status_code=429, retry_after_s=seconds)


# -- how long --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [0.5, 7, 119])
async def test_retry_after_is_honoured(slept: list[float], asked: float) -> None:
    """The next try comes no sooner than the provider asks, and at most the jitter later."""
    assert await tried([busy(asked)], RetryPolicy(3, first_wait_s=1, longest_wait_s=30)) == 2
    assert asked <= sum(slept) <= asked + 1


async def test_those_refused_together_do_not_come_back_together(slept: list[float]) -> None:
    """Twenty waits for one Retry-After are twenty different ones."""
    totals = set[float]()
    for _ in range(20):
        slept.clear()
        await tried([busy(5)], RetryPolicy(2, first_wait_s=1))
        totals.add(round(sum(slept), 6))
    assert len(totals) == 20


async def test_who_asks_to_be_left_alone_for_long_is_left_alone(slept: list[float]) -> None:
    """An hour: no try comes before it, and no process waits that long; the call fails for now, to be resumed."""
    with pytest.raises(ProviderError) as refused:
        await tried([busy(3600)], RetryPolicy())
    assert refused.value.retryable
    assert slept == []


@pytest.mark.parametrize("asked", [float("nan"), float("-inf"), -5, None])
async def test_a_retry_after_that_is_none_is_as_if_not_said(slept: list[float], asked: float | None) -> None:
    """Then the waits grow by themselves."""
    assert await tried([busy(asked)], RetryPolicy(2, first_wait_s=1)) == 2
    assert 1 <= sum(slept) <= 2


async def test_waits_grow_are_jittered_and_capped(slept: list[float]) -> None:
    """1, 2, 4, 8, 8 s, each with up to a second more."""
    bounds = []
    for tries in range(2, 7):
        slept.clear()
        await tried([busy(None) for _ in range(tries - 1)], RetryPolicy(tries, first_wait_s=1, longest_wait_s=8))
        bounds.append(sum(slept))
    least = [1, 3, 7, 15, 23]
    assert all(low <= total <= low + count for count, (low, total) in enumerate(zip(least, bounds, strict=True), 1))


async def test_a_stop_cuts_a_wait_short(slept: list[float]) -> None:
    """The signal comes during a wait of two minutes: within a fraction of a second it is over, exit 143."""
    stop = StopSignal()

    async def stop_soon() -> None:
        await until(lambda: bool(slept))
        stop.request(signal.SIGTERM)

    stopping = asyncio.create_task(stop_soon())
    with pytest.raises(StoppedError) as stopped:
        await tried([busy(120)], RetryPolicy(first_wait_s=0), stop)
    await stopping
    assert stopped.value.exit_code == 143
    assert sum(slept) < 5


# -- what ------------------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("attempts", [1, 2, 5])
@pytest.mark.parametrize("kind", ["oneshot", "queued"])
async def test_an_unbilled_error_of_the_server_is_tried_again(paid_run: PaidRun, kind: str, attempts: int) -> None:
    """As often as is set, where the vendor says that such failures are free; each try is a row of its own."""
    bills = Bills()
    provider = provider_of(kind, bills, script={"a": ["broken"] * 9}, failures_free=True)
    ledger = await paid_run.ledger(provider, retry_policy=RetryPolicy(attempts, 0.001, 0.001))
    with pytest.raises(ProviderError, match="internal server error"):
        await ledger.call(task("a"))
    assert bills.asked["a"] == attempts
    assert await paid_run.states() == ["failed"] * attempts
    assert [row["status_code"] for row in await paid_run.rows()] == [500] * attempts
    assert [row["attempt"] for row in await paid_run.rows()] == list(range(1, attempts + 1))
    assert await paid_run.money() == (0, 0)


@on_both_databases
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 524])
@pytest.mark.parametrize("kind", ["oneshot", "queued"])
async def test_an_error_of_the_server_may_have_been_paid(paid_run: PaidRun, kind: str, status: int) -> None:
    """A paid call that was answered so is asked once; it is unknown, its money reserved, and a person decides."""
    bills = Bills()
    broken = {"broken": lambda: ProviderError("oops", retryable=True, status_code=status)}
    provider = provider_of(kind, bills, script={"a": ["broken"] * 9}, errors=broken)
    with pytest.raises(PersonNeededError, match="oops"):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.asked["a"] == 1
    assert await paid_run.states() == ["unknown"]
    assert await paid_run.money() == (0, 100_000)


@on_both_databases
async def test_a_server_error_is_asked_again_under_the_same_key(paid_run: PaidRun) -> None:
    """The same key costs nothing more; when it is never answered, the next process asks under the same key."""
    bills = Bills()
    provider = Keyed(bills, script={"a": ["broken"] * 4})
    with pytest.raises(ProviderError, match="internal server error"):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.asked["a"] == QUICK.attempts
    assert await paid_run.states() == ["intent"]
    await (await paid_run.ledger(provider)).call(task("a"))
    assert (await paid_run.states(), len(bills.charges)) == (["succeeded"], 1)


@on_both_databases
async def test_an_error_of_a_free_server_is_tried_again(paid_run: PaidRun) -> None:
    """What costs nothing is not in doubt, whatever the provider knows of keys."""
    provider = OneShot(Bills(), price=Decimal(0), script={"a": ["broken", "broken"]})
    await (await paid_run.ledger(provider)).call(task("a"))
    assert await paid_run.states() == ["failed", "failed", "succeeded"]


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_busy_provider_is_asked_again_until_it_answers(paid_run: PaidRun, kind: str) -> None:
    """Twice 429, then the answer: one charge."""
    bills = Bills()
    await (await paid_run.ledger(provider_of(kind, bills, script={"a": ["busy", "busy"]}))).call(task("a"))
    assert (bills.asked["a"], bills.times("a")) == (3, 1)
    assert await paid_run.states() == ["failed", "failed", "succeeded"]


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_fails_at_once_in_the_provider_s_own_words(paid_run: PaidRun, kind: str) -> None:
    """Content policy, a bad request: asked once, its words and its status are recorded, siblings are made."""
    bills = Bills()
    provider = provider_of(kind, bills, script={"b": ["refuse"] * 3})
    results = await all_of(await paid_run.ledger(provider), ["a", "b", "c"])
    assert [type(result) for result in results] == [CallResult, ProviderError, CallResult]
    assert bills.asked["b"] == 1
    (row,) = await paid_run.rows("b")
    assert (row["state"], row["error_code"], row["retryable"], row["status_code"]) == (
        "failed",
        "content_policy",
        0,
        400,
    )
    assert row["error_message"] == "content policy: no harbours [/b]"


@on_both_databases
async def test_a_failure_that_was_billed_is_not_tried_again_unasked(paid_run: PaidRun) -> None:
    """The provider failed and took money all the same: counted, and only a person who resumes pays again."""
    bills = Bills()
    error = ProviderError("failed after ten seconds of GPU", retryable=True, cost_usd=Decimal("0.07"), status_code=500)
    provider = OneShot(bills, script={"a": ["broken"] * 3}, errors={"broken": lambda: error})
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.asked["a"] == 1
    assert await paid_run.money() == (70_000, 0)


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_settings_that_are_refused_fail_at_once(paid_run: PaidRun, kind: str) -> None:
    """A missing credential is no reason to try three times, nor a call that may have been paid."""
    bills = Bills()
    error = SettingsError("PAID_KEY is not set")
    provider = provider_of(kind, bills, script={"a": ["broken"] * 3}, errors={"broken": lambda: error})
    with pytest.raises(SettingsError):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.asked["a"] == 1
    assert await paid_run.states() == ["failed"]


# -- limits ----------------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_no_more_calls_are_in_flight_than_the_limit(paid_run: PaidRun, kind: str) -> None:
    """Thirty calls, three places: never four at once."""
    bills = Bills()
    provider = provider_of(kind, bills, gated=True)
    ledger = await paid_run.ledger(
        provider, rate_limits=RateLimits(concurrency=50, limits={kind: RateLimit(concurrency=3)})
    )
    calls = asyncio.create_task(all_of(ledger, [f"s{number}" for number in range(30)]))
    await asked_often(bills, 3)
    provider.gate.set()
    await calls
    assert provider.most_in_flight == 3
    assert len(bills.charges) == 30


async def test_calls_are_spread_over_the_minute(slept: list[float]) -> None:
    """Thirty a minute: each begins two seconds after the one before it, never a burst at the start."""
    provider, rate_limits = (
        Keyed(Bills()),
        RateLimits(concurrency=None, limits={"keyed": RateLimit(requests_per_minute=30)}),
    )
    loop, turns = asyncio.get_running_loop(), list[float]()
    limiter_time = loop.time
    real = limiter_time()
    loop.time = lambda: real + sum(slept)  # type: ignore[method-assign]
    try:
        for _ in range(6):
            await rate_limits.turn(provider, lambda: None)
            turns.append(sum(slept))
    finally:
        loop.time = limiter_time  # type: ignore[method-assign]
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert all(1.99 <= gap <= 2.6 for gap in gaps), gaps


@on_both_databases
async def test_a_stop_reaches_who_waits_for_a_turn(paid_run: PaidRun) -> None:
    """One call per minute and five wait: a stop ends them at once, with no row written."""
    bills, stop = Bills(), StopSignal()
    rate_limits = RateLimits(concurrency=None, limits={"oneshot": RateLimit(requests_per_minute=1)})
    ledger = await paid_run.ledger(OneShot(bills), rate_limits=rate_limits, check_stop=stop.check)
    calls = asyncio.create_task(all_of(ledger, [f"s{number}" for number in range(6)]))
    await until(lambda: bool(bills.charges))
    stop.request(signal.SIGTERM)
    results = await asyncio.wait_for(calls, timeout=20)
    assert sum(isinstance(result, CallResult) for result in results) == 1
    assert sum(isinstance(result, StoppedError) for result in results) == 5
    assert await paid_run.states() == ["succeeded"]


@on_both_databases
async def test_a_stop_leaves_a_job_that_runs_where_it_is(paid_run: PaidRun) -> None:
    """It is not waited for: its id is kept, and the next process takes what it has made, for the one charge."""
    bills, stop = Bills(), StopSignal()
    provider = Queued(bills, status=JobStatus("running"))
    ledger = await paid_run.ledger(provider, check_stop=stop.check)
    calling = asyncio.create_task(ledger.call(task("a")))
    await until(lambda: provider.polled >= 3)
    stop.request(signal.SIGTERM)
    with pytest.raises(StoppedError):
        await asyncio.wait_for(calling, timeout=20)
    assert await paid_run.states() == ["submitted"]
    provider.status = JobStatus("succeeded")
    await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1


async def test_the_limits_are_taken_from_the_settings(tmp_path: Path) -> None:
    """`CLASH_LIMITS` is read, and one that cannot be used is refused with exit 4 and its name."""
    shot_list(tmp_path / "story.csv", 1)
    bad = clash(tmp_path, "run", "story.csv", "--json", env=environment(CLASH_LIMITS='{"fal": {"concurrency": 0}}'))
    assert bad.code == 4
    assert "CLASH_LIMITS" in bad.document["error"]["message"] or "limits" in bad.document["error"]["message"]


# -- SIGTERM ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@on_both_databases
def test_sigterm_drains(tmp_path: Path, database_url: str) -> None:
    """Calls in flight are settled, none begins after, exit 143; resume makes the rest and nothing twice."""
    shot_list(tmp_path / "story.csv", 4)
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_COST="0.01")
    arguments = ("run", "story.csv", "--thread", "s", *SMALL, *METERED, "--json")
    child = forked(tmp_path, *arguments, env={**env, "METER_DELAY": "0.3"})
    while len(metered(meter)) < 7:
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 143, err
    assert rows_of(database_url, "SELECT count(*) FROM api_logs WHERE state <> 'succeeded'") == [(0,)]
    charged = metered(meter)
    spent = rows_of(database_url, "SELECT spent_micro, reserved_micro, status FROM workflow_executions")
    assert spent == [(len(charged) * 10_000, 0, "paused")]
    done = forked_clash(tmp_path, "resume", "s", "--json", env=env)
    assert done.code == 0, done.err
    assert len(metered(meter)) == len(set(metered(meter)))
