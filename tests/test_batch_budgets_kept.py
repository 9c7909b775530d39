"""The budget of a batch outlives its database, and what is recovered is never more than a person has allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from moving import settings_for
from paid import Bills, OneShot, all_of
from test_batch_budget import SLOTS, batch_of

from clash.assets import AssetStore
from clash.assets.records import is_record, write_run_record
from clash.database import init_database
from clash.database.batches import find_batch, set_batch_budget
from clash.database.connection import open_database
from clash.database.lease import release_lease
from clash.database.port import Database, Statement
from clash.transfer import recover_calls
from clash.transfer.batch_budgets import give_budget, newest_batch_budget


@on_both_databases
async def test_a_lowered_budget_is_recovered(database: Database, assets: AssetStore, tmp_path: Path) -> None:
    """Nothing was filmed, so that no run has a record: the batch has the budget that was given last."""
    for budget in (5_000_000, 3_000_000, 3_000_000):
        await give_budget(database, assets, "night", budget)
    records = [path.relative_to(assets.root).as_posix() for path in (assets.root / "budgets").rglob("*.json")]
    assert len(records) == 2, "one that was given before leaves no second record"
    assert all(map(is_record, records)), "a bucket gives it to other machines"
    there = settings_for(f"sqlite:///{(tmp_path / 'there.db').as_posix()}", assets.root)
    await recover_calls(there)
    async with open_database(there.database_url, "read") as recovered:
        batch = await find_batch(recovered, "night")
    assert batch is not None
    assert batch.budget_micro == 3_000_000


@on_both_databases
async def test_an_older_copy_gets_the_lower_budget(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """The database has calls to be restored and more budget than was given last; a live one keeps what it has."""
    await give_budget(database, assets, "night", 3_000_000)
    (run,) = await batch_of(database, assets, 1)
    await all_of(await run.ledger(OneShot(Bills(), work_s=0.001)), SLOTS[:1])
    await release_lease(database, run.lease)
    await set_batch_budget(database, "night", 8_000_000)
    here = settings_for(database_url, assets.root)
    for lost, budget in ((False, 8_000_000), (True, 3_000_000)):
        if lost:
            await database.batch(
                [
                    Statement("DELETE FROM generated_assets"),
                    Statement("DELETE FROM api_logs"),
                    Statement("UPDATE workflow_executions SET spent_micro = 0"),
                ]
            )
        recovered = await recover_calls(here)
        assert recovered.restored == int(lost)
        batch = await find_batch(database, "night")
        assert batch is not None
        assert batch.budget_micro == budget


@pytest.mark.parametrize(
    ("seen_at", "seen", "recovered"),
    [
        ("2020-01-01T00:00:00.000Z", 1_000_000, 3_000_000),
        ("2020-01-01T00:00:00.000Z", None, 3_000_000),
        ("2999-01-01T00:00:00.000Z", 1_000_000, 1_000_000),
        ("2999-01-01T00:00:00.000Z", 9_000_000, 3_000_000),
        ("2999-01-01T00:00:00.000Z", None, 3_000_000),
    ],
)
async def test_what_runs_saw_counts_if_it_is_newer_and_less(
    tmp_path: Path, assets: AssetStore, seen_at: str, seen: int | None, recovered: int
) -> None:
    """Another machine may have given less since; a run that began at that moment may have read what was before."""
    url = f"sqlite:///{(tmp_path / 'here.db').as_posix()}"
    await init_database(url)
    async with open_database(url, "write") as database:
        await give_budget(database, assets, "night", 3_000_000)
    record: dict[str, Any] = {"batch": "night", "batch_budget_micro": seen, "batch_budget_at": seen_at}
    write_run_record(assets, "night-0", record)
    assert newest_batch_budget(assets, "night") == recovered
    assert newest_batch_budget(assets, "day") is None
