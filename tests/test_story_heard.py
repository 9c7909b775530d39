"""Sounds in cells of words: labels in brackets, things in front of what they do, and voices that are only heard."""

from __future__ import annotations

import pytest

from clash.story.reader import read
from clash.story.speech import speech_of


@pytest.mark.parametrize(
    ("cell", "sound"),
    [
        ("【音效：冰箱嗡鸣】", "冰箱嗡鸣"),
        ("（音效）门声", "门声"),
        ("[SFX: rain]", "rain"),
        ("(SFX) thunder", "thunder"),
        ("SFX rain", "rain"),
        ("SFX - rain", "rain"),
        ("Tür: knarrt", "Tür knarrt"),
        ("Tür: Klopfen", "Tür Klopfen"),
        ("门：吱呀一声", "门吱呀一声"),
        ("門：吱呀", "門吱呀"),
        ("ドア：ガチャッ", "ドアガチャッ"),
        ("문: 쾅", "문 쾅"),
        ("Teléfono: suena", "Teléfono suena"),
    ],
)
def test_what_is_heard_is_spoken_by_nobody(cell: str, sound: str):
    found = speech_of(cell)

    assert (found.lines, found.sound) == ([], [sound])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("Tür: Ich öffne mich nicht!", ("Tür", "Ich öffne mich nicht!")),
        ("风：我来了", ("风", "我来了")),
        ("太郎M「なぜだ」", ("太郎（M）", "なぜだ")),
    ],
)
def test_a_thing_or_a_voice_that_says_something_speaks(cell: str, said: tuple[str, str]):
    assert [(line.speaker, line.text) for line in speech_of(cell).lines] == [said]


def test_a_sound_in_brackets_takes_no_words_with_it():
    found = speech_of("TOM: Hello. [SFX: door slams] Who's there?")

    assert [(line.speaker, line.text) for line in found.lines] == [("TOM", "Hello. Who's there?")]
    assert found.sound == ["door slams"]


def test_a_person_of_the_table_may_be_called_as_a_thing_is():
    found = speech_of("Wind: comes", known=frozenset({"wind"}))

    assert [(line.speaker, line.text) for line in found.lines] == [("Wind", "comes")]


def test_sounds_among_action_and_words_are_heard():
    table = 'Einstellung,Handlung/Dialog\n1,"Anna geht.\nTür: knarrt\nMusik: Klavier\nANNA: Hallo?"\n'

    beat = read(table.encode(), name="a.csv").story.beats[0]

    assert (beat.description, beat.sound, beat.music) == ("Anna geht.\nTür knarrt", "Tür knarrt", "Klavier")
    assert [(line.speaker, line.text) for line in beat.dialogue] == [("ANNA", "Hallo?")]
