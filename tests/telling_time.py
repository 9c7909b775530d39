"""Make the shots of a film in simulated time, and note how long it is told that they still take."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simulated import PacedProvider
from simulated_shots import simulated_shots

from clash.calls.content_key import kind_of
from clash.editing.takes import Takes
from clash.production.progress import Event, Progress
from clash.workflow.context import Format
from clash.workflow.generate_shots import calls_of_shot, make_shot
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

    async with simulated_shots(folder, provider, shots) as (ledger, assets, tasks):
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

        await asyncio.gather(*(make(task) for task in tasks))
    return told, loop.time()
