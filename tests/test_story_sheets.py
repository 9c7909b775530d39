"""Workbooks of several sheets: one per episode, a cast, and others."""

from __future__ import annotations

import io
import zipfile

import pytest

from clash.errors import StoryError
from clash.story.cast_table import read_cast
from clash.story.reader import Options, Reading, read, stories_in

_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in (("office", "office"), ("table", "table"), ("text", "text"))
)
HEADER = ("镜号", "景别", "画面", "台词")
FIRST = (("《渡口》第1集",), HEADER, ("1", "全景", "船靠岸。", ""))
SECOND = (HEADER, ("1", "近景", "阿岚回头。", "阿岚：走吧。"))
CAST = (("人物", "外形"), ("阿岚", "25岁，白色连衣裙"))
BUDGET = (("租船", "300"), ("盒饭", "120"))
BOOK = {"人物小传": CAST, "第1集": FIRST, "第2集": SECOND, "Sheet4": BUDGET}


def ods(sheets: dict[str, tuple[tuple[str, ...], ...]]) -> bytes:
    """A spreadsheet of the rows of its sheets."""
    tables = ""
    for title, rows in sheets.items():
        cells = [
            "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in row) for row in rows
        ]
        body = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
        tables += f'<table:table table:name="{title}">{body}</table:table>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {_NAMES}><office:body><office:spreadsheet>{tables}</office:spreadsheet>"
            "</office:body></office:document-content>",
        )
    return stream.getvalue()


def chosen(choice: str | None) -> Reading:
    """One of the stories of the book."""
    return read(ods(BOOK), name="s.ods", options=Options(choice=choice))


@pytest.mark.parametrize(
    ("choice", "title", "picture"),
    [("1", "渡口 第1集", "船靠岸。"), ("2", "S 第2集", "阿岚回头。"), ("第2集", "S 第2集", "阿岚回头。")],
)
def test_a_sheet_is_chosen_by_its_number_or_title(choice: str, title: str, picture: str):
    """Sheets with one header are stories; the number counts only them."""
    story = chosen(choice).story
    assert (story.title, [beat.description for beat in story.beats]) == (title, [picture])


def test_without_a_choice_the_stories_are_named():
    """Nothing is filmed by chance; `--story all` films each."""
    with pytest.raises(StoryError, match="holds 2 sheets of stories: 1 '第1集', 2 '第2集'") as caught:
        chosen(None)
    assert "--story N" in (caught.value.hint or "")
    assert stories_in(ods(BOOK), name="s.ods") == ("第1集", "第2集")


def test_sheets_that_are_no_stories_are_named():
    """The other story is not left out; a cast is said to be one."""
    first, second = chosen("2").story.warnings[:2]
    assert first == "the sheet '第2集' was read; 2 other filled sheets are not part of the story: '人物小传', 'Sheet4'"
    assert second == "the sheet '人物小传' looks like a cast: name this file as --cast, too, and it is read"


@pytest.mark.parametrize("order", [1, -1])
def test_the_cast_of_the_same_file(order: int):
    """`--cast` reads the sheet of the cast, wherever it is."""
    book = dict(list(BOOK.items())[::order])
    entry = read_cast(ods(book), name="s.ods").entries[0]
    assert (entry.name, entry.look) == ("阿岚", "25岁，白色连衣裙")


def test_a_sheet_with_another_header_is_no_story():
    """One story beside a list of what is needed is filmed without a choice."""
    needs = (("镜号", "道具", "负责人"), ("1", "伞", "小王"))
    reading = read(ods({"分镜": SECOND, "道具": needs}), name="s.ods")
    assert reading.story.title == "S"
    assert reading.story.warnings[0].endswith("not part of the story: '道具'")
