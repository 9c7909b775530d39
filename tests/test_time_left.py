"""How long a step still takes, as it is told: by kind of call, and by how many are made side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from filming import shot_list
from simulated import PacedProvider, simulate

from clash.assets import AssetStore
from clash.calls.content_key import kind_of
from clash.calls.in_flight import CallTimes
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimits
from clash.database import init_database, open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.editing.takes import Takes
from clash.local.screenwriter import write_screenplay
from clash.production.progress import Event, Progress
from clash.production.time_left import seconds_left
from clash.providers.ports import Kind
from clash.providers.registry import Model
from clash.story.reader import read_story
from clash.workflow.context import Format
from clash.workflow.generate_shots import ShotTasks, calls_of_shot, make_shot
from clash.workflow.publish import PublishingLedger
from clash.workflow.state import ShotTask

SHOTS = 20
SECONDS: dict[Kind, float] = {"image": 10.0, "video": 30.0, "speech": 5.0}


async def _told(folder: Path, at_once: int) -> tuple[list[tuple[float, float | None]], float]:
    """Make a step's shots in simulated time; what was told and when, and when the last one was finished."""
    loop = asyncio.get_running_loop()
    provider = PacedProvider(SECONDS, at_once)
    told: list[tuple[float, float | None]] = []

    def observe(event: Event) -> None:
        told.append((loop.time(), event.remaining_s))

    url = f"sqlite:///{(folder / 'clash.db').as_posix()}"
    await init_database(url)
    story = read_story(shot_list(folder / "story.csv", SHOTS, words=True).read_bytes(), name="story.csv")
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
        progress.begin("generate_shots", SHOTS)

        async def make(task: ShotTask) -> None:
            progress.expect("generate_shots", calls_of_shot(task, Takes()))
            await make_shot(task, counted, Format(128, 72, 8))
            progress.finish("generate_shots", task["slot"])

        await asyncio.gather(*(make(task) for task in ShotTasks(write_screenplay(story), {}, {})))
    return told, loop.time()


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_the_time_left_is_told_within_30_percent(tmp_path: Path, at_once: int) -> None:
    """From the first finished shot on, a tenth to a fifth of the step, and to within one call at its end."""
    told, end = simulate(_told(tmp_path, at_once))
    estimates = [(at, remaining) for at, remaining in told if remaining is not None]
    assert len(estimates) == SHOTS
    assert estimates[0][0] <= 2 * at_once / SHOTS * end
    assert estimates[-1][1] == 0
    for at, remaining in estimates[:-1]:
        assert remaining == pytest.approx(end - at, rel=0.3, abs=max(SECONDS.values())), (at, end)
    for at, remaining in estimates[: SHOTS // 2]:
        assert remaining == pytest.approx(end - at, rel=0.3), (at, end)


@pytest.mark.parametrize(
    ("left", "times", "seconds"),
    [
        ({}, CallTimes(), 0.0),
        ({"image": 3}, CallTimes(), None),
        # A kind of which none has ended may take any time.
        ({"image": 3, "video": 3}, CallTimes({"image": (1, 2.0)}, {}, 2.0), None),
        # Ten calls of two seconds, one at a time.
        ({"image": 10}, CallTimes({"image": (5, 10.0)}, {}, 10.0), 20.0),
        # The same, five at a time.
        ({"image": 10}, CallTimes({"image": (5, 10.0)}, {}, 2.0), 4.0),
        # The last one is half made.
        ({"video": 1}, CallTimes({"video": (9, 90.0)}, {"video": (5.0,)}, 23.75), 5.0),
        # One that takes longer than usual ends at any moment.
        ({"video": 1}, CallTimes({"video": (9, 90.0)}, {"video": (25.0,)}, 115.0), 0.0),
        # However many are made at once, none is shorter for it.
        ({"video": 2}, CallTimes({"video": (9, 90.0)}, {}, 10.0), 10.0),
    ],
)
def test_the_seconds_left_of_calls(left: dict[Kind, int], times: CallTimes, seconds: float | None) -> None:
    """What is left of each kind, at its own pace, shared among those made side by side."""
    assert seconds_left(left, times) == (seconds if seconds is None else pytest.approx(seconds))
