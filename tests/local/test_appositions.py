"""People whom nothing but a picture column names: what stands beside the name says that it is a person."""

from __future__ import annotations

import pytest

from clash.local.screenwriter import write_screenplay
from clash.story.reader import read_story


def people_of(header: str, *pictures: str) -> dict[str, str]:
    """The characters of a table with one column, with their looks."""
    rows = "\n".join(f'"{picture}"' for picture in pictures)
    screenplay = write_screenplay(read_story(f"{header}\n{rows}\n".encode(), name="s.csv"))
    return {character.name: character.look for character in screenplay.characters}


@pytest.mark.parametrize(
    ("header", "picture", "name", "look"),
    [
        ("Picture", "Ana, a girl in red, looks at the lamp.", "Ana", "girl in red"),
        ("Picture", "The man meets Vera, a tall woman in a blue coat.", "Vera", "tall woman in a blue coat"),
        ("Picture", "Tom, 70, grey beard, laughs.", "Tom", "70, grey beard"),
        ("Imagen", "Ana, una chica de rojo, mira la lámpara del puerto.", "Ana", "chica de rojo"),
        ("Imagen", "En el muelle está Tomás (70, barba gris) con su perro.", "Tomás", "70, barba gris"),
        ("Bild", "Anna, ein Mädchen in Rot, sieht die Lampe an der Wand.", "Anna", "Mädchen in Rot"),
        ("画面", "小玉，穿红衣的少女，看着灯", "小玉", "穿红衣的少女"),
        ("画面", "灯亮了，老周，七十岁，白胡子，在笑", "老周", "七十岁，白胡子"),
    ],
)
def test_a_description_beside_a_name_makes_a_character(header: str, picture: str, name: str, look: str) -> None:
    """In English, Spanish, German and Chinese, between commas or in brackets; the look is what is said there."""
    people = people_of(header, picture)
    assert list(people) == [name]
    assert look in people[name]


def test_a_surname_counts_where_the_name_is_said_again() -> None:
    """A Chinese name of a surname is one, if it stands elsewhere too; times of the day that begin alike are none."""
    assert list(people_of("画面", "林雪，二十岁，短发，推开门", "林雪走进来", "黄昏，穿红衣的少女，走过")) == ["林雪"]


@pytest.mark.parametrize(
    "picture",
    [
        "Night, an old man walks along the quay.",
        "Kitchen, a young woman, tired, cooks.",
        "Paris, a city of lights, sleeps.",
        "A house, an old man, tired, beside it.",
        "Close up, a girl in red, smiling.",
    ],
)
def test_places_times_and_sizes_are_no_people(picture: str) -> None:
    """Somebody without a name stands beside a word that is no name."""
    assert people_of("Picture", picture) == {}


def test_what_somebody_is_called_beside_a_name_is_left_out() -> None:
    """`Old Tom` is Tom, if he is called so elsewhere; the beard is his, and not the girl's."""
    people = people_of("Picture", "Ana, a girl in red, smiles. Old Tom, 70, grey beard, laughs.", "Tom waves to Ana.")
    assert list(people) == ["Ana", "Tom"]
    assert ("beard" in people["Ana"], "grey beard" in people["Tom"]) == (False, True)


@pytest.mark.parametrize(
    ("header", "picture", "look"),
    [
        ("Imagen", "Tomás (canoso, barba gris) habla. TOMÁS: Sí.", "canoso, barba gris"),
        ("Picture", "Tom (weathered, white beard) turns.", "weathered, white beard"),
        ("画面", "老周（白胡子，蓝外套）转过身。", "白胡子，蓝外套"),
    ],
)
def test_what_is_in_brackets_after_a_name_is_the_look(header: str, picture: str, look: str) -> None:
    """Hair, beard or clothes in brackets are what somebody looks like, with the words beside them."""
    assert [look in told for told in people_of(header, picture).values()] == [True]
