"""Whether a young person is a man or a woman, and has red hair, is understood where another language says it."""

from __future__ import annotations

import csv
import io

import pytest

from clash.local.figures.told import told_of
from clash.local.screenwriter import write_screenplay
from clash.story.reader import read_story
from clash.story.screenplay import Character


def person(description: str) -> Character:
    """The character of a row that describes the one whom it names first."""
    table = io.StringIO()
    name = description.split(",")[0]
    csv.writer(table).writerows([["shot", "description", "characters"], ["1", description, name]])
    return write_screenplay(read_story(table.getvalue().encode(), name="story.csv")).characters[0]


@pytest.mark.parametrize(
    ("description", "voice", "drawn"),
    [
        ("Ramón, un joven, espera en la calle.", "young man", ""),
        ("Ramón, un joven pelirrojo con gafas, espera en la calle.", "young man", "ginger hair, glasses"),
        ("Ana, una joven pelirroja con gafas, mira el mar.", "young woman", "ginger hair, glasses"),
        ("Marc, un jeune homme roux, marche dans la rue.", "young man", "ginger hair"),
        ("Marc, un jeune roux à lunettes, marche dans la rue.", "young man", "ginger hair, glasses"),
        ("Julie, une jeune rousse, marche dans la rue.", "young woman", "ginger hair"),
        ("João, um jovem ruivo de óculos, espera na rua.", "young man", "ginger hair, glasses"),
        ("Marco, un giovane con i capelli rossi, aspetta nella strada.", "young man", "hair red"),
        ("Paul, ein rothaariger Junge, wartet in der Straße.", "boy", "ginger hair"),
    ],
)
def test_young_men_and_women_have_their_looks(description: str, voice: str, drawn: str) -> None:
    """The voice is chosen by sex and age, and the drawing has the hair and the glasses that the words tell."""
    one = person(description)
    assert one.voice == voice
    assert one.look in description
    for words in filter(None, drawn.split(", ")):
        assert words in told_of(one).prose[0]


@pytest.mark.parametrize("description", ["Zorro, un joven zorro, corre por el bosque.", "Lou, un jeune loup, dort."])
def test_a_young_animal_is_no_man(description: str) -> None:
    """The article before a young fox says nothing of a person."""
    one = person(description)
    assert "man" not in one.voice
    assert told_of(one).being
