"""The reader: tables as people bring them, and what is wrong with them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from pathlib import Path

import pytest
from tables import refused, story

from clash.story.columns import MAPPABLE
from clash.story.headers import field_of, known_headers, meaning_of
from clash.story.reader import read_story
from clash.story.screenplay import Line
from clash.story.vocabulary import languages

# ---- tables that are understood


def test_a_table_of_beats():
    """One row per beat: prose, its scene inherited from the row above, its place in the table remembered."""
    read = story("scene,description,location\n1,Mara rows.,Sea\n,She lands.,Beach\n2,It rains.,\n")
    assert read.kind == "beats"
    assert read.language == "en"
    assert [(b.row, b.scene, b.description, b.location) for b in read.beats] == [
        (2, "1", "Mara rows.", "Sea"),
        (3, "1", "She lands.", "Beach"),
        (4, "2", "It rains.", ""),
    ]
    assert read.warnings == ()


def test_a_chinese_shot_list():
    """The headers of a Chinese shot list, as a production writes them, fill the right fields."""
    read = story(
        "镜号,景别,运镜,画面,台词,旁白,时长(秒),音效,备注\n"
        "1,全景,推,雨夜的街,,夜里十一点,4,雨声,/\n"
        "2,近景,固定,小禾抬头,小禾：还开着吗？,无,3″,,\n"
        "总计,,,,,,7,,\n"
    )
    first, second = read.beats
    assert (read.kind, read.language) == ("shot_list", "zh")
    assert (first.shot, first.shot_size, first.movement, first.description) == ("1", "全景", "推", "雨夜的街")
    assert (first.narration, first.duration_s, first.sound, first.notes) == ("夜里十一点", 4.0, "雨声", "")
    assert second.dialogue == (Line(speaker="小禾", text="还开着吗？"),)
    assert (second.narration, second.duration_s) == ("", 3.0)
    assert any("row 4" in warning for warning in read.warnings)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Scene #", "scene"),
        ("SC", "scene"),
        ("场", "scene"),
        ("场景", "location"),
        ("#", "shot"),
        ("镜号", "shot"),
        ("Shot Type", "shot_size"),
        ("type", "shot_size"),
        ("action/dialogue", "description"),
        ("Action／Dialogue", "description"),
        ("时长(秒)", "duration"),
        ("时长（秒）", "duration"),
        ("Est. Time", "duration"),
        ("camera_movement", "movement"),
        ("D/N", "time"),
        ("Time-of-Day", "time"),
        ("VO", "narration"),
        ("ＢＧＭ", "music"),
        ("Reference Image", "reference_image"),
        ("Budget", None),
    ],
)
def test_headers_are_matched_tolerantly(header: str, field: str | None):
    """Case, width, spaces, underscores, hyphens and bracketed units make no difference."""
    assert field_of(header) == field


@pytest.mark.parametrize("tag", [language.tag for language in languages()])
def test_every_header_of_a_language_is_known(tag: str):
    """Each header that a language's file lists means the field it is listed for, in a table of that language."""
    for field, headers in known_headers(tag).items():
        for header in headers:
            assert field in meaning_of(header, tag).fields, (tag, header)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encodings(encoding: str):
    """A table is the same in every encoding that spreadsheets write Chinese in."""
    text = "镜号,画面,台词\n1,小禾走进面馆，雨还在下,小禾：还开着吗？\n"
    read = read_story(text.encode(encoding), name="story.csv")
    assert read.beats[0].description == "小禾走进面馆，雨还在下"
    assert read.sha256 == hashlib.sha256(text.encode(encoding)).hexdigest()


def test_western_windows_text_is_not_read_as_chinese():
    """A curly apostrophe in Windows-1252 does not turn into an ideograph, and the reader says what it did."""
    read = read_story("description,scene\nMara’s café,1\n".encode("cp1252"), name="story.csv")
    assert read.beats[0].description == "Mara’s café"
    assert any("Windows-1252" in warning for warning in read.warnings)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_quoted_newlines(delimiter: str):
    """Comma, semicolon and tab are told apart, even when the cells are full of the others."""
    written = io.StringIO()
    rows = [["scene", "description", "dialogue"], ["1", "Rain; wind, and\ta bell", "MARA: One\nIVO: Two; three, four"]]
    csv.writer(written, delimiter=delimiter).writerows(rows)
    (beat,) = story(written.getvalue()).beats
    assert beat.description == "Rain; wind, and\ta bell"
    assert beat.dialogue == (Line(speaker="MARA", text="One"), Line(speaker="IVO", text="Two; three, four"))


def test_excel_separator_line():
    """The line `sep=;` that Excel understands is no row."""
    assert story("sep=;\r\ndescription;scene\r\nIt rains, hard;1\r\n").beats[0].description == "It rains, hard"


def test_unknown_columns_are_kept_with_one_warning():
    """What we do not know is kept beside the beat, under its header as written."""
    read = story("description,Budget,Prop List\nMara rows.,300,\nShe lands.,,oar\n")
    assert [beat.extra for beat in read.beats] == [{"Budget": "300"}, {"Prop List": "oar"}]
    assert len(read.warnings) == 1
    assert "Budget" in read.warnings[0]
    assert "Prop List" in read.warnings[0]


def test_two_columns_that_mean_the_same():
    """Prose is joined, a number beside it is not; of other fields the first filled one counts; both with a warning."""
    read = story("beat,action,size,framing\n1,Mara rows.,,CU\nStorm.,She lands.,WS,CU\n")
    assert [beat.description for beat in read.beats] == ["Mara rows.", "Storm. She lands."]
    assert [beat.shot_size for beat in read.beats] == ["CU", "WS"]
    assert len(read.warnings) == 2


def test_a_banner_above_the_header():
    """A film's name and date above the header are passed over, rows counted as the spreadsheet shows them."""
    read = story("《雨夜》分镜头脚本,,\n,,\n镜号,景别,画面\n1,全景,雨\n")
    assert [(beat.row, beat.description) for beat in read.beats] == [(4, "雨")]
    assert any("row 3" in warning for warning in read.warnings)


def test_a_column_of_times_that_can_only_be_lengths():
    """Chinese lists call the length 时间 as well; a time of day stays one."""
    lengths = story("镜号,画面,时间\n1,雨,3s\n2,面馆,0-4秒\n")
    assert [beat.duration_s for beat in lengths.beats] == [3.0, 4.0]
    times = story("镜号,画面,时间\n1,雨,夜\n2,面馆,18:30\n")
    assert [(beat.duration_s, beat.time) for beat in times.beats] == [(None, "夜"), (None, "18:30")]


def test_lists_are_split_outside_brackets():
    """Characters are separated by any of the usual signs; a comma within brackets separates nothing."""
    (beat,) = story(
        'description,cast\nThey meet.,"Mara (30, red coat) / Ivo、小禾；Pim|Ada，Bo,Mara (30, red coat)"\n'
    ).beats
    assert beat.characters == ("Mara (30, red coat)", "Ivo", "小禾", "Pim", "Ada", "Bo")


def test_a_shot_with_words_but_without_a_picture_is_kept():
    """A row that holds only a line is a shot; a row that holds only its number is left out, with a warning."""
    read = story("shot,description,dialogue\n1,Mara waits.,\n2,,MARA: Now.\n3,,\n")
    assert [beat.shot for beat in read.beats] == ["1", "2"]
    assert any("row 4" in warning for warning in read.warnings)


def test_one_column_for_action_and_dialogue():
    """Where `Action/Dialogue` is the only prose, lines with a speaker are spoken and the others are seen."""
    read = story('Shot #,Action/Dialogue\n1,Mara walks in.\n2,MARA: Hi.\n3,"Mara sits.\nIVO: Yes?"\n')
    assert [beat.description for beat in read.beats] == ["Mara walks in.", "", "Mara sits."]
    assert [[line.text for line in beat.dialogue] for beat in read.beats] == [[], ["Hi."], ["Yes?"]]


def test_title_comes_from_the_file_name():
    """The film is called as its file is, made readable."""
    assert story("description\nRain\n", name="stories/rainy-night_noodles.csv").title == "Rainy night noodles"
    assert story("description\nRain\n", name=r"C:\films\灯塔.csv").title == "灯塔"
    assert story("description\nRain\n", name="-").title == "Untitled"


def test_control_characters_are_left_out():
    """A NUL in otherwise good text costs that character, not the story."""
    read = story("description,scene\nMara\x00 rows\x07 home.,1\n")
    assert read.beats[0].description == "Mara rows home."
    assert any("NUL" in warning for warning in read.warnings)


def test_markup_emoji_and_right_to_left_text_are_only_text():
    """What other programs would choke on is read as it stands."""
    text = "[/b] 🏮 \u202eשלום {x} %s 'q' \\n"
    assert story(f'description\n"{text}"\n').beats[0].description == text


# ---- several stories in one table

WIDE = (
    "storyid,storytitle,sentence1,sentence2,sentence3\n"
    "a1,The Test,Tom ran.,He fell.,\n"
    "a2,1984,Ann sat.,She rose.,She left.\n"
)


@pytest.mark.parametrize(
    ("choice", "title"), [("1", "The Test"), ("2", "1984"), (" the test ", "The Test"), ("1984", "1984")]
)
def test_one_story_of_several_is_chosen(choice: str, title: str):
    """By its number, counted from 1, or by its title."""
    read = story(WIDE, choice=choice)
    assert read.title == title
    assert read.kind == "beats"
    assert len(read.beats) == (2 if title == "The Test" else 3)
    assert {beat.row for beat in read.beats} == {2 if title == "The Test" else 3}


def test_several_stories_and_no_choice():
    """Without a choice the stories are named; one that is not there is said to be not there."""
    assert "1 'The Test', 2 '1984'" in refused(WIDE).message
    assert "--story" in (refused(WIDE).hint or "")
    assert "no story '3'" in refused(WIDE, choice="3").message
    many = "storytitle,sentence1,sentence2\n" + "".join(f"Story {n},A.,B.\n" for n in range(6000))
    assert "5,990 more" in refused(many).message
    assert len(refused(many).message) < 600
    assert story(many, choice="5999").title == "Story 5998"


def test_the_only_story_of_a_wide_table_needs_no_choice():
    """One row, one story."""
    assert [b.description for b in story("sentence1,sentence2\nTom ran.,He fell.\n").beats] == ["Tom ran.", "He fell."]


def test_a_choice_where_there_is_none():
    """Choosing in a table that is one story is a mistake, said plainly."""
    assert "is one story" in refused("description\nRain\n", choice="2").message


# ---- the documentation


@pytest.mark.parametrize("page", ["story-csv.md", "story-csv.zh.md"])
def test_every_field_is_documented(page: str):
    """The documentation lists each field that `--column` takes, with headers that are really read as it."""
    text = (Path(__file__).parent.parent / "docs" / page).read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| `") and row.count("|") == 4]
    listed = {name: row for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(MAPPABLE) <= set(listed)
    for field in set(MAPPABLE) - {"start", "end"}:
        cells = re.split(r"[,、·；]", listed[field].split("|")[3])
        headers = [cell.strip() for cell in cells if cell.strip() and "`" not in cell]
        for header in headers:
            meant = set(meaning_of(header).fields)
            assert meant & {field, *MEANT_BY_VALUES.get(field, ())}, (field, header)


MEANT_BY_VALUES = {
    "location": ("place",),
    "narration": ("script",),
    "time": ("weather",),
    "sound": ("audio",),
    "duration": ("time",),
}


def test_the_tables_of_the_documentation_are_read():
    """Each table that the documentation shows is one that can be filmed, without a warning."""
    text = (Path(__file__).parent.parent / "docs" / "story-csv.md").read_text(encoding="utf-8")
    tables = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    assert len(tables) == 4
    read = [story(table, choice="The Boat" if "storytitle" in table else None) for table in tables]
    assert [(one.kind, one.language, one.warnings) for one in read] == [
        ("beats", "en", ()),
        ("shot_list", "en", ()),
        ("shot_list", "zh", ()),
        ("beats", "en", ()),
    ]
