"""What a removed run has spent stays in the sums of its batch and its project, once, wherever it is moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import on_both_databases
from moving import settings_for
from paid import Bills, Keyed, OneShot, all_of
from test_batch_budget import SLOTS, batch_of

from clash.assets import AssetStore
from clash.database import init_database
from clash.database.batches import find_batch, set_batch_budget
from clash.database.connection import open_database
from clash.database.lease import release_lease
from clash.database.port import Database, Statement
from clash.database.transfer import writing
from clash.production.removing import RemovalOptions, remove_runs
from clash.transfer.use_cases import export_runs, import_runs

OF_MONTH = "SELECT sum(spent_micro) AS spent, sum(reserved_micro) AS reserved FROM project_months"
SPENT = (600_000, 0, 600_000, 0)


async def sums_of(database: Database) -> tuple[int, int, int, int]:
    """What the batch `night`, and the project's months, have spent and reserved."""
    batch = await find_batch(database, "night")
    assert batch is not None
    (month,) = await database.query(OF_MONTH)
    return batch.spent_micro, batch.reserved_micro, int(month["spent"]), int(month["reserved"])


@on_both_databases
async def test_a_removed_run_counts_once(
    database: Database,
    database_url: str,
    assets: AssetStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three runs of 20 cents, two removed: 60 cents are spent, here and where all are imported."""
    await set_batch_budget(database, "night", 1_000_000)
    for run in await batch_of(database, assets, 3):
        slots = [f"{run.run_id}-{slot}" for slot in SLOTS[:2]]
        await all_of(await run.ledger(OneShot(Bills(), work_s=0.001)), slots)
        await release_lease(database, run.lease)
    await database.batch([Statement("UPDATE workflow_executions SET status = 'completed'")])
    settings = settings_for(database_url, assets.root)
    assert await sums_of(database) == SPENT
    await remove_runs(["night-0"], settings)
    await remove_runs(["night-1"], settings, RemovalOptions(forget_answers=True))
    assert await sums_of(database) == SPENT
    there = f"sqlite:///{(tmp_path / 'there.db').as_posix()}"
    await init_database(there)
    monkeypatch.setattr(writing, "_SMALL_ROWS", 4)  # all but the forgotten one are imported in parts
    await export_runs(settings, tmp_path / "runs.jsonl")
    await import_runs(settings_for(there, assets.root), tmp_path / "runs.jsonl")
    async with open_database(there, "read") as other:
        assert await sums_of(other) == SPENT


@on_both_databases
async def test_a_run_of_the_audit_is_removed(database: Database, database_url: str, assets: AssetStore) -> None:
    """What people did with a run on a board with accounts stays in the audit, under the id that the run had."""
    (run,) = await batch_of(database, assets, 1)
    await release_lease(database, run.lease)
    await database.batch(
        [
            Statement("UPDATE workflow_executions SET status = 'completed'"),
            Statement(
                "INSERT INTO access_audit (at, action, run_id) VALUES ('2026-11-27', 'retake', ?)", (run.run_id,)
            ),
        ]
    )
    await remove_runs([run.run_id], settings_for(database_url, assets.root))
    rows = await database.query("SELECT run_id FROM access_audit")
    assert [row["run_id"] for row in rows] == [run.run_id]


@on_both_databases
async def test_what_may_have_been_paid_stays_reserved(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path
) -> None:
    """A call that nobody can settle any more counts as perhaps paid: for the batch, the project, and where it moves."""
    await set_batch_budget(database, "night", 1_000_000)
    (run,) = await batch_of(database, assets, 1)
    await all_of(await run.ledger(Keyed(Bills(), script={SLOTS[0]: ["drop"] * 3})), SLOTS[:2])
    await release_lease(database, run.lease)
    await database.batch([Statement("UPDATE workflow_executions SET status = 'failed'")])
    settings = settings_for(database_url, assets.root)
    assert await sums_of(database) == (100_000,) * 4
    await remove_runs([run.run_id], settings, RemovalOptions(drop_unsettled=True))
    assert await sums_of(database) == (100_000,) * 4
    there = f"sqlite:///{(tmp_path / 'there.db').as_posix()}"
    await init_database(there)
    await export_runs(settings, tmp_path / "runs.jsonl")
    await import_runs(settings_for(there, assets.root), tmp_path / "runs.jsonl")
    async with open_database(there, "read") as other:
        assert await sums_of(other) == (100_000,) * 4


@on_both_databases
@pytest.mark.parametrize("forget", [False, True])
async def test_a_run_counts_once_in_any_order_of_moves(
    database: Database, database_url: str, assets: AssetStore, tmp_path: Path, *, forget: bool
) -> None:
    """Exports from before and after its removal may be imported in any order, also where it was removed, too."""
    await set_batch_budget(database, "night", 1_000_000)
    (run,) = await batch_of(database, assets, 1)
    await all_of(await run.ledger(OneShot(Bills(), work_s=0.001)), SLOTS[:2])
    await release_lease(database, run.lease)
    await database.batch([Statement("UPDATE workflow_executions SET status = 'completed'")])
    here = settings_for(database_url, assets.root)
    other = settings_for(f"sqlite:///{(tmp_path / 'other.db').as_posix()}", assets.root)
    third = settings_for(f"sqlite:///{(tmp_path / 'third.db').as_posix()}", assets.root)
    before, after, elsewhere = (tmp_path / f"{name}.jsonl" for name in ("before", "after", "elsewhere"))
    await export_runs(here, before)
    await remove_runs([run.run_id], here, RemovalOptions(forget_answers=forget))
    await export_runs(here, after)
    for settings in (other, third):
        await init_database(settings.database_url)
    moves = [(here, before), (other, before), (other, after), (third, after), (third, before)]
    results = [[item.result for item in (await import_runs(*move)).items] for move in moves]
    assert results == [["removed"], ["imported"], [], [], ["removed"]]
    await remove_runs([run.run_id], other)
    await export_runs(other, elsewhere)
    for settings, file in ((other, after), (here, elsewhere), (third, elsewhere)):
        await import_runs(settings, file)
    for settings in (here, other, third):
        async with open_database(settings.database_url, "read") as opened:
            assert await sums_of(opened) == (200_000, 0, 200_000, 0), settings.database_url
