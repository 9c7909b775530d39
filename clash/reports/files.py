"""The files that a run made: where they are in the store, and under which names people find them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from clash.assets import AssetStore, local_assets, published_path
from clash.config import Settings
from clash.database import reading
from clash.database.port import Row
from clash.documents.assets import AssetList
from clash.money import usd_text
from clash.reports.rows import Damaged, read

_OUTPUT_KINDS = {
    "film",
    "screenplay",
    "character_image",
    "location_image",
    "keyframe",
    "shot",
    "subtitles",
    "contact_sheet",
}


async def list_assets(settings: Settings, thread_id: str) -> AssetList:
    """All files of a run, with where they are. Raises `NotFoundError`."""
    row, assets = await read(
        settings,
        lambda database: asyncio.gather(reading.run_row(database, thread_id), reading.asset_rows(database, thread_id)),
    )
    folder, store = folder_of(row), local_assets(settings)
    damaged = Damaged()
    items = [_asset(folder, store, asset) for asset in damaged.sound("generated_assets", assets)]
    return AssetList.of({"thread_id": thread_id, "items": items, "damaged": damaged.items})


def _asset(folder: Path, store: AssetStore, row: Row) -> dict[str, Any]:
    # A workflow of one's own may keep its files elsewhere, and says where itself.
    ours = row["path"] == store.relative_path(row["sha256"])
    return {
        "slot": row["slot"],
        "kind": row["asset_type"],
        "media_type": row["media_type"],
        "sha256": row["sha256"],
        "path": _text(published_path(folder, row["asset_type"], row["slot"], row["media_type"])),
        "stored_path": (store.root / row["path"]).as_posix() if ours else row["path"],
        "bytes": row["bytes"],
        "facts": json.loads(row["facts"]),
        "step": row["step"],
        "cost_usd": usd_text(row["cost_micro"]),
        "created_at": row["created_at"],
    }


def folder_of(row: Row) -> Path:
    """Where a run's files have their names for people."""
    return Path(json.loads(row["settings"]).get("output", "output")) / str(row["run_id"])


def film_of(folder: Path, assets: list[Row]) -> dict[str, Any] | None:
    """The finished film among a run's assets, if it is there."""
    for asset in assets:
        if asset["asset_type"] == "film":
            path = published_path(folder, "film", "film", "video/mp4")
            facts = json.loads(asset["facts"])
            return {"path": _text(path), "sha256": asset["sha256"], "duration_s": facts.get("duration_s")}
    return None


def output_item(folder: Path, asset: Row) -> dict[str, Any] | None:
    """What a run's document says of an asset; None for what only serves to make others."""
    if asset["asset_type"] not in _OUTPUT_KINDS:
        return None
    path = published_path(folder, asset["asset_type"], asset["slot"], asset["media_type"])
    return {"kind": asset["asset_type"], "slot": asset["slot"], "path": _text(path), "sha256": asset["sha256"]}


def _text(path: Path | None) -> str | None:
    return None if path is None else path.as_posix()
