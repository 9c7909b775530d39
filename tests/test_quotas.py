"""The monthly quota of a project: no process passes it, its sums are those of the calls, and nothing is lost at it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import metered, rows_of
from paid import Bills, Keyed, PaidRun, all_of, asked_often, provider_of, task, wrong_months
from torture.trial import worker_environment

from clash.assets import AssetStore
from clash.calls import call_store
from clash.database import init_database, migrations, run_funds
from clash.database.connection import open_database
from clash.database.lease import Lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.migrations import migrate
from clash.database.paid_rows import columns_of_calls, count_before_insert, insert_call
from clash.database.port import Database, Statement
from clash.database.quotas import next_month, project_months, set_quota
from clash.errors import BudgetExceededError, QuotaReachedError
from clash.providers.ports import Answer, Context, Request

TEN_CENTS = 100_000
CALLS_PER_RUN = 4


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


async def sums(database: Database, project: str = "default", month: str = "%") -> tuple[int, int]:
    """What a project has spent and reserved, in a month or ever."""
    (row,) = await database.query(
        "SELECT coalesce(sum(spent_micro), 0) AS spent, coalesce(sum(reserved_micro), 0) AS reserved"
        " FROM project_months WHERE project = ? AND month LIKE ?",
        (project, month),
    )
    return int(row["spent"]), int(row["reserved"])


@pytest.mark.parametrize(
    ("month", "day"), [("2026-11", "2026-12-01"), ("2026-12", "2027-01-01"), ("2027-01", "2027-02-01")]
)
def test_a_month_ends_where_the_next_begins(month: str, day: str) -> None:
    """Also at the end of a year."""
    assert next_month(month) == day


@on_both_databases
async def test_calls_at_once_stop_at_the_quota(paid_run: PaidRun) -> None:
    """Of ten calls for ten cents, a quota of 35 cents buys three; the others say what to type."""
    bills = Bills()
    await set_quota(paid_run.database, "default", 350_000)
    ledger = await paid_run.ledger(provider_of("keyed", bills))
    made = await all_of(ledger, [f"line {number}" for number in range(10)])
    refused = [one for one in made if isinstance(one, QuotaReachedError)]
    assert (len(refused), len(bills.charges), await paid_run.money()) == (7, 3, (3 * TEN_CENTS, 0))
    assert await sums(paid_run.database) == (3 * TEN_CENTS, 0)
    assert (refused[0].code, refused[0].exit_code, refused[0].waiting_for) == ("quota_reached", 6, "quota")
    assert "$0.350000 that the project default has" in refused[0].message
    assert "`clash projects set --monthly-quota 0.40 default`" in (refused[0].hint or "")
    await set_quota(paid_run.database, "default", 400_000)
    assert not isinstance((await all_of(ledger, ["line 9"]))[0], BaseException)


@on_both_databases
async def test_each_end_of_a_call_leaves_its_month_right(paid_run: PaidRun) -> None:
    """A bill above the quote, a refusal, a lost answer: what is reserved is released, or stays for the lost one."""
    bills = Bills()
    script = {"no": ["refuse"], "lost": ["drop"]}
    ledger = await paid_run.ledger(provider_of("oneshot", bills, bill=Decimal("0.13"), script=script))
    await all_of(ledger, ["yes", "no", "lost"])
    assert await paid_run.money() == await sums(paid_run.database) == (130_000, TEN_CENTS)


@on_both_databases
async def test_a_quota_holds_one_project_only(paid_run: PaidRun) -> None:
    """Another project's calls are made; free calls are made at any quota, and none without one."""
    await set_quota(paid_run.database, "other", 0)
    await set_quota(paid_run.database, "default", None)
    ledger = await paid_run.ledger(provider_of("keyed", Bills()))
    assert not isinstance((await all_of(ledger, ["paid"]))[0], BaseException)
    await set_quota(paid_run.database, "default", 0)
    free = await paid_run.ledger(provider_of("keyed", Bills(), price=Decimal(0)))
    assert not isinstance((await all_of(free, ["free"]))[0], BaseException)


@on_both_databases
async def test_a_call_stays_in_the_month_of_its_intent(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends after midnight: its cost is November's, and December's quota is whole."""
    bills = Bills()
    provider = provider_of("keyed", bills, gated=True)
    await set_quota(paid_run.database, "default", TEN_CENTS)
    ledger = await paid_run.ledger(provider)
    monkeypatch.setattr(call_store, "now_text", lambda: "2026-11-30T23:59:59.990Z")
    monkeypatch.setattr(run_funds, "now_text", lambda: "2026-11-30T23:59:59.995Z")
    over_midnight = asyncio.create_task(ledger.call(task("long")))
    await asked_often(bills, 1)
    assert await sums(paid_run.database, month="2026-11") == (0, TEN_CENTS)
    monkeypatch.setattr(call_store, "now_text", lambda: "2026-12-01T00:00:00.010Z")
    monkeypatch.setattr(run_funds, "now_text", lambda: "2026-12-01T00:00:00.010Z")
    provider.gate.set()
    await over_midnight
    assert await sums(paid_run.database, month="2026-11") == (TEN_CENTS, 0)
    assert await sums(paid_run.database, month="2026-12") == (0, 0)
    assert not isinstance((await all_of(ledger, ["next"]))[0], BaseException)
    assert await sums(paid_run.database, month="2026-12") == (TEN_CENTS, 0)
    assert isinstance((await all_of(ledger, ["third"]))[0], QuotaReachedError)


@on_both_databases
async def test_an_intent_at_midnight_is_tried_in_the_new_month(
    paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """November's quota refuses it, and when it is looked up it is December: the call is made."""
    await set_quota(paid_run.database, "default", TEN_CENTS)
    ledger = await paid_run.ledger(provider_of("keyed", Bills()))
    times = ["2026-11-30T23:59:59.000Z", "2026-11-30T23:59:59.500Z", "2026-11-30T23:59:59.999Z"]
    monkeypatch.setattr(call_store, "now_text", lambda: times.pop(0) if len(times) > 1 else times[0])
    await ledger.call(task("november"))
    assert await sums(paid_run.database, month="2026-11") == (TEN_CENTS, 0)

    def december() -> str:
        times[:] = ["2026-12-01T00:00:00.001Z"]
        return times[0]

    monkeypatch.setattr(run_funds, "now_text", december)
    await ledger.call(task("midnight"))
    assert await sums(paid_run.database, month="2026-12") == (TEN_CENTS, 0)


@on_both_databases
async def test_the_smaller_of_budget_and_quota_is_told(paid_run: PaidRun) -> None:
    """A budget that is used up is told as the budget, though the quota is used up, too."""
    await set_quota(paid_run.database, "default", 50_000)
    ledger = await paid_run.ledger(provider_of("keyed", Bills()))
    await AsyncMetadataTracker(paid_run.database).set_budget(paid_run.lease, Decimal("0.05"))
    with pytest.raises(BudgetExceededError) as refused:
        await ledger.call(task("a"))
    assert refused.value.code == "budget"
    await AsyncMetadataTracker(paid_run.database).set_budget(paid_run.lease, Decimal(5))
    with pytest.raises(QuotaReachedError):
        await ledger.call(task("a"))


@on_both_databases
async def test_a_removed_run_leaves_its_sums(paid_run: PaidRun) -> None:
    """Its rows are deleted; the month still knows what it has cost."""
    await (await paid_run.ledger(provider_of("keyed", Bills()))).call(task("a"))
    tables = ("generated_assets", "api_logs", "workflow_executions")
    await paid_run.database.batch([Statement(f"DELETE FROM {table}") for table in tables])
    assert await sums(paid_run.database) == (TEN_CENTS, 0)
    assert [(one.project, one.runs) for one in await project_months(paid_run.database, "2026-11")] == [("default", 0)]


@on_both_databases
async def test_calls_of_before_count_for_their_month(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the version before: right after the migration the sums are those of its calls."""
    before = tuple(one for one in migrations.known_migrations() if one.name < "0007")
    run = "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at)"
    call = (
        "INSERT INTO api_logs (run_id, step, token, service, state, quoted_cost_micro, cost_micro, started_at)"
        " VALUES (?, 's', ?, 'v', ?, ?, ?, ?)"
    )
    calls = [
        ("old", "1", "succeeded", 10, 7, "2026-10-31T23:59:59.999Z"),
        ("old", "2", "succeeded", 10, 9, "2026-11-01T00:00:00.000Z"),
        ("old", "3", "failed", 10, 3, "2026-11-02T00:00:00.000Z"),
        ("old", "4", "unknown", 20, 0, "2026-11-03T00:00:00.000Z"),
        ("old", "5", "failed", 50, 0, "2026-11-04T00:00:00.000Z"),
        ("old", "6", "succeeded", 0, 0, "2026-09-04T00:00:00.000Z"),
        (".import-1", "7", "succeeded", 0, 900, "2026-11-04T00:00:00.000Z"),
    ]
    async with open_database(database_url, "create") as database:
        with monkeypatch.context() as older:
            older.setattr(migrations, "known_migrations", lambda: before)
            await migrate(database)
        began = [Statement(f"{run} VALUES (?, 'w', 'paused', 't', 't')", (name,)) for name in ("old", ".import-1")]
        await database.batch([*began, *(Statement(call, one) for one in calls)])
        await migrate(database)
        assert [await sums(database, month=f"2026-{month}") for month in ("09", "10", "11")] == [
            (0, 0),
            (7, 0),
            (12, 20),
        ]
        rows = await database.query("SELECT project, month FROM project_months ORDER BY month")
        assert [tuple(row.values()) for row in rows] == [("default", "2026-10"), ("default", "2026-11")]


@on_both_databases
async def test_a_restored_call_counts_for_its_own_month(paid_run: PaidRun) -> None:
    """A call that the database had lost counts in the month in which it was paid; told twice, it counts once."""
    database, lease = paid_run.database, paid_run.lease
    row = {
        "run_id": paid_run.run_id,
        "step": "s",
        "token": "lost",
        "service": "v",
        "state": "succeeded",
        "cost_micro": 40,
        "started_at": "2026-03-04T00:00:00.000Z",
    }
    for _ in range(2):
        columns = await columns_of_calls(database)
        counted = count_before_insert(lease, "lost", spent_micro=40, reserved_micro=0)
        await database.batch([counted, insert_call(lease, "lost", row, columns)])
    assert await sums(database, month="2026-03") == (40, 0)
    assert await wrong_months(database) == []


async def test_a_workflow_of_ones_own_has_the_quota_too(paid_run: PaidRun) -> None:
    """`check_budget` refuses a call that its project cannot pay; what is recorded counts."""
    tracker = AsyncMetadataTracker(paid_run.database)
    await tracker.start_workflow("own", "mine", project="acme")
    await set_quota(paid_run.database, "acme", 100)
    await tracker.record_api_call("own", step="s", service="v", cost_usd=Decimal("0.00006"))
    assert await sums(paid_run.database, "acme") == (60, 0)
    await tracker.check_budget("own", Decimal("0.00004"))
    with pytest.raises(QuotaReachedError, match="the project acme has"):
        await tracker.check_budget("own", Decimal("0.00005"))


async def test_what_a_call_may_cost_ends_at_the_quota(paid_run: PaidRun) -> None:
    """A provider is told no more than its quote and what the quota has left beside it."""
    told: list[Decimal | None] = []

    class Told(Keyed):
        async def call(self, model: str, request: Request, context: Context) -> Answer:
            told.append(context.most_usd)
            return await super().call(model, request, context)

    ledger = await paid_run.ledger(Told(Bills()))
    await ledger.call(task("any"))
    await set_quota(paid_run.database, "default", 350_000)
    await ledger.call(task("some"))
    assert told == [None, Decimal("0.25")]


# -- processes ---------------------------------------------------------------------------------------------------

RACERS = int(os.environ.get("CLASH_QUOTA_RACERS", "2"))
RACED_RUNS = int(os.environ.get("CLASH_QUOTA_RUNS", "4"))
"""16 and 40 for the whole race: `CLASH_QUOTA_RACERS=16 CLASH_QUOTA_RUNS=40 python -m pytest -k processes ...`."""
QUOTA = 1_000_000 if RACED_RUNS >= 8 else 300_000
"""$1.00 for each of two projects; less than half of what the calls would cost."""


@on_both_databases
def test_processes_at_once_do_not_pass_a_quota(tmp_path: Path, database_url: str) -> None:
    """Runs of two projects in several processes: each project spends its quota to the cent, and the sums agree."""
    init_database(database_url)
    asyncio.run(set_quotas(database_url))
    racers = [racer(tmp_path, database_url, number) for number in range(RACERS)]
    assert [child.stdout.readline() for child in racers if child.stdout] == ["ready\n"] * RACERS
    ends = [child.communicate("go\n", timeout=300) for child in racers]
    assert [child.returncode for child in racers] == [0] * RACERS, ends
    most = 2 * QUOTA // TEN_CENTS
    assert len(metered(tmp_path / "meter")) == sum(int(out.split()[1]) for out, _ in ends) == most
    assert sum(int(out.split()[3]) for out, _ in ends) == RACED_RUNS * CALLS_PER_RUN - most
    held = "SELECT project, spent_micro, reserved_micro FROM project_months ORDER BY project"
    assert rows_of(database_url, held) == [("even", QUOTA, 0), ("odd", QUOTA, 0)]
    paid = (
        "SELECT project, sum(cost_micro) FROM api_logs JOIN workflow_executions USING (run_id) GROUP BY project"
        " ORDER BY project"
    )
    assert rows_of(database_url, paid) == [("even", QUOTA), ("odd", QUOTA)]


async def set_quotas(url: str) -> None:
    """Give both projects their quotas."""
    async with open_database(url, "write") as database:
        for project in ("even", "odd"):
            await set_quota(database, project, QUOTA)


def racer(folder: Path, url: str, number: int) -> subprocess.Popen[str]:
    """One of the processes, with files of its own."""
    (folder / str(number)).mkdir()
    arguments = [str(folder / str(number)), str(number), str(RACED_RUNS), str(RACERS)]
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "torture" / "quota_racer.py"), url, *arguments],
        env={**worker_environment(folder), "METER_COST": "0.10"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
