"""Retake: make slots of a run again, with what follows from them, and cut the film again."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from clash.actors import this_person
from clash.calls.dry_run import PlannedCall
from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.decisions import Decision
from clash.database.lease import is_held
from clash.documents.edits import EditPlan
from clash.documents.outcome import Outcome
from clash.editing.made import is_asked_for
from clash.editing.retakes import Retake, is_repeated, plan_retake
from clash.editing.slots import FILM, call_slots, is_card, kind_of_slot, people_slot
from clash.errors import ConflictError, UsageError
from clash.hints import command
from clash.production import use_cases
from clash.production.clip_warnings import left_out
from clash.production.output_folder import require_recorded
from clash.production.plan import check_budget, with_unpriced
from clash.production.progress import Event, Observer, ignore
from clash.production.run_project import check_project_of
from clash.production.run_report import RunReport
from clash.production.stopping import StopSignal
from clash.production.takes_of_run import (
    TakesOfRun,
    check_slots,
    decide,
    named_slots,
    plan_document,
    price_told,
    read_takes,
    refuse_pending,
)
from clash.providers.registry import Registry
from clash.reports.runs import run_document

_MOST_TAKES = 20
_LONGEST_WORDS = 20_000


@dataclass(frozen=True)
class RetakeRequest:
    """What to make again. `note` is added to what the model is told, `prompt` replaces it.

    `slots`: `shot:007`, `shot:007/clip`, `character:mara`, `screenplay`. `takes`: how many of each, the last is
    selected. `budget`: dollars, the run's new budget. `yes`: agree to make a card again with all that it is in.
    """

    thread_id: str
    slots: tuple[str, ...]
    """As people name them: `shot:007` (keyframe and clip), `shot:007/clip`, `character:mara`, `screenplay` ..."""
    note: str = ""
    prompt: str = ""
    model: str | None = None
    """`provider:model` that is asked in place of the run's."""
    takes: int = 1
    """How many takes of each slot; the last is selected."""
    budget: Decimal | None = None
    """Dollars, the run's new budget."""
    yes: bool = False
    """Whether a card may be made again with all keyframes and clips that it is in."""
    allow_unpriced: bool = False
    """Whether models may be called whose price nobody knows."""
    project: str | None = None
    """The project that the run must belong to."""

    @property
    def command(self) -> str:
        """The command that carries it out, with its yes."""
        flags = ["--yes"]
        for name, value in (("--note", self.note), ("--prompt", self.prompt), ("--model", self.model or "")):
            flags += [name, shlex.quote(value)] if value else []
        flags += ["--takes", str(self.takes)] if self.takes != 1 else []
        flags += ["--budget", f"{self.budget:f}"] if self.budget is not None else []
        flags += ["--allow-unpriced"] if self.allow_unpriced else []
        return " ".join((command("retake", self.thread_id, *flags), *(shlex.quote(slot) for slot in self.slots)))


async def retake_plan(request: RetakeRequest, settings: Settings | None = None) -> EditPlan:
    """Return what a retake will make and cost. Nothing is made or written. Raises what `retake` raises."""
    settings = with_unpriced(settings or load_settings(), allowed=request.allow_unpriced)
    async with open_database(settings.database_url, "read") as database:
        found = await read_takes(database, settings, Registry(settings), request.thread_id)
        decisions, planned, whole = await _planned(request, found)
    return plan_document(
        found, decisions, planned, needs_yes=_needs_yes(decisions), budget=request.budget, once_approved=whole
    )


async def retake(
    request: RetakeRequest,
    settings: Settings | None = None,
    *,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> RunReport:
    """Make slots of a run again, in new takes, with what follows from them; then cut the film again.

    All takes that there are stay. If another process holds the run, that one makes them, and the report says so. A
    retake that is repeated before it is made is gone on with. Raises before anything is written: `NotFoundError`,
    `UsageError`, `SettingsError`, and `ConflictError` for a slot of which another retake is not made yet.
    """
    settings = with_unpriced(settings or load_settings(), allowed=request.allow_unpriced)
    found, told, warnings = await _decided(request, settings, publishes=True)
    observe(Event("note", f"to make: {told}", thread_id=request.thread_id))
    for warning in warnings:
        observe(Event("note", warning, thread_id=request.thread_id))
    report = await go_on(
        found,
        settings,
        budget=request.budget,
        allow_unpriced=request.allow_unpriced,
        observe=observe,
        stop=stop,
    )
    document = report.document
    return replace(report, document=document.model_copy(update={"warnings": [*document.warnings, *warnings]}))


async def request_retake(request: RetakeRequest, settings: Settings | None = None) -> Outcome:
    """Write down what is to be made again, and make nothing: the process that goes on with the run makes it.

    Returns how the run stands. Raises before anything is written, as `retake` does.
    """
    settings = with_unpriced(settings or load_settings(), allowed=request.allow_unpriced)
    found, told, warnings = await _decided(request, settings)
    document = (await report_of(found, settings, f"to make: {told}")).document
    return document.model_copy(update={"warnings": [*document.warnings, *warnings]})


async def _decided(
    request: RetakeRequest, settings: Settings, *, publishes: bool = False
) -> tuple[TakesOfRun, str, list[str]]:
    """Write the decisions of a retake. Returns what they were made of, what is to be made, in words, and warnings.

    `publishes`: whether this process goes on with the run, if no other does: then its folder must be writable here.
    """
    check_budget(request.budget)
    told, warnings = "", list[str]()

    async def plan(found: TakesOfRun) -> list[Decision]:
        nonlocal told, warnings
        decisions, planned, whole = await _planned(request, found)
        if _needs_yes(decisions) and not request.yes:
            raise _asking(request, decisions, price_told(found, planned, whole))
        if publishes and not is_held(found.run):
            output = found.recorded.settings.output
            await asyncio.to_thread(require_recorded, request.thread_id, output, settings)
        told, warnings = price_told(found, planned, whole), [*left_out(planned), *found.unread_notes(decisions)]
        return decisions

    async with open_database(settings.database_url, "write") as database:
        found = await read_takes(database, settings, Registry(settings), request.thread_id)
        found, _ = await decide(found, settings, plan)
    return found, told, warnings


async def go_on(
    found: TakesOfRun,
    settings: Settings,
    *,
    budget: Decimal | None = None,
    allow_unpriced: bool = False,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> RunReport:
    """Resume the run; if another process holds it, report that this one goes on with what was decided."""
    try:
        return await use_cases.resume(
            found.thread_id, settings, budget=budget, allow_unpriced=allow_unpriced, observe=observe, stop=stop
        )
    except ConflictError as error:
        if error.code != "held":
            raise
        holder = error.message
    kept = " The budget was not changed: that process keeps its own." if budget is not None else ""
    return await report_of(
        found,
        settings,
        f"{holder}: that process makes the take, for it goes on with what was decided once it has done its step.{kept}",
    )


async def report_of(found: TakesOfRun, settings: Settings, warning: str) -> RunReport:
    """Return how the run stands, with a warning; nothing of it was made here."""
    async with open_database(settings.database_url, "read") as database:
        document = await run_document(database, found.thread_id, found.recorded.assets)
    return RunReport(Outcome.of({**document, "warnings": [*document["warnings"], warning]}), 0)


# -- planning ----------------------------------------------------------------------------------------------------


async def _planned(
    request: RetakeRequest, found: TakesOfRun
) -> tuple[list[Decision], list[PlannedCall], list[PlannedCall] | None]:
    """Return the decisions of a retake, none if it was decided before, and all calls that the run makes then.

    Of a run under review, the calls that it makes before it waits, and all those that it makes once that is approved.
    """
    check_project_of(found.run, request.project)
    slots = named_slots(request.slots, found.labels)
    _check(request, slots)
    models = _models(request, slots, found.registry)
    asked = Retake(
        slots, request.note.strip(), request.prompt.strip(), request.takes, models=models, actor=this_person()
    )
    repeated = is_repeated(asked, found.takes, found.made)
    decisions: list[Decision] = []
    if not repeated:
        batch = secrets.token_hex(8)
        decisions = plan_retake(asked, found.takes, found.made, found.screenplay, batch, found.endings)
    # Before their price: what is pending may be made of what fails.
    refuse_pending(decisions, found)
    planned = await found.planned(found.takes.with_(decisions))
    check_slots(slots, found, planned)
    check_prompt(request.prompt, asked.call_slots)
    for slot, spec in models.items():
        found.registry.model(kind_of_slot(slot), spec).require()
    if not found.recorded.settings.review:
        return decisions, planned, None
    return decisions, await found.planned(found.takes.with_(decisions), now=True), planned


def _check(request: RetakeRequest, slots: Sequence[str]) -> None:
    if not request.slots:
        raise UsageError("name the slots that are to be made again", hint=command("takes ls", request.thread_id))
    if not 1 <= request.takes <= _MOST_TAKES:
        raise UsageError(f"{request.takes} takes are not between 1 and {_MOST_TAKES}")
    check_words(request.note, request.prompt)
    if FILM in slots:
        raise UsageError(
            "the film is cut of its shots: retake these, or select others",
            hint=f"`{command('takes ls', request.thread_id)}` lists them",
        )


def check_words(note: str, prompt: str) -> None:
    """Raise `UsageError` for a note or a prompt that no model takes."""
    if max(len(note), len(prompt)) > _LONGEST_WORDS:
        raise UsageError(f"a note or a prompt has at most {_LONGEST_WORDS} characters")
    if "\0" in note + prompt:
        raise UsageError("a note or a prompt cannot hold a NUL")
    if any("\ud800" <= character <= "\udfff" for character in note + prompt):
        raise UsageError("a note or a prompt holds a byte that is no UTF-8", hint="type it in UTF-8")


def check_prompt(prompt: str, slots: Sequence[str]) -> None:
    """Raise `UsageError` where there is no prompt that could be replaced. `slots`: those of calls."""
    for slot in slots:
        kind = kind_of_slot(slot)
        if prompt and kind in ("screenplay", "speech"):
            what = "a screenplay is written of the story" if kind == "screenplay" else "speech says the story's words"
            raise UsageError(f"{slot}: {what}, there is no prompt to replace", hint="use --note")


def _models(request: RetakeRequest, slots: tuple[str, ...], registry: Registry) -> Mapping[str, str]:
    """The model that is asked in place of the run's, for each slot of a call of which it makes the kind.

    Of a whole shot it may make the keyframe or the clip alone. Raises `UsageError` where it makes nothing of a slot.
    """
    if request.model is None:
        return {}
    found: dict[str, str] = {}
    for slot in slots:
        parts, refused = call_slots(slot), list[UsageError]()
        for part in parts:
            try:
                found[part] = registry.model(kind_of_slot(part), request.model).spec
            except UsageError as error:
                refused.append(error)
        if len(refused) == len(parts):
            raise refused[0]
    return found


def _needs_yes(decisions: list[Decision]) -> bool:
    """Whether a card is among what is asked for: all keyframes and clips that it is in follow."""
    return any(is_asked_for(row) and is_card(row.slot) for row in decisions)


def _asking(request: RetakeRequest, decisions: list[Decision], price: str) -> UsageError:
    following = [people_slot(row.slot) for row in decisions if not is_asked_for(row)]
    named = ", ".join(following[:12]) + (" ..." if following[12:] else "")
    also = f"; made again with it: {named}" if following else ""
    return UsageError(
        f"retake {', '.join(request.slots)}: {price}{also}",
        code="needs_yes",
        hint=f"`{request.command}` does it",
    )
