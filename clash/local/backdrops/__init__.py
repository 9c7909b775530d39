"""The places of the local illustrator: flat, layered pictures of some forty kinds of place in any light."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from PIL import Image

from clash.local.backdrops import stage
from clash.local.backdrops.canvas import Canvas
from clash.local.backdrops.framing import Camera
from clash.local.backdrops.indoors import (
    clinics,
    halls,
    homes,
    shop,
    spaceship,
    tower,
    underground,
    vehicles,
    workplaces,
)
from clash.local.backdrops.outdoors import (
    bridges,
    cliffs,
    country,
    forest,
    greens,
    heavens,
    lighthouse,
    market,
    rivers,
    seas,
    shores,
    skyline,
    square,
    station,
    streets,
    wilds,
)
from clash.local.backdrops.palette import RGB, indoors, palette_of
from clash.local.backdrops.scene import Scene
from clash.local.backdrops.weather import fall, vignette
from clash.local.place_words import known_place
from clash.story.place_kinds import INTERIORS, PlaceKind
from clash.story.places import boat_at, place_kind
from clash.story.screenplay import Angle, Location, ShotSize, TimeOfDay, Weather

__all__ = ["Backdrop", "Painter", "draw_backdrop"]

Painter = Callable[[Scene], None]

PAINTERS: Mapping[PlaceKind, Painter] = MappingProxyType(
    {
        "sea": seas.sea,
        "harbour": shores.harbour,
        "lighthouse": lighthouse.lighthouse,
        "beach": shores.beach,
        "cliff": cliffs.cliff,
        "crag": cliffs.crag,
        "river": rivers.river,
        "lake": rivers.lake,
        "forest": forest.forest,
        "field": country.field,
        "mountain": wilds.mountain,
        "snowfield": wilds.snowfield,
        "desert": wilds.desert,
        "road": country.road,
        "footpath": country.footpath,
        "sky": heavens.sky,
        "space": heavens.space,
        "street": streets.street,
        "alley": streets.alley,
        "market": market.market,
        "station": station.station,
        "square": square.square,
        "park": greens.park,
        "village": greens.village,
        "city": skyline.city,
        "rooftop": skyline.rooftop,
        "bridge": bridges.bridge,
        "exterior": stage.stage,
        "room": homes.living_room,
        "bedroom": homes.bedroom,
        "kitchen": homes.kitchen,
        "shop": shop.shop,
        "office": workplaces.office,
        "classroom": workplaces.classroom,
        "hospital": clinics.hospital,
        "lab": clinics.laboratory,
        "hall": halls.hall,
        "corridor": halls.corridor,
        "tower_room": tower.tower_room,
        "cellar": underground.cellar,
        "cave": underground.cave,
        "vehicle": vehicles.vehicle,
        "spaceship": spaceship.spaceship,
        "interior": stage.stage,
    }
)
_COOL: frozenset[PlaceKind] = frozenset({"lab", "hospital", "spaceship"})
_WEATHERLESS: frozenset[PlaceKind] = frozenset({"space", "spaceship"})


_STATURES: Mapping[ShotSize, float] = {"extreme_wide": 0.235, "wide": 0.44, "full": 0.58}
"""The height of a grown person in the whole place, as a share of its height, where the feet are in the frame."""


@dataclass(frozen=True)
class Backdrop:
    """A place without people, and what is needed to draw people into it."""

    image: Image.Image
    """RGB, exactly as wide and high as was asked."""
    ground: float
    """Where the feet of a full figure stand, as a share of the height; above 1 in near shots: below the frame."""
    key_light: RGB
    ambient: RGB
    light_side: int
    """Where the key light comes from: -1 left, +1 right."""
    thwart: float = 0.0
    """In an open boat half its inner breadth where one sits, as a share of the height; else 0."""


def draw_backdrop(
    location: Location,
    *,
    time: TimeOfDay,
    weather: Weather,
    size: ShotSize,
    angle: Angle,
    width: int,
    height: int,
    seed: str,
    aboard: bool = True,
    rower: tuple[RGB, RGB] | None = None,
    take: int = 1,
) -> Backdrop:
    """The place `location` in a picture of `width` x `height` pixels, its lower third calm enough for captions.

    `seed` fixes what stands where: the same seed gives the same place in every framing, time and weather. The
    same arguments give the same pixels. `aboard`: the boat that
    the words speak of is seen from within, a bridge from on it, else from outside; `rower`: coat and hair of who is in
    the boat then. Another `take` has other clouds, waves and rain over the same place.
    """
    location = known_place(location)
    kind = place_kind(location)
    inside = kind in INTERIORS
    outside = palette_of(time, "clear" if kind in _WEATHERLESS else weather)
    palette = indoors(outside, cool=kind in _COOL) if inside else outside
    camera = Camera(size, angle, inside)
    scene = Scene(
        canvas=Canvas(*camera.plate_size(width, height)),
        palette=palette,
        outside=outside,
        seed=f"{seed}\0{kind}",
        words=f"{location.name} {location.description}".casefold(),
        level=camera.level,
        boat=boat_at(location),
        aboard=aboard,
        stature=_STATURES.get(size, 0.86),
        take=take,
    )
    if rower:
        scene.rower = rower
    PAINTERS[kind](scene)
    image, ground = camera.look(scene.canvas.image, scene.focus, scene.ground, width, height)
    if not inside:
        fall(image, palette, seed if take == 1 else f"{seed}\0take {take}")
    vignette(image, palette.ink)
    return Backdrop(
        image, ground, scene.key, scene.ambient, scene.light_side, scene.thwart * camera.zoom(width, height)
    )
