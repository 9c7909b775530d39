"""What people are to judge of a run: its files of the stages that are under review, each with its verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from clash.assets import published_path
from clash.editing.slots import SCREENPLAY, in_film_order, is_card, is_clip, is_keyframe, people_slot
from clash.production.takes_of_run import TakesOfRun
from clash.reports.files import folder_of
from clash.vocabulary import REVIEW_STAGES, Decided


def stage_of(slot: str) -> str:
    """Return the stage at which the file of a slot is reviewed; "" for speech, which is not."""
    if slot == SCREENPLAY:
        return "screenplay"
    if is_card(slot):
        return "cards"
    return "keyframes" if is_keyframe(slot) else "shots" if is_clip(slot) else ""


def current_sha256(slot: str, found: TakesOfRun) -> str:
    """Return the digest of the file of the selected take of a slot; "" if it is not made."""
    return found.sha256_of(slot, found.takes.selected(slot).number) or ""


def review_items(found: TakesOfRun, slots: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield what is to be judged and what was judged, of the run's stages; without any, of all stages.

    `slots`: those of the film's calls. Of a slot whose newest file was rejected, that one, until another is made.
    """
    stages = found.recorded.settings.review or REVIEW_STAGES
    made = {*found.made.slots, *found.given}.intersection((*slots, SCREENPLAY))
    for slot in in_film_order(made):
        if stage_of(slot) not in stages:
            continue
        number = found.takes.selected(slot).number
        sha256 = current_sha256(slot, found)
        if not sha256:
            number, sha256 = _rejected(slot, found)
        if sha256:
            yield {"stage": stage_of(slot), **_item(slot, number, sha256, found)}


def _rejected(slot: str, found: TakesOfRun) -> tuple[int, str]:
    """The newest take of a slot that was rejected, for which another is not made yet."""
    for number, row in reversed(list(found.made.takes(slot).items())):
        verdict = found.takes.verdict(slot, row.asset_sha256)
        if verdict is not None and verdict.decision == Decided.RETAKE:
            return number, row.asset_sha256
    return 0, ""


def _item(slot: str, number: int, sha256: str, found: TakesOfRun) -> dict[str, Any]:
    verdict, file = found.takes.verdict(slot, sha256), found.file_of(slot)
    if verdict is not None and verdict.decision == Decided.RETAKE and verdict.take <= number:
        verdict = None  # the model made the very same file again: that is a new one to judge
    path = None
    if file is not None and file.sha256 == sha256:
        path = published_path(folder_of(found.run), file.asset_type, file.slot, file.media_type)
    return {
        "slot": people_slot(slot),
        "label": found.labels.of(slot),
        "take": number,
        "sha256": sha256,
        "path": path.as_posix() if path else found.stored_path(sha256),
        "verdict": None if verdict is None else "approved" if verdict.decision == Decided.APPROVE else "rejected",
        "note": None if verdict is None else verdict.note or None,
    }
