"""The files that a run made: where they are in the store, and under which names people find them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clash.assets import AssetStore, local_assets, published_path
from clash.assets.records import has_records, has_run_records
from clash.config import Settings
from clash.database import reading
from clash.database.connection import database_exists
from clash.database.decisions import cuts_of
from clash.database.rows import AssetRow, RunRow
from clash.documents.assets import AssetList
from clash.money import usd_text
from clash.reports.rows import Damaged, read
from clash.vocabulary import AssetType

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
    run, assets, calls, cuts = await read(
        settings,
        lambda database: asyncio.gather(
            reading.run_row(database, thread_id),
            reading.asset_rows(database, thread_id),
            reading.takes_of_calls(database, thread_id),
            cuts_of(database, thread_id),
        ),
    )
    takes = {call.id: call.take for call in calls}
    films = {str(file["sha256"]): cut.take for cut in cuts for file in cut.files.values()}
    folder, store = folder_of(run), local_assets(settings)
    damaged = Damaged()
    items = [
        {**_asset(folder, store, asset), "take": takes.get(asset.api_log_id or 0) or films.get(asset.sha256)}
        for asset in damaged.assets(assets)
    ]
    return AssetList.of({"thread_id": thread_id, "items": items, "damaged": damaged.items})


def _asset(folder: Path, store: AssetStore, asset: AssetRow) -> dict[str, Any]:
    # A workflow of one's own may keep its files elsewhere, and says where itself.
    ours = asset.path == store.relative_path(asset.sha256)
    return {
        "slot": asset.slot,
        "kind": asset.asset_type,
        "media_type": asset.media_type,
        "sha256": asset.sha256,
        "path": _text(published_path(folder, asset.asset_type, asset.slot, asset.media_type)),
        "stored_path": (store.root / asset.path).as_posix() if ours else asset.path,
        "bytes": asset.bytes,
        "facts": asset.facts,
        "step": asset.step,
        "cost_usd": usd_text(asset.cost_micro),
        "created_at": asset.created_at,
    }


def folder_of(run: RunRow) -> Path:
    """Where a run's files have their names for people."""
    return Path(run.settings.get("output", "output")) / run.run_id


def film_of(folder: Path, assets: Iterable[AssetRow]) -> dict[str, Any] | None:
    """The finished film among a run's assets, if it is there."""
    for asset in assets:
        if asset.asset_type == AssetType.FILM:
            path = published_path(folder, "film", "film", "video/mp4")
            return {"path": _text(path), "sha256": asset.sha256, "duration_s": asset.facts.get("duration_s")}
    return None


def output_item(folder: Path, asset: AssetRow) -> dict[str, Any] | None:
    """What a run's document says of an asset; None for what only serves to make others."""
    if asset.asset_type not in _OUTPUT_KINDS:
        return None
    path = published_path(folder, asset.asset_type, asset.slot, asset.media_type)
    return {"kind": asset.asset_type, "slot": asset.slot, "path": _text(path), "sha256": asset.sha256}


def _text(path: Path | None) -> str | None:
    return None if path is None else path.as_posix()


def is_before_first_run(settings: Settings) -> bool:
    """Return whether there is neither a database nor a record of a run or a paid answer. Raises `SettingsError`."""
    assets = local_assets(settings)
    return not (database_exists(settings.database_url) or has_run_records(assets) or has_records(assets))
