"""`clash screenplay`: the screenplay of a run, and the check of one that a person wrote or edited."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clash.cli.layout import Block, Column, Record
from clash.cli.options import Json, Thread
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.story import screenplay_blocks

app = typer.Typer(help="Look at a screenplay, or check one that you edited.")

_SHOWN = (Column("title"), Column("language"), Column("path", "file", fold=True), Column("sha256", at_terminal=False))
_CHECKED = (
    Column("title"),
    Column("language"),
    Column("scenes"),
    Column("shots"),
    Column("characters"),
    Column("locations"),
    Column("length_s", "length", show=lambda seconds: f"about {seconds:.0f} s"),
)


def show(thread: Thread, _database: OtherDatabase = None, as_json: Json = False) -> None:
    """Show the screenplay of a run: its people, places and shots. With --json, a file for run --screenplay."""
    from clash.reports.screenplays import screenplay_of_run

    document = report(lambda settings: screenplay_of_run(settings, thread))
    emit(document, as_json=as_json, render=_render_shown)


def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A screenplay.json that you wrote or edited.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Check a screenplay: can it be shot? What is wrong is named by its JSON path. Nothing is made or paid for."""
    from clash.cli.notices import warn
    from clash.documents import SCHEMA
    from clash.production.story_files import check_screenplay_file

    document: dict[str, Any] = {"schema": SCHEMA, **check_screenplay_file(file).dump()}
    emit(document, as_json=as_json, render=lambda document: [Record(_CHECKED, document)])
    if not as_json:
        for warning in document["warnings"]:
            warn(warning)


def _render_shown(document: Document) -> list[Block]:
    screenplay = document["screenplay"]
    return [Record(_SHOWN, {**document, **screenplay}), *screenplay_blocks(screenplay)]


app.command("show")(show)
app.command("check")(check)
