"""Dry run of the steps: ask the given ledger for every call that a film of this story needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from clash.calls.dry_run import DryRun
from clash.database.run_settings import Basis
from clash.editing.cast import CastSheet, read_cast_sheet
from clash.editing.takes import Takes
from clash.errors import PersonNeededError
from clash.story.screenplay import Screenplay, Story
from clash.workflow.context import Format
from clash.workflow.generate_assets import card_tasks, make_card, selected_cards
from clash.workflow.generate_screenplay import make_screenplay
from clash.workflow.generate_shots import ShotTasks, make_shot, voices_of
from clash.workflow.state import ShotTask, StoredFile
from clash.workflow.takes import Judge, judge_of


async def collect_calls(
    story: Story,
    reference_images: Mapping[str, StoredFile],
    film: Format,
    dry_run: DryRun,
    takes: Takes | None = None,
    basis: Basis | None = None,
    *,
    refit: Callable[[Screenplay, str], Awaitable[Takes]] | None = None,
    review: frozenset[str] = frozenset(),
) -> Screenplay:
    """Ask for all that a film of this story needs. `dry_run.planned` lists every call.

    `refit` is given the screenplay and its sha256, and returns the takes with what follows from it. `review`: the
    stages at which the run waits; nothing is asked for that is made of what waits. Returns the screenplay, or what
    stands for one that is not written yet.
    """
    takes = takes or Takes()
    made = await make_screenplay(story, basis or Basis(), dry_run, takes, read=dry_run.read, put=dry_run.imagine)
    if _waits(judge_of(takes, review), "screenplay", "screenplay", made.sha256):
        return made.screenplay
    if refit is not None:
        takes = await refit(made.screenplay, made.sha256)
    sheet = await read_cast_sheet(basis or Basis(), dry_run.read)
    await collect_calls_of(made.screenplay, reference_images, film, dry_run, takes, sheet, review)
    return made.screenplay


async def collect_calls_of(
    screenplay: Screenplay,
    reference_images: Mapping[str, StoredFile],
    film: Format,
    dry_run: DryRun,
    takes: Takes,
    sheet: CastSheet,
    review: frozenset[str] = frozenset(),
) -> None:
    """Ask for all that the film of a screenplay needs. `sheet`: the cast that a person gave. `review`: see above."""
    judge = judge_of(takes, review)
    # All at a time, as a run makes them: what they look up in a database goes together in a few requests.
    given = selected_cards(screenplay, sheet, takes)
    tasks = [task for task in card_tasks(screenplay) if task["slot"] not in given]
    drawn = await asyncio.gather(*(make_card(card, dry_run, film, takes) for card in tasks))
    if any(_waits(judge, "cards", card["slot"], made.sha256) for card, made in zip(tasks, drawn, strict=True)):
        return
    cards = {
        card["slot"]: StoredFile(sha256=made.sha256, media_type=made.media_type)
        for card, made in zip(tasks, drawn, strict=True)
    }
    voices = voices_of(screenplay, dry_run)
    shots = ShotTasks(screenplay, {**given, **cards}, reference_images, sheet, voices=voices, chain=film.chain)
    await asyncio.gather(*(_shot(shot, dry_run, film, takes, judge) for shot in shots))


async def _shot(task: ShotTask, dry_run: DryRun, film: Format, takes: Takes, judge: Judge) -> None:
    # What is made of a keyframe that waits is not asked for.
    with suppress(PersonNeededError):
        await make_shot(task, dry_run, film, takes, judge)


def _waits(judge: Judge, stage: str, slot: str, sha256: str) -> bool:
    try:
        judge(stage, slot, sha256)
    except PersonNeededError:
        return True
    return False
