"""Animals, robots and beings without a drawing of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clash.local.figures.canvas import (
    Canvas,
    Colour,
    Points,
    darker,
    ellipse,
    lighter,
    luminance,
    mirrored,
    mix,
    moved,
    ring,
    rounded,
    smooth,
    tube,
)
from clash.local.figures.face import INK, Expression, Head
from clash.local.figures.look import Look
from clash.local.figures.told import UNKNOWN_BEING

SITTING_HEADS = 2.15
"""How far below the middle of its head an animal sits, in heads."""


_PLAIN: Colour = (58, 58, 70)


@dataclass(frozen=True)
class _Beast:
    """What tells one kind from another. Lengths in heads."""

    ears: str
    muzzle: float
    """How long the muzzle is, 0 to 1."""
    patch: bool
    """Whether cheeks and chest are white."""
    tail: float
    """How thick the tail is."""


_BEASTS: Mapping[str, _Beast] = {
    "cat": _Beast("pointed", 0.2, False, 0.09),
    "fox": _Beast("pointed", 0.8, True, 0.22),
    "wolf": _Beast("pointed", 0.8, True, 0.18),
    "dog": _Beast("floppy", 0.75, False, 0.11),
    "bear": _Beast("round", 0.6, False, 0.08),
    "rabbit": _Beast("long", 0.15, False, 0.13),
    "mouse": _Beast("wide", 0.5, False, 0.035),
}


def draw_animal(canvas: Canvas, look: Look, turn: float, mood: Expression) -> None:
    """Draw a sitting animal about the middle of its head; a plain shape for one that there is no drawing of."""
    if look.kind == UNKNOWN_BEING:
        _shape(canvas)
        return
    if look.kind == "bird":
        _bird(canvas, look, turn, mood)
        return
    beast = _BEASTS[look.kind]
    way = 1.0 if turn >= 0 else -1.0
    fur = look.hair
    pale = lighter(mix(fur, (250, 240, 224), 0.62), 0.1)
    _sitting_body(canvas, look, beast, way, pale)
    if look.scarf is not None:
        band = smooth([(-0.40, 0.34), (0.0, 0.48), (0.40, 0.34), (0.44, 0.52), (0.0, 0.70), (-0.44, 0.52)])
        canvas.form(band, look.scarf, depth=0.12)
        canvas.form(
            [(way * 0.08, 0.58), (way * 0.28, 0.56), (way * 0.34, 1.06), (way * 0.12, 1.10)],
            darker(look.scarf, 0.14),
            depth=0.05,
        )
    _animal_head(canvas, look, beast, turn, mood, pale)


def _shape(canvas: Canvas) -> None:
    """The silhouette of somebody who is not drawn: upright, without a face, of no kind."""
    half = [(0.30, -0.36), (0.44, 0.10), (0.56, 0.80), (0.62, 1.50), (0.56, SITTING_HEADS - 0.06)]
    body = smooth([(0.0, -0.52), *half, (0.0, SITTING_HEADS), *mirrored(half)])
    canvas.form(body, _PLAIN, depth=0.10, shade=0.22)


def _sitting_body(canvas: Canvas, look: Look, beast: _Beast, way: float, pale: Colour) -> None:
    fur, floor = look.hair, SITTING_HEADS
    tail = [
        (-way * 0.42, floor - 0.16),
        (-way * 0.86, floor - 0.14),
        (-way * 1.04, floor - 0.52),
        (-way * 0.90, floor - 0.86),
    ]
    canvas.form(tube(tail, (beast.tail * 0.7, beast.tail, beast.tail * 1.05, beast.tail * 0.3)), fur, depth=0.06)
    if beast.patch:
        canvas.fill(tube(tail[2:], (beast.tail * 0.95, beast.tail * 0.3)), pale)
    half = [(0.22, 0.22), (0.36, 0.52), (0.46, 0.98), (0.62, 1.42), (0.64, 1.86), (0.52, floor - 0.02)]
    body = smooth([*half, (0.0, floor), *mirrored(half)])
    canvas.form(body, fur, depth=0.24, shade=0.26)
    chest = smooth([(-0.22, 0.36), (0.22, 0.36), (0.26, 0.86), (0.0, 1.30), (-0.26, 0.86)])
    canvas.within(body, moved(chest, way * 0.05, 0.0), pale, 0.95 if beast.patch else 0.55)
    for side in (-way, way):
        leg = tube(
            [
                (side * 0.17 + way * 0.04, 1.0),
                (side * 0.18 + way * 0.05, 1.60),
                (side * 0.19 + way * 0.06, floor - 0.10),
            ],
            (0.155, 0.115, 0.11),
        )
        canvas.form(leg, fur if side == way else darker(fur, 0.1), depth=0.06, shade=0.2)
        paw = ellipse(side * 0.20 + way * 0.09, floor - 0.08, 0.155, 0.085)
        canvas.form(paw, pale if beast.patch or look.kind == "cat" else fur, depth=0.05)
        haunch = smooth(
            [
                (side * 0.40, 1.40),
                (side * 0.68, 1.62),
                (side * 0.70, 2.0),
                (side * 0.46, floor - 0.02),
                (side * 0.34, 1.86),
            ]
        )
        canvas.fill(haunch, darker(fur, 0.12))


def _animal_head(canvas: Canvas, look: Look, beast: _Beast, turn: float, mood: Expression, pale: Colour) -> None:
    fur, sway = look.hair, math.sin(turn)
    for side in (-1.0, 1.0):
        _ear(canvas, beast.ears, side, sway, fur)
    cheek = 0.50 if beast.patch or look.kind == "cat" else 0.44
    half = [(0.14, -0.40), (0.34, -0.30), (0.43, -0.05), (cheek, 0.16), (0.33, 0.33), (0.14, 0.44)]
    face = smooth([*half, *mirrored(half)])
    canvas.form(face, fur, depth=0.13, shade=0.22)
    middle = 0.20 * sway
    if beast.patch:
        for side in (-1.0, 1.0):
            mask = smooth(
                [(middle, 0.20), (middle + side * 0.20, 0.02), (side * 0.52, 0.06), (side * 0.52, 0.5), (middle, 0.5)]
            )
            canvas.within(face, mask, pale)
    long = 0.07 + 0.10 * beast.muzzle
    muzzle = ellipse(middle * 1.25, 0.22, 0.15 + 0.03 * beast.muzzle, 0.10 + 0.04 * beast.muzzle)
    canvas.within(face, muzzle, pale, 1.0)
    for side in (-1.0, 1.0):
        _animal_eye(canvas, middle + side * 0.20, side, mood, look.eyes)
    nose_x, nose_y = middle * 1.25 + long * sway * 0.6, 0.155
    _animal_mouth(canvas, nose_x, nose_y, mood)
    nose = smooth(
        [
            (nose_x - 0.062, nose_y - 0.03),
            (nose_x + 0.062, nose_y - 0.03),
            (nose_x + 0.03, nose_y + 0.028),
            (nose_x, nose_y + 0.042),
            (nose_x - 0.03, nose_y + 0.028),
        ]
    )
    canvas.fill(nose, (212, 120, 118) if look.kind in {"cat", "rabbit", "mouse"} else INK)
    if look.kind in {"cat", "rabbit", "mouse"} and canvas.fine(60):
        for side in (-1.0, 1.0):
            for k in (-1, 0, 1):
                hair = [(nose_x + side * 0.13, 0.215 + 0.025 * k), (nose_x + side * 0.36, 0.20 + 0.055 * k)]
                canvas.fill(
                    tube(hair, (0.0045, 0.002)), lighter(fur, 0.7) if luminance(fur) < 0.55 else darker(fur, 0.5), 0.75
                )


def _ear(canvas: Canvas, kind: str, side: float, sway: float, fur: Colour) -> None:
    inside = mix(fur, (216, 140, 132), 0.5)
    x = side * 0.27 - 0.05 * sway
    if kind == "pointed":
        outer = smooth(
            [
                (x - side * 0.17, -0.27),
                (x - side * 0.17, -0.27),
                (x + side * 0.10, -0.72),
                (x + side * 0.10, -0.72),
                (x + side * 0.17, -0.12),
                (x + side * 0.17, -0.12),
            ]
        )
        inner = [(x - side * 0.07, -0.30), (x + side * 0.085, -0.60), (x + side * 0.115, -0.20)]
    elif kind == "floppy":
        outer = smooth(
            [
                (x - side * 0.06, -0.36),
                (x + side * 0.14, -0.36),
                (x + side * 0.30, -0.05),
                (x + side * 0.26, 0.30),
                (x + side * 0.12, 0.24),
                (x + side * 0.07, -0.05),
            ]
        )
        canvas.form(outer, darker(fur, 0.28), depth=0.05)
        return
    elif kind == "round":
        outer, inner = ellipse(x + side * 0.06, -0.34, 0.15, 0.15), ellipse(x + side * 0.06, -0.33, 0.085, 0.085)
    elif kind == "wide":
        outer, inner = ellipse(x + side * 0.12, -0.36, 0.24, 0.24), ellipse(x + side * 0.12, -0.35, 0.16, 0.16)
    else:
        tilt = side * 0.16
        outer = ellipse(x * 0.72 + side * 0.06, -0.74, 0.105, 0.42, tilt=tilt)
        inner = ellipse(x * 0.72 + side * 0.06, -0.72, 0.055, 0.33, tilt=tilt)
    canvas.form(outer, fur, depth=0.04)
    canvas.fill(inner, inside)


def _animal_eye(canvas: Canvas, x: float, side: float, mood: Expression, iris: Colour) -> None:
    y, tall = -0.015, 0.082 * mood.eyes
    if mood.eyes < 0.15:
        canvas.fill(tube([(x - 0.07, y), (x, y + 0.035), (x + 0.07, y)], (0.006, 0.012, 0.006)), INK)
        return
    eye = ellipse(x, y, 0.068, tall)
    canvas.fill(ellipse(x, y, 0.077, tall + 0.010), INK)
    canvas.fill(eye, mix((216, 176, 84), iris, 0.25))
    canvas.within(eye, ellipse(x + 0.018 * mood.gaze, y + 0.004, 0.040, 0.060), INK)
    canvas.fill(ellipse(x + 0.018 * mood.gaze + 0.016 * canvas.light, y - 0.026, 0.015, 0.016), (255, 253, 248))
    if abs(mood.frown) > 0.3 or mood.brow > 0.5:
        inner = 0.045 * mood.frown
        brow = [
            (x - side * 0.075, y - 0.115 + inner - 0.02 * mood.brow),
            (x + side * 0.075, y - 0.125 - inner * 0.4 - 0.02 * mood.brow),
        ]
        canvas.fill(tube(brow, (0.014, 0.008)), INK, 0.8)


def _animal_mouth(canvas: Canvas, x: float, y: float, mood: Expression) -> None:
    low = y + 0.115
    if mood.mouth > 0.1:
        drop = 0.05 + 0.10 * mood.mouth
        opening = smooth(
            [
                (x - 0.075, low - 0.012),
                (x - 0.075, low - 0.012),
                (x, low + 0.012),
                (x + 0.075, low - 0.012),
                (x + 0.075, low - 0.012),
                (x, low + drop),
            ]
        )
        canvas.fill(opening, (96, 34, 42))
        canvas.within(opening, ellipse(x, low + drop, 0.05, drop * 0.55), (206, 104, 104))
    canvas.fill(tube([(x, y + 0.03), (x, low)], (0.007, 0.007)), INK)
    lift = 0.022 * mood.smile
    for side in (-1.0, 1.0):
        curl = [(x, low), (x + side * 0.055, low + 0.022), (x + side * 0.105, low - 0.004 - lift)]
        canvas.fill(tube(curl, (0.007, 0.008, 0.004)), INK)


def _bird(canvas: Canvas, look: Look, turn: float, mood: Expression) -> None:
    way = 1.0 if turn >= 0 else -1.0
    coat, floor = look.hair, SITTING_HEADS
    pale = mix(coat, (250, 240, 224), 0.7)
    for side in (-0.14, 0.16):
        canvas.fill(tube([(side, 1.6), (side + 0.02 * way, floor - 0.04)], (0.035, 0.03)), (206, 142, 64))
        canvas.fill(
            tube([(side - 0.10, floor - 0.03), (side + 0.14 * way, floor - 0.03)], (0.03, 0.03)), (206, 142, 64)
        )
    tail = [(-way * 0.30, 1.30), (-way * 0.98, 1.86), (-way * 0.80, 1.98), (-way * 0.22, 1.66)]
    canvas.form(tail, darker(coat, 0.25), depth=0.04)
    body = smooth(
        [
            (0.0, -0.42),
            (0.34, -0.26),
            (0.40, 0.06),
            (0.50, 0.62),
            (0.56, 1.14),
            (0.34, 1.64),
            (-0.06, 1.76),
            (-0.44, 1.52),
            (-0.56, 1.02),
            (-0.44, 0.46),
            (-0.38, 0.0),
            (-0.30, -0.28),
        ]
    )
    canvas.form(body, coat, depth=0.2)
    canvas.within(body, ellipse(way * 0.20, 1.10, 0.38, 0.62), pale, 0.9)
    wing = smooth(
        [
            (-way * 0.16, 0.56),
            (-way * 0.52, 0.78),
            (-way * 0.70, 1.34),
            (-way * 0.62, 1.72),
            (-way * 0.24, 1.44),
            (-way * 0.04, 1.0),
        ]
    )
    canvas.form(wing, darker(coat, 0.22), depth=0.07)
    beak: Points = [(way * 0.30, -0.10), (way * 0.68, 0.05), (way * 0.30, 0.12)]
    if mood.mouth > 0.1:
        canvas.fill([(way * 0.28, 0.06), (way * 0.54, 0.20), (way * 0.26, 0.17)], (178, 112, 46))
    canvas.form(beak, (226, 160, 70), depth=0.02)
    x = way * 0.14
    if mood.eyes < 0.15:
        canvas.fill(tube([(x - 0.07, -0.08), (x, -0.04), (x + 0.07, -0.08)], (0.012, 0.014, 0.012)), INK)
        return
    canvas.fill(ellipse(x, -0.08, 0.088, 0.088 * mood.eyes), (250, 246, 238))
    canvas.fill(ellipse(x + 0.02 * mood.gaze, -0.08, 0.052, 0.055), INK)
    canvas.fill(ellipse(x + 0.02 * mood.gaze + 0.015 * canvas.light, -0.10, 0.018, 0.018), (255, 253, 248))


def draw_robot_head(canvas: Canvas, head: Head, mood: Expression, *, behind: bool = False) -> None:
    """A rounded case with a dark glass front, two lit eyes and a lit mouth."""
    metal, sway = head.look.hair, head.sway
    canvas.fill(tube([(0.0, -0.45), (0.0, -0.66)], (0.022, 0.016)), darker(metal, 0.4))
    canvas.form(ellipse(0.0, -0.70, 0.055, 0.055), (236, 116, 84), depth=0.02)
    for side in (-1, 1):
        canvas.form(ellipse(side * 0.42 - 0.03 * sway, 0.02, 0.075, 0.14), darker(metal, 0.25), depth=0.04)
    case = rounded(0.0, 0.0, 0.42, 0.44, 0.16)
    canvas.form(case, metal, depth=0.15, shade=0.28)
    if behind:
        for y in (-0.1, 0.0, 0.1):
            canvas.fill(tube([(-0.2, y), (0.2, y)], (0.016, 0.016)), darker(metal, 0.4))
        return
    x = 0.10 * sway
    glass = rounded(x, 0.01, 0.33, 0.29, 0.13)
    canvas.fill(glass, (30, 38, 54))
    canvas.within(glass, [(x - 0.4, -0.4), (x - 0.02, -0.4), (x - 0.26, 0.4), (x - 0.5, 0.4)], (70, 84, 104), 0.6)
    glow = (134, 232, 226) if mood.frown < 0.6 else (250, 148, 92)
    for side in (-1, 1):
        _robot_eye(canvas, x + side * 0.14 + 0.02 * mood.gaze, side, mood, glow)
    if mood.mouth > 0.08:
        canvas.fill(ellipse(x, 0.165, 0.075, 0.02 + 0.05 * mood.mouth), glow)
    else:
        curve = 0.04 * mood.smile
        canvas.fill(
            tube(
                [(x - 0.09, 0.165 - curve), (x, 0.165 + curve * 0.6), (x + 0.09, 0.165 - curve)], (0.011, 0.013, 0.011)
            ),
            glow,
        )


def _robot_eye(canvas: Canvas, x: float, side: int, mood: Expression, glow: Colour) -> None:
    if mood.eyes < 0.15:
        canvas.fill(tube([(x - 0.06, -0.03), (x + 0.06, -0.03)], (0.012, 0.012)), glow)
        return
    eye = ellipse(x, -0.04, 0.066, 0.078 * mood.eyes)
    canvas.fill(ellipse(x, -0.04, 0.09, 0.10 * mood.eyes), glow, 0.22)
    canvas.fill(eye, glow)
    canvas.fill(ellipse(x, -0.04, 0.026, 0.030), (240, 255, 252))
    if abs(mood.frown) > 0.3:
        slope = 0.05 * mood.frown
        lid = [
            (x - side * 0.11, -0.3),
            (x + side * 0.11, -0.3),
            (x + side * 0.11, -0.085 - slope),
            (x - side * 0.11, -0.085 + slope),
        ]
        canvas.within(eye, lid, (30, 38, 54))


def draw_plate(canvas: Canvas, torso: Points, middle: float, metal: Colour, y: Sequence[float]) -> None:
    """The front of a robot's trunk: a panel with lamps, a seam, bolts. `y`: heights of panel top, bottom, waist."""
    top, bottom, waist = y
    panel = rounded(middle, (top + bottom) / 2, 0.30, (bottom - top) / 2, 0.08)
    canvas.within(torso, [(x, py + 0.025) for x, py in panel], darker(metal, 0.5), 0.6)
    canvas.within(torso, panel, lighter(metal, 0.18))
    for index, colour in enumerate(((236, 116, 84), (236, 196, 92), (134, 232, 226))):
        canvas.within(torso, ellipse(middle - 0.15 + 0.15 * index, top + 0.16, 0.042, 0.042), colour)
    for row in range(3):
        at = top + 0.32 + 0.085 * row
        canvas.within(torso, tube([(middle - 0.2, at), (middle + 0.2, at)], (0.016, 0.016)), darker(metal, 0.3))
    canvas.within(torso, tube([(-1.2, waist), (1.2, waist)], (0.022, 0.022)), darker(metal, 0.45))
    for side in (-1, 1):
        bolt = ellipse(side * 0.50, top - 0.02, 0.035, 0.035)
        canvas.within(torso, bolt, darker(metal, 0.35))
        canvas.within(torso, ring(bolt, 0.006), lighter(metal, 0.3))
