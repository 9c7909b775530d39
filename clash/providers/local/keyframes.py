"""Keyframes: a place, its people or a thing in it, in one light."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from clash.providers.local.backdrops import draw_backdrop
from clash.providers.local.figures import words
from clash.providers.local.figures.arms import draw_hand
from clash.providers.local.figures.canvas import Canvas, darker, lighter, moved, tube
from clash.providers.local.figures.figure import Light, feet_of, figure_layer, lit
from clash.providers.local.figures.look import look_of, trim_of
from clash.providers.local.figures.props import draw_thing, thing_in
from clash.providers.local.staging import Frame, Player, focus_of, stage
from clash.story.screenplay import Character, Location, Shot

DUTCH = math.radians(5.0)
_FACES = "eyes|eye|face|tear|tears|gaze|stare|lips|smile|眼|脸|泪|目光|嘴"


def draw_keyframe(shot: Shot, location: Location, cast: Sequence[Character], width: int, height: int) -> Image.Image:
    """The picture of a shot, RGB, `width` x `height`; no letters in it."""
    backdrop = draw_backdrop(
        location,
        time=shot.time,
        weather=shot.weather,
        size=shot.size,
        angle=shot.angle,
        width=width,
        height=height,
        seed=location.slug,
    )
    picture = backdrop.image
    light = Light(backdrop.key_light, backdrop.ambient, float(backdrop.light_side))
    thing = _thing_of(shot, cast)
    if thing:
        _draw_insert(picture, thing, focus_of(shot, cast), light)
    else:
        for player in stage(shot, cast, Frame(width, height, backdrop.ground)):
            _put(picture, player, light, shot)
    _vignette(picture)
    return picture


def _thing_of(shot: Shot, cast: Sequence[Character]) -> str:
    """What fills the frame instead of people, or ""."""
    if shot.size == "insert":
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
    reach, above = 2.75 * player.unit, 1.05 * player.unit
    below = (feet_of(player.look, player.stance.pose) + 0.4) * player.unit if player.whole else height
    left, right = max(0, math.floor(x - reach)), min(width, math.ceil(x + reach))
    top, bottom = max(0, math.floor(y - above)), min(height, math.ceil(y + below))
    if left >= right or top >= bottom:
        return
    if player.whole and player.part != "silhouette":
        _contact_shadow(picture, player)
    layer = figure_layer(
        player.look,
        player.stance,
        size=(right - left, bottom - top),
        head=(x - left, y - top),
        unit=player.unit,
        light=light,
        whole=player.whole,
        angle=shot.angle,
        roll=roll,
        coarse=player.part != "player",
    )
    if player.part == "silhouette":
        layer = _silhouette(layer, light)
    elif player.part == "foreground":
        layer = _out_of_focus(layer, player.unit * 0.022)
    picture.paste(layer, (left, top), layer)


def _contact_shadow(picture: Image.Image, player: Player) -> None:
    """A soft shadow under the feet, so that nobody floats."""
    rx, ry = 0.95 * player.unit, 0.17 * player.unit
    foot = player.y + feet_of(player.look, player.stance.pose) * player.unit
    size = (math.ceil(rx * 2.8), math.ceil(ry * 3.6))
    mask = Image.new("L", size)
    box = (size[0] / 2 - rx, size[1] / 2 - ry, size[0] / 2 + rx, size[1] / 2 + ry)
    ImageDraw.Draw(mask).ellipse(box, fill=118)
    mask = mask.filter(ImageFilter.GaussianBlur(ry * 0.55))
    picture.paste((8, 8, 20), (round(player.x - size[0] / 2), round(foot - size[1] / 2)), mask)


def _silhouette(layer: Image.Image, light: Light) -> Image.Image:
    shape = Image.new("RGB", layer.size, darker(light.ambient, 0.55))
    shape.putalpha(layer.getchannel("A").point([round(v * 0.86) for v in range(256)]))
    return shape


def _out_of_focus(layer: Image.Image, radius: float) -> Image.Image:
    """Blurred as what is too near for the lens, and darker; made on a small copy."""
    factor = max(1, min(8, int(radius / 2)))
    small = layer.reduce(factor) if factor > 1 else layer
    shape = small.convert("RGBa").filter(ImageFilter.GaussianBlur(radius / factor)).convert("RGBA")
    alpha = shape.getchannel("A")
    dim = shape.convert("RGB").point([round(v * 0.62) for v in range(256)] * 3)
    dim.putalpha(alpha)
    return dim.resize(layer.size, Image.Resampling.BILINEAR) if factor > 1 else dim


def _draw_insert(picture: Image.Image, thing: str, holder: Character | None, light: Light) -> None:
    """A thing that fills the frame: in a hand, or on a table."""
    width, height = picture.size
    unit = min(height * 0.62, width * 0.66)
    canvas = Canvas(width, height, origin=(width / 2, height * 0.40), unit=unit, light=light.side, sampling=2)
    if holder is None:
        _table(picture, unit, light)
        draw_thing(canvas, thing)
    else:
        look = look_of(holder)
        side = -light.side
        wrist, elbow = (side * 0.36, 0.52), (side * 0.95, 1.5)
        aim = math.atan2(-0.62, -side * 0.62)
        canvas.fill(tube([wrist, elbow], (0.21, 0.30)), look.cloth)
        canvas.shade(tube([wrist, elbow], (0.21, 0.30)), darker(look.cloth, 0.3), 0.12)
        across = aim + math.pi / 2
        cuff = [
            (
                wrist[0] + sign * 0.235 * math.cos(across) + along * math.cos(aim),
                wrist[1] + sign * 0.235 * math.sin(across) + along * math.sin(aim),
            )
            for sign, along in ((1, -0.12), (1, 0.08), (-1, 0.08), (-1, -0.12))
        ]
        draw_hand(
            canvas,
            (wrist[0] + 0.03 * math.cos(aim), wrist[1] + 0.03 * math.sin(aim)),
            aim,
            side,
            "fist",
            look.skin,
            1.35,
        )
        canvas.form(cuff, trim_of(look.cloth), depth=0.06)
        draw_thing(canvas, thing)
        _holding_fingers(canvas, wrist, aim, look.skin)
    layer = lit(canvas.layer(), unit, light)
    picture.paste(layer, (0, 0), layer)


def _holding_fingers(canvas: Canvas, wrist: tuple[float, float], aim: float, skin: tuple[int, int, int]) -> None:
    across = aim + math.pi / 2
    for index in range(4):
        off = (index - 1.5) * 0.088
        x = wrist[0] + 0.30 * math.cos(aim) + off * math.cos(across)
        y = wrist[1] + 0.30 * math.sin(aim) + off * math.sin(across)
        finger = tube(
            [
                (x - 0.10 * math.cos(aim), y - 0.10 * math.sin(aim)),
                (x + 0.07 * math.cos(aim), y + 0.07 * math.sin(aim)),
            ],
            (0.05, 0.046),
        )
        canvas.fill(moved(finger, 0.008, 0.012), darker(skin, 0.4))
        canvas.form(finger, darker(skin, 0.04), depth=0.02, shade=0.2)


def _table(picture: Image.Image, unit: float, light: Light) -> None:
    """A plain table top for a thing to lie on, with its shadow."""
    width, height = picture.size
    edge = round(height * 0.40 + unit * 0.34)
    wood = darker((128, 92, 66), 0.25 + 0.35 * (1 - max(light.key) / 255))
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, edge, width, height], fill=wood)
    draw.rectangle([0, edge, width, edge + max(2, round(height * 0.006))], fill=lighter(wood, 0.12))
    mask = Image.new("L", (width // 4 or 1, height // 4 or 1))
    cx, cy = width / 8, (height * 0.40 + unit * 0.44) / 4
    ImageDraw.Draw(mask).ellipse([cx - unit * 0.11, cy - unit * 0.018, cx + unit * 0.11, cy + unit * 0.018], fill=150)
    mask = mask.filter(ImageFilter.GaussianBlur(max(1.0, unit * 0.006))).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    picture.paste((8, 6, 14), (0, 0), mask)


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
