"""Publish the files of a run once more: those that were deleted, or all of them to another folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from clash.assets import publish_copy, published_path
from clash.database import reading
from clash.database.run_settings import RunSettings
from clash.errors import StorageError
from clash.production.active_run import ActiveRun
from clash.production.output_folder import elsewhere
from clash.vocabulary import AssetType
from clash.writable_folders import why_not_writable


async def publish_elsewhere(run: ActiveRun, output: Path | None) -> bool:
    """Publish all that a run has made to another folder; return whether its settings are to be recorded for that.

    `output`: the folder in which the run's folder is to be; None: it stays. What was published before stays, too.
    """
    if output is None or output == run.recorded.output:
        return False
    run.recorded = RunSettings.of({**run.recorded.document, "output": output.as_posix()})
    await republish(run, replaced=True)
    return True


async def republish(run: ActiveRun, *, replaced: bool = False) -> None:
    """Give back the names of files that were deleted since, from the store.

    `replaced`: also where another file has the name. Raises `StorageError` for the film of a completed run that is
    nowhere; other files that are nowhere are warned of.
    """
    nowhere: list[str] = []
    for asset in await reading.sound_assets(run.database, run.thread_id):
        path = published_path(run.folder, asset.asset_type, asset.slot, asset.media_type)
        if path is None or (path.exists() and not replaced):
            continue
        if await run.assets.restore(asset.sha256):
            await _publish(run, asset.sha256, path)
        elif asset.asset_type == AssetType.FILM and run.is_completed:
            raise run.assets.lost(asset.sha256).with_(slots=(asset.slot,))
        else:
            nowhere.append(f"{asset.slot} ({asset.asset_type})")
    if nowhere:
        run.progress.warn(f"files that are nowhere any more: {', '.join(nowhere[:5])}, {len(nowhere)} in all")


async def _publish(run: ActiveRun, sha256: str, path: Path) -> None:
    try:
        await asyncio.to_thread(publish_copy, run.assets.path(sha256), path)
    except StorageError as error:
        hint = hint_of_folder(run)
        raise (error if hint is None else error.with_(hint=hint, remedy=None, retryable=False)) from error


def hint_of_folder(run: ActiveRun) -> str | None:
    """Return what to type where the folder of a run cannot be written; None if it can."""
    if why_not_writable(run.folder, keep=False) is None:
        return None
    again = elsewhere(run.thread_id, run.recorded.output, run.settings)
    return f"make {run.folder} a folder that can be written, or publish the run to another: `{again}`"
