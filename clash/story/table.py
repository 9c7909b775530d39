"""From the bytes of a file to a table: what form it has, where its header is, and the rows below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clash.errors import StoryError
from clash.story.camera_terms import size_of
from clash.story.delimited import read_delimited, sample_rows
from clash.story.durations import is_unmistakable
from clash.story.encoding import LARGEST_BYTES, decode, empty
from clash.story.fountain import is_fountain, read_fountain
from clash.story.grid import LONGEST_CELL, Grid, Row, shortened
from clash.story.headers import meaning_of, sentence_columns
from clash.story.markup import is_markdown, read_html, read_markdown
from clash.story.opendocument import read_opendocument
from clash.story.sheets import Choose
from clash.story.structured import looks_like_json, read_json
from clash.story.titles import title_above
from clash.story.vocabulary import words
from clash.story.words import key_of
from clash.story.workbook import kind_of_archive, read_workbook

__all__ = ["LARGEST_BYTES", "LONGEST_CELL", "Row", "Table", "read_table", "shortened"]

_HEADER_SOUGHT_IN_ROWS = 15
_LONGEST_HEADER_CELL = 60
_SUBTITLE = re.compile(r"\s{0,20}(?:WEBVTT\b|\d{1,6}\s{0,5}\n\d{1,2}:\d{2}:\d{2}[,.]\d{1,3}\s{0,3}-->)")
_YAML_FILES = (".yaml", ".yml")
_YAML = re.compile(
    r"(?:---[ \t]*\n|[ \t]*#[^\n]{0,200}\n|[\w-]{1,40}:[^\n,;|]{0,200}\n){0,20}"
    r"[\w-]{1,40}:[ \t]*\n[ \t]*- [\w-]{1,40}:(?=\s)"
)
"""A list of mappings under a key, in the notation of YAML."""
_AS_TABLE = (
    "A story is a table with a header: CSV, Excel, Markdown, JSON. Put each beat in a row under the header description."
)
_PAGES = (".md", ".markdown")
_MARKDOWN_TABLE = (
    "A table begins with two lines: '| description | dialogue |' and '| --- | --- |'. Below them write one line per"
    " beat: '| Mara lights the lamp. | MARA: At last. |'."
)
HINTS_OF_STORIES = frozenset({_AS_TABLE, _MARKDOWN_TABLE})
"""Hints that say how a story is written, which a table of the cast is not."""
_DITTO = frozenset(
    {
        "〃",
        '"',
        "''",
        "”",
        "“",
        "″",
        "--//--",
        "-//-",
        "—//—",
        "- // -",
        '-"-',
        "同上",
        "同前",
        "ditto",
        "Ditto",
        "dito",
    }
)
"""A cell of one of these says what the cell above it says."""
_SENTENCE = re.compile(r"[.!?。！？…][\"”’」』)]?\s*$")


@dataclass(frozen=True)
class Table:
    """A table as it was read. Every row has as many cells as there are headers. `unit` is what its rows are called."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    form: str = "csv"
    encoding: str = "utf-8"
    header_row: int = 1
    unit: str = "row"
    title: str = ""
    sheets: tuple[str, ...] = ()
    """The titles of all sheets that are stories, where there are several; `sheet` is the one that was read."""
    sheet: str = ""


def read_table(content: bytes, *, name: str, choose: Choose | None = None) -> Table:
    """Decode and parse `content`; wholly empty rows are left out. `choose` says which of several sheets of stories.

    Raises `StoryError` for what is empty, too large, no text, no table, or has a row of too many cells.
    """
    grid = read_grid(content, name=name, choose=choose)
    if not grid.rows:
        raise empty(name)
    at = 0 if grid.has_header else _header_at(grid.rows)
    warnings = list(grid.warnings)
    if not grid.has_header:
        _check_header(grid, at)
    headers, skipped = _header(grid.rows, at)
    number = grid.rows[at].number
    title = grid.title or (title_above(grid.rows[:at]) if at and not grid.has_header else "")
    if at and not grid.has_header:
        told = f"; the film's title is read from them: {shortened(title)}" if title else ""
        warnings.append(f"the header was found in row {number}; the rows above it are not part of the story{told}")
    rows = _rows(grid, headers, at + 1 + skipped)
    return Table(
        name,
        headers,
        rows,
        tuple(warnings),
        grid.form,
        grid.encoding,
        number,
        grid.unit,
        title,
        sheets=grid.sheets,
        sheet=grid.sheet,
    )


def read_grid(content: bytes, *, name: str, choose: Choose | None = None, wants_cast: bool = False) -> Grid:
    """The cells of a file, whatever its form. Raises `StoryError` for what is no table, saying what it is."""
    if content.startswith(b"PK\x03\x04"):
        what = kind_of_archive(content)
        if what == "ods":
            return read_opendocument(content, name=name, known=_known).grid(what, choose, wants_cast=wants_cast)
        if what != "xlsx":
            hint = "Copy its table into a spreadsheet and save it as .xlsx or 'CSV UTF-8'."
            raise StoryError(f"{name} is no text: it is {what}", hint=hint)
        return read_workbook(content, name=name, known=_known).grid(what, choose, wants_cast=wants_cast)
    text, encoding, warnings = decode(content, name=name)
    if not text.strip():
        raise empty(name)
    head = text[:2000].lstrip()
    if _SUBTITLE.match(text[:200]):
        raise StoryError(f"{name} is a subtitle file, not a table", hint=_AS_TABLE)
    if name.lower().endswith(_YAML_FILES) or _YAML.match(text[:2000]):
        raise StoryError(
            f"{name} is YAML, which is not read",
            hint="Write the same as JSON (`yq -o json story.yaml > story.json`), or as a table.",
        )
    lines = sample_rows(text)
    form = _form_of(text, head, lines, name)
    if form in _MOST:
        _check_size(text, form, name)
    if form == "json":
        return read_json(text, name=name, encoding=encoding, warnings=warnings)
    if form == "html":
        return read_html(text, name=name, encoding=encoding, warnings=warnings, known=_known)
    if form == "markdown":
        return read_markdown(text, name=name, encoding=encoding, warnings=warnings, known=_known)
    if form == "fountain":
        return read_fountain(text, name=name, encoding=encoding, warnings=warnings)
    grid = read_delimited(text, name=name, encoding=encoding, warnings=warnings, score=_score)
    if name.lower().endswith(_PAGES) and max((_known(row.cells) for row in grid.rows), default=0) < 2:
        raise StoryError(f"{name} is Markdown without a table", hint=_MARKDOWN_TABLE)
    if _is_prose(grid):
        raise StoryError(f"{name} is prose, not a table", hint=_AS_TABLE)
    return grid


def _form_of(text: str, head: str, lines: list[str], name: str) -> str:
    """Which form a text has: json, html, markdown, fountain, or delimited. Raises `StoryError` for what is no table."""
    if looks_like_json(text, name) and not (head.startswith("[") and _is_bracketed_header(head)):
        return "json"
    if head.startswith("<"):
        if "<FinalDraft" in head:
            raise StoryError(
                f"{name} is a Final Draft screenplay, not a table",
                hint="In Final Draft: export it as Fountain or as a CSV of its scenes.",
            )
        if "<table" in text or "<TABLE" in text:
            return "html"
        if re.match(r"<(?:\?xml|!doctype|html|svg)\b", head, re.IGNORECASE):
            raise StoryError(f"{name} is HTML or XML without a table", hint=_AS_TABLE)
    is_page = name.lower().endswith(_PAGES)
    if is_markdown(lines) or (is_page and is_markdown(text[:_LONGEST_PREAMBLE].splitlines())):
        return "markdown"
    return "fountain" if is_fountain(lines, name) else "delimited"


_LONGEST_PREAMBLE = 1_000_000
"""Characters of a Markdown page among which its first table is looked for."""
_MOST = {"json": ("{", 200_000), "html": ("<", 600_000), "markdown": ("\n", 200_000), "fountain": ("\n", 200_000)}
"""How often a text of each form may hold the sign that its rows and cells begin with: 5,000 rows need far fewer."""
_MOST_VALUES = 2_000_000


def _check_size(text: str, form: str, name: str) -> None:
    """Refuse a text that would take too much memory, before it is parsed."""
    sign, most = _MOST[form]
    if text.count(sign) > most or (form == "json" and text.count(",") > _MOST_VALUES):
        raise StoryError(
            f"{name} holds far more than 5,000 rows ({form})",
            hint="Split the story into several films.",
        )


def _is_bracketed_header(head: str) -> bool:
    first = head.split("\n", 1)[0]
    return "]" in first and not first.rstrip().endswith(("]", "{", "[", ",")) and '"' not in first[:3]


def _is_prose(grid: Grid) -> bool:
    """Whether a text has no header that is known and reads on, sentence by sentence."""
    first = grid.rows[:_HEADER_SOUGHT_IN_ROWS]
    if not first or any(_known(list(row.cells)) for row in first):
        return False
    cells = [cell for row in first for cell in row.cells]
    narrow = sum(len(row.cells) == 1 for row in first) * 2 >= len(first)
    ends = sum(bool(_SENTENCE.search(row.cells[-1][-20:])) for row in first)
    ragged = len({len(row.cells) for row in first}) > 2
    return (narrow or ragged) and ends * 2 >= len(first) and max(map(len, cells)) > 25


def _known(cells: Sequence[str]) -> int:
    """How many fields the cells of a row name, if it is a header."""
    fields: set[str] = set()
    for cell in cells[:200]:
        if cell and len(cell) <= _LONGEST_HEADER_CELL and not cell.isdigit():
            fields.update(meaning_of(cell).fields)
    return len(fields) + len(sentence_columns(cells))


def _score(records: list[list[str]]) -> tuple[int, ...]:
    """How well a delimiter explains the header: known fields, then how many cells have letters."""
    rows = [cells for cells in records if any(cell.strip() for cell in cells)][:6]
    if not rows:
        return (0, 0)
    best = max(range(len(rows)), key=lambda at: (_known(rows[at]), -at))
    return _known(rows[best]), sum(any(letter.isalnum() for letter in cell[:200]) for cell in rows[best][:1000])


def _header_at(rows: Sequence[Row]) -> int:
    """The index of the header: the row that names most fields. Of equals, and where none is known, the first.

    Shot lists often carry the film's name and its date above the header, and groups of columns.
    """
    known = [_known(row.cells) for row in rows[:_HEADER_SOUGHT_IN_ROWS]]
    best = max(range(len(known)), key=lambda at: (known[at], -at))
    if known[best] >= 2 or (known[0] == 0 and len(rows[best].cells) <= 2):
        return best
    return 0


def _check_header(grid: Grid, at: int) -> None:
    """Raise `StoryError` where the first row is a shot: a size or a length beside a sentence, and no header."""
    cells = [cell for cell in grid.rows[at].cells if cell]
    told = any(_SENTENCE.search(cell) for cell in cells)
    measured = any(is_unmistakable(cell) or (len(cell) < 24 and size_of(cell)) for cell in cells)
    if len(cells) > 1 and told and measured and not _known(cells):
        row = grid.rows[at].number
        raise StoryError(
            f"{grid.name}, {grid.unit} {row}: there is no header; this row holds a shot: {shortened(cells[0])}",
            row=row,
            hint="Put a row above it that names the columns: shot, shot size, description, dialogue, duration.",
        )


def _header(rows: Sequence[Row], at: int) -> tuple[tuple[str, ...], int]:
    """The headers, and how many rows below the header row belong to it: a second line of headers, a line of types."""
    headers = list(rows[at].cells)
    skipped = 0
    if at + 1 < len(rows) and _is_second_line(headers, rows[at + 1].cells):
        below = rows[at + 1].cells
        headers += [""] * (len(below) - len(headers))
        headers = [under or over for over, under in zip(headers, [*below, *[""] * len(headers)], strict=False)]
        skipped = 1
    elif at and any(not header for header in headers):
        above = rows[at - 1].cells
        headers = [
            header or (above[i] if i < len(above) and meaning_of(above[i]).is_known else "")
            for i, header in enumerate(headers)
        ]
    while at + 1 + skipped < len(rows) and _is_types(headers, rows[at + 1 + skipped].cells):
        skipped += 1
    return tuple(headers), skipped


def _is_second_line(headers: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the row below a header names the columns under its groups."""
    filled = [(i, cell) for i, cell in enumerate(below) if cell]
    if not filled:
        return False
    if not all(len(cell) <= 30 and meaning_of(cell).is_known for _, cell in filled):
        return False
    under_nothing = any(i >= len(headers) or not headers[i] for i, _ in filled)
    return under_nothing and not below[0]


def _is_types(headers: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a row holds the type of every column, as exports of databases do."""
    filled = [cell for cell in cells if cell]
    if len(filled) < max(2, sum(map(bool, headers))):
        return False
    return all(len(cell) < 24 and key_of(cell) in words("rows", "types") for cell in filled)


def _rows(grid: Grid, headers: tuple[str, ...], start: int) -> tuple[Row, ...]:
    width = len(headers)
    rows: list[Row] = []
    for row in grid.rows[start:]:
        if len(row.cells) > width:
            raise StoryError(
                f"{grid.name}, {grid.unit} {row.number}: {len(row.cells)} cells, but the header has {width}; "
                f"the first too many is {shortened(row.cells[width])}",
                row=row.number,
                hint="Put a cell that holds the delimiter in double quotes.",
            )
        for header, cell in zip(headers, row.cells, strict=False):
            if len(cell) > LONGEST_CELL:
                raise StoryError(
                    f"{grid.name}, {grid.unit} {row.number}, column {shortened(header)}: the cell has {len(cell):,} "
                    f"characters; at most {LONGEST_CELL:,} are read",
                    row=row.number,
                    column=header,
                    hint="Perhaps a quote is opened there and never closed; else spread the text over several rows.",
                )
        cells = row.cells + ("",) * (width - len(row.cells))
        if rows and any(cell in _DITTO for cell in cells):
            above = rows[-1].cells
            cells = tuple(before if cell in _DITTO else cell for cell, before in zip(cells, above, strict=True))
        rows.append(Row(row.number, cells))
    return tuple(rows)
