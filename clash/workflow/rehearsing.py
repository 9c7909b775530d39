"""A run without a run: every call that the steps would make, in their own words, before the first of them is paid."""

from __future__ import annotations

import asyncio
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
    # All at a time, as a run makes them: what they look up in a database goes together in a few requests.
    tasks = card_tasks(screenplay)
    drawn = await asyncio.gather(*(rehearsal.call(card_call(card, film)) for card in tasks))
    cards = {
        card["slot"]: StoredFile(sha256=made.sha256, media_type=made.media_type)
        for card, made in zip(tasks, drawn, strict=True)
    }
    await asyncio.gather(*(shoot(shot, rehearsal, film) for shot in shot_tasks(screenplay, cards, reference_images)))
