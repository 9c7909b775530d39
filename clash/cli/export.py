"""`clash export`: hand a film over to an editor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Record, Table
from clash.cli.options import Json, Thread
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import size

_FILES = (Column("format"), Column("path", fold=True))
_SUMMARY = (
    Column("output", "folder", fold=True),
    Column("media", "clips"),
    Column("sounds"),
    Column("bytes", "size", size),
)


def export(
    thread: Thread,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            show_default=False,
            help="What to write: otio, fcpxml, premiere, edl, jianying, srt, vtt, ass, fountain, csv, pdf; or all, the"
            " default. Repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="DIR", show_default=False, help="The folder; by default output/THREAD/export."
        ),
    ] = None,
    link: Annotated[
        bool,
        typer.Option(
            "--link/--copy", help="Link clips to those in the run's folder, where the disk can; or copy them."
        ),
    ] = False,
    all_takes: Annotated[
        bool, typer.Option("--all-takes", help="Export every take of a shot, not only those shown.")
    ] = (False),
    stems: Annotated[
        bool, typer.Option("--stems/--no-stems", help="Make the stems: dialogue, music, effects, as long as the film.")
    ] = True,
    media_root: Annotated[
        str,
        typer.Option(
            "--media-root",
            metavar="DIR",
            show_default=False,
            help="For fcpxml and premiere: the folder, or URL, where the export will be on the editor's machine.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Export a run: timelines for editors with media and stems, subtitles, screenplay, shot list and storyboard."""
    from clash.exports.use_case import export as export_run

    document = report(
        lambda settings: export_run(
            thread,
            formats or ["all"],
            output=output,
            link=link,
            all_takes=all_takes,
            stems=stems,
            media_root=media_root,
            settings=settings,
        )
    )
    emit(document, as_json=as_json, render=_render)
    if not as_json:
        from clash.cli.notices import warn

        for warning in document["warnings"]:
            warn(warning)


def _render(document: Document) -> list[Block]:
    return [Table(_FILES, document["files"], empty="nothing was written"), Record(_SUMMARY, document)]
