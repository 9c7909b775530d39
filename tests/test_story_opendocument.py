"""Spreadsheets of LibreOffice (`.ods`), which are read without any further package."""

from __future__ import annotations

import io
import zipfile

import pytest

from clash.errors import StoryError
from clash.story.reader import read

_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)
_MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"


def ods(*sheets: str, mimetype: str = _MIMETYPE, before: str = "") -> bytes:
    """A spreadsheet of the rows of its sheets, in XML."""
    tables = "".join(f'<table:table table:name="S{n}">{rows}</table:table>' for n, rows in enumerate(sheets, start=1))
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", mimetype)
        archive.writestr(
            "content.xml",
            f"<?xml version='1.0'?>{before}<office:document-content {_NAMES}>{body}</office:document-content>",
        )
    return stream.getvalue()


def row(*cells: str, repeated: int = 1) -> str:
    """A row of cells."""
    inner = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f'<table:table-row table:number-rows-repeated="{repeated}">{inner}</table:table-row>'


def test_a_spreadsheet_is_read_as_a_person_sees_it() -> None:
    """Lines of a cell, repeated blanks, empty rows and the row's number as the spreadsheet counts it."""
    empty = '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
    gap = (
        '<table:table-row><table:table-cell table:number-columns-repeated="2"/><table:table-cell>'
        "<office:annotation><text:p>a note</text:p></office:annotation>"
        '<text:p>LUC :<text:s text:c="2"/>Enfin.</text:p><text:p>LUC : Oui.</text:p>'
        "</table:table-cell></table:table-row>"
    )
    sheet = row("Plan", "Image", "Dialogue") + row("1", "Le phare dans la brume") + empty + gap
    reading = read(ods(row("Foo"), sheet + row("", "", "", repeated=1_000_000)), name="s.ods")
    first, second = reading.story.beats
    assert (reading.form, first.description, second.row) == ("ods", "Le phare dans la brume", 6)
    assert [line.text for line in second.dialogue] == ["Enfin.", "Oui."]
    assert reading.story.warnings[0] == "the sheet 'S2' was read; 1 other filled sheet is not part of the story: 'S1'"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (ods(row("Image") + row("Mer", repeated=2_000_000)), "more than 1,000,000 cells"),
        (ods(row("Image"), before='<!DOCTYPE a [<!ENTITY b "c">]>'), "no program writes so"),
        (ods("<table:table-row>"), "cannot be read"),
        (ods(""), "is empty"),
        (ods(row("Image"), mimetype="application/vnd.oasis.opendocument.text"), "an OpenDocument file"),
    ],
)
def test_a_spreadsheet_that_is_none_is_refused(content: bytes, said: str) -> None:
    """Rows without end, entities, broken XML, nothing at all, and a document that is no spreadsheet."""
    with pytest.raises(StoryError, match=said):
        read(content, name="s.ods")


def test_a_damaged_part_is_told_as_damage() -> None:
    """Compressed bytes that are none are an error of the file by name, and not one of clash."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(ods(row("shot", "description")))) as archive, zipfile.ZipFile(made, "w") as packed:
        for name in archive.namelist():
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            packed.writestr(name, archive.read(name), method)
        start = packed.getinfo("content.xml").header_offset + 30 + len("content.xml")
    content = bytearray(made.getvalue())
    content[start : start + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(StoryError, match="damaged or locked"):
        read(bytes(content), name="film.ods")
