"""Excel workbooks (`.xlsx`): their sheets."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

from clash.errors import StoryError
from clash.installation import install_command
from clash.story.archives import DAMAGED
from clash.story.far_cells import refuse_far_cells
from clash.story.opendocument import is_spreadsheet
from clash.story.sheets import Known, Sheets

_LONGEST_MIMETYPE = 200
_LARGEST_UNPACKED = 256 * 1024 * 1024


def kind_of_archive(content: bytes) -> str:
    """What a ZIP archive is: xlsx, ods, "a Word document", or another kind in words."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist()[:5000])
            unpacked = sum(entry.file_size for entry in archive.infolist())
            mimetype = archive.open("mimetype").read(_LONGEST_MIMETYPE) if "mimetype" in names else b""
    except DAMAGED:
        return "a ZIP archive or an Excel workbook, and damaged"
    if any(name.startswith("xl/") for name in names):
        return "xlsx" if unpacked <= _LARGEST_UNPACKED else "an Excel workbook that is too large when unpacked"
    if "word/document.xml" in names:
        return "a Word document"
    if any(name.endswith(".iwa") for name in names):
        return "a document of Apple's Numbers or Pages"
    if "mimetype" in names and "content.xml" in names:
        return "ods" if is_spreadsheet(mimetype) else "an OpenDocument file"
    return "a ZIP archive"


def read_workbook(content: bytes, *, name: str, known: Known) -> Sheets:
    """The sheets that hold anything. Raises `StoryError`."""
    if importlib.util.find_spec("python_calamine") is None:
        raise StoryError(
            f"{name} is no text: it is an Excel workbook, and what reads those is not installed",
            hint=f"In Excel: save as 'CSV UTF-8'; or {install_command('xlsx')}",
        )
    refuse_far_cells(content, name)
    return Sheets(_filled_sheets(content, name), name=name, known=known)


def _filled_sheets(content: bytes, name: str) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    """The sheets that hold anything, by title."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [(title, _rows(book.get_sheet_by_name(title))) for title in book.sheet_names[:50]]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise StoryError(f"{name} is an Excel workbook that cannot be read ({error})") from error
    except BaseException as error:
        # A panic of the library, which is written in Rust, is no `Exception`, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise StoryError(
            f"{name} is an Excel workbook that cannot be read: it is damaged",
            hint="Open it in Excel or LibreOffice and save it again.",
        ) from error
    return [(title, rows) for title, rows in sheets if rows]


def _rows(sheet: Any) -> list[tuple[int, list[str]]]:
    rows = ((number, [_text(value) for value in row]) for number, row in enumerate(sheet.iter_rows(), start=1))
    return [(number, cells) for number, cells in rows if any(cells)]


def _text(value: Any) -> str:
    """A cell as a person sees it: whole numbers without a point, times as clock."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.6f}".rstrip("0")
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    if isinstance(value, time):
        return f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).replace("\r\n", "\n").replace("_x000D_", "").replace("\r", "\n")
