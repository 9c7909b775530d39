"""A whole figure on its own layer, lit by the place it stands in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

from clash.local.figures.arms import draw_arm
from clash.local.figures.body import Body, draw_legs, draw_neck, sitting_sole
from clash.local.figures.canvas import Canvas, Colour, Point, luminance, mix
from clash.local.figures.clothes import (
    draw_cloak,
    draw_neckwear,
    draw_torso,
    draw_torso_from_behind,
)
from clash.local.figures.creature import SITTING_HEADS, draw_animal, draw_robot_head
from clash.local.figures.face import Expression, Head
from clash.local.figures.hair import draw_hair_behind
from clash.local.figures.head import draw_head, draw_head_from_behind
from clash.local.figures.look import Look
from clash.local.figures.pose import Pose
from clash.story.screenplay import Angle

MOST_SAMPLES = 9_000_000
LAMPLIGHT: Colour = (255, 206, 124)


@dataclass(frozen=True)
class Light:
    """The light of a place: the colour of its key and of its shadows, and the side (-1 left, +1 right)."""

    key: Colour
    ambient: Colour
    side: float


@dataclass(frozen=True)
class Stance:
    """How a figure is put into a picture."""

    turn: float
    """Yaw of the head in radians; positive looks to the right of the picture."""
    pose: Pose
    mood: Expression
    behind: bool = False
    """Seen from behind."""


# How much shorter and how much broader downward (per head) a figure is seen from below or above.
_SQUASH: Mapping[Angle, tuple[float, float]] = {"low": (1.0, 0.022), "high": (0.93, -0.028), "overhead": (0.84, -0.05)}
_CHIN = 0.4
"""What is below this height (heads from the middle of the head) is seen shorter from above."""


@dataclass(frozen=True)
class Drawn:
    """A finished layer: RGBA, and the lights that somebody carries, each as x, y, radius in pixels."""

    image: Image.Image
    glows: tuple[tuple[float, float, float], ...] = ()

    def onto(self, picture: Image.Image, at: tuple[int, int], light: Light) -> None:
        """Puts the layer into `picture`; a carried light shines the more, the darker the place is."""
        picture.paste(self.image, at, self.image)
        strength = 235 - 215 * luminance(mix(light.key, light.ambient, 0.5))
        halo = Image.radial_gradient("L").point([round(max(0.0, 1 - v / 182) ** 2.2 * strength) for v in range(256)])
        for x, y, radius in self.glows:
            across = max(2, round(2 * radius))
            place = (round(at[0] + x - across / 2), round(at[1] + y - across / 2))
            picture.paste(LAMPLIGHT, place, halo.resize((across, across), Image.Resampling.BILINEAR))


def feet_of(look: Look, pose: Pose, angle: Angle = "eye_level") -> float:
    """How far below the middle of its head a figure stands, in heads, as seen from `angle`."""
    body = Body(look, 0.0)
    if look.kind not in {"human", "robot"}:
        feet = SITTING_HEADS
    else:
        feet = sitting_sole(body) if pose.legs == "sitting" else body.sole
    return _CHIN + (feet - _CHIN) * _SQUASH.get(angle, (1.0, 0.0))[0]


def figure_layer(
    look: Look,
    stance: Stance,
    *,
    size: tuple[int, int],
    head: Point,
    unit: float,
    light: Light,
    angle: Angle = "eye_level",
    roll: float = 0.0,
    coarse: bool = False,
) -> Drawn:
    """A layer of `size` pixels with the figure; its head's middle at `head`, one head `unit` pixels tall.

    `angle` is from where one looks, `roll` how the camera is tilted (radians, clockwise); `coarse` is for what
    will be blurred or dark anyhow.
    """
    sampling = 1 if coarse else 3 if size[0] * size[1] * 9 <= MOST_SAMPLES else 2
    canvas = Canvas(
        size[0],
        size[1],
        origin=head,
        unit=unit,
        light=light.side,
        sampling=sampling,
        warp=_warp(look, stance, angle, roll),
    )
    lowest = (size[1] - head[1]) / unit + abs(roll) * 3
    _draw(canvas, look, stance, legs=lowest > Body(look, 0.0).y(2.2))
    return drawn(canvas, unit, light)


def _warp(look: Look, stance: Stance, angle: Angle, roll: float) -> Callable[[Point], Point] | None:
    """The lean of the pose, the height of the camera, and its roll."""
    lean = stance.pose.lean * (1.0 if stance.turn >= 0 else -1.0)
    squash, taper = _SQUASH.get(angle, (1.0, 0.0))
    if abs(lean) < 1e-6 and taper == 0.0 and roll == 0.0:
        return None
    hips = Body(look, 0.0).hips[1]
    cos, sin = math.cos(roll), math.sin(roll)

    def warp(point: Point) -> Point:
        x, y = point
        share = min(max(y / hips, 0.0), 1.0)
        x -= lean * 1.6 * share * share * (3 - 2 * share)
        if y > _CHIN:
            x *= 1 + taper * (y - _CHIN)
            y = _CHIN + (y - _CHIN) * squash
        return x * cos - y * sin, x * sin + y * cos

    return warp


def _draw(canvas: Canvas, look: Look, stance: Stance, *, legs: bool) -> None:
    if look.kind not in {"human", "robot"}:
        draw_animal(canvas, look, stance.turn, stance.mood)
        return
    way = 1.0 if stance.turn >= 0 else -1.0
    pose = stance.pose
    head = Head(look, stance.turn)
    seated = pose.legs == "sitting"
    body = Body(look, stance.turn * 0.6, seated)
    tilt = pose.tilt * way
    nod = abs(pose.tilt) * 0.25
    if not stance.behind and look.human:
        canvas.at(0.0, nod, tilt=tilt)
        draw_hair_behind(canvas, head)
        canvas.at(0.0, 0.0)
    if look.garment == "cloak":
        draw_cloak(canvas, body)
    if legs and not seated:
        draw_legs(canvas, body, pose.legs, way)
    if stance.behind:
        torso = draw_torso_from_behind(canvas, body)
        for side in (-1.0, 1.0):
            draw_arm(canvas, body, pose.far, side, torso)
        canvas.at(0.0, nod, tilt=tilt)
        if look.human:
            draw_head_from_behind(canvas, head)
        else:
            draw_robot_head(canvas, head, stance.mood, behind=True)
        canvas.at(0.0, 0.0)
        return
    draw_neck(canvas, body)
    torso = draw_torso(canvas, body)
    draw_neckwear(canvas, body)
    if legs and seated:
        draw_legs(canvas, body, pose.legs, way)
    over_the_face = pose.name in {"shielding", "thinking"}
    if not over_the_face:
        _arms(canvas, body, pose, torso, way)
    canvas.at(0.0, nod, tilt=tilt)
    if look.human:
        draw_head(canvas, head, stance.mood)
    else:
        draw_robot_head(canvas, head, stance.mood)
    canvas.at(0.0, 0.0)
    if over_the_face:
        _arms(canvas, body, pose, torso, way)


def _arms(canvas: Canvas, body: Body, pose: Pose, torso: list[Point], way: float) -> None:
    draw_arm(canvas, body, pose.far, -way, torso)
    draw_arm(canvas, body, pose.near, way, torso, pose.prop)


def drawn(canvas: Canvas, unit: float, light: Light) -> Drawn:
    """What is on the canvas, in the light of its place. The canvas is released: it takes more memory than the layer."""
    layer = canvas.layer()
    canvas.release()
    return Drawn(lit(layer, unit, light), tuple(canvas.glows))


def lit(layer: Image.Image, unit: float, light: Light) -> Image.Image:
    """The layer in the light of its place: tinted by the ambience, a soft dark side, a thin rim on the lit side."""
    alpha = layer.getchannel("A")
    colours = _graded(layer.convert("RGB"), light)
    away = round(unit * 0.42)
    core = ImageChops.offset(alpha, round(light.side * away * 1.2), round(-unit * 0.06))
    dark = _softened(ImageChops.subtract(alpha, core), unit * 0.16)
    deep = mix(light.ambient, (10, 8, 26), 0.72)
    _laid(colours, deep, dark, 0.36, alpha)
    thin = max(1, round(unit * 0.012))
    shifted = ImageChops.offset(alpha, round(-light.side * thin * 1.5), thin)
    rim = _blurred(ImageChops.subtract(alpha, shifted), max(0.5, unit * 0.0025))
    _laid(colours, mix(light.key, (255, 252, 244), 0.25), rim, 0.55, alpha)
    colours.putalpha(alpha)
    return colours


def _laid(colours: Image.Image, colour: Colour, mask: Image.Image, strength: float, alpha: Image.Image) -> None:
    """Lay a colour over what is drawn, at the mask's strength."""
    if (box := alpha.getbbox()) is not None:
        shown = mask.crop(box).point([round(v * strength) for v in range(256)])
        colours.paste(colour, box, ImageChops.multiply(shown, alpha.crop(box)))


def _blurred(mask: Image.Image, radius: float) -> Image.Image:
    """Blur what is in the mask: around it is nothing to blur."""
    if (box := mask.getbbox()) is None:
        return mask
    reach = 4 * math.ceil(radius) + 8
    around = (box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach)
    within = max(0, around[0]), max(0, around[1]), min(mask.width, around[2]), min(mask.height, around[3])
    blurred = Image.new("L", mask.size)
    blurred.paste(mask.crop(within).filter(ImageFilter.GaussianBlur(radius)), within)
    return blurred


def _graded(colours: Image.Image, light: Light) -> Image.Image:
    """Multiplied by a soft version of the light, so that the figure belongs to the place."""
    sum_of = mix(light.key, light.ambient, 0.45)
    brightest = max(sum_of)
    tables: list[int] = []
    strength = 0.42
    for part in sum_of:
        gain = (1 - strength) + strength * part / max(brightest, 1) * (0.45 + 0.55 * min(1.0, brightest / 215))
        tables += [min(255, round(v * gain)) for v in range(256)]
    return colours.point(tables)


def _softened(mask: Image.Image, radius: float) -> Image.Image:
    """A large blur, made on a small copy."""
    factor = max(1, math.floor(radius / 4))
    if factor == 1:
        return mask.filter(ImageFilter.GaussianBlur(radius))
    small = mask.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(mask.size, Image.Resampling.BILINEAR)
