"""What a report asks of D1: one request, however many runs there are, for each takes as long as a whole report here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from conftest import RUN, on_both_databases, on_d1
from graphs import fan_out_graph

from clash.config import Settings
from clash.database.call_log import insert_asset
from clash.database.checkpointer import run_saver
from clash.database.lease import Lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database
from clash.database.rows import NewAsset
from clash.reports.checkpoints import list_checkpoints, show_checkpoint
from clash.reports.costs import cost
from clash.reports.database import database_status
from clash.reports.diffs import diff_runs
from clash.reports.files import list_assets
from clash.reports.run_list import list_runs
from clash.reports.runs import show_run

REPORTS: dict[str, tuple[Callable[[Settings], Awaitable[dict[str, Any]]], int]] = {
    "runs ls": (list_runs, 1),
    "runs ls --limit": (lambda settings: list_runs(settings, status="running", limit=3), 1),
    "runs show": (lambda settings: show_run(settings, RUN), 1),
    "runs diff": (lambda settings: diff_runs(RUN, RUN, settings), 1),
    "cost": (cost, 1),
    "cost RUN": (lambda settings: cost(settings, RUN, calls=True), 1),
    "assets ls": (lambda settings: list_assets(settings, RUN), 1),
    "checkpoints ls": (lambda settings: list_checkpoints(settings, RUN), 1),
    # Which is the newest is the first question.
    "checkpoints show": (lambda settings: show_checkpoint(settings, RUN), 2),
    "db status": (database_status, 1),
}
"""By command: the report, and the requests for it."""


def settings_for(database_url: str) -> Settings:
    return Settings(_env_file=None, DATABASE_URL=database_url)


async def run_with_files(database: Database, run_id: str, done: int) -> None:
    """A run of two steps, of which this many are done."""
    tracker = AsyncMetadataTracker(database)
    await tracker.start_workflow(run_id, "video_production", story_path=f"{run_id}.csv")
    lease = await take_lease(database, run_id)
    for step, slots in (("generate_assets", ["mara"]), ("generate_shots", ["001", "002"])):
        await tracker.set_step_total(lease, step, len(slots))
    made = [("generate_assets", "mara"), ("generate_shots", "001"), ("generate_shots", "002")][: [0, 1, 3][done]]
    for step, slot in made:
        row = NewAsset(step, slot, "shot", "video/mp4", "0" * 64, "00/0", 1, {}, 0, "2026-11-23T12:00:00.000Z")
        await database.batch([insert_asset(lease, row)])


@on_both_databases
async def test_each_run_of_a_list_has_its_own_count_of_steps(database: Database, database_url: str) -> None:
    """Counted for all runs at once, and told of each: whatever part of the list is asked for."""
    for number in range(6):
        await run_with_files(database, f"run-{number}", number % 3)
    settings = settings_for(database_url)
    for limit in (None, 2):
        items = (await list_runs(settings, limit=limit))["items"]
        assert len(items) == (limit or 6)
        for item in items:
            assert item["steps_done"] == int(item["thread_id"][-1]) % 3
    assert (await list_runs(settings, status="failed"))["items"] == []


@on_d1
@pytest.mark.parametrize("runs", [1, 30])
async def test_a_report_takes_one_request(
    database: Database, lease: Lease, database_url: str, caplog: pytest.LogCaptureFixture, runs: int
) -> None:
    """With one run or with thirty: what a report needs is read together, the check of the schema included."""
    tracker = AsyncMetadataTracker(database)
    await asyncio.gather(*(tracker.start_workflow(f"other-{number}", "video_production") for number in range(1, runs)))
    async with run_saver(database, lease) as saver:
        await fan_out_graph(saver).ainvoke({}, {"configurable": {"thread_id": RUN}})
    settings = settings_for(database_url)
    requests: dict[str, int] = {}
    for name, (report, _) in REPORTS.items():
        caplog.clear()
        with caplog.at_level(logging.INFO, "httpx"):
            document = await report(settings)
        requests[name] = sum(record.name == "httpx" for record in caplog.records)
        if name == "runs ls":
            assert len(document["items"]) == runs
    assert requests == {name: most for name, (_, most) in REPORTS.items()}
