"""Inserts: one thing that fills the frame, in a hand, standing on a table, or lying on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

from clash.local.figures.arms import draw_hand
from clash.local.figures.canvas import (
    Canvas,
    Colour,
    Point,
    darker,
    lighter,
    luminance,
    mix,
    moved,
    tube,
)
from clash.local.figures.figure import Light, drawn
from clash.local.figures.look import Look, look_of, trim_of
from clash.local.figures.props import FLAT, draw_thing, foot_of, height_of
from clash.story.screenplay import Character

WOOD: Colour = (134, 96, 68)
MIDDLE = 0.40
"""Where the middle of the thing is, as a share of the height; captions are laid over the lower third."""


def draw_insert(
    picture: Image.Image, thing: str, holder: Character | None, light: Light, *, nearer: float = 1.0
) -> None:
    """Draws `thing` over `picture`: in the hand of `holder`, else on a table.

    `nearer` magnifies it; above 1 its ends may leave the frame.
    """
    width, height = picture.size
    unit = min(height * 0.60, width * 0.66) * nearer
    held = holder is not None and look_of(holder).kind in {"human", "robot"}
    lying = not held and thing in FLAT
    scale = min(1.12 if lying else 1.0, 0.58 / height_of(thing))
    if lying:
        _desk(picture, light)
    elif not held:
        _table(picture, height * MIDDLE + unit * scale * foot_of(thing), unit, light)
    canvas = Canvas(width, height, origin=(width / 2, height * MIDDLE), unit=unit, light=light.side)
    if held and holder is not None:
        _in_hand(canvas, look_of(holder), thing)
    else:
        canvas.at(0.0, 0.0, tilt=-0.13 if lying else 0.0, scale=scale)
        draw_thing(canvas, thing)
    layer = drawn(canvas, unit, light)
    if lying:
        _drop_shadow(picture, layer.image, unit, light)
    layer.onto(picture, (0, 0), light)


def _wood(light: Light) -> Colour:
    """Wood in the light of the place."""
    bright = 0.35 + 0.65 * luminance(mix(light.key, light.ambient, 0.4))
    red, green, blue = mix(WOOD, light.ambient, 0.16)
    return round(red * bright), round(green * bright), round(blue * bright)


def _desk(picture: Image.Image, light: Light) -> None:
    """A table seen from above: broad boards across the frame, lighter on the side of the light."""
    width, height = picture.size
    wood = _wood(light)
    draw = ImageDraw.Draw(picture)
    boards = 5
    for board in range(boards):
        top, bottom = round(height * board / boards), round(height * (board + 1) / boards)
        tone = (darker(wood, 0.06), lighter(wood, 0.05), darker(wood, 0.02), lighter(wood, 0.02), darker(wood, 0.09))[
            board
        ]
        draw.rectangle([0, top, width, bottom], fill=tone)
        for vein in range(4):
            y = top + (bottom - top) * (0.18 + 0.21 * vein)
            sway = height * 0.006 * (1 if (board + vein) % 2 else -1)
            points = [(width * k / 12, y + sway * math.sin(k * 0.9 + board * 2 + vein)) for k in range(13)]
            draw.line(points, fill=darker(tone, 0.12), width=max(1, round(height * 0.0022)))
        draw.rectangle([0, bottom - max(1, round(height * 0.004)), width, bottom], fill=darker(wood, 0.42))
    across = Image.linear_gradient("L").rotate(90 if light.side < 0 else -90).resize((width, height))
    picture.paste(darker(wood, 0.75), (0, 0), across.point([round(v * 0.55) for v in range(256)]))


def _table(picture: Image.Image, foot: float, unit: float, light: Light) -> None:
    """The top of a table seen from the side, and the shadow of what stands on it."""
    width, height = picture.size
    wood = _wood(light)
    back = round(foot - unit * 0.11)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, back, width, height], fill=darker(wood, 0.1))
    draw.rectangle([0, back, width, back + max(1, round(height * 0.005))], fill=lighter(wood, 0.2))
    fall = Image.linear_gradient("L").resize((width, max(1, height - back)))
    picture.paste(darker(wood, 0.7), (0, back), fall.point([round(v * 0.8) for v in range(256)]))
    mask = Image.new("L", (max(1, width // 4), max(1, height // 4)))
    cx, cy, rx, ry = (width / 2 - light.side * unit * 0.12) / 4, foot / 4, unit * 0.115, unit * 0.014
    ImageDraw.Draw(mask).ellipse([cx - rx, cy - ry, cx + rx, cy + ry], fill=190)
    soft = mask.filter(ImageFilter.GaussianBlur(max(0.8, unit * 0.006)))
    picture.paste((8, 6, 14), (0, 0), soft.resize((width, height), Image.Resampling.BILINEAR))


def _drop_shadow(picture: Image.Image, layer: Image.Image, unit: float, light: Light) -> None:
    """The shadow of a thing that lies flat, away from the light."""
    quarter = (max(1, layer.width // 4), max(1, layer.height // 4))
    mask = layer.getchannel("A").resize(quarter, Image.Resampling.BOX)
    mask = mask.filter(ImageFilter.GaussianBlur(max(0.8, unit * 0.004))).point([round(v * 0.55) for v in range(256)])
    away = (round(-light.side * unit * 0.03), round(unit * 0.035))
    picture.paste((8, 6, 14), away, mask.resize(layer.size, Image.Resampling.BILINEAR))


def _in_hand(canvas: Canvas, look: Look, thing: str) -> None:
    """The thing in a hand that comes in from below, on the side away from the light."""
    side = -canvas.light
    wrist: Point = (side * 0.36, 0.52)
    aim = math.atan2(-0.62, -side * 0.62)
    across = aim + math.pi / 2
    sleeve = tube([wrist, (side * 0.95, 1.5)], (0.21, 0.30))
    canvas.form(sleeve, look.cloth, depth=0.12)
    draw_hand(canvas, _off(wrist, aim, 0.03), aim, side, "fist", look.skin, 1.35)
    cuff = [
        _off(_off(wrist, across, sign * 0.235), aim, along)
        for sign, along in ((1, -0.12), (1, 0.08), (-1, 0.08), (-1, -0.12))
    ]
    canvas.form(cuff, trim_of(look.cloth), depth=0.06)
    draw_thing(canvas, thing)
    canvas.at(0.0, 0.0)
    for index in range(4):
        middle = _off(_off(wrist, aim, 0.30), across, (index - 1.5) * 0.088)
        finger = tube([_off(middle, aim, -0.10), _off(middle, aim, 0.07)], (0.05, 0.046))
        canvas.fill(moved(finger, 0.008, 0.012), darker(look.skin, 0.4))
        canvas.form(finger, darker(look.skin, 0.04), depth=0.02, shade=0.2)


def draw_hands(picture: Image.Image, cast: Sequence[Character], light: Light) -> None:
    """Two hands that meet over a table, those of the first two who have any, else one person's own."""
    width, height = picture.size
    unit = min(height * 0.52, width * 0.42)
    looks = [look for look in map(look_of, cast) if look.kind in {"human", "robot"}]
    if not looks:
        return
    _desk(picture, light)
    canvas = Canvas(width, height, origin=(width / 2, height * MIDDLE), unit=unit, light=light.side)
    below, above = looks[-1] if len(looks) > 1 else looks[0], looks[0]
    _arm_on_table(canvas, below, 1.0, 0.12)
    _arm_on_table(canvas, above, -1.0, -0.06)
    layer = drawn(canvas, unit, light)
    _drop_shadow(picture, layer.image, unit, light)
    layer.onto(picture, (0, 0), light)


def _arm_on_table(canvas: Canvas, look: Look, side: float, dy: float) -> None:
    """A forearm that comes in from `side` (+1 right), its hand at rest over the middle."""
    size = 1.75 * (0.84 if look.age == "child" else 1.0)
    wrist: Point = (side * 0.52, 0.10 + dy)
    aim = math.atan2(-0.10, -side)
    draw_hand(canvas, wrist, aim, side, "relaxed", look.skin, size)
    canvas.form(tube([_off(wrist, aim, -0.05), (side * 2.6, 0.62 + dy)], (0.20, 0.36)), look.cloth, depth=0.12)
    across = aim + math.pi / 2
    corners = ((1, -0.16), (1, 0.05), (-1, 0.05), (-1, -0.16))
    cuff = [_off(_off(wrist, across, sign * 0.225), aim, along) for sign, along in corners]
    canvas.form(cuff, trim_of(look.cloth), depth=0.06)


def _off(point: Point, angle: float, distance: float) -> Point:
    return point[0] + distance * math.cos(angle), point[1] + distance * math.sin(angle)
