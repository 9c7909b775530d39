"""The columns of a table: what each header means, which fields each fills, and the values in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clash.story.cells import is_empty
from clash.story.headers import SPEECH, Meaning
from clash.story.screenplay import Beat
from clash.story.table import Row

MAPPABLE = (
    *(name for name in Beat.model_fields if name not in ("row", "extra", "duration_s", "narration_translations")),
    "duration",
    "start",
    "end",
    "speaker",
    "translation",
)
"""The fields that `--column HEADER=FIELD` may name."""

SAMPLE = 400
"""Filled cells, and rows, that are looked at."""


@dataclass(eq=False)
class Column:
    """One column: what its header means, and the fields that it fills in the end."""

    index: int
    header: str
    meaning: Meaning
    fields: tuple[str, ...] = ()
    unnamed: str = "nobody"
    """Whose words without a name are, in a column of speech: see `speech.Unnamed`."""
    by_hand: bool = False
    translates: tuple[int, ...] = ()
    """The columns whose words it holds in another language; then its field is `translation`."""
    speakers: frozenset[str] = frozenset()
    """Who speaks in a column that holds what is seen and what is said together; see `scripted_cells`."""
    language: str = ""
    """The language of a translation, or of the second of two languages that stand in each of its cells."""
    is_paired: bool = False
    """Whether each cell holds sound and music, one before its stroke and one behind it, in the header's order."""
    is_of_one_script: bool = False
    """Whether the two languages of its cells share their letters: then places, not letters, tell them apart."""
    is_subtitle: bool = False
    """Whether a column of words on the screen holds subtitles, too: beside words that are spoken, it is not shown."""
    is_second_spoken: bool = False
    """Whether, of such cells, the second of each two lines is the film's language."""

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return self.header or f"column {self.index + 1}"


@dataclass
class Columns:
    """All columns of a table, and what there is to say about them."""

    every: list[Column] = field(default_factory=list[Column])
    warnings: list[str] = field(default_factory=list[str])

    def of(self, name: str) -> list[Column]:
        """The columns that fill a field."""
        return [column for column in self.every if name in column.fields]

    @property
    def translations(self) -> list[Column]:
        """The columns that hold what is said in another language."""
        return [column for column in self.every if column.translates]

    @property
    def unused(self) -> list[Column]:
        """The columns that fill none."""
        return [column for column in self.every if not column.fields]

    @property
    def speech(self) -> list[Column]:
        """The columns that hold words to be said."""
        return [column for column in self.every if SPEECH & set(column.fields)]


class ColumnValues:
    """The filled cells of a table's columns, of which the first few hundred rows are enough to decide."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows[:SAMPLE]
        self._all_rows = rows
        self._values: dict[int, list[str]] = {}

    def of(self, column: Column) -> list[str]:
        """Return the filled cells of a column, the first few hundred."""
        if column.index not in self._values:
            cells = (row.cells[column.index] for row in self._all_rows)
            self._values[column.index] = [
                cell for cell, _ in zip((c for c in cells if not is_empty(c)), range(SAMPLE), strict=False)
            ]
        return self._values[column.index]

    def share(self, column: Column, test: Callable[[str], object]) -> float:
        """Return how many of the filled cells pass a test, from 0 to 1."""
        values = self.of(column)
        return sum(bool(test(value)) for value in values) / len(values) if values else 0.0

    def filled(self, column: Column) -> float:
        """Return how many of the rows have a value in the column, from 0 to 1."""
        return len(self.of(column)) / max(1, len(self.rows))


_JOINED = frozenset(
    {
        "description",
        "dialogue",
        "narration",
        "characters",
        "sound",
        "music",
        "emotion",
        "notes",
        "on_screen_text",
        "time",
    }
)
"""Fields whose columns are joined when several mean the same; of the others the first filled one counts."""


def is_joined(name: str) -> bool:
    """Whether the texts of several columns of one field are joined."""
    return name in _JOINED
