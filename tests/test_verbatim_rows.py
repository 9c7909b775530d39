"""Where the table of before is gone, the cells of the changed one tell what was only read differently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_kept_reading import CHINESE, LANGUAGES, Rows, before, changed, today

from clash.editing.kept_reading import KeptReading
from clash.editing.verbatim_rows import keep_verbatim


def kept(table: Rows, after: Rows, *, keep_unsure: bool = False) -> KeptReading:
    """The changed table, of which the old reading is kept where the cells tell that nobody changed them."""
    return keep_verbatim(before(table), today(after), keep_unsure=keep_unsure)


@pytest.mark.parametrize(("language", "table"), LANGUAGES)
def test_words_that_are_there_keep_who_says_them(language: str, table: Rows) -> None:
    """One picture is changed: what phones and radios say stays as it was read, in each language."""
    was, last = before(table), table[-1][4]
    found = kept(table, changed(table, last, f"{last} {last}"))
    assert found.story.beats[:-1] == was.beats[:-1]
    assert [one for one in found.differences if not one.is_sure and one.fields != ("description",)] == []
    assert sum(one.is_kept for one in found.differences) >= 2


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("手机：您有一条新消息。", "手机：您有一条旧消息。"),  # a word
        ("手机：您有一条新消息。", "手机：您有一条新消息！"),  # a mark
        ("手机：您有一条新消息。", "您有一条新消息。"),  # who says it
        ("手机：您有一条新消息。", "座机：您有一条新消息。"),
        ("手机：您有一条新消息。", "手机（小声）：您有一条新消息。"),  # how
        ("手机：您有一条新消息。", "手机：您有一条新消息。\n苏晚：好。"),  # another line
        ("手机：您有一条新消息。", ""),
        ("苏晚：你来了。", "林浩：你来了。"),
        ("苏晚看着窗外。", "苏晚看着窗外的雨。"),
        ("苏晚看着窗外。", "窗外，苏晚看着。"),
    ],
)
def test_no_change_of_a_person_is_lost(text: str, other: str) -> None:
    """Whatever somebody changes in a cell is in the story, as today's reader reads it."""
    after = changed(CHINESE, text, other)
    (row,) = (at for at, (one, two) in enumerate(zip(CHINESE, after, strict=True)) if one != two)
    column = 4 if "窗外" in text else 5
    field = "description" if column == 4 else "dialogue"
    found, read_today = kept(CHINESE, after).story.beats[row - 1], today(after).story.beats[row - 1]
    assert getattr(found, field) == getattr(read_today, field)


SPEAKERS = [
    ["shot", "location", "characters", "speaker", "description", "dialogue", "sound", "emotion", "notes"],
    ["1", "Pier", "Mara", "Mara", "Mara counts the boats.", "Seven boats.", "waves", "calm", "waves"],
    ["2", "Kitchen", "Ivo", "Ivo", "Ivo cuts bread.", "Eat.", "a knife", "tired", ""],
]


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("characters", "Mara, Ivo"),
        ("characters", "Ivo"),
        ("characters", ""),
        ("speaker", "Ivo"),
        ("speaker", "Old Mara"),
        ("sound", "wind"),
        ("sound", "waves, wind"),
        ("notes", ""),
        ("notes", "slow"),
    ],
)
def test_a_cell_that_says_something_else_is_no_witness(column: str, other: str) -> None:
    """What a person changes stays changed where another cell of the row, read as something else, says the old words."""
    after = [list(row) for row in SPEAKERS]
    after[1][SPEAKERS[0].index(column)] = other
    found = keep_verbatim(today(SPEAKERS).story, today(after))
    assert found.story.beats == today(after).story.beats != today(SPEAKERS).story.beats
    assert not [one for one in found.differences if one.is_sure]


def test_what_is_filled_in_beside_a_cell_is_not_lost() -> None:
    """Two columns make the description; the empty one is filled, and the other still says what was read before."""
    table = [
        ["shot", "action", "visual", "dialogue"],
        ["1", "Ivo runs.", "", "IVO: No."],
        ["2", "A hall.", "Dark.", ""],
    ]
    after = [table[0], ["1", "Ivo runs.", "The sea is grey.", "IVO: No."], table[2]]
    found = keep_verbatim(today(table).story, today(after))
    assert found.story.beats[0].description == "Ivo runs. The sea is grey."
    assert [one.is_sure for one in found.differences] == [False]


def test_what_cannot_be_told_is_said() -> None:
    """A mark more than was read may be the reader's doing: it is read as it is now, unless it is to be kept."""
    after = changed(CHINESE, "手机：您有一条新消息。", "手机（小声）：您有一条新消息。")
    unsure = [one for one in kept(CHINESE, after).differences if not one.is_sure]
    assert [(one.row, one.fields, one.is_kept) for one in unsure] == [(4, ("dialogue",), False)]
    both = kept(CHINESE, after, keep_unsure=True)
    assert both.story.beats == before(CHINESE).beats


def test_a_removed_word_is_a_change_without_a_doubt() -> None:
    """What is no longer in the row was taken out by a person: nothing is to be said of it."""
    found = kept(CHINESE, changed(CHINESE, "苏晚坐在沙发上。", "苏晚坐在地上。"))
    assert all(one.is_sure for one in found.differences)
    assert found.story.beats[0].description == "苏晚坐在地上。"


def test_names_in_a_column_and_places() -> None:
    """Who speaks may stand in a column; a cell that is word for word what was read was not changed."""
    head = ["镜号", "场景", "人物", "画面", "说话人", "台词"]
    table = [head, ["1", "夜市", "苏晚、林浩", "灯亮了。", "苏晚", "你来了。"]]
    now = today(table)
    (beat,) = now.story.beats
    line = beat.dialogue[0]
    as_narrator = line.model_copy(update={"speaker": "", "narrator": True, "voice": "苏晚"})
    was = beat.model_copy(update={"dialogue": (as_narrator,), "location": "夜市", "characters": ("苏晚", "林浩")})
    other = now.story.model_copy(
        update={"beats": (beat.model_copy(update={"location": "市", "characters": ("苏晚",)}),)}
    )
    found = keep_verbatim(now.story.model_copy(update={"beats": (was,)}), replace(now, story=other))
    assert found.story.beats == (was,)
    assert sorted(one.fields[0] for one in found.differences) == ["characters", "dialogue", "location"]


def test_words_on_the_screen_stay_in_the_description() -> None:
    """A description that was read with the words on the screen in it stays, and the words are not shown as well."""
    now = today([["shot", "description", "dialogue"], ["1", 'Ann waits. SUPER: "Dawn"', "ANN: Go."]])
    (beat,) = now.story.beats
    assert beat.on_screen_text == "Dawn"
    was = beat.model_copy(update={"description": 'Ann waits. SUPER: "Dawn"', "on_screen_text": ""})
    found = keep_verbatim(now.story.model_copy(update={"beats": (was,)}), now)
    assert (found.story.beats, len(found.differences)) == ((was,), 1)
