"""The screenplay: given by a person, merged from an established one, or written; in any case it can be shot."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from clash.calls.spec import CallResult, CallSpec
from clash.database.run_settings import Basis
from clash.editing.cast import CastSheet, read_cast_sheet, with_cast
from clash.editing.merge import MergePlan, merged, plan_merge
from clash.editing.takes import Takes
from clash.errors import ProviderError
from clash.providers.ports import ScreenplayRequest, screenplay_of
from clash.story.last_frames import renumbered, told_without, with_last_frames
from clash.story.screenplay import Screenplay, Story
from clash.story.shown_words import with_on_screen_text, without_on_screen_text
from clash.story.translations import with_translations, without_translations
from clash.workflow.context import CallLedger
from clash.workflow.takes import make_takes

LONGEST_SHOT_S = 600.0
_STEP = "generate_screenplay"


@dataclass(frozen=True)
class MadeScreenplay:
    """The screenplay of a run. `is_recorded`: it is a call's answer, and so already an asset of the run."""

    sha256: str
    screenplay: Screenplay
    is_recorded: bool


async def make_screenplay(
    story: Story,
    basis: Basis,
    ledger: CallLedger,
    takes: Takes,
    *,
    read: Callable[[str], bytes],
    put: Callable[[bytes], str],
) -> MadeScreenplay:
    """Return the screenplay that is given, else the merged one, else the one that the writer writes of the whole story.

    `read` and `put` read and store files by their sha256. A take that a person asked for is written whole.
    Raises `ProviderError` (`bad_screenplay`) for one that cannot be shot.
    """
    sheet = await read_cast_sheet(basis, read)
    stored, written = await _written(story, basis, ledger, takes, sheet, read)
    screenplay = with_cast(written, sheet)
    if not (basis.given and takes.selected("screenplay").number == 1):
        before = Story.model_validate_json(await asyncio.to_thread(read, basis.story)) if basis.story else None
        screenplay = with_last_frames(screenplay, story, before)
    if stored is not None and screenplay == written:
        return stored
    content = screenplay.model_dump_json(indent=2).encode()
    return MadeScreenplay(await asyncio.to_thread(put, content), screenplay, False)


async def _written(
    story: Story, basis: Basis, ledger: CallLedger, takes: Takes, sheet: CastSheet, read: Callable[[str], bytes]
) -> tuple[MadeScreenplay | None, Screenplay]:
    """Return the screenplay as it is without the cast, and where it is stored; None for one that is not an answer.

    Writers are given neither translations nor words on the screen: the story's are put into the shots afterwards.
    """
    is_first = takes.selected("screenplay").number == 1
    story = told_without(story)
    if basis.given and is_first:
        given = screenplay_of(await asyncio.to_thread(read, basis.given))
        return MadeScreenplay(basis.given, given, False), given
    if not (basis.screenplay and is_first):
        told = without_translations(without_on_screen_text(story))
        request = ScreenplayRequest(story=told, cast=sheet.members(told))
        made = (await make_takes(ledger, takes, screenplay_call(request))).selected
        answer = await _answer(made, read)
        translated = with_translations(with_on_screen_text(answer, story), story)
        return (MadeScreenplay(made.sha256, answer, True) if translated == answer else None), translated
    before = screenplay_of(await asyncio.to_thread(read, basis.screenplay))
    story_before = Story.model_validate_json(await asyncio.to_thread(read, basis.story))
    plan = await asyncio.to_thread(plan_merge, told_without(story_before), before, story)
    part = await _answer(await ledger.call(part_call(plan, sheet)), read) if plan.needs_writer else None
    part = with_on_screen_text(part, plan.story) if part else None
    screenplay = renumbered(await asyncio.to_thread(merged, plan, part), before)
    screenplay = with_translations(screenplay, story, story_before)
    check_screenplay(screenplay)
    return (MadeScreenplay(basis.screenplay, before, False) if screenplay == before else None), screenplay


async def _answer(made: CallResult, read: Callable[[str], bytes]) -> Screenplay:
    return screenplay_of(await asyncio.to_thread(read, made.sha256))


def part_call(plan: MergePlan, sheet: CastSheet) -> CallSpec:
    """The call that has the rows written that only a writer can write."""
    return CallSpec(
        _STEP,
        "screenplay",
        "screenplay_part",
        ScreenplayRequest(
            story=without_translations(without_on_screen_text(plan.story)),
            established=plan.established,
            cast=sheet.members(plan.story),
        ),
        inspect=lambda content: check_screenplay(merged(plan, screenplay_of(content))),
    )


def screenplay_call(request: ScreenplayRequest) -> CallSpec:
    """The call that has the screenplay written. One that cannot be shot is no success, and is never reused."""
    return CallSpec(
        _STEP,
        "screenplay",
        "screenplay",
        request,
        inspect=lambda content: check_screenplay(screenplay_of(content)),
    )


def check_screenplay(screenplay: Screenplay) -> None:
    """Raises `ProviderError` (code `bad_screenplay`) that names every fault."""
    faults = [*_slug_faults(screenplay), *_shot_faults(screenplay)]
    if faults:
        raise ProviderError(
            "the screenplay cannot be shot: " + "; ".join(faults[:10]), code="bad_screenplay", slots=("screenplay",)
        )


def _slug_faults(screenplay: Screenplay) -> list[str]:
    faults: list[str] = []
    for kind, subjects in (("character", screenplay.characters), ("location", screenplay.locations)):
        counts = Counter(subject.slug for subject in subjects)
        faults += [f"two {kind}s are called {name}" for name, count in counts.items() if count > 1]
        faults += [f"a {kind} has no name" for name in counts if not name]
    return faults


def _shot_faults(screenplay: Screenplay) -> list[str]:
    shots = screenplay.shots
    if not shots:
        return ["it has no shots"]
    characters = {character.slug for character in screenplay.characters}
    locations = {location.slug for location in screenplay.locations}
    faults: list[str] = []
    for expected, shot in enumerate(shots, start=1):
        if shot.number != expected:
            faults.append(f"shot {shot.number} stands where shot {expected} belongs")
        if shot.location not in locations:
            faults.append(f"shot {shot.number} plays at an unknown place {shot.location!r}")
        faults += [
            f"shot {shot.number} shows an unknown {name!r}" for name in shot.characters if name not in characters
        ]
        if not 0 < shot.duration_s <= LONGEST_SHOT_S:
            faults.append(f"shot {shot.number} lasts {shot.duration_s} s")
    return faults
