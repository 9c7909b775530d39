"""Restore files: make every file that the state names present on this disk before the film is cut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TypedDict

from clash.editing.cast import read_cast_sheet
from clash.story.screenplay import Screenplay
from clash.workflow.context import StepContext
from clash.workflow.generate_assets import card_tasks, make_card, selected_cards
from clash.workflow.generate_shots import ShotTasks, make_shot, stored, voices_of
from clash.workflow.state import FinishedShot, ProductionState, StoredFile


class Restored(TypedDict):
    """What was made again: an update of the state."""

    cards: dict[str, StoredFile]
    shots: dict[str, FinishedShot]


async def restore_files(screenplay: Screenplay, state: ProductionState, context: StepContext) -> Restored:
    """See that every file that the state names is on this disk; what had to be made again, to be put into the state.

    One that another machine made is fetched. One that is nowhere is asked of the ledger again, which makes it at no
    cost, or raises `StorageError` (`asset_lost`) with what it would cost.
    """
    cards, shots = state["cards"], state.get("shots", {})
    again = Restored(cards={}, shots={})
    needed = [card["sha256"] for card in cards.values()] + [sha for shot in shots.values() for sha in _files(shot)]
    here = dict(zip(needed, await asyncio.gather(*(context.assets.restore(sha) for sha in needed)), strict=True))
    if all(here.values()):
        return again
    sheet = await read_cast_sheet(context.basis, context.assets.read)
    given = selected_cards(screenplay, sheet, context.takes)
    for card in card_tasks(screenplay):
        if card["slot"] in given and not here[given[card["slot"]]["sha256"]]:
            raise context.assets.lost(given[card["slot"]]["sha256"])
        if (slot := card["slot"]) in cards and not here[cards[slot]["sha256"]]:
            again["cards"][slot] = stored(await make_card(card, context.ledger, context.format, context.takes))
    drawn, chain = {**cards, **again["cards"]}, context.format.chain
    voices = voices_of(screenplay, context.ledger)
    for task in ShotTasks(screenplay, drawn, state["reference_images"], sheet, voices=voices, chain=chain):
        if (slot := task["slot"]) in shots and not all(here[sha] for sha in _files(shots[slot])):
            again["shots"][slot] = await make_shot(task, context.ledger, context.format, context.takes)
    return again


def _files(shot: FinishedShot) -> Iterator[str]:
    yield shot["clip"]["sha256"]
    yield shot["keyframe"]["sha256"]
    for word in shot["words"]:
        yield word["file"]["sha256"]
