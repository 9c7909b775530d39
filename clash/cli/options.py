"""Options and arguments that several commands share, each written down once."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

_MOST_ROWS = 1_000_000
_DOLLARS = re.compile(r"\d{1,12}(\.\d{1,6})?|\.\d{1,6}", flags=re.ASCII)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

Thread = Annotated[str, typer.Argument(metavar="THREAD", help="The id of a run.", show_default=False)]

Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, max=_MOST_ROWS, help="Show only the N newest.", show_default=False),
]

All = Annotated[
    bool, typer.Option("--all", help="Show everything at a terminal too; a pipe and --json always get everything.")
]

Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        metavar="N",
        min=1,
        max=256,
        show_default=False,
        help="Calls in flight at the same time, per provider.",
    ),
]


StoryChoice = Annotated[
    str | None,
    typer.Option(
        "--story",
        metavar="N|TITLE",
        show_default=False,
        help="For a table with several stories or episodes: which one, by number or title.",
    ),
]

ColumnMap = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="HEADER=FIELD",
        show_default=False,
        help="Read a column as a field, whatever its header means: --column 'Copy=narration'. Repeatable.",
    ),
]

IgnoreColumns = Annotated[
    bool, typer.Option("--ignore-columns", help="Film a story without words though an unused column holds prose.")
]

Language = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="TAG",
        show_default=False,
        help="The film's language as BCP 47 writes it (en, zh, pt-BR); without it, the text decides.",
    ),
]


_AGE = re.compile(r"(\d{1,6})([smhdw])", flags=re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def age(text: str) -> timedelta:
    """Return the time that an option names: 30d, 12h, 90m, 2w. Raises `typer.BadParameter`."""
    if (match := _AGE.fullmatch(text.strip().lower())) is None:
        raise typer.BadParameter(f"{text!r} is no age; for example: 30d, 12h, 90m, 2w", param_hint="--older-than")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def column_map(given: list[str] | None) -> dict[str, str]:
    """What `--column HEADER=FIELD` says, one entry for each. A header may hold `=` itself: the last one parts them."""
    mapped: dict[str, str] = {}
    for text in given or ():
        header, parted, name = text.rpartition("=")
        if not parted or not header.strip() or not name.strip():
            raise typer.BadParameter(f"{text!r} is not HEADER=FIELD, such as 'Copy=narration'", param_hint="--column")
        mapped[header.strip()] = name.strip()
    return mapped


def dollars(text: str, option: str | None = None) -> Decimal:
    """An amount as a person types it: 20 or 1.05. No more places than are kept: money must not be rounded up."""
    if not _DOLLARS.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no amount in dollars, such as 20 or 1.05", param_hint=option)
    return Decimal(text)


def not_empty(value: str | None) -> str | None:
    """Return what an option was given. Raises `BadParameter` for "", which a script's unset variable leaves."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty; leave the option out for what the settings say")
    return value


def _model_of(kind: str, makes: str) -> Any:
    return typer.Option(
        f"--{kind}-model",
        metavar="PROVIDER:MODEL",
        show_default=False,
        callback=not_empty,
        help=f"The model that makes the {makes}.",
    )


ScreenplayModel = Annotated[str | None, _model_of("screenplay", "screenplay")]
ImageModel = Annotated[str | None, _model_of("image", "pictures: cards and keyframes")]
VideoModel = Annotated[str | None, _model_of("video", "clips")]
SpeechModel = Annotated[str | None, _model_of("speech", "speech")]

Size = Annotated[
    str | None,
    typer.Option("--size", metavar="WxH", show_default=False, help="The film's size in pixels, both even: 1280x720."),
]

Fps = Annotated[int | None, typer.Option("--fps", metavar="N", show_default=False, help="Frames per second, 8 to 60.")]

Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        show_default=False,
        help="A named set of models: draft, final, final-cn, local-gpu, or your own."
        " An option for one model overrides it.",
    ),
]

CaptionsOption = Annotated[
    str,
    typer.Option(
        "--captions",
        metavar="soft|burned|none",
        help="How the words are shown: as a subtitle track, laid over the picture, or only in the .srt file.",
    ),
]

SlateOption = Annotated[bool, typer.Option("--slate", help="Lay scene, shot, size and move over each shot.")]

OnScreenTextOption = Annotated[
    bool,
    typer.Option(
        "--on-screen-text/--no-on-screen-text",
        show_default=False,
        help="Lay the story's words on the screen (supers, 花字) over their shots, as is the default, or leave them.",
    ),
]

TitlesOption = Annotated[bool, typer.Option("--titles", help="Begin the film with a card of its title.")]


MusicOption = Annotated[
    str,
    typer.Option(
        "--music",
        metavar="FILE|none",
        show_default=False,
        help="Play this file, repeated or cut to the film's length, instead of the composed score; none: no music.",
    ),
]

MusicVolume = Annotated[
    float,
    typer.Option(
        "--music-volume",
        metavar="DB",
        min=-40,
        max=20,
        help="How much louder the music is than the composed score, in decibels.",
    ),
]


Chain = Annotated[
    bool | None,
    typer.Option(
        "--chain/--no-chain",
        show_default=False,
        help="End each clip on the keyframe of the next shot at the same place, for models that take a last frame.",
    ),
]

GenerateAudio = Annotated[
    bool | None,
    typer.Option(
        "--generate-audio/--no-generate-audio",
        show_default=False,
        help="Have clips with sound of their own, for models that make it; it may cost more.",
    ),
]

OpenFilm = Annotated[bool, typer.Option("--open", help="Open the film when it is finished.")]


def captions_named(text: str) -> Literal["soft", "burned", "none"]:
    """Return how the words are shown, as `--captions` names it."""
    if text not in ("soft", "burned", "none"):
        raise typer.BadParameter(f"{text!r} is not soft, burned or none", param_hint="--captions")
    return text


Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="DIR",
        show_default=False,
        help="Write the film to DIR/THREAD/film.mp4, not below CLASH_OUTPUT_DIR; also that of a run that exists.",
    ),
]

NoReuse = Annotated[bool, typer.Option("--no-reuse", help="Make everything again, also what an earlier run has made.")]

CastFile = Annotated[
    str | None,
    typer.Option(
        "--cast",
        metavar="FILE|none",
        show_default=False,
        help="A table of people, places and props: looks, pictures, voices. Without it, cast.csv beside the story.",
    ),
]

AllowChanges = Annotated[
    bool,
    typer.Option(
        "--allow-changes", help="Continue a run with other settings than it began with, for what is not made yet."
    ),
]

WhichStory = Annotated[
    str | None,
    typer.Option(
        "--story",
        metavar="N|TITLE|all",
        show_default=False,
        help="For a table with several stories or episodes: which one, by number or title; all: every one.",
    ),
]

DryRun = Annotated[bool, typer.Option("--dry-run", help="List every call and its price; make none.")]

Budget = Annotated[
    Decimal | None,
    typer.Option(
        "--budget",
        metavar="USD",
        parser=dollars,
        show_default=False,
        help="Dollars that the run may spend in all. At the limit it pauses.",
    ),
]

Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="NAME",
        show_default=False,
        callback=not_empty,
        help="The project of the new run; without it, CLASH_PROJECT. A run never changes its project.",
    ),
]

SameProject = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="NAME",
        show_default=False,
        callback=not_empty,
        help="Change nothing if THREAD belongs to another project than this (exit code 5).",
    ),
]

OfBatch = Annotated[
    str | None,
    typer.Option("--batch", metavar="NAME", show_default=False, callback=not_empty, help="Only runs of this batch."),
]

OfProject = Annotated[
    str | None,
    typer.Option(
        "--project", metavar="NAME", show_default=False, callback=not_empty, help="Only runs of this project."
    ),
]

AllowUnpriced = Annotated[
    bool, typer.Option("--allow-unpriced", help="Call models without a known price; they count as free.")
]

Review = Annotated[
    str | None,
    typer.Option(
        "--review",
        metavar="STAGE,...",
        show_default=False,
        callback=not_empty,
        help="Wait at these stages until people approve: screenplay, cards, keyframes, shots; none ends it.",
    ),
]

Webhook = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        metavar="URL",
        show_default=False,
        callback=not_empty,
        help="Tell this address how the run ends, or that it waits; signed with CLASH_WEBHOOK_SECRET.",
    ),
]

OnEvent = Annotated[
    str | None,
    typer.Option(
        "--on-event",
        metavar="COMMAND",
        show_default=False,
        callback=not_empty,
        help="Run this command for each such event, with its JSON on standard input; no shell reads it.",
    ),
]


Events = Annotated[
    bool, typer.Option("--events", help="Print what happens as JSON, one line per event; the outcome is the last.")
]


def flags_of(webhook: str | None, on_event: str | None) -> dict[str, str]:
    """Return what these options say, by the names of the settings that they override."""
    given = {"CLASH_WEBHOOK": webhook, "CLASH_ON_EVENT": on_event}
    return {name: value for name, value in given.items() if value is not None}


Yes = Annotated[bool, typer.Option("--yes", help="Make what has to be made for it, without a question.")]

Note = Annotated[
    str, typer.Option("--note", metavar="TEXT", show_default=False, help="Added to what the model is told.")
]

Prompt = Annotated[
    str, typer.Option("--prompt", metavar="TEXT", show_default=False, help="Replaces what the model is told.")
]

Digest = Annotated[
    str,
    typer.Option(
        "--sha256",
        metavar="DIGEST",
        show_default=False,
        help="The file that was looked at: if it is not the slot's any more, nothing changes.",
    ),
]

RetryFailedPaid = Annotated[
    bool, typer.Option("--retry-failed-paid", help="Buy calls again that were paid for and failed.")
]

RetryUnknown = Annotated[
    bool,
    typer.Option("--retry-unknown", help="Make calls again that may have been paid and whose answer is lost."),
]
