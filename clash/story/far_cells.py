"""Where the cells of an Excel workbook lie, told before a library lays out every cell up to the farthest one."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO
from xml.parsers import expat

from clash.errors import StoryError
from clash.story.grid import MOST_COLUMNS, too_wide

_EXCEL_ROWS, _EXCEL_COLUMNS = 1_048_576, 16_384
_MOST_ROWS = 200_000
_MOST_AREA = 5_000_000
"""Cells of the rectangle that holds every filled cell of a sheet: a library lays out each of them."""
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_SHEET = re.compile(r"worksheets/[^/]+\.xml")
_HEAD = 65_536
_DAMAGED = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error, expat.ExpatError)


def refuse_far_cells(content: bytes, name: str) -> None:
    """Raise `StoryError` for a workbook with a cell outside Excel's grid, or a filled one beyond the limits."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as part:
                    head = part.read(_HEAD)
                    if _is_sheet(entry.filename.lower().replace("\\", "/"), head):
                        _Cells(name, entry.filename).read(head, part)
    except _DAMAGED as error:
        raise StoryError(
            f"{name} is an Excel workbook that cannot be read ({error})",
            hint="Open it in Excel or LibreOffice and save it again.",
        ) from error


def _is_sheet(part: str, head: bytes) -> bool:
    """Whether a part is a sheet, by its name or by its first bytes."""
    return not part.endswith(".rels") and (b"worksheet" in head or bool(_SHEET.search(part)))


class _Cells:
    """Follows the rows and cells of one sheet; a cell without a reference stands behind the one before."""

    def __init__(self, name: str, part: str) -> None:
        self._name, self._part = name, part
        self._row = self._column = self._filled = 0
        self._last_row = self._last_column = 0
        self._is_open = False

    def read(self, head: bytes, part: IO[bytes]) -> None:
        """Parse the sheet piece by piece."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.Parse(head, False)
        while piece := part.read(1 << 20):
            parser.Parse(piece, False)
        parser.Parse(b"", True)

    def _start(self, tag: str, values: Mapping[str, str]) -> None:
        kind = tag.rpartition(":")[2]
        if kind == "row":
            self._row, self._column = self._numbered(values.get("r"), f"row {self._row + 1}"), 0
        elif kind == "c":
            self._place(values.get("r"))
            self._is_open = True
        elif self._is_open and kind in ("v", "is", "f"):
            self._is_open = False
            self._fill()

    def _end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "c":
            self._is_open = False

    def _numbered(self, value: str | None, following: str) -> int:
        if value is None:
            number = self._row + 1
        else:
            number = int(value) if value.isascii() and value.isdigit() and len(value) <= 7 else 0
        if not 0 < number <= _EXCEL_ROWS:
            raise self._outside(f"row {value[:30]}" if value is not None else following)
        return number

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        found = _REFERENCE.fullmatch(reference)
        column = 0
        for letter in found[1].upper() if found else "":
            column = column * 26 + ord(letter) - 64
        if found is None or column > _EXCEL_COLUMNS or not 0 < int(found[2]) <= _EXCEL_ROWS:
            raise self._outside(f"cell {reference[:30]}")
        self._row, self._column = int(found[2]), column

    def _fill(self) -> None:
        self._filled += 1
        if self._column > MOST_COLUMNS:
            raise too_wide(f"{self._name}, cell {self._cell()} of {self._part}", self._row, self._column)
        self._last_row = max(self._last_row, self._row)
        self._last_column = max(self._last_column, self._column)
        area = self._last_row * self._last_column
        if self._row > _MOST_ROWS or area > _MOST_AREA or self._filled > _MOST_AREA:
            raise StoryError(
                f"{self._name}: the cell {self._cell()} of {self._part} is filled, far beyond the rows of a story",
                row=self._row,
                hint="Delete the rows below the story and the columns to its right (Ctrl+-), and save it again.",
            )

    def _cell(self) -> str:
        letters, column = "", self._column
        while column:
            column, rest = divmod(column - 1, 26)
            letters = chr(65 + rest) + letters
        return f"{letters}{self._row}"

    def _outside(self, where: str) -> StoryError:
        return StoryError(
            f"{self._name} is a damaged Excel workbook: {where} of {self._part} is none that a sheet can have",
            hint="Open it in Excel or LibreOffice and save it again.",
        )
