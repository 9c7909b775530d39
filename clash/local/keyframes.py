"""Keyframes: a place, its people or a thing in it, in one light."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from clash.local.backdrops import draw_backdrop
from clash.local.figures import words
from clash.local.figures.canvas import darker, lighter
from clash.local.figures.figure import Light, feet_of, figure_layer
from clash.local.figures.look import Digest, look_of
from clash.local.figures.props import thing_in
from clash.local.inserts import draw_hands, draw_insert
from clash.local.place_words import known_place
from clash.local.seating import seats_of
from clash.local.seats import draw_seats, draw_table
from clash.local.staging import FULL_FIGURES, SINGLES, Frame, Player, focus_of, nobody, seed_of_shot, stage
from clash.local.takes import WITH_PEOPLE, WITHOUT_PEOPLE, mirrored, photographed
from clash.story.on_screen import is_black
from clash.story.place_kinds import INTERIORS, PlaceKind
from clash.story.places import boat_at, place_kind
from clash.story.screenplay import Character, Location, Shot

PATHS: frozenset[PlaceKind] = frozenset({"cliff", "crag", "footpath"})
"""Where one stands on a path."""
DUTCH = math.radians(5.0)
_BELOW = "under the bridge|below the bridge|beneath the bridge|towards the bridge|桥下|桥头|桥边|走向桥"
_HANDS = "hand|hands|fingers|fist|palm|手|手指|拳"
_FACES = "eyes|eye|face|tear|tears|gaze|stare|lips|smile|眼|脸|泪|目光|嘴"


def draw_keyframe(
    shot: Shot, location: Location, cast: Sequence[Character], width: int, height: int, take: int = 1
) -> Image.Image:
    """The picture of a shot, RGB, `width` x `height`; no letters in it."""
    if is_black(shot.action) and not cast:
        return Image.new("RGB", (width, height))
    location = known_place(location)
    nearer = WITHOUT_PEOPLE if nobody(shot, cast) else WITH_PEOPLE
    picture = photographed(partial(_drawn, shot, location, cast, take), width, height, take, nearer)
    _vignette(picture)
    return picture


def _drawn(
    shot: Shot, location: Location, cast: Sequence[Character], take: int, width: int, height: int
) -> Image.Image:
    """The picture of a shot before its corners are darkened."""
    thing = _thing_of(shot, cast)
    hands = not thing and shot.size == "insert" and words.pattern(_HANDS).search(shot.action) is not None
    empty = not thing and nobody(shot, cast)
    afar = (not cast and shot.size not in SINGLES) or (
        shot.size == "extreme_wide" and boat_at(location) == "rowing boat"
    )
    backdrop = draw_backdrop(
        location,
        time=shot.time,
        weather=shot.weather,
        size="medium_wide" if empty and shot.size in SINGLES else shot.size,  # a blur alone is no picture
        angle=shot.angle,
        width=width,
        height=height,
        seed=location.slug,
        aboard=not afar and words.pattern(_BELOW).search(f"{location.name} {shot.action}") is None,
        rower=(look_of(cast[0]).cloth, look_of(cast[0]).hair) if cast else None,
        take=take,
    )
    picture = backdrop.image
    light = Light(backdrop.key_light, backdrop.ambient, float(backdrop.light_side))
    if mirrored(take) and (thing or (hands and cast)):
        light = replace(light, side=-light.side)
    if hands and cast:
        draw_hands(picture, cast, light)
    elif thing:
        nearer = 1.45 if shot.size == "extreme_close_up" else 1.0
        draw_insert(picture, thing, focus_of(shot, cast), light, nearer=nearer)
    elif not (afar and boat_at(location)):
        players = stage(
            shot, cast, Frame(width, height, backdrop.ground, place_kind(location) in PATHS, seats_of(location), take)
        )
        if shot.size not in SINGLES:
            draw_seats(picture, players, light, thwart=backdrop.thwart * height)
        for player in players:
            _put(picture, player, light, shot)
        if shot.size not in FULL_FIGURES and shot.size not in SINGLES:
            draw_table(picture, players, light, thing_in(shot.action))
        if cast and place_kind(location) not in INTERIORS:
            _near_weather(picture, shot, light, take)
    return picture


def _thing_of(shot: Shot, cast: Sequence[Character]) -> str:
    """Return the thing that fills the frame instead of people, or ""."""
    if shot.size == "insert":
        if words.pattern(_HANDS).search(shot.action):
            return thing_in(shot.action)
        return thing_in(shot.action) or thing_in(shot.image_prompt)
    if shot.size == "extreme_close_up" or (shot.size == "close_up" and not cast):
        return "" if cast and words.pattern(_FACES).search(shot.action) else thing_in(shot.action)
    return ""


def _put(picture: Image.Image, player: Player, light: Light, shot: Shot) -> None:
    """One figure into the picture, on a layer no larger than it needs."""
    width, height = picture.size
    x, y = player.x, player.y
    roll = -DUTCH if shot.angle == "dutch" else 0.0
    if roll:
        dx, dy = x - width / 2, y - height / 2
        x = width / 2 + dx * math.cos(roll) - dy * math.sin(roll)
        y = height / 2 + dx * math.sin(roll) + dy * math.cos(roll)
    reach, above = 2.75 * player.unit, (2.3 if player.stance.pose.prop == "umbrella" else 1.1) * player.unit
    feet = feet_of(player.look, player.stance.pose, shot.angle) * player.unit
    below = feet + 0.4 * player.unit if player.whole else height
    left, right = max(0, math.floor(x - reach)), min(width, math.ceil(x + reach))
    top, bottom = max(0, math.floor(y - above)), min(height, math.ceil(y + below))
    if left >= right or top >= bottom:
        return
    if player.whole and player.part != "silhouette" and not player.seat:
        _contact_shadow(picture, (x, y + feet), player.unit)
    layer = figure_layer(
        player.look,
        player.stance,
        size=(right - left, bottom - top),
        head=(x - left, y - top),
        unit=player.unit,
        light=light,
        angle=shot.angle,
        roll=roll,
        coarse=player.part != "player",
    )
    if player.part == "silhouette":
        layer = replace(layer, image=_silhouette(layer.image, light))
    elif player.part == "foreground":
        layer = replace(layer, image=_out_of_focus(layer.image, player.unit * 0.022))
    layer.onto(picture, (left, top), light)


def _contact_shadow(picture: Image.Image, foot: tuple[float, float], unit: float) -> None:
    """A soft shadow under the feet, so that nobody floats."""
    rx, ry = 0.95 * unit, 0.17 * unit
    size = (math.ceil(rx * 2.8), math.ceil(ry * 3.6))
    mask = Image.new("L", size)
    box = (size[0] / 2 - rx, size[1] / 2 - ry, size[0] / 2 + rx, size[1] / 2 + ry)
    ImageDraw.Draw(mask).ellipse(box, fill=118)
    mask = mask.filter(ImageFilter.GaussianBlur(ry * 0.55))
    picture.paste((8, 8, 20), (round(foot[0] - size[0] / 2), round(foot[1] - size[1] / 2)), mask)


def _out_of_focus(layer: Image.Image, radius: float) -> Image.Image:
    """Blurred as what is too near for the lens, and darker; made on a small copy."""
    factor = max(1, min(8, int(radius / 2)))
    small = layer.reduce(factor) if factor > 1 else layer
    shape = small.convert("RGBa").filter(ImageFilter.GaussianBlur(radius / factor)).convert("RGBA")
    alpha = shape.getchannel("A")
    dim = shape.convert("RGB").point([round(v * 0.62) for v in range(256)] * 3)
    dim.putalpha(alpha)
    return dim.resize(layer.size, Image.Resampling.BILINEAR) if factor > 1 else dim


def _silhouette(layer: Image.Image, light: Light) -> Image.Image:
    """Return a figure as a silhouette in the colours of the shadow."""
    shape = Image.blend(layer.convert("RGB"), Image.new("RGB", layer.size, darker(light.ambient, 0.5)), 0.72)
    shape.putalpha(layer.getchannel("A"))
    return shape


def _near_weather(picture: Image.Image, shot: Shot, light: Light, take: int) -> None:
    """Draw a few drops or flakes in front of the figures, so that they are inside the weather."""
    if shot.weather not in {"rain", "storm", "snow"}:
        return
    width, height = picture.size
    small = max(1, width // 2), max(1, height // 2)
    mask = Image.new("L", small)
    draw = ImageDraw.Draw(mask)
    chance = np.random.default_rng((Digest(seed_of_shot(shot)).number("weather"), take))
    slant = 0.30 if shot.weather == "storm" else 0.10
    for x, y, near in chance.random((54, 3)).tolist():
        at = (x * 1.2 * small[0], (y * 1.1 - 0.05) * small[1])
        if shot.weather == "snow":
            radius = (0.003 + 0.006 * near) * small[1]
            draw.ellipse([at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius], fill=round(90 + 100 * near))
            continue
        long = (0.05 + 0.09 * near) * small[1]
        end = (at[0] - slant * long, at[1] + long)
        draw.line([at, end], fill=round(34 + 46 * near), width=max(1, round(0.0022 * small[1])))
    soft = mask.filter(ImageFilter.GaussianBlur(small[1] * (0.0026 if shot.weather == "snow" else 0.0007)))
    picture.paste(lighter(light.key, 0.5), (0, 0), soft.resize((width, height), Image.Resampling.BILINEAR))


@lru_cache(maxsize=4)
def _vignette_mask(width: int, height: int) -> Image.Image:
    small = Image.new("L", (96, 96))
    pixels = [
        round(76 * max(0.0, ((x - 47.5) ** 2 + (y - 47.5) ** 2) / (2 * 47.5**2) - 0.25) ** 1.3)
        for y in range(96)
        for x in range(96)
    ]
    small.putdata(pixels)
    return small.resize((width, height), Image.Resampling.BICUBIC)


def _vignette(picture: Image.Image) -> None:
    """Darker corners, also over the figures."""
    picture.paste((6, 5, 16), (0, 0), _vignette_mask(*picture.size))
