"""Files get their names for people as soon as they are made, so that a run that stopped can be looked at."""

from __future__ import annotations

from clash.assets import place
from clash.published import published_path
from clash.workflow.state import StoredFile
from clash.workflow.studio import Studio


def publish_file(studio: Studio, asset_type: str, slot: str, file: StoredFile) -> None:
    """Give a file of the store its name in the run's folder, if it gets one. Raises `StorageError`."""
    target = published_path(studio.folder, asset_type, slot, file["media_type"])
    if target is not None:
        place(studio.assets.path(file["sha256"]), target)
