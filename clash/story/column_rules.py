"""What one column is used for, where its header leaves that open: its values decide."""

from __future__ import annotations

import re
from itertools import pairwise

from clash.story.camera_terms import angle_of, movement_of, size_of
from clash.story.cells import is_sentence, looks_like_a_file
from clash.story.columns import Column, Columns, ColumnValues
from clash.story.durations import Length, is_unmistakable, length_of
from clash.story.headers import SPEECH
from clash.story.headings import is_heading, is_scene_number
from clash.story.speakers import is_off

SENTENCES_IN_MOST = 0.6
"""A column is prose if more than this share of its cells are sentences."""
_HEARD = SPEECH | {"speaker", "characters", "who"}
_CAMERA = ("shot_size", "angle", "movement")
_CAMERA_IN = 0.5
"""A column of the camera holds sizes, too, if at least this share of its cells name one."""
LENS = re.compile(r"\b\d{1,3}(?:\.\d)?\s?mm\b", re.IGNORECASE)


def decide_alone(columns: Columns, values: ColumnValues, column: Column) -> None:
    """Settle what the header of one column leaves open."""
    if _only_says_off(values, column):
        column.fields = ("off",)
        return
    _combined(columns, values, column)
    _places(columns, values, column)
    _numbers(columns, values, column)
    _camera(columns, values, column)
    _pictures(columns, values, column)


def _only_says_off(values: ColumnValues, column: Column) -> bool:
    """Whether a column of speech or people says only how each speaker is heard: V.O., O.S., 画外音."""
    found = values.of(column)
    return bool(found) and bool(_HEARD & set(column.fields)) and all(map(is_off, found))


def _combined(columns: Columns, values: ColumnValues, column: Column) -> None:
    """A header of several parts: numbers beside words, words beside text that is in every table."""
    if len(column.fields) < 2:
        return
    fields = list(column.fields)
    if (
        SPEECH & set(fields)
        and "description" in fields
        and any(other is not column and "description" in other.fields for other in columns.every)
    ):
        fields.remove("description")
    numeric = values.share(column, is_scene_number) > 0.5
    if "place" in fields and {"time", "int_ext"} & set(fields):
        fields[fields.index("place")] = "location"
    for name in ("shot", "scene", "place", "title"):
        if name in fields and len(fields) > 1:
            others = [other for other in fields if other not in ("shot", "scene", "title", "place")]
            if others and not numeric:
                fields.remove(name)
            elif others and numeric:
                fields = [name]
    column.fields = tuple(fields)


def _places(columns: Columns, values: ColumnValues, column: Column) -> None:
    if column.fields == ("place",):
        column.fields = ("scene",) if values.share(column, is_scene_number) >= 0.5 else ("location",)
    elif column.fields == ("location",) and values.of(column) and values.share(column, str.isdigit) == 1:
        column.fields = () if columns.of("scene") else ("scene",)
    elif column.fields == ("weather",):
        column.fields = ("time",)


def _numbers(columns: Columns, values: ColumnValues, column: Column) -> None:
    """`Shot` that holds sizes is the size, that holds moves is the move, that holds sentences is the picture."""
    if column.fields not in (("shot",), ("scene",)):
        return
    if column.fields == ("shot",) and values.share(column, _has_digit) < 0.5:
        if values.share(column, lambda text: size_of(text) is not None and len(text) < 30) > 0.5:
            column.fields = () if columns.of("shot_size") else ("shot_size",)
            return
        if values.share(column, lambda text: movement_of(text) is not None and len(text) < 30) > 0.5:
            column.fields = () if columns.of("movement") else ("movement",)
            return
    if values.share(column, lambda text: is_scene_number(text) or is_heading(text)) >= 0.5:
        return
    if values.share(column, is_sentence) > SENTENCES_IN_MOST and not columns.of("description"):
        column.fields = ("description",)


def _camera(columns: Columns, values: ColumnValues, column: Column) -> None:
    """A column of the camera holds what its values say: sizes, angles and moves that no other column holds."""
    if len(column.fields) != 1 or column.fields[0] not in _CAMERA or not values.of(column):
        return
    read = {"shot_size": size_of, "angle": angle_of, "movement": movement_of}
    own = column.fields[0]
    is_used = values.share(column, lambda text: read[own](text) is not None) > 0
    others = [
        other
        for other in _CAMERA
        if other != own
        and not columns.of(other)
        and values.share(column, lambda text, other=other: read[other](text) is not None and len(text) < 60)
        >= _CAMERA_IN
    ]
    if others and (own != "shot_size" or not is_used):
        column.fields = (own, *others) if is_used else tuple(others)
    if len(column.fields) > 1 and not columns.of("lens") and any(map(LENS.search, values.of(column))):
        column.fields = (*column.fields, "lens")


def _pictures(columns: Columns, values: ColumnValues, column: Column) -> None:
    """A column of pictures' file names is no prose."""
    if column.fields == ("description",) and values.of(column) and values.share(column, looks_like_a_file) == 1:
        column.fields = ("reference_image",)
    elif (
        column.fields == ("reference_image",)
        and values.share(column, is_sentence) > SENTENCES_IN_MOST
        and not columns.of("description")
        and not any(looks_like_a_file(value) for value in values.of(column))
    ):
        column.fields = ("description",)


def clock_field(values: ColumnValues, column: Column) -> tuple[str, ...]:
    """Whether a column of times holds lengths or starts on the film's clock, not hours of the day."""
    found = values.of(column)
    if not found:
        return ()
    if are_starts(values, column):
        return ("start",)
    lengths = sum(is_unmistakable(value) for value in found)
    return ("duration",) if lengths * 3 >= len(found) * 2 or (lengths and lengths + 1 >= len(found)) else ()


def are_starts(values: ColumnValues, column: Column) -> bool:
    """`0:00`, `0:04`, `0:09`: from zero on, rising."""
    found = [length_of(value) for value in values.of(column)]
    lengths: list[Length] = [length for length in found if length is not None]
    if len(lengths) < 2 or len(lengths) < len(found) or any(length.is_range for length in lengths):
        return False
    starts = [length.seconds or 0.0 for length in lengths]
    clock = all(length.is_clock for length in lengths)
    return clock and starts[0] == 0 and all(a < b for a, b in pairwise(starts))


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
