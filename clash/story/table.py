"""From the bytes of a file to a table of text: encoding, delimiter, quotes and row numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from clash.errors import StoryError
from clash.story.headers import field_of, sentence_columns

LARGEST_BYTES = 64 * 1024 * 1024
LONGEST_CELL = 20_000
"""Characters."""

_DELIMITERS = (",", "\t", ";")
_SAMPLE = 262_144
_HEADER_SOUGHT_IN_ROWS = 10

# What a file that is no text begins with, and what it is.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3\x00", "a SQLite database"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SOFT_BREAK = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n?", re.IGNORECASE)
_END = "\x00end of the table"


@dataclass(frozen=True)
class Row:
    """One row; `number` counts from 1 as a spreadsheet does. `cells` are stripped, as many as there are headers."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table as it was read. `rows` may be iterated once, and raises `StoryError` at the first wrong row."""

    name: str
    headers: tuple[str, ...]
    rows: Iterator[Row]
    warnings: tuple[str, ...]


def read_table(content: bytes, *, name: str) -> Table:
    """Decode and parse `content`; wholly empty rows are left out.

    UTF-8 and UTF-16 with their marks, UTF-8 without, else GB18030; the delimiter that explains the headers best.
    Raises `StoryError` for what is empty, too large or no text.
    """
    text, warnings = decode(content, name=name)
    forced = _SEPARATOR_LINE.match(text)
    text = text[forced.end() :] if forced else text
    delimiter = forced[1] if forced else _delimiter_of(text)
    records = _records(text, delimiter, name)
    sample = list(_sample(text, delimiter))
    header_row = _header_row(sample)
    headers: tuple[str, ...] = ()
    for number, cells in records:
        if number >= header_row and any(cells):
            headers = cells
            header_row = number
            break
    if not headers:
        raise StoryError(f"{name} is empty", hint="A story needs a header row and at least one row below it.")
    if any(any(cell.strip() for cell in cells) for cells in sample[: header_row - 1]):
        warnings.append(f"the header was found in row {header_row}; the rows above it are not part of the story")
    return Table(name, headers, _rows(records, headers, name), tuple(warnings))


def decode(content: bytes, *, name: str) -> tuple[str, list[str]]:
    """The text of a file, and what had to be done to it (warnings). Raises `StoryError` if it is no text."""
    if len(content) > LARGEST_BYTES:
        raise StoryError(
            f"{name} is {len(content) / 1_000_000:.0f} MB; a story has at most {LARGEST_BYTES // 1024 // 1024} MB"
        )
    if not content.strip():
        raise StoryError(f"{name} is empty", hint="A story needs a header row and at least one row below it.")
    for signature, what in _SIGNATURES:
        if content.startswith(signature):
            hint = "In Excel: save as 'CSV UTF-8'." if "Excel" in what else "A story is a CSV file."
            raise StoryError(f"{name} is no text: it is {what}", hint=hint)
    warnings: list[str] = []
    text = _decoded(content, name, warnings)
    controls = len(_CONTROL.findall(text))
    if _is_heavy(controls, len(text)):
        raise StoryError(f"{name} is no text: it is full of control characters", hint="A story is a CSV file.")
    if controls:
        kind = "NUL and other control" if "\x00" in text else "control"
        warnings.append(f"{controls} {kind} character{'s were' if controls > 1 else ' was'} left out")
        text = _CONTROL.sub("", text)
    return _SOFT_BREAK.sub("\n", text).lstrip("\ufeff"), warnings


def shortened(text: str, length: int = 60) -> str:
    """`text` in quotes for a message: on one line, never longer than `length` characters.

    >>> shortened("one\\ntwo"), shortened("abcdef", 4)
    ("'one two'", "'abc…'")
    """
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= length else f"'{line[: length - 1]}…'"


def _decoded(content: bytes, name: str, warnings: list[str]) -> str:
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    for mark, encoding in marks:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise _not_text(name, encoding.removesuffix("-sig").upper(), content, error) from error
    if _is_heavy(content.count(0), len(content)):
        raise StoryError(
            f"{name} is no text: it is full of NUL characters",
            hint="If a spreadsheet wrote it, save it as 'CSV UTF-8'.",
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        not_utf8 = error
    if not _looks_western(content):
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise _not_text(name, "UTF-8 nor GB18030", content, not_utf8) from error
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _not_text(name, "UTF-8 nor GB18030", content, not_utf8) from error
    warnings.append("the file is not UTF-8; it was read as Windows-1252 (Western European)")
    return text


def _is_heavy(count: int, length: int) -> bool:
    """Whether so much of a file is control characters that it is no text: a few slip into good files."""
    return count * 4 > length or (count > 16 and count * 20 > length)


def _looks_western(content: bytes) -> bool:
    """Whether the bytes above 127 stand alone among ASCII letters, as é and ’ do in Windows-1252.

    Chinese in GB18030 comes in runs of an even number of such bytes, seldom one at a time.
    """
    runs = re.findall(rb"[\x80-\xff]+", content[:_SAMPLE])
    return sum(len(run) == 1 for run in runs) * 2 > len(runs)


def _not_text(name: str, encoding: str, content: bytes, error: UnicodeDecodeError) -> StoryError:
    line = content.count(b"\n", 0, error.start) + 1
    neither = "neither " if " nor " in encoding else "not "
    return StoryError(
        f"{name} is no text: it is {neither}{encoding} (byte {error.start + 1}, in line {line})",
        hint="Save it as UTF-8.",
    )


def _parsed(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _sample(text: str, delimiter: str) -> Iterator[list[str]]:
    """The first records, for guessing only: a record too large for the parser ends them."""
    try:
        for record, _ in zip(_parsed(text[:_SAMPLE], delimiter), range(50), strict=False):
            yield record
    except csv.Error:
        return


def _delimiter_of(text: str) -> str:
    """The delimiter under which most headers are known; then the one that makes the header widest."""

    def score(delimiter: str) -> tuple[int, int]:
        records = list(_sample(text, delimiter))
        row = _header_row(records)
        headers = records[row - 1] if records else []
        return _known(headers), sum(any(letter.isalnum() for letter in header) for header in headers)

    return max(_DELIMITERS, key=score)


def _header_row(sample: list[list[str]]) -> int:
    """The number of the header's row: the first with text, unless only a later one can be a header.

    Shot lists often carry the film's name and its date above the header.
    """
    with_text = [i for i, cells in enumerate(sample) if any(cell.strip() for cell in cells)]
    first = with_text[0] if with_text else 0
    if with_text and not _is_header(sample[first]):
        for i in with_text[:_HEADER_SOUGHT_IN_ROWS]:
            if _is_header(sample[i]) and _known(sample[i]) >= 3:
                return i + 1
    return first + 1


def _is_header(cells: list[str]) -> bool:
    return any(field_of(cell) == "description" for cell in cells) or bool(sentence_columns(cells))


def _known(cells: list[str]) -> int:
    return len({field for cell in cells if (field := field_of(cell))}) + len(sentence_columns(cells))


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Numbered records with stripped cells. A quote that is never closed is an error of the row it opens in."""
    number = 0
    pending: tuple[str, ...] | None = None
    try:
        for record in _parsed(f"{text}\n{_END}", delimiter):
            if pending is not None:
                yield number, pending
            number += 1
            pending = tuple(cell.strip() for cell in record)
    except csv.Error as error:
        raise StoryError(
            f"{name}, row {number + 1}: a cell has more than {LONGEST_CELL:,} characters ({error})",
            row=number + 1,
            hint="Perhaps a quote is opened there and never closed.",
        ) from error
    if pending != (_END,):
        raise StoryError(
            f"{name}, row {number}: a quote is opened there and never closed",
            row=number,
            hint='Close it, or write a quote within a quoted cell twice: "".',
        )


def _rows(records: Iterator[tuple[int, tuple[str, ...]]], headers: tuple[str, ...], name: str) -> Iterator[Row]:
    width = len(headers)
    for number, cells in records:
        if not any(cells):
            continue
        filled = _without_empty_end(cells)
        if len(filled) > width:
            raise StoryError(
                f"{name}, row {number}: {len(filled)} cells, but the header has {width}; "
                f"the first too many is {shortened(filled[width])}",
                row=number,
                hint="Put a cell that holds the delimiter in double quotes.",
            )
        for header, cell in zip(headers, filled, strict=False):
            if len(cell) > LONGEST_CELL:
                raise StoryError(
                    f"{name}, row {number}, column {shortened(header)}: the cell has {len(cell):,} characters; "
                    f"at most {LONGEST_CELL:,} are read",
                    row=number,
                    column=header,
                    hint="Perhaps a quote is opened there and never closed; else spread the text over several rows.",
                )
        yield Row(number, filled + ("",) * (width - len(filled)))


def _without_empty_end(cells: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return tuple(cells[:end])
