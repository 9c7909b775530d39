"""The cuts of a film: one that was cut of the very same takes before is served again, for nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict
from typing import Any, cast

from clash import faults
from clash.clock import now_text
from clash.database.decisions import FilmCut
from clash.story.screenplay import Screenplay, shot_slot
from clash.workflow.context import FileRecord, StepContext
from clash.workflow.finalize import CUT_VERSION, SUBTITLES, finish_film, publish
from clash.workflow.state import FinishedFilm, ProductionState


def cut_digest(screenplay: Screenplay, state: ProductionState, context: StepContext) -> str:
    """Return the digest of all that decides the film: the screenplay, the files of every shot, and the format."""
    finish = asdict(context.finish)
    if context.finish.on_screen_text:
        del finish["on_screen_text"]  # so a film that was cut before there was this choice is found
    material = {
        "version": CUT_VERSION,
        "screenplay": state["screenplay"],
        "shots": [state["shots"][shot_slot(shot.number)] for shot in screenplay.shots],
        "finish": finish,
        "format": [context.format.width, context.format.height, context.format.fps],
    }
    return hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()


async def cut_film(
    screenplay: Screenplay, state: ProductionState, context: StepContext
) -> tuple[FinishedFilm, list[FileRecord]]:
    """Cut the film of the finished shots, or serve the one that was cut of them before, and publish it.

    Another cut is another take of the film: its number, its files, and the takes that it holds are recorded.
    Raises `FilmError`, `StorageError`, `StoppedError`.
    """
    digest = cut_digest(screenplay, state, context)
    for cut in reversed(context.cuts):
        if cut.cut == digest and (found := await _served(cut, context)) is not None:
            await asyncio.to_thread(publish, context, screenplay, state, found[1])
            return found
    film, files = await asyncio.to_thread(finish_film, screenplay, state, context)
    if context.record_cut is not None:
        number = max((cut.take for cut in context.cuts), default=0) + 1
        recorded = {_key(file): _document(file) for file in files}
        await context.record_cut(FilmCut(number, digest, recorded, context.takes.selection(), now_text()))
        faults.point("cut.after")
    return film, files


def _key(file: FileRecord) -> str:
    """Return the name of a file in a cut: its type, or its slot where it is of several languages."""
    return file.slot if file.slot.startswith(SUBTITLES) else file.asset_type


def _document(file: FileRecord) -> dict[str, object]:
    return {"sha256": file.sha256, "media_type": file.media_type, "facts": dict(file.facts)}


async def _served(cut: FilmCut, context: StepContext) -> tuple[FinishedFilm, list[FileRecord]] | None:
    """Return a film that was cut before, if all of its files are here."""
    files: list[FileRecord] = []
    for name, document in cut.files.items():
        file = cast("dict[str, Any]", document)
        if not await context.assets.restore(file["sha256"]):
            return None
        slot = name if name.startswith(SUBTITLES) else "film"
        asset_type = name.partition(":")[0]
        files.append(FileRecord("finalize", slot, asset_type, file["media_type"], file["sha256"], file["facts"]))
    film = cast("dict[str, Any]", cut.files["film"])
    facts = film["facts"]
    return FinishedFilm(sha256=film["sha256"], duration_s=facts["duration_s"], frames=facts["frames"]), files
