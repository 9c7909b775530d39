"""Hair: what falls behind the shoulders, what frames the face, and the back of a head."""

from __future__ import annotations

import math
from collections.abc import Sequence

from clash.local.figures.canvas import (
    Canvas,
    Colour,
    Points,
    darker,
    ellipse,
    lighter,
    mix,
    smooth,
    tube,
)
from clash.local.figures.face import Head

# The edge of the hair on the forehead, per style: (angle round the head in radians, y), from the left ear to the
# right. Angles are mirrored for a head that looks left, so that the parting stays on the same side of the person.
HAIRLINES: dict[str, Sequence[tuple[float, float]]] = {
    "short": (
        (-1.38, 0.07),
        (-1.22, 0.06),
        (-1.12, -0.10),
        (-0.86, -0.22),
        (-0.52, -0.315),
        (-0.42, -0.33),
        (0.0, -0.235),
        (0.45, -0.20),
        (0.86, -0.21),
        (1.10, -0.12),
        (1.22, 0.06),
        (1.38, 0.07),
    ),
    "crop": (
        (-1.38, 0.05),
        (-1.22, 0.04),
        (-1.10, -0.12),
        (-0.92, -0.27),
        (-0.5, -0.315),
        (0.0, -0.325),
        (0.5, -0.315),
        (0.92, -0.27),
        (1.10, -0.12),
        (1.22, 0.04),
        (1.38, 0.05),
    ),
    "spiky": (
        (-1.38, 0.08),
        (-1.2, 0.06),
        (-1.08, -0.10),
        (-0.86, -0.13),
        (-0.72, -0.24),
        (-0.42, -0.15),
        (-0.26, -0.26),
        (0.06, -0.155),
        (0.22, -0.26),
        (0.56, -0.15),
        (0.78, -0.23),
        (1.04, -0.10),
        (1.2, 0.06),
        (1.38, 0.08),
    ),
    "curly": (
        (-1.4, 0.14),
        (-1.16, 0.10),
        (-1.06, -0.05),
        (-0.84, -0.15),
        (-0.6, -0.21),
        (-0.3, -0.20),
        (0.0, -0.235),
        (0.3, -0.20),
        (0.6, -0.21),
        (0.84, -0.15),
        (1.06, -0.05),
        (1.16, 0.10),
        (1.4, 0.14),
    ),
    "long": (
        (-1.5, 0.42),
        (-1.28, 0.36),
        (-1.10, 0.08),
        (-0.92, -0.12),
        (-0.62, -0.27),
        (-0.22, -0.365),
        (-0.14, -0.37),
        (0.30, -0.30),
        (0.70, -0.20),
        (0.98, -0.05),
        (1.14, 0.12),
        (1.28, 0.36),
        (1.5, 0.42),
    ),
    "bob": (
        (-1.5, 0.40),
        (-1.24, 0.42),
        (-1.08, 0.22),
        (-1.0, -0.02),
        (-0.86, -0.135),
        (-0.5, -0.17),
        (0.0, -0.175),
        (0.5, -0.17),
        (0.86, -0.135),
        (1.0, -0.02),
        (1.08, 0.22),
        (1.24, 0.42),
        (1.5, 0.40),
    ),
    "pulled": (
        (-1.4, 0.03),
        (-1.24, 0.02),
        (-1.10, -0.12),
        (-0.88, -0.255),
        (-0.5, -0.325),
        (0.0, -0.345),
        (0.5, -0.325),
        (0.88, -0.255),
        (1.10, -0.12),
        (1.24, 0.02),
        (1.4, 0.03),
    ),
    "braids": (
        (-1.45, 0.16),
        (-1.24, 0.14),
        (-1.08, -0.04),
        (-0.80, -0.21),
        (-0.36, -0.33),
        (-0.02, -0.37),
        (0.02, -0.37),
        (0.36, -0.33),
        (0.80, -0.21),
        (1.08, -0.04),
        (1.24, 0.14),
        (1.45, 0.16),
    ),
}
HAIRLINE_OF: dict[str, str] = {"bun": "pulled", "ponytail": "pulled", "afro": "curly"}
UNDER_A_HAT: dict[str, str] = {"afro": "curly", "bun": "short", "spiky": "short"}
VOLUME: dict[str, float] = {
    "short": 0.035,
    "crop": 0.008,
    "spiky": 0.05,
    "curly": 0.055,
    "afro": 0.15,
    "long": 0.045,
    "bob": 0.05,
    "bun": 0.012,
    "ponytail": 0.012,
    "braids": 0.02,
}


def style_of(head: Head) -> str:
    """The style that is drawn: a hat flattens what stands up."""
    style = head.look.hair_style
    if head.look.hat in {"", "crown"}:
        return style
    return UNDER_A_HAT.get(style, style)


def draw_hair_behind(canvas: Canvas, head: Head) -> None:
    """What hangs behind neck and shoulders; to be drawn before the body."""
    style, deep, s = style_of(head), darker(head.look.hair, 0.3), head.sway
    w = head.width
    if style == "long":
        sheet = [
            (0.0, -0.40),
            (w + 0.0, -0.15),
            (w + 0.065, 0.12),
            (w + 0.105, 0.42),
            (w + 0.13, 0.8),
            (w + 0.06, 1.18),
            (0.2, 1.26),
            (-0.2, 1.26),
            (-w - 0.06, 1.18),
            (-w - 0.13, 0.8),
            (-w - 0.105, 0.42),
            (-w - 0.065, 0.12),
            (-w, -0.15),
        ]
        canvas.fill(smooth([(x - 0.05 * s, y) for x, y in sheet]), deep)
    elif style == "bob":
        sheet = [(0.0, -0.4), (w + 0.08, 0.0), (w + 0.09, 0.36), (w - 0.02, 0.50), (0.0, 0.5)]
        canvas.fill(
            smooth([(x - 0.04 * s, y) for x, y in [*sheet, *((-x, y) for x, y in reversed(sheet[1:-1]))]]), deep
        )
    elif style == "ponytail":
        way = -1.0 if s >= 0 else 1.0
        tail = [(way * 0.22, -0.34), (way * 0.52, -0.30), (way * 0.60, 0.10), (way * 0.50, 0.62), (way * 0.56, 0.86)]
        canvas.form(tube(tail, (0.08, 0.13, 0.16, 0.11, 0.01)), deep, depth=0.06)
    elif style in {"curly", "afro"}:
        for x, y, r in _ring(head, 0.30 if style == "curly" else 0.42):
            canvas.fill(ellipse(x, y, r, r), deep)


def draw_hair_front(canvas: Canvas, head: Head, face: Points) -> None:
    """The hair over the crown and round the face, with the shadow that it throws on the forehead."""
    look, style = head.look, style_of(head)
    if style == "bald":
        if look.age == "old":
            _tufts(canvas, head)
        return
    if look.hat == "hood":
        return
    line = _hairline(head, style)
    outer = _outer(head, style)
    shape = [*smooth(outer, closed=False, steps=5), *smooth(line, closed=False, steps=5)]
    fringe = smooth(line, closed=False, steps=5)
    shadow = [*((x + 0.012 * -canvas.light, y + 0.045) for x, y in fringe), (0.6, -0.7), (-0.6, -0.7)]
    canvas.within(face, shadow, mix(darker(look.skin, 0.2), (120, 56, 48), 0.3), 0.5)
    if style == "bun":
        top = ellipse(-0.06 * head.sway, -0.60, 0.175, 0.155)
        canvas.form(top, look.hair, depth=0.10)
    canvas.form(shape, look.hair, depth=0.11, shade=0.26)
    if style in {"curly", "afro"}:
        _curls(canvas, head, style)
    elif canvas.fine(60):
        _shine(canvas, head, shape, style)
    if style == "braids":
        _braids(canvas, head)


def draw_back_of_head(canvas: Canvas, head: Head) -> None:
    """A head seen from behind."""
    look, style = head.look, style_of(head)
    w = head.width
    skull = smooth(
        [
            (0, -0.5),
            (0.28, -0.40),
            (w, -0.1),
            (w - 0.03, 0.2),
            (0.24, 0.42),
            (-0.24, 0.42),
            (-w + 0.03, 0.2),
            (-w, -0.1),
            (-0.28, -0.40),
        ]
    )
    for side in (-1, 1):
        canvas.fill(ellipse(side * w, 0.08, 0.05, 0.085), darker(look.skin, 0.15))
    canvas.form(skull, look.skin, depth=0.16)
    if style == "bald":
        _tufts(canvas, head)
        return
    volume, low = VOLUME[style], {"long": 1.3, "bob": 0.52, "crop": 0.26}.get(style, 0.34)
    wide = w + 0.03 + volume
    back = [
        (0.0, -0.53 - volume),
        (wide * 0.75, -0.42 - volume * 0.6),
        (wide, -0.08),
        (wide - 0.01, 0.18),
        (wide * (0.96 if low > 0.5 else 0.72), low - 0.1),
        (wide * 0.35, low),
        (-wide * 0.35, low),
        (-wide * (0.96 if low > 0.5 else 0.72), low - 0.1),
        (-wide + 0.01, 0.18),
        (-wide, -0.08),
        (-wide * 0.75, -0.42 - volume * 0.6),
    ]
    if style in {"curly", "afro"}:
        for x, y, r in _ring(head, 0.36 if style == "curly" else 0.44):
            canvas.fill(ellipse(x, y, r, r), look.hair)
    shape = smooth(back)
    canvas.form(shape, look.hair, depth=0.14, shade=0.28)
    if style == "bun":
        canvas.form(ellipse(0, -0.50, 0.2, 0.18), look.hair, depth=0.1, shade=0.34)
    elif style == "ponytail":
        canvas.form(tube([(0, -0.2), (0.03, 0.3), (-0.02, 0.8)], (0.11, 0.16, 0.03)), look.hair, depth=0.1, shade=0.4)
    elif style == "braids":
        _braids(canvas, head)
    strand = darker(look.hair, 0.22)
    for x in (-0.2, -0.06, 0.1, 0.23):
        canvas.within(shape, tube([(x * 0.6, -0.46), (x, -0.1), (x * 1.05, low)], (0.003, 0.012, 0.003)), strand, 0.7)


def _outer(head: Head, style: str) -> Points:
    """The silhouette over the crown, from the right ear to the left."""
    volume = VOLUME[style] * (0.5 if head.look.hat else 1.0)
    low = {"long": 0.5, "bob": 0.42, "curly": 0.22, "afro": 0.26}.get(style, 0.05)
    middle = -0.02 * head.sway
    wide, tall = head.width + 0.022 + volume, 0.445 + volume
    count = 15
    points: Points = []
    for step in range(count):
        angle = math.pi * step / (count - 1)
        bump = 0.0
        if style == "spiky" and not head.look.hat:
            bump = 0.055 if step % 2 else -0.012
        x, y = (wide + bump) * math.cos(angle), -0.07 - (tall + bump) * math.sin(angle)
        points.append((middle + x, y))
    sides = wide - (0.0 if low > 0.3 else 0.012)
    flare = 0.035 if low > 0.3 else 0.0
    if low <= 0.3:
        return [(middle + sides, low), *points, (middle - sides, low)]
    half = [(sides + flare, low), (sides + flare * 0.75, low * 0.55), (sides + flare * 0.35, low * 0.15)]
    return [*((middle + x, y) for x, y in half), *points, *((middle - x, y) for x, y in reversed(half))]


def _hairline(head: Head, style: str) -> Points:
    line = HAIRLINES[HAIRLINE_OF.get(style, style)]
    if head.turn < 0:
        line = [(-angle, y) for angle, y in reversed(line)]
    shown: Points = []
    for angle, y in line:
        seen = max(-math.pi / 2, min(math.pi / 2, angle + head.turn))
        shown.append((head.width * 1.01 * math.sin(seen), y))
    return shown


def _shine(canvas: Canvas, head: Head, shape: Points, style: str) -> None:
    """A soft band of light over the crown, on the side of the light."""
    side, radius = canvas.light, head.width + VOLUME[style] - 0.09
    band = [
        (side * radius * math.cos(a) - 0.02 * head.sway, -0.09 - (radius + 0.055) * math.sin(a))
        for a in (0.35, 0.7, 1.05, 1.4)
    ]
    canvas.within(shape, tube(band, (0.008, 0.034, 0.03, 0.004)), lighter(head.look.hair, 0.3), 0.42)
    if style in {"long", "bob", "braids", "ponytail", "bun", "short"}:
        strand = [(side * 0.02, -0.5), (-side * 0.2, -0.38), (-side * 0.31, -0.16)]
        canvas.within(shape, tube(strand, (0.003, 0.009, 0.003)), darker(head.look.hair, 0.3), 0.55)


def _ring(head: Head, radius: float) -> list[tuple[float, float, float]]:
    """Round tufts about the skull."""
    tufts: list[tuple[float, float, float]] = []
    for step in range(13):
        angle = math.radians(-38 + step * (256 / 12))
        size = 0.115 + 0.03 * ((step * 7) % 3) / 2
        tufts.append(
            (radius * 1.02 * math.cos(angle) - 0.03 * head.sway, -0.08 - (radius + 0.04) * math.sin(angle), size)
        )
    return tufts


def _curls(canvas: Canvas, head: Head, style: str) -> None:
    hair = head.look.hair
    radius = 0.345 if style == "curly" else 0.43
    tufts = [] if head.look.hat else [(x, y, r) for x, y, r in _ring(head, radius) if y < -0.2]
    for x, y, r in tufts:
        canvas.form(ellipse(x, y, r, r), hair, depth=0.05, shade=0.2)
    if canvas.fine(60):
        for index, (x, y, r) in enumerate(tufts):
            curl = [
                (x + r * 0.5 * math.cos(a), y + r * 0.5 * math.sin(a)) for a in (2.6 + index, 3.6 + index, 4.6 + index)
            ]
            canvas.fill(tube(curl, (0.004, 0.010, 0.004)), lighter(hair, 0.2), 0.55)


def _braids(canvas: Canvas, head: Head) -> None:
    hair, tie = head.look.hair, head.look.cloth
    for side in (-1, 1):
        x0 = head.x(side * 1.25, 1.04)
        for knot in range(6):
            y = 0.22 + knot * 0.135
            x = x0 + side * (0.05 + 0.012 * knot)
            lens = ellipse(
                x + (0.018 if knot % 2 else -0.018), y, 0.083 - 0.004 * knot, 0.098, tilt=0.5 if knot % 2 else -0.5
            )
            canvas.form(lens, hair, depth=0.035, shade=0.3)
        x = x0 + side * 0.12
        canvas.fill(tube([(x - 0.055, 1.0), (x + 0.055, 1.0)], (0.032, 0.032)), _shown(tie, hair))
        canvas.fill(tube([(x, 1.04), (x + side * 0.01, 1.13)], (0.055, 0.012)), hair)


def _shown(colour: Colour, ground: Colour) -> Colour:
    """A colour that can be told from `ground`."""
    near = sum(abs(a - b) for a, b in zip(colour, ground, strict=True)) < 90
    return (186, 62, 58) if near else colour


def _tufts(canvas: Canvas, head: Head) -> None:
    """What is left above the ears of an old man."""
    for side in (-1, 1):
        angle = max(-math.pi / 2, min(math.pi / 2, side * 1.42 + head.turn))
        x = head.width * 1.02 * math.sin(angle)
        tuft = smooth(
            [
                (x - 0.03 * side, -0.16),
                (x + 0.05 * side, -0.10),
                (x + 0.055 * side, 0.04),
                (x, 0.12),
                (x - 0.045 * side, 0.02),
            ]
        )
        canvas.form(tuft, head.look.hair, depth=0.03)
