"""Clothes: the upper garment from before and behind, what is worn at the neck, the cloak."""

from __future__ import annotations

from clash.local.figures.body import Body
from clash.local.figures.canvas import (
    Canvas,
    Points,
    darker,
    ellipse,
    smooth,
    tube,
)
from clash.local.figures.garments import FRONTS
from clash.local.figures.look import trim_of


def draw_torso(canvas: Canvas, body: Body) -> Points:
    """The upper garment, without arms and collar; its outline."""
    look = body.look
    torso = body.torso()
    cloth = look.shirt if look.garment == "apron" else look.cloth
    canvas.form(torso, cloth, depth=0.26 * body.breadth, shade=0.26)
    detail = FRONTS.get(look.garment)
    if detail is not None:
        detail(canvas, body, torso)
    return torso


def draw_torso_from_behind(canvas: Canvas, body: Body) -> Points:
    """The upper garment from behind: a yoke, a seam down the middle."""
    look = body.look
    torso = body.torso()
    cloth = look.shirt if look.garment == "apron" else look.cloth
    canvas.form(torso, cloth, depth=0.26 * body.breadth, shade=0.3)
    seam = darker(cloth, 0.3)
    canvas.within(torso, tube([(0.0, body.y(0.3)), (0.0, body.y(body.hem))], (0.008, 0.008)), seam, 0.7)
    yoke = [(-0.8, body.y(0.86)), (0.0, body.y(0.96)), (0.8, body.y(0.86))]
    canvas.within(torso, tube(yoke, (0.007, 0.007, 0.007)), seam, 0.6)
    collar = smooth([(-0.24, 0.42), (0.0, 0.37), (0.24, 0.42), (0.30, 0.60), (0.0, 0.68), (-0.30, 0.60)])
    canvas.form(collar, trim_of(cloth) if look.garment in {"coat", "jacket", "suit", "uniform"} else cloth, depth=0.08)
    if look.garment == "hoodie":
        canvas.form(
            smooth([(-0.40, 0.42), (0.0, 0.30), (0.40, 0.42), (0.28, 0.98), (0.0, 1.12), (-0.28, 0.98)]),
            darker(cloth, 0.1),
            depth=0.1,
        )
    return torso


def draw_neckwear(canvas: Canvas, body: Body) -> None:
    """The scarf, if any; to be drawn over the neck and under the head."""
    look = body.look
    if look.garment == "cloak":
        _cloak_collar(canvas, body)
    if look.scarf is None:
        return
    c = body.middle
    wrap = smooth(
        [
            (-0.33, 0.42),
            (0.0, 0.54),
            (0.33, 0.42),
            (0.40, 0.58),
            (0.24, 0.76),
            (0.0, 0.82),
            (-0.24, 0.76),
            (-0.40, 0.58),
        ]
    )
    end = [(c + 0.10, 0.72), (c + 0.26, 0.72), (c + 0.30, 1.52), (c + 0.08, 1.56)]
    canvas.form(end, darker(look.scarf, 0.12), depth=0.06)
    for k in range(5):
        x = c + 0.10 + k * 0.047
        canvas.fill(tube([(x, 1.53), (x, 1.63)], (0.014, 0.008)), darker(look.scarf, 0.2))
    canvas.form(wrap, look.scarf, depth=0.12, shade=0.28)
    for fold in ([(-0.36, 0.53), (0.0, 0.64), (0.36, 0.51)], [(-0.30, 0.66), (0.02, 0.74), (0.32, 0.63)]):
        canvas.within(wrap, tube(fold, (0.006, 0.015, 0.006)), darker(look.scarf, 0.32), 0.8)


def draw_cloak(canvas: Canvas, body: Body) -> None:
    """The cloth of a cloak behind the body; to be drawn before it."""
    b, cloth = body.breadth, body.look.cloth
    half = [
        (0.30 * b, 0.5),
        (0.86 * b, 0.72),
        (1.06 * b, body.y(1.8)),
        (1.12 * b, body.y(3.4)),
        (1.16 * b, body.y(4.7)),
    ]
    shape = smooth([*half, half[-1], (0.0, body.y(4.85)), *[(-x, y) for x, y in [half[-1], *reversed(half)]]])
    canvas.form(shape, darker(cloth, 0.22), depth=0.3)


def _cloak_collar(canvas: Canvas, body: Body) -> None:
    b, cloth = body.breadth, body.look.cloth
    for side in (-1, 1):
        fall = smooth(
            [
                (side * 0.10, body.y(0.16)),
                (side * 0.34 * b, body.y(0.02)),
                (side * 0.88 * b, body.y(0.26)),
                (side * 1.02 * b, body.y(1.4)),
                (side * 1.08 * b, body.y(2.6)),
                (side * 0.80 * b, body.y(2.5)),
                (side * 0.62 * b, body.y(1.3)),
                (side * 0.34 * b, body.y(0.72)),
            ]
        )
        canvas.form(fall, cloth, depth=0.12, shade=0.26)
    c = body.middle
    canvas.form(ellipse(c * 0.5, body.y(0.34), 0.075, 0.075), (214, 174, 92), depth=0.03)
