"""Rows of cells as a file holds them, whatever its form, and the limits that hold for every form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from clash.errors import StoryError

LONGEST_CELL = 20_000
"""Characters."""
MOST_COLUMNS = 1_000
MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class Row:
    """One row; `number` counts from 1 as a spreadsheet does. `cells` are stripped, as many as there are headers."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """The rows of a file that hold anything.

    `form` is csv, tsv, psv, xlsx, ods, markdown, html, json, jsonl or fountain.
    `has_header`: the first row is the header, because the form says so. `title` is what the file calls the film.
    """

    name: str
    form: str
    rows: tuple[Row, ...]
    encoding: str = "utf-8"
    warnings: tuple[str, ...] = ()
    has_header: bool = False
    unit: str = field(default="row")
    title: str = ""
    sheets: tuple[str, ...] = ()
    """The titles of all sheets that are stories, where there are several; `sheet` is the one that was read."""
    sheet: str = ""


def limited(rows: Iterable[tuple[int, list[str]]], name: str) -> Iterator[Row]:
    """Rows with stripped cells, empty ends cut off, wholly empty ones left out. Raises `StoryError` past a limit."""
    total = 0
    for number, cells in rows:
        row = trimmed(cells)
        if not row:
            continue
        if len(row) > MOST_COLUMNS:
            raise too_wide(name, number, len(row))
        total += len(row)
        if total > MOST_CELLS:
            raise StoryError(
                f"{name}, row {number}: more than {MOST_CELLS:,} cells",
                row=number,
                hint="Leave out the columns that are not part of the story, or split it into several films.",
            )
        yield Row(number, row)


def too_wide(name: str, number: int, columns: int) -> StoryError:
    """The error of a row of too many columns."""
    return StoryError(
        f"{name}, row {number}: {columns:,} columns; at most {MOST_COLUMNS:,} are read",
        row=number,
        hint="Leave out the columns that are not part of the story.",
    )


def trimmed(cells: Iterable[str]) -> tuple[str, ...]:
    """The cells stripped, without empty ones at the end."""
    row = [cell.strip() for cell in cells]
    while row and not row[-1]:
        row.pop()
    return tuple(row)


def shortened(text: str, length: int = 60) -> str:
    """`text` in quotes for a message: on one line, never longer than `length` characters.

    >>> shortened("one\\ntwo"), shortened("abcdef", 4)
    ("'one two'", "'abc…'")
    """
    line = " ".join(text[: length * 20].split())
    return f"'{line}'" if len(line) <= length else f"'{line[: length - 1]}…'"
