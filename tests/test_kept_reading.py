"""What nobody changed in a table stays as an earlier reader read it: rows, fields, and rows that it alone films."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import pytest
from tables import written

from clash.editing import kept_reading
from clash.editing.kept_reading import Difference, KeptReading, keep_reading
from clash.production.kept_tables import kept_table
from clash.story import beats, continued, cues, reader, rows, speech
from clash.story.reader import Options, Reading, read
from clash.story.screenplay import Beat, Story

Rows = list[list[str]]
CHINESE: Rows = [
    ["镜号", "景别", "场景", "人物", "画面", "台词", "时长"],
    ["1", "全景", "客厅", "苏晚", "苏晚坐在沙发上。", "苏晚：你来了。", "2"],
    ["2", "近景", "客厅", "苏晚", "苏晚看着窗外。", "苏晚内心OS：他不会回来了。", "2"],
    ["3", "特写", "客厅", "苏晚", "手机亮了。", "手机：您有一条新消息。", "2"],
    ["4", "中景", "厨房", "林浩", "林浩切菜。", "林浩：吃饭吧。", "2"],
    ["5", "特写", "厨房", "", "收音机在响。", "收音机：今晚有雨。", "2"],
]
JAPANESE: Rows = [
    ["カット", "サイズ", "場所", "人物", "内容", "セリフ", "秒数"],
    ["1", "全景", "居間", "ユキ", "ユキが座っている。", "ユキ：来たのね。", "2"],
    ["2", "アップ", "居間", "ユキ", "電話が鳴る。", "電話：もしもし。", "2"],
    ["3", "アップ", "居間", "ユキ", "ラジオが光る。", "ラジオ：今夜は雨です。", "2"],
    ["4", "全景", "台所", "ケン", "ケンが料理する。", "ケン：ご飯だよ。", "2"],
]
SPANISH: Rows = [
    ["plano", "tamaño", "lugar", "personajes", "descripción", "diálogo", "duración"],
    ["1", "general", "Sala", "Ana", "Ana espera en el sofá.", "ANA: Has venido.", "2"],
    ["2", "primer plano", "Sala", "Ana", "El aparato se enciende.", "RADIO: Esta noche llueve.", "2"],
    ["3", "primer plano", "Sala", "Ana", "Suena en la mesa.", "TELÉFONO: Diga.", "2"],
    ["4", "medio", "Cocina", "Luis", "Luis corta el pan.", "LUIS: A comer.", "2"],
]
LANGUAGES = [("zh", CHINESE), ("ja", JAPANESE), ("es", SPANISH)]
NAMES = {",": "t.csv", "markdown": "t.md", "html": "t.html", "xlsx": "t.xlsx", "json": "t.json"}


def workbook(table: Rows, *, picture: bytes = b"") -> bytes:
    """An Excel workbook of one sheet, perhaps with a picture in it."""
    cells = [
        "".join(
            f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for at, cell in enumerate(row)
        )
        for number, row in enumerate(table, start=1)
    ]
    body = "".join(f'<row r="{number}">{row}</row>' for number, row in enumerate(cells, start=1))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Override PartName="/xl/workbook.xml" '
        f'ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="s" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
        if picture:
            archive.writestr("xl/media/image1.png", picture)
    return stream.getvalue()


def content_of(table: Rows, form: str) -> bytes:
    """A table in one of the forms."""
    return workbook(table) if form == "xlsx" else written(table, form)


def today(table: Rows, form: str = ",") -> Reading:
    """Today's reading of a table."""
    return read(content_of(table, form), name=NAMES[form])


def _nobody(*names: str) -> None:
    """An earlier release knew no unseen voices: a telephone that speaks was a person."""


def before(table: Rows, form: str = ",") -> Story:
    """The story as an earlier release read it."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (beats, cues, speech):
            patch.setattr(module, "unseen_voice", _nobody)
        return today(table, form).story


def changed(table: Rows, text: str, other: str) -> Rows:
    """The table with another text in one cell."""
    found = [[cell.replace(text, other) for cell in row] for row in table]
    assert sum(a != b for one, two in zip(found, table, strict=True) for a, b in zip(one, two, strict=True)) == 1
    return found


def kept(table: Rows, after: Rows, form: str = ",") -> KeptReading:
    """The changed table, of which what nobody changed is read as before."""
    return keep_reading(before(table, form), today(table, form), today(after, form))


def without_row(found: Sequence[Beat]) -> list[Beat]:
    """The beats without their places."""
    return [beat.model_copy(update={"row": 0, "shot": ""}) for beat in found]


@pytest.mark.parametrize("form", NAMES)
@pytest.mark.parametrize(("language", "table"), LANGUAGES)
def test_a_changed_row_alone_is_another(language: str, table: Rows, form: str) -> None:
    """In each form of table, rows that this reader reads differently stay as they were where one other row changed."""
    was, description = before(table, form), table[-1 if language != "zh" else 4][4]
    after = changed(table, description, f"{description[:-1]}, {description}")
    found = kept(table, after, form)
    differ = [a.description for a, b in zip(found.story.beats, was.beats, strict=True) if a != b]
    assert differ == [f"{description[:-1]}, {description}"]
    assert len(found.differences) >= 2
    assert all(one.is_kept and one.fields[0] == "dialogue" for one in found.differences)
    assert sum(a != b for a, b in zip(today(after, form).story.beats, was.beats, strict=True)) > 2


def test_rows_are_inserted_removed_and_moved() -> None:
    """Rows keep their reading wherever they stand; a new row is read by today's reader."""
    radio = ["9", "特写", "客厅", "", "收音机亮了。", "收音机：早上好。", "2"]
    after = [CHINESE[0], radio, CHINESE[3], CHINESE[1], CHINESE[2], CHINESE[5]]
    found, was = kept(CHINESE, after).story.beats, before(CHINESE).beats
    assert without_row(found[1:]) == without_row([was[2], was[0], was[1], was[4]])
    assert [beat.row for beat in found] == [2, 3, 4, 5, 6]
    (line,) = found[0].dialogue
    assert (line.narrator, line.voice) == (True, "收音机")


def test_a_changed_cell_of_such_a_row_is_read_again() -> None:
    """Words that somebody changes are read as today; other cells of the row leave its words as they were read."""
    words = kept(CHINESE, changed(CHINESE, "新消息", "旧消息"))
    assert words.story.beats[2] == today(changed(CHINESE, "新消息", "旧消息")).story.beats[2]
    assert [(one.row, one.is_kept) for one in words.differences] == [(3, True), (4, False), (6, True)]
    picture = kept(CHINESE, changed(CHINESE, "手机亮了", "手机黑了")).story.beats[2]
    assert (picture.description, picture.dialogue) == ("手机黑了。", before(CHINESE).beats[2].dialogue)


def test_a_changed_length_leaves_the_words_of_the_row() -> None:
    """Who changes a length that is read differently gets that length, and pays for no words."""
    was = before(CHINESE)
    lengths = [beat.model_copy(update={"duration_s": 20.0}) for beat in was.beats]
    after = today([*CHINESE[:3], [*CHINESE[3][:6], "4"], *CHINESE[4:]])
    found = keep_reading(was.model_copy(update={"beats": tuple(lengths)}), today(CHINESE), after).story.beats
    assert [beat.duration_s for beat in found] == [20.0, 20.0, 4.0, 20.0, 20.0]
    assert [beat.dialogue for beat in found] == [beat.dialogue for beat in was.beats]


def test_the_difference_is_told_in_words() -> None:
    """Of each row: the field, what it was, and what it is for today's reader."""
    found = kept(CHINESE, CHINESE)
    assert found.story == before(CHINESE)
    assert found.differences[1] == Difference(
        4, ("dialogue",), "手机: 您有一条新消息。", "narrator 手机: 您有一条新消息。"
    )
    long = kept_reading.shown("x" * 90)
    assert (len(long), long[-1]) == (40, "…")


def test_the_same_reader_changes_nothing() -> None:
    """Where both readers read alike, the changed table is read as it is."""
    after = today(changed(CHINESE, "切菜", "洗碗"))
    assert keep_reading(today(CHINESE).story, today(CHINESE), after) == KeptReading(after.story)


def test_a_place_that_is_read_differently_is_one_place() -> None:
    """A new row at such a place is at the place that the film has."""
    was = before(CHINESE)
    moved = [beat.model_copy(update={"location": beat.location.replace("厨房", "厨房 日")}) for beat in was.beats]
    new = ["9", "特写", "厨房", "林浩", "林浩端上汤。", "", "2"]
    found = keep_reading(was.model_copy(update={"beats": tuple(moved)}), today(CHINESE), today([*CHINESE, new]))
    assert [beat.location for beat in found.story.beats] == ["客厅"] * 3 + ["厨房 日"] * 3


MERGED: Rows = [
    ["镜号", "画面", "台词"],
    ["1", "苏晚坐下。", "苏晚：你来了。"],
    ["", "", "林浩：我来了。"],
    ["2", "林浩离开。", ""],
]


def _joins_no_rows(rows: Sequence[tuple[reader.Row, None]], columns: object) -> list[continued.Shot]:
    return [continued.Shot(row, heading) for row, heading in rows]


def test_rows_that_are_one_shot_today_stay_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an earlier reader made two shots of what is one today, both stay, unless one of the rows is changed."""
    with monkeypatch.context() as patch:
        patch.setattr(reader, "with_continued", _joins_no_rows)
        was = today(MERGED).story
    assert (len(was.beats), len(today(MERGED).story.beats)) == (3, 2)
    new = ["3", "门关上。", ""]
    found = keep_reading(was, today(MERGED), today([MERGED[0], new, *MERGED[1:]]))
    assert [beat.row for beat in found.story.beats] == [2, 3, 4, 5]
    assert without_row(found.story.beats[1:]) == without_row(was.beats)
    assert [(one.row, one.fields, one.before, one.now) for one in found.differences] == [
        (3, ("rows",), "2 shots", "one shot")
    ]
    after = today(changed(MERGED, "我来了", "我走了"))
    other = keep_reading(was, today(MERGED), after)
    assert (other.story, [one.is_kept for one in other.differences]) == (after.story, [False])


def test_rows_that_are_no_shots_today_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment that an earlier reader filmed stays a shot while it is in the table, and goes when it is deleted."""
    table = [*MERGED[:2], ["", "// 晚上再拍", ""], MERGED[3]]
    with monkeypatch.context() as patch:
        patch.setattr(rows, "_is_comment", _nobody)
        was = today(table).story
    assert (len(was.beats), len(today(table).story.beats)) == (3, 2)
    after = changed(table, "离开", "回来")
    found = keep_reading(was, today(table), today(after)).story
    assert [beat.description for beat in found.beats] == ["苏晚坐下。", "// 晚上再拍", "林浩回来。"]
    found = keep_reading(was, today(table), today([*table[:2], *table[3:]])).story
    assert [beat.description for beat in found.beats] == ["苏晚坐下。", "林浩离开。"]


LIGHT: Rows = [
    ["shot", "description", "lamp", "dialogue"],
    ["1", "Mara waits.", "blue light", ""],
    ["2", "Mara waits.", "red light", ""],
    ["3", "Ivo ties a rope.", "", "IVO: No."],
]


def lights(after: Rows) -> KeptReading:
    """A changed table of which an earlier reader read a column as notes, and today's reads it not at all."""
    was = read(content_of(LIGHT, ","), name="t.csv", options=Options(columns={"lamp": "notes"})).story
    return keep_reading(was, today(LIGHT), today(after))


def test_a_changed_cell_that_is_not_read_today_is_not_as_it_was() -> None:
    """A cell is changed that only the earlier reader read: its old words are not kept, and the row is named."""
    found = lights(changed(LIGHT, "blue light", "green light"))
    assert [beat.notes for beat in found.story.beats] == ["", "red light", ""]
    assert [(one.row, one.is_kept) for one in found.differences] == [(2, False), (3, True)]


def test_rows_that_today_are_alike_are_told_apart() -> None:
    """Rows that differ in what only the earlier reader read keep what is theirs where one goes, or both move."""
    assert [beat.notes for beat in lights([LIGHT[0], *LIGHT[2:]]).story.beats] == ["red light", ""]
    moved = lights([LIGHT[0], LIGHT[2], LIGHT[1], LIGHT[3]])
    assert [beat.notes for beat in moved.story.beats] == ["red light", "blue light", ""]


def test_a_workbook_is_kept_without_pictures() -> None:
    """A kept workbook holds the cells and no picture, is the same file each time, and is read the same."""
    large = workbook(CHINESE, picture=bytes(1 << 20))
    table = kept_table("t.xlsx", large)
    assert table is not None
    assert len(table.content) < 10_000
    assert table == kept_table("t.xlsx", workbook(CHINESE))
    assert read(table.content, name="t.xlsx").story.beats == today(CHINESE, "xlsx").story.beats


@pytest.mark.parametrize("name", ["styles.xml", "mimetype"])
def test_a_workbook_with_an_odd_part_is_not_kept(name: str) -> None:
    """A part that no reader looks at is damaged, or huge when unpacked: the table is not kept, and nothing fails."""
    stream = io.BytesIO(workbook(CHINESE))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(65 << 20) if name == "mimetype" else "<a>what is worn by whom</a>" * 9)
        part = archive.getinfo(name)
    content = bytearray(stream.getvalue())
    if name == "styles.xml":
        at = part.header_offset + 30 + len(name)
        content[at : at + part.compress_size] = b"\xff" * part.compress_size
    assert kept_table("t.xlsx", bytes(content)) is None


def test_a_table_that_is_too_large_is_not_kept() -> None:
    """A file of more than 16 MB is not put beside the run."""
    assert kept_table("t.csv", b"x" * (16 << 20)) is not None
    assert kept_table("t.csv", b"x" * ((16 << 20) + 1)) is None
    assert kept_table("t.xlsx", b"PK\x03\x04 damaged") is None
