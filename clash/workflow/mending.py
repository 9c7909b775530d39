"""Before the cut: every file of the film is on this disk, from wherever it can be had, or made once more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from clash.story.screenplay import Screenplay
from clash.workflow.drawing import card_call, card_tasks
from clash.workflow.shooting import shoot, shot_tasks, stored
from clash.workflow.state import FinishedShot, ProductionState
from clash.workflow.studio import Studio


async def with_all_files(screenplay: Screenplay, state: ProductionState, studio: Studio) -> ProductionState:
    """The state, with every file that it names on this disk.

    One that another machine made is fetched. One that is nowhere is asked of the ledger again, which makes it at no
    cost, or raises `StorageError` (`asset_lost`) with what it would cost.
    """
    cards, shots = dict(state["cards"]), dict(state.get("shots", {}))
    needed = [card["sha256"] for card in cards.values()] + [sha for shot in shots.values() for sha in _files(shot)]
    here = dict(zip(needed, await asyncio.gather(*(studio.assets.bring(sha) for sha in needed)), strict=True))
    if not all(here.values()):
        for card in card_tasks(screenplay):
            if (slot := card["slot"]) in cards and not here[cards[slot]["sha256"]]:
                cards[slot] = stored(await studio.ledger.call(card_call(card, studio.format)))
        for task in shot_tasks(screenplay, cards, state["reference_images"]):
            if (slot := task["slot"]) in shots and not all(here[sha] for sha in _files(shots[slot])):
                shots[slot] = await shoot(task, studio.ledger, studio.format)
    return {**state, "cards": cards, "shots": shots}


def _files(shot: FinishedShot) -> Iterator[str]:
    yield shot["clip"]["sha256"]
    yield shot["keyframe"]["sha256"]
    for word in shot["words"]:
        yield word["file"]["sha256"]
