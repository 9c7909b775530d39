"""A table whose headers are in no known language: what each column probably is, to be said by a person."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from clash.errors import StoryError
from clash.story.camera_terms import angle_of, movement_of, size_of
from clash.story.cells import is_sentence, split_list
from clash.story.column_rules import SENTENCES_IN_MOST
from clash.story.columns import Column, Columns, ColumnValues
from clash.story.durations import length_of
from clash.story.headers import SPEECH
from clash.story.speakers import name_key
from clash.story.speech import has_spoken_names, names_in
from clash.story.table import Table, shortened

_PICTURE = frozenset({"description", "image_prompt", "video_prompt", "subject"})
_MOST_PROPOSED = 12
_LONGEST_TERM = 30
_QUANTITY = re.compile(r"[~≈]?\s?\d{1,4}(?:[.,]\d{1,3})?\s?[^\W\d_]{1,12}\.?")
_CAMERA = {"shot_size": size_of, "angle": angle_of, "movement": movement_of}


def refuse_unknown_headers(table: Table, columns: Columns, values: ColumnValues) -> None:
    """Raise `StoryError` where most headers are unknown, and the picture or the words would have to be guessed.

    The hint names a field for each of these headers, as `--column` takes it. Nothing is raised where no column could
    be the picture, and where a person has said which one is.
    """
    filled = [column for column in columns.every if column.header and values.of(column)]
    unknown = [column for column in filled if not column.by_hand and not column.meaning.is_known]
    if len(unknown) * 2 <= len(filled):
        return
    known = {name for column in filled for name in column.fields if not _is_shot_of_words(values, column, name)}
    proposed = _Proposals(columns, values, known).of(unknown)
    has_picture = bool(known & _PICTURE)
    by_hand = [column for column in filled if column.by_hand]
    is_mute = not known & SPEECH and not by_hand and bool(SPEECH & set(proposed.values()))
    if (has_picture and not is_mute) or (not has_picture and "description" not in proposed.values()):
        return
    named = ", ".join(shortened(column.header, 40) for column in unknown[:_MOST_PROPOSED])
    if len(unknown) > _MOST_PROPOSED:
        proposed = {column: name for column, name in proposed.items() if name != "notes"}
        named += f" and {len(unknown) - _MOST_PROPOSED} more"
    said = {**{column: column.fields[0] for column in by_hand}, **proposed}
    ordered = sorted(said.items(), key=lambda item: item[0].index)
    flags = [f"--column {shlex.quote(' '.join(column.header.split()) + '=' + name)}" for column, name in ordered]
    raise StoryError(
        f"{table.name}, {table.unit} {table.header_row}: most headers are in no language that is known: {named}",
        row=table.header_row,
        hint=f"Say what they are, after correcting what is wrong here: {' '.join(flags)}",
    )


def _is_shot_of_words(values: ColumnValues, column: Column, name: str) -> bool:
    """Whether a column that is called the shot counts none: it may hold sizes or moves."""
    return name == "shot" and not values.share(column, lambda text: any(map(str.isdigit, text)))


def _is_term(read: Callable[[str], str | None], text: str) -> bool:
    """Whether a cell is a word for the camera: `long`, but not "The night was long."."""
    return len(text) < _LONGEST_TERM and not is_sentence(text, strict=True) and read(text) is not None


class _Proposals:
    """Proposes a field for each unknown column, by its values and by where it stands."""

    def __init__(self, columns: Columns, values: ColumnValues, known: set[str]) -> None:
        self._values = values
        self._taken = set(known)
        self._width = len(columns.every)
        self._proposed: dict[int, str] = {}

    def of(self, unknown: Sequence[Column]) -> dict[Column, str]:
        """Return the fields by column; of columns with one header only the first has one."""
        seen: set[str] = set()
        columns = [c for c in unknown if not (c.header in seen or seen.add(c.header))]
        for column in columns:
            self._measured(column)
        rest = [column for column in columns if column.index not in self._proposed]
        for column in rest:
            self._named(column)
        rest = [column for column in rest if column.index not in self._proposed]
        prose = [column for column in rest if self._values.share(column, is_sentence) > SENTENCES_IN_MOST]
        # What is seen is written in more rows than what is said, and before it.
        for column in sorted(prose, key=lambda c: (-self._values.filled(c), c.index)):
            if not self._taken & _PICTURE:
                self._give(column, "description")
            else:
                self._give(column, "notes" if "narration" in self._taken else "narration")
        people = self._people(columns)
        for column in (column for column in rest if column not in prose):
            self._short(column, people)
        return {column: self._proposed[column.index] for column in columns}

    def _give(self, column: Column, name: str) -> None:
        self._proposed[column.index] = name
        self._taken.add(name)

    def _measured(self, column: Column) -> None:
        """Numbers that rise count scenes and shots; others, and those with a unit, are lengths."""
        found = self._values.of(column)
        if all(value.isdecimal() for value in found):
            numbers = [int(value[:9]) for value in found]
            rises = all(a <= b for a, b in pairwise(numbers)) and (numbers[0] <= 1 or column.index * 2 < self._width)
            distinct = len(set(numbers)) == len(numbers)
            counted = "shot" if distinct and "shot" not in self._taken else "scene"
            name = counted if rises else "duration"
            self._give(column, "notes" if name in self._taken else name)
            return
        lengths = self._values.share(column, lambda text: _QUANTITY.fullmatch(text) or length_of(text) is not None)
        if lengths > 0.5 and "duration" not in self._taken:
            self._give(column, "duration")

    def _named(self, column: Column) -> None:
        """Words behind names are dialogue; words for the camera are the camera's."""
        if self._values.share(column, has_spoken_names) > 0.5:
            self._give(column, "dialogue")
            return
        for name, read in _CAMERA.items():
            if name not in self._taken and self._values.share(column, partial(_is_term, read)) >= 0.5:
                self._give(column, name)
                return

    def _people(self, columns: Sequence[Column]) -> set[str]:
        spoken = [column for column in columns if self._proposed.get(column.index) == "dialogue"]
        return {name_key(name) for column in spoken for text in self._values.of(column) for name in names_in(text)}

    def _short(self, column: Column, people: set[str]) -> None:
        """Names that are spoken for are people; what else is short in most rows is the place, once."""
        names = [name_key(name) for text in self._values.of(column) for name in split_list(text)]
        if "characters" not in self._taken and sum(name in people for name in names) * 2 > len(names):
            self._give(column, "characters")
        elif "location" not in self._taken and self._values.filled(column) > 0.5:
            self._give(column, "location")
        else:
            self._give(column, "notes")
