"""`clash story show`: what clash understands of a table, before anything is paid for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from clash.cli.layout import Block, Column, Record, Table
from clash.cli.options import ColumnMap, Json, Language, StoryChoice, column_map
from clash.cli.output import Document, emit
from clash.cli.reading import report

app = typer.Typer(help="Look at a story before it is filmed.")


def _fields(column: Mapping[str, Any]) -> str:
    return ", ".join(column["fields"]) or "not used"


def _lines(shot: Mapping[str, Any]) -> str:
    told = [shot["narration"]] if shot["narration"] else []
    told += _translations(shot.get("narration_translations", {}))
    for line in shot["dialogue"]:
        told.append(f"{line['speaker']}: {line['text']}" if line["speaker"] else line["text"])
        told += _translations(line.get("translations", {}))
    told += [f"SUPER: {text}" for text in shot.get("on_screen_text", "").splitlines()]
    return "\n".join(told)


def _translations(words: Mapping[str, str]) -> list[str]:
    """Words in other languages, each with its language: `[en] Get in.`"""
    return [f"[{language}] {text}" for language, text in words.items()]


_STORY = (
    Column("title"),
    Column(
        "kind",
        show=lambda kind: (
            "shot list: one row is one shot" if kind == "shot_list" else "beats: one row is one or more shots"
        ),
    ),
    Column("language"),
    Column("rows"),
    Column("format"),
    Column("encoding"),
    Column("length", "length", show=lambda seconds: f"about {seconds:.0f} s"),
)
_COLUMNS = (
    Column("header", "column", fold=True, lines=True),
    Column("fields", "read as", of_row=_fields),
    Column("filled", right=True),
    Column("example", fold=True, lines=True),
)
_PEOPLE = (
    Column("name", "who", fold=True),
    Column("found", "found in", fold=True),
    Column("look", fold=True, lines=True),
)
_PLACES = (
    Column("name", "where", fold=True, show=lambda name: name or "(not said)"),
    Column("setting", of_row=lambda place: place["setting"] if place["name"] else ""),
)
_SHOTS = (
    Column("number", "shot", right=True),
    Column("row", right=True),
    Column("place", fold=True),
    Column("size", show=lambda size: str(size).replace("_", " ")),
    Column("move", fold=True, lines=True),
    Column("duration_s", "s", right=True, show=lambda seconds: f"{seconds:g}"),
    Column("action", fold=True, lines=True),
    Column("words", fold=True, lines=True),
)


def show(
    story: Annotated[
        str, typer.Argument(metavar="STORY", help="A table, or - for standard input.", show_default=False)
    ],
    choice: StoryChoice = None,
    columns: ColumnMap = None,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Show what clash understands of a story: its columns, people, places and shots. Nothing is made or paid for."""
    from clash.cli.notices import warn
    from clash.production.story_document import story_document
    from clash.story.reader import Options

    options = Options(choice=choice, columns=column_map(columns), language=language)
    document = report(lambda settings: story_document(story, options, settings))
    emit(document, as_json=as_json, render=render_story)
    if not as_json:
        for warning in document["warnings"]:
            warn(warning)


def render_story(document: Document) -> list[Block]:
    """The story in a line, its columns, who and where, and the shots. Its warnings go to standard error."""
    screenplay = document["screenplay"]
    length = sum(shot["duration_s"] for scene in screenplay["scenes"] for shot in scene["shots"])
    return [
        Record(_STORY, {**document["story"], "length": length}),
        Table(_COLUMNS, document["columns"], empty="no columns"),
        *screenplay_blocks(
            screenplay,
            {label["row"]: label["shot"] for label in document["labels"]},
            {move["row"]: move["words"] for move in document.get("moves", [])},
        ),
    ]


def screenplay_blocks(
    screenplay: Mapping[str, Any], labels: Mapping[int, str] | None = None, moves: Mapping[int, str] | None = None
) -> list[Block]:
    """Who and where, and the shots of a screenplay; with `labels`, the table's own number of each row's shot.

    `moves`: by row, the table's own words for the move of the row's first shot.
    """
    columns = _SHOTS if labels is None else (_SHOTS[0], Column("label"), *_SHOTS[1:])
    shots = [shot for scene in screenplay["scenes"] for shot in scene["shots"]]
    first = {shot["source_row"]: shot["number"] for shot in reversed(shots)}
    own = {first[row]: words for row, words in (moves or {}).items() if row in first}
    places = {place["slug"]: place["name"] for place in screenplay["locations"]}
    return [
        Table(_PEOPLE, _people(screenplay["characters"], shots), empty="nobody is named"),
        Table(_PLACES, screenplay["locations"], empty="no places"),
        Table(
            columns,
            [
                {
                    **shot,
                    "row": shot["source_row"],
                    "label": (labels or {}).get(shot["source_row"], ""),
                    "place": places.get(shot["location"], shot["location"]),
                    "move": own.get(shot["number"]) or shot["movement"].replace("_", " "),
                    "words": _lines(shot),
                }
                for shot in shots
            ],
            empty="no shots",
        ),
    ]


def _people(characters: Sequence[Mapping[str, Any]], shots: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Who is in the film, and by what each was found: as somebody who speaks, or as somebody who is seen."""
    speakers = {line["speaker"] for shot in shots for line in shot["dialogue"]}
    seen = {slug: shot["number"] for shot in reversed(shots) for slug in shot["characters"]}
    found: list[dict[str, Any]] = []
    for character in characters:
        how = ["speaks"] if character["name"] in speakers else []
        if character["slug"] in seen:
            how.append(f"seen from shot {seen[character['slug']]}")
        found.append({**character, "found": ", ".join(how)})
    return found


app.command("show")(show)
