"""`clash review`: what is to be judged of a run, approve it, reject it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from clash.cli.calls import with_labels
from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.of_batch import EachOfBatch, ThreadOrBatch, end, one_run, reasons
from clash.cli.options import Digest, Json, Note, Prompt
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit, part_of
from clash.cli.reading import report
from clash.cli.text import money
from clash.errors import UsageError
from clash.hints import batch_command, batch_option, command

app = typer.Typer(help="Review: see what is to be judged, approve it, reject it.")

_WHICH = "shot:007/keyframe, shot:007/clip, shot:007 (both, as far as they are made), character:mara, screenplay."


@app.command("ls")
def list_reviews(
    thread: ThreadOrBatch = None, batch: EachOfBatch = None, _database: OtherDatabase = None, as_json: Json = False
) -> None:
    """List the files that are to be judged, their verdicts, and what going on will cost."""
    from clash import production

    one = one_run(thread, batch, "clash review ls")
    if batch is None:
        document = report(lambda settings: production.review(one, settings))
        emit(document, as_json=as_json, render=render_review)
        return
    document = report(lambda settings: production.review_batch(batch, settings))
    emit(document, as_json=as_json, render=render_review_of_batch)
    end(document)


@app.command("approve")
def approve(
    thread: ThreadOrBatch = None,
    slots: Annotated[list[str] | None, typer.Argument(metavar="[SLOT...]", help=_WHICH, show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Approve all that have no verdict.")] = False,
    sha256: Digest = "",
    batch: EachOfBatch = None,
    as_json: Json = False,
) -> None:
    """Approve files: the run goes on with them when it is resumed."""
    from clash import production

    named = slots or ()
    if batch is None:
        one = one_run(thread, batch, "clash review approve")
        document = report(lambda settings: production.approve(one, named, settings, sha256=sha256, every=every))
        emit(document, as_json=as_json, render=render_review)
        return
    of_each = _slots_of_each(thread, named, sha256)
    document = report(lambda settings: production.approve_batch(batch, of_each, settings, every=every))
    emit(document, as_json=as_json, render=render_judged_batch)
    end(document)


@app.command("reject")
def reject(
    thread: ThreadOrBatch = None,
    slots: Annotated[list[str] | None, typer.Argument(metavar="SLOT...", help=_WHICH, show_default=False)] = None,
    note: Note = "",
    prompt: Prompt = "",
    sha256: Digest = "",
    batch: EachOfBatch = None,
    as_json: Json = False,
) -> None:
    """Reject files: the run makes another take of each when it is resumed, with the note or the prompt."""
    from clash import production

    named = slots or ()
    if batch is None:
        one = one_run(thread, batch, "clash review reject")
        document = report(
            lambda settings: production.reject(one, named, settings, note=note, prompt=prompt, sha256=sha256)
        )
        emit(document, as_json=as_json, render=render_review)
        return
    of_each = _slots_of_each(thread, named, sha256)
    document = report(lambda settings: production.reject_batch(batch, of_each, settings, note=note, prompt=prompt))
    emit(document, as_json=as_json, render=render_judged_batch)
    end(document)


def _slots_of_each(first: str | None, others: Sequence[str], sha256: str) -> tuple[str, ...]:
    """Return the slots that are meant with --batch: no THREAD stands before them. Raises `UsageError`."""
    if sha256:
        raise UsageError("--sha256 says which file of one run was looked at", hint="name that run instead of a batch")
    return (*(() if first is None else (first,)), *others)


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
    to_make = _to_make(price)
    blocks: list[Block] = [
        Table(with_labels(_ITEMS, document["items"]), document["items"], empty="nothing to judge yet"),
        Record(_PRICE, {**document, **price, "to_make": to_make}),
    ]
    if document["waiting"]:
        blocks.append(Remark(f"`{command('review approve', thread, '--all')}` approves what has no verdict", "dim"))
    elif to_make or document["items"]:
        blocks.append(Remark(f"`{command('resume', thread)}` goes on", "dim"))
    return blocks


_OF_RUN = (
    Column("thread_id", "thread", fold=True),
    Column("judged", right=True, show=lambda slots: str(len(slots)) if slots else ""),
    Column("waiting", "without a verdict", right=True),
    Column("to_make", "calls to make", right=True),
    Column("total_usd", "which cost", money, right=True),
    Column("estimated", show=lambda estimated: "yes" if estimated else ""),
    Column("error_code", "error"),
    Column("error_message", at_terminal=False),
)
_OF_BATCH = (Column("batch"), *_PRICE[1:])


def render_review_of_batch(document: Document) -> list[Block]:
    """Show the files of all runs of a batch, one line per run, and what going on with all of them costs."""
    return _of_batch(document, [(run["thread_id"], item) for run in _read(document) for item in run["review"]["items"]])


def render_judged_batch(document: Document) -> list[Block]:
    """Show the files that were judged just now, one line per run, and what going on with all of them costs."""
    return _of_batch(
        document,
        [
            (run["thread_id"], item)
            for run in _read(document)
            for item in run["review"]["items"]
            if item["slot"] in run["judged"]
        ],
    )


def _read(document: Document) -> list[dict[str, Any]]:
    return [run for run in document["items"] if run["review"] is not None]


def _of_batch(document: Document, files: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Block]:
    name, price = document["batch"], document["price"]
    to_make = _to_make(price)
    items = [{"thread_id": thread_id, **item} for thread_id, item in files]
    blocks: list[Block] = [
        Table((Column("thread_id", "thread", fold=True), *with_labels(_ITEMS, items)), items, empty="nothing judged"),
        Table(_OF_RUN, [_run_row(run) for run in document["items"]]),
        Record(_OF_BATCH, {**document, **price, "to_make": to_make}),
        *reasons(document["items"]),
    ]
    if document["waiting"]:
        approves = batch_option("review approve", name, "--all")
        blocks.append(Remark(f"`{approves}` approves what has no verdict, of all these runs", "dim"))
    elif to_make or items:
        blocks.append(Remark(f"`{batch_command(name)}` goes on", "dim"))
    return blocks


def _run_row(run: Mapping[str, Any]) -> dict[str, Any]:
    review, error = part_of(run, "review"), part_of(run, "error")
    price = part_of(review, "price")
    return {
        **run,
        "waiting": review.get("waiting"),
        "to_make": _to_make(price) if price else None,
        **price,
        "error_code": error.get("code"),
        "error_message": error.get("message"),
    }


def _to_make(price: Mapping[str, Any]) -> int:
    return sum(step["calls"] for step in price["by_step"])
