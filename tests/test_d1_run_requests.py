"""How many requests to D1 a run waits for where no call is under way: at its beginning and at its end."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import RUN, on_both_databases, on_d1
from filming import PLUGINS, shot_list
from graphs import fan_out_graph

from clash import RunRequest, init_database, run
from clash.config import Settings
from clash.database.checkpointer import run_saver
from clash.database.lease import Lease, release_lease, take_lease, take_run
from clash.database.metadata import AsyncMetadataTracker
from clash.database.migrations import migrate
from clash.database.port import Database
from clash.database.reading import run_row
from clash.errors import ConflictError
from clash.production.progress import Event

MODELS = {"image": "metered:illustrator", "video": "stock:cinematographer"}
MOST_BEFORE, MOST_AFTER = 18, 6
"""Before the first call is sent, and from the beginning of the cut to the end: each takes about 150 ms."""


@on_d1
async def test_a_new_run_begins_and_ends_in_few_requests(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a budget or without: what is read together shares a request, and of a new run nothing is read."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METER", str(tmp_path / "meter"))
    init_database(database_url)
    settings = Settings(_env_file=None, DATABASE_URL=database_url)
    story = shot_list(tmp_path / "story.csv", 2)
    seen: list[tuple[str, int]] = []

    def observe(event: Event) -> None:
        sent = sum(record.name == "httpx" for record in caplog.records)
        seen.append((event.call.state if event.call is not None else f"{event.kind} {event.step}", sent))

    for thread_id, budget in (("first", None), ("second", Decimal(5))):
        seen.clear()
        caplog.clear()
        with caplog.at_level(logging.INFO, "httpx"):
            request = RunRequest(str(story), thread_id=thread_id, models=MODELS, budget=budget, reuse=False)
            report = await run(request, settings, observe=observe)
            ended = sum(record.name == "httpx" for record in caplog.records)
        assert report.exit_code == 0, report.document.error
        before = next(sent for what, sent in seen if what == "reserved")
        after = ended - next(sent for what, sent in seen if what == "step_started finalize")
        print(f"\n{thread_id}: {before} requests before the first call, {after} for the end, {ended} in all")
        assert before <= MOST_BEFORE
        assert after <= MOST_AFTER


@on_both_databases
async def test_a_new_run_is_taken_as_new_once(database: Database) -> None:
    """By the process that has begun it, as long as no other has held it; the row is the one of that moment."""
    await migrate(database)
    await AsyncMetadataTracker(database).start_workflow("film", "video_production")
    read = await run_row(database, "film")
    lease, row = await take_run(database, read, is_new=True)
    assert lease.of_new_run
    assert row is not None
    assert (row["lease_generation"], row["lease_owner"]) == (1, lease.owner)
    await release_lease(database, lease)
    again, row = await take_run(database, await run_row(database, "film"), is_new=True)
    assert (again.of_new_run, again.generation) == (False, 2)
    assert row is not None
    await release_lease(database, again)


@on_both_databases
async def test_a_run_that_changed_since_it_was_read_is_read_again(database: Database) -> None:
    """Another process has held it meanwhile; one that holds it still is named."""
    await migrate(database)
    await AsyncMetadataTracker(database).start_workflow("film", "video_production")
    read = await run_row(database, "film")
    await release_lease(database, await take_lease(database, "film"))
    lease, row = await take_run(database, read, is_new=True)
    assert (lease.generation, lease.of_new_run, row) == (2, False, None)
    with pytest.raises(ConflictError, match="is being written by process"):
        await take_run(database, read)


@on_both_databases
async def test_what_a_new_run_has_saved_is_found(database: Database, lease: Lease) -> None:
    """By the saver that saved it, and by another one of the same process."""
    config = {"configurable": {"thread_id": RUN}}
    lease.of_new_run = True
    async with run_saver(database, lease) as saver:
        assert await saver.aget_tuple(config) is None
        await fan_out_graph(saver).ainvoke({}, config)
        saved = await saver.aget_tuple(config)
    async with run_saver(database, lease) as saver:
        found = await saver.aget_tuple(config)
    assert saved is not None
    assert found is not None
    assert found.checkpoint["id"] == saved.checkpoint["id"]
