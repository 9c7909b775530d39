"""The cards: one picture of every character and place, which the shots refer to."""

from __future__ import annotations

from clash.calls.spec import CallSpec
from clash.providers.ports import ImageRequest
from clash.story.screenplay import Character, Location, Screenplay
from clash.workflow.context import Format
from clash.workflow.prompts import character_prompt, location_prompt
from clash.workflow.state import CardTask

_STEP = "generate_assets"


def card_tasks(screenplay: Screenplay) -> list[CardTask]:
    """One task a character and place."""
    return [
        CardTask(slot=f"{kind}:{subject.slug}", style=screenplay.style, subject=subject.model_dump(mode="json"))
        for kind, subjects in (("character", screenplay.characters), ("location", screenplay.locations))
        for subject in subjects
    ]


def card_call(card: CardTask, film: Format) -> CallSpec:
    """The call that draws a card."""
    width, height = film.still_size
    if card["slot"].startswith("character:"):
        character = Character.model_validate(card["subject"])
        request = ImageRequest(
            subject="character",
            prompt=character_prompt(character),
            style=card["style"],
            width=width,
            height=height,
            character=character,
        )
    else:
        location = Location.model_validate(card["subject"])
        request = ImageRequest(
            subject="location",
            prompt=location_prompt(location),
            style=card["style"],
            width=width,
            height=height,
            location=location,
        )
    return CallSpec(_STEP, card["slot"], f"{request.subject}_image", request)
