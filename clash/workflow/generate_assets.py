"""The cards: one picture of every character and place, which the shots refer to."""

from __future__ import annotations

from clash.calls.spec import CallResult, CallSpec
from clash.editing.cast import CastSheet, given_cards
from clash.editing.takes import Takes
from clash.providers.ports import ImageRequest
from clash.story.screenplay import Character, Location, Screenplay
from clash.workflow.context import CallLedger, Format
from clash.workflow.prompts import character_prompt, location_prompt
from clash.workflow.state import CardTask, StoredFile
from clash.workflow.takes import make_takes

_STEP = "generate_assets"


def card_tasks(screenplay: Screenplay) -> list[CardTask]:
    """One task for each character and place; a place that the story does not name has nothing to draw."""
    return [
        CardTask(slot=f"{kind}:{subject.slug}", style=screenplay.style, subject=subject.model_dump(mode="json"))
        for kind, subjects in (("character", screenplay.characters), ("location", screenplay.locations))
        for subject in subjects
        if subject.name or kind == "character"
    ]


def selected_cards(screenplay: Screenplay, sheet: CastSheet, takes: Takes) -> dict[str, StoredFile]:
    """Return the cards that are given pictures. Where a person asked for another take of one, that take is drawn."""
    given = given_cards(screenplay, sheet)
    return {slot: file for slot, file in given.items() if takes.selected(slot).number == 1}


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
