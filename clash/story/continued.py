"""Rows that go on with the shot above: merged cells leave its number and its picture blank in all rows but one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from clash.story.cells import is_empty
from clash.story.columns import Columns
from clash.story.headers import SPEECH
from clash.story.headings import Heading
from clash.story.table import Row

_HEARD = SPEECH | {"sound", "music"}
_GOES_ON = _HEARD | {"speaker", "off", "characters", "translation", "emotion", "notes", "on_screen_text"}
"""What a row may fill and still go on with the shot above."""
_STAYS = frozenset({"scene", "episode", "act", "title", "location", "int_ext", "time"})
"""What such a row may repeat."""
_SEEN = ("description", "image_prompt", "video_prompt")


class Shot(NamedTuple):
    """A row, the scene heading above it, and the rows below that go on with it."""

    row: Row
    heading: Heading | None
    continued: tuple[Row, ...] = ()


def with_continued(rows: Sequence[tuple[Row, Heading | None]], columns: Columns) -> list[Shot]:
    """Put rows that fill words or sounds alone with the numbered shot above them.

    In a table without shot numbers, and below an empty row or one without number or picture, every row stays its own.
    """
    shots: list[Shot] = []
    for row, heading in rows:
        above = shots[-1] if shots else None
        is_next = above is not None and row.number == (above.row, *above.continued)[-1].number + 1
        if above is not None and is_next and above.heading is heading and _goes_on(row, above.row, columns):
            shots[-1] = above._replace(continued=(*above.continued, row))
        else:
            shots.append(Shot(row, heading))
    return shots


def _goes_on(row: Row, first: Row, columns: Columns) -> bool:
    if not _fills(first, columns, ("shot",)) or not _fills(first, columns, _SEEN):
        return False
    if not _fills(row, columns, (*_HEARD, "on_screen_text")):
        return False
    for column in columns.every:
        cell, fields = row.cells[column.index], set(column.fields)
        if is_empty(cell) or fields <= _GOES_ON:
            continue
        if not fields <= _STAYS or cell != first.cells[column.index]:
            return False
    return True


def _fills(row: Row, columns: Columns, names: Sequence[str]) -> bool:
    return any(not is_empty(row.cells[column.index]) for name in names for column in columns.of(name))
