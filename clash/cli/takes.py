"""`clash retake` and `clash takes`: make slots of a run again, list their takes, choose the one that is in the film."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clash.cli.calls import shot_told, with_labels
from clash.cli.estimate import BUDGET, over_budget
from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.notices import warn
from clash.cli.options import (
    AllowUnpriced,
    Budget,
    Events,
    Json,
    Note,
    OnEvent,
    Prompt,
    SameProject,
    Thread,
    Webhook,
    Yes,
    flags_of,
    not_empty,
)
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit, part_of, print_aside
from clash.cli.reading import report
from clash.cli.run import produce, refuse_events
from clash.cli.streams import may_ask
from clash.cli.text import minute, money, money_if_any
from clash.errors import UsageError

if TYPE_CHECKING:
    from clash.config import Settings
    from clash.documents.edits import EditPlan

app = typer.Typer(help="Takes: list them, choose the one that is in the film.")

Slot = Annotated[
    str,
    typer.Argument(metavar="SLOT", help="What to show: shot:007/clip, character:mara, film.", show_default=False),
]


def retake(
    thread: Thread,
    slots: Annotated[
        list[str],
        typer.Argument(
            metavar="SLOT...",
            show_default=False,
            help="shot:007 (keyframe and clip), shot:007/keyframe, shot:007/clip, shot:007/speech-1, character:mara,"
            " location:pier, screenplay.",
        ),
    ],
    note: Note = "",
    prompt: Prompt = "",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="PROVIDER:MODEL",
            show_default=False,
            callback=not_empty,
            help="The model that is asked instead of the run's.",
        ),
    ] = None,
    takes: Annotated[
        int, typer.Option("--takes", metavar="N", min=1, max=20, help="How many takes; the last is selected.")
    ] = 1,
    budget: Budget = None,
    project: SameProject = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would make and cost; make nothing.")] = False,
    yes: Yes = False,
    allow_unpriced: AllowUnpriced = False,
    webhook: Webhook = None,
    on_event: OnEvent = None,
    events: Events = False,
    as_json: Json = False,
) -> None:
    """Make slots of a run again, with what follows from them, and cut the film again. All takes stay.

    A card is in many shots: what is made again with it is shown, and a yes is needed.
    """
    from dataclasses import replace

    from clash import production

    request = production.RetakeRequest(
        thread, tuple(slots), note, prompt, model, takes, budget, yes, allow_unpriced=allow_unpriced, project=project
    )

    def plan(settings: Settings) -> Coroutine[Any, Any, EditPlan]:
        return production.retake_plan(request, settings)

    refuse_events(events, as_json=as_json, dry_run=dry_run)
    if dry_run:
        document = report(plan)
        emit(document, as_json=as_json, render=render_plan)
        if not as_json and not sys.stdout.isatty():  # a remark is not for a pipe
            for warning in document["warnings"]:
                warn(warning)
        return
    wanted = replace(request, yes=yes or _agreed(plan, as_json=as_json, ask=_names_a_card(slots)))
    produce(
        lambda settings, observe, stop: production.retake(wanted, settings, observe=observe, stop=stop),
        as_json=as_json,
        events=events,
        flags=flags_of(webhook, on_event),
    )


def _names_a_card(slots: Sequence[str]) -> bool:
    return any(slot.startswith(("character:", "location:")) for slot in slots)


def _agreed(plan: Callable[[Settings], Coroutine[Any, Any, EditPlan]], *, as_json: bool, ask: bool = True) -> bool:
    """Whether a person at the terminal says yes to what has to be made. Raises `UsageError` for a no."""
    if not ask or as_json or not may_ask():
        return False
    document = report(plan)
    if not document["needs_yes"]:
        return False
    print_aside(render_plan(document))
    if not typer.confirm("Make it?", err=True):
        raise UsageError("nothing was changed", code="needs_yes")
    return True


@app.command("ls")
def list_takes(
    thread: Thread,
    slot: Annotated[
        str | None,
        typer.Argument(metavar="[SLOT]", help="Only those of a slot: shot:007, film.", show_default=False),
    ] = None,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """List the takes of a run: which are made, which are in the film, what they were told and cost."""
    from clash import production

    document = report(lambda settings: production.takes(thread, slot, settings))
    emit(document, as_json=as_json, render=render_takes)


@app.command("use")
def use_take(
    thread: Thread,
    slot: Annotated[
        str,
        typer.Argument(
            metavar="SLOT",
            show_default=False,
            help="shot:007 (the clip with its keyframe), shot:007/keyframe, character:mara, film ...",
        ),
    ],
    take: Annotated[
        int, typer.Argument(metavar="TAKE", min=1, help="The number of the take, from 1.", show_default=False)
    ],
    yes: Yes = False,
    allow_unpriced: AllowUnpriced = False,
    webhook: Webhook = None,
    on_event: OnEvent = None,
    events: Events = False,
    as_json: Json = False,
) -> None:
    """Select a take and cut the film again, for nothing. Of `film`: all takes that this film holds.

    An older keyframe brings back its clip; if none was made of it, the price is shown, and a yes is needed.
    """
    from clash import production

    def plan(settings: Settings) -> Coroutine[Any, Any, EditPlan]:
        return production.use_take_plan(thread, slot, take, settings)

    agreed = yes or _agreed(plan, as_json=as_json)
    produce(
        lambda settings, observe, stop: production.use_take(
            thread, slot, take, settings, yes=agreed, allow_unpriced=allow_unpriced, observe=observe, stop=stop
        ),
        as_json=as_json,
        events=events,
        flags=flags_of(webhook, on_event),
    )


# -- how it is shown ---------------------------------------------------------------------------------------------


def _yes_if(value: object) -> str:
    return "yes" if value else ""


_TAKES = (
    Column("slot", fold=True),
    Column("take", right=True),
    Column("selected", "in the film", _yes_if),
    Column("state", show=lambda state: "" if state == "made" else str(state).replace("_", " ")),
    Column("model", fold=True),
    Column("cost_usd", "cost", money_if_any, right=True),
    Column("note", fold=True),
    Column("prompt", fold=True, at_terminal=False),
    Column("path", fold=True),
    Column("created_at", "at (UTC)", minute),
    Column("actor", at_terminal=False),
    Column("sha256", at_terminal=False),
)
_PLANNED = (
    Column("slot", fold=True),
    Column("take", right=True),
    Column("follows", show=_yes_if),
    Column("model", fold=True),
    Column("note", fold=True),
    Column("prompt", fold=True, at_terminal=False),
)
PRICE = (
    Column("step"),
    Column("calls", right=True),
    Column("cost_usd", "cost", money, right=True),
)
_TOTAL = (
    Column("thread_id", "thread", at_terminal=False),
    Column("found", "found, so free"),
    Column("to_make", "to make"),
    Column("total_usd", "which cost", money),
    Column("once_approved", "to make once approved, in all"),
    Column("once_approved_usd", "which cost at most", money_if_any),
    *BUDGET,
    Column("estimated", show=_yes_if),
    Column("kept", "shots kept"),
    Column("changed", "shots changed"),
    Column("needs_yes", at_terminal=False),
)


def render_takes(document: Document) -> list[Block]:
    """Show one line per take."""
    return [
        Table(
            with_labels(_TAKES, document["items"]),
            document["items"],
            empty=f"{document['thread_id']} has made nothing yet",
        )
    ]


def render_plan(document: Mapping[str, Any]) -> list[Block]:
    """What is to be made, step by step, and what it costs."""
    shots = {name: document["shots"][name] for name in ("kept", "changed")}
    facts = {
        **document,
        "once_approved": None,
        "once_approved_usd": None,
        **document["calls"],
        **document["price"],
        **shots,
        "changed": ", ".join(shot_told(shot, part_of(document, "labels")) for shot in shots["changed"]),
    }
    blocks: list[Block] = [
        Table(with_labels(_PLANNED, document["takes"]), document["takes"], empty="no take is to be made"),
        Table(PRICE, document["price"]["by_step"], empty="nothing to call"),
        Record(_TOTAL, facts),
    ]
    over = over_budget(document, document["price"]["total_usd"])
    blocks += [Remark(f"warning: {one}", "yellow") for one in [*document["warnings"], *([over] if over else [])]]
    if document["price"]["estimated"]:
        blocks.append(Remark("some of it is estimated: the bill may differ", "dim"))
    elif document["price"]["at_most"]:
        blocks.append(Remark("it is less if a picture comes out as it was: nothing follows from it then", "dim"))
    return blocks
