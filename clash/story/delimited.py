"""CSV, TSV, and tables parted by semicolons or strokes."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator

from clash.errors import StoryError
from clash.story.grid import LONGEST_CELL, MOST_COLUMNS, Grid, limited, too_wide
from clash.story.row_widths import RowWidths

FORMS = {",": "csv", "\t": "tsv", ";": "csv", "|": "psv"}

_SAMPLE = 262_144
_MOST_DELIMITERS = 100_000
"""In one record: far more than columns, since quoted text may be full of commas."""
_LINES = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\r?\n?", re.IGNORECASE)
_LONE_QUOTE = {sign: re.compile(rf'(?<!"{sign})(?<={sign})"(?={sign})(?!{sign}")') for sign in ("\t", ";")}
"""A cell that is one quote, as people write for "the same as above": to the parser it would open a quotation."""
_END = "\x00end of the table"

Score = Callable[[list[list[str]]], tuple[int, ...]]


def read_delimited(text: str, *, name: str, encoding: str, warnings: list[str], score: Score) -> Grid:
    """The table of a text; the delimiter is the one whose first rows score best. Raises `StoryError`."""
    forced = _SEPARATOR_LINE.match(text)
    start = forced.end() if forced else 0
    delimiter = forced[1] if forced else best_delimiter(text, score)
    if delimiter in _LONE_QUOTE:
        text = _with_ditto_marks(text, delimiter)
    widths = RowWidths(name)
    rows = tuple(limited(widths.watched(_records(text, start, delimiter, name)), name))
    return Grid(name, FORMS[delimiter], rows, encoding, (*warnings, *widths.warnings()))


def _with_ditto_marks(text: str, delimiter: str) -> str:
    """Return the text with another ditto mark for each lone quote.

    In a table that has any other quote they open and close quotations, and none stands alone: `;";A"` is `;A`.
    """
    marked, lone = _LONE_QUOTE[delimiter].subn("〃", text)
    return marked if lone and lone == text.count('"') else text


def best_delimiter(text: str, score: Score) -> str:
    """The delimiter under which most headers are known; of equals the first of comma, tab, semicolon, stroke."""
    head = text[:_SAMPLE]
    candidates = [delimiter for delimiter in FORMS if delimiter in head] or [","]
    if len(candidates) == 1:
        return candidates[0]
    return max(candidates, key=lambda delimiter: score(list(_sample(head, delimiter))))


def sample_rows(text: str) -> list[str]:
    """The first lines of a text, for telling what it is."""
    return [line.rstrip("\r\n") for line, _ in zip((m[0] for m in _LINES.finditer(text)), range(60), strict=False)]


class _Lines:
    """The lines of a text, one at a time, counting the delimiters of the record that they belong to."""

    def __init__(self, text: str, start: int, delimiter: str, name: str) -> None:
        self._text, self._start, self._delimiter, self._name = text, start, delimiter, name
        self.number = 0
        self.delimiters = 0

    def __iter__(self) -> Iterator[str]:
        for found in _LINES.finditer(self._text, self._start):
            line = found[0]
            self.delimiters += line.count(self._delimiter)
            if self.delimiters > _MOST_DELIMITERS:
                raise too_wide(self._name, self.number + 1, self.delimiters + 1)
            yield line
        # A record that this is not the last of has a quote that was never closed.
        yield _END


def _sample(text: str, delimiter: str) -> Iterator[list[str]]:
    """The first records, for guessing only: a record too large for the parser ends them."""
    lines = (found[0] for found in _LINES.finditer(text))
    try:
        for record, _ in zip(csv.reader(lines, delimiter=delimiter), range(30), strict=False):
            yield record[:MOST_COLUMNS]
    except csv.Error:
        return


def _records(text: str, start: int, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered records. A quote that is never closed is an error of the row it opens in."""
    lines = _Lines(text, start, delimiter, name)
    pending: list[str] | None = None
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            lines.delimiters = 0
            if pending is not None:
                yield lines.number, pending
            lines.number += 1
            pending = record
    except csv.Error as error:
        raise StoryError(
            f"{name}, row {lines.number + 1}: a cell has more than {LONGEST_CELL:,} characters ({error})",
            row=lines.number + 1,
            hint="Perhaps a quote is opened there and never closed.",
        ) from error
    if pending != [_END]:
        raise StoryError(
            f"{name}, row {lines.number}: a quote is opened there and never closed",
            row=lines.number,
            hint='Close it, or write a quote within a quoted cell twice: "".',
        )
