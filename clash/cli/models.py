"""`clash models`: what can be named as a model, what it costs, and what key it needs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Table
from clash.cli.options import Json
from clash.cli.output import Document, emit
from clash.cli.reading import report


class KindOfModel(StrEnum):
    """What a model makes."""

    screenplay = "screenplay"
    image = "image"
    video = "video"
    speech = "speech"


_MODELS = (
    Column("kind"),
    Column("model", fold=True),
    Column("price", fold=True),
    Column("key"),
    Column("key_present", "key is set"),
    Column("presets", show=lambda names: ", ".join(names)),
    Column("summary", at_terminal=False),
    Column("install", at_terminal=False),
)
_PRESETS = (
    Column("name", "preset"),
    *(Column(kind.value, fold=True) for kind in KindOfModel),
)


def models(
    kind: Annotated[
        KindOfModel | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Show only models for screenplay, image, video or speech.",
            show_default=False,
        ),
    ] = None,
    voices_of: Annotated[
        str | None,
        typer.Option(
            "--voices", metavar="MODEL", help="Show the voices of this speech model instead.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the models, what they cost, which key they need, and the presets."""
    if voices_of is not None:
        from clash.cli.voices import render_voices
        from clash.reports.voices import list_voices

        listed = report(lambda settings: list_voices(settings, voices_of))
        emit(listed, as_json=as_json, render=render_voices)
        return
    from clash.reports.models import list_models

    document = report(list_models)
    if kind is not None:
        document = {**document, "items": [item for item in document["items"] if item["kind"] == kind.value]}
    emit(document, as_json=as_json, render=render_models)


def render_models(document: Document) -> list[Block]:
    """The models by kind, then the presets."""
    return [
        Table(_MODELS, document["items"], empty="no models"),
        Table(_PRESETS, document["presets"], empty="no presets"),
    ]
