"""A removed run that is imported again is there again, and its money counts once, however it was removed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from moving import export, settings_for
from paid import Bills, Keyed, OneShot, PaidRun, all_of
from test_batch_budget import SLOTS, batch_of
from test_removed_batches import sums_of

from clash.assets import AssetStore
from clash.calls.spec import CallResult
from clash.config import Settings
from clash.database import init_database
from clash.database.batches import set_batch_budget
from clash.database.connection import open_database
from clash.database.lease import release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Statement
from clash.database.transfer import writing
from clash.errors import ConflictError
from clash.production.removing import RemovalOptions, remove_runs
from clash.transfer.use_cases import import_runs

_CALLS = "SELECT run_id, slot, token, state, cost_micro, asset_sha256 FROM api_logs ORDER BY token"
_REMAINS = ("removed_runs", "removed_costs", "kept_files")


class _Died(Exception):
    """The process has ended in the middle of it."""


async def paid_run(database: Database, assets: AssetStore, slots: int = 2) -> PaidRun:
    """A completed run of the batch `night` that has paid a dime for each slot."""
    await set_batch_budget(database, "night", 1_000_000)
    (run,) = await batch_of(database, assets, 1)
    await all_of(await run.ledger(OneShot(Bills(), work_s=0.001)), SLOTS[:slots])
    await ended(database, run)
    return run


async def ended(database: Database, run: PaidRun, status: str = "completed") -> None:
    """End a run and release it."""
    await release_lease(database, run.lease)
    await database.batch([Statement("UPDATE workflow_executions SET status = ? WHERE run_id = 'night-0'", (status,))])


async def continued(database: Database, assets: AssetStore) -> PaidRun:
    """Hold the run `night-0`."""
    return PaidRun(database, assets, "night-0", await take_lease(database, "night-0"))


async def take_back(settings: Settings, file: Path) -> list[str]:
    """Import a file with the runs that were removed; return how each went."""
    return [item.result for item in (await import_runs(settings, file, restore_removed=True)).items]


async def counts(database: Database, *tables: str) -> list[int]:
    """How many rows these tables have."""
    return [int((await database.query(f"SELECT count(*) AS n FROM {table}"))[0]["n"]) for table in tables]


@on_both_databases
@pytest.mark.parametrize(("rows_at_once", "forget"), [(200, True), (1, False)], ids=["forgotten", "kept, in parts"])
async def test_a_removed_run_comes_back(
    database: Database,
    database_url: str,
    assets: AssetStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    rows_at_once: int,
    forget: bool,
) -> None:
    """Its rows are those that were exported, nothing stays of the removal, and it can be removed and restored again."""
    await paid_run(database, assets)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    calls, before = await database.query(_CALLS), await sums_of(database)
    monkeypatch.setattr(writing, "_SMALL_ROWS", rows_at_once)
    for _ in range(2):
        await remove_runs(["night-0"], settings, RemovalOptions(forget_answers=forget, keep_film=True))
        assert [item.result for item in (await import_runs(settings, file)).items] == ["removed"]
        assert await take_back(settings, file) == ["imported"]
        assert await database.query(_CALLS) == calls
        assert await sums_of(database) == before == (200_000, 0, 200_000, 0)
        assert await counts(database, *_REMAINS) == [0, 0, 0]
        assert await take_back(settings, file) == ["already_there"]


@on_both_databases
@pytest.mark.parametrize(("rows_at_once", "forget"), [(200, True), (1, False)], ids=["forgotten", "kept, in parts"])
async def test_what_was_paid_after_the_export_counts_too(
    database: Database,
    database_url: str,
    assets: AssetStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    rows_at_once: int,
    forget: bool,
) -> None:
    """A run that paid for a third call since its export costs 30 cents as before; a kept answer is not paid again."""
    run = await paid_run(database, assets)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    bills = Bills()
    run = await continued(database, assets)
    await all_of(await run.ledger(OneShot(bills, work_s=0.001)), SLOTS[:3])
    await ended(database, run)
    assert bills.micro == 100_000
    await remove_runs(["night-0"], settings, RemovalOptions(forget_answers=forget))
    monkeypatch.setattr(writing, "_SMALL_ROWS", rows_at_once)
    for _ in range(2):
        assert await take_back(settings, file) in (["imported"], ["already_there"])
        assert await sums_of(database) == (300_000, 0, 300_000, 0)
    run = await continued(database, assets)
    results = await all_of(await run.ledger(OneShot(bills, work_s=0.001), reuse=True), SLOTS[:3])
    await ended(database, run)
    assert all(isinstance(result, CallResult) for result in results), results
    assert bills.micro == (200_000 if forget else 100_000)
    spent = 400_000 if forget else 300_000
    assert await sums_of(database) == (spent, 0, spent, 0)
    there = tmp_path / "all.jsonl"
    await export(database_url, there)
    elsewhere = settings_for(f"sqlite:///{(tmp_path / 'there.db').as_posix()}", assets.root)
    assert await moved(elsewhere, there) == (spent, 0, spent, 0)


async def moved(settings: Settings, file: Path) -> tuple[int, int, int, int]:
    """Import a file into a new database; return the sums there."""
    await init_database(settings.database_url)
    await import_runs(settings, file)
    async with open_database(settings.database_url, "read") as other:
        return await sums_of(other)


@on_both_databases
async def test_a_call_given_up_is_open_again(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """What a removal had held as perhaps paid is held by the run's own call, once."""
    await set_batch_budget(database, "night", 1_000_000)
    (run,) = await batch_of(database, assets, 1)
    await all_of(await run.ledger(Keyed(Bills(), script={SLOTS[0]: ["drop"] * 3})), SLOTS[:2])
    await ended(database, run, "failed")
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    await remove_runs(["night-0"], settings, RemovalOptions(drop_unsettled=True))
    assert await take_back(settings, file) == ["imported"]
    assert await sums_of(database) == (100_000,) * 4
    assert await counts(database, *_REMAINS) == [0, 0, 0]


@pytest.mark.parametrize("batches", range(1, 12))
async def test_a_restoration_that_dies_is_repeated(
    database: Database,
    database_url: str,
    assets: AssetStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    batches: int,
) -> None:
    """Whatever was written before it died: the sums are right, answers are found, and the next import restores it."""
    await paid_run(database, assets)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    await remove_runs(["night-0"], settings)
    monkeypatch.setattr(writing, "_SMALL_ROWS", 1)
    monkeypatch.setattr(writing, "_BATCH_STATEMENTS", 1)
    with monkeypatch.context() as dying:
        left = iter([True] * batches)

        async def batch(self: Any, statements: Any) -> Any:
            if not next(left, False):
                raise _Died
            return await whole(self, statements)

        whole = type(database).batch
        dying.setattr(type(database), "batch", batch)
        with suppress(_Died):
            await take_back(settings, file)
    assert await sums_of(database) == (200_000, 0, 200_000, 0)
    await AsyncMetadataTracker(database).start_workflow("other", "video_production")
    other = PaidRun(database, assets, "other", await take_lease(database, "other"))
    bills = Bills()
    await all_of(await other.ledger(OneShot(bills, work_s=0.001), reuse=True), SLOTS[:2])
    assert bills.micro == 0, "kept answers are found whatever an import has written"
    await release_lease(database, other.lease)
    assert await take_back(settings, file) in (["imported"], ["already_there"])
    assert await sums_of(database) == (200_000, 0, 200_000, 0)
    assert await counts(database, *_REMAINS) == [0, 0, 0]
    assert not [row for row in await database.query(_CALLS) if row["token"].startswith("kept:")]


@on_both_databases
async def test_a_call_that_was_answered_since_is_answered(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """A call that was open in the export, and was answered before the removal, costs once and is not open again."""
    await set_batch_budget(database, "night", 1_000_000)
    (run,) = await batch_of(database, assets, 1)
    provider = Keyed(Bills(), script={SLOTS[0]: ["drop"] * 3})
    await all_of(await run.ledger(provider), SLOTS[:2])
    await ended(database, run, "failed")
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    run = await continued(database, assets)
    await all_of(await run.ledger(provider), SLOTS[:2])
    await ended(database, run)
    calls = await database.query(_CALLS)
    assert {call["state"] for call in calls} == {"succeeded"}
    await remove_runs(["night-0"], settings)
    assert await take_back(settings, file) == ["imported"]
    assert await database.query(_CALLS) == calls
    assert await sums_of(database) == (200_000, 0, 200_000, 0)
    assert await counts(database, *_REMAINS) == [0, 0, 0]


async def test_an_interrupted_removal_is_finished_first(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a removal has left are not in the way."""
    await paid_run(database, assets)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    with monkeypatch.context() as dying:

        async def dies(*_: object) -> None:
            raise _Died

        dying.setattr("clash.production.removing.removal.delete_rows", dies)
        with pytest.raises(_Died):
            await remove_runs(["night-0"], settings)
    assert await take_back(settings, file) == ["imported"]
    assert await counts(database, *_REMAINS) == [0, 0, 0]


async def test_another_run_of_that_id_is_not_overwritten(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """A run that has got the id since is named, and nothing changes."""
    await paid_run(database, assets)
    settings, file = settings_for(database_url, assets.root), tmp_path / "run.jsonl"
    await export(database_url, file)
    await remove_runs(["night-0"], settings)
    (run,) = await batch_of(database, assets, 1)
    await ended(database, run)
    with pytest.raises(ConflictError, match="night-0"):
        await take_back(settings, file)
    assert (await counts(database, "removed_runs")) == [1]
