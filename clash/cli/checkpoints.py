"""`clash checkpoints`: the states that a run was saved in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, cast

import typer

from clash.cli import diffs
from clash.cli.calls import failures
from clash.cli.layout import Block, Column, Listing, Record, Remark, Table
from clash.cli.options import All, Json, Limit, Thread
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit
from clash.cli.pruning import prune
from clash.cli.reading import report
from clash.cli.text import json_text, milliseconds, moment, money
from clash.hints import command

T = TypeVar("T")

app = typer.Typer(help="Checkpoints: the saved states of a run; delete those that nobody needs.")

_LIST = (
    Column("checkpoint_id", "checkpoint", fold=True),
    Column("step_name", "step", lambda name: name or "input"),
    Column("execution_time_ms", "time", milliseconds, right=True),
    Column("api_calls", "calls", right=True),
    Column("cost_usd", "cost", money, right=True),
    Column("created_at", at_terminal=False),
    Column("step", at_terminal=False),
    Column("source", at_terminal=False),
    Column("next", at_terminal=False),
    Column("parent_checkpoint_id", at_terminal=False),
    Column("checkpoint_ns", at_terminal=False),
    Column("error", at_terminal=False),
)


@app.command("ls")
def list_checkpoints(
    thread: Thread, limit: Limit = None, _database: OtherDatabase = None, as_json: Json = False
) -> None:
    """List the checkpoints of a run, newest first."""
    from clash.reports import checkpoints

    document = report(lambda settings: checkpoints.list_checkpoints(settings, thread, limit=limit))
    emit(document, as_json=as_json, render=render_checkpoints)


def render_checkpoints(document: Document) -> list[Block]:
    """A line a checkpoint: the step that it was saved after, and what that step took."""
    items = document["items"]
    return [Table(_LIST, items, empty=f"no checkpoints of {document['thread_id']}"), *failures(items, "checkpoint_id")]


def _counted(steps: Sequence[str] | None) -> str:
    """Name each step once, with the number of its tasks."""
    times = Counter(steps or ())
    return ", ".join(step if count == 1 else f"{step} ({count:,} tasks)" for step, count in times.items())


_MANY, _FIRST = 12, 3
"""An object or a list of the state with more than `_MANY` entries is shown with its first ones at a terminal."""
_ONE = (
    Column("thread_id", "thread"),
    Column("checkpoint_id", "checkpoint"),
    Column("parent_checkpoint_id", "parent"),
    Column("checkpoint_ns", "namespace"),
    Column("created_at", "created (UTC)", moment),
    Column("step", "superstep"),
    Column("source"),
    Column("step_name", "step"),
    Column("next", show=_counted),
    Column("execution_time_ms", "time", milliseconds),
    Column("api_calls", "calls"),
    Column("cost_usd", "cost", money),
    Column("error"),
)


@app.command("show")
def show_checkpoint(
    thread: Thread,
    checkpoint: Annotated[
        str | None,
        typer.Argument(
            metavar="[CHECKPOINT]", help="The id of the checkpoint; without it, the newest.", show_default=False
        ),
    ] = None,
    everything: All = False,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Show one checkpoint: when and after which step it was saved, and its state."""
    from clash.reports import checkpoints

    document = report(lambda settings: checkpoints.show_checkpoint(settings, thread, checkpoint))
    emit(document, as_json=as_json, render=lambda shown: render_checkpoint(shown, everything=everything))


def render_checkpoint(document: Document, *, everything: bool = True) -> list[Block]:
    """The checkpoint, then its state and what is still to be done as JSON.

    `everything`: also at a terminal; else only the first entries of what has many.
    """
    state = {key: document[key] for key in ("values", "pending", "metadata") if document.get(key)}
    record, lines = Record(_ONE, document), json_text(state).split("\n")
    short = lines if everything else json_text(_shortened(state)).split("\n")
    if len(short) == len(lines):
        return [record, Listing(lines)]
    every = f"{command('checkpoints show', document['thread_id'], '--all')} {document['checkpoint_id']}"
    return [record, Remark(f"The state, shortened; all of it: {every}", "dim"), Listing(lines, short)]


def _shortened(value: Any) -> Any:
    """Return a state with only the first entries of each long object and list, and how many more there are."""
    if isinstance(value, Mapping):
        items = list(cast("Mapping[str, Any]", value).items())
        first, more = _first(items)
        short = {name: _shortened(item) for name, item in first}
        return {**short, "...": f"{more:,} more"} if more else short
    if isinstance(value, list):
        first, more = _first(cast("list[Any]", value))
        return [*(_shortened(item) for item in first), *([f"... {more:,} more"] if more else [])]
    return value


def _first(entries: Sequence[T]) -> tuple[Sequence[T], int]:
    """Return the entries that a terminal shows, and how many more there are."""
    return (entries, 0) if len(entries) <= _MANY else (entries[:_FIRST], len(entries) - _FIRST)


app.command("diff")(diffs.diff_checkpoints)
app.command("prune")(prune)
