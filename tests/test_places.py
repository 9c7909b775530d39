"""What the words of a story say about where it plays."""

from __future__ import annotations

from typing import get_args

import pytest

from clash.story.place_kinds import INTERIORS, PlaceKind
from clash.story.places import boat_at, place_kind
from clash.story.screenplay import Location, Setting


def location(name: str, description: str = "", setting: Setting = "exterior") -> Location:
    return Location(slug="x", name=name, description=description, setting=setting)


OUTSIDE: list[tuple[str, PlaceKind]] = [
    ("The open sea", "sea"),
    ("外海", "sea"),
    ("Deck of the Marigold", "sea"),
    ("Harbour", "harbour"),
    ("The old docks", "harbour"),
    ("港口", "harbour"),
    ("渔港码头", "harbour"),
    ("Lighthouse", "lighthouse"),
    ("Lighthouse at Cape Sorrow", "lighthouse"),
    ("灯塔", "lighthouse"),
    ("Top of the lighthouse", "lighthouse"),
    ("Pebble Beach", "beach"),
    ("海边", "beach"),
    ("灯塔下的海滩", "beach"),
    ("Cliffs above the harbour", "cliff"),
    ("The old headland", "cliff"),
    ("悬崖", "cliff"),
    ("Mountain crag", "crag"),
    ("Path", "footpath"),
    ("Dirt track", "footpath"),
    ("小路", "footpath"),
    ("Riverbank", "river"),
    ("江边", "river"),
    ("Frozen lake", "snowfield"),
    ("Mirror Lake", "lake"),
    ("湖畔", "lake"),
    ("Dark forest", "forest"),
    ("Edge of the forest", "forest"),
    ("The woods", "forest"),
    ("竹林", "forest"),
    ("Wheat field", "field"),
    ("稻田", "field"),
    ("草原", "field"),
    ("Mountain pass", "mountain"),
    ("山顶", "mountain"),
    ("Snowfield", "snowfield"),
    ("雪山", "snowfield"),
    ("Arctic ice", "snowfield"),
    ("Desert", "desert"),
    ("沙漠深处", "desert"),
    ("Gobi desert", "desert"),
    ("City street", "street"),
    ("老街", "street"),
    ("Market Street", "street"),
    ("Back alley", "alley"),
    ("胡同", "alley"),
    ("雨中小巷", "alley"),
    ("Night market", "market"),
    ("夜市", "market"),
    ("Harbour market", "market"),
    ("Town Square", "square"),
    ("人民广场", "square"),
    ("四合院", "square"),
    ("City park", "park"),
    ("公园", "park"),
    ("Grandmother's garden", "park"),
    ("Fishing village", "village"),
    ("小镇", "village"),
    ("Old farmhouse", "village"),
    ("The city", "city"),
    ("城市", "city"),
    ("Skyline", "city"),
    ("Rooftop", "rooftop"),
    ("城市的天台", "rooftop"),
    ("Mountain road", "road"),
    ("高速公路", "road"),
    ("盘山公路", "road"),
    ("Stone bridge", "bridge"),
    ("Bridge over the river", "bridge"),
    ("石桥", "bridge"),
    ("Train station", "station"),
    ("火车站", "station"),
    ("Platform 9", "station"),
    ("Railway tracks", "station"),
    ("The sky", "sky"),
    ("云端", "sky"),
    ("Outer space", "space"),
    ("Mars", "space"),
    ("火星", "space"),
    ("太空", "space"),
    ("Nowhere", "exterior"),
]

PATHS: list[tuple[str, PlaceKind]] = [
    ("Cliff path", "cliff"),
    ("The path along the cliffs", "cliff"),
    ("Coastal path", "cliff"),
    ("悬崖小路", "cliff"),
    ("悬崖边的小径", "cliff"),
    ("Path above the sea", "cliff"),
    ("Forest path", "forest"),
    ("Trail through the woods", "forest"),
    ("林间小路", "forest"),
    ("Mountain trail", "mountain"),
    ("山路", "mountain"),
    ("山间小道", "mountain"),
    ("Path over the hills to the harbour", "mountain"),
    ("Garden path", "park"),
    ("花园小径", "park"),
    ("河边小路", "river"),
    ("Path between the fields", "field"),
    ("Desert track", "desert"),
    ("Path to the lighthouse", "footpath"),
    ("通往灯塔的小路", "footpath"),
    ("Path behind the church", "footpath"),
    ("School path", "footpath"),
    ("校园小路", "footpath"),
    ("House path", "footpath"),
    ("Path under the night sky", "footpath"),
    ("乡间小路", "footpath"),
]

ROOMS: list[tuple[str, PlaceKind]] = [
    ("Living room", "room"),
    ("客厅", "room"),
    ("Mara's house", "room"),
    ("Bedroom", "bedroom"),
    ("卧室", "bedroom"),
    ("Kitchen", "kitchen"),
    ("厨房", "kitchen"),
    ("Café by the sea", "shop"),
    ("海边的咖啡馆", "shop"),
    ("面馆", "shop"),
    ("Noodle shop", "shop"),
    ("The Anchor bar", "shop"),
    ("拉面店", "shop"),
    ("Office", "office"),
    ("办公室", "office"),
    ("Library", "office"),
    ("Classroom", "classroom"),
    ("教室", "classroom"),
    ("Town hall", "hall"),
    ("大厅", "hall"),
    ("Cathedral", "hall"),
    ("Corridor", "corridor"),
    ("走廊", "corridor"),
    ("Lighthouse lamp room", "tower_room"),
    ("灯室", "tower_room"),
    ("灯塔灯室", "tower_room"),
    ("Lighthouse stairwell", "tower_room"),
    ("Cellar", "cellar"),
    ("地下室", "cellar"),
    ("Cave", "cave"),
    ("山洞", "cave"),
    ("Train compartment", "vehicle"),
    ("车厢", "vehicle"),
    ("Ship's cabin", "vehicle"),
    ("Starship bridge", "spaceship"),
    ("空间站", "spaceship"),
    ("Space station", "spaceship"),
    ("Laboratory", "lab"),
    ("实验室", "lab"),
    ("Hospital room", "hospital"),
    ("医院", "hospital"),
    ("病房", "hospital"),
    ("Somewhere", "interior"),
]


@pytest.mark.parametrize(("name", "kind"), OUTSIDE)
def test_a_place_in_the_open_is_known_by_its_name(name: str, kind: PlaceKind) -> None:
    """The head noun of a name, in English or Chinese, says what kind of place it is."""
    assert place_kind(location(name)) == kind


@pytest.mark.parametrize(("name", "kind"), PATHS)
def test_a_path_is_the_country_that_it_runs_through(name: str, kind: PlaceKind) -> None:
    """A cliff path is a cliff; where a path only leads to, or no one can walk, it stays a footpath."""
    assert place_kind(location(name)) == kind


def test_a_path_in_prose_gives_way_to_what_it_climbs() -> None:
    """A place without a telling name is a cliff, not a path, when its description speaks of both."""
    assert place_kind(location("The ascent", "The footpath climbs the cliff")) == "cliff"
    assert place_kind(location("The ascent", "A footpath behind the house")) == "footpath"


@pytest.mark.parametrize(("name", "kind"), ROOMS)
def test_a_room_is_known_by_its_name(name: str, kind: PlaceKind) -> None:
    """The same for rooms, where the story says that we are inside."""
    assert place_kind(location(name, setting="interior")) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Kitchen", "kitchen"), ("面馆", "shop"), ("Hospital", "hospital"), ("Lamp room", "tower_room")],
)
def test_a_room_stays_a_room_when_the_setting_was_not_given(name: str, kind: PlaceKind) -> None:
    """A table without INT/EXT does not put the kitchen into the open."""
    assert place_kind(location(name)) == kind


def test_inside_a_thing_is_not_its_outside() -> None:
    """INT. lighthouse is a room in the tower; EXT. lighthouse is the tower by the sea."""
    assert place_kind(location("Lighthouse", setting="interior")) == "tower_room"
    assert place_kind(location("灯塔", setting="interior")) == "tower_room"
    assert place_kind(location("灯塔", setting="exterior")) == "lighthouse"
    assert place_kind(location("Fishing boat", setting="interior")) == "vehicle"


def test_outside_a_building_shows_its_front() -> None:
    """Words such as "outside" or 门口 turn a room into the street before it."""
    assert place_kind(location("Outside the noodle shop")) == "street"
    assert place_kind(location("咖啡馆门口")) == "street"
    assert place_kind(location("Hospital"), hint="EXT. HOSPITAL - NIGHT") == "street"


def test_the_name_counts_more_than_description_and_hint() -> None:
    """The description is asked only where the name says nothing, the hint only where both are silent."""
    assert place_kind(location("Old pier", "Beyond it the forest and the mountain")) == "harbour"
    assert place_kind(location("Raven's End", "A bare rock with a lighthouse in the sea")) == "lighthouse"
    assert place_kind(location("Raven's End", "Windy"), hint="She walks along the beach") == "beach"
    assert place_kind(location("老地方", "河边的一片竹林")) in {"river", "forest"}


@pytest.mark.parametrize("name", ["Season finale", "Parkour", "Carpet", "Barrister", "Skylar"])
def test_a_word_within_a_word_is_not_a_place(name: str) -> None:
    """ "Season" is not the sea and "Carpet" is not a car."""
    assert place_kind(location(name)) == "exterior"


def test_every_kind_is_reached_by_some_name() -> None:
    """No kind is there that no story could ever reach."""
    reached = {place_kind(location(name)) for name, _ in OUTSIDE}
    reached |= {place_kind(location(name, setting="interior")) for name, _ in ROOMS}
    assert reached == set(get_args(PlaceKind))
    assert set(get_args(PlaceKind)) > INTERIORS


@pytest.mark.parametrize(
    ("name", "description", "boat"),
    [
        ("Rowing boat", "", "rowing boat"),
        ("小船", "", "rowing boat"),
        ("渔船", "", "fishing boat"),
        ("Raft", "", "rowing boat"),
        ("A canoe at sea", "", "rowing boat"),
        ("Sea below the lighthouse", "A small boat crosses a grey sea.", "rowing boat"),
        ("Open sea", "Lightning over a fishing boat.", "fishing boat"),
        ("Deck of a fishing boat", "", "ship"),
        ("Ferry", "A small boat is lowered.", "ship"),
        ("轮船甲板", "", "ship"),
        ("Open sea", "Boats far away.", ""),
        ("Harbour", "A boat lies at the quay.", ""),
    ],
)
def test_a_place_at_sea_is_aboard_of_what_its_words_say(name: str, description: str, boat: str) -> None:
    """A small boat is rowed, a ship has a deck; boats seen in the distance are nobody's."""
    assert boat_at(location(name, description)) == boat


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [
        ("Mountain cliff", "", "crag"),
        ("Cliff above the valley", "", "crag"),
        ("悬崖", "群山之中，云雾缭绕", "crag"),
        ("山间悬崖", "", "crag"),
        ("Cliff path", "A goat track high in the mountains.", "crag"),
        ("Cliff path", "", "cliff"),
        ("Cliff", "Mountains far away, the sea below.", "cliff"),
        ("悬崖", "山下是大海", "cliff"),
        ("悬崖", "", "cliff"),
    ],
)
def test_a_cliff_in_the_mountains_has_no_sea(name: str, description: str, kind: PlaceKind) -> None:
    """Where the words speak of mountains and of no sea, a cliff stands above a valley."""
    assert place_kind(location(name, description)) == kind
