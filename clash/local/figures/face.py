"""Faces: the shape of a head turned a little to one side, its features, and what they express."""

from __future__ import annotations

import math
from dataclasses import dataclass

from clash.local.figures.canvas import (
    Canvas,
    Colour,
    Points,
    darker,
    ellipse,
    lighter,
    luminance,
    mix,
    smooth,
    tube,
)
from clash.local.figures.look import Look

INK: Colour = (38, 26, 34)
EYE_LINE = 0.045
BROW_LINE = -0.085
NOSE_BASE = 0.205
MOUTH_LINE = 0.318


@dataclass(frozen=True)
class Expression:
    """What a face does. All are 0 at rest; brows up, smile and gaze right are positive, in shares of their range."""

    brow: float = 0.0
    """Raised (1) or lowered (-1)."""
    frown: float = 0.0
    """Inner ends of the brows down (1, anger) or up (-1, sorrow)."""
    smile: float = 0.2
    mouth: float = 0.0
    """Open, 0 to 1."""
    round: float = 0.0
    """The open mouth is round (1) rather than wide (0)."""
    eyes: float = 1.0
    """Open: 0 shut, 1 as usual, 1.35 wide."""
    teeth: bool = True
    blush: float = 0.35
    gaze: float = 0.0


EXPRESSIONS: dict[str, Expression] = {
    "neutral": Expression(),
    "happy": Expression(brow=0.35, frown=-0.15, smile=0.85, eyes=0.86, blush=0.7),
    "joyful": Expression(brow=0.5, frown=-0.15, smile=1.0, mouth=0.55, eyes=0.72, blush=0.85),
    "sad": Expression(brow=0.1, frown=-0.9, smile=-0.6, eyes=0.76, blush=0.2),
    "weeping": Expression(brow=0.1, frown=-1.1, smile=-0.8, eyes=0.5, mouth=0.18, round=0.3, blush=0.5),
    "angry": Expression(brow=-0.55, frown=1.0, smile=-0.5, eyes=0.86, blush=0.25),
    "afraid": Expression(brow=0.75, frown=-0.8, smile=-0.45, mouth=0.3, round=0.45, eyes=1.28, blush=0.0, teeth=False),
    "surprised": Expression(brow=1.0, smile=0.0, mouth=0.55, round=1.0, eyes=1.32, teeth=False),
    "determined": Expression(brow=-0.4, frown=0.55, smile=-0.08, eyes=0.9),
    "tender": Expression(brow=0.2, frown=-0.35, smile=0.5, eyes=0.84, blush=0.6),
    "tired": Expression(brow=-0.1, frown=-0.3, smile=-0.2, eyes=0.62, blush=0.1),
    "asleep": Expression(brow=0.05, frown=-0.1, smile=0.15, eyes=0.0),
}


@dataclass(frozen=True)
class Head:
    """The shape of one head, in heads about its middle. `turn` is its yaw in radians, right positive."""

    look: Look
    turn: float

    @property
    def width(self) -> float:
        """Half the width at the eyes."""
        return 0.372 if self.look.age == "child" else 0.352 if self.look.gender == "woman" else 0.36

    def x(self, angle: float, reach: float = 1.0) -> float:
        """Where a feature at `angle` (radians from the middle of the face) is seen."""
        return self.width * reach * math.sin(angle + self.turn)

    def breadth(self, angle: float) -> float:
        """How broad a feature at `angle` is seen, 0 to 1."""
        return max(0.25, math.cos(angle + self.turn))

    @property
    def sway(self) -> float:
        """How far the front of the face leans to the side it is turned to."""
        return math.sin(self.turn)

    def outline(self) -> Points:
        """The face from the crown round the chin."""
        look = self.look
        jaw = 0.235 + 0.07 * look.jaw + (0.025 if look.gender == "man" else -0.015)
        chin = 0.118 + 0.06 * look.jaw + (0.03 if look.gender == "man" else 0.0)
        low = 0.5
        if look.age == "child":
            jaw, chin, low = 0.262 + 0.02 * look.jaw, chin + 0.012, 0.47
        if look.build == "broad":
            jaw, chin = jaw + (0.012 if look.age == "child" else 0.03), chin + 0.02
        elif look.build == "slim":
            jaw -= 0.012
        w = self.width
        half = [
            (0.14, -0.477),
            (0.272, -0.392),
            (w - 0.005, -0.22),
            (w, 0.0),
            (w - 0.012, 0.13),
            (jaw + 0.035, 0.275),
            (jaw - 0.03, 0.385),
            (chin, low - 0.035),
            (chin * 0.45, low),
        ]
        right = [(x + self._lean(y, 1), y) for x, y in half]
        left = [(-x + self._lean(y, -1), y) for x, y in half]
        crown = (self._lean(-0.5, 1), -0.5)
        return smooth([crown, *right, *reversed(left)], steps=6)

    def _lean(self, y: float, side: int) -> float:
        """The face's outline leans to where the head is turned, the more the lower; the far cheek is flatter."""
        low = min(1.0, max(0.0, (y + 0.25) / 0.7))
        far = 1.0 if side * self.sway > 0 else 0.0
        return self.sway * (0.03 + 0.13 * low) - 0.055 * abs(self.sway) * side * far * math.sin(math.pi * low)


def draw_features(canvas: Canvas, head: Head, face: Points, mood: Expression) -> None:
    """Eyes, brows, nose, mouth, cheeks and the lines of age, within the outline `face`."""
    look = head.look
    _cheeks(canvas, head, face, mood)
    if look.age == "old":
        _lines_of_age(canvas, head, face)
    _nose(canvas, head, face)
    for side in (-1, 1):
        _eye(canvas, head, side, mood)
        _brow(canvas, head, side, mood)
    draw_mouth(canvas, head, mood)


def _cheeks(canvas: Canvas, head: Head, face: Points, mood: Expression) -> None:
    if mood.blush <= 0 or not canvas.fine(50):
        return
    colour = mix(head.look.skin, (214, 84, 74), 0.55)
    for side in (-1, 1):
        angle = side * 0.72
        spot = ellipse(head.x(angle, 0.92), 0.205, 0.082 * head.breadth(angle), 0.055)
        canvas.within(face, spot, colour, 0.16 + 0.3 * mood.blush)


def _lines_of_age(canvas: Canvas, head: Head, face: Points) -> None:
    colour = darker(mix(head.look.skin, (150, 80, 60), 0.25), 0.22)
    for side in (-1, 1):
        fold = [(head.x(side * a), y) for a, y in ((0.30, 0.20), (0.47, 0.26), (0.52, 0.335))]
        canvas.within(face, tube(fold, (0.004, 0.0095, 0.003)), colour, 0.8)
        bag = [(head.x(side * a), y) for a, y in ((0.24, 0.125), (0.46, 0.15), (0.66, 0.12))]
        canvas.within(face, tube(bag, (0.003, 0.007, 0.003)), colour, 0.55)
    for y in (-0.215, -0.265):
        line = [(head.x(a), y + 0.012 * abs(a)) for a in (-0.42, 0.0, 0.42)]
        canvas.within(face, tube(line, (0.002, 0.0065, 0.002)), colour, 0.5)


def _nose(canvas: Canvas, head: Head, face: Points) -> None:
    look, way = head.look, 1.0 if head.turn >= 0 else -1.0
    reach = 0.055 + 0.03 * look.nose - (0.02 if look.age == "child" else 0.0)
    size = 0.75 if look.age == "child" else 0.9 if look.gender == "woman" else 1.05
    bridge, tip = head.x(0.0), head.x(0.0) + way * reach * (0.6 + abs(head.sway))
    base = NOSE_BASE - (0.03 if look.age == "child" else 0.0) + 0.012 * look.nose
    side = -way if canvas.light * way > 0 else way
    # The plane of the nose that is turned from the light.
    plane = smooth(
        [
            (bridge + 0.012 * side, -0.03),
            (bridge + 0.5 * (tip - bridge) + 0.03 * side * size, 0.10),
            (tip + (0.052 if side != way else 0.012) * side * size, base - 0.02),
            (tip + 0.028 * side * size, base + 0.016),
            (tip, base + 0.012),
            (tip - 0.004 * way, base - 0.04),
            (bridge + 0.55 * (tip - bridge), 0.07),
        ]
    )
    shadow = darker(mix(look.skin, (190, 90, 70), 0.25), 0.16)
    canvas.within(face, plane, shadow, 0.62)
    under = [(tip - 0.058 * way * size, base + 0.004), (tip - 0.02 * way, base + 0.022), (tip + 0.016 * way, base)]
    canvas.within(face, tube(under, (0.005, 0.0115, 0.006)), darker(mix(look.skin, (150, 60, 50), 0.4), 0.3))


def _eye(canvas: Canvas, head: Head, side: int, mood: Expression) -> None:
    look = head.look
    angle = side * 0.43
    x, narrow = head.x(angle), head.breadth(angle)
    big = 1.16 if look.age == "child" else 1.04 if look.gender == "woman" else 0.94 if look.age != "old" else 0.86
    y = EYE_LINE + (0.025 if look.age == "child" else 0.0)
    rx, ry = 0.074 * big * (0.35 + 0.65 * narrow), 0.050 * big * mood.eyes
    if mood.eyes < 0.15:
        lid = [(x - rx, y + 0.005), (x, y + 0.035), (x + rx, y + 0.005)]
        canvas.fill(tube(lid, (0.006, 0.0125, 0.006)), INK)
        return
    outer, inner = x + side * rx, x - side * rx
    droop = -0.010 * mood.frown * 0.6 if mood.frown < 0 else 0.0
    upper = [
        (inner, y + 0.010),
        (x - side * rx * 0.45, y - ry * 0.82),
        (x + side * rx * 0.35, y - ry),
        (outer, y - 0.006 + droop),
    ]
    if mood.frown > 0.2:
        upper[1] = (upper[1][0], y - ry * (0.82 - 0.42 * mood.frown))
    lower = [(x + side * rx * 0.4, y + ry * 0.62), (x - side * rx * 0.4, y + ry * 0.66)]
    raised = 0.25 * max(0.0, mood.smile) * ry
    white = smooth(
        [upper[0], upper[0], *upper[1:3], upper[3], upper[3], *((px, py - raised) for px, py in lower)], steps=6
    )
    canvas.fill(white, mix((250, 246, 240), look.skin, 0.10))
    iris_x = x + 0.024 * mood.gaze + 0.010 * head.sway
    radius = 0.0425 * big
    iris_y = y - 0.004
    canvas.within(white, ellipse(iris_x, iris_y, radius * (0.55 + 0.45 * narrow), radius * 1.06), look.eyes)
    canvas.within(white, ellipse(iris_x, iris_y, radius * 0.56 * (0.55 + 0.45 * narrow), radius * 0.62), INK)
    canvas.within(white, [(px, py - 0.006) for px, py in _lid_shadow(upper, ry)], darker(look.skin, 0.45), 0.45)
    canvas.fill(ellipse(iris_x + 0.015 * canvas.light, iris_y - 0.016, 0.0115, 0.0125), (255, 253, 248))
    heavy = 0.0155 if look.gender == "woman" else 0.0125
    lash = list(upper)
    if look.gender == "woman" and look.age != "child":
        lash[-1] = (outer + side * 0.012 * narrow, y - 0.018 + droop)
    radii = [0.004, heavy * 0.8, heavy, heavy * 0.75, 0.003][: len(lash)]
    canvas.fill(tube(lash, radii), mix(INK, look.hair, 0.25 if luminance(look.hair) < 0.6 else 0.1))
    if canvas.fine(160):
        fold = [(px, py - 0.026 - 0.006 * (mood.eyes < 0.9)) for px, py in upper[:3]] + [(outer, y - 0.034 + droop)]
        canvas.fill(tube(fold, (0.002, 0.005, 0.005, 0.002)), darker(mix(look.skin, (160, 80, 70), 0.2), 0.28), 0.75)


def _lid_shadow(upper: Points, ry: float) -> Points:
    """The band of shadow that the upper lid throws on the eye."""
    below = [(x, y + 0.34 * ry) for x, y in reversed(upper[1:3])]
    return smooth([upper[0], *upper[1:3], upper[3], *below], steps=4)


def _brow(canvas: Canvas, head: Head, side: int, mood: Expression) -> None:
    look = head.look
    lift = -0.05 * mood.brow + (0.02 if look.age == "child" else 0.0)
    y = BROW_LINE + lift
    inner_drop, outer_drop = 0.042 * mood.frown, -0.012 * mood.frown
    closer = 0.04 * max(0.0, mood.frown)
    arch = 0.022 if look.gender == "woman" else 0.012
    spine = [
        (head.x(side * (0.19 - closer)), y - 0.002 + inner_drop),
        (head.x(side * 0.48), y - arch + 0.25 * inner_drop),
        (head.x(side * 0.72), y + 0.024 + outer_drop),
    ]
    heavy = (
        (0.013 + 0.009 * look.brow) * (0.8 if look.gender == "woman" else 1.2) * (0.85 if look.age == "child" else 1.0)
    )
    colour = darker(look.hair, 0.25) if luminance(look.hair) < 0.6 else darker(look.hair, 0.2)
    canvas.fill(tube(spine, (heavy, heavy * 1.02, heavy * 0.28)), colour)


def draw_mouth(canvas: Canvas, head: Head, mood: Expression) -> None:
    """The mouth: a line at rest, lips with teeth and tongue when open."""
    look = head.look
    x = head.x(0.0) + 0.02 * head.sway
    y = MOUTH_LINE + (0.0 if look.age != "child" else 0.008)
    wide = (0.088 + 0.022 * mood.smile - 0.052 * mood.round * min(1.0, mood.mouth * 2)) * (
        0.85 if look.age == "child" else 1.0
    )
    wide *= 0.6 + 0.4 * head.breadth(0.0)
    curve = 0.034 * mood.smile
    left, right = (x - wide, y - curve), (x + wide, y - curve)
    lip = mix(look.skin, (168, 56, 60), 0.52 if look.gender == "woman" and look.age != "child" else 0.34)
    line = darker(mix(look.skin, (140, 44, 44), 0.62), 0.26)
    if mood.mouth < 0.08:
        if look.gender == "woman" and look.age != "child" and canvas.fine(60):
            _lips(canvas, (x, y), wide * 0.86, curve, lip)
        canvas.fill(
            tube(
                [left, (x - wide * 0.3, y + curve * 0.55), (x + wide * 0.3, y + curve * 0.55), right],
                (0.0055, 0.0105, 0.0105, 0.0055),
            ),
            line,
        )
        if canvas.fine(90):
            under = [(x - wide * 0.38, y + 0.052), (x, y + 0.058), (x + wide * 0.38, y + 0.052)]
            canvas.fill(tube(under, (0.002, 0.007, 0.002)), darker(look.skin, 0.26), 0.55)
        return
    drop = 0.030 + 0.105 * mood.mouth
    rise = 0.012 + 0.032 * mood.round * mood.mouth
    opening = smooth(
        [
            left,
            left,
            (x - wide * 0.35, y - rise + curve * 0.2),
            (x + wide * 0.35, y - rise + curve * 0.2),
            right,
            right,
            (x + wide * 0.58, y + drop * 0.72),
            (x, y + drop),
            (x - wide * 0.58, y + drop * 0.72),
        ],
        steps=6,
    )
    canvas.fill([(x + (px - x) * 1.13, y + (py - y) * 1.16 + 0.003) for px, py in opening], lip)
    canvas.fill(opening, (84, 26, 36))
    if mood.mouth > 0.2:
        canvas.within(opening, ellipse(x, y + drop * 1.02, wide * 0.62, drop * 0.5), (186, 84, 84))
    if mood.teeth and mood.round < 0.7:
        canvas.within(
            opening, [(x - 1, y - 1), (x + 1, y - 1), (x + 1, y + 0.016), (x - 1, y + 0.016)], (250, 244, 236)
        )


def _lips(canvas: Canvas, at: tuple[float, float], wide: float, curve: float, colour: Colour) -> None:
    x, y = at
    upper = [
        (x - wide, y - curve * 0.8),
        (x - wide * 0.28, y - 0.026 + curve * 0.3),
        (x, y - 0.016 + curve * 0.4),
        (x + wide * 0.28, y - 0.026 + curve * 0.3),
        (x + wide, y - curve * 0.8),
    ]
    lower = [
        (x + wide * 0.45, y + 0.034 + curve * 0.3),
        (x, y + 0.044 + curve * 0.4),
        (x - wide * 0.45, y + 0.034 + curve * 0.3),
    ]
    canvas.fill(smooth([upper[0], *upper, upper[-1], *lower], steps=5), colour)
    shine = ellipse(x + 0.012 * canvas.light, y + 0.026 + curve * 0.35, wide * 0.3, 0.007)
    canvas.fill(shine, lighter(colour, 0.4), 0.55)
