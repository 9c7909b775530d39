"""Judge the files of a run: what waits for a verdict, approve it, reject it. A verdict is about the bytes of a file."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence

from clash.actors import this_person
from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.decisions import Decision
from clash.database.port import Database
from clash.documents.edits import ReviewList
from clash.editing.retakes import Retake, plan_retake
from clash.editing.slots import call_slots, people_slot
from clash.errors import NotFoundError, UsageError
from clash.hints import command
from clash.production.price_of_change import price_document
from clash.production.retaking import check_prompt, check_words
from clash.production.review_items import current_sha256, review_items, stage_of
from clash.production.takes_of_run import (
    TakesOfRun,
    check_slots,
    decide,
    named_slots,
    read_takes,
    refuse_pending,
)
from clash.providers.registry import Registry
from clash.vocabulary import REVIEW_STAGES, Decided

_DIGEST = re.compile(r"[0-9a-f]{12,64}")

logger = logging.getLogger(__name__)

Verdicts = Callable[[TakesOfRun], Awaitable[list[Decision]]]
"""Makes the decisions about a run of what is recorded of it."""


async def review(thread_id: str, settings: Settings | None = None) -> ReviewList:
    """List what is to be judged, and what going on will cost. Raises `NotFoundError`."""
    settings = settings or load_settings()
    async with open_database(settings.database_url, "read") as database:
        return await review_list(await read_takes(database, settings, Registry(settings), thread_id))


async def approve(
    thread_id: str,
    slots: Sequence[str] = (),
    settings: Settings | None = None,
    *,
    sha256: str = "",
    every: bool = False,
    stage: str = "",
    seen: Mapping[str, str] | None = None,
) -> ReviewList:
    """Approve the files of slots, or with `every` all that have no verdict. Approved before: nothing changes.

    With `every`, `stage` leaves out those of other stages, and `seen` those whose file is not the one of this digest:
    what nobody has looked at is not approved.

    `sha256`: the file that was looked at, or the first 12 digits of its digest at least. Raises `NotFoundError`
    (`not_current`) if that is not the slot's file any more; nothing changes then.
    """
    return await _decided(thread_id, settings, approval(slots, sha256=sha256, every=every, stage=stage, seen=seen))


def approval(
    slots: Sequence[str] = (),
    *,
    sha256: str = "",
    every: bool = False,
    stage: str = "",
    seen: Mapping[str, str] | None = None,
) -> Verdicts:
    """Return what makes the decisions of `approve` about any run. Raises `UsageError`."""
    _check_slots_given(slots, sha256, every=every)
    if (stage or seen is not None) and not every:
        raise UsageError("a stage, and what was seen, are given with `every`")
    if stage and stage not in REVIEW_STAGES:
        raise UsageError(f"there is no stage {stage[:40]!r}", hint=f"stages are {', '.join(REVIEW_STAGES)}")

    async def plan(found: TakesOfRun) -> list[Decision]:
        judged = _unjudged(found, await _slots_of(found), stage, seen) if every else await _judged(found, slots, sha256)
        batch, actor = secrets.token_hex(8), this_person()
        return [
            Decision(
                slot=slot,
                decision=Decided.APPROVE,
                take=found.takes.selected(slot).number,
                judged_sha256=digest,
                batch=batch,
                actor=actor,
            )
            for slot, digest in judged.items()
            if not found.takes.is_approved(slot, digest)
        ]

    return plan


async def reject(
    thread_id: str,
    slots: Sequence[str],
    settings: Settings | None = None,
    *,
    note: str = "",
    prompt: str = "",
    sha256: str = "",
) -> ReviewList:
    """Reject the files of slots: the run makes another take of each when it goes on, with the note or the prompt.

    Raises as `approve` does, `UsageError` for words that cannot be, and `ConflictError` for what is retaken already.
    """
    return await _decided(thread_id, settings, rejection(slots, note=note, prompt=prompt, sha256=sha256))


def rejection(slots: Sequence[str], *, note: str = "", prompt: str = "", sha256: str = "") -> Verdicts:
    """Return what makes the decisions of `reject` about any run. Raises `UsageError`."""
    _check_slots_given(slots, sha256, every=False)
    check_words(note, prompt)

    async def plan(found: TakesOfRun) -> list[Decision]:
        judged = await _judged(found, slots, sha256)
        check_prompt(prompt, tuple(judged))
        whole = [slot for slot in named_slots(slots, found.labels) if judged.keys() >= set(call_slots(slot))]
        paired = {part for slot in whole for part in call_slots(slot)}
        named = [*whole, *(people_slot(slot) for slot in judged if slot not in paired)]
        rejected = Retake(tuple(named), note.strip(), prompt.strip(), judged=judged, actor=this_person())
        batch = secrets.token_hex(8)
        decisions = plan_retake(rejected, found.takes, found.made, found.screenplay, batch, found.endings)
        refuse_pending(decisions, found)
        for warning in found.unread_notes(decisions):
            logger.warning(warning)
        return decisions

    return plan


def _check_slots_given(slots: Sequence[str], sha256: str, *, every: bool) -> None:
    if every and slots:
        raise UsageError(
            f"--all approves all that have no verdict, and {slots[0]} is named as well",
            hint="give slots, or --all alone",
        )
    if not every and not slots:
        raise UsageError("name the slots that are judged", hint="or --all, which approves all that have no verdict")
    if sha256 and (every or len(slots) != 1):
        raise UsageError("--sha256 says which file of one slot was looked at", hint="name that slot alone")
    if sha256 and not _DIGEST.fullmatch(sha256.lower()):
        raise UsageError(f"{sha256!r} is no sha256 digest, nor the first 12 of its 64 digits")


async def _decided(thread_id: str, settings: Settings | None, verdicts: Verdicts) -> ReviewList:
    settings = settings or load_settings()
    async with open_database(settings.database_url, "write") as database:
        return (await decided_in(database, settings, Registry(settings), thread_id, verdicts))[0]


async def decided_in(
    database: Database, settings: Settings, registry: Registry, thread_id: str, verdicts: Verdicts
) -> tuple[ReviewList, list[Decision]]:
    """Write verdicts about a run; return how its review stands then, and the decisions. Raises as `approve` does."""
    found = await read_takes(database, settings, registry, thread_id)
    _, decisions = await decide(found, settings, verdicts)
    return await review_list(await read_takes(database, settings, registry, thread_id)), decisions


async def review_list(found: TakesOfRun) -> ReviewList:
    """Return how the review of a run stands: the document of `clash review ls`."""
    planned = await found.planned(found.takes)
    items = list(review_items(found, {call.slot for call in planned}))
    return ReviewList.of(
        {
            "thread_id": found.thread_id,
            "stages": list(found.recorded.settings.review),
            "items": items,
            "waiting": sum(item["verdict"] is None for item in items),
            "price": price_document(planned, exact_writer=found.exact_writer),
        }
    )


async def _slots_of(found: TakesOfRun) -> set[str]:
    return {call.slot for call in await found.planned(found.takes)}


def _unjudged(
    found: TakesOfRun, slots: set[str], stage: str = "", seen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The slots whose files have no verdict, each with the file's digest."""
    waiting = (item for item in review_items(found, slots) if item["verdict"] is None)
    return {
        call_slots(item["slot"])[-1]: str(item["sha256"])
        for item in waiting
        if stage in ("", item["stage"]) and (seen is None or seen.get(item["slot"]) == item["sha256"])
    }


async def _judged(found: TakesOfRun, slots: Sequence[str], sha256: str) -> dict[str, str]:
    """The slots of the files that are judged, each with the file's digest. Raises `NotFoundError` (`not_current`)."""
    names = named_slots(slots, found.labels)
    check_slots(names, found, await found.planned(found.takes))
    judged: dict[str, str] = {}
    for name in names:
        current = {slot: current_sha256(slot, found) for slot in call_slots(name) if stage_of(slot)}
        if not current:
            again = f"`{command('retake', found.thread_id)} {name}`"
            raise UsageError(f"{name} is not reviewed: speech is judged in its shot", hint=f"{again} speaks it again")
        chosen = {slot: digest for slot, digest in current.items() if digest and digest.startswith(sha256.lower())}
        if not chosen:
            raise _not_current(name, sha256, found, current)
        judged |= chosen
    return judged


def _not_current(name: str, sha256: str, found: TakesOfRun, current: dict[str, str]) -> NotFoundError:
    there = ", ".join(f"{people_slot(slot)} is {digest[:12]} now" for slot, digest in current.items() if digest)
    missing = f"{name} has no file now: its take is still to be made"
    return NotFoundError(
        f"{name} is not {sha256[:12]} any more; {there}" if there else missing,
        code="not_current",
        hint=f"nothing was changed; `{command('review ls', found.thread_id)}` shows what is to be judged",
        slots=tuple(current),
    )
