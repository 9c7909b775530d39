"""Thoughts, voices of what is no person, narrators' marks and directions beside names, in every language."""

from __future__ import annotations

import pytest

from clash.local.screenwriter import write_screenplay
from clash.story.camera_terms import leading_size
from clash.story.reader import read_story
from clash.story.screenplay import Screenplay
from clash.story.speech import speech_of


def film_of(
    speech: str, *, people: str = "", place: str = "Kitchen", picture: str = "A letter lies there."
) -> Screenplay:
    """The screenplay of one row."""
    header = "shot,size,location,characters,description,dialogue\n"
    row = f'1,MS,{place},{people},"{picture}","{speech}"\n'
    return write_screenplay(read_story((header + row).encode(), name="film.csv"))


@pytest.mark.parametrize(
    ("cue", "who"),
    [
        ("内心独白：", ""),
        ("心声：", ""),
        ("苏晚内心OS：", "苏晚"),
        ("苏晚的心声：", "苏晚"),
        ("INNER VOICE: ", ""),
        ("BOB'S THOUGHTS: ", "BOB"),
        ("PENSAMENTO DE ANA: ", "ANA"),
        ("PENSAMIENTOS: ", ""),
        ("Voix intérieure : ", ""),
        ("Gedanken von Anna: ", "Anna"),
        ("Pensieri: ", ""),
        ("Внутренний голос: ", ""),
        ("속마음: ", ""),
        ("美咲の心の声：", "美咲"),
        ("モノローグ：", ""),
    ],
)
def test_thoughts_are_somebodys_and_nobody_is_seen_to_speak(cue: str, who: str) -> None:
    """They are those of who is named, else of the row's one person, else the narrator's: never of a new person."""
    (alone,) = speech_of(cue + "终于").lines
    assert (alone.narrator, alone.speaker.partition("（")[0].partition(" (")[0]) == (not who, who)
    (line,) = speech_of(cue + "终于", thinker="Lin").lines
    assert line.speaker.startswith(who or "Lin")
    film = film_of(cue + "终于", people="Lin")
    assert [one.name for one in film.characters] == [name for name in ("Lin", who.capitalize()) if name]
    assert film.shots[0].characters == ("lin",)


@pytest.mark.parametrize(
    "cue",
    [
        "弹幕",
        "系统提示音",
        "电话那头",
        "手机",
        "广播",
        "PHONE",
        "RADIO",
        "TV",
        "System",
        "アナウンス",
        "라디오",
        "TELÉFONO",
        "TELEFONE",
        "Radio",
        "Lautsprecher",
        "Altoparlante",
        "Радио",
    ],
)
def test_what_is_no_person_is_heard_and_not_drawn(cue: str) -> None:
    """It has no card and stands in no picture; its words are spoken, in its own voice."""
    film = film_of(f"{cue}: Are you there?\n{cue}: Hello?")
    assert film.characters == ()
    assert [(line.narrator, line.voice) for line in film.shots[0].dialogue] == [(True, cue)] * 2


@pytest.mark.parametrize("quote", ["N", "NA", "ナレーション", "モノローグ", "내레이션", "旁白"])
def test_a_narrators_mark_before_a_quotation_is_not_spoken(quote: str) -> None:
    """In the brackets of each language."""
    for cell in (f"{quote}「夏」", f"{quote}“夏”"):
        assert [(line.narrator, line.text) for line in speech_of(cell).lines] == [(True, "夏")]


@pytest.mark.parametrize(
    "mark",
    ["NARR.", "V.O.", "OFF", "LOC.", "LOC. OFF", "(voix off) ", "NARRADOR", "Диктор", "Erz.", "NA", "旁白", "해설"],
)
def test_a_narrators_mark_is_not_spoken(mark: str) -> None:
    """Before a colon, in every language."""
    assert [(line.narrator, line.text) for line in speech_of(f"{mark}: 夏").lines] == [(True, "夏")]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("江母（冷笑）：哟", ("江母", "冷笑")),
        ("江母：（冷笑）哟", ("江母", "冷笑")),
        ("ANN (laughing): 哟", ("ANN", "laughing")),
        ("ANN (laughing)\n哟", ("ANN", "laughing")),
        ("VENDEDOR (rindo): 哟", ("VENDEDOR", "rindo")),
        ("ANN (V.O., laughing): 哟", ("ANN (V.O.)", "laughing")),
    ],
)
def test_a_direction_beside_a_name_is_kept(cell: str, said: tuple[str, str]) -> None:
    """As one behind the colon is; it is no part of the name."""
    assert [(line.speaker, line.direction) for line in speech_of(cell).lines] == [said]


@pytest.mark.parametrize(("cue", "mark"), [("MARA (V.O.)", "V.O."), ("MARA (O.S.)", "O.S."), ("苏晚（OS）", "OS")])
def test_the_screenplay_says_who_is_not_seen(cue: str, mark: str) -> None:
    """The mark goes on as the line's direction."""
    (line,) = film_of(f"{cue}: Not once.", people="Mara").shots[0].dialogue
    assert line.direction == mark


def test_a_note_is_not_spoken() -> None:
    """Behind ※ stands what the makers are to know."""
    found = speech_of("NA：始発コーヒー\n※ロゴ")
    assert ([line.text for line in found.lines], found.notes) == (["始発コーヒー"], ["ロゴ"])


def test_a_sound_behind_two_strokes_is_not_spoken() -> None:
    """As commercials write it: `// ASSINATURA SONORA`; other words behind strokes stay words."""
    found = speech_of("LOCUTORA: Sabor da Terra. // ASSINATURA SONORA")
    assert ([line.text for line in found.lines], found.sound) == (["Sabor da Terra."], ["ASSINATURA SONORA"])
    assert speech_of("ANN: Yes // No").lines[0].text == "Yes // No"


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("MÉDIO. Uma MENINA morde.", "MÉDIO"),
        ("CLOSE em SEU ZÉ, feirante.", "CLOSE"),
        ("TOTALE. Ein Haus.", "TOTALE"),
        ("Close the door.", ""),
        ("MARA on a chair.", ""),
    ],
)
def test_a_size_in_capitals_begins_a_description(written: str, size: str) -> None:
    """Before a stop, or before a small word."""
    assert leading_size(written)[0] == size


@pytest.mark.parametrize(("one", "other"), [("高管（群演）", "高管们"), ("学生", "学生たち"), ("학생", "학생들")])
def test_one_and_several_of_a_kind_are_one_card(one: str, other: str) -> None:
    """A plural is no second person."""
    film = film_of(f"{other}: Yes.", people=one)
    assert len(film.characters) == 1
    assert len(film.shots[0].characters) == 1


@pytest.mark.parametrize("written", ["PRAIA DE COPACABANA", "Praia de Copacabana"])
def test_a_place_keeps_the_capitals_of_its_name(written: str) -> None:
    """Also one that a heading writes in capitals."""
    assert [place.name for place in film_of("", place=written).locations] == ["Praia de Copacabana"]


def test_the_logline_goes_on_behind_a_line_break() -> None:
    """A cell's lines are one text."""
    assert "opens at last" in film_of("", picture="The door\nopens at last.").logline
