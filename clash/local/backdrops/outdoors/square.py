"""A town square."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import placed
from clash.local.backdrops.outdoors.buildings import street_lamp, window
from clash.local.backdrops.palette import AWNINGS, LAMP, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky

_PLASTER = tuple(rgb(code) for code in ("#e0cda6", "#d79f7c", "#c9b9a0", "#b9c2b4", "#dcc0b0", "#a9b6c2"))
_TILE = rgb("#9a4f3f")


def square(scene: Scene) -> None:
    """A town square: gabled fronts, a hall with a clock tower, a fountain on paving."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    base = hz + 0.05 * c.u
    _row_of_houses(scene, base)
    _clock_hall(scene, scene.side_x(-0.15), base + 0.01 * c.u)
    stone = rgb("#b5a894")
    c.shape(
        [(0, base), (c.w, base), (c.w, c.h), (0, c.h)], (p.ground(stone, 0.30), p.tone(darker(stone, 0.55), 0.0, 0.85))
    )
    seam = p.ground(darker(stone, 0.35), 0.12)
    for k in range(-16, 17):
        c.line(
            [(c.w * 0.5 + k * 0.07 * c.u, base), (c.w * 0.5 + k * 0.42 * c.u, c.h)],
            mix(seam, p.ground(stone, 0.2), 0.4),
            0.0016 * c.u,
        )
    for k in range(9):
        y = base + (c.h - base) * (k / 9) ** 1.9
        c.line([(0, y), (c.w, y)], mix(seam, p.ground(stone, 0.2), 0.4), 0.0012 * c.u + 0.0003 * k * c.u)
    _fountain(scene, scene.side_x(0.17), base + 0.115 * c.u, 0.17 * c.u)
    for share, near in ((-0.43, 0.14), (0.45, 0.12), (0.30, 0.03), (-0.28, 0.03)):
        street_lamp(scene, c.w * (0.5 + share), base + near * c.u, (0.20 + 1.2 * near) * c.u)
    c.fade((0, c.h * 0.82, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.40)
    scene.focus = (scene.side_x(-0.15) / c.w, scene.level - 0.14)
    if p.lamps > 0.7:
        scene.key = mix(scene.key, LAMP, 0.5)


def _row_of_houses(scene: Scene, base: float) -> None:
    c, rng = scene.canvas, scene.rng("row")
    x = -0.03 * c.w
    for _ in range(40):
        if x >= c.w:
            break
        w, h = c.u * jitter(rng, 0.13, 0.19), c.u * jitter(rng, 0.22, 0.31)
        _town_house(scene, x, base, w, h, rng)
        x += w


def _town_house(scene: Scene, x: float, base: float, w: float, h: float, rng: np.random.Generator) -> None:
    """Three storeys under a stepped gable or a tiled roof, a shop at the foot."""
    c, p = scene.canvas, scene.palette
    wall = _PLASTER[int(rng.integers(len(_PLASTER)))]
    front, roof, eaves = p.tone(wall, 0.22), p.ground(_TILE, 0.2), base - h
    c.shape([(x, eaves), (x + w, eaves), (x + w, base), (x, base)], (front, darker(front, 0.18)))
    if rng.random() < 0.5:
        c.shape(placed(x, eaves, w, ((0, 0), (0.2, -0.30), (0.5, -0.55), (0.8, -0.30), (1, 0))), front)
        c.line(placed(x, eaves, w, ((0, 0), (0.5, -0.55), (1, 0))), roof, 0.012 * c.u)
    else:
        ridge = placed(x, eaves, w, ((0.10, -0.42), (0.90, -0.42)))
        c.shape([(x - 2, eaves), *ridge, (x + w + 2, eaves)], roof)
    for row in range(3):
        for column in range(3):
            at = x + w * (0.22 + 0.28 * column), base - h * (0.88 - 0.26 * row)
            window(scene, *at, w * 0.13, h * 0.15, rng.random(), 0.2)
    glass = mix(LAMP, p.haze, 0.15) if p.lamps > 0.4 else p.tone(rgb("#4a5560"), 0.2)
    c.rect(x + w * 0.08, base - h * 0.24, x + w * 0.92, base, glass)
    c.rect(x + w * 0.44, base - h * 0.22, x + w * 0.56, base, p.tone(rgb("#4a342a"), 0.2))
    cloth = p.ground(AWNINGS[int(rng.integers(3))], 0.2)
    upper, lower = base - h * 0.27, base - h * 0.19
    c.polygon([(x + w * 0.05, upper), (x + w * 0.95, upper), (x + w, lower), (x, lower)], cloth)


def _clock_hall(scene: Scene, x: float, base: float) -> None:
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    wall, roof = p.tone(rgb("#dccfb4"), 0.14), p.ground(rgb("#4f6a66"), 0.14)
    shade = darker(wall, 0.24)
    tall = min(0.58 * u, base - 0.10 * c.h)
    k = tall / 0.58
    w = 0.065 * u
    c.shape(
        [(x - 0.21 * u, base - 0.27 * k), (x + 0.21 * u, base - 0.27 * k), (x + 0.21 * u, base), (x - 0.21 * u, base)],
        (wall, shade),
    )
    c.shape(
        [
            (x - 0.23 * u, base - 0.265 * k),
            (x - 0.17 * u, base - 0.35 * k),
            (x + 0.17 * u, base - 0.35 * k),
            (x + 0.23 * u, base - 0.265 * k),
        ],
        roof,
    )
    c.shape(
        [(x - w, base - 0.46 * k), (x + w, base - 0.46 * k), (x + w, base), (x - w, base)], (lighter(wall, 0.06), shade)
    )
    s = scene.light_side
    c.shape(
        [
            (x - s * w, base - 0.46 * k),
            (x - s * w * 0.35, base - 0.46 * k),
            (x - s * w * 0.35, base),
            (x - s * w, base),
        ],
        shade,
        0.7,
    )
    c.shape([(x - w * 1.2, base - 0.455 * k), (x, base - 0.58 * k), (x + w * 1.2, base - 0.455 * k)], roof)
    face = mix(p.tone(rgb("#f4efe2"), 0.1), (255, 246, 220), 0.8 * p.lamps)
    cy = base - 0.40 * k
    c.ellipse(x, cy, w * 0.66, w * 0.66, p.tone(rgb("#3c3530"), 0.1))
    c.ellipse(x, cy, w * 0.56, w * 0.56, face)
    c.line([(x, cy - w * 0.42), (x, cy), (x + w * 0.28, cy + w * 0.16)], p.tone(rgb("#2c2622"), 0.1), w * 0.08)
    if p.lamps > 0.3:
        c.glow(x, cy, w * 2.2, LAMP, 0.5 * p.lamps)
    rng = scene.rng("hall windows")
    for row in range(2):
        for column in (-0.17, -0.115, 0.115, 0.17):
            window(scene, x + column * u, base - (0.21 - 0.10 * row) * k, 0.024 * u, 0.055 * k, rng.random(), 0.12)
    for column in (-0.15, -0.075, 0.075, 0.15):
        c.rect(
            x + column * u - 0.022 * u, base - 0.065 * k, x + column * u + 0.022 * u, base, darker(shade, 0.4), 0.02 * u
        )
    c.rect(x - 0.030 * u, base - 0.09 * k, x + 0.030 * u, base, p.tone(rgb("#4a342a"), 0.1), 0.028 * u)


def _fountain(scene: Scene, x: float, base: float, r: float) -> None:
    c, p = scene.canvas, scene.palette
    stone = p.ground(rgb("#b9b2a6"), 0.06)
    wet = mix(p.tone(rgb("#7fb4c8"), 0.05), p.sky[-1], 0.35)
    c.ellipse(x, base + r * 0.16, r * 1.12, r * 0.26, mix(p.ink, stone, 0.35))
    c.rect(x - r, base - r * 0.10, x + r, base + r * 0.12, darker(stone, 0.2))
    c.ellipse(x, base + r * 0.12, r, r * 0.22, darker(stone, 0.2))
    c.ellipse(x, base - r * 0.10, r, r * 0.22, stone)
    c.ellipse(x, base - r * 0.10, r * 0.9, r * 0.17, wet)
    c.rect(x - r * 0.09, base - r * 0.75, x + r * 0.09, base - r * 0.10, darker(stone, 0.1))
    c.ellipse(x, base - r * 0.72, r * 0.46, r * 0.11, stone)
    c.ellipse(x, base - r * 0.74, r * 0.40, r * 0.08, wet)
    c.rect(x - r * 0.05, base - r * 1.05, x + r * 0.05, base - r * 0.72, stone)
    for k in (-1, -0.5, 0.5, 1):
        arc = [
            (x, base - r * 1.08),
            (x + k * r * 0.22, base - r * (1.22 - 0.05 * abs(k))),
            (x + k * r * 0.46, base - r * 0.85),
            (x + k * r * 0.58, base - r * 0.16),
        ]
        c.line(arc, lighter(wet, 0.35), r * 0.025)
