"""Make the shots of a film in simulated time, and note how long it is told that they still take."""

from __future__ import annotations

import asyncio
from pathlib import Path

from filming import shot_list
from simulated import PacedProvider

from clash.assets import AssetStore
from clash.calls.content_key import kind_of
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimits
from clash.database import init_database, open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.editing.takes import Takes
from clash.local.screenwriter import write_screenplay
from clash.production.progress import Event, Progress
from clash.providers.registry import Model
from clash.story.reader import read_story
from clash.workflow.context import Format
from clash.workflow.generate_shots import ShotTasks, calls_of_shot, make_shot
from clash.workflow.publish import PublishingLedger
from clash.workflow.state import ShotTask

Told = list[tuple[float, float | None]]
"""When something was told, and the seconds that were said to be left."""


async def told_of_shots(folder: Path, provider: PacedProvider, shots: int) -> tuple[Told, float]:
    """Make a step's shots; what was told and when, and when the last one was finished."""
    loop = asyncio.get_running_loop()
    told: Told = []

    def observe(event: Event) -> None:
        told.append((loop.time(), event.remaining_s))

    url = f"sqlite:///{(folder / 'clash.db').as_posix()}"
    await init_database(url)
    story = read_story(shot_list(folder / "story.csv", shots, words=True).read_bytes(), name="story.csv")
    async with open_database(url, "write") as database:
        await AsyncMetadataTracker(database).start_workflow("run", "test")
        model = Model(provider, "any")
        assets = AssetStore(folder / "assets")
        ledger = Ledger(
            database,
            await take_lease(database, "run"),
            assets,
            {"image": model, "video": model, "speech": model},
            rate_limits=RateLimits(concurrency=None, limits={}),
        )
        progress = Progress("run", observe)
        progress.times = ledger.times
        counted = PublishingLedger(
            ledger, assets, folder / "out", made=lambda task: progress.call_made(task.step, kind_of(task.request))
        )
        progress.begin("generate_shots", shots)

        async def make(task: ShotTask) -> None:
            progress.expect("generate_shots", calls_of_shot(task, Takes()))
            await make_shot(task, counted, Format(128, 72, 8))
            progress.finish("generate_shots", task["slot"])

        await asyncio.gather(*(make(task) for task in ShotTasks(write_screenplay(story), {}, {})))
    return told, loop.time()
