"""Where people sit, row and stand in a picture, and what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import FRAME, MARA, ROOM, TOMAS, XIAOHE, keyframe, pixels, players, shot

from clash.local.backdrops import draw_backdrop
from clash.local.figures.body import Body
from clash.local.seating import Seats, seats_of
from clash.local.staging import Frame, stage
from clash.story.screenplay import Character, Location, ShotSize


def test_an_insert_of_hands_shows_the_sleeves_of_both() -> None:
    """ "He lays his hand over hers": a navy sleeve from one side, a teal one from the other."""
    both = pixels(
        keyframe(shot("insert", action="Tomas lays his hand over hers."), (TOMAS, MARA), width=640, height=360)
    )
    alone = pixels(keyframe(shot("insert", action="His hands shake."), (TOMAS,), width=640, height=360))
    right = (slice(190, 250), slice(480, 600))
    teal, navy = both[right].mean(axis=(0, 1)), alone[right].mean(axis=(0, 1))
    assert teal[1] > navy[1] + 20


def test_an_empty_close_up_is_not_only_a_blur() -> None:
    """A close-up of nothing that can be drawn still has edges to look at."""
    picture = pixels(keyframe(shot("close_up", action="Mist."), (), width=640, height=360, place=ROOM))
    steps = np.abs(np.diff(picture.mean(axis=2), axis=1))
    assert (steps > 12).mean() > 0.004


def test_closed_eyes_and_shared_gestures_follow_the_action() -> None:
    """Who closes her eyes has them closed; when they sit, all of them sit."""
    (one,) = stage(shot("close_up", action="小禾闭上眼睛"), (XIAOHE,), FRAME)
    assert one.stance.mood.eyes == 0
    assert {p.stance.pose.legs for p in stage(shot("full", action="They sit together."), (MARA, TOMAS), FRAME)} == {
        "sitting"
    }
    legs = [p.stance.pose.legs for p in players(shot("full", action="Tomas sits by the fire."))]
    assert legs == ["standing", "sitting"]


@pytest.mark.parametrize("size", ["medium_wide", "medium"])
def test_who_sits_is_seen_to_sit_in_a_medium_shot(size: ShotSize) -> None:
    """The one of whom it is said sits lower than the one who stands, and the frame reaches down to the lap."""
    mara, tomas = players(shot(size, action="Mara waits. Tomas sits beside the cold lamp."))
    assert (mara.seat, tomas.seat) == ("", "chair")
    assert tomas.stance.pose.legs == "sitting"
    assert tomas.y > mara.y + 0.6 * tomas.unit
    (tomas,) = stage(shot(size, action="Tomas sits beside the cold lamp."), (TOMAS,), FRAME)
    lap = tomas.y + Body(tomas.look, 0.0).hips[1] * tomas.unit
    assert lap < FRAME.height


@pytest.mark.parametrize(
    ("action", "name", "seat"),
    [
        ("Mara sits on the wall.", "Park", "wall"),
        ("Mara sits down.", "Park", "bench"),
        ("Mara is seated on a rock.", "Harbour", "rock"),
        ("Mara sits down.", "Harbour", "wall"),
        ("Mara sits on a stool.", "Kitchen", "stool"),
        ("Mara坐在长椅上。", "Kitchen", "bench"),
        ("Mara sits down.", "Forest", "rock"),
        ("Mara waits in the bows.", "小船", "thwart"),
        ("Mara stands up.", "Rowing boat", ""),
        ("Mara rows.", "Rowing boat", "thwart"),
        ("Mara walks past rows of chairs.", "Hall", ""),
    ],
)
def test_people_sit_on_what_is_said_or_what_is_there(action: str, name: str, seat: str) -> None:
    """A wall, a bench, a rock, a chair, the thwart of a boat: by the words, else by the place."""
    place = Location(slug="here", name=name, setting="interior" if name in {"Kitchen", "Hall"} else "exterior")
    (player,) = stage(shot("medium", action=action), (MARA,), Frame(1280, 720, 0.88, seats=seats_of(place)))
    assert player.seat == seat


def test_all_on_one_wall_sit_at_one_height_and_a_wall_is_there() -> None:
    """A child beside two adults has its hips where theirs are; stone runs across the picture below them."""
    three, place = (MARA, TOMAS, XIAOHE), Location(slug="quay", name="Harbour")
    sit = shot("medium_wide", action="Three of them sit on the wall.")
    seated = stage(sit, three, Frame(1280, 720, 0.88, seats=seats_of(place)))
    hips = [player.y + Body(player.look, 0.0).hips[1] * player.unit for player in seated]
    assert max(hips) - min(hips) < 1
    wait = shot("medium_wide", action="Three of them wait.")
    picture, without = (pixels(keyframe(each, three, place=place, width=640, height=360)) for each in (sit, wait))
    below = (slice(300, 345), slice(20, 60))
    assert np.abs(picture[below] - without[below]).mean() > 12


def test_who_sits_at_a_table_has_the_bowl_on_it() -> None:
    """Across from each other in a noodle shop: a table's top runs before both, and the bowl stands on it."""
    place = Location(slug="shop", name="面馆", setting="interior")
    both = {
        p.at_table
        for p in stage(shot(action="Tomas在她对面坐下。"), (MARA, TOMAS), Frame(1280, 720, 0.88, seats=Seats()))
    }
    assert both == {True}
    bare = pixels(keyframe(shot(action="Tomas在她对面坐下。"), place=place, width=640, height=360))
    bowl = pixels(keyframe(shot(action="Tomas在她对面坐下，吃一碗面。"), place=place, width=640, height=360))
    row = bare[345, 40:600]
    assert np.abs(np.diff(row, axis=0)).max() < 12
    red = (bowl[..., 0] > bowl[..., 1] * 1.8) & (bowl[..., 0] > 90)
    assert red[270:345, 260:380].mean() > 0.2


def test_who_rows_has_oars_in_both_hands_and_is_small_from_afar() -> None:
    """In a rowing boat the oars reach beyond the gunwales; in an extreme wide shot the boat is seen on the water."""
    place = Location(slug="boat", name="Rowing boat")
    rows, waits = (
        pixels(keyframe(shot("full", action=f"Mara {does}."), (MARA,), place=place, width=640, height=360))
        for does in ("rows", "waits")
    )
    assert np.abs(rows - waits)[:, 30:130].max() > 40
    afar = pixels(keyframe(shot("extreme_wide", action="Mara rows."), (MARA,), place=place, width=640, height=360))
    red, green, blue = afar[..., 0], afar[..., 1], afar[..., 2]
    copper = (red > 120) & (green < red * 0.62) & (blue < red * 0.45)
    assert 0.0001 < copper.mean() < 0.01


@pytest.mark.parametrize("size", ["extreme_wide", "wide", "full"])
@pytest.mark.parametrize("name", ["Cliff path", "Footpath", "Mountain cliff"])
def test_one_and_two_stand_on_the_path(name: str, size: ShotSize) -> None:
    """Whatever the place's chance, the ground at each figure's feet is redder than the turf beside the path."""
    for slug in ("here", "there", "path", "a", "b", "c"):
        place = Location(slug=slug, name=name)
        backdrop = draw_backdrop(
            place, time="day", weather="clear", size=size, angle="eye_level", width=640, height=360, seed=slug
        )
        picture, foot = np.asarray(backdrop.image).astype(int), round(backdrop.ground * 360)
        redness = (picture[foot - 6 : foot + 1, :, 0] - picture[foot - 6 : foot + 1, :, 1]).mean(axis=0)
        for cast in ((MARA,), (MARA, TOMAS)):
            frame = Frame(640, 360, backdrop.ground, path=True)
            for player in stage(shot(size, location=slug, action="They wait."), cast, frame):
                at = round(player.x)
                near = redness[at - 12 : at + 13]  # a footpath has a strip of grass in its middle
                assert near.max() > np.median(redness) + 9, (slug, len(cast))


def test_a_footpaths_fence_is_no_taller_than_a_waist() -> None:
    """In an extreme wide shot the fence shrinks with the figures: half as many of its pixels above the meadow."""
    place = Location(slug="here", name="Footpath")

    def fence(size: ShotSize) -> float:
        picture = pixels(keyframe(shot(size, location="here"), (), width=640, height=360, place=place))
        wood = (picture[..., 0] > picture[..., 1] + 12) & (picture.max(axis=2) < 112)
        return float(wood[150:260].mean())

    assert 0 < fence("extreme_wide") < 0.6 * fence("wide")


def test_who_is_on_the_bridge_stands_before_its_parapet() -> None:
    """With somebody on it a stone bridge is seen from its paving; alone, or from below, it spans the river."""
    place = Location(slug="bridge", name="石桥")
    alone = pixels(keyframe(shot("wide", action="雨。"), (), width=640, height=360, place=place))
    under = pixels(keyframe(shot("wide", action="小禾站在桥下。"), (XIAOHE,), width=640, height=360, place=place))
    upon = pixels(keyframe(shot("wide", action="小禾站在桥上。"), (XIAOHE,), width=640, height=360, place=place))
    arches = (slice(150, 200), slice(20, 220))
    assert np.abs(alone[arches] - under[arches]).mean() < 4
    assert np.abs(alone[arches] - upon[arches]).mean() > 15


@pytest.mark.parametrize(("action", "red_over_blue"), [("小禾捧着碗。", 2.2), ("小禾架起小提琴。", 2.0)])
def test_what_is_held_is_in_the_frame_of_a_medium_close_up(action: str, red_over_blue: float) -> None:
    """A bowl in both hands, a violin that is played: the thing is seen, not cut off by the frame's edge."""
    nobodys = Character(slug="kit", name="小禾", look="white shirt, black hair")
    room = Location(slug="lab", name="Laboratory", setting="interior")
    held, empty = (
        pixels(keyframe(shot("medium_close_up", action=act), (nobodys,), width=640, height=360, place=room))
        for act in (action, "小禾等着。")
    )
    warm = [((p[..., 0] > red_over_blue * p[..., 2]) & (p[..., 0] > 110))[:340].mean() for p in (held, empty)]
    assert warm[0] > warm[1] + 0.004
