"""What a cell of a story says: who speaks, and how long a shot is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import refused, story

from clash.story.durations import seconds_of
from clash.story.speech import lines_of, speech_of

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
    """Whatever a line holds, each of its letters is still there: in who speaks, in how, in what is said or heard.

    The examples are always the same: a number before a name, and a name without words, are left out on purpose.
    """
    found = speech_of(cell)
    said = "".join(line.speaker + line.direction + line.text for line in found.lines)
    said += "".join((*found.pending, *found.sound, *found.music, *found.caption))
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
