"""The executor of one process: what it does when the database does not answer while runs are under way."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clash.config import Settings
from clash.database import ainit_database
from clash.database.connection import open_database
from clash.database.lease import Lease, release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Statement
from clash.errors import DatabaseError
from clash.production import batch_executors
from clash.production.batch_executors import LOOK_ON_D1_S, LocalExecutor, Work, look_after
from clash.production.batch_plan import BatchRequest, BatchStory
from clash.production.batch_run import StoryResult
from clash.production.batching import batch
from clash.production.opened import Opened
from clash.production.progress import ignore
from clash.production.stopping import StopSignal
from clash.providers.registry import Registry


async def test_a_look_that_fails_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run is held elsewhere, and to ask for it fails: the run under way is made to its end, and then the other."""
    url = f"sqlite:///{tmp_path}/c.db"
    settings = Settings(**{"DATABASE_URL": url, "ASSET_STORE": f"file://{tmp_path}/assets"})
    await ainit_database(url)
    asked, begun = asyncio.Event(), list[str]()
    free_among = batch_executors.free_among

    async def film(story: BatchStory, **_: Any) -> StoryResult:
        begun.append(story.thread_id)
        if begun == ["held"]:
            return StoryResult(story, "held", 5)
        if story.thread_id == "paid":
            await asked.wait()
        return StoryResult(story, "completed", 0)

    async def fails_once(*arguments: Any) -> list[BatchStory]:
        if not asked.is_set():
            asked.set()
            raise DatabaseError("the database does not answer")
        return await free_among(*arguments)

    monkeypatch.setattr(batch_executors, "film_one_story", film)
    monkeypatch.setattr(batch_executors, "free_among", fails_once)
    monkeypatch.setattr(batch_executors, "LOOK_S", 0.0)
    told: dict[str, str] = {}
    async with open_database(url, "write") as database:
        opened = Opened(settings, database, Registry(settings))
        executor = LocalExecutor(Work(BatchRequest(), opened, ignore, StopSignal()))
        stories = [BatchStory("held"), BatchStory("paid")]
        await executor.film(stories, lambda result: told.update({result.story.thread_id: result.status}))
    assert (told, begun) == ({"paid": "completed", "held": "completed"}, ["held", "paid", "held"])


async def test_looks_that_all_fail_lose_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of another process that cannot be asked about is told as failed, after what has ended here."""
    url = f"sqlite:///{tmp_path}/c.db"
    settings = Settings(**{"DATABASE_URL": url, "ASSET_STORE": f"file://{tmp_path}/assets"})
    await ainit_database(url)
    looks = list[str]()

    async def film(story: BatchStory, **_: Any) -> StoryResult:
        return StoryResult(story, *(("held", 5) if story.thread_id == "held" else ("completed", 0)))

    async def fails(*_: Any) -> list[BatchStory]:
        looks.append("failed")
        raise DatabaseError("the database does not answer")

    monkeypatch.setattr(batch_executors, "film_one_story", film)
    monkeypatch.setattr(batch_executors, "free_among", fails)
    monkeypatch.setattr(batch_executors, "LOOK_S", 0.0)
    monkeypatch.setattr(batch_executors, "_TICK_S", 0.001)
    told: dict[str, tuple[str, int]] = {}
    async with open_database(url, "write") as database:
        executor = LocalExecutor(
            Work(BatchRequest(), Opened(settings, database, Registry(settings)), ignore, StopSignal())
        )
        stories = [BatchStory("held"), BatchStory("paid")]
        await executor.film(stories, lambda one: told.update({one.story.thread_id: (one.status, one.exit_code)}))
    assert told == {"paid": ("completed", 0), "held": ("failed", 1)}
    assert len(looks) > 1


async def test_what_others_have_taken_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of forty stories others make twenty and have made ten: this process meets them once, and makes the rest."""
    url = f"sqlite:///{tmp_path}/c.db"
    settings = Settings(**{"DATABASE_URL": url, "ASSET_STORE": f"file://{tmp_path}/assets"})
    await ainit_database(url)
    names = [f"n-{number:02d}" for number in range(40)]
    theirs, made = names[:20], names[20:30]
    begun = list[str]()
    async with open_database(url, "write") as database:
        leases = dict[str, Lease]()
        for name in (*theirs, *made):
            await AsyncMetadataTracker(database).start_workflow(name, "video_production")
        for name in theirs:
            leases[name] = await take_lease(database, name)
        completed = "UPDATE workflow_executions SET status = 'completed' WHERE run_id = ?"
        await database.batch([Statement(completed, (name,)) for name in made])

        async def film(story: BatchStory, **_: Any) -> StoryResult:
            begun.append(story.thread_id)
            if story.thread_id not in leases:
                return StoryResult(story, "completed", 0)
            return StoryResult(story, "held", 5)

        monkeypatch.setattr(batch_executors, "film_one_story", film)
        monkeypatch.setattr(batch_executors, "LOOK_S", 0.0)
        monkeypatch.setattr(batch_executors, "_TICK_S", 0.001)
        told: dict[str, str] = {}
        opened = Opened(settings, database, Registry(settings))
        executor = LocalExecutor(Work(BatchRequest(jobs=1), opened, ignore, StopSignal()))

        ending = list[asyncio.Task[None]]()

        async def end_theirs() -> None:
            for name in theirs:
                await database.batch([Statement(completed, (name,))])
                await release_lease(database, leases[name])

        def tell(result: StoryResult) -> None:
            told[result.story.thread_id] = result.status
            if len(told) == len(names) - len(theirs):
                ending.append(asyncio.create_task(end_theirs()))

        await executor.film([BatchStory(name) for name in names], tell)
    assert begun[0] == "n-00"
    assert sorted(begun[1:]) == names[30:]
    assert told == {**dict.fromkeys(theirs + made, "already_completed"), **dict.fromkeys(names[30:], "completed")}


async def test_a_batch_whose_sums_fail_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document has the runs and what they cost, the exit code is theirs, and a warning says what is missing."""
    url, story = f"sqlite:///{tmp_path}/c.db", tmp_path / "story.csv"
    settings = Settings(**{"DATABASE_URL": url, "ASSET_STORE": f"file://{tmp_path}/assets"})
    story.write_text("scene,action\n1,Mara waits\n")
    await ainit_database(url)

    async def film(story: BatchStory, *, opened: Opened, **_: Any) -> StoryResult:
        await opened.database.batch([Statement("ALTER TABLE batches RENAME TO gone")])
        return StoryResult(story, "completed", 0, cost_usd="0.250000")

    monkeypatch.setattr(batch_executors, "film_one_story", film)
    report = await batch(BatchRequest(stories=(str(story),), name="night", budget=Decimal(2)), settings)
    document = report.document
    assert (report.exit_code, document.status, [run.status for run in document.runs]) == (0, "completed", ["completed"])
    assert (document.cost.total_usd, document.cost.budget_usd) == ("0.250000", "2.000000")
    assert "the sums of the batch could not be read" in document.warnings[0]


def test_an_idle_process_looks_often_at_first() -> None:
    """Of a film that another process ends, it hears at most a quarter of the wait late; D1 is asked seldom."""
    for ends_s in (1.0, 10.0, 60.0):
        now, looks, asked = 0.0, 9, 0
        while now < ends_s:
            now += look_after(looks, now, LOOK_ON_D1_S)
            asked += 1
        assert now - ends_s <= 2 + ends_s / 4
        assert asked <= 15
    assert look_after(9, None, LOOK_ON_D1_S) == look_after(9, 1000.0, LOOK_ON_D1_S) == LOOK_ON_D1_S
