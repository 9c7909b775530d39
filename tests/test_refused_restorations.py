"""A removed run comes back only if its money counts exactly once; otherwise it is named, and nothing changes."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from moving import export, settings_for
from paid import Act, Bills, Keyed, all_of
from test_batch_budget import SLOTS, batch_of
from test_removed_batches import sums_of
from test_restored_runs import continued, ended, moved, paid_run, take_back

from clash.assets import AssetStore
from clash.config import Settings
from clash.database.batches import set_batch_budget
from clash.database.port import Database, Statement
from clash.errors import ConflictError
from clash.production.removing import RemovalOptions, remove_runs
from clash.production.settling import settle_call

_TABLES = ("workflow_executions", "api_logs", "removed_runs", "removed_costs", "project_months", "batches")
_CHANGES = ("updated_at", "lease_generation")


async def rows_of(database: Database) -> list[Any]:
    """Return the rows that say what was paid, but for when they were last written."""
    tables = [await database.query(f"SELECT * FROM {table}") for table in _TABLES]
    return [[{name: row[name] for name in row if name not in _CHANGES} for row in rows] for rows in tables]


async def refused(database: Database, settings: Settings, file: Path) -> ConflictError:
    """Return the error with which a file is refused, after seeing that nothing has changed."""
    before = await rows_of(database)
    with pytest.raises(ConflictError, match="night-0") as error:
        await take_back(settings, file)
    assert await rows_of(database) == before
    assert (error.value.code, error.value.exit_code) == ("not_restorable", 5)
    assert f"clash db import {file.as_posix()}`" in (error.value.hint or "")
    return error.value


async def work(database: Database, assets: AssetStore, provider: Keyed, slots: int = 2) -> None:
    """Go on with the run: make the calls of its first slots."""
    run = await continued(database, assets)
    await all_of(await run.ledger(provider, consent=True), SLOTS[:slots])
    await ended(database, run, "failed")


async def begun(database: Database, assets: AssetStore, first: list[Act]) -> Keyed:
    """Return the provider of a run of two calls, the first of which went as told."""
    await set_batch_budget(database, "night", 100_000_000)
    (run,) = await batch_of(database, assets, 1)
    await ended(database, run, "failed")
    provider = Keyed(Bills(), work_s=0.0005, script={SLOTS[0]: first})
    await work(database, assets, provider)
    return provider


@on_both_databases
@pytest.mark.parametrize("forget", [True, False])
async def test_what_an_older_export_left_is_not_counted_twice(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path, *, forget: bool
) -> None:
    """Restored from an older export and removed again, a run of 30 cents is refused, and comes in elsewhere."""
    await paid_run(database, assets)
    settings, old, new = settings_for(database_url, assets.root), tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    await export(database_url, old)
    await work(database, assets, Keyed(Bills(), work_s=0.001), 3)
    await export(database_url, new, "night-0")
    await remove_runs(["night-0"], settings, RemovalOptions(forget_answers=forget))
    assert await take_back(settings, old) == ["imported"]
    await remove_runs(["night-0"], settings, RemovalOptions(forget_answers=forget))
    assert "stayed removed" in (await refused(database, settings, new)).message
    assert await sums_of(database) == (300_000, 0, 300_000, 0)
    elsewhere = settings_for(f"sqlite:///{(tmp_path / 'there.db').as_posix()}", assets.root)
    assert await moved(elsewhere, new) == (300_000, 0, 300_000, 0)


@on_both_databases
async def test_an_answer_that_was_forgotten_is_not_open_again(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """A call that was open in the export, and answered and forgotten since, holds no money a second time."""
    provider = await begun(database, assets, ["drop"] * 3)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    await work(database, assets, provider)
    await remove_runs(["night-0"], settings, RemovalOptions(forget_answers=True))
    assert "open in the export" in (await refused(database, settings, file)).message


async def test_a_call_that_failed_since_is_not_open_again(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """Nor does a call that failed without a charge."""
    provider = await begun(database, assets, [*["unsent"] * 3, "refuse"])
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    await work(database, assets, provider)
    await remove_runs(["night-0"], settings)
    await refused(database, settings, file)


@on_both_databases
async def test_a_call_settled_by_hand_is_not_open_again(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """Nor does a call that a person has settled."""
    await begun(database, assets, ["drop"] * 3)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    await settle_call("night-0", SLOTS[0], settings, billed=Decimal("0.03"))
    await remove_runs(["night-0"], settings)
    await refused(database, settings, file)


@pytest.mark.parametrize("change", ["- 1", "+ 1"])
async def test_sums_of_other_calls_are_not_taken_from(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path, *, change: str
) -> None:
    """Where a removal has counted as many calls as the export has, and other costs, they are not the same calls."""
    await paid_run(database, assets)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    await remove_runs(["night-0"], settings)
    await database.batch([Statement(f"UPDATE removed_costs SET cost_micro = cost_micro {change}")])
    assert "lack calls" in (await refused(database, settings, file)).message


async def comes_back(database: Database, settings: Settings, file: Path) -> bool:
    """Whether the run was imported; if it was refused, nothing has changed."""
    before = await rows_of(database)
    try:
        await take_back(settings, file)
    except ConflictError as error:
        told = error.code
    else:
        return True
    assert told in ("not_restorable", "run_differs")
    assert await rows_of(database) == before
    return False


def _script(chance: random.Random) -> dict[str, list[Act]]:
    acts: list[list[Act]] = [["refuse"], ["unsent"] * 3, ["busy"], ["drop"] * 3, []]
    return {slot: chance.choice(acts) for slot in chance.sample(SLOTS[:5], 3)}


@pytest.mark.parametrize("seed", range(8))
async def test_money_counts_once_in_any_history(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path, *, seed: int
) -> None:
    """Whatever was made, exported, removed and restored: a restoration changes no sum, or is refused."""
    chance, bills = random.Random(seed), Bills()
    settings, files = settings_for(database_url, assets.root), list[Path]()
    await set_batch_budget(database, "night", 100_000_000)
    (run,) = await batch_of(database, assets, 1)
    await ended(database, run, "failed")
    for step in range(6):
        for _ in range(chance.randint(1, 2)):
            provider = Keyed(bills, work_s=0.0005, script=_script(chance))
            await work(database, assets, provider, chance.randint(1, 5))
            if chance.random() < 0.6 or not files:
                files.append(tmp_path / f"{step}-{len(files)}.jsonl")
                await export(database_url, files[-1])
        options = RemovalOptions(forget_answers=chance.random() < 0.4, drop_unsettled=True)
        await remove_runs(["night-0"], settings, options)
        before = await sums_of(database)
        backs = [await comes_back(database, settings, file) for file in chance.sample(files, len(files))]
        after = await sums_of(database)
        assert (after, after[0] <= bills.micro <= after[0] + after[1]) == (before, True)
        if not any(backs):
            return
