"""The budget of a batch: raced by its runs, never passed, and its sums are those of its runs whatever happens."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from conftest import on_both_databases
from moving import settings_for
from paid import Bills, Keyed, OneShot, PaidRun, all_of

from clash.assets import AssetStore
from clash.calls.spec import CallResult
from clash.database import init_database
from clash.database.batches import BatchRow, find_batch, join_batch, set_batch_budget, standings
from clash.database.connection import open_database
from clash.database.lease import release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Statement
from clash.errors import BudgetExceededError
from clash.transfer.use_cases import export_runs, import_runs

SLOTS = [f"s{number:02d}" for number in range(16)]


async def batch_of(database: Database, assets: AssetStore, count: int) -> list[PaidRun]:
    """Runs of the batch `night`, each of which ledgers can take."""
    runs: list[PaidRun] = []
    for number in range(count):
        name = f"night-{number}"
        await AsyncMetadataTracker(database).start_workflow(name, "video_production", batch="night")
        runs.append(PaidRun(database, assets, name, await take_lease(database, name)))
    return runs


async def sums(database: Database) -> BatchRow:
    """The batch, after seeing that its sums are those of its runs."""
    batch = await find_batch(database, "night")
    (row,) = await database.query(
        "SELECT sum(spent_micro) AS spent, sum(reserved_micro) AS reserved FROM workflow_executions"
        " WHERE batch = 'night'"
    )
    assert batch is not None
    assert (batch.spent_micro, batch.reserved_micro) == (row["spent"], row["reserved"])
    return batch


@on_both_databases
async def test_runs_cannot_pass_it_together(database: Database, assets: AssetStore) -> None:
    """Three runs and 48 calls of a dime, at once: exactly ten of $1.05 are made, all others are refused with exit 6."""
    runs, bills = await batch_of(database, assets, 3), Bills()
    await set_batch_budget(database, "night", 1_050_000)
    ledgers = [await run.ledger(OneShot(bills, work_s=0.001)) for run in runs]
    results = [result for part in await asyncio.gather(*(all_of(one, SLOTS) for one in ledgers)) for result in part]
    refused = [result for result in results if isinstance(result, BudgetExceededError)]
    assert sum(isinstance(result, CallResult) for result in results) == 10
    assert len(refused) == len(results) - 10
    assert bills.micro == (await sums(database)).spent_micro == 1_000_000
    assert {error.code for error in refused} == {"batch_budget"}
    assert "clash batch --batch night --budget 1.1" in (refused[0].hint or "")


@on_both_databases
async def test_its_own_budget_still_holds_a_run(database: Database, assets: AssetStore) -> None:
    """The smaller of the two decides, and says which it was."""
    (run,) = await batch_of(database, assets, 1)
    await set_batch_budget(database, "night", 9_000_000)
    ledger = await run.ledger(OneShot(Bills(), work_s=0.001))
    await AsyncMetadataTracker(database).set_budget(run.lease, Decimal("0.25"))
    results = await all_of(ledger, SLOTS[:4])
    assert {result.code for result in results if isinstance(result, BudgetExceededError)} == {"budget"}
    assert (await sums(database)).spent_micro == 200_000


@on_both_databases
async def test_failed_and_unknown_calls_are_in_the_sums(database: Database, assets: AssetStore) -> None:
    """A call that failed gives back what it reserved; one whose answer is lost keeps it."""
    (run,) = await batch_of(database, assets, 1)
    script = {SLOTS[0]: ["drop"] * 3, SLOTS[1]: ["refuse"]}
    await all_of(await run.ledger(Keyed(Bills(), script=script)), SLOTS[:3])
    batch = await sums(database)
    assert (batch.spent_micro, batch.reserved_micro) == (100_000, 100_000)


async def test_a_run_joins_one_batch_and_no_other(database: Database) -> None:
    """What it had spent joins with it; a run of another batch stays there; a removed one leaves what it spent."""
    tracker = AsyncMetadataTracker(database)
    for name in ("old", "other"):
        await tracker.start_workflow(name, "video_production", batch="other" if name == "other" else None)
    spend = "UPDATE workflow_executions SET spent_micro = 70, reserved_micro = 5 WHERE run_id = 'old'"
    await database.batch([Statement(spend)])
    assert await join_batch(database, "old", "night")
    assert await join_batch(database, "old", "night")
    assert not await join_batch(database, "other", "night")
    assert (await sums(database)).committed_micro == 75
    assert set(await standings(database, ["old", "other", "nowhere"])) == {"old", "other"}
    await database.batch([Statement("DELETE FROM workflow_executions WHERE run_id = 'old'")])
    batch = await find_batch(database, "night")
    assert batch is not None
    assert (batch.spent_micro, batch.reserved_micro) == (70, 0)


@on_both_databases
async def test_a_moved_run_brings_its_batch_along(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """Export and import: the other database has the batch, its budget and its sums."""
    await set_batch_budget(database, "night", 1_000_000)
    (run,) = await batch_of(database, assets, 1)
    await all_of(await run.ledger(OneShot(Bills(), work_s=0.001)), SLOTS[:2])
    await release_lease(database, run.lease)
    there = f"sqlite:///{(tmp_path / 'there.db').as_posix()}"
    await init_database(there)
    await export_runs(settings_for(database_url, assets.root), tmp_path / "runs.jsonl")
    await import_runs(settings_for(there, assets.root), tmp_path / "runs.jsonl")
    async with open_database(there, "read") as other:
        found = await find_batch(other, "night")
    assert found is not None
    assert found._replace(created_at="") == (await sums(database))._replace(created_at="")
    assert (found.budget_micro, found.spent_micro) == (1_000_000, 200_000)
