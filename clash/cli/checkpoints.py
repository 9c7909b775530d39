"""`clash checkpoints`: the states that a run was saved in."""

from __future__ import annotations

from typing import Annotated

import typer

from clash.cli import diffs
from clash.cli.calls import failures
from clash.cli.layout import Block, Column, Listing, Record, Table
from clash.cli.options import Json, Limit, Thread
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import json_text, milliseconds, moment, money

app = typer.Typer(help="Checkpoints: the saved states of a run.")

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
def list_checkpoints(thread: Thread, limit: Limit = None, as_json: Json = False) -> None:
    """List the checkpoints of a run, newest first."""
    from clash.reports import checkpoints

    document = report(lambda settings: checkpoints.list_checkpoints(settings, thread, limit=limit))
    emit(document, as_json=as_json, render=render_checkpoints)


def render_checkpoints(document: Document) -> list[Block]:
    """A line a checkpoint: the step that it was saved after, and what that step took."""
    items = document["items"]
    return [Table(_LIST, items, empty=f"no checkpoints of {document['thread_id']}"), *failures(items, "checkpoint_id")]


_ONE = (
    Column("thread_id", "thread"),
    Column("checkpoint_id", "checkpoint"),
    Column("parent_checkpoint_id", "parent"),
    Column("checkpoint_ns", "namespace"),
    Column("created_at", "created (UTC)", moment),
    Column("step", "superstep"),
    Column("source"),
    Column("step_name", "step"),
    Column("next"),
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
    as_json: Json = False,
) -> None:
    """Show one checkpoint: when and after which step it was saved, and its state."""
    from clash.reports import checkpoints

    document = report(lambda settings: checkpoints.show_checkpoint(settings, thread, checkpoint))
    emit(document, as_json=as_json, render=render_checkpoint)


def render_checkpoint(document: Document) -> list[Block]:
    """The checkpoint, then its state and what is still to be done as JSON."""
    state = {key: document[key] for key in ("values", "pending", "metadata") if document.get(key)}
    return [Record(_ONE, document), Listing(json_text(state).split("\n"))]


app.command("diff")(diffs.diff_checkpoints)
