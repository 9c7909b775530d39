"""Files get their names for people as soon as they are made, so that a run that stopped can be looked at."""

from __future__ import annotations

import asyncio
from pathlib import Path

from clash.assets import AssetStore, place, published_path
from clash.calls.ledger import Made, Task
from clash.workflow.studio import Door


def publish_file(assets: AssetStore, folder: Path, asset_type: str, slot: str, sha256: str, media_type: str) -> None:
    """Give a file of the store its name in the run's folder, if it gets one. Raises `StorageError`."""
    target = published_path(folder, asset_type, slot, media_type)
    if target is not None:
        place(assets.fetch(sha256), target)


class PublishingDoor:
    """A door that names what comes through it."""

    def __init__(self, door: Door, assets: AssetStore, folder: Path) -> None:
        self._door = door
        self._assets = assets
        self._folder = folder

    async def call(self, task: Task) -> Made:
        """See `Ledger.call`."""
        made = await self._door.call(task)
        slot = task.asset_slot or task.slot
        await asyncio.to_thread(
            publish_file, self._assets, self._folder, task.asset_type, slot, made.sha256, made.media_type
        )
        return made
