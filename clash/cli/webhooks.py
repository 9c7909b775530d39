"""`clash webhooks`: what a webhook was told of runs, and what it is still to be told."""

from __future__ import annotations

from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Json, Limit, flags_of, not_empty
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit, say_error
from clash.cli.reading import report
from clash.cli.text import moment

app = typer.Typer(help="Webhooks: list what they were told of runs, or send what is pending.")

_OptionalThread = Annotated[
    str | None, typer.Argument(metavar="[THREAD]", help="Only the events of this run.", show_default=False)
]

_Address = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        metavar="URL",
        show_default=False,
        callback=not_empty,
        help="The address to send to, instead of CLASH_WEBHOOK; signed with CLASH_WEBHOOK_SECRET.",
    ),
]

_EVENTS = (
    Column("created_at", "happened (UTC)", moment),
    Column("thread_id", "thread", fold=True),
    Column("type", "event"),
    Column("state"),
    Column("attempts", right=True),
    Column("receiver", fold=True),
    Column("last_error", "last error", fold=True),
    Column("event_id", at_terminal=False),
    Column("attempted_at", at_terminal=False),
    Column("delivered_at", at_terminal=False),
)
_FLUSHED = (
    Column("receiver"),
    Column("delivered"),
    Column("pending"),
    Column("elsewhere", "pending for another address"),
    Column("last_error", "last error"),
)


@app.command("ls")
def list_webhooks(
    thread: _OptionalThread = None, limit: Limit = None, _database: OtherDatabase = None, as_json: Json = False
) -> None:
    """List the events that a webhook was told, or is still to be told, oldest first."""
    from clash.reports import webhooks

    document = report(lambda settings: webhooks.list_webhooks(settings, thread, limit=limit))
    emit(document, as_json=as_json, render=render_events)


def render_events(document: Document) -> list[Block]:
    """Show one line per event; below them how to send what is pending."""
    items = document["items"]
    blocks: list[Block] = [Table(_EVENTS, items, empty="no events: clash run STORY --webhook URL makes the first")]
    if any(item["state"] == "pending" for item in items):
        blocks.append(
            Remark(
                "`clash webhooks flush` sends what is pending; with --all also what was meant for another address",
                "yellow",
            )
        )
    return blocks


@app.command("flush")
def flush_webhooks(
    thread: _OptionalThread = None,
    webhook: _Address = None,
    every: Annotated[
        bool, typer.Option("--all", help="Send also what was meant for another address: the receiver has moved.")
    ] = False,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Send the events that the receiver does not have yet. Exit 1 if it did not take all of them.

    Events that were meant for another address stay pending and count for nothing here: --all sends them, too.
    """
    from clash import production

    document = report(
        lambda settings: production.flush_webhooks(thread, settings, every=every), flags_of(webhook, None)
    )
    emit(document, as_json=as_json, render=render_flushed)
    if document["pending"]:
        why = f": {document['last_error']}" if document["last_error"] else ""
        say_error(f"{document['receiver']} did not take {document['pending']} of the events{why}", "they are kept")
        raise typer.Exit(1)


def render_flushed(document: Document) -> list[Block]:
    """Show how many events were delivered, and how many were not."""
    blocks: list[Block] = [Record(_FLUSHED, document)]
    if document["elsewhere"]:
        blocks.append(Remark("`clash webhooks flush --all` sends those for another address here, too"))
    return blocks
