"""`clash runs rm`: remove runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clash.cli.deleting import DryRun, Yes, delete_if_wanted
from clash.cli.layout import Block, Column, Remark, Table
from clash.cli.options import Json, not_empty
from clash.cli.output import Document
from clash.cli.reading import report
from clash.cli.text import money, money_if_any, size
from clash.errors import UsageError


def remove(
    threads: Annotated[
        list[str] | None, typer.Argument(metavar="[THREAD...]", help="The ids of the runs.", show_default=False)
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch", metavar="NAME", show_default=False, callback=not_empty, help="Remove all runs of this batch."
        ),
    ] = None,
    keep_film: Annotated[
        bool, typer.Option("--keep-film", help="Keep the films and their subtitles in the asset store.")
    ] = False,
    forget_answers: Annotated[
        bool,
        typer.Option(
            "--forget-answers",
            help="Delete the answers that were paid for, too: a later film that asks for the same pays again.",
        ),
    ] = False,
    drop_unsettled: Annotated[
        bool,
        typer.Option(
            "--drop-unsettled", help="Also remove runs with calls that may have been paid and are not settled."
        ),
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Remove runs. What they cost is still counted, and what was paid for still serves other films."""
    from clash import production

    options = production.RemovalOptions(
        keep_film=keep_film, forget_answers=forget_answers, drop_unsettled=drop_unsettled
    )

    if not threads and batch is None:
        raise UsageError(
            "name the runs to remove", hint="give their ids, or --batch and its name; `clash runs ls` lists the runs"
        )
    seen: list[str] = []

    def removed(*, dry_run: bool) -> Document:
        of = None if seen else batch  # after a question, what the person has seen, and no run that was begun since
        named = seen or threads or ()
        document = report(lambda settings: production.remove_runs(named, settings, options, dry_run=dry_run, batch=of))
        if batch is not None:
            seen[:] = [item["thread_id"] for item in document["items"]]
        return document

    def question(document: Document) -> str:
        return _question(document) if batch is None else f"{_question(document)}, all of the batch {batch}"

    delete_if_wanted(removed, render_removed, question=question, dry_run=dry_run, yes=yes, as_json=as_json)


def _question(document: Document) -> str:
    items: list[dict[str, Any]] = document["items"]
    if not items:
        return f"finish to remove {', '.join(document['finished'])}"
    named = items[0]["thread_id"] if len(items) == 1 else f"{len(items)} runs"
    return f"remove {named} with {sum(item['rows'] for item in items)} rows"


_REMOVED = (
    Column("thread_id", "thread", fold=True),
    Column("status"),
    Column("title", at_terminal=False),
    Column("started_at", at_terminal=False),
    Column("cost_usd", "cost", money, right=True),
    Column("rows", right=True),
    Column("kept_answers", "answers kept", right=True),
    Column("kept_answers_usd", "worth", money_if_any, right=True),
    Column("forgotten_answers", at_terminal=False),
    Column("forgotten_usd", at_terminal=False),
    Column("freed_files", "files freed", right=True),
    Column("freed_bytes", "size", size, right=True),
    Column("keeps_film", at_terminal=False),
    Column("output", at_terminal=False),
    Column("removed_at", at_terminal=False),
)


def render_removed(document: Document) -> list[Block]:
    """Show one line per run, and what stays, what is freed and what will be paid again."""
    items: list[dict[str, Any]] = document["items"]
    would = "would be" if document["dry_run"] else "are"
    blocks: list[Block] = [Table(_REMOVED, items)] if items else []
    if document["finished"]:
        blocks.append(Remark(f"removals that were interrupted {would} finished: {', '.join(document['finished'])}"))
    if document["kept_answers"]:
        blocks.append(
            Remark(
                f"{document['kept_answers']} answers that were paid for {would} kept for other films;"
                " --forget-answers deletes them, too",
                "dim",
            )
        )
    for item in items:
        if item["forgotten_answers"]:
            blocks.append(
                Remark(
                    f"{item['thread_id']}: a film that asks for the same again pays up to ${item['forgotten_usd']}",
                    "yellow",
                )
            )
    if freed := document["freed_files"]:
        files = "1 file" if freed == 1 else f"{freed} files"
        when = "`clash gc` deletes what nobody has used for 7 days, `clash gc --older-than 1h` for an hour"
        blocks.append(Remark(f"{files} of the asset store {would} named by nothing: {when}", "dim"))
    if outputs := [item["output"] for item in items if item["output"]]:
        blocks.append(Remark(f"what was published stays: {', '.join(outputs)}", "dim"))
    return blocks
