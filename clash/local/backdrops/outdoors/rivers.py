"""Places by fresh water: river and lake."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.outdoors.plants import conifer, reeds, round_tree
from clash.local.backdrops.outdoors.scenery import foreground, mist, peaks, ridge
from clash.local.backdrops.outdoors.waters import water
from clash.local.backdrops.palette import GRASS, LAMP, darker, lighter, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky


def river(scene: Scene) -> None:
    """A river that winds from the hills to the foot of the picture between meadows and willows."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.02 * c.u)
    ridge(scene, "far", hz - 0.06 * c.u, 0.07 * c.u, (p.tone(rgb("#6f8a92"), 0.72), p.tone(rgb("#7f9a86"), 0.62)))
    mist(scene, hz, 0.08 * c.u, 0.5)
    ridge(
        scene,
        "meadow",
        hz + 0.005 * c.u,
        0.012 * c.u,
        (p.ground(rgb("#86a866"), 0.42), p.ground(darker(GRASS, 0.25), 0.0, 0.9)),
    )
    meadow = c.image.copy()
    for k in range(9):
        at = c.w * (k + 0.5 + jitter(scene.rng(f"wood {k}"), -0.4, 0.4)) / 9
        conifer(scene, at, hz + 0.02 * c.u, c.u * 0.07, p.ground(rgb("#48705a"), 0.45))
    water(scene, hz + 0.012 * c.u, c.h, calm=0.75)
    left, right = _banks(scene, hz + 0.012 * c.u)
    c.restore(meadow, [*left, (-4.0, c.h + 4.0), (-4.0, hz), (left[0][0], hz)])
    c.restore(meadow, [*right, (c.w + 4.0, c.h + 4.0), (c.w + 4.0, hz), (right[0][0], hz)])
    edge = p.ground(rgb("#a58d66"), 0.1, 0.9)
    for line in (left, right):
        for a, b, k in zip(line, line[1:], range(99), strict=False):
            c.line([a, b], edge, c.u * 0.0004 * (k + 1))
    for k, (share, size) in enumerate(((-0.36, 0.36), (0.40, 0.42), (0.29, 0.20), (-0.22, 0.16))):
        x, y = c.w * (0.5 + share), hz + (0.02 + 0.26 * (size - 0.12)) * c.u
        round_tree(scene, x, y + 0.02 * c.u, size * c.u, p.ground(rgb("#5c8a4c"), max(0.0, 0.34 - size)), f"willow {k}")
    reeds(scene, "reeds", c.h * 0.90, 0.10 * c.u, darker(GRASS, 0.3), within=(0.0, 0.30))
    foreground(scene, "bank", c.h * 0.90, darker(GRASS, 0.35), amplitude=0.02)
    scene.ground = 0.92
    scene.focus = (0.5 + 0.14 * scene.light_side, scene.level)


def _banks(scene: Scene, top: float) -> tuple[list[Point], list[Point]]:
    c, side = scene.canvas, scene.light_side
    left: list[Point] = []
    right: list[Point] = []
    for k in range(41):
        t = k / 40
        near = t**2.1
        x = c.w * 0.5 + side * c.u * (0.20 * float(np.sin(t * 6.6)) * (0.25 + near) - 0.02)
        half = c.u * (0.012 + 0.42 * near)
        y = top + (c.h + 6 - top) * near
        left.append((x - half, y))
        right.append((x + half, y))
    return left, right


def lake(scene: Scene) -> None:
    """A still lake that mirrors its mountains; a jetty reaches out from the near shore."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    peaks(scene, "range", hz, 0.34 * c.u, 0.50, snow=0.34 if p.snowy else 0.26, count=5)
    mist(scene, hz - 0.01 * c.u, 0.10 * c.u, 0.5)
    ridge(scene, "shore", hz - 0.012 * c.u, 0.018 * c.u, p.ground(rgb("#4f7560"), 0.38), foot=hz + 2)
    rng = scene.rng("firs")
    for k in range(44):
        x = c.w * (k + jitter(rng, 0, 1)) / 44
        if abs(x / c.w - 0.5) > 0.10:
            conifer(scene, x, hz + 0.004 * c.u, c.u * jitter(rng, 0.04, 0.085), p.ground(rgb("#3f6852"), 0.34))
    water(scene, hz, c.h, calm=0.92 if p.weather in ("clear", "cloud", "fog", "snow") else 0.5)
    _jetty(scene, hz)
    foreground(scene, "bank", c.h * 0.92, darker(GRASS, 0.4), amplitude=0.018)
    reeds(scene, "reeds", c.h * 0.94, 0.15 * c.u, darker(GRASS, 0.3), within=(0.0, 0.20))
    reeds(scene, "reeds right", c.h * 0.95, 0.13 * c.u, darker(GRASS, 0.3), within=(0.82, 1.0))
    scene.ground = 0.93
    scene.focus = (0.5 - 0.2 * scene.light_side, scene.level - 0.06)


def _jetty(scene: Scene, hz: float) -> None:
    c, p = scene.canvas, scene.palette
    wood = p.ground(rgb("#8d6f55"), 0.05)
    far, near = hz + 0.15 * c.u, c.h * 0.97
    x0, x1 = scene.side_x(-0.17), scene.side_x(-0.04)
    for k in range(5):
        t = k / 4
        y, x, half = far + (near - far) * t**1.6, x0 + (x1 - x0) * t**1.6, c.u * (0.040 + 0.15 * t**1.6)
        for s in (-1, 1):
            c.rect(
                x + s * half - 0.007 * c.u,
                y - 0.03 * c.u,
                x + s * half + 0.007 * c.u,
                y + 0.05 * c.u,
                darker(wood, 0.4),
            )
    c.shape(
        [(x0 - 0.04 * c.u, far), (x0 + 0.04 * c.u, far), (x1 + 0.19 * c.u, near), (x1 - 0.19 * c.u, near)],
        (lighter(wood, 0.05), darker(wood, 0.3)),
    )
    for k in range(1, 22):
        t = (k / 22) ** 1.6
        y, x, half = far + (near - far) * t, x0 + (x1 - x0) * t, c.u * (0.040 + 0.15 * t)
        c.line([(x - half, y), (x + half, y)], darker(wood, 0.38), c.u * (0.001 + 0.002 * t))
    if p.lamps > 0.4:
        c.glow(x0, far - 0.03 * c.u, 0.10 * c.u, LAMP, 0.8 * p.lamps)
