"""A run without a run: every call that the steps would make, in their own words, before the first of them is paid."""

from __future__ import annotations

import json
from collections.abc import Mapping

from clash.calls.rehearsal import Rehearsal
from clash.providers.ports import ScreenplayRequest
from clash.story.screenplay import Screenplay, Story
from clash.workflow.drawing import card_call, card_tasks
from clash.workflow.screenplay_check import screenplay_call
from clash.workflow.shooting import shoot, shot_tasks
from clash.workflow.state import StoredFile
from clash.workflow.studio import Format


async def rehearse(
    story: Story, reference_images: Mapping[str, StoredFile], film: Format, rehearsal: Rehearsal
) -> None:
    """Ask for all that a film of this story needs. What would be called stands in `rehearsal.planned`."""
    made = await rehearsal.call(screenplay_call(ScreenplayRequest(story=story)))
    screenplay = Screenplay.model_validate(json.loads(rehearsal.read(made.sha256)))
    cards: dict[str, StoredFile] = {}
    for card in card_tasks(screenplay):
        drawn = await rehearsal.call(card_call(card, film))
        cards[card["slot"]] = StoredFile(sha256=drawn.sha256, media_type=drawn.media_type)
    for shot in shot_tasks(screenplay, cards, reference_images):
        await shoot(shot, rehearsal, film)
