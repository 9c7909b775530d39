"""Select a take of a slot, or all takes of an earlier film, and cut the film again."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from clash.actors import this_person
from clash.calls.dry_run import PlannedCall
from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.decisions import Decision
from clash.documents.edits import EditPlan
from clash.documents.outcome import Outcome
from clash.editing.made import keyframe_take, request_of
from clash.editing.refit import refit
from clash.editing.retakes import select
from clash.editing.slots import FILM, call_slots, is_clip, keyframe_of, people_slot
from clash.editing.takes import Takes
from clash.errors import ConflictError, UsageError
from clash.hints import command
from clash.production.plan import with_unpriced
from clash.production.progress import Event, Observer, ignore
from clash.production.retaking import go_on, report_of
from clash.production.run_report import RunReport
from clash.production.stopping import StopSignal
from clash.production.takes_of_run import (
    TakesOfRun,
    check_slots,
    cuts_with_first,
    decide,
    plan_document,
    price_told,
    read_takes,
    refuse_pending,
    unknown_take,
)
from clash.providers.ports import VideoRequest
from clash.providers.registry import Registry
from clash.vocabulary import Decided

_MAY_BE_SHORT_S = 0.25
"""A clip that is at most this much too short is shown to its end and holds its last frame."""


@dataclass(frozen=True)
class Selection:
    """What a selection decides, and what has to be made for it."""

    decisions: list[Decision]
    planned: list[PlannedCall]
    left_before: int
    """How many calls the run had yet to make anyway, apart from those that this very selection had asked for."""

    @property
    def follows(self) -> bool:
        """Whether something has to be made that is not there."""
        return any(row.decision == Decided.RETAKE for row in self.decisions)

    @property
    def is_made(self) -> bool:
        """Whether all that the film needs is there."""
        return all(call.found for call in self.planned)

    @property
    def may_go_on(self) -> bool:
        """Whether going on with the run makes nothing but what this selection needs."""
        return not self.left_before or self.is_made


async def use_take_plan(thread_id: str, slot: str, take: int, settings: Settings | None = None) -> EditPlan:
    """Return what the selection of a take will make and cost. Nothing is made or written. Raises as `use_take` does."""
    settings = settings or load_settings()
    async with open_database(settings.database_url, "read") as database:
        found = await read_takes(database, settings, Registry(settings), thread_id)
        selection = await _selection(found, found.labels.slot(slot), take)
    return plan_document(found, selection.decisions, selection.planned, needs_yes=_needs_yes(selection))


async def use_take(
    thread_id: str,
    slot: str,
    take: int,
    settings: Settings | None = None,
    *,
    yes: bool = False,
    allow_unpriced: bool = False,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> RunReport:
    """Select a take of a slot and cut the film again, for nothing; of `film`, select all takes that this film holds.

    With an older keyframe its clip comes back. What was never made of the selected takes is made only with `yes`. Of a
    run that is not finished nothing else is made. Raises before anything is written: `NotFoundError` for a take that
    is not made, `UsageError` without `yes`, `ConflictError` for a slot of which a retake is not made yet.
    """
    settings = with_unpriced(settings or load_settings(), allowed=allow_unpriced)
    found, selection = await _decided(thread_id, slot, take, settings, yes=yes)
    if not selection.may_go_on:
        # To select a take must not buy what is left of a run that stopped somewhere else.
        return await report_of(found, settings, _left_told(thread_id))
    observe(Event("note", f"to make: {price_told(found, selection.planned)}", thread_id=thread_id))
    return await go_on(found, settings, allow_unpriced=allow_unpriced, observe=observe, stop=stop)


@dataclass(frozen=True)
class TakeSelected:
    """How a run stands after a take was selected. `makes`: going on with it cuts the film again."""

    document: Outcome
    makes: bool


async def select_take(
    thread_id: str, slot: str, take: int, settings: Settings | None = None, *, yes: bool = False
) -> TakeSelected:
    """Write down the selection of a take, and make nothing. Raises before anything is written, as `use_take` does."""
    settings = settings or load_settings()
    found, selection = await _decided(thread_id, slot, take, settings, yes=yes)
    to_make = f"to make: {price_told(found, selection.planned)}"
    report = await report_of(found, settings, to_make if selection.may_go_on else _left_told(thread_id))
    return TakeSelected(report.document, selection.may_go_on)


def _left_told(thread_id: str) -> str:
    return f"`{command('resume', thread_id)}` goes on with what is left to make"


async def _decided(
    thread_id: str, slot: str, take: int, settings: Settings, *, yes: bool
) -> tuple[TakesOfRun, Selection]:
    """Write the selection of a take, with what follows from it. Returns what it was made of, and it."""
    chosen: list[Selection] = []

    async def plan(found: TakesOfRun) -> list[Decision]:
        named = found.labels.slot(slot)
        selection = await _selection(found, named, take)
        if _needs_yes(selection) and not yes:
            raise UsageError(
                f"{named}, take {take}: its film needs what was never made: {price_told(found, selection.planned)}",
                code="needs_yes",
                hint=f"`{command('takes use', thread_id, '--yes')} {shlex.quote(slot)} {take}` makes it",
            )
        chosen.append(selection)
        return selection.decisions

    async with open_database(settings.database_url, "write") as database:
        found = await read_takes(database, settings, Registry(settings), thread_id)
        found, _ = await decide(found, settings, plan)
    return found, chosen[-1]


def _needs_yes(selection: Selection) -> bool:
    return selection.follows and not selection.is_made


async def _selection(found: TakesOfRun, slot: str, take: int) -> Selection:
    """Return what follows from the selection of a take. Raises as `use_take` does."""
    batch, actor = secrets.token_hex(8), this_person()
    asked = await (_of_film(found, take, batch, actor) if slot == FILM else _of_slot(found, slot, take, batch, actor))
    now = [row for row in asked if _is_new(row, found.takes)]
    before = await found.planned(found.takes)
    decisions = [*now, *await _refitted(found, asked, now, batch, actor)]
    # A retake that is not begun is withdrawn: another take is wanted now. One that is under way may be paid for.
    refuse_pending([row for row in [*asked, *decisions] if found.made.is_begun(row.slot, found.takes)], found)
    planned = await found.planned(found.takes.with_(decisions)) if decisions else before
    _check_lengths(found, asked, planned)
    own = set[str]() if decisions else _decided_with(asked, found.takes)
    return Selection(decisions, planned, sum(not call.found and call.slot not in own for call in before))


def _decided_with(asked: Sequence[Decision], takes: Takes) -> set[str]:
    """Return the slots that were decided together with this selection, when it was typed before and interrupted."""
    batches = {batch for row in asked if (batch := takes.batch_of(row.slot))}
    return {row.slot for row in takes.decisions if row.batch in batches}


def _is_new(row: Decision, takes: Takes) -> bool:
    return takes.selected(row.slot).number != row.take


async def _refitted(
    found: TakesOfRun, asked: Sequence[Decision], now: Sequence[Decision], batch: str, actor: str
) -> list[Decision]:
    """What follows for slots that were made of others than are selected now. For a screenplay its step decides that."""
    if found.screenplay is None or not now:
        return []
    probe, takes = found.recorded.probe(found.screenplay), found.takes.with_(now)
    decided = [row.slot for row in asked]
    return await refit(
        takes, (found.takes, await probe(found.takes)), probe, found.made, batch, decided=decided, actor=actor
    )


async def _of_slot(found: TakesOfRun, slot: str, take: int, batch: str, actor: str) -> list[Decision]:
    """Return the selection of a slot's take: of a whole shot, the clip and the keyframe that it was made of."""
    parts = call_slots(slot)
    chosen, made = parts[-1], found.made
    there = made.takes(chosen)
    given = take == 1 and chosen in found.given
    if take not in there and not given:
        if not there and chosen not in found.takes.slots:
            check_slots([slot], found, await found.planned(found.takes))
        raise await unknown_take(slot, take, list(there), found)
    if not is_clip(chosen):
        return [select(chosen, take, batch, actor=actor)]
    keyframe = keyframe_of(chosen)
    of_take = keyframe_take(there[take], made.takes(keyframe), found.takes.take(chosen, take).of_take)
    clip = select(chosen, take, batch, of_take=of_take, actor=actor)
    return [select(keyframe, of_take, batch, actor=actor), clip] if len(parts) > 1 and of_take else [clip]


async def _of_film(found: TakesOfRun, take: int, batch: str, actor: str) -> list[Decision]:
    """Return the selection of every take that an earlier film holds."""
    cuts = {cut.take: cut for cut in cuts_with_first(found)}
    if take not in cuts:
        raise await unknown_take(FILM, take, list(cuts), found)
    held = cuts[take].selection
    slots = dict.fromkeys((*found.takes.slots, *held))
    return [select(slot, held.get(slot, 1), batch, actor=actor) for slot in slots if found.made.is_made(slot)]


def _check_lengths(found: TakesOfRun, asked: Sequence[Decision], planned: Sequence[PlannedCall]) -> None:
    """Raise `ConflictError` for a clip that is too short for the words that are selected now."""
    calls = {call.slot: call for call in planned if call.task.selected}
    for row in asked:
        call, clip = calls.get(row.slot), found.made.take(row.slot, row.take)
        if clip is None or call is None or not isinstance(call.task.request, VideoRequest):
            continue
        frames, needed, fps = request_of(clip).get("frames"), call.task.request.frames, call.task.request.fps
        if isinstance(frames, int) and needed - frames > _MAY_BE_SHORT_S * fps:
            raise ConflictError(
                f"take {row.take} of {people_slot(row.slot)} lasts {frames / fps:.2f} s, and the words of the shot now"
                f" need {needed / fps:.2f} s",
                code="clip_too_short",
                hint=f"`{command('takes ls', found.thread_id)}` lists the takes of its speech; select the one before",
            )
