"""`clash schema`: the JSON Schema of each document that the commands print or read."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Table
from clash.cli.options import Json
from clash.cli.output import Document, emit
from clash.documents import SCHEMA

_LIST = (Column("name"), Column("describes", fold=True))


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="The name of a document; without it, the names are listed.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the JSON Schema of a document, or list the documents."""
    from clash.documents.schemas import json_schema, list_schemas

    if name is None:
        emit({"schema": SCHEMA, **list_schemas().dump()}, as_json=as_json, render=render_schemas)
        return
    sys.stdout.write(json.dumps(json_schema(name), indent=2) + "\n")


def render_schemas(document: Document) -> list[Block]:
    """A line a document: its name, and what it is."""
    return [Table(_LIST, document["items"])]
