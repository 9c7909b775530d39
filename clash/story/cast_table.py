"""Read a table of the cast: who is who, what people, places and props look like, and what picture and voice each has.

One row is one character, place or prop. The headers are known in the languages of `clash/story/languages` (`[cast]`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, cast

from clash.errors import StoryError
from clash.story.cast_headers import field_of_header
from clash.story.grid import Row, shortened
from clash.story.screenplay import slug
from clash.story.table import HINTS_OF_STORIES, read_grid
from clash.story.vocabulary import compact, keyed
from clash.story.words import fold

CastKind = Literal["character", "location", "prop"]
_MOST_MEMBERS = 500
_AS_TABLE = (
    "A cast is a table, one row per character, place or prop, with the headers name and look: CSV, Excel, Markdown."
)
_HEADER_WITHIN = 20
"""Rows in which the header is looked for: a title may stand above it."""


@dataclass(frozen=True)
class CastEntry:
    """One row of the table. What is "" is left to the writer. `image` and `reference_audio` are names of files."""

    name: str
    kind: CastKind = "character"
    look: str = ""
    image: str = ""
    voice: str = ""
    reference_audio: str = ""
    age: str = ""
    gender: str = ""
    row: int = field(default=0, compare=False)

    @property
    def slot(self) -> str:
        """The slot of its card."""
        return f"{self.kind}:{slug(self.name)}"


@dataclass(frozen=True)
class CastTable:
    """The entries of a table in its order; `headers`: what the table calls each field."""

    entries: tuple[CastEntry, ...]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()


_FIELDS = tuple(item.name for item in fields(CastEntry) if item.name != "row")


def read_cast(content: bytes, *, name: str) -> CastTable:
    """Read a table in any of the forms that a story may have.

    Raises `StoryError` naming row and column: for what is no table, a table without a column of names, a row without
    its name, an unknown kind, the same one twice.
    """
    try:
        grid = read_grid(content, name=name, wants_cast=True)
    except StoryError as error:
        if error.hint in HINTS_OF_STORIES:
            raise StoryError(error.message, row=error.row, column=error.column, hint=_AS_TABLE) from error
        raise
    at, columns = _header(grid.rows, name)
    headers = {field_name: grid.rows[at].cells[column] for field_name, column in columns.items()}
    entries = [entry for row in grid.rows[at + 1 :] if (entry := _entry(row, columns, headers, name)) is not None]
    if not entries:
        raise StoryError(f"{name} has a header and no rows", hint="one row is one character, place or prop")
    if len(entries) > _MOST_MEMBERS:
        raise StoryError(f"{name} has {len(entries)} rows; a cast has at most {_MOST_MEMBERS}")
    _check_names(entries, headers, name)
    unused = [header for column, header in enumerate(grid.rows[at].cells) if header and column not in columns.values()]
    warnings = [f"{name}: column {shortened(header)} is not used" for header in unused]
    return CastTable(tuple(entries), headers, (*grid.warnings, *warnings))


def _header(rows: Sequence[Row], name: str) -> tuple[int, dict[str, int]]:
    """Return which row is the header, and the column of each field. A field's first column counts."""
    best: tuple[int, dict[str, int]] = (0, {})
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        columns: dict[str, int] = {}
        for column, header in enumerate(row.cells):
            if (found := field_of_header(header)) is not None:
                columns.setdefault(found, column)
        if "name" in columns and len(columns) > len(best[1]):
            best = (at, columns)
    if not best[1]:
        first = ", ".join(shortened(cell, 20) for cell in rows[0].cells[:8]) if rows else "none"
        raise StoryError(
            f"{name} is no cast: no column holds names; its first row is {first}",
            hint="a cast has a row of headers: name, kind, look, image, voice, reference_audio, age, gender",
        )
    return best


def _entry(row: Row, columns: Mapping[str, int], headers: Mapping[str, str], name: str) -> CastEntry | None:
    values = {
        field_name: row.cells[column].strip() if column < len(row.cells) else ""
        for field_name, column in columns.items()
    }
    if not any(values.values()):
        return None
    if not values["name"]:
        raise StoryError(
            f"{name}, row {row.number}, column '{headers['name']}': a name is missing",
            row=row.number,
            column=headers["name"],
        )
    kind = _kind(values.pop("kind", ""), row, headers, name)
    return CastEntry(kind=kind, row=row.number, **{key: value for key, value in values.items() if key in _FIELDS})


def _kind(text: str, row: Row, headers: Mapping[str, str], name: str) -> CastKind:
    if not text:
        return "character"
    found = keyed("cast_kinds").get(compact(fold(text)))
    if found is None:
        raise StoryError(
            f"{name}, row {row.number}, column '{headers['kind']}': {shortened(text)} is no kind",
            row=row.number,
            column=headers["kind"],
            hint="character, location or prop",
        )
    return cast("CastKind", found)


def _check_names(entries: Sequence[CastEntry], headers: Mapping[str, str], name: str) -> None:
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.slot in seen:
            raise StoryError(
                f"{name}, row {entry.row}, column '{headers['name']}': {entry.name} stands in row {seen[entry.slot]}"
                " already",
                row=entry.row,
                column=headers["name"],
            )
        seen[entry.slot] = entry.row
