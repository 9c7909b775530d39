"""Places are known by their words in every language that stories are read in."""

from __future__ import annotations

import pytest

from clash.local.place_words import kind_of_place
from clash.local.screenwriter import write_screenplay
from clash.local.screenwriting.locations import place_in, setting_by_words
from clash.local.vocabulary import tags, vocabulary
from clash.story.places import place_kind
from clash.story.reader import read_story
from clash.story.screenplay import Location

INSIDE = {
    "shop": "Panadería|Cafetería|Librería|Farmacia|Peluquería|Librairie|Pharmacie|Buchhandlung|Apotheke|Dorfapotheke|"
    "Panetteria|Farmácia|Padaria|Аптека|薬局|약국|La panadería de Ana",
    "office": "Biblioteca|Biblioteca municipal|Bibliothèque|Bücherei|Schulbibliothek|Библиотека|図書館|도서관",
    "corridor": "Ascensor|Ascenseur|Aufzug|Treppenhaus|Ascensore|Elevador|Лифт|エレベーター|엘리베이터",
    "hall": "Teatro|Théâtre|Theater|Museo|Театр|劇場|극장",
    "interior": "Baño|Salle de bains|Badezimmer|Banheiro|浴室|욕실",
    "room": "Apartamento|Appartement|Wohnung|Appartamento|Квартира",
}
OUTSIDE = {
    "street": "Calle|Rue|Straße",
    "alley": "Callejón|Ruelle|Vicolo",
    "forest": "Bosque|Wald",
    "rooftop": "Balcón",
}


@pytest.mark.parametrize(("kind", "names"), INSIDE.items())
def test_rooms_are_inside_in_every_language(kind: str, names: str) -> None:
    """A bakery, a library, a lift and a theatre are of the kind that English names, and inside."""
    for name in names.split("|"):
        assert kind_of_place(Location(slug="", name=name)) == kind, name
        assert setting_by_words(name, "") == "interior", name


@pytest.mark.parametrize(("kind", "names"), OUTSIDE.items())
def test_places_in_the_open_stay_outside(kind: str, names: str) -> None:
    """Streets, alleys, woods and balconies have no ceiling."""
    for name in names.split("|"):
        assert kind_of_place(Location(slug="", name=name)) == kind, name
        assert setting_by_words(name, "") == "exterior", name


def test_every_kind_of_place_is_known_in_english() -> None:
    """The English word that each list of places stands under is one of which the kind is known."""
    unknown = [
        (tag, word)
        for tag in tags()
        for word in vocabulary(tag).section("places")
        if place_kind(Location(slug="", name=word)) == "exterior"
    ]
    assert unknown == []


def prompt(location: str, side: str = "", language: str = "en") -> str:
    """The prompt of the one picture of a story that plays there."""
    text = {"en": "Mara waits.", "zh": "小禾在等待。"}[language]
    table = f"shot|description|location|int/ext\n1|{text}|{location}|{side}\n"
    return write_screenplay(read_story(table.encode(), name="story.csv")).shots[0].image_prompt


def test_a_prompt_says_no_side_that_nobody_said() -> None:
    """Of a place that is not known, a prompt says inside or outside only where the story does."""
    assert "erior" not in prompt("Zanzibar Quux")
    assert "外" not in prompt("啊啊啊", language="zh")
    assert "Zanzibar Quux, exterior" in prompt("Zanzibar Quux", "EXT")
    assert "Zanzibar Quux, interior" in prompt("Zanzibar Quux", "INT")
    assert "Harbour, exterior" in prompt("Harbour")
    assert "Panadería, interior" in prompt("Panadería")


@pytest.mark.parametrize(
    "sentence",
    [
        "Камера приближается к ней.",
        "Il ferme la porte et serre la main.",
        "Ella está un metro más lejos.",
        "彼はカバーを外す。",
    ],
)
def test_words_of_another_meaning_name_no_place(sentence: str) -> None:
    """A camera is no cell, to close is no farm, a metre no station, and a cover no bar."""
    assert place_in(sentence, "en", anywhere=True) is None
