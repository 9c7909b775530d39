"""Places are known by their words in every language that stories are read in."""

from __future__ import annotations

import pytest

from clash.local.place_words import kind_of_place
from clash.local.screenwriting.locations import setting_by_words
from clash.local.vocabulary import tags, vocabulary
from clash.story.places import place_kind
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
