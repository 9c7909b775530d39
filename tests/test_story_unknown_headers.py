"""Tables in languages that are not known: nothing is guessed, and the hint says how each column is probably meant."""

from __future__ import annotations

import shlex

import pytest

from clash.errors import StoryError
from clash.story.reader import Options, read
from clash.story.screenplay import Story

SHOT_LIST = """| Jelenet | Snitt | Plán | Helyszín | Kép | Narrátor szövege | Párbeszéd | Hossz | Zene |
|---|---|---|---|---|---|---|---|---|
| 1 | 1 | wide | Kikötő | A halászhajók a kikötőbe érnek. | A tenger mindenre emlékszik. | | 4 s | fuvola |
| 1 | 2 | CU | Kikötő | Ali kapitány meggyújtja a lámpát. | | Ali: Hazaértünk.<br>Zsófi: Isten hozott. | 3 s | |
"""
FINNISH = """Kohtaus;Kuvaus;Kertoja;Vuorosanat;Kesto
1;Kalastajaveneet saapuvat satamaan.;Meri muistaa kaiken.;;4 s
2;Kapteeni Ali sytyttää lampun.;;Ali: Tulimme kotiin.;3 s
3;Talo on valaistu.;Yö oli pitkä.;Ali: Lupasin sen.;3 s
"""
MUTE = """Kohtaus;Video;Kertoja;Vuorosanat;Kesto
1;Veneet saapuvat satamaan.;Meri muistaa kaiken.;;4 s
2;Ali sytyttää lampun.;;Ali: Tulimme kotiin.;3 s
"""


def refused(text: str, name: str, **columns: str) -> dict[str, str]:
    """The columns that the hint of a refusal names."""
    with pytest.raises(StoryError, match="most headers are in no language that is known") as caught:
        read(text.encode(), name=name, options=Options(columns=columns))
    assert caught.value.exit_code == 2
    words = shlex.split((caught.value.hint or "").partition(": ")[2])
    assert words[::2] == ["--column"] * (len(words) // 2)
    return dict(word.split("=") for word in words[1::2])


def as_the_hint_says(text: str, name: str) -> Story:
    """The story of a table that is read again with the hint as it is printed."""
    return read(text.encode(), name=name, options=Options(columns=refused(text, name))).story


@pytest.mark.parametrize(
    ("text", "name", "proposed"),
    [
        (
            SHOT_LIST,
            "s.md",
            "scene shot location description narration dialogue duration notes",
        ),
        (FINNISH, "s.csv", "shot description narration dialogue duration"),
        (MUTE, "s.csv", "shot narration dialogue duration"),
        ("foo;bar\nA man walks.;The night was long.\nHe sleeps.;It is wide.\n", "s.csv", "description narration"),
    ],
)
def test_each_header_has_a_proposal(text: str, name: str, proposed: str):
    """The picture is the prose that most rows have; words behind names are dialogue; lengths are lengths."""
    assert " ".join(refused(text, name).values()) == proposed


def test_the_hint_reads_a_shot_list():
    """Typed as printed, it gives pictures, both kinds of words, places and lengths."""
    first, second = as_the_hint_says(SHOT_LIST, "s.md").beats
    assert (first.description, first.narration) == ("A halászhajók a kikötőbe érnek.", "A tenger mindenre emlékszik.")
    assert (first.shot_size, first.location, first.duration_s) == ("wide", "Kikötő", 4)
    assert [line.speaker for line in second.dialogue] == ["Ali", "Zsófi"]


def test_the_hint_reads_a_story():
    """Pictures are never spoken, and words are never the picture."""
    story = as_the_hint_says(FINNISH, "s.csv")
    assert story.language != "de"
    assert [beat.narration for beat in story.beats] == ["Meri muistaa kaiken.", "", "Yö oli pitkä."]
    assert story.beats[1].description == "Kapteeni Ali sytyttää lampun."
    assert [len(beat.dialogue) for beat in story.beats] == [0, 1, 1]


def test_what_a_person_said_stays_in_the_hint():
    """A column that was named is no proposal."""
    assert refused(FINNISH, "s.csv", Kertoja="notes")["Kertoja"] == "notes"


def test_known_headers_among_others_are_read_as_ever():
    """A table with a picture and words of its own is filmed, whatever else it has."""
    text = "description,dialogue,foo,bar,baz\nA kiln glows.,MARA: It is done.,one,two,three\n"
    assert read(text.encode(), name="s.csv").story.beats[0].dialogue[0].speaker == "MARA"
