"""What makes a garment out of a torso, seen from the front: collars, lapels, seams, buttons, pockets, belts."""

from __future__ import annotations

from collections.abc import Callable

from clash.local.figures.body import Body, draw_chin_shadow
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
from clash.local.figures.creature import draw_plate
from clash.local.figures.look import trim_of


def _opening(body: Body, deep: float, wide: float) -> Points:
    """A V at the neck: `deep` heads below the chin, `wide` at the collar."""
    c = body.middle
    return [(-wide, 0.40), (wide, 0.40), (wide * 1.15, body.y(0.10)), (c, body.y(deep)), (-wide * 1.15, body.y(0.10))]


def _buttons(canvas: Canvas, body: Body, start: float, stop: float, colour: Colour, dx: float = 0.0) -> None:
    step = 0.44
    below, stop = start, min(stop, body.hem)
    while below <= stop:
        x, y = body.middle * 1.0 + dx, body.y(below)
        canvas.fill(ellipse(x, y, 0.038, 0.038), darker(colour, 0.3))
        canvas.fill(ellipse(x, y - 0.006, 0.032, 0.032), colour)
        below += step


def _seam(canvas: Canvas, body: Body, torso: Points, start: float, dx: float = 0.0, alpha: float = 0.85) -> None:
    c = body.middle + dx
    path = [(c, body.y(start)), (c, body.y(body.hem) + 0.1)]
    canvas.within(torso, tube(path, (0.012, 0.012)), darker(body.look.cloth, 0.42), alpha)


def _lapels(canvas: Canvas, body: Body, deep: float, wide: float, colour: Colour) -> None:
    c, b = body.middle, body.breadth
    for side in (-1, 1):
        tone = darker(colour, 0.0 if side == canvas.light else 0.2)
        lapel = [
            (side * 0.17 * b, body.y(-0.02)),
            (side * 0.27 * b, body.y(0.05)),
            (side * (0.26 + wide) * b, body.y(0.40)),
            (side * (0.19 + wide) * b, body.y(0.52)),
            (side * (0.27 + wide) * b, body.y(0.60)),
            (c, body.y(deep)),
            (c + side * 0.03, body.y(deep * 0.62)),
        ]
        canvas.fill([(x, y + 0.03) for x, y in lapel], darker(body.look.cloth, 0.5), 0.4)
        canvas.form(lapel, tone, depth=0.03)


def _flap_pockets(canvas: Canvas, body: Body, torso: Points, below: float) -> None:
    cloth = body.look.cloth
    for side in (-1, 1):
        x, y = side * 0.40 * body.breadth + 0.3 * body.middle, body.y(below)
        flap = [(x - 0.16, y), (x + 0.16, y), (x + 0.16, y + 0.12), (x - 0.16, y + 0.12)]
        canvas.within(torso, [(px, py + 0.025) for px, py in flap], darker(cloth, 0.5), 0.5)
        canvas.within(torso, flap, trim_of(cloth))


def _collar(canvas: Canvas, body: Body, colour: Colour, size: float = 1.0) -> None:
    """A folded shirt collar."""
    c = body.middle
    for side in (-1, 1):
        leaf = [
            (side * 0.16, body.y(-0.03)),
            (side * 0.225, body.y(0.03)),
            (side * 0.30 * size, body.y(0.28)),
            (c + side * 0.11, body.y(0.46)),
            (c, body.y(0.27)),
        ]
        canvas.fill([(x, y + 0.03) for x, y in leaf], darker(colour, 0.5), 0.35)
        canvas.form(leaf, colour if side == canvas.light else darker(colour, 0.12), depth=0.03)


def _coat(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    inner = _opening(body, 1.05, 0.22)
    canvas.within(torso, inner, look.shirt)
    canvas.within(torso, _opening(body, 0.42, 0.2), body.bare)
    _collar(canvas, body, look.shirt)
    _seam(canvas, body, torso, 1.0)
    _lapels(canvas, body, 1.12, 0.20, trim_of(look.cloth))
    _buttons(canvas, body, 1.36, 3.4, lighter(look.cloth, 0.42), 0.10)
    _flap_pockets(canvas, body, torso, 2.2)


def _suit(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    canvas.within(torso, _opening(body, 1.5, 0.24), look.shirt)
    c = body.middle
    tie = [
        (c - 0.06, body.y(0.34)),
        (c + 0.06, body.y(0.34)),
        (c + 0.11, body.y(1.3)),
        (c, body.y(1.48)),
        (c - 0.11, body.y(1.3)),
    ]
    canvas.form(tie, look.trousers if look.gender == "woman" else (142, 52, 54), depth=0.03)
    _collar(canvas, body, lighter(look.shirt, 0.2))
    _seam(canvas, body, torso, 1.45)
    _lapels(canvas, body, 1.55, 0.12, trim_of(look.cloth))
    _buttons(canvas, body, 1.72, 2.1, darker(look.cloth, 0.4), 0.05)
    _flap_pockets(canvas, body, torso, 2.05)


def _jacket(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    c = body.middle
    canvas.within(torso, _opening(body, 0.95, 0.24), look.shirt)
    zip_line = [(c, body.y(0.9)), (c, body.y(2.5))]
    canvas.within(torso, tube(zip_line, (0.022, 0.022)), darker(look.cloth, 0.5))
    canvas.within(torso, tube(zip_line, (0.008, 0.008)), (204, 200, 190))
    band = [(-1.2, body.y(2.18)), (1.2, body.y(2.18)), (1.2, body.y(2.6)), (-1.2, body.y(2.6))]
    canvas.within(torso, band, darker(look.cloth, 0.3))
    for side in (-1, 1):
        stand = smooth(
            [
                (side * 0.16, body.y(-0.04)),
                (side * 0.29, body.y(0.03)),
                (side * 0.37, body.y(0.32)),
                (c + side * 0.13, body.y(0.98)),
                (c + side * 0.02, body.y(0.92)),
            ]
        )
        canvas.fill([(x, y + 0.03) for x, y in stand], darker(look.cloth, 0.5), 0.4)
        canvas.form(stand, trim_of(look.cloth), depth=0.04)
        slit = [(side * 0.52 * body.breadth, body.y(1.62)), (side * 0.34 * body.breadth, body.y(1.95))]
        canvas.within(torso, tube(slit, (0.018, 0.018)), darker(look.cloth, 0.45))


def _sweater(canvas: Canvas, body: Body, torso: Points) -> None:
    cloth = body.look.cloth
    rib = trim_of(cloth)
    canvas.within(torso, [(-1.2, body.y(2.14)), (1.2, body.y(2.14)), (1.2, 9.0), (-1.2, 9.0)], rib)
    for k in range(-9, 10):
        canvas.within(
            torso, tube([(k * 0.085, body.y(2.16)), (k * 0.085, body.y(2.5))], (0.007, 0.007)), darker(rib, 0.22), 0.7
        )
    if canvas.fine(90):
        pattern = darker(cloth, 0.15)
        for k in (-2, -1, 1, 2):
            x = k * 0.155 + body.middle
            canvas.within(torso, tube([(x, body.y(0.62)), (x, body.y(2.14))], (0.010, 0.010)), pattern, 0.75)
    neck = smooth(
        [
            (-0.21, body.y(-0.05)),
            (0.0, body.y(0.07)),
            (0.21, body.y(-0.05)),
            (0.28, body.y(0.12)),
            (0.18, body.y(0.27)),
            (0.0, body.y(0.33)),
            (-0.18, body.y(0.27)),
            (-0.28, body.y(0.12)),
        ]
    )
    canvas.form(neck, rib, depth=0.07)


def _shirt(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    canvas.within(torso, _opening(body, 0.60, 0.2), body.bare)
    _seam(canvas, body, torso, 0.55, -0.05, 0.6)
    _seam(canvas, body, torso, 0.55, 0.05, 0.6)
    _buttons(canvas, body, 0.82, 2.3, lighter(look.cloth, 0.5))
    _collar(canvas, body, trim_of(look.cloth))
    x, y = 0.36 * body.breadth + 0.3 * body.middle, body.y(1.06)
    pocket = [(x - 0.14, y), (x + 0.14, y), (x + 0.14, y + 0.24), (x, y + 0.30), (x - 0.14, y + 0.24)]
    canvas.fill(ring(pocket, 0.008), darker(look.cloth, 0.35))


def _hoodie(canvas: Canvas, body: Body, torso: Points) -> None:
    cloth = body.look.cloth
    c = body.middle
    pouch = smooth(
        [
            (c - 0.32, body.y(1.62)),
            (c + 0.32, body.y(1.62)),
            (c + 0.46, body.y(2.2)),
            (c + 0.46, body.y(2.2)),
            (c - 0.46, body.y(2.2)),
            (c - 0.46, body.y(2.2)),
        ]
    )
    canvas.within(torso, [(x, y + 0.03) for x, y in pouch], darker(cloth, 0.45), 0.6)
    canvas.within(torso, pouch, trim_of(cloth))
    canvas.within(torso, [(-1.2, body.y(2.26)), (1.2, body.y(2.26)), (1.2, 9.0), (-1.2, 9.0)], darker(cloth, 0.2))
    hood = smooth(
        [
            (-0.20, 0.40),
            (-0.42, 0.44),
            (-0.50, body.y(0.14)),
            (-0.22, body.y(0.44)),
            (c, body.y(0.60)),
            (0.22, body.y(0.44)),
            (0.50, body.y(0.14)),
            (0.42, 0.44),
            (0.20, 0.40),
            (0.0, 0.54),
        ]
    )
    canvas.fill([(x, y + 0.05) for x, y in hood], darker(cloth, 0.5), 0.4)
    canvas.form(hood, lighter(cloth, 0.05), depth=0.12)
    inner = smooth(
        [(-0.19, 0.44), (0.0, 0.56), (0.19, 0.44), (0.13, body.y(0.2)), (c, body.y(0.36)), (-0.13, body.y(0.2))]
    )
    canvas.fill(inner, darker(cloth, 0.45))
    for side in (-1, 1):
        cord = [(c + side * 0.10, body.y(0.50)), (c + side * 0.13, body.y(0.8)), (c + side * 0.11, body.y(1.16))]
        canvas.fill(tube(cord, (0.014, 0.014, 0.018)), (238, 230, 214))


def _dress(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    scoop = smooth([(-0.30, 0.40), (0.30, 0.40), (0.28, body.y(0.24)), (0.0, body.y(0.56)), (-0.28, body.y(0.24))])
    canvas.within(torso, scoop, body.bare)
    draw_chin_shadow(canvas, body, torso)
    edge = [
        (-0.31, body.y(0.08)),
        (-0.24, body.y(0.38)),
        (0.0, body.y(0.58)),
        (0.24, body.y(0.38)),
        (0.31, body.y(0.08)),
    ]
    canvas.within(torso, tube(edge, (0.022,) * 5), trim_of(look.cloth))
    belt = [(-1.2, body.y(1.64)), (1.2, body.y(1.64)), (1.2, body.y(1.84)), (-1.2, body.y(1.84))]
    canvas.within(torso, belt, darker(look.cloth, 0.34))
    c = body.middle
    for k in (-0.5, -0.2, 0.18, 0.52):
        fold = [(c + k * 0.5, body.y(1.9)), (c + k * 1.0, body.y(2.9)), (c + k * 1.4, body.y(4.1))]
        canvas.within(torso, tube(fold, (0.006, 0.016, 0.022)), darker(look.cloth, 0.24), 0.8)


def _robe(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    c = body.middle
    trim = trim_of(look.cloth)
    canvas.within(torso, _opening(body, 0.85, 0.22), lighter(look.shirt, 0.2))
    canvas.within(torso, _opening(body, 0.46, 0.18), body.bare)
    under = [(-0.25, 0.46), (-0.10, body.y(0.4)), (c - 0.01, body.y(0.68))]
    canvas.within(torso, tube(under, (0.075, 0.08, 0.08)), darker(trim, 0.2))
    over = [(0.25, 0.46), (0.10, body.y(0.4)), (c - 0.24, body.y(1.3)), (c - 0.42, body.y(1.72))]
    canvas.within(torso, tube(over, (0.075, 0.085, 0.085, 0.08)), trim)
    edge = [(c - 0.22, body.y(1.8)), (c - 0.30, body.y(5.2))]
    canvas.within(torso, tube(edge, (0.05, 0.06)), trim)
    sash = [(-1.2, body.y(1.56)), (1.2, body.y(1.56)), (1.2, body.y(1.92)), (-1.2, body.y(1.92))]
    canvas.within(torso, sash, darker(look.cloth, 0.42))
    canvas.within(
        torso, tube([(-1.2, body.y(1.74)), (1.2, body.y(1.74))], (0.025, 0.025)), mix(trim, (210, 170, 90), 0.4)
    )
    for k in (0.2, 0.48):
        canvas.within(
            torso, tube([(c + k, body.y(2.1)), (c + k * 1.3, body.y(5.2))], (0.006, 0.016)), darker(look.cloth, 0.26)
        )


def _uniform(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    _seam(canvas, body, torso, 0.4)
    stand = smooth(
        [
            (-0.21, body.y(-0.08)),
            (0.0, body.y(0.04)),
            (0.21, body.y(-0.08)),
            (0.26, body.y(0.12)),
            (0.0, body.y(0.30)),
            (-0.26, body.y(0.12)),
        ]
    )
    canvas.form(stand, darker(look.cloth, 0.25), depth=0.06)
    gold: Colour = (216, 176, 92)
    _buttons(canvas, body, 0.66, 1.5, gold, -0.13)
    _buttons(canvas, body, 0.66, 1.5, gold, 0.13)
    belt = [(-1.2, body.y(1.66)), (1.2, body.y(1.66)), (1.2, body.y(1.86)), (-1.2, body.y(1.86))]
    canvas.within(torso, belt, (62, 44, 38))
    c = body.middle
    canvas.form(
        [(c - 0.13, body.y(1.64)), (c + 0.13, body.y(1.64)), (c + 0.13, body.y(1.88)), (c - 0.13, body.y(1.88))],
        gold,
        depth=0.03,
    )
    for side in (-1, 1):
        x = side * 0.60 * body.breadth
        strap = smooth(
            [
                (x - 0.17 * side, body.y(0.17)),
                (x + 0.17 * side, body.y(0.28)),
                (x + 0.19 * side, body.y(0.38)),
                (x - 0.16 * side, body.y(0.28)),
            ]
        )
        canvas.form(strap, gold, depth=0.04)
        canvas.within(
            torso,
            [
                (side * 0.22 * body.breadth - 0.0, body.y(0.98)),
                (side * 0.58 * body.breadth, body.y(0.98)),
                (side * 0.58 * body.breadth, body.y(1.10)),
                (side * 0.22 * body.breadth, body.y(1.10)),
            ],
            trim_of(look.cloth),
        )


def _apron(canvas: Canvas, body: Body, torso: Points) -> None:
    look = body.look
    canvas.within(torso, _opening(body, 0.58, 0.2), body.bare)
    _collar(canvas, body, darker(look.shirt, 0.06))
    c, b = body.middle, body.breadth
    low, deep = (2.5, 2.4) if body.seated else (3.7, 2.7)
    for side in (-1, 1):
        canvas.fill(
            tube([(side * 0.30 * b, body.y(0.14)), (c + side * 0.27 * b, body.y(0.95))], (0.045, 0.045)),
            darker(look.cloth, 0.16),
        )
    front = smooth(
        [
            (c - 0.31 * b, body.y(0.92)),
            (c - 0.31 * b, body.y(0.92)),
            (c + 0.31 * b, body.y(0.92)),
            (c + 0.31 * b, body.y(0.92)),
            (c + 0.38 * b, body.y(1.5)),
            (0.60 * b, body.y(1.9)),
            (0.66 * b, body.y(low)),
            (0.66 * b, body.y(low)),
            (-0.66 * b, body.y(low)),
            (-0.66 * b, body.y(low)),
            (-0.60 * b, body.y(1.9)),
            (c - 0.38 * b, body.y(1.5)),
        ],
        steps=6,
    )
    canvas.form(front, look.cloth, depth=0.2, shade=0.24)
    pocket = [(c - 0.3, body.y(2.15)), (c + 0.3, body.y(2.15)), (c + 0.27, body.y(deep)), (c - 0.27, body.y(deep))]
    canvas.fill(pocket, trim_of(look.cloth))
    canvas.fill(tube([(c, body.y(2.17)), (c, body.y(deep))], (0.008, 0.008)), darker(look.cloth, 0.3))
    canvas.within(torso, tube([(-1.0, body.y(1.74)), (1.0, body.y(1.74))], (0.04, 0.04)), darker(look.cloth, 0.22))


def _plate(canvas: Canvas, body: Body, torso: Points) -> None:
    heights = (body.y(0.52), body.y(1.36), body.y(1.78))
    draw_plate(canvas, torso, body.middle, body.look.cloth, heights)


FRONTS: dict[str, Callable[[Canvas, Body, Points], None]] = {
    "coat": _coat,
    "suit": _suit,
    "jacket": _jacket,
    "sweater": _sweater,
    "shirt": _shirt,
    "hoodie": _hoodie,
    "dress": _dress,
    "robe": _robe,
    "uniform": _uniform,
    "apron": _apron,
    "cloak": _shirt,
    "plate": _plate,
}
"""For each garment: what is drawn on the given outline of the torso."""
