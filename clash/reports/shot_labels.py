"""Read the labels that a run's table gives its shots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from clash.assets import AssetStore
from clash.database.rows import AssetRow, RunRow
from clash.editing.shot_labels import NO_LABELS, ShotLabels, labels_by_row, labels_of
from clash.errors import StorageError

__all__ = ["NO_LABELS", "ShotLabels", "labels_of", "read_labels"]


async def read_labels(assets: AssetStore, run: RunRow, files: Iterable[AssetRow], *, fetch: bool = False) -> ShotLabels:
    """Return the labels of a run's shots, from the story and the screenplay that it keeps in the asset store.

    None where these are not on this disk; with `fetch` they are brought there first.
    """
    story = run.settings.get("story")
    screenplay = next((row.sha256 for row in files if (row.slot, row.asset_type) == ("screenplay", "screenplay")), None)
    if not isinstance(story, str) or screenplay is None:
        return NO_LABELS
    documents: list[Mapping[str, Any]] = []
    for sha256 in (story, screenplay):
        try:
            is_here = await assets.restore(sha256) if fetch else assets.exists(sha256)
            document: object = json.loads(assets.read(sha256)) if is_here else None
        except (StorageError, ValueError):
            return NO_LABELS  # a label is a help: who reads a run is told all else without it
        if not isinstance(document, dict):
            return NO_LABELS
        documents.append(cast("Mapping[str, Any]", document))
    told, written = documents
    try:
        rows = {beat["row"]: (str(beat.get("shot") or ""), str(beat.get("scene") or "")) for beat in told["beats"]}
        shots = [(shot["number"], shot["source_row"]) for scene in written["scenes"] for shot in scene["shots"]]
        return labels_by_row(rows, shots)
    except (KeyError, TypeError, AttributeError):
        return NO_LABELS  # written by another program, or by a clash whose stories had no rows
