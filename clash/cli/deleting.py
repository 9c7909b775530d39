"""How a command that deletes asks first: at a terminal it asks; elsewhere it says what it would do, unless --yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Protocol

import typer

from clash.cli.layout import Block
from clash.cli.output import Document, emit, print_aside, say_error
from clash.cli.streams import may_ask
from clash.errors import UsageError

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be deleted.")]


class Deletion(Protocol):
    """Deletes, or only finds out what would be deleted; returns the document that says what."""

    def __call__(self, *, dry_run: bool) -> Document:
        """Return the document of the command."""
        ...


def delete_if_wanted(
    delete: Deletion,
    render: Callable[[Document], list[Block]],
    *,
    question: Callable[[Document], str],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete if a person says so, or `yes`; print the document. `question`: what is done, as an imperative.

    Without a terminal and without `yes` it prints what would be deleted and exits with 2.
    """
    if not dry_run and not yes:
        plan = delete(dry_run=True)
        if not may_ask():
            error = UsageError(f"this would {question(plan)}; nothing was changed", hint="add --yes to do it")
            emit(
                {**plan, "error": {"code": error.code, "message": error.message, "hint": error.hint}},
                as_json=as_json,
                render=render,
            )
            say_error(error.message, error.hint)
            raise typer.Exit(error.exit_code)
        print_aside(render(plan))
        if not typer.confirm(f"{question(plan)[:1].upper()}{question(plan)[1:]}?", err=True):
            raise UsageError("nothing was changed", code="declined")
    emit(delete(dry_run=dry_run), as_json=as_json, render=render)
