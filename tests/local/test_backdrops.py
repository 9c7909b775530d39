"""Places drawn by the local illustrator: the same place stays the same, its light changes, nothing is flat."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from clash.local.backdrops import PAINTERS, Backdrop, draw_backdrop
from clash.local.backdrops.canvas import Canvas
from clash.local.backdrops.framing import Camera
from clash.local.backdrops.scene import standing_side
from clash.story.place_kinds import PlaceKind
from clash.story.places import place_kind
from clash.story.screenplay import Angle, Location, ShotSize, TimeOfDay, Weather

KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
TIMES: tuple[TimeOfDay, ...] = get_args(TimeOfDay)
WEATHERS: tuple[Weather, ...] = get_args(Weather)
SIZES: tuple[ShotSize, ...] = get_args(ShotSize)
ANGLES: tuple[Angle, ...] = get_args(Angle)
SHAPES = ((160, 90), (90, 160), (120, 120), (172, 72))

NAMES: dict[PlaceKind, str] = {
    "tower_room": "Lamp room",
    "vehicle": "Train compartment",
    "exterior": "Nowhere",
    "interior": "Somewhere",
    "shop": "Noodle shop",
}


def place(kind: PlaceKind) -> Location:
    setting = "interior" if kind == "interior" else "exterior"
    location = Location(slug="here", name=NAMES.get(kind, kind), setting=setting)
    assert place_kind(location) == kind
    return location


def draw(kind: PlaceKind = "lighthouse", **changed: Any) -> Backdrop:
    asked: dict[str, Any] = {
        "time": "day",
        "weather": "clear",
        "size": "wide",
        "angle": "eye_level",
        "width": 160,
        "height": 90,
        "seed": "here",
    }
    return draw_backdrop(place(kind), **(asked | changed))


def pixels(backdrop: Backdrop) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(backdrop.image, dtype=np.float64)


def apart(a: Backdrop, b: Backdrop) -> float:
    """The mean difference of two pictures in levels of 0..255."""
    return float(np.abs(pixels(a) - pixels(b)).mean())


def digest(backdrop: Backdrop) -> str:
    return hashlib.sha256(backdrop.image.tobytes()).hexdigest()


def test_every_kind_of_place_has_its_own_painter() -> None:
    """No two kinds of place share a picture, and none is missing; one neutral stage stands for all unknown ones."""
    assert set(PAINTERS) == set(KINDS)
    assert len(set(PAINTERS.values())) == len(KINDS) - 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_fills_every_shape_of_frame(kind: PlaceKind) -> None:
    """Wide, upright, square and scope frames come out at exactly the size asked, with something in them."""
    for shape in SHAPES:
        backdrop = draw(kind, width=shape[0], height=shape[1])
        assert backdrop.image.size == shape
        assert backdrop.image.mode == "RGB"
        assert pixels(backdrop).std() > 14
        assert 0.6 < backdrop.ground < 1.0
        assert backdrop.light_side in (-1, 1)


@pytest.mark.parametrize("angle", ["low", "high"])
def test_nothing_is_left_unpainted(angle: Angle, monkeypatch: pytest.MonkeyPatch) -> None:
    """No gap between sky and land, wall and floor, shows the bare canvas."""

    class MagentaCanvas(Canvas):
        def __init__(self, width: int, height: int) -> None:
            super().__init__(width, height, (255, 0, 255))

    on_black = {kind: draw(kind, angle=angle) for kind in KINDS}
    monkeypatch.setattr("clash.local.backdrops.Canvas", MagentaCanvas)
    for kind, drawn in on_black.items():
        showing = np.abs(pixels(draw(kind, angle=angle)) - pixels(drawn)).max(axis=2) > 12
        assert showing.sum() <= 4, kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_changes_with_the_time_of_day(kind: PlaceKind) -> None:
    """Dawn, day, dusk and night are four different pictures of it."""
    drawn = [draw(kind, time=time, width=96, height=54) for time in TIMES]
    for i, one in enumerate(drawn):
        for other in drawn[i + 1 :]:
            assert apart(one, other) > 3


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"space", "spaceship", "cellar"}))
def test_every_place_changes_with_the_weather(kind: PlaceKind) -> None:
    """Rain is not snow, fog is not a clear day: in the open, and in the light and windows of rooms above ground."""
    drawn = [draw(kind, weather=weather, width=96, height=54) for weather in WEATHERS]
    for i, one in enumerate(drawn):
        for other in drawn[i + 1 :]:
            assert apart(one, other) > 0.4


def test_there_is_no_weather_in_space() -> None:
    """It does not rain on the moon."""
    assert digest(draw("space", weather="rain")) == digest(draw("space", weather="clear"))


def test_a_small_boat_is_an_open_boat_and_a_ship_has_a_deck() -> None:
    """From a rowing boat no white railing crosses the sea; without people the boat itself is out there."""
    asked: dict[str, Any] = {
        "time": "day",
        "weather": "clear",
        "size": "wide",
        "angle": "eye_level",
        "width": 320,
        "height": 180,
        "seed": "here",
    }
    drawn = {
        name: draw_backdrop(Location(slug="x", name=name), **asked)
        for name in ("Rowing boat", "小船", "渔船", "Ferry deck", "Open sea")
    }
    white = {name: (pixels(each).min(axis=2) > 180)[115:].mean(axis=1).max() for name, each in drawn.items()}
    assert white["Ferry deck"] > 0.9
    assert max(share for name, share in white.items() if name != "Ferry deck") < 0.2
    assert {name for name, each in drawn.items() if each.thwart > 0.2} == {"Rowing boat", "小船", "渔船"}
    afar = draw_backdrop(Location(slug="x", name="Rowing boat"), aboard=False, **asked)
    assert apart(afar, drawn["Rowing boat"]) > 5
    assert apart(afar, drawn["Open sea"]) > 3


def test_night_is_darker_than_day_in_the_open() -> None:
    """Whatever the weather, the picture of the night is the darker one."""
    for weather in WEATHERS:
        night = pixels(draw("field", time="night", weather=weather)).mean()
        assert night < 0.7 * pixels(draw("field", time="day", weather=weather)).mean()


def test_another_process_draws_the_same_bytes() -> None:
    """A picture can be named by its request: no clock, no memory address, no hash seed goes into it."""
    ours = {kind: digest(draw(kind, time="dusk", weather="rain")) for kind in ("lighthouse", "market", "shop")}
    assert ours == {kind: digest(draw(kind, time="dusk", weather="rain")) for kind in ours}
    code = (
        "import hashlib\n"
        "from clash.local.backdrops import draw_backdrop\n"
        "from clash.story.screenplay import Location\n"
        f"for name in {[NAMES.get(kind, kind) for kind in ours]!r}:\n"
        "    drawn = draw_backdrop(Location(slug='here', name=name), time='dusk', weather='rain', size='wide',\n"
        "                          angle='eye_level', width=160, height=90, seed='here')\n"
        "    print(hashlib.sha256(drawn.image.tobytes()).hexdigest())\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == list(ours.values())


def edges(backdrop: Backdrop) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Where outlines are, whatever the light: the strength of change, as ranks, in a coarse grid."""
    grey = np.asarray(backdrop.image.convert("L").resize((64, 36), Image.Resampling.BOX), dtype=np.float64)
    change = np.hypot(*np.gradient(grey))[12:]  # below the sky, where clouds are not
    return change.ravel().argsort().argsort().astype(np.float64)


@pytest.mark.parametrize("kind", ["lighthouse", "harbour", "room", "station"])
def test_a_place_keeps_its_layout_in_any_light(kind: PlaceKind) -> None:
    """Tower, houses and furniture stand where they stood, though dusk has fallen or clouds have come."""
    here = draw(kind, width=320, height=180)
    places = (draw(kind, width=320, height=180, seed=f"place {k}") for k in range(20))
    elsewhere = next(drawn for drawn in places if drawn.light_side != here.light_side)

    def likeness(other: Backdrop) -> float:
        return float(np.corrcoef(edges(here), edges(other))[0, 1])

    for changed in ({"time": "dusk"}, {"weather": "cloud"}):
        other = draw(kind, width=320, height=180, **changed)
        assert other.light_side == here.light_side
        assert likeness(other) > max(0.6, likeness(elsewhere) + 0.15)


def test_two_places_of_one_kind_differ() -> None:
    """Two villages of a film are not the same village."""
    assert apart(draw("village", seed="north"), draw("village", seed="south")) > 3


def test_a_nearer_shot_is_a_part_of_the_place_and_softer() -> None:
    """The background of a close-up is blurred and keeps fewer fine details than that of a wide shot."""

    def sharpness(size: ShotSize) -> float:
        grey = np.asarray(draw("street", size=size, width=320, height=180).image.convert("L"), dtype=np.float64)
        return float(np.abs(np.diff(grey, axis=1)).mean() + np.abs(np.diff(grey, axis=0)).mean())

    assert sharpness("wide") > sharpness("medium") > sharpness("close_up")
    assert draw("street", size="close_up").ground > 1 > draw("street", size="full").ground


@pytest.mark.parametrize("kind", ["lighthouse", "street", "room", "hall"])
def test_a_low_camera_sees_less_ground_and_a_high_one_more(kind: PlaceKind) -> None:
    """Looking up, the horizon lies lower in the frame; looking down, higher."""
    inside = kind in ("room", "hall")
    low, level, high = (Camera("wide", angle, inside).level for angle in ("low", "eye_level", "high"))
    assert low > level > high
    assert apart(draw(kind, angle="low"), draw(kind, angle="high")) > 5


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_framing_shows_an_empty_corner(angle: Angle, shape: tuple[int, int]) -> None:
    """However the camera tilts, the frame lies within what was painted."""
    width, height = shape
    plate = Image.new("RGB", (width * 4, height * 4), (255, 255, 255))
    for size in SIZES:
        frame, _ = Camera(size, angle, inside=False).look(plate, (0.95, 0.1), 0.88, width, height)
        assert frame.size == shape
        assert np.asarray(frame).min() >= 250, (size, angle)


def test_words_choose_the_variant_of_a_place() -> None:
    """A stone bridge has arches, a cellar with barrels is no prison, a ship's deck is not a rocky shore."""
    asked: dict[str, Any] = {
        "time": "day",
        "weather": "clear",
        "size": "wide",
        "angle": "eye_level",
        "width": 160,
        "height": 90,
        "seed": "here",
    }
    for plain, special in (("Bridge", "Stone bridge"), ("Cellar", "Prison cell"), ("Sea", "Ship's deck")):
        one, two = (draw_backdrop(Location(slug="x", name=name), **asked) for name in (plain, special))
        assert apart(one, two) > 4
    asked["seed"] = "there"
    assert digest(draw_backdrop(Location(slug="x", name="Cellar"), **asked)) == digest(
        draw_backdrop(Location(slug="x", name="Cellar", description="Excellent wine"), **asked)
    )


def test_the_lower_third_is_calm_enough_for_captions() -> None:
    """Where captions lie there is less contrast than in the picture as a whole."""
    for kind in ("lighthouse", "city", "forest", "mountain", "cliff", "footpath", "room"):
        drawn = pixels(draw(kind, width=320, height=180)).mean(axis=2)
        busy = np.abs(np.diff(drawn, axis=1))
        assert busy[150:].mean() < 1.3 * busy[:120].mean()
        assert drawn[150:].mean() < 150


def blue(colour: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """Whether it is sea or sky, by day, and neither turf, earth nor rock."""
    return bool(colour[2] > colour[0] + 12 and colour[2] > colour[1])


@pytest.mark.parametrize("shape", [(320, 180), (180, 320)])
@pytest.mark.parametrize("angle", ["low", "eye_level", "high"])
def test_whoever_walks_on_the_cliff_has_ground_underfoot(angle: Angle, shape: tuple[int, int]) -> None:
    """Where a full figure's feet may be there is land; beyond the brow, towards the light, there is the sea."""
    sizes: tuple[ShotSize, ...] = ("extreme_wide", "wide", "full")
    for seed, size in ((seed, size) for seed in ("north", "south", "east") for size in sizes):
        cliff = draw("cliff", size=size, angle=angle, width=shape[0], height=shape[1], seed=seed)
        seen, feet = pixels(cliff), round(cliff.ground * shape[1])
        middle = range(round(0.3 * shape[0]), round(0.7 * shape[0]))
        assert not any(blue(seen[y, x]) for x in middle for y in (feet, min(feet + 8, shape[1] - 1))), (seed, size)
        offshore = seen[feet // 2 :, 3 if cliff.light_side < 0 else -4]
        assert any(blue(colour) for colour in offshore), (seed, size)


@pytest.mark.parametrize("kind", ["cliff", "footpath"])
def test_a_path_leads_to_whoever_walks_it(kind: PlaceKind) -> None:
    """Somebody alone stands on trodden earth, not beside it, on whichever side of the frame that is."""
    sides: set[int] = set()
    for seed in ("north", "west", "here", "pass", "down"):
        side, drawn = standing_side(seed), draw(kind, width=640, height=360, seed=seed)
        sides.add(side)
        feet, seen = round(drawn.ground * 360), pixels(drawn)

        def red(at: float, feet: int = feet, seen: Any = seen) -> float:
            """How red the ground is round `at` (a share of the width): earth is redder than grass."""
            return float(np.median(seen[feet - 5 : feet + 6, round(640 * (at - 0.05)) : round(640 * (at + 0.05)), 0]))

        assert red(0.5 + side * 0.13) > 1.15 * red(0.5 - side * 0.30), seed
    assert sides == {-1, 1}
