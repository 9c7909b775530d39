"""Where the rows of a table play, and what is left unsaid."""

from __future__ import annotations

from clash.local.screenwriter import write_screenplay
from clash.story.reader import read_story
from clash.story.screenplay import Screenplay


def written(text: str) -> Screenplay:
    """The screenplay of a table."""
    return write_screenplay(read_story(text.encode(), name="harbour.csv"))


def places_of(text: str) -> list[str]:
    """The name of the place of each row's first shot."""
    screenplay = written(text)
    names = {place.slug: place.name for place in screenplay.locations}
    first = {shot.source_row: names[shot.location] for shot in reversed(screenplay.shots)}
    return [first[row] for row in sorted(first)]


def test_rows_without_scene_or_place_stand_alone():
    """In a table of neither scenes nor places, a row that names no place plays at none, and no other row's."""
    rows = ["1,A boat rocks.", "2,A clock ticks.", "3,She winds it.", "4,Ines walks along the pier.", "5,A bell rings."]
    table = "\n".join(("Shot,Description", *rows))
    assert places_of(table) == ["Boat", "", "", "Pier", ""]
    shots = written(table).shots
    assert [shot.location for shot in shots[1:3]] == ["unnamed", "unnamed"]
    assert "boat" not in shots[1].image_prompt.casefold()
    assert "exterior" not in shots[1].image_prompt


def test_other_languages_say_their_places_too():
    """A row's own words name its place in any language that the illustrator knows words of."""
    assert places_of("カット,内容\n1,夜明けの港。漁船が戻ってくる。\n2,時計が鳴る。\n") == ["港", ""]
    assert places_of("Plano,Descripción\n1,Ana camina por el puerto y mira el agua.\n2,Un reloj.\n") == ["Puerto", ""]


def test_fog_that_rolls_over_a_place_is_fog():
    """Weather is over where the sentence says so, not where it lies over something."""
    rows = "shot,location,description\n1,Bay,Fog rolls over an empty landing.\n2,Bay,The fog is over.\n"
    assert [shot.weather for shot in written(rows).shots] == ["fog", "clear"]


def test_a_new_scene_takes_no_place_from_the_last():
    """Within a scene a row without a place is where the row above is; the first of a new scene is not."""
    head = "Scene,Shot,Location,Description\n"
    assert places_of(f"{head}1,1,Kitchen,Onions.\n1,2,,Tears.\n2,1,,A hand.\n") == ["Kitchen", "Kitchen", ""]
    assert places_of(f"{head}1,1,Kitchen,Onions.\n2,1,,A boat leaves the pier.\n") == ["Kitchen", "Boat"]


def test_a_column_of_places_holds_until_the_next():
    """Without scenes, an empty cell of the place column is the place above."""
    assert places_of("Shot,Location,Description\n1,Kitchen,Onions.\n2,,A bell.\n3,Pier,A rope.\n4,,A knot.\n") == [
        "Kitchen",
        "Kitchen",
        "Pier",
        "Pier",
    ]


def test_an_unsaid_place_keeps_its_side():
    """INT. alone says that there is a ceiling, not whose."""
    screenplay = written("Shot,Int/Ext,Description\n1,INT,A clock ticks.\n2,EXT,A bell rings.\n")
    assert [(p.name, p.setting) for p in screenplay.locations] == [("Interior", "interior"), ("Exterior", "exterior")]


def test_a_room_stays_a_room():
    """What is seen through a window leaves a kitchen inside; small rooms are inside, and 教室外 is not."""
    rows = [
        "Kitchen,Rain falls outside the window.",
        "Bathroom,Steam.",
        "Pantry,She looks outside.",
        "厨房,窗外面下雨。",
    ]
    screenplay = written("location,description\n" + "\n".join(rows) + "\n教室外,A student.\n")
    assert [place.setting for place in screenplay.locations] == ["interior"] * 4 + ["exterior"]


def test_a_place_in_a_text_is_a_whole_word():
    """城市夜景 plays in the 城市."""
    assert places_of("镜号,画面\n1,城市夜景\n2,灯光下的菜市场\n") == ["城市", "菜市场"]
