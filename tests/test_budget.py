"""The budget is never passed, whatever runs in parallel, and every micro-dollar is in both places that count it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import SMALL, environment, forked_clash, metered, rows_of, shot_list
from paid import KINDS, QUICK, Bills, Keyed, OneShot, PaidRun, Queued, all_of, provider_of, task

from clash.assets import AssetStore
from clash.calls.rate_limits import RateLimit, RateLimits
from clash.calls.retry_policy import RetryPolicy
from clash.calls.spec import CallResult
from clash.database.lease import Lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database
from clash.errors import BudgetExceededError, ClashError, PersonNeededError, ProviderError, StoppedError
from clash.production.stopping import StopSignal
from clash.providers.ports import Answer, Context, Request

FIFTY = [f"s{number:02d}" for number in range(50)]
BROKEN = {"broken": lambda: ProviderError("bad gateway", retryable=True, status_code=502)}


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


async def allow(paid_run: PaidRun, usd: str) -> None:
    """Give the run a budget."""
    await AsyncMetadataTracker(paid_run.database).set_budget(paid_run.lease, Decimal(usd))


def counted(results: list[CallResult | BaseException]) -> tuple[int, int]:
    """How many were made, and how many the budget refused; nothing else may have come."""
    made = sum(isinstance(result, CallResult) for result in results)
    refused = sum(isinstance(result, BudgetExceededError) for result in results)
    assert made + refused == len(results), [result for result in results if not isinstance(result, CallResult)]
    return made, refused


# -- never above -----------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_budget_of_105_cents_pays_ten_calls_of_a_dime(paid_run: PaidRun, kind: str) -> None:
    """Exactly ten are made and charged; forty are refused with exit 6; the sum is $1.00 on both levels."""
    bills = Bills()
    ledger = await paid_run.ledger(provider_of(kind, bills, work_s=0.001))
    await allow(paid_run, "1.05")
    results = await all_of(ledger, FIFTY)
    assert counted(results) == (10, 40)
    refused = next(result for result in results if isinstance(result, BudgetExceededError))
    assert refused.exit_code == 6
    assert "of the budget of $1.050000, $1.000000 is spent" in refused.message
    assert bills.micro == 1_000_000
    assert await paid_run.money() == (1_000_000, 0)


@on_both_databases
async def test_several_ledgers_of_one_run_cannot_pass_it_together(paid_run: PaidRun) -> None:
    """The database itself compares: three that know nothing of each other still make ten."""
    bills = Bills()
    provider = OneShot(bills, work_s=0.001)
    first = await paid_run.ledger(provider)
    await allow(paid_run, "1.05")
    ledgers = [first] + [
        type(first)(paid_run.database, paid_run.lease, paid_run.assets, first._models, reuse=False) for _ in "ab"
    ]
    results = await asyncio.gather(*(all_of(ledger, FIFTY[at::3]) for at, ledger in enumerate(ledgers)))
    assert counted([result for part in results for result in part]) == (10, 40)
    assert bills.micro == 1_000_000


@on_both_databases
async def test_a_budget_to_the_micro_dollar(paid_run: PaidRun) -> None:
    """What fits exactly is made; a micro-dollar more is not."""
    bills = Bills()
    provider = OneShot(bills, price=Decimal("0.333333"))
    await allow(paid_run, "0.999999")
    assert counted(await all_of(await paid_run.ledger(provider), FIFTY[:4])) == (3, 1)
    await allow(paid_run, "1.333331")
    assert counted(await all_of(await paid_run.ledger(provider), FIFTY[:4])) == (3, 1)
    await allow(paid_run, "1.333332")
    assert counted(await all_of(await paid_run.ledger(provider), FIFTY[:4])) == (4, 0)


@on_both_databases
async def test_a_budget_of_nothing_lets_free_calls_through(paid_run: PaidRun) -> None:
    """$0 forbids what costs, not what is free."""
    await allow(paid_run, "0")
    assert counted(await all_of(await paid_run.ledger(OneShot(Bills())), ["a"])) == (0, 1)
    assert counted(await all_of(await paid_run.ledger(OneShot(Bills(), price=Decimal(0))), ["b"])) == (1, 0)


@on_both_databases
@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity"])
async def test_a_price_that_is_none_is_refused(paid_run: PaidRun, price: str) -> None:
    """A plug-in that quotes nonsense cannot talk its way past the budget."""
    bills = Bills()
    with pytest.raises(ProviderError) as refused:
        await (await paid_run.ledger(OneShot(bills, price=Decimal(price)))).call(task("a"))
    assert refused.value.code == "bad_quote"
    assert bills.charges == []
    assert await paid_run.states() == []


# -- bills and quotes ------------------------------------------------------------------------------------------------


@on_both_databases
async def test_a_bill_above_the_quote_counts_as_it_is_and_at_once(paid_run: PaidRun) -> None:
    """Quoted $0.10, billed $0.30: recorded as $0.30, and the next call is refused."""
    bills = Bills()
    ledger = await paid_run.ledger(OneShot(bills, bill=Decimal("0.30")))
    await allow(paid_run, "0.35")
    made = await ledger.call(task("a"))
    assert made.cost_micro == 300_000 == bills.micro
    with pytest.raises(BudgetExceededError):
        await ledger.call(task("b"))
    (row,) = await paid_run.rows()
    assert (row["quoted_cost_micro"], row["cost_micro"], row["precision"]) == (100_000, 300_000, "billed")
    assert await paid_run.money() == (300_000, 0)


@on_both_databases
@pytest.mark.parametrize("concurrency", [1, 4, 64])
async def test_bills_below_the_quote_let_more_calls_in(paid_run: PaidRun, concurrency: int) -> None:
    """Quoted $0.10, billed $0.02: a budget of $1.05 makes 48 calls ($0.96), not 10; then a quote no longer fits."""
    bills = Bills()
    rate_limits = RateLimits(concurrency=concurrency, limits={})
    ledger = await paid_run.ledger(OneShot(bills, bill=Decimal("0.02"), work_s=0.001), rate_limits=rate_limits)
    await allow(paid_run, "1.05")
    assert counted(await all_of(ledger, FIFTY)) == (48, 2)
    assert bills.micro == 960_000
    assert await paid_run.money() == (960_000, 0)


@on_both_databases
async def test_a_failing_call_gives_its_reservation_back(paid_run: PaidRun) -> None:
    """Refused by the provider: nothing is spent, nothing held, and another call takes its room."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["refuse"]})
    ledger = await paid_run.ledger(provider)
    await allow(paid_run, "0.10")
    with pytest.raises(ProviderError):
        await ledger.call(task("a"))
    assert await paid_run.money() == (0, 0)
    await ledger.call(task("b"))
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_an_unknown_call_keeps_its_reservation(paid_run: PaidRun) -> None:
    """It may have been paid: what it may have cost is not given to another call."""
    bills = Bills()
    ledger = await paid_run.ledger(OneShot(bills, script={"a": ["drop"]}))
    await allow(paid_run, "0.15")
    with pytest.raises(PersonNeededError):
        await ledger.call(task("a"))
    with pytest.raises(BudgetExceededError, match=r"\$0.100000 reserved"):
        await ledger.call(task("b"))
    assert await paid_run.money() == (0, 100_000)


@on_both_databases
async def test_the_spent_sum_never_passes_the_budget_at_any_moment(paid_run: PaidRun) -> None:
    """Looked at after every write: spent and reserved together stay within the budget."""
    bills, highest = Bills(), 0
    plain = paid_run.database.batch

    async def watched(statements: object) -> object:
        nonlocal highest
        results = await plain(statements)  # type: ignore[arg-type]
        highest = max(highest, sum(await paid_run.money()))
        return results

    provider = Keyed(bills, work_s=0.001, script={"s03": ["refuse"], "s05": ["drop"], "s07": ["broken", "busy"]})
    ledger = await paid_run.ledger(provider)
    await allow(paid_run, "1.05")
    paid_run.database.batch = watched  # type: ignore[method-assign]
    results = await all_of(ledger, FIFTY[:30])
    assert sum(isinstance(result, CallResult) for result in results) == 10
    assert highest == 1_000_000


# -- nobody waits for ever -------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("act", ["broken", "drop", "busy"])
@pytest.mark.parametrize("kind", ["keyed", "queued"])
async def test_a_call_that_waits_for_the_budget_holds_nothing(paid_run: PaidRun, kind: str, act: str) -> None:
    """One place, money for one call, and the first call must be tried again: it is, though the second waits."""
    bills = Bills()
    keyed = Keyed(bills, script={"a": [act]})
    provider = keyed if kind == "keyed" else Queued(bills, polls=[act], errors={act: BROKEN["broken"]})
    ledger = await paid_run.ledger(
        provider, rate_limits=RateLimits(concurrency=1, limits={}), retry_policy=RetryPolicy(3, 0.05, 0.1)
    )
    await allow(paid_run, "0.15")
    results = await asyncio.wait_for(all_of(ledger, ["a", "b"]), timeout=20)
    assert counted(results) == (1, 1)
    assert bills.micro == 100_000


@on_both_databases
@pytest.mark.parametrize("kind", ["keyed", "queued"])
async def test_an_open_call_that_is_given_up_for_now_wakes_who_waits(paid_run: PaidRun, kind: str) -> None:
    """Its tries are used up and its row stays open, with its money: who waited for it is refused, not left waiting."""
    bills = Bills()
    keyed = Keyed(bills, script={text: ["drop"] * 3 for text in "ab"})
    provider = keyed if kind == "keyed" else Queued(bills, polls=["broken"] * 9, errors=BROKEN)
    ledger = await paid_run.ledger(provider)
    await allow(paid_run, "0.15")
    results = await asyncio.wait_for(all_of(ledger, ["a", "b"]), timeout=20)
    assert sorted(type(result).__name__ for result in results) in (
        ["AmbiguousError", "BudgetExceededError"],
        ["BudgetExceededError", "ProviderError"],
    )
    assert await paid_run.money() == (0, 100_000)


@on_both_databases
async def test_a_stop_reaches_who_waits_for_the_budget(paid_run: PaidRun) -> None:
    """Stopped while it waits: when the call in flight has ended, with room to spare, it is not begun."""
    bills, stop = Bills(), StopSignal()

    class Stopping(OneShot):
        async def call(self, model: str, request: Request, context: Context) -> Answer:
            answer = await super().call(model, request, context)
            stop.request(15)
            return answer

    provider = Stopping(bills, bill=Decimal("0.01"), work_s=0.05)
    ledger = await paid_run.ledger(provider, check_stop=stop.check)
    await allow(paid_run, "0.15")
    results = await asyncio.wait_for(all_of(ledger, ["a", "b"]), timeout=20)
    assert {type(result) for result in results} == {CallResult, StoppedError}
    assert [result.exit_code for result in results if isinstance(result, ClashError)] == [143]


@on_both_databases
async def test_a_cancelled_run_refuses_who_waits_for_the_budget(paid_run: PaidRun) -> None:
    """`clash cancel` while calls wait: they end as cancelled, not as over budget."""
    bills = Bills()

    class Cancelling(OneShot):
        async def call(self, model: str, request: Request, context: Context) -> Answer:
            await AsyncMetadataTracker(paid_run.database).cancel(paid_run.run_id)
            return await super().call(model, request, context)

    ledger = await paid_run.ledger(Cancelling(bills, bill=Decimal("0.01")))
    await allow(paid_run, "0.15")
    results = await asyncio.wait_for(all_of(ledger, ["a", "b"]), timeout=20)
    assert {type(result) for result in results} == {CallResult, StoppedError}
    assert [result.code for result in results if isinstance(result, ClashError)] == ["cancelled"]


@on_both_databases
async def test_the_limits_and_the_budget_together(paid_run: PaidRun) -> None:
    """A rate, two places and a budget that lets ten in: all fifty come to an end."""
    bills = Bills()
    rate_limits = RateLimits(concurrency=None, limits={"oneshot": RateLimit(2, 60_000)})
    ledger = await paid_run.ledger(OneShot(bills, bill=Decimal("0.09")), rate_limits=rate_limits, retry_policy=QUICK)
    await allow(paid_run, "1.05")
    made, _ = counted(await asyncio.wait_for(all_of(ledger, FIFTY), timeout=30))
    assert made == 11  # ten bills of $0.09 leave room for one more quote of $0.10, eleven do not


# -- through the command line ----------------------------------------------------------------------------------------


@on_both_databases
def test_a_film_pauses_at_its_budget_and_can_be_resumed(tmp_path: Path, database_url: str) -> None:
    """Exit 6, what is left and its cost; `resume --budget 20` makes just that; estimate, cost and meter agree."""
    shot_list(tmp_path / "story.csv", 6)
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_COST="0.10")
    arguments = ("run", "story.csv", "--thread", "b", *SMALL, "--video-model", "metered", "--budget", "0.45", "--json")
    ran = forked_clash(tmp_path, *arguments, env=env)
    assert ran.code == 6, ran.err
    document = ran.document
    assert (document["status"], document["error"]["code"]) == ("paused", "budget")
    assert document["left"] == {"calls": 2, "cost_usd": "0.200000"}
    assert document["cost"] == {"total_usd": "0.400000", "budget_usd": "0.450000"}
    assert len(metered(meter)) == 4
    resumed = forked_clash(tmp_path, "resume", "b", "--budget", "20", "--json", env=env)
    assert resumed.code == 0, resumed.err
    assert resumed.document["cost"] == {"total_usd": "0.600000", "budget_usd": "20.000000"}
    assert sorted(metered(meter)) == [f"shot:{number:03d}" for number in range(1, 7)]
    assert rows_of(database_url, "SELECT sum(cost_micro) FROM api_logs") == [(600_000,)]
