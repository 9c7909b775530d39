"""The screenplay of a run, and what is to be said of one in a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

from clash.assets import AssetStore, open_assets, published_path
from clash.config import Settings
from clash.database import reading
from clash.database.rows import AssetRow
from clash.documents.screenplay import ScreenplayShown
from clash.errors import NotFoundError, StorageError
from clash.hints import command
from clash.reports.files import folder_of
from clash.reports.rows import Damaged, read
from clash.story.screenplay import Screenplay


async def screenplay_of_run(settings: Settings, thread_id: str) -> ScreenplayShown:
    """The screenplay that a run is shot from. Raises `NotFoundError`, also before it is written, and `StorageError`."""
    run, rows = await read(
        settings,
        lambda database: asyncio.gather(reading.run_row(database, thread_id), reading.asset_rows(database, thread_id)),
    )
    damaged = Damaged()
    asset = _asset(damaged.assets(rows))
    if asset is None:
        raise NotFoundError(
            f"the run {thread_id} has no screenplay yet", hint=f"`{command('resume', thread_id)}` has it written"
        )
    screenplay = await _read(open_assets(settings), asset)
    path = published_path(folder_of(run), "screenplay", "screenplay", "application/json")
    return ScreenplayShown.of(
        {
            "thread_id": thread_id,
            "sha256": asset.sha256,
            "path": None if path is None else path.as_posix(),
            "screenplay": screenplay.model_dump(mode="json"),
            "damaged": damaged.items,
        }
    )


async def screenplay_in(assets: AssetStore, rows: Iterable[AssetRow]) -> Screenplay | None:
    """The screenplay among the assets of a run; None before it is written. Raises `StorageError` for a lost one."""
    row = _asset(rows)
    return None if row is None else await _read(assets, row)


def _asset(rows: Iterable[AssetRow]) -> AssetRow | None:
    return next((row for row in rows if (row.slot, row.asset_type) == ("screenplay", "screenplay")), None)


async def _read(assets: AssetStore, row: AssetRow) -> Screenplay:
    sha256 = row.sha256
    if not await assets.restore(sha256):
        raise assets.lost(sha256)
    try:
        return Screenplay.model_validate(json.loads(assets.read(sha256)))
    except ValueError as error:
        raise StorageError(f"the screenplay {sha256[:12]} cannot be read: {error}", code="bad_screenplay") from error
