"""Which side of a place a story shows, in the languages that tables are written in."""

from __future__ import annotations

import pytest

from clash.local.place_words import kind_of_place
from clash.local.screenwriter import write_screenplay
from clash.local.screenwriting.locations import setting_by_words
from clash.story.headings import heading_of
from clash.story.reader import read
from clash.story.screenplay import Location, Screenplay


def screenplay(text: str) -> Screenplay:
    return write_screenplay(read(text.encode(), name="story.csv").story)


def shown(text: str) -> list[tuple[str, str, str]]:
    """Name, side and time of each shot."""
    found = screenplay(text)
    by_slug = {place.slug: place for place in found.locations}
    shots = [shot for scene in found.scenes for shot in scene.shots]
    return [(by_slug[shot.location].name, by_slug[shot.location].setting, shot.time) for shot in shots]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "등대 안",
            "등대안",
            "등대 내부",
            "灯台の中",
            "灯台の内部",
            "灯塔里",
            "灯塔里面",
            "燈塔內",
            "城堡里",
            "帐篷内",
        ),
        *("Im Leuchtturm", "Im Inneren des Leuchtturms", "Leuchtturm innen", "In der Hütte", "집 안", "車の中"),
        *("dans le phare", "À l’intérieur du phare", "Dentro del faro", "En el faro", "No farol", "nell'edificio"),
        *("Внутри маяка", "В доме", "Bên trong ngọn hải đăng", "Inside the lighthouse", "In the house"),
    ],
)
def test_a_name_may_say_inside(name: str):
    assert setting_by_words(name, "") == "interior"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "등대 앞",
            "등대 밖",
            "학교 앞",
            "해안",
            "숲 속",
            "森の中",
            "灯台の前",
            "学校の前",
            "灯塔外",
            "燈塔外",
            "教堂外",
        ),
        *("森林里", "公园里", "面馆对面", "Im Wald", "devant l'église", "À l'intérieur de la forêt"),
        *(
            "Frente a la iglesia",
            "Fuori dal faro",
            "Перед церковью",
            "В лесу",
            "Inside the forest",
            "Outside the school",
        ),
        *("In front of the church", "Lighthouse", "窗前"),
    ],
)
def test_a_name_may_say_outside_or_nothing(name: str):
    assert setting_by_words(name, "") == "exterior"


@pytest.mark.parametrize(("name", "kind"), [("등대 안", "tower_room"), ("학교 앞", "square"), ("燈塔外", "lighthouse")])
def test_the_side_decides_what_is_drawn(name: str, kind: str):
    assert kind_of_place(Location(slug="", name=name, setting=setting_by_words(name, ""))) == kind


def test_a_place_seen_from_both_sides_is_two():
    table = "shot,location,int_ext,description\n1,Mill,EXT,Fog\n2,Mill,INT,Flour\n3,Mill,,Sacks\n4,Mill,EXT,Rain\n"

    assert [side for _, side, _ in shown(table)] == ["exterior", "interior", "interior", "exterior"]
    assert {name for name, _, _ in shown(table)} == {"Mill", "Mill, interior"}


@pytest.mark.parametrize(
    ("cell", "name", "side", "time"),
    [
        ("Vor dem Leuchtturm", "Vor dem Leuchtturm", "exterior", "day"),
        ("Inside the lighthouse", "Inside the lighthouse", "interior", "day"),
        ("Leuchtturm (innen), Nacht", "Leuchtturm", "interior", "night"),
        ("○灯台・内（夜）", "灯台", "interior", "night"),
        ("작은 등대 내부, 밤", "작은 등대", "interior", "night"),
        ("燈塔外 黃昏", "燈塔外", "exterior", "dusk"),
    ],
)
def test_a_cell_names_place_side_and_time(cell: str, name: str, side: str, time: str):
    quoted = f'"{cell}"'
    assert shown(f"shot,location,description\n1,{quoted},x\n") == [(name, side, time)]


@pytest.mark.parametrize("text", ["Chez toi", "Ce qui est au nord", "Bei dem Turm", "Market inside the hall"])
def test_small_words_of_one_language_say_no_side_in_another(text: str):
    heading = heading_of(text)

    assert (heading.place, heading.int_ext, heading.time) == (text, "", "")
