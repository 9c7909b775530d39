"""The reader: tables as people bring them, and what is wrong with them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clash.errors import StoryError
from clash.story.cells import is_empty
from clash.story.columns import MAPPABLE
from clash.story.durations import seconds_of
from clash.story.headers import field_of, known_headers, meaning_of
from clash.story.reader import read_story
from clash.story.screenplay import Line, Story
from clash.story.speech import lines_of, speech_of
from clash.story.vocabulary import languages


def story(text: str, *, name: str = "story.csv", choice: str | None = None) -> Story:
    return read_story(text.encode(), name=name, choice=choice)


def refused(content: bytes | str, *, choice: str | None = None) -> StoryError:
    """The error that a table ends in."""
    with pytest.raises(StoryError) as caught:
        read_story(content.encode() if isinstance(content, str) else content, name="story.csv", choice=choice)
    assert caught.value.exit_code == 2
    assert "story.csv" in caught.value.message
    return caught.value


# ---- tables that are understood


def test_a_table_of_beats():
    """One row a beat: prose, its scene inherited from the row above, its place in the table remembered."""
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


# ---- who speaks


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("MARA: You came back.", [("MARA", "You came back.")]),
        ("玛拉：你回来了。", [("玛拉", "你回来了。")]),
        ("玛拉（画外音）：“你回来了。”", [("玛拉（画外音）", "你回来了。")]),
        ("小禾说：走吧。", [("小禾", "走吧。")]),
        (
            "Mara (O.S.): Wait.\nDr. Lee: For what?\nFor the tide?",
            [
                ("Mara (O.S.)", "Wait."),
                ("Dr. Lee", "For what?"),
                ("Dr. Lee", "For the tide?"),
            ],
        ),
        ("MARA:\nYou came back.", [("MARA", "You came back.")]),
        ("You came back.", [("", "You came back.")]),
        ("Note: the ferry leaves at 12:30", [("", "Note: the ferry leaves at 12:30")]),
        ("It leaves at 12:30", [("", "It leaves at 12:30")]),
        ("12:30", [("", "12:30")]),
        ("See https://example.org/a:b", [("", "See https://example.org/a:b")]),
        ("https://example.org", [("", "https://example.org")]),
        ("I have one question: why?", [("", "I have one question: why?")]),
        ("注意：明天十二点半", [("", "注意：明天十二点半")]),
        ("她说：走吧。", [("", "她说：走吧。")]),
    ],
)
def test_speakers_written_into_the_dialogue(cell: str, lines: list[tuple[str, str]]):
    """A name before a colon speaks; a note, a time and a web address do not."""
    assert [(line.speaker, line.text) for line in lines_of(cell)] == lines


def test_a_speaker_column_counts_before_a_colon():
    """With the speaker in its own column only another known name changes it."""
    read = story(
        "speaker,dialogue,description\n"
        'MARA,"Truth: I rowed all night.\nIVO: All night?",They talk.\n'
        "IVO,Yes.,He nods.\n"
    )
    assert [(line.speaker, line.text) for line in read.beats[0].dialogue] == [
        ("MARA", "Truth: I rowed all night."),
        ("IVO", "All night?"),
    ]


def test_several_known_people_on_one_line():
    """Two known names on one line of a cell are two lines of dialogue."""
    read = story("人物,画面,台词\n老周、小禾,面馆,老周：还开着。小禾：太好了！\n")
    assert [(line.speaker, line.text) for line in read.beats[0].dialogue] == [
        ("老周", "还开着。"),
        ("小禾", "太好了！"),
    ]


@settings(derandomize=True)
@given(st.text(alphabet="abAB雨老 :：.,“”/-", max_size=40))
def test_no_dialogue_is_ever_lost(cell: str):
    """Whatever a line holds, each of its letters is still there: in who speaks, in how, or in what is said.

    The examples are always the same: a number before a name, and a name without words, are left out on purpose.
    """
    found = speech_of(cell)
    said = "".join(line.speaker + line.direction + line.text for line in found.lines) + "".join(found.pending)
    assert sorted(filter(str.isalnum, said)) == sorted(filter(str.isalnum, cell))


# ---- durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4", 4),
        ("4s", 4),
        ("4″", 4),
        ('4"', 4),
        ("0:04", 4),
        ("00:00:04", 4),
        ("4秒", 4),
        ("４秒", 4),
        ("4.5 s", 4.5),
        ("4,5", 4.5),
        ("1m30s", 90),
        ("1分30秒", 90),
        ("2 min", 120),
        ("08-18s", 10),
        ("00:08-00:18", 10),
        ("8s — 18s", 10),
        ("08～18秒", 10),
        ("约4秒", 4),
        ("600", 600),
    ],
)
def test_durations(text: str, seconds: float):
    """Lengths are understood however they are written; a range is one on the film's clock."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["0", "-3", "nan?", "inf", "1e3", "soon", "0:75", "18-08s", "1,000", "4 4", "TBD", "?", "待定"]
)
def test_a_word_that_is_no_length_is_a_warning(text: str):
    """It never refuses the film: the shot takes the length of its words, and row and value are named."""
    read = story(f'description,时长(秒)\nRain,3\n\nWind,"{text}"\n')
    assert [beat.duration_s for beat in read.beats] == [3.0, None]
    (warning,) = read.warnings
    assert f"row 4 '{text}'" in warning
    assert "时长(秒)" in warning


@pytest.mark.parametrize("text", ["601", "11min", "0:00-12:00"])
def test_a_length_that_no_shot_has_is_refused(text: str):
    """More than ten minutes are a mistake in the table: row, column and value are named."""
    error = refused(f'description,时长(秒)\nRain,3\n\nWind,"{text}"\n')
    assert (error.row, error.column) == (4, "时长(秒)")
    assert f"'{text}'" in error.message


@given(st.text(max_size=20) | st.from_regex(r"[0-9:.,~s秒'\"″-]{1,12}", fullmatch=True))
def test_a_duration_is_understood_or_refused(text: str):
    """No text gives a length outside of what a shot can last."""
    try:
        seconds = seconds_of(text)
    except ValueError:
        return
    assert 0 < seconds <= 600


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


# ---- tables that are refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b",,\n,,\n", "is empty"),
        (b"description,scene\n", "has a header but no rows"),
        (b"description,scene\n,\n , \n", "has a header but no rows"),
        (b"description,scene\n,1\n", "nothing in them to film"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG picture"),
        (b"PK\x03\x04" + bytes(200), "an Excel workbook"),
        (b"des\x00cri\x00ption\x00" * 50, "full of NUL"),
        (bytes([1, 2, 3, 4, 5]) * 100, "full of control characters"),
        (b"description\n\xff\xff\xff\xff\n", "neither UTF-8 nor GB18030 (byte 13, in line 2)"),
        (b"\xff\xfed\x00\x00", "not UTF-16"),
    ],
)
def test_files_that_are_no_story(content: bytes, words: str):
    """Empty files, pictures, workbooks and other bytes are refused for what they are."""
    assert words in refused(content).message


def test_a_table_without_a_description_names_its_headers():
    """The headers found are named, so that the wrong one can be seen."""
    error = refused("foo,bar,Scene\n1,2,3\n")
    assert error.row == 1
    assert "'foo', 'bar', 'Scene'" in error.message
    assert len(refused(",".join(f"column number {n}" for n in range(500)) + "\n1\n").message) < 1200


def test_too_many_cells():
    """An unquoted comma is found by its row; empty cells at the end of a row do no harm."""
    error = refused("scene,description\n1,Rain,,\n2,Rain, wind\n")
    assert error.row == 3
    assert "'wind'" in error.message


def test_too_many_rows():
    """5,000 rows are a film, 5,001 are refused; empty rows do not count."""
    assert len(story("description\n" + "Rain\n\n" * 5000).beats) == 5000
    assert refused("description\n" + "Rain\n" * 5001).row == 5002


def test_cells_that_are_too_long():
    """20,000 characters are read, one more is refused with row and column, ten times as many by the row."""
    assert len(story("scene,description\n1," + "雨" * 20_000).beats[0].description) == 20_000
    error = refused("scene,description\n1,Rain\n2," + "x" * 20_001)
    assert (error.row, error.column) == (3, "description")
    assert "20,001" in error.message
    assert refused("scene,description\n1," + "x" * 200_000).row == 2


def test_a_quote_that_is_never_closed():
    """The row in which the quote opens is named, and nothing after it is swallowed silently."""
    error = refused('scene,description\n1,Rain\n2,"Mara rows\n3,Wind\n')
    assert error.row == 3
    assert "never closed" in error.message


def test_a_file_that_is_too_large_is_not_parsed():
    """More than 64 MB is refused before anything is decoded."""
    assert "64 MB" in refused(b"d" * (64 * 1024 * 1024 + 1)).message


def test_the_limit_of_the_csv_module_stays_as_it_was():
    """Reading a story changes nothing for others who read CSV in the same process."""
    before = csv.field_size_limit()
    refused("description\n" + "x" * 200_000)
    story("description\n" + "x" * 20_000)
    assert csv.field_size_limit() == before


# ---- whatever comes


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.none() | st.text(max_size=5))
@example(b"description\n\xed\xa0\x80\n", None)
@example("description\n\ud800\n".encode("utf-8", "surrogatepass"), None)
@example(b"\xfe\xff\xd8\x00", None)
def test_arbitrary_bytes_are_a_story_or_a_story_error(content: bytes, choice: str | None):
    """No bytes at all make the reader fail in another way."""
    try:
        read_story(content, name="any.csv", choice=choice)
    except StoryError as error:
        complaint = error
    else:
        return
    assert "any.csv" in complaint.message


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["description", "时长", "scene", "dialogue", "cast", "sentence1", "sentence2", "#", ""]),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=5),
    st.sampled_from([",", ";", "\t"]),
)
def test_arbitrary_tables_are_a_story_or_a_story_error(headers: list[str], rows: list[list[str]], delimiter: str):
    """Known headers over any text at all: read, or refused by a message that a person can use."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([headers, *rows])
    try:
        read_story(written.getvalue().encode("utf-8", "replace"), name="any.csv")
    except StoryError as error:
        complaint = error
    else:
        return
    assert "any.csv" in complaint.message


PROSE = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="*`~_<>&#|")
        | st.just("\n"),
        min_size=1,
        max_size=60,
    )
    .map(str.strip)
    .filter(lambda text: len(text) > 1 and any(c.isalpha() for c in text))
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(PROSE, PROSE, st.none() | st.integers(1, 600)), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_written_table_reads_back(rows: list[tuple[str, str, int | None]], delimiter: str, encoding: str):
    """What a CSV writer wrote is what the beats hold: every text, every length, in order."""
    rows = [row for row in rows if not (is_empty(row[0]) or is_empty(row[1]))] or [("Rain", "Wind", 1)]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(["description", "notes", "duration"])
    writer.writerows([text, told, "" if length is None else f"{length}s"] for text, told, length in rows)
    read = read_story(written.getvalue().encode(encoding), name="written.csv")
    assert [(b.description, b.notes, b.duration_s) for b in read.beats] == rows


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
