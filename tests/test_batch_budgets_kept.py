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
from clash.assets.records import is_record, write_budget_record, write_run_record
from clash.database import init_database
from clash.database.batches import find_batch, set_batch_budget
from clash.database.connection import open_database
from clash.database.lease import release_lease
from clash.database.port import Database, Statement
from clash.transfer import batch_budgets, recover_calls
from clash.transfer.batch_budgets import give_budget, last_batch_budget, newest_batch_budget


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


async def recovered_budget(assets: AssetStore, path: Path) -> int | None:
    """What the batch `night` has in a database that is made in the place of a lost one."""
    there = settings_for(f"sqlite:///{path.as_posix()}", assets.root)
    await recover_calls(there)
    async with open_database(there.database_url, "read") as database:
        batch = await find_batch(database, "night")
    return None if batch is None else batch.budget_micro


@pytest.mark.parametrize("then", ["2026-11-27T09:30:00.000Z", "2026-11-27T10:00:00.000Z"])
async def test_a_clock_set_back_makes_no_older_budget_the_last(
    database: Database, assets: AssetStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """Nor does one that stands still: what is given later counts from a later moment than all that is recorded."""
    times = iter(["2026-11-27T10:00:00.000Z", then, then])
    monkeypatch.setattr(batch_budgets, "now_text", lambda: next(times))
    for budget in (50_000_000, 3_000_000, 4_000_000):
        await give_budget(database, assets, "night", budget)
        assert newest_batch_budget(assets, "night") == budget
    assert await recovered_budget(assets, tmp_path / "there.db") == 4_000_000


def test_of_two_budgets_of_one_moment_the_smaller_counts(assets: AssetStore) -> None:
    """Two machines, which did not know of each other, gave them; of a run that saw one then, too."""
    moment = "2026-11-27T10:00:00.000Z"
    for budget in (3_000_000, 50_000_000):
        write_budget_record(assets, "night", {"batch": "night", "budget_micro": budget, "set_at": moment})
    assert newest_batch_budget(assets, "night") == 3_000_000
    write_run_record(assets, "n", {"batch": "night", "batch_budget_micro": 2_000_000, "batch_budget_at": moment})
    assert newest_batch_budget(assets, "night") == 2_000_000


@pytest.mark.parametrize("budgets", [(3_000_000, 90_000_000), (90_000_000, 3_000_000)])
async def test_two_databases_keep_their_own_budgets_of_a_batch(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path, budgets: tuple[int, int]
) -> None:
    """One that was made in the place of either gets the smaller: which of them it stands for is unknown."""
    url = f"sqlite:///{(tmp_path / 'other.db').as_posix()}"
    await init_database(url)
    async with open_database(url, "write") as other:
        for one, budget in zip((database, other), budgets, strict=True):
            await give_budget(one, assets, "night", budget)
        assert [await last_batch_budget(one, assets, "night") for one in (database, other)] == list(budgets)
    assert await recovered_budget(assets, tmp_path / "there.db") == 3_000_000
    # A copy from before the batch has its own identity still, and with it its own budget.
    await database.batch([Statement("DELETE FROM batches")])
    await recover_calls(settings_for(database_url, assets.root))
    batch = await find_batch(database, "night")
    assert batch is not None
    assert batch.budget_micro == budgets[0]


async def test_a_budget_of_an_unknown_database_counts_if_less(database: Database, assets: AssetStore) -> None:
    """An earlier clash recorded it: it may have been given in another database."""
    await give_budget(database, assets, "night", 5_000_000)
    for budget, set_at, last in (
        (1_000_000, "2020-01-01T00:00:00.000Z", 5_000_000),
        (9_000_000, "2999-01-01T00:00:00.000Z", 5_000_000),
        (3_000_000, "2999-01-01T00:00:00.001Z", 3_000_000),
    ):
        write_budget_record(assets, "night", {"batch": "night", "budget_micro": budget, "set_at": set_at})
        assert await last_batch_budget(database, assets, "night") == last
    await give_budget(database, assets, "night", 6_000_000)
    assert await last_batch_budget(database, assets, "night") == 6_000_000


@pytest.mark.parametrize(
    ("budget", "set_at"),
    [
        (True, "2999-01-01T00:00:00.000Z"),
        (1.5, "2999-01-01T00:00:00.000Z"),
        (-1, "2999-01-01T00:00:00.000Z"),
        (2**63, "2999-01-01T00:00:00.000Z"),
        (1, "2999"),
        (1, "tomorrow"),
        (1, None),
    ],
)
async def test_a_damaged_record_is_not_read(
    database: Database, assets: AssetStore, budget: object, set_at: object
) -> None:
    """Of what it says, one thing is no amount of money or no moment."""
    await give_budget(database, assets, "night", 3_000_000)
    write_budget_record(assets, "night", {"batch": "night", "budget_micro": budget, "set_at": set_at})
    assert newest_batch_budget(assets, "night") == 3_000_000
    run = {"batch": "night", "batch_budget_micro": budget, "batch_budget_at": "2999-01-01T00:00:00.000Z"}
    write_run_record(assets, "n", {**run, "batch_budget_micro": budget if budget != 1 else None})
    assert newest_batch_budget(assets, "night") == 3_000_000


async def test_the_end_of_time_is_no_end_of_budgets(database: Database, assets: AssetStore) -> None:
    """No moment is later than the last that can be written: then the smaller budget counts."""
    last = {"batch": "night", "budget_micro": 3_000_000, "set_at": "9999-12-31T23:59:59.999Z"}
    write_budget_record(assets, "night", last)
    await give_budget(database, assets, "night", 5_000_000)
    assert newest_batch_budget(assets, "night") == 3_000_000
