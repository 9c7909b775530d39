"""`clash voices`: the voices that speak offline, and the files that some of them need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Table
from clash.cli.options import Json
from clash.cli.output import Document, emit, say
from clash.cli.reading import report
from clash.cli.text import size

app = typer.Typer(help="Show the voices that speak offline, and get those that need files.")

_VOICES = (
    Column("language"),
    Column("id", "voice"),
    Column("gender"),
    Column("age"),
    Column("narrator", show=lambda told: "narrator" if told else ""),
    Column("installed"),
    Column("model", at_terminal=False),
)
_PACKS = (
    Column("language"),
    Column("name", "files", fold=True),
    Column("license"),
    Column("download_bytes", "download", size),
    Column("present", "here"),
    Column("folder", fold=True),
    Column("get", "to get them"),
    Column("install", "also needed", fold=True),
)


@app.command("ls")
def list_all(
    language: Annotated[
        str | None,
        typer.Option("--language", metavar="TAG", help="Show only voices of this language.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the voices of the free speech model, and what has to be fetched to hear them."""
    from clash.reports.voices import list_voices

    emit(report(lambda settings: list_voices(settings, language=language)), as_json=as_json, render=render_voices)


@app.command("get")
def get(
    language: Annotated[str, typer.Argument(metavar="LANGUAGE", help="The language: zh.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Copy the files from this folder, or one of them from this file, without a network.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch the files of a language's voices, once; after that they speak without a network."""
    from clash.production.voices import get_voices

    emit(report(lambda settings: get_voices(language, settings, say, source)), as_json=as_json, render=render_voices)


def render_voices(document: Document) -> list[Block]:
    """The voices, then the files that they need."""
    voices = Table(_VOICES, document["items"], empty="no voices are known by an id")
    return [voices, Table(_PACKS, document["packs"])] if document["packs"] else [voices]
