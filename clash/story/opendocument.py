"""OpenDocument spreadsheets (`.ods`), as LibreOffice writes them: their sheets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from clash.errors import StoryError
from clash.story.archives import DAMAGED
from clash.story.grid import MOST_CELLS, MOST_COLUMNS, too_wide
from clash.story.sheets import Known, Sheets

_LARGEST_SHEETS = 64 * 1024 * 1024
_MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_MOST_SPACES = 100
_HINT = "Open it in LibreOffice or Excel and save it again, or save it as 'CSV UTF-8'."

_Rows = list[tuple[int, list[str]]]


def is_spreadsheet(mimetype: bytes) -> bool:
    """Return whether an OpenDocument file is a spreadsheet, by what it says of itself."""
    return mimetype.strip().startswith(_MIMETYPE)


def read_opendocument(content: bytes, *, name: str, known: Known) -> Sheets:
    """The sheets that hold anything. Raises `StoryError`."""
    try:
        sheets = [(title, rows) for title, rows in _sheets(_xml_in(content, name), name) if rows]
    except (ElementTree.ParseError, ValueError) as error:
        raise StoryError(f"{name} is an OpenDocument spreadsheet that cannot be read ({error})", hint=_HINT) from error
    return Sheets(sheets, name=name, known=known)


def _xml_in(content: bytes, name: str) -> bytes:
    """The XML of the sheets. Raises `StoryError` for a damaged file, one that is too large, and one with entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo("content.xml").file_size > _LARGEST_SHEETS:
                raise StoryError(f"{name} is an OpenDocument spreadsheet that is too large when unpacked", hint=_HINT)
            with archive.open("content.xml") as stream:
                xml = stream.read(_LARGEST_SHEETS + 1)
    except DAMAGED as error:
        raise StoryError(f"{name} is an OpenDocument spreadsheet, and damaged or locked", hint=_HINT) from error
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"\0" in xml[:200] or len(xml) > _LARGEST_SHEETS:
        raise StoryError(f"{name} is an OpenDocument spreadsheet that no program writes so", hint=_HINT)
    return xml


def _sheets(xml: bytes, name: str) -> Iterator[tuple[str, _Rows]]:
    """The sheets with their filled rows. Each row is forgotten once it is read: a sheet may be long."""
    title, rows, number, cells, depth = "", _Rows(), 0, 0, 0
    # Entities are refused before.
    for event, element in ElementTree.iterparse(io.BytesIO(xml), events=("start", "end")):  # noqa: S314
        if element.tag == f"{_TABLE}table":
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                title, rows, number = element.get(f"{_TABLE}name", ""), _Rows(), 0
            elif event == "end" and depth == 0:
                yield title, rows
                element.clear()
        elif event == "end" and depth == 1 and element.tag == f"{_TABLE}table-row":
            repeated, row = _count(element, "rows"), _cells_of(element, name, number + 1)
            if row:
                cells += repeated * len(row)
                if cells > MOST_CELLS:
                    raise StoryError(f"{name}, row {number + 1}: more than {MOST_CELLS:,} cells", row=number + 1)
                rows += [(number + 1 + again, row) for again in range(repeated)]
            number += repeated
            element.clear()


def _cells_of(row: ElementTree.Element, name: str, number: int) -> list[str]:
    """The cells of a row as a person sees them, without empty ones at the end."""
    found: list[str] = []
    empty = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        repeated, text = _count(cell, "columns"), _shown(cell)
        if not text:
            empty += repeated
            continue
        if len(found) + empty + repeated > MOST_COLUMNS:
            raise too_wide(name, number, len(found) + empty + repeated)
        found += [""] * empty + [text] * repeated
        empty = 0
    return found


def _count(element: ElementTree.Element, what: str) -> int:
    """How often a cell or a row stands in the sheet, one after the other."""
    text = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(text) if text.isascii() and text.isdigit() and int(text[:9]) > 0 else 1


def _shown(cell: ElementTree.Element) -> str:
    """The text of a cell: one line per paragraph. What people noted beside it is not in the sheet."""
    return "\n".join("".join(_words(part)) for part in cell if part.tag == f"{_TEXT}p").strip()


def _words(element: ElementTree.Element) -> Iterator[str]:
    yield element.text or ""
    for part in element:
        if part.tag == f"{_TEXT}s":
            count = part.get(f"{_TEXT}c", "1")
            yield " " * min(int(count) if count.isascii() and count.isdigit() else 1, _MOST_SPACES)
        elif part.tag == f"{_TEXT}tab":
            yield " "
        elif part.tag == f"{_TEXT}line-break":
            yield "\n"
        elif part.tag != f"{_OFFICE}annotation":
            yield from _words(part)
        yield part.tail or ""
