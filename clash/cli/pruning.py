"""`clash checkpoints prune`: delete the checkpoints that nobody needs."""

from __future__ import annotations

from typing import Annotated

import typer

from clash.cli.deleting import DryRun, Yes, delete_if_wanted
from clash.cli.layout import Block, Column, Remark, Table
from clash.cli.options import Json, OfBatch, age
from clash.cli.output import Document
from clash.cli.reading import report
from clash.cli.text import size


def prune(
    thread: Annotated[
        str | None,
        typer.Argument(metavar="[THREAD]", help="The id of a run; without it, all runs.", show_default=False),
    ] = None,
    keep_latest: Annotated[bool, typer.Option("--keep-latest", help="Keep only what a run resumes from.")] = False,
    keep_last: Annotated[
        int | None,
        typer.Option("--keep-last", metavar="N", min=1, help="Keep the N newest of each run.", show_default=False),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than",
            metavar="AGE",
            help="Delete those that are older: 30d, 12h. What a run resumes from is kept.",
            show_default=False,
        ),
    ] = None,
    batch: OfBatch = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Delete checkpoints; without an option, all but the newest of each step, so that runs can be forked as before."""
    from clash import production

    policy = production.keep_policy(
        latest=keep_latest, last=keep_last, older_than=None if older_than is None else age(older_than)
    )

    def pruned(*, dry_run: bool) -> Document:
        return report(
            lambda settings: production.prune_checkpoints(thread, settings, policy, dry_run=dry_run, batch=batch)
        )

    delete_if_wanted(pruned, render_pruned, question=_question, dry_run=dry_run, yes=yes, as_json=as_json)


def _question(document: Document) -> str:
    runs = sum(1 for item in document["items"] if item["pruned"])
    pruned = document["pruned"]
    of = f"{pruned} checkpoint{'' if pruned == 1 else 's'} of {runs} run{'' if runs == 1 else 's'}"
    return f"delete {of} ({size(document['bytes'])})"


_PRUNED = (
    Column("thread_id", "thread", fold=True),
    Column("checkpoints", right=True),
    Column("pruned", right=True),
    Column("bytes", "size", size, right=True),
    Column("result", show=lambda value: str(value).replace("_", " ")),
)


def render_pruned(document: Document) -> list[Block]:
    """Show one line per run, and how the file is shrunk."""
    blocks: list[Block] = [Table(_PRUNED, document["items"], empty="no run has checkpoints")]
    if document["pruned"] and not document["dry_run"]:
        blocks.append(Remark("`clash db vacuum` shrinks the file", "dim"))
    return blocks
