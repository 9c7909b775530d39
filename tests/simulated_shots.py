"""The ledger, the store and the shots of a film whose calls take simulated time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from filming import shot_list
from simulated import PacedProvider

from clash.assets import AssetStore
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimits
from clash.database import init_database, open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.local.screenwriter import write_screenplay
from clash.providers.registry import Model
from clash.story.reader import read_story
from clash.workflow.generate_shots import ShotTasks


class SimulatedShots(NamedTuple):
    """What makes the shots of a film, and the shots that are to be made."""

    ledger: Ledger
    assets: AssetStore
    tasks: ShotTasks


@asynccontextmanager
async def simulated_shots(
    folder: Path, provider: PacedProvider, shots: int, budget: Decimal | None = None
) -> AsyncGenerator[SimulatedShots]:
    """Begin a run of so many shots, each with words."""
    url = f"sqlite:///{(folder / 'clash.db').as_posix()}"
    await init_database(url)
    story = read_story(shot_list(folder / "story.csv", shots, words=True).read_bytes(), name="story.csv")
    async with open_database(url, "write") as database:
        await AsyncMetadataTracker(database).start_workflow("run", "test", budget_usd=budget)
        model, assets = Model(provider, "any"), AssetStore(folder / "assets")
        ledger = Ledger(
            database,
            await take_lease(database, "run"),
            assets,
            {"image": model, "video": model, "speech": model},
            rate_limits=RateLimits(concurrency=None, limits={}),
        )
        yield SimulatedShots(ledger, assets, ShotTasks(write_screenplay(story), {}, {}))
