"""`clash models`: what can be named as a model, what it costs, and what key it needs."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from clash.cli.layout import Block, Column, Record, Remark, Row, Table
from clash.cli.options import Json
from clash.cli.output import Document, emit, say_error
from clash.cli.reading import report
from clash.errors import SettingsError


class KindOfModel(StrEnum):
    """What a model makes."""

    screenplay = "screenplay"
    image = "image"
    video = "video"
    speech = "speech"


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def _key_of(item: Row) -> str:
    missing = "" if item["key_present"] else " (not set)"
    return f"{item['key']}{missing}" if item["key"] else ""


_MODELS = (
    Column("kind"),
    Column("model"),
    Column("price", fold=True),
    Column("key", of_row=_key_of),
    Column("key_present", at_terminal=False),
    Column("presets", show=lambda names: ", ".join(names)),
    Column("summary", at_terminal=False),
    Column("install", at_terminal=False),
)
_PRESETS = (
    Column("name", "preset"),
    *(Column(kind.value) for kind in KindOfModel),
)


app = typer.Typer()
"""Without a command: show the models."""


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        return
    if voices_of is not None:
        from clash.cli.voices import render_voices
        from clash.reports.voices import list_voices

        listed = report(lambda settings: list_voices(settings, voices_of))
        emit(listed, as_json=as_json, render=render_voices)
        return
    from clash.reports.models import list_models

    document: Document = report(list_models)
    if kind is not None:
        document = {**document, "items": [item for item in document["items"] if item["kind"] == kind.value]}
    emit(document, as_json=as_json, render=render_models)
    if error := document["error"]:
        say_error(error["message"], error["hint"])
        raise typer.Exit(SettingsError.exit_code)


@app.command("check")
def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A vendor's TOML file, whose name is the provider's; or a ComfyUI workflow (JSON).",
            show_default=False,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Check a vendor's file, or a ComfyUI workflow, and show the requests that would be sent. Nothing is sent."""
    from clash.reports.vendors import check_vendor

    emit(report(lambda settings: check_vendor(settings, file)), as_json=as_json, render=render_checked)


_VENDOR = (
    Column("provider"),
    Column("title"),
    Column("base_url", "address"),
    Column("key"),
    Column("key_present", "key is set"),
    Column("overrides"),
    Column("source", fold=True),
    Column("checked_on", "read on"),
)
_CHECKED = (
    Column("kind"),
    Column("model"),
    Column("answers"),
    Column("last_frame", "last frame"),
    Column("sound"),
    Column("seed"),
    Column("references"),
    Column("makes", "a sample shot"),
    Column("cost_usd", "costs $"),
    Column("price", fold=True),
)
_INPUTS = (
    Column("value"),
    Column("node"),
    Column("class_type", "its class", fold=True),
    Column("input", fold=True),
)
_REQUESTS = (
    Column("model", at_terminal=False),
    Column("step"),
    Column("method"),
    Column("url", "address", fold=True),
    Column("headers", fold=True, show=_as_json),
    Column("body", fold=True, show=_as_json),
)


def render_checked(document: Document) -> list[Block]:
    """The vendor, its models, and what would be sent."""
    inputs = [Table(_INPUTS, document["inputs"])] if document["inputs"] else []
    return [
        Record(_VENDOR, document),
        Table(_CHECKED, document["models"], empty="no models"),
        *inputs,
        *(Remark(note, style="yellow") for note in document["notes"]),
        Table(_REQUESTS, document["requests"], empty="no requests"),
    ]


def render_models(document: Document) -> list[Block]:
    """The models by kind, then the presets."""
    return [
        Table(_MODELS, document["items"], empty="no models"),
        Table(_PRESETS, document["presets"], empty="no presets"),
    ]
