"""Commands that take the name of a batch: all runs of it are removed, and a name in the wrong place is understood."""

from __future__ import annotations

import pytest
from conftest import on_both_databases
from moving import settings_for
from test_batch_budget import batch_of

from clash.assets import AssetStore
from clash.config import Settings
from clash.database.batches import RunOfBatch, runs_of_batch, set_batch_budget
from clash.database.lease import release_lease
from clash.database.port import Database, Statement
from clash.errors import NotFoundError, UsageError
from clash.production.removing import remove_runs
from clash.reports.costs import cost


async def completed_batch(database: Database, assets: AssetStore, url: str) -> Settings:
    """Have two completed runs of the batch `night`; return the settings of their database."""
    await set_batch_budget(database, "night", 1_000_000)
    for run in await batch_of(database, assets, 2):
        await release_lease(database, run.lease)
    told = "status = 'completed', story_path = 'a.csv', story_title = 'A'"
    await database.batch([Statement(f"UPDATE workflow_executions SET {told}")])
    return settings_for(url, assets.root)


@on_both_databases
async def test_a_batch_is_removed_whole(database: Database, database_url: str, assets: AssetStore) -> None:
    """A dry run names its runs, and removes none; after it the batch has no runs."""
    settings = await completed_batch(database, assets, database_url)
    assert await runs_of_batch(database, "night") == [
        RunOfBatch("night-0", "a.csv", "A"),
        RunOfBatch("night-1", "a.csv", "A"),
    ]
    for dry_run in (True, False):
        done = await remove_runs((), settings, batch="night", dry_run=dry_run)
        assert [item.thread_id for item in done.items] == ["night-0", "night-1"]
    assert await runs_of_batch(database, "night") == []
    with pytest.raises(NotFoundError, match="the batch night has no runs"):
        await remove_runs((), settings, batch="night")


async def test_hints_say_what_to_type(database: Database, database_url: str, assets: AssetStore) -> None:
    """A batch in the place of a run, one unknown run of several, and a pattern."""
    settings = await completed_batch(database, assets, database_url)
    with pytest.raises(NotFoundError) as batch:
        await remove_runs(["night"], settings)
    assert "`clash runs rm --batch night`" in (batch.value.hint or "")
    with pytest.raises(NotFoundError, match="nobody") as unknown:
        await remove_runs(["night-0", "nobody", "night-1"], settings)
    assert "`clash runs rm night-0 night-1`" in (unknown.value.hint or "")
    assert len(await runs_of_batch(database, "night")) == 2
    with pytest.raises(UsageError, match=r"'night-\*' is a pattern") as pattern:
        await remove_runs(["night-*"], settings)
    assert "--batch NAME" in (pattern.value.hint or "")
    with pytest.raises(NotFoundError) as summed:
        await cost(settings, "night")
    assert "`clash cost --batch night`" in (summed.value.hint or "")
