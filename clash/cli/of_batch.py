"""`--batch NAME` of commands that are typed for one run: they do the same to every run of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from clash.cli.layout import Block, Remark
from clash.cli.options import not_empty
from clash.cli.output import Document, say_error
from clash.errors import UsageError

EachOfBatch = Annotated[
    str | None,
    typer.Option("--batch", metavar="NAME", show_default=False, callback=not_empty, help="Every run of this batch."),
]

ThreadOrBatch = Annotated[
    str | None,
    typer.Argument(metavar="[THREAD]", help="The id of a run; left out with --batch.", show_default=False),
]

_MOST_REASONS = 20


def one_run(thread: str | None, batch: str | None, what: str) -> str:
    """Return the id of the run that is meant; "" where it is the runs of a batch. Raises `UsageError` for both.

    `what`: the command, for a hint: `clash cancel`.
    """
    either = f"{what} THREAD, or {what} --batch NAME"
    if batch is None:
        if thread is None:
            raise UsageError("name the run, or its batch", hint=either)
        return thread
    if thread is not None:
        raise UsageError(f"the run {thread} is named, and the batch {batch} as well", hint=either)
    return ""


def reasons(items: Sequence[dict[str, Any]]) -> list[Block]:
    """Say of each run that failed why it did, of the first twenty of them."""
    failed = [item for item in items if item["error"]]
    told: list[Block] = [
        Remark(f"{item['thread_id']}: {item['error']['message']}", "yellow") for item in failed[:_MOST_REASONS]
    ]
    return [*told, Remark(f"and {len(failed) - _MOST_REASONS} more", "yellow")] if failed[_MOST_REASONS:] else told


def end(document: Document) -> None:
    """Tell the error of a batch, and exit with its code. Returns where no run failed."""
    if error := document["error"]:
        say_error(error["message"], error["hint"])
        raise typer.Exit(document["exit_code"])
