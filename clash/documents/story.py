"""What clash understands of a table: `clash story show`."""

from __future__ import annotations

from pydantic import Field

from clash.documents.base import Document, Item, Text
from clash.story.screenplay import Screenplay


class TableItem(Item):
    """The table as it was read."""

    title: Text
    kind: str
    language: str
    rows: int
    format: str
    encoding: str


class ColumnItem(Item):
    """A column: the fields that it is read as (none if it is not used), an example, and how many cells are filled."""

    header: Text
    fields: list[str]
    example: Text
    filled: int


class LabelItem(Item):
    """The number that the table itself gives a row's shot: `1A`."""

    row: int
    shot: Text


class MoveItem(Item):
    """A move of the camera for which the table has words of its own: `orbit`. The first shot of the row has it."""

    row: int
    words: Text


class StoryDocument(Document):
    """`clash story show`: the table, its columns, and the local writer's screenplay."""

    story: TableItem
    columns: list[ColumnItem]
    labels: list[LabelItem]
    moves: list[MoveItem] = Field(default_factory=list[MoveItem])
    warnings: list[Text]
    screenplay: Screenplay
