"""Tables that break readers: cells far away, tables in tables, halves of characters, keys that stand twice."""

from __future__ import annotations

import io
import zipfile

import pytest

from clash.errors import StoryError
from clash.story.reader import Reading, read, read_story

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Shots" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
_LINKS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_KIND}" Target="worksheets/sheet1.xml"/></Relationships>'
)
_MAIN = _LINKS.replace("/worksheet", "/officeDocument", 1).replace("worksheets/sheet1", "xl/workbook")
_ROWS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>description</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>A kiln glows.</t></is></c></row>'
)


def workbook(more: str) -> bytes:
    """An Excel workbook of one shot, with `more` rows below it."""
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{_ROWS}{more}'
    parts = {
        "[Content_Types].xml": _TYPES,
        "xl/workbook.xml": _BOOK,
        "xl/_rels/workbook.xml.rels": _LINKS,
        "_rels/.rels": _MAIN,
        "xl/worksheets/sheet1.xml": f"{sheet}</sheetData></worksheet>",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in parts.items():
            archive.writestr(part, text)
    return content.getvalue()


def reading(text: str, name: str) -> Reading:
    """How a text is understood."""
    return read(text.encode(), name=name)


def described(found: Reading) -> list[str]:
    """What the beats of a story show."""
    return [beat.description for beat in found.story.beats]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "XFD1048576"),
        ('<row r="1048576"><c r="CV1048576"><v>1</v></c></row>', "CV1048576"),
        ('<row r="1048576"><c><v>1</v></c></row>', "A1048576"),
        ('<row r="3"><c r="XFD3"><f>A1</f></c></row>', "XFD3"),
        ('<row r="3"><c r="A4294967295"><v>1</v></c></row>', "A4294967295"),
        ('<row r="3"><c r="ZZZZZZZ99999999999"/></row>', "ZZZZZZZ99999999999"),
        ('<row r="99999999999"/>', "99999999999"),
        ('<x:row r="3"><x:c r="A0"/></x:row>', "A0"),
        ('<row r="150000"><c r="CV150000"><v>1</v></c></row>', "CV150000"),
    ],
)
def test_a_cell_far_away_is_refused_by_name(row: str, named: str):
    """The library would lay out every cell up to it, and end the process."""
    pytest.importorskip("python_calamine")
    with pytest.raises(StoryError, match=rf"\b{named}\b"):
        read(workbook(row), name="kiln.xlsx")


def test_formatting_far_below_is_no_part_of_a_story():
    """A cell without a value is passed over, however far away it is."""
    pytest.importorskip("python_calamine")
    far = '<row r="1048576" ht="20"><c r="XFD1048576" s="0"/></row>'
    assert described(read(workbook(far), name="kiln.xlsx")) == ["A kiln glows."]


class PanicException(BaseException):
    """As the library for Excel raises it."""


@pytest.mark.parametrize(("raised", "seen"), [(PanicException, StoryError), (KeyboardInterrupt, KeyboardInterrupt)])
def test_a_panic_of_the_library_is_an_error(
    raised: type[BaseException], seen: type[BaseException], monkeypatch: pytest.MonkeyPatch
):
    """An interrupt stays one."""
    python_calamine = pytest.importorskip("python_calamine")

    class Broken:
        """A workbook that cannot be opened."""

        @staticmethod
        def from_filelike(_file: object) -> None:
            """Fail."""
            raise raised

    monkeypatch.setattr(python_calamine, "CalamineWorkbook", Broken)
    with pytest.raises(seen):
        read(workbook(""), name="kiln.xlsx")


def test_the_words_of_a_table_in_a_cell_are_the_cells():
    """They follow the cell's own."""
    page = (
        "<table><tr><th>description<th>dialogue</tr><tr><td>A kiln."
        "<table><tr><td>It</td><td>glows.</td></tr></table></td><td>ANA: Look.</td></tr></table>"
    )
    found = reading(page, "kiln.html")
    assert described(found) == ["A kiln.\nIt glows."]
    assert found.story.beats[0].dialogue[0].text == "Look."


def test_a_page_laid_out_by_a_table_is_looked_through():
    """The story is the table within its cell."""
    page = (
        "<table><tr><td>Shot list<table><tr><th>description</th><th>dialogue</th></tr>"
        "<tr><td>A kiln glows.</td><td>ANA: Look.</td></tr></table></td></tr></table>"
    )
    assert described(reading(page, "kiln.html")) == ["A kiln glows."]


@pytest.mark.parametrize(
    "page",
    [
        "<table><tr><td><table><tr><td>x</table></table>",
        "<table>" * 3 + "</td></tr></table>" * 5,
        "<table><tr><td>" * 100,
        f'<table><tr><td colspan="{"9" * 5000}">x',
    ],
)
def test_odd_nesting_is_read_or_refused(page: str):
    """Never an internal error."""
    try:
        reading(page, "kiln.html")
    except StoryError as error:
        assert "kiln.html" in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", ["kiln.json", "kiln.jsonl"])
def test_half_a_character_becomes_a_sign_with_a_warning(name: str):
    """In values, keys and titles."""
    row = r'{"description": "A boat \ud800 here", "no\udc00te": "x", "dialogue": "ANA: \ud83d\ude00"}'
    text = row + "\n" + row if name.endswith("l") else r'{"title": "Kiln\ud801", "shots": [' + row + "]}"
    found = reading(text, name)
    assert set(described(found)) == {"A boat \ufffd here"}
    assert found.story.beats[0].dialogue[0].text == "\N{GRINNING FACE}"
    assert any("surrogate" in warning for warning in found.story.warnings)
    "".join([found.story.title, *found.story.warnings]).encode()


def test_both_values_of_a_key_that_stands_twice_are_kept():
    """As lines of the cell, or as rows one after the other."""
    text = '{"shots":[{"description":"A kiln.","description":"It glows."}],"shots":[{"description":"Hands."}]}'
    found = reading(text, "kiln.json")
    assert described(found) == ["A kiln.\nIt glows.", "Hands."]
    assert sum("stands twice" in warning for warning in found.story.warnings) == 2


@pytest.mark.parametrize(
    "text",
    [
        '{"shots":[{"description":"A kiln."}],"more":[{"description":"A boat lands."}]}',
        '{"scenes":[{"shots":[{"description":"A kiln."}],"more":[{"description":"A boat lands."}]}]}',
        '[{"description":"A kiln."},"A boat lands."]',
    ],
)
def test_what_stands_beside_the_rows_is_named(text: str):
    """A second list of rows, or a value among them."""
    found = reading(text, "kiln.json")
    assert described(found) == ["A kiln."]
    assert any("A boat lands." in warning for warning in found.story.warnings)


def test_text_around_a_markdown_table_is_named_once():
    """With its first line; headings are none."""
    page = "# Kiln\n\nA boat lands.\n\n|description|\n|---|\n|A kiln.|\n\nThe end.\n"
    warnings = reading(page, "kiln.md").story.warnings
    assert [warning for warning in warnings if "around" in warning] == [
        "not part of the story, around its tables: 2 lines of text, first 'A boat lands.'"
    ]


@pytest.mark.parametrize("text", ['[{"description":"A kiln.","duration":%s}]', "description,duration\nA kiln.,%s\n"])
def test_a_number_of_5000_digits_is_no_internal_error(text: str):
    """Nor is a setting of Python named to anyone."""
    try:
        shown = " ".join(reading(text % ("9" * 5000), "kiln.json" if text[0] == "[" else "kiln.csv").story.warnings)
    except StoryError as error:
        shown = str(error)
    assert "set_int_max_str_digits" not in shown


def test_mixed_encodings_are_refused_with_the_row():
    """A header in UTF-8 above rows of GB18030, or a row of Windows-1252, is never read as another alphabet."""
    header = "镜号,景别,画面\n".encode()
    for content, row in (
        (header + "1,全景,雾里的渡口\n2,近景,阿岚\n".encode("gb18030"), 2),
        ("Shot,Description\n1,Café at dusk\n".encode() + "2,Naïve boy\n3,Señor\n".encode("cp1252"), 3),
    ):
        with pytest.raises(StoryError, match=rf"row {row}: this row is not UTF-8"):
            read(content, name="s.csv")


def test_a_bad_line_of_json_lines_is_named():
    """The line and column of the file, and what a line has to be."""
    lines = '{"shot": 1, "description": "Fog."}\n{"shot": 2 "description": "Rain."}\n'
    with pytest.raises(StoryError, match="JSON lines, and line 2, column 12 cannot be read") as raised:
        read(lines.encode(), name="s.jsonl")
    assert "Correct line 2" in (raised.value.hint or "")
    with pytest.raises(StoryError, match=r"is JSON that cannot be read \(line 2"):
        read(b'[{"description": "Fog."},\n{"shot": 2 "description": "Rain."}]', name="s.json")


@pytest.mark.parametrize("damage", [b"\xff\xff", b"\x99\x00"])
def test_a_workbook_of_an_unknown_version_is_damaged(damage: bytes) -> None:
    """A byte of the ZIP that claims a later version than is known: refused in words, as other damage is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    content = bytearray(out.getvalue())
    at = content.index(b"PK\x01\x02") + 6
    content[at : at + 2] = damage
    with pytest.raises(StoryError, match="damaged"):
        read_story(bytes(content), name="story.xlsx")
