"""`clash review`: what is to be judged of a run, approve it, reject it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from clash.cli.calls import with_labels
from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Digest, Json, Note, Prompt, Thread
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import money
from clash.hints import command

app = typer.Typer(help="Review: see what is to be judged, approve it, reject it.")

_WHICH = "shot:007/keyframe, shot:007/clip, shot:007 (both, as far as they are made), character:mara, screenplay."


@app.command("ls")
def list_reviews(thread: Thread, _database: OtherDatabase = None, as_json: Json = False) -> None:
    """List the files that are to be judged, their verdicts, and what going on will cost."""
    from clash import production

    document = report(lambda settings: production.review(thread, settings))
    emit(document, as_json=as_json, render=render_review)


@app.command("approve")
def approve(
    thread: Thread,
    slots: Annotated[list[str] | None, typer.Argument(metavar="[SLOT...]", help=_WHICH, show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Approve all that have no verdict.")] = False,
    sha256: Digest = "",
    as_json: Json = False,
) -> None:
    """Approve files: the run goes on with them when it is resumed."""
    from clash import production

    named = slots or ()
    document = report(lambda settings: production.approve(thread, named, settings, sha256=sha256, every=every))
    emit(document, as_json=as_json, render=render_review)


@app.command("reject")
def reject(
    thread: Thread,
    slots: Annotated[list[str], typer.Argument(metavar="SLOT...", help=_WHICH, show_default=False)],
    note: Note = "",
    prompt: Prompt = "",
    sha256: Digest = "",
    as_json: Json = False,
) -> None:
    """Reject files: the run makes another take of each when it is resumed, with the note or the prompt."""
    from clash import production

    document = report(
        lambda settings: production.reject(thread, slots, settings, note=note, prompt=prompt, sha256=sha256)
    )
    emit(document, as_json=as_json, render=render_review)


_ITEMS = (
    Column("stage"),
    Column("slot", fold=True),
    Column("take", right=True),
    Column("verdict"),
    Column("note", fold=True),
    Column("path", fold=True),
    Column("sha256", show=lambda digest: str(digest)[:12]),
)
_PRICE = (
    Column("thread_id", "thread", at_terminal=False),
    Column("waiting", "without a verdict"),
    Column("to_make", "calls to make"),
    Column("total_usd", "which cost", money),
    Column("estimated", show=lambda estimated: "yes" if estimated else ""),
)


def review_blocks(items: Sequence[Mapping[str, Any]]) -> list[Block]:
    """The files that wait for a verdict."""
    return [Remark("To be judged:", "yellow"), Table(with_labels(_ITEMS, items), items)] if items else []


def render_review(document: Document) -> list[Block]:
    """Show one line per file, what going on costs, and what to type next."""
    thread, price = document["thread_id"], document["price"]
    to_make = sum(step["calls"] for step in price["by_step"])
    blocks: list[Block] = [
        Table(with_labels(_ITEMS, document["items"]), document["items"], empty="nothing to judge yet"),
        Record(_PRICE, {**document, **price, "to_make": to_make}),
    ]
    if document["waiting"]:
        blocks.append(Remark(f"`{command('review approve', thread, '--all')}` approves what has no verdict", "dim"))
    elif to_make or document["items"]:
        blocks.append(Remark(f"`{command('resume', thread)}` goes on", "dim"))
    return blocks
