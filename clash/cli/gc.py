"""`clash gc`: delete the files of the asset store that nothing names."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Json
from clash.cli.output import Document, emit, print_aside, say, say_error
from clash.cli.reading import report
from clash.cli.streams import may_ask
from clash.cli.text import size
from clash.errors import UsageError

if TYPE_CHECKING:
    from clash.documents.garbage import GarbageCollected

_AGE = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_HOUR_S = 3600
"""The shortest age."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def gc(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Leave files alone that were used since: 36h, 7d, 2w.")
    ] = "7d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing; say what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking, for scripts.")] = False,
    ignore_database: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore-database",
            metavar="ID",
            show_default=False,
            help="Delete also what only this database names; `unknown`: there are no databases but the known ones.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Delete the files of the asset store, here and in its bucket, that no run names any more."""
    from clash.gc import collect_garbage

    age, asked = age_of(older_than), _Asked(yes=yes, as_json=as_json)
    document = report(
        lambda settings: collect_garbage(
            settings,
            older_than=age,
            ignore_databases=ignore_database or (),
            agree=None if dry_run else asked.agree,
        )
    )
    if asked.unanswered:
        error = UsageError(
            "nothing was deleted: there is no terminal to ask at", hint="`clash gc --yes` deletes without asking"
        )
        document["error"] = {"code": error.code, "message": error.message, "hint": error.hint}
        _emit(document, as_json=as_json)
        say_error(error.message, error.hint)
        raise typer.Exit(error.exit_code)
    _emit(document, as_json=as_json)


def _emit(document: Document, *, as_json: bool) -> None:
    """Show what was collected; a pipe, which gets no remarks, is told of recent files on standard error."""
    emit(document, as_json=as_json, render=render_collected)
    if document["kept"]["recent"] and not as_json and not sys.stdout.isatty():
        say(recent_text(document))


def age_of(text: str) -> timedelta:
    """Return an age such as `36h`, `7d` or `2w`. Raises `UsageError`.

    >>> age_of("36h")
    datetime.timedelta(days=1, seconds=43200)
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--older-than {text!r} is no age", hint="a number with m, h, d or w: --older-than 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


class _Asked:
    """Asks a person whether to delete what would be deleted."""

    def __init__(self, *, yes: bool, as_json: bool) -> None:
        self._yes = yes
        self._as_json = as_json
        self.unanswered = False

    def agree(self, plan: GarbageCollected) -> bool:
        """Return whether it is to be deleted."""
        if self._yes:
            return True
        if not may_ask():
            self.unanswered = True
            return False
        print_aside(render_collected(plan.dump()))
        return typer.confirm("Delete them?", err=True)


_FACTS = (
    Column("asset_store", "store"),
    Column("older_than_s", "unused for", lambda seconds: _age_text(int(seconds))),
    Column("files", "files that nothing names"),
    Column("bytes", "on this disk", size),
    Column("bucket_bytes", "in the bucket", size),
)
_KINDS = (
    Column("kind", show=lambda kind: str(kind).replace("_", " ")),
    Column("count", right=True),
    Column("bytes", "on this disk", size, right=True),
    Column("bucket_bytes", "in the bucket", size, right=True),
)


def _age_text(seconds: int) -> str:
    days, hours = divmod(seconds // 3600, 24)
    return " ".join(part for part in (f"{days} d" if days else "", f"{hours} h" if hours else "") if part)


def recent_text(document: Document) -> str:
    """Return what is said of files that nothing names and that are kept, for they were used lately."""
    count, seconds = int(document["kept"]["recent"]), int(document["older_than_s"])
    files = "1 more file that nothing names is" if count == 1 else f"{count} more files that nothing names are"
    sooner = (
        "; `clash gc --older-than 1h` leaves alone only what was used in the last hour" if seconds > _HOUR_S else ""
    )
    return f"{files} kept, used in the last {_age_text(seconds)}{sooner}"


def render_collected(document: Document) -> list[Block]:
    """Show what was deleted, or would be, and what is kept though no run names it."""
    kept = document["kept"]
    blocks: list[Block] = [Record(_FACTS, document), Table(_KINDS, document["by_kind"], empty="nothing to delete")]
    if kept["recent"]:
        blocks.append(Remark(recent_text(document), "dim"))
    blocks += [Remark(text, "yellow") for text in document["warnings"]]
    if document["by_kind"] and not document["deleted"]:
        blocks.append(Remark("nothing was deleted yet", "yellow"))
    return blocks
