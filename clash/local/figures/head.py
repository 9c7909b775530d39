"""A whole head: skull, ears, features, beard, hair, hat and glasses."""

from __future__ import annotations

import math

from clash.local.figures.canvas import (
    Canvas,
    Colour,
    Points,
    darker,
    ellipse,
    lighter,
    mix,
    ring,
    smooth,
    tube,
)
from clash.local.figures.face import EYE_LINE, MOUTH_LINE, Expression, Head, draw_features, draw_mouth
from clash.local.figures.hair import draw_back_of_head, draw_hair_front
from clash.local.figures.look import trim_of


def draw_head(canvas: Canvas, head: Head, mood: Expression) -> None:
    """The head seen from the front, about its middle."""
    face = head.outline()
    _ears(canvas, head)
    canvas.fill(face, head.look.skin)
    canvas.shade(face, mix(darker(head.look.skin, 0.12), (150, 70, 58), 0.2), 0.13, drop=0.02)
    draw_features(canvas, head, face, mood)
    if head.look.beard:
        _beard(canvas, head, face, mood)
    draw_hair_front(canvas, head, face)
    if head.look.glasses:
        _glasses(canvas, head)
    if head.look.hat:
        _hat(canvas, head)


def draw_head_from_behind(canvas: Canvas, head: Head) -> None:
    """The head seen from behind."""
    draw_back_of_head(canvas, head)
    if head.look.hat:
        _hat(canvas, head, behind=True)


def _ears(canvas: Canvas, head: Head) -> None:
    if head.look.hat == "hood" or head.look.hair_style in {"long", "bob"}:
        return
    skin = head.look.skin
    for side in (-1, 1):
        angle = side * 1.40 + head.turn
        if abs(angle) > 1.62:
            continue
        x = head.width * 1.03 * math.sin(angle)
        canvas.form(ellipse(x, 0.085, 0.052, 0.088, tilt=0.12 * side), mix(skin, (210, 100, 80), 0.08), depth=0.03)
        if canvas.fine(80):
            inner = [(x + 0.012 * side, 0.035), (x + 0.022 * side, 0.085), (x - 0.004 * side, 0.13)]
            canvas.fill(tube(inner, (0.004, 0.009, 0.004)), darker(mix(skin, (180, 80, 60), 0.3), 0.2))
        if head.look.earrings:
            canvas.fill(ellipse(x, 0.19, 0.017, 0.02), (216, 176, 92))


def _beard(canvas: Canvas, head: Head, face: Points, mood: Expression) -> None:
    hair, kind = head.look.hair, head.look.beard
    shown = darker(hair, 0.06)
    lean = 0.09 * head.sway
    drop = 0.075 * mood.mouth
    mouth = head.x(0.0) + 0.02 * head.sway
    if kind == "stubble":
        jaw = [(-0.5, 0.2), (-0.2 + lean, 0.26), (0.2 + lean, 0.26), (0.5, 0.2), (0.5, 0.6), (-0.5, 0.6)]
        canvas.within(face, smooth(jaw), mix(hair, head.look.skin, 0.35), 0.34)
    if kind == "full":
        half = [(0.33, 0.06), (0.355, 0.22), (0.32, 0.42), (0.20, 0.58 + drop), (0.0, 0.64 + drop)]
        inner = [(0.27, 0.20), (0.20, 0.255), (0.105, 0.262)]
        outline = [
            *((x + lean * (y + 0.2), y) for x, y in half),
            *((-x + lean * (y + 0.2), y) for x, y in reversed(half[:-1])),
            *((-x + lean, y) for x, y in inner),
            (mouth, 0.245),
            *((x + lean, y) for x, y in reversed(inner)),
        ]
        canvas.form(smooth(outline, steps=6), shown, depth=0.10, shade=0.24)
    elif kind == "goatee":
        tuft = [(-0.1, 0.38), (0.0, 0.37), (0.1, 0.38), (0.085, 0.50 + drop), (0.0, 0.62 + drop), (-0.085, 0.50 + drop)]
        canvas.form(smooth([(x + mouth, y) for x, y in tuft]), shown, depth=0.05)
    if kind == "full":
        draw_mouth(canvas, head, mood)
    if kind in {"full", "goatee", "moustache"}:
        y = MOUTH_LINE - 0.030
        big = 1.25 if kind != "goatee" else 0.9
        for side in (-1, 1):
            half_moustache = [
                (mouth, y - 0.040),
                (mouth + side * 0.06 * big, y - 0.040),
                (mouth + side * 0.125 * big, y + 0.024),
                (mouth + side * 0.160 * big, y + 0.050),
                (mouth + side * 0.08 * big, y + 0.034),
                (mouth, y + 0.016),
            ]
            canvas.form(smooth(half_moustache, steps=5), lighter(shown, 0.08), depth=0.02)


def _glasses(canvas: Canvas, head: Head) -> None:
    frame: Colour = (52, 46, 52)
    y = EYE_LINE + (0.02 if head.look.age == "child" else 0.0)
    round_frames = head.look.jaw < 0.6
    edges: list[tuple[float, float]] = []
    for side in (-1, 1):
        x, rx, ry = (
            head.x(side * 0.44),
            0.118 * (0.4 + 0.6 * head.breadth(side * 0.44)),
            0.108 if round_frames else 0.088,
        )
        if round_frames:
            rim = ellipse(x, y + 0.012, rx, ry)
        else:
            rim = smooth(
                [(x - rx, y - ry), (x + rx, y - ry), (x + rx * 0.92, y + ry * 1.1), (x - rx * 0.92, y + ry * 1.1)]
            )
        canvas.fill(rim, (226, 238, 242), 0.16)
        glint = [(x - rx * 0.45, y - ry * 0.5), (x - rx * 0.1, y - ry * 0.62)]
        canvas.fill(tube(glint, (0.006, 0.010)), (255, 255, 255), 0.5)
        canvas.fill(ring(rim, 0.0105), frame)
        edges.append((x - side * rx, x + side * rx))
    canvas.fill(
        tube([(edges[0][0], y), ((edges[0][0] + edges[1][0]) / 2, y - 0.018), (edges[1][0], y)], (0.010, 0.010, 0.010)),
        frame,
    )
    for (_, outer), side in zip(edges, (-1, 1), strict=True):
        temple = head.width * math.sin(max(-1.57, min(1.57, side * 1.4 + head.turn)))
        if abs(temple) > abs(outer) * 1.02:
            canvas.fill(tube([(outer, y - 0.01), (temple, y + 0.005)], (0.010, 0.008)), frame)


def _dome(head: Head, low: float, grow: float, tall: float) -> Points:
    """A cap's crown that sits on the skull down to `low`."""
    wide = head.width + 0.05 + grow
    middle = -0.015 * head.sway
    points = [
        (middle + wide * math.cos(a), low - tall * math.sin(a) ** 0.85 if math.sin(a) > 0 else low)
        for a in (math.pi * k / 14 for k in range(15))
    ]
    return [*smooth(points, closed=False, steps=4), (middle, low + 0.035)]


def _hat(canvas: Canvas, head: Head, *, behind: bool = False) -> None:
    kind = head.look.hat
    if kind == "cap":
        _peaked_cap(canvas, head, behind=behind)
    elif kind in {"baseball", "beanie", "kerchief", "helmet"}:
        _close_hat(canvas, head, kind, behind=behind)
    elif kind in {"hat", "straw", "sunhat"}:
        _brimmed(canvas, head, kind)
    elif kind == "crown":
        _crown(canvas, head)
    elif kind == "hood" and not behind:
        _hood(canvas, head)
    elif kind == "hood":
        _hood_behind(canvas, head)


def _close_hat(canvas: Canvas, head: Head, kind: str, *, behind: bool) -> None:
    """Draw what follows the shape of the head: baseball cap, beanie, kerchief, helmet."""
    colour, trim = head.look.hat_colour, trim_of(head.look.hat_colour)
    w, s = head.width, head.sway
    low = {"baseball": -0.20, "beanie": -0.12, "kerchief": -0.20, "helmet": -0.13}[kind]
    grow = {"baseball": -0.005, "beanie": 0.03, "kerchief": 0.005, "helmet": 0.06}[kind]
    dome = _dome(head, low, grow, 0.40 + grow)
    if not behind:
        canvas.within(
            head.outline(),
            [(-1, -1), (1, -1), (1, low + 0.075), (0, low + 0.1), (-1, low + 0.075)],
            darker(head.look.skin, 0.4),
            0.5,
        )
    canvas.form(dome, colour, depth=0.13, shade=0.28)
    wide = w + 0.055 + grow
    if kind == "baseball" and not behind:
        way = 1.0 if s >= 0 else -1.0
        brim = smooth(
            [
                (-way * wide * 0.62, low - 0.02),
                (way * wide * 0.2, low - 0.035),
                (way * wide * 0.98, low - 0.02),
                (way * (wide + 0.20), low + 0.055),
                (way * wide * 0.5, low + 0.085),
                (-way * wide * 0.3, low + 0.06),
            ]
        )
        canvas.form(brim, darker(colour, 0.3), depth=0.05)
        canvas.fill(ellipse(0.02 * s, low - 0.39 - grow, 0.035, 0.018), trim)
    elif kind == "beanie":
        band = [
            (-wide, low - 0.09),
            (0.0, low - 0.045),
            (wide, low - 0.09),
            (wide + 0.01, low + 0.04),
            (0.0, low + 0.09),
            (-wide - 0.01, low + 0.04),
        ]
        canvas.form(smooth(band), trim, depth=0.1)
        for k in range(-5, 6):
            x = k * wide / 5.4
            canvas.fill(
                tube(
                    [(x, low - 0.055 - 0.03 * abs(k) / 5), (x * 1.01, low + 0.07 - 0.03 * abs(k) / 5)],
                    (0.006, 0.006),
                ),
                darker(trim, 0.2),
                0.6,
            )
    elif kind == "helmet":
        canvas.form(
            tube([(-wide - 0.02, low), (0.0, low + 0.06), (wide + 0.02, low)], (0.035, 0.04, 0.035)),
            darker(colour, 0.2),
            depth=0.04,
        )
    elif kind == "kerchief":
        for k in (-0.18, 0.05, 0.2):
            canvas.within(dome, ellipse(k, low - 0.2, 0.03, 0.03), trim, 0.8)


def _crown(canvas: Canvas, head: Head) -> None:
    colour, w, s = head.look.hat_colour, head.width, head.sway
    top = [
        (-w * 0.9, -0.34),
        (-w * 1.0, -0.62),
        (-w * 0.45, -0.50),
        (0.0, -0.70),
        (w * 0.45, -0.50),
        (w * 1.0, -0.62),
        (w * 0.9, -0.34),
        (0.0, -0.29),
    ]
    canvas.form([(x, y + 0.03) for x, y in top], colour, depth=0.1)
    canvas.fill(ellipse(0.04 * s, -0.38, 0.035, 0.04), (170, 50, 60))


def _hood_behind(canvas: Canvas, head: Head) -> None:
    """Draw the back of a hood."""
    canvas.form(
        smooth([(0, -0.64), (0.36, -0.48), (0.50, -0.05), (0.46, 0.5), (-0.46, 0.5), (-0.50, -0.05), (-0.36, -0.48)]),
        head.look.cloth,
        depth=0.16,
    )


def _peaked_cap(canvas: Canvas, head: Head, *, behind: bool) -> None:
    """A sailor's cap: a soft flat top over a band, and a short peak over the brow."""
    colour, w, s = head.look.hat_colour, head.width + 0.035, head.sway
    way = 1.0 if s >= 0 else -1.0
    if not behind:
        canvas.within(
            head.outline(),
            [(-1, -1), (1, -1), (1, -0.15), (0.1 * way, -0.09), (-1, -0.15)],
            darker(head.look.skin, 0.4),
            0.5,
        )
    top = [
        (-w - 0.015, -0.27),
        (-w - 0.075, -0.42),
        (-w * 0.72, -0.575),
        (0.06 * s, -0.635),
        (w * 0.72, -0.575),
        (w + 0.075, -0.42),
        (w + 0.015, -0.27),
        (0.0, -0.24),
    ]
    band = [
        (-w, -0.33),
        (-w, -0.33),
        (0.0, -0.275),
        (w, -0.33),
        (w, -0.33),
        (w + 0.005, -0.19),
        (w + 0.005, -0.19),
        (0.0, -0.14),
        (-w - 0.005, -0.19),
        (-w - 0.005, -0.19),
    ]
    canvas.form(smooth(top), colour, depth=0.15, shade=0.3)
    canvas.form(smooth(band), darker(colour, 0.38), depth=0.1)
    if behind:
        return
    middle = head.x(0.0, 0.9)
    peak = smooth(
        [
            (middle - 0.30, -0.185),
            (middle, -0.15),
            (middle + 0.30, -0.185),
            (middle + 0.25 + 0.06 * s, -0.09),
            (middle + 0.10 * s, -0.052),
            (middle - 0.25 + 0.06 * s, -0.09),
        ]
    )
    canvas.form(peak, darker(colour, 0.6), depth=0.05)
    canvas.fill(
        tube([(middle - 0.14, -0.115), (middle + 0.02 * s, -0.098), (middle + 0.14, -0.115)], (0.003, 0.007, 0.003)),
        lighter(colour, 0.3),
        0.6,
    )
    canvas.fill(ellipse(middle, -0.225, 0.032, 0.038), (214, 174, 92))


def _brimmed(canvas: Canvas, head: Head, kind: str) -> None:
    colour = head.look.hat_colour
    w, s = head.width, head.sway
    shade = [(-1, -1), (1, -1), (1, -0.1), (0, -0.06), (-1, -0.1)]
    canvas.within(head.outline(), shade, darker(head.look.skin, 0.4), 0.5)
    if kind == "straw":
        cone = smooth(
            [
                (0.0, -0.78),
                (0.10, -0.74),
                (0.62, -0.26),
                (0.70, -0.17),
                (0.70, -0.17),
                (0.0, -0.08),
                (-0.70, -0.17),
                (-0.70, -0.17),
                (-0.62, -0.26),
                (-0.10, -0.74),
            ]
        )
        canvas.form(cone, colour, depth=0.22, shade=0.24)
        for k in (0.30, 0.52, 0.74):
            arc = [(-0.70 * k, -0.76 + 0.58 * k), (0.0, -0.76 + 0.69 * k), (0.70 * k, -0.76 + 0.58 * k)]
            canvas.within(cone, tube(arc, (0.007, 0.007, 0.007)), darker(colour, 0.25), 0.7)
        return
    brim = ellipse(0.04 * s, -0.225, w + 0.27, 0.088, tilt=0.04 * s)
    canvas.form(brim, darker(colour, 0.14), depth=0.06)
    crown = smooth(
        [
            (-w - 0.03, -0.23),
            (-w - 0.03, -0.23),
            (-w + 0.02, -0.55),
            (-0.16, -0.66),
            (0.0, -0.62),
            (0.16, -0.66),
            (w - 0.02, -0.55),
            (w + 0.03, -0.23),
            (w + 0.03, -0.23),
            (0.0, -0.185),
        ]
    )
    canvas.form(crown, colour, depth=0.14, shade=0.28)
    canvas.within(
        crown, tube([(-w - 0.1, -0.285), (0.0, -0.24), (w + 0.1, -0.285)], (0.045, 0.045, 0.045)), darker(colour, 0.45)
    )


def _hood(canvas: Canvas, head: Head) -> None:
    """A hood drawn up: a ring of cloth round the face."""
    cloth = head.look.cloth
    s = 0.05 * head.sway
    outer = [(0.0, -0.66), (0.30, -0.57), (0.475, -0.2), (0.48, 0.2), (0.40, 0.56), (0.16, 0.70)]
    inner = [(0.0, -0.40), (0.22, -0.34), (0.325, -0.1), (0.325, 0.18), (0.25, 0.42), (0.12, 0.555)]
    over = [*((-x - s, y) for x, y in reversed(outer[1:])), *((x - s, y) for x, y in outer)]
    opening = [*((-x + s, y) for x, y in reversed(inner[1:])), *((x + s, y) for x, y in inner)]
    edge = smooth(opening, closed=False)
    ring = [*smooth(over, closed=False), *reversed(edge)]
    canvas.form(ring, cloth, depth=0.10, shade=0.28)
    canvas.fill(tube(edge, [0.018] * len(edge), steps=1), trim_of(cloth))
