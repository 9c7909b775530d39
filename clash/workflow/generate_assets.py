"""The cards: one picture of every character and place, which the shots refer to."""

from __future__ import annotations

from clash.calls.spec import CallResult, CallSpec
from clash.editing.takes import Takes
from clash.providers.ports import ImageRequest
from clash.story.screenplay import Character, Location, Screenplay
from clash.workflow.context import CallLedger, Format
from clash.workflow.prompts import character_prompt, location_prompt
from clash.workflow.state import CardTask
from clash.workflow.takes import make_takes

_STEP = "generate_assets"


def card_tasks(screenplay: Screenplay) -> list[CardTask]:
    """One task a character and place."""
    return [
        CardTask(slot=f"{kind}:{subject.slug}", style=screenplay.style, subject=subject.model_dump(mode="json"))
        for kind, subjects in (("character", screenplay.characters), ("location", screenplay.locations))
        for subject in subjects
    ]


async def make_card(card: CardTask, ledger: CallLedger, film: Format, takes: Takes) -> CallResult:
    """Make the selected take of a card, and the other takes that people asked for."""
    return (await make_takes(ledger, takes, card_call(card, film))).selected


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
