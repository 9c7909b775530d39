"""Merged cells: rows below a numbered shot that hold words alone go on with it."""

from __future__ import annotations

import pytest

from clash.story.reader import read
from clash.story.screenplay import Story

HEADER = "场,镜号,景别,画面,人物,台词,时长\n"


def story(rows: str, header: str = HEADER) -> Story:
    """Read the rows of a shot list."""
    return read((header + rows).encode(), name="s.csv").story


def words(of: Story) -> list[list[tuple[str, str]]]:
    """Who says what in each shot."""
    return [[(line.speaker, line.text) for line in beat.dialogue] for beat in of.beats]


@pytest.mark.parametrize("scene", ["", "1"], ids=["merged scene", "repeated scene"])
def test_lines_of_a_merged_shot_are_one_shot(scene: str):
    """Three lines of dialogue are one shot of its own length, and a warning names their rows."""
    found = story(
        f"1,1,中景,林总拍桌站起。,,林总：谁干的？,5秒\n{scene},,,,,秘书：不是我。,\n{scene},,,,,林总：出去！,\n"
        "1,2,特写,一滴汗滑落。,,,2秒\n"
    )
    assert words(found) == [[("林总", "谁干的？"), ("秘书", "不是我。"), ("林总", "出去！")], []]
    assert [(beat.row, beat.duration_s) for beat in found.beats] == [(2, 5), (5, 2)]
    assert "rows 3, 4: words without a shot number and a picture belong to the shot above" in found.warnings


def test_each_line_has_the_person_of_its_row():
    """People of all rows are in the shot; a row without one is spoken by the row above."""
    found = story("1,1,中景,两人对坐。,林总,谁干的？,5秒\n,,,,,说话！,\n,,,,秘书,不是我。,\n")
    assert words(found) == [[("林总", "谁干的？"), ("林总", "说话！"), ("秘书", "不是我。")]]
    assert found.beats[0].characters == ("林总", "秘书")


def test_sounds_notes_and_unknown_columns_go_on_too():
    """Nothing that such a row holds is lost."""
    header = "Shot,Description,Dialogue,Sound,Notes,Foo\n"
    found = story("1,A kiln glows.,MARA: Now.,fire,warm,a\n,,IVO: Wait.,wind,soft,b\n", header).beats[0]
    assert (found.sound, found.notes, found.extra) == ("fire, wind", "warm soft", {"Foo": "a\nb"})


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (HEADER, "1,1,中景,林总站起。,,林总：谁干的？,5秒\n,,,秘书抬头。,,秘书：不是我。,\n"),
        (HEADER, "1,1,中景,林总站起。,,林总：谁干的？,5秒\n,,,,,秘书：不是我。,3秒\n"),
        (HEADER, "1,1,中景,林总站起。,,林总：谁干的？,5秒\n2,,,,,秘书：不是我。,\n"),
        ("scene,description,dialogue\n", "1,A kiln glows.,MARA: Now.\n1,,IVO: Wait.\n"),
    ],
    ids=["picture", "length", "scene", "no shot numbers"],
)
def test_a_row_with_something_of_its_own_is_a_shot(header: str, rows: str):
    """A picture, a length, a new scene, or a table without shot numbers: each row is its own, as ever."""
    found = story(rows, header)
    assert len(found.beats) == 2
    assert not any("belong to the shot above" in warning for warning in found.warnings)
