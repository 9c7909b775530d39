"""Town seen broadside: square, park, village, city, rooftop, bridge."""

from __future__ import annotations

import numpy as np

from clash.providers.local.backdrops.canvas import Point
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.parts import reeds
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.scenery import (
    conifer, foreground, height_at, house, mist, path, ridge, round_tree, street_lamp, water, window,
)  # fmt: skip
from clash.providers.local.backdrops.sky import paint_sky

_PLASTER = tuple(rgb(code) for code in ("#e0cda6", "#d79f7c", "#c9b9a0", "#b9c2b4", "#dcc0b0", "#a9b6c2"))
_TILE = rgb("#9a4f3f")


def skyline(scene: Scene, label: str, base: float, low: float, high: float, depth: float, *, wide: float = 0.07) -> None:
    """A row of towers from edge to edge on `base`, `low` to `high` units tall, windows lit at night."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"skyline {label}")
    steel = p.tone(rgb("#5f7286"), depth)
    x, count = -0.02 * c.w, 0
    while x < c.w * 1.02 and count < 90:
        count += 1
        w = wide * c.u * jitter(rng, 0.6, 1.3)
        centre = 1.0 - abs((x + w / 2) / c.w - 0.5 - 0.10 * scene.light_side) * 1.1
        tall = c.u * (low + (high - low) * jitter(rng, 0.1, 1.0) * max(0.15, centre))
        crown, shade = int(rng.integers(5)), jitter(rng, -0.10, 0.10)
        paint = lighter(steel, shade) if shade > 0 else darker(steel, -shade)
        _tower(scene, x, base, w, tall, paint, crown)
        _tower_windows(scene, rng, (x, base - tall, w, tall), depth)
        x += w * jitter(rng, 0.92, 1.12)


def _tower(scene: Scene, x: float, base: float, w: float, tall: float, paint: RGB, crown: int) -> None:
    c, p, s = scene.canvas, scene.palette, scene.light_side
    top = base - tall
    c.rect(x, top, x + w, base, paint)
    dark = darker(paint, 0.16)
    c.rect(x if s > 0 else x + w * 0.62, top, x + w * 0.38 if s > 0 else x + w, base, dark)
    if crown == 0:
        c.line([(x + w * 0.5, top), (x + w * 0.5, top - 0.30 * w - 0.03 * c.u)], paint, w * 0.06)
        if p.lamps > 0.5:
            c.glow(x + w * 0.5, top - 0.30 * w - 0.03 * c.u, 0.014 * c.u, (255, 80, 60), 0.9)
    elif crown == 1:
        c.rect(x + w * 0.2, top - w * 0.25, x + w * 0.8, top, paint)
        c.rect(x + w * 0.36, top - w * 0.5, x + w * 0.64, top, dark)
    elif crown == 2:
        c.polygon([(x, top), (x + w, top - w * 0.45), (x + w, top)], paint)


def _tower_windows(scene: Scene, rng: np.random.Generator, box: tuple[float, float, float, float], depth: float) -> None:
    c, p = scene.canvas, scene.palette
    x, y, w, h = box
    columns, rows = max(2, round(w / (0.016 * c.u))), max(3, round(h / (0.022 * c.u)))
    draws = rng.random((36, 12))
    cell_w, cell_h = w / columns, h / rows
    dim = mix(p.tone(rgb("#8fa6b8"), depth), p.sky[-1], 0.25)
    for row in range(min(rows - 1, 36)):
        for column in range(min(columns, 12)):
            draw = float(draws[row, column])
            if draw < p.lamps * 0.42:
                pane = mix(mix(LAMP, (255, 238, 208), draw * 2), p.haze, depth * 0.5)
            elif draw > 0.90 or p.lamps < 0.3:
                pane = dim
            else:
                continue
            px, py = x + cell_w * (column + 0.25), y + cell_h * (row + 0.45)
            c.rect(px, py, px + cell_w * 0.5, py + cell_h * 0.5, pane)


def city(scene: Scene) -> None:
    """A skyline in three layers across a river, seen from a promenade with its railing."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    if p.lamps > 0.5:
        c.glow(c.w * 0.5, hz, 0.9 * c.u, mix(LAMP, p.haze, 0.45), 0.40 * p.lamps, tall=0.5, power=1.5)
    skyline(scene, "far", hz + 2, 0.10, 0.34, 0.68, wide=0.06)
    mist(scene, hz, 0.14 * c.u, 0.35)
    skyline(scene, "middle", hz + 2, 0.08, 0.46, 0.40, wide=0.085)
    skyline(scene, "near", hz + 2, 0.05, 0.20, 0.18, wide=0.11)
    c.rect(0, hz - 0.004 * c.u, c.w, hz + 0.018 * c.u, p.tone(rgb("#565c64"), 0.2))
    water(scene, hz + 0.016 * c.u, c.h, calm=0.80)
    _promenade(scene, c.h * 0.85)
    scene.ground = 0.91
    scene.focus = (0.5 + 0.10 * scene.light_side, scene.level - 0.14)


def _promenade(scene: Scene, top: float) -> None:
    c, p = scene.canvas, scene.palette
    stone = rgb("#8c857e")
    c.shape([(0, top), (c.w, top), (c.w, c.h), (0, c.h)], (p.ground(stone, 0.0, 0.75), p.tone(darker(stone, 0.55), 0.0, 0.75)))
    iron = p.tone(rgb("#23272d"), 0.0, 0.9)
    rail = top - 0.12 * c.u
    for k in range(round(c.w / (0.03 * c.u)) + 1):
        c.rect(k * 0.03 * c.u - 0.0014 * c.u, rail, k * 0.03 * c.u + 0.0014 * c.u, top, iron)
    for k in range(round(c.w / (0.30 * c.u)) + 1):
        c.rect(k * 0.30 * c.u - 0.006 * c.u, rail - 0.012 * c.u, k * 0.30 * c.u + 0.006 * c.u, top + 0.01 * c.u, iron)
    c.rect(0, rail - 0.006 * c.u, c.w, rail + 0.006 * c.u, lighter(iron, 0.06))
    c.rect(0, top - 0.022 * c.u, c.w, top - 0.016 * c.u, iron)
    for share in (-0.40, 0.42):
        street_lamp(scene, c.w * (0.5 + share), top + 0.02 * c.u, 0.50 * c.u)
    if p.lamps > 0.7:
        scene.key = mix(scene.key, LAMP, 0.5)


def rooftop(scene: Scene) -> None:
    """A flat roof above the city: parapet, water tank, air shafts, a string of bulbs."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.1 * c.u)
    if p.lamps > 0.5:
        c.glow(c.w * 0.5, hz + 0.1 * c.u, 0.9 * c.u, mix(LAMP, p.haze, 0.45), 0.40 * p.lamps, tall=0.5, power=1.5)
    top = hz + 0.17 * c.u
    skyline(scene, "far", top, 0.20, 0.42, 0.66, wide=0.06)
    mist(scene, hz + 0.08 * c.u, 0.16 * c.u, 0.40)
    skyline(scene, "near", top, 0.10, 0.34, 0.36, wide=0.10)
    mist(scene, top, 0.10 * c.u, 0.30)
    brick, floor = rgb("#9a6a58"), rgb("#85817c")
    c.shape([(0, top + 0.07 * c.u), (c.w, top + 0.07 * c.u), (c.w, c.h), (0, c.h)], (p.ground(floor, 0.05, 0.9), p.tone(darker(floor, 0.55), 0.0, 0.8)))
    c.shape([(0, top - 0.02 * c.u), (c.w, top - 0.02 * c.u), (c.w, top + 0.09 * c.u), (0, top + 0.09 * c.u)], (p.tone(brick, 0.06), p.tone(darker(brick, 0.35), 0.02)))
    c.rect(0, top - 0.035 * c.u, c.w, top - 0.015 * c.u, p.ground(lighter(brick, 0.25), 0.03))
    _tank(scene, scene.side_x(-0.33), top + 0.12 * c.u, 0.42 * c.u)
    _shed(scene, scene.side_x(0.38), top + 0.15 * c.u)
    left, right = (scene.side_x(-0.33), top - 0.20 * c.u), (scene.side_x(0.34), top - 0.17 * c.u)
    _string(scene, left, right, 0.07 * c.u)
    scene.ground = 0.90
    scene.focus = (0.5 - 0.18 * scene.light_side, scene.level)


def _tank(scene: Scene, x: float, base: float, tall: float) -> None:
    c, p, s = scene.canvas, scene.palette, scene.light_side
    wood, iron = p.tone(rgb("#8a6147"), 0.03), p.tone(rgb("#2e3138"), 0.02)
    for dx in (-0.17, -0.06, 0.06, 0.17):
        c.line([(x + dx * tall, base), (x + dx * tall * 0.9, base - tall * 0.42)], iron, tall * 0.022)
    c.line([(x - 0.17 * tall, base - 0.05 * tall), (x + 0.15 * tall, base - 0.38 * tall)], iron, tall * 0.012)
    c.line([(x + 0.17 * tall, base - 0.05 * tall), (x - 0.15 * tall, base - 0.38 * tall)], iron, tall * 0.012)
    c.rect(x - 0.23 * tall, base - 0.43 * tall, x + 0.23 * tall, base - 0.40 * tall, iron)
    c.rect(x - 0.20 * tall, base - 0.82 * tall, x + 0.20 * tall, base - 0.43 * tall, wood)
    c.fade((x - 0.20 * tall, base - 0.82 * tall, x + 0.20 * tall, base - 0.43 * tall), p.ink, 0.0 if s < 0 else 0.55, 0.55 if s < 0 else 0.0, "x")
    for k in range(3):
        c.rect(x - 0.20 * tall, base - (0.52 + 0.12 * k) * tall, x + 0.20 * tall, base - (0.51 + 0.12 * k) * tall, darker(wood, 0.4))
    c.shape([(x - 0.24 * tall, base - 0.81 * tall), (x, base - tall), (x + 0.24 * tall, base - 0.81 * tall)], p.ground(rgb("#5b4a42"), 0.03))


def _shed(scene: Scene, x: float, base: float) -> None:
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    wall = p.tone(rgb("#b0a698"), 0.02)
    c.shape([(x - 0.15 * u, base - 0.27 * u), (x + 0.25 * u, base - 0.27 * u), (x + 0.25 * u, base), (x - 0.15 * u, base)], (wall, darker(wall, 0.3)))
    c.rect(x - 0.17 * u, base - 0.285 * u, x + 0.27 * u, base - 0.262 * u, p.ground(rgb("#6b6660"), 0.02))
    c.rect(x - 0.06 * u, base - 0.20 * u, x + 0.03 * u, base, p.tone(rgb("#4e5a52"), 0.02))
    lit = p.lamps > 0.3
    c.ellipse(x - 0.015 * u, base - 0.225 * u, 0.008 * u, 0.008 * u, LAMP if lit else p.tone(rgb("#d8d8d0")))
    if lit:
        c.glow(x - 0.015 * u, base - 0.21 * u, 0.22 * u, LAMP, 0.6 * p.lamps)
    c.rect(x - 0.26 * u, base - 0.07 * u, x - 0.17 * u, base + 0.015 * u, p.tone(rgb("#9aa0a2"), 0.0, 0.9))
    c.ellipse(x - 0.215 * u, base - 0.03 * u, 0.030 * u, 0.030 * u, p.tone(rgb("#5a6064")))


def _string(scene: Scene, a: Point, b: Point, sag: float) -> None:
    c, p = scene.canvas, scene.palette
    points = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t + sag * 4 * t * (1 - t)) for t in np.linspace(0, 1, 19).tolist()]
    c.line(points, p.tone(rgb("#22242a")), 0.0022 * c.u)
    lit = p.lamps > 0.2
    for x, y in points[1:-1]:
        if lit:
            c.glow(x, y + 0.008 * c.u, 0.05 * c.u, LAMP, 0.7 * p.lamps)
        c.ellipse(x, y + 0.008 * c.u, 0.0055 * c.u, 0.007 * c.u, (255, 240, 204) if lit else p.tone(rgb("#d9d4c4")))


def square(scene: Scene) -> None:
    """A town square: gabled fronts, a hall with a clock tower, a fountain on paving."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    base = hz + 0.05 * c.u
    _row_of_houses(scene, base)
    _clock_hall(scene, scene.side_x(-0.15), base + 0.01 * c.u)
    stone = rgb("#b5a894")
    c.shape([(0, base), (c.w, base), (c.w, c.h), (0, c.h)], (p.ground(stone, 0.30), p.tone(darker(stone, 0.55), 0.0, 0.85)))
    seam = p.ground(darker(stone, 0.35), 0.12)
    for k in range(-16, 17):
        c.line([(c.w * 0.5 + k * 0.07 * c.u, base), (c.w * 0.5 + k * 0.42 * c.u, c.h)], mix(seam, p.ground(stone, 0.2), 0.4), 0.0016 * c.u)
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
    c, p, rng = scene.canvas, scene.palette, scene.rng("row")
    x, count = -0.03 * c.w, 0
    while x < c.w and count < 40:
        count += 1
        w, h = c.u * jitter(rng, 0.13, 0.19), c.u * jitter(rng, 0.22, 0.31)
        wall = _PLASTER[int(rng.integers(len(_PLASTER)))]
        front, roof = p.tone(wall, 0.22), p.ground(_TILE, 0.2)
        c.shape([(x, base - h), (x + w, base - h), (x + w, base), (x, base)], (front, darker(front, 0.18)))
        if rng.random() < 0.5:
            c.shape([(x, base - h), (x + w * 0.2, base - h - w * 0.30), (x + w * 0.5, base - h - w * 0.55), (x + w * 0.8, base - h - w * 0.30), (x + w, base - h)], front)
            c.line([(x, base - h), (x + w * 0.5, base - h - w * 0.55), (x + w, base - h)], roof, 0.012 * c.u)
        else:
            c.shape([(x - 2, base - h), (x + w * 0.10, base - h - w * 0.42), (x + w * 0.90, base - h - w * 0.42), (x + w + 2, base - h)], roof)
        for row in range(3):
            for column in range(3):
                window(scene, x + w * (0.22 + 0.28 * column), base - h * (0.88 - 0.26 * row), w * 0.13, h * 0.15, rng.random(), 0.2)
        shop = p.lamps > 0.4
        c.rect(x + w * 0.08, base - h * 0.24, x + w * 0.92, base, mix(LAMP, p.haze, 0.15) if shop else p.tone(rgb("#4a5560"), 0.2))
        c.rect(x + w * 0.44, base - h * 0.22, x + w * 0.56, base, p.tone(rgb("#4a342a"), 0.2))
        cloth = (rgb("#b8453c"), rgb("#2f7f78"), rgb("#d29a3a"))[int(rng.integers(3))]
        c.polygon([(x + w * 0.05, base - h * 0.27), (x + w * 0.95, base - h * 0.27), (x + w, base - h * 0.19), (x, base - h * 0.19)], p.ground(cloth, 0.2))
        x += w


def _clock_hall(scene: Scene, x: float, base: float) -> None:
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    wall, roof = p.tone(rgb("#dccfb4"), 0.14), p.ground(rgb("#4f6a66"), 0.14)
    shade = darker(wall, 0.24)
    tall = min(0.58 * u, base - 0.10 * c.h)
    k = tall / 0.58
    w = 0.065 * u
    c.shape([(x - 0.21 * u, base - 0.27 * k), (x + 0.21 * u, base - 0.27 * k), (x + 0.21 * u, base), (x - 0.21 * u, base)], (wall, shade))
    c.shape([(x - 0.23 * u, base - 0.265 * k), (x - 0.17 * u, base - 0.35 * k), (x + 0.17 * u, base - 0.35 * k), (x + 0.23 * u, base - 0.265 * k)], roof)
    c.shape([(x - w, base - 0.46 * k), (x + w, base - 0.46 * k), (x + w, base), (x - w, base)], (lighter(wall, 0.06), shade))
    s = scene.light_side
    c.shape([(x - s * w, base - 0.46 * k), (x - s * w * 0.35, base - 0.46 * k), (x - s * w * 0.35, base), (x - s * w, base)], shade, 0.7)
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
        c.rect(x + column * u - 0.022 * u, base - 0.065 * k, x + column * u + 0.022 * u, base, darker(shade, 0.4), 0.02 * u)
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
        arc = [(x, base - r * 1.08), (x + k * r * 0.22, base - r * (1.22 - 0.05 * abs(k))), (x + k * r * 0.46, base - r * 0.85), (x + k * r * 0.58, base - r * 0.16)]
        c.line(arc, lighter(wet, 0.35), r * 0.025)


def park(scene: Scene) -> None:
    """Lawns and broad trees, a path with a bench and a lamp, the town behind."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    lawn = rgb("#79a657")
    paint_sky(scene, hz + 0.02 * c.u)
    skyline(scene, "town", hz + 0.01 * c.u, 0.05, 0.20, 0.72, wide=0.06)
    rng = scene.rng("park")
    for k in range(15):
        x = c.w * (k + jitter(rng, 0.2, 0.8)) / 15
        round_tree(scene, x, hz + 0.03 * c.u, c.u * jitter(rng, 0.14, 0.22), p.ground(rgb("#5d8f58"), 0.44), f"far {k}")
    mist(scene, hz + 0.02 * c.u, 0.07 * c.u, 0.35)
    ridge(scene, "lawn", hz + 0.03 * c.u, 0.008 * c.u, (p.ground(lawn, 0.34), p.ground(darker(lawn, 0.4), 0.0, 0.9)), rough=0.3)
    path(scene, (scene.side_x(0.16), hz + 0.03 * c.u), c.w * 0.48, 0.62 * c.u, p.ground(rgb("#cdb893"), 0.06, 0.9), bend=0.16)
    for k, (share, near, size) in enumerate(((-0.40, 0.13, 0.52), (-0.24, 0.06, 0.32), (0.29, 0.07, 0.36), (0.45, 0.16, 0.58))):
        x, y = c.w * (0.5 + share), hz + near * c.u
        c.glow(x - scene.light_side * size * 0.12 * c.u, y, size * 0.40 * c.u, p.ink, 0.42, tall=0.18, power=1.0)
        round_tree(scene, x, y, size * c.u, p.ground(rgb("#4c8146"), 0.10 - 0.1 * near), f"near {k}")
    _bench(scene, scene.side_x(-0.20), hz + 0.19 * c.u, 0.22 * c.u)
    street_lamp(scene, scene.side_x(-0.33), hz + 0.19 * c.u, 0.36 * c.u)
    street_lamp(scene, scene.side_x(0.24), hz + 0.08 * c.u, 0.20 * c.u, depth=0.2)
    reeds(scene, "grass", c.h * 0.94, 0.03 * c.u, darker(lawn, 0.25))
    foreground(scene, "foot", c.h * 0.93, darker(lawn, 0.45), rough=0.4)
    scene.focus = (0.5 - 0.12 * scene.light_side, scene.level)


def _bench(scene: Scene, x: float, base: float, w: float) -> None:
    c, p = scene.canvas, scene.palette
    wood, iron = p.ground(rgb("#94623c"), 0.02), p.tone(rgb("#2a2d33"))
    c.glow(x, base, w * 0.75, p.ink, 0.4, tall=0.15, power=1.0)
    for dx in (-0.40, 0.40):
        c.line([(x + dx * w, base), (x + dx * w, base - w * 0.42)], iron, w * 0.03)
        c.line([(x + dx * w * 1.06, base), (x + dx * w * 1.06, base - w * 0.20)], iron, w * 0.03)
    for k in range(3):
        c.rect(x - w * 0.5, base - w * (0.42 - 0.07 * k), x + w * 0.5, base - w * (0.375 - 0.07 * k), wood)
    c.rect(x - w * 0.52, base - w * 0.215, x + w * 0.52, base - w * 0.16, lighter(wood, 0.06))


def village(scene: Scene) -> None:
    """Cottages on a hillside round a church, smoke, a lane with a fence."""
    c, p, hz, rng = scene.canvas, scene.palette, scene.horizon, scene.rng("village")
    green = rgb("#739c58")
    paint_sky(scene, hz + 0.02 * c.u)
    ridge(scene, "far", hz - 0.09 * c.u, 0.07 * c.u, (p.tone(rgb("#6f8a92"), 0.70), p.tone(rgb("#7f9a86"), 0.6)))
    ridge(scene, "hill", hz - 0.02 * c.u, 0.045 * c.u, (p.ground(green, 0.5), p.ground(green, 0.4)))
    mist(scene, hz, 0.07 * c.u, 0.4)
    spire = scene.side_x(0.13)
    _church(scene, spire, hz + 0.035 * c.u, 0.34 * c.u)
    for row in range(3):
        near = 0.02 + 0.065 * row
        fill = p.ground(green, 0.36 - 0.12 * row), p.ground(darker(green, 0.3), 0.15 - 0.05 * row)
        line = ridge(scene, f"row {row}", hz + near * c.u, 0.016 * c.u, fill, rough=0.4)
        count = 8 - 2 * row
        for k in range(count):
            x = c.w * (k + jitter(rng, 0.15, 0.6)) / count
            size, wall, gable = c.u * (0.085 + 0.035 * row) * jitter(rng, 0.85, 1.2), _PLASTER[int(rng.integers(6))], bool(rng.random() < 0.4)
            if row == 2 and abs(x / c.w - 0.47) < 0.17:
                continue
            house(scene, x, height_at(line, x) + 0.012 * c.u, size, size * 0.52, f"{row} {k}", wall=wall, roof=_TILE, depth=0.28 - 0.11 * row, gable=gable)
            _smoke(scene, x + size * 0.3, height_at(line, x) - size * 0.8, size * 0.8)
            if rng.random() < 0.6:
                round_tree(scene, x + size * 1.25, height_at(line, x) + 0.014 * c.u, size * 0.85, p.ground(rgb("#57824a"), 0.24 - 0.09 * row), f"garden {row} {k}")
    path(scene, (scene.side_x(0.06), hz + 0.10 * c.u), c.w * 0.5, 0.55 * c.u, p.ground(rgb("#c2a67c"), 0.04, 0.85), bend=-0.10)
    _fence(scene, c.h * 0.885)
    foreground(scene, "foot", c.h * 0.93, darker(green, 0.45), amplitude=0.016)
    scene.focus = (spire / c.w, scene.level - 0.05)


def _church(scene: Scene, x: float, base: float, tall: float) -> None:
    c, p = scene.canvas, scene.palette
    wall, slate = p.tone(rgb("#e6dfd0"), 0.32), p.ground(rgb("#56606e"), 0.32)
    w = tall * 0.13
    c.rect(x, base - tall * 0.30, x + tall * 0.48, base, darker(wall, 0.1))
    c.shape([(x - 2, base - tall * 0.29), (x + tall * 0.06, base - tall * 0.47), (x + tall * 0.46, base - tall * 0.47), (x + tall * 0.51, base - tall * 0.29)], slate)
    c.rect(x - w, base - tall * 0.60, x + w, base, wall)
    c.shape([(x - w * 1.25, base - tall * 0.59), (x, base - tall * 1.05), (x + w * 1.25, base - tall * 0.59)], slate)
    window(scene, x, base - tall * 0.48, w * 0.5, w * 0.9, 0.2, 0.3)
    for k in range(3):
        window(scene, x + tall * (0.20 + 0.11 * k), base - tall * 0.16, w * 0.4, w * 0.9, 0.3, 0.3)


def _smoke(scene: Scene, x: float, y: float, size: float) -> None:
    c, p, s = scene.canvas, scene.palette, scene.light_side
    plume = mix(p.haze, (235, 235, 240), 0.35)
    for k in range(5):
        c.glow(x - s * size * 0.12 * k * k * 0.4, y - size * 0.28 * k, size * (0.12 + 0.07 * k), plume, 0.42 - 0.06 * k, power=1.2)


def _fence(scene: Scene, base: float) -> None:
    c, p = scene.canvas, scene.palette
    wood = p.ground(rgb("#a28764"), 0.0, 0.8)
    step = 0.062 * c.u
    for k in range(round(c.w / step) + 1):
        x = k * step
        if abs(x / c.w - 0.5) > 0.21:
            c.rect(x - 0.006 * c.u, base - 0.085 * c.u, x + 0.006 * c.u, base + 0.03 * c.u, wood)
    for dy in (-0.068, -0.030):
        for x0, x1 in ((0.0, 0.29 * c.w), (0.71 * c.w, c.w)):
            c.rect(x0, base + dy * c.u, x1, base + (dy + 0.012) * c.u, darker(wood, 0.12))


def bridge(scene: Scene) -> None:
    """A bridge across the water: of stone on arches where the words say so, else hung from two towers."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    stone = scene.named("stone", "old", "石", "古", "small", "小", "village", "garden", "moon", "wood", "拱")
    paint_sky(scene)
    if stone:
        ridge(scene, "far", hz - 0.07 * c.u, 0.06 * c.u, (p.ground(rgb("#7f9a86"), 0.6), p.ground(rgb("#6f9a5b"), 0.48)), foot=hz + 2)
        rng = scene.rng("bank")
        for k in range(12):
            x = c.w * (k + jitter(rng, 0, 1)) / 12
            round_tree(scene, x, hz + 0.004 * c.u, c.u * jitter(rng, 0.10, 0.20), p.ground(rgb("#5d8f58"), 0.40), f"bank {k}")
        _arches(scene, hz)
    else:
        skyline(scene, "far", hz + 2, 0.04, 0.20, 0.66, wide=0.055)
        ridge(scene, "shore", hz - 0.006 * c.u, 0.004 * c.u, p.tone(rgb("#55707a"), 0.5), foot=hz + 2)
        _suspension(scene, hz)
    water(scene, hz + 0.002 * c.u, c.h, calm=0.78)
    if stone:
        foreground(scene, "bank", c.h * 0.90, rgb("#4f6a3f"), amplitude=0.02)
        reeds(scene, "reeds", c.h * 0.92, 0.12 * c.u, rgb("#4c6a3c"), within=(0.0, 0.24))
        reeds(scene, "reeds right", c.h * 0.93, 0.10 * c.u, rgb("#4c6a3c"), within=(0.78, 1.0))
        for share in (-0.44, 0.46):
            conifer(scene, c.w * (0.5 + share), c.h * 0.91, 0.34 * c.u, p.ground(rgb("#3f6650"), 0.02, 0.8))
    else:
        _promenade(scene, c.h * 0.86)
    scene.ground = 0.92
    scene.focus = (scene.side_x(-0.16) / c.w, scene.level - 0.10)


def _suspension(scene: Scene, hz: float) -> None:
    c, p = scene.canvas, scene.palette
    red = p.tone(rgb("#b5482f"), 0.16)
    deck, tall = hz - 0.10 * c.u, min(0.50 * c.u, hz - 0.10 * c.h)
    towers = (scene.side_x(-0.20), scene.side_x(0.24))
    low = deck - 0.025 * c.u
    for a, b in ((0.0, min(towers)), (max(towers), float(c.w))):
        c.line([(a, deck - (0.0 if a == 0 else tall - 0.1 * c.u)), (b, deck - (tall - 0.1 * c.u) if a == 0 else deck)], red, 0.005 * c.u)
    a, b = min(towers), max(towers)
    top = hz - tall
    cable = [(a + (b - a) * t, top + (low - top) * 4 * t * (1 - t)) for t in np.linspace(0, 1, 41).tolist()]
    c.line(cable, red, 0.006 * c.u)
    for x, y in cable[1:-1]:
        c.line([(x, y), (x, deck)], mix(red, p.haze, 0.25), 0.0016 * c.u)
    for k in range(1, 16):
        t = k / 16
        for start, end, y0, y1 in ((0.0, a, deck, top), (float(c.w), b, deck, top)):
            x, y = start + (end - start) * t, y0 + (y1 - y0) * t
            c.line([(x, y), (x, deck)], mix(red, p.haze, 0.25), 0.0016 * c.u)
    c.rect(0, deck - 0.010 * c.u, c.w, deck + 0.016 * c.u, red)
    c.rect(0, deck + 0.010 * c.u, c.w, deck + 0.020 * c.u, darker(red, 0.35))
    for x in towers:
        for dx in (-0.030, 0.018):
            c.rect(x + dx * c.u, top, x + (dx + 0.013) * c.u, hz + 2, red)
        for t in (0.02, 0.22, 0.44, 0.66):
            c.rect(x - 0.030 * c.u, top + tall * t, x + 0.031 * c.u, top + tall * t + 0.013 * c.u, darker(red, 0.15))
        c.rect(x - 0.045 * c.u, hz - 0.025 * c.u, x + 0.045 * c.u, hz + 2, p.tone(rgb("#8f8a84"), 0.25))
        if p.lamps > 0.4:
            c.glow(x, top, 0.05 * c.u, (255, 90, 60), 0.9 * p.lamps)
    if p.lamps > 0.3:
        for k in range(34):
            c.glow(c.w * (k + 0.5) / 34, deck - 0.018 * c.u, 0.020 * c.u, LAMP, 0.95 * p.lamps)


def _arches(scene: Scene, hz: float) -> None:
    c, p = scene.canvas, scene.palette
    wall, x0, x1 = rgb("#a79c8b"), 0.10 * c.w, 0.90 * c.w
    rise = 0.20 * c.u

    def crown(x: float) -> float:
        t = (x - x0) / (x1 - x0)
        return hz - 0.05 * c.u - rise * max(0.0, 4 * t * (1 - t)) ** 0.8

    before = c.image.copy()
    line = [(float(x), crown(float(x))) for x in np.linspace(x0, x1, 60)]
    c.shape([(-4.0, hz + 3), (-4.0, line[0][1]), *line, (c.w + 4.0, line[-1][1]), (c.w + 4.0, hz + 3)], (p.ground(lighter(wall, 0.1), 0.08), p.tone(darker(wall, 0.35), 0.06)))
    for centre, half in ((0.5, 0.155), (0.27, 0.085), (0.73, 0.085)):
        cx, r = centre * c.w, half * (x1 - x0)
        high = min(hz - crown(cx) - 0.05 * c.u, r)
        for grow, fill in ((1.10, p.tone(darker(wall, 0.15), 0.06)), (1.0, None)):
            arch = [(cx + r * grow * float(np.cos(t)), hz + 3 - (high * grow + 3) * float(np.sin(t))) for t in np.linspace(0, np.pi, 30)]
            if fill is None:
                c.restore(before, [(cx + r, hz + 3), *arch, (cx - r, hz + 3)])
                inner = [(x + 0.022 * c.u * scene.light_side, y) for x, y in arch]
                c.shape([*arch[:16], *reversed(inner[:16])] if scene.light_side < 0 else [*arch[14:], *reversed(inner[14:])], p.tone(darker(wall, 0.5), 0.05), 0.8)
            else:
                c.shape(arch, fill)
    parapet = [(x, y - 0.028 * c.u) for x, y in line]
    c.shape([(-4.0, line[0][1] - 0.028 * c.u), *parapet, (c.w + 4.0, line[-1][1] - 0.028 * c.u), (c.w + 4.0, line[-1][1] + 0.006 * c.u), *[(x, y + 0.006 * c.u) for x, y in reversed(line)], (-4.0, line[0][1] + 0.006 * c.u)], p.ground(lighter(wall, 0.2), 0.06))
    for k in (8, 22, 37, 51):
        x, y = parapet[k]
        street_lamp(scene, x, y + 2, 0.13 * c.u, depth=0.1)
