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
from clash.editing.shot_labels import NO_LABELS, ShotLabels, labels_of
from clash.story.screenplay import Screenplay, Story, shot_slot
from clash.workflow.context import FileRecord, StepContext
from clash.workflow.finalize import CUT_VERSION, SUBTITLES, finish_film, publish
from clash.workflow.state import FinishedFilm, ProductionState


def cut_digest(
    screenplay: Screenplay, state: ProductionState, context: StepContext, labels: ShotLabels = NO_LABELS
) -> str:
    """Return the digest of all that decides the film: the screenplay, the files of every shot, and the format.

    `labels`: those that its slate shows.
    """
    finish = asdict(context.finish)
    if context.finish.on_screen_text:
        del finish["on_screen_text"]  # so a film that was cut before there was this choice is found
    material: dict[str, Any] = {
        "version": CUT_VERSION,
        "screenplay": state["screenplay"],
        "shots": [state["shots"][shot_slot(shot.number)] for shot in screenplay.shots],
        "finish": finish,
        "format": [context.format.width, context.format.height, context.format.fps],
    }
    if labels.by_shot:
        material["labels"] = [labels.beside(shot.number) for shot in screenplay.shots]
    return hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()


async def cut_film(
    screenplay: Screenplay, state: ProductionState, context: StepContext
) -> tuple[FinishedFilm, list[FileRecord]]:
    """Cut the film of the finished shots, or serve the one that was cut of them before, and publish it.

    Another cut is another take of the film: its number, its files, and the takes that it holds are recorded.
    Raises `FilmError`, `StorageError`, `StoppedError`.
    """
    labels = await _labels(screenplay, state, context)
    digest = cut_digest(screenplay, state, context, labels)
    for cut in reversed(context.cuts):
        if cut.cut == digest and (found := await _served(cut, context)) is not None:
            await asyncio.to_thread(publish, context, screenplay, state, found[1])
            return found
    film, files = await asyncio.to_thread(finish_film, screenplay, state, context, labels)
    if context.record_cut is not None:
        number = max((cut.take for cut in context.cuts), default=0) + 1
        recorded = {_key(file): _document(file) for file in files}
        await context.record_cut(FilmCut(number, digest, recorded, context.takes.selection(), now_text()))
        faults.point("cut.after")
    return film, files


async def _labels(screenplay: Screenplay, state: ProductionState, context: StepContext) -> ShotLabels:
    """Return what the story's table calls the shots, for a slate; none for a film without one."""
    if not context.finish.slate or not await context.assets.restore(state["story"]):
        return NO_LABELS
    content = await asyncio.to_thread(context.assets.read, state["story"])
    return labels_of(Story.model_validate_json(content), screenplay)


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
