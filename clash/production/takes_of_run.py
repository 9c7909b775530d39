"""What is recorded of a run's takes, and what a change of them will make and cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from clash.assets import AssetStore, open_assets
from clash.calls.dry_run import PlannedCall, together
from clash.clock import now_text
from clash.config import Settings
from clash.database import call_log, reading
from clash.database.decisions import Decision, FilmCut, add_decisions, cuts_of, decisions_of
from clash.database.lease import is_held
from clash.database.migrations import checked
from clash.database.port import Database
from clash.database.rows import AssetRow, RunRow
from clash.database.run_settings import Basis, RunSettings
from clash.documents.edits import EditPlan
from clash.editing.cast import given_cards, read_cast_sheet
from clash.editing.made import Made, is_asked_for
from clash.editing.slots import (
    FILM,
    SCREENPLAY,
    asset_of,
    call_slots,
    in_film_order,
    keyframe_of,
    people_slot,
    shot_of,
)
from clash.editing.takes import Takes
from clash.errors import ClashError, ConflictError, NotFoundError, StorageError
from clash.hints import command
from clash.money import to_micro, usd_text
from clash.production.clip_warnings import left_out, unread_notes
from clash.production.estimates import planned_calls
from clash.production.price_of_change import budget_document, counts_document, is_at_most, is_estimated, price_document
from clash.production.refitting import Recorded
from clash.providers.clip_abilities import takes_last_frame
from clash.providers.registry import Registry
from clash.reports.screenplays import screenplay_in
from clash.reports.shot_labels import NO_LABELS, ShotLabels, read_labels
from clash.story.last_frames import ends_on
from clash.story.screenplay import Screenplay, shot_slot, slug
from clash.thread_ids import check_thread_id
from clash.transfer.decisions import keep_decisions
from clash.workflow.context import format_of
from clash.workflow.state import WORKFLOW

_ALIKE = 0.7
"""How alike two names are, from 0 to 1, if one may be a misspelling of the other."""
_TRIES = 8
"""How often decisions are made again because somebody else has decided meanwhile."""


@dataclass(frozen=True)
class TakesOfRun:
    """A run with all that is recorded of its takes, as it was read at one moment."""

    database: Database
    registry: Registry
    run: RunRow
    takes: Takes
    cuts: tuple[FilmCut, ...]
    files: tuple[AssetRow, ...]
    recorded: Recorded
    screenplay: Screenplay | None
    labels: ShotLabels
    """The labels that the story's table gives the shots."""
    given: Mapping[str, str]
    """Slots whose first take no call made, each with the digest of what a person gave; "" for a merged screenplay."""

    @property
    def thread_id(self) -> str:
        """The run's thread id."""
        return self.run.run_id

    @property
    def made(self) -> Made:
        """The run's calls, by slot and take."""
        return self.recorded.made

    def sha256_of(self, slot: str, number: int) -> str | None:
        """Return the digest of a take's file; None if it is not made, or not to be told any more."""
        call = self.made.take(slot, number)
        is_given = number == 1 and slot in self.given
        if not is_given and call is None:
            return None
        if is_given and self.given[slot]:
            return self.given[slot]
        if slot == SCREENPLAY and (is_given or self.recorded.settings.basis.cast):
            # It was merged, or has the looks of the cast: it is not what the call answered.
            file = self.file_of(slot) if self.takes.selected(slot).number == number else None
            return file and file.sha256
        return call and call.asset_sha256

    @property
    def endings(self) -> Mapping[str, Sequence[str]]:
        """By the slot of each keyframe, the clips that end on it, where their models take a last frame."""
        found: dict[str, list[str]] = {}
        if self.screenplay is None:
            return found
        settings = self.recorded.settings
        for number, end in ends_on(self.screenplay, chain=format_of(settings).chain).items():
            clip = shot_slot(number)
            spec = self.takes.selected(clip).model or settings.models["video"]
            if takes_last_frame(self.registry.model("video", spec)):
                found.setdefault(keyframe_of(shot_slot(end)), []).append(clip)
        return found

    @property
    def exact_writer(self) -> bool:
        """Whether a dry run shows what the run's writer will write."""
        return self.recorded.settings.models["screenplay"] == self.registry.default("screenplay").spec

    @property
    def is_held(self) -> bool:
        """Whether a live process holds the run."""
        return is_held(self.run)

    def file_of(self, slot: str) -> AssetRow | None:
        """Return the file that the run has for the call of a slot."""
        wanted = asset_of(slot)
        return next((file for file in self.files if (file.slot, file.asset_type) == wanted), None)

    def unread_notes(self, decisions: Sequence[Decision]) -> list[str]:
        """Return what there is to say of notes that the models of these takes do not read."""
        return unread_notes(decisions, self.recorded.settings.models, self.registry)

    def stored_path(self, sha256: str) -> str:
        """Return where a file is in the asset store."""
        assets = self.recorded.assets
        return (assets.root / assets.relative_path(sha256)).as_posix()

    async def planned(self, takes: Takes, *, now: bool = False) -> list[PlannedCall]:
        """Return all calls that the run needs with these takes. Raises `SettingsError` for a model without a price.

        `now`: only those that it makes when it goes on, and not what waits for a review.
        """
        recorded = self.recorded
        return await planned_calls(
            self.database, recorded.assets, self.registry, self.thread_id, recorded.settings, takes, now=now
        )


async def read_takes(
    database: Database, settings: Settings, registry: Registry, thread_id: str, *, files_needed: bool = True
) -> TakesOfRun:
    """Read what is recorded of a run's takes. Raises `NotFoundError`, and `StorageError` for a lost screenplay.

    `files_needed`: False where the tables alone are read, as on a machine that has no files of the run.
    """
    check_thread_id(thread_id)
    run, decisions, cuts, files, rows = await checked(
        database,
        asyncio.gather(
            reading.run_row(database, thread_id),
            decisions_of(database, thread_id),
            cuts_of(database, thread_id),
            reading.sound_assets(database, thread_id),
            call_log.rows_of_run(database, thread_id),
        ),
    )
    if run.workflow_name != WORKFLOW:
        raise NotFoundError(f"the run {thread_id} is not a clash film (workflow: {run.workflow_name})")
    assets, recorded = open_assets(settings), RunSettings.from_row(run)
    screenplay = None
    with suppress(StorageError) if not files_needed else nullcontext():
        screenplay = await screenplay_in(assets, files)
    return TakesOfRun(
        database=database,
        registry=registry,
        run=run,
        takes=Takes(decisions),
        cuts=tuple(cuts),
        files=tuple(files),
        recorded=Recorded(recorded, rows, assets, registry),
        screenplay=screenplay,
        labels=await read_labels(assets, run, files, fetch=files_needed),
        given=await _given(recorded.basis, assets, screenplay),
    )


async def _given(basis: Basis, assets: AssetStore, screenplay: Screenplay | None) -> Mapping[str, str]:
    given = {SCREENPLAY: basis.given} if basis.given or basis.screenplay else dict[str, str]()
    if basis.cast and screenplay is not None and await assets.restore(basis.cast):
        cards = given_cards(screenplay, await read_cast_sheet(basis, assets.read))
        given |= {slot: file["sha256"] for slot, file in cards.items()}
    return given


# -- deciding --------------------------------------------------------------------------------------------------


async def decide(
    found: TakesOfRun, settings: Settings, plan: Callable[[TakesOfRun], Any]
) -> tuple[TakesOfRun, list[Decision]]:
    """Write the decisions that `plan` makes of what is recorded; anew if somebody else has decided meanwhile.

    Returns what they were made of, and them. Raises what `plan` raises; then nothing is written.
    """
    for _ in range(_TRIES):
        decisions: list[Decision] = [replace(decision, created_at=now_text()) for decision in await plan(found)]
        if not decisions:
            return found, []
        seen = len(found.takes.decisions)
        if await add_decisions(found.database, found.thread_id, decisions, seen=seen):
            made = (*found.takes.decisions, *decisions)
            await keep_decisions(found.recorded.assets, found.thread_id, found.run.start_time, made)
            return found, decisions
        found = await read_takes(found.database, settings, found.registry, found.thread_id)
    raise ConflictError(
        f"others decide about {found.thread_id} all the time; nothing was changed", code="written_meanwhile"
    )


def refuse_pending(decisions: Sequence[Decision], found: TakesOfRun) -> None:
    """Raise `ConflictError` for a slot whose retake is not made yet: it must be made before the next decision."""
    waiting = [
        slot for slot in dict.fromkeys(row.slot for row in decisions) if found.made.is_pending(slot, found.takes)
    ]
    if waiting:
        named = ", ".join(people_slot(slot) for slot in waiting)
        raise ConflictError(
            f"a retake of {named} is not made yet",
            code="retake_pending",
            hint=f"`{command('resume', found.thread_id)}` makes it",
            slots=waiting,
        )


def check_slots(slots: Sequence[str], found: TakesOfRun, planned: Sequence[PlannedCall]) -> None:
    """Raise `NotFoundError` for a slot that the run's film does not have."""
    there = {call.slot for call in planned} if found.screenplay is not None else set[str]()
    for slot in slots:
        if not {SCREENPLAY, *there}.issuperset(call_slots(slot)):
            raise _unknown_slot(slot, found, there)


def _unknown_slot(slot: str, found: TakesOfRun, there: set[str]) -> NotFoundError:
    if not there:
        return NotFoundError(
            f"{found.thread_id} has no screenplay yet, so no slot {slot}",
            hint=f"`{command('resume', found.thread_id)}` has it written",
        )
    lists = f"`{command('takes ls', found.thread_id)}` lists the slots and their takes"
    return NotFoundError(f"{found.thread_id} has no slot {slot}{there_is(slot, there, found.labels)}", hint=lists)


def there_is(slot: str, there: Iterable[str], labels: ShotLabels) -> str:
    """Return what to say after a slot that is not there: the one that was meant perhaps, or what there is instead."""
    ordered = in_film_order(set(there))
    if meant := labels.perhaps(slot, {shot_of(name) for name in ordered}):
        return f"; did you mean {meant}?"
    people = list(dict.fromkeys(people_slot(name) for name in ordered))
    if near := near_names(slot, people):
        return f"; did you mean {' or '.join(near)}?"
    shot, kind = shot_of(slot), slot.partition(":")[0]
    same = [name for name in ordered if shot_of(name) == shot != ""]
    if same or not shot:
        some = (
            [people_slot(name) for name in same] or [name for name in people if name.startswith(f"{kind}:")] or people
        )
        return f"; there is {', '.join(some[:12])}{' ...' if some[12:] else ''}"
    shots = list(dict.fromkeys(shot_of(name) for name in ordered if shot_of(name)))
    if not shots:
        return f"; there is {', '.join(people[:12])}"
    ends = [labels.told(name) for name in dict.fromkeys((shots[0], shots[-1]))]
    return f"; there {'are shots' if len(ends) > 1 else 'is'} {' to '.join(ends)}"


def near_names(slot: str, there: Sequence[str]) -> list[str]:
    """Return the slots of cards that a slot may be a misspelling of: `character:Mara` of `character:mara`."""
    kind, colon, name = slot.partition(":")
    if not colon or kind.lower() == "shot":
        return get_close_matches(slot.lower(), [one for one in there if ":" not in one], 1, _ALIKE)
    wanted = slug(name)
    cards = sorted(there, key=lambda one: one.startswith(f"{kind.lower()}:"))
    names = {one.partition(":")[2]: one for one in cards if one.partition(":")[1]}
    if wanted in names:
        return [names[wanted]]
    own = [name for name, one in names.items() if one.startswith(f"{kind.lower()}:")]
    return [names[near] for near in get_close_matches(wanted, own, 2, _ALIKE)]


def named_slots(slots: Sequence[str], labels: ShotLabels = NO_LABELS) -> tuple[str, ...]:
    """Return slots as clash writes them, each once; a shot may be named by the label that its table gives it."""
    return tuple(dict.fromkeys(labels.slot(slot) for slot in slots))


# -- prices ----------------------------------------------------------------------------------------------------


def plan_document(
    found: TakesOfRun,
    decisions: Sequence[Decision],
    planned: Sequence[PlannedCall],
    *,
    needs_yes: bool,
    budget: Decimal | None = None,
    once_approved: Sequence[PlannedCall] | None = None,
) -> EditPlan:
    """Return what the decisions will make and cost. `once_approved`: all calls, of a run that waits for a review.

    `budget`: dollars, if the run is given another one.
    """
    missing = [call for call in planned if not call.found]
    touched = {shot_of(call.slot) for call in missing} | {shot_of(row.slot) for row in decisions}
    shots = list(dict.fromkeys(shot_of(slot) for slot in in_film_order({call.slot for call in planned})))
    changed = [shot for shot in shots if shot and shot in touched]
    return EditPlan.of(
        {
            "thread_id": found.thread_id,
            "forked_from": None,
            "shots": {
                "kept": sum(bool(shot) for shot in shots) - len(changed),
                "moved": [],
                "changed": changed,
                "added": [],
                "removed": [],
            },
            "calls": counts_document(planned, once_approved),
            "price": price_document(planned, exact_writer=found.exact_writer, once_approved=once_approved),
            **budget_document(
                found.run.budget_micro if budget is None else to_micro(budget), found.run.committed_micro, planned
            ),
            "takes": [
                {
                    "slot": people_slot(row.slot),
                    "label": found.labels.of(row.slot),
                    "take": row.take,
                    "note": row.note,
                    "prompt": row.prompt,
                    "model": row.model,
                    "follows": not is_asked_for(row),
                }
                for row in decisions
                if row.decision == "retake"
            ],
            "labels": {shot: label for shot in changed if (label := found.labels.of(shot))},
            "needs_yes": needs_yes,
            "warnings": [*left_out(planned), *found.unread_notes(decisions)],
        }
    )


def price_told(
    found: TakesOfRun, planned: Sequence[PlannedCall], once_approved: Sequence[PlannedCall] | None = None
) -> str:
    """Return the price in words: `2 calls, $0.310000`; and what it is in all, once what waits is approved."""
    if once_approved is not None and (later := together(once_approved)) > together(planned):
        in_all = f"in all up to ${usd_text(to_micro(later))} once what waits for a review is approved"
        return f"{price_told(found, planned)} now, {in_all}"
    missing = [call for call in planned if not call.found]
    guessed = together(missing) > 0 and is_estimated(planned, exact_writer=found.exact_writer)
    about = "about " if guessed else "at most " if is_at_most(planned) else ""
    return f"{len(missing)} call{'' if len(missing) == 1 else 's'}, {about}${usd_text(to_micro(together(missing)))}"


def cuts_with_first(found: TakesOfRun) -> tuple[FilmCut, ...]:
    """Return the cuts of a run's film; the film of a run that an older clash completed is its first."""
    if found.cuts:
        return found.cuts
    film = next((file for file in found.files if file.asset_type == FILM), None)
    if film is None:
        return ()
    document = {"sha256": film.sha256, "media_type": film.media_type, "facts": film.facts}
    return (FilmCut(1, "", {FILM: document}, {}, film.created_at),)


async def unknown_take(slot: str, number: int, there: Sequence[int], found: TakesOfRun) -> ClashError:
    """Return the error for a take that is not there."""
    listed = ", ".join(map(str, there)) or "none"
    lists = f"`{command('takes ls', found.thread_id)}` lists the takes"
    source = found.recorded.settings.forked_from
    if source is not None and number in found.takes.numbers(slot):
        if await reading.find_run(found.database, source.thread_id) is None:
            lists = f"{source.thread_id}, which had it, was removed; {lists}"
        else:
            theirs = command("takes ls", source.thread_id)
            lists = f"{source.thread_id} was forked without it: `{theirs}` lists its takes"
    return NotFoundError(f"{slot} has no take {number} that is made; there is {listed}", hint=lists)
