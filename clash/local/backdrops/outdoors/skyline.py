"""The city from afar, and from its roofs."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.outdoors.buildings import street_lamp
from clash.local.backdrops.outdoors.scenery import mist
from clash.local.backdrops.outdoors.waters import water
from clash.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky


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
    promenade(scene, c.h * 0.85)
    scene.ground = 0.91
    scene.focus = (0.5 + 0.10 * scene.light_side, scene.level - 0.14)


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
    c.shape(
        [(0, top + 0.07 * c.u), (c.w, top + 0.07 * c.u), (c.w, c.h), (0, c.h)],
        (p.ground(floor, 0.05, 0.9), p.tone(darker(floor, 0.55), 0.0, 0.8)),
    )
    c.shape(
        [(0, top - 0.02 * c.u), (c.w, top - 0.02 * c.u), (c.w, top + 0.09 * c.u), (0, top + 0.09 * c.u)],
        (p.tone(brick, 0.06), p.tone(darker(brick, 0.35), 0.02)),
    )
    c.rect(0, top - 0.035 * c.u, c.w, top - 0.015 * c.u, p.ground(lighter(brick, 0.25), 0.03))
    _tank(scene, scene.side_x(-0.33), top + 0.12 * c.u, 0.42 * c.u)
    _shed(scene, scene.side_x(0.38), top + 0.15 * c.u)
    left, right = (scene.side_x(-0.33), top - 0.20 * c.u), (scene.side_x(0.34), top - 0.17 * c.u)
    _string(scene, left, right, 0.07 * c.u)
    scene.ground = 0.90
    scene.focus = (0.5 - 0.18 * scene.light_side, scene.level)


def skyline(
    scene: Scene, label: str, base: float, low: float, high: float, depth: float, *, wide: float = 0.07
) -> None:
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


def _tower_windows(
    scene: Scene, rng: np.random.Generator, box: tuple[float, float, float, float], depth: float
) -> None:
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


def promenade(scene: Scene, top: float) -> None:
    c, p = scene.canvas, scene.palette
    stone = rgb("#8c857e")
    c.shape(
        [(0, top), (c.w, top), (c.w, c.h), (0, c.h)],
        (p.ground(stone, 0.0, 0.75), p.tone(darker(stone, 0.55), 0.0, 0.75)),
    )
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


def _tank(scene: Scene, x: float, base: float, tall: float) -> None:
    c, p, s = scene.canvas, scene.palette, scene.light_side
    wood, iron = p.tone(rgb("#8a6147"), 0.03), p.tone(rgb("#2e3138"), 0.02)
    for dx in (-0.17, -0.06, 0.06, 0.17):
        c.line([(x + dx * tall, base), (x + dx * tall * 0.9, base - tall * 0.42)], iron, tall * 0.022)
    c.line([(x - 0.17 * tall, base - 0.05 * tall), (x + 0.15 * tall, base - 0.38 * tall)], iron, tall * 0.012)
    c.line([(x + 0.17 * tall, base - 0.05 * tall), (x - 0.15 * tall, base - 0.38 * tall)], iron, tall * 0.012)
    c.rect(x - 0.23 * tall, base - 0.43 * tall, x + 0.23 * tall, base - 0.40 * tall, iron)
    c.rect(x - 0.20 * tall, base - 0.82 * tall, x + 0.20 * tall, base - 0.43 * tall, wood)
    c.fade(
        (x - 0.20 * tall, base - 0.82 * tall, x + 0.20 * tall, base - 0.43 * tall),
        p.ink,
        0.0 if s < 0 else 0.55,
        0.55 if s < 0 else 0.0,
        "x",
    )
    for k in range(3):
        c.rect(
            x - 0.20 * tall,
            base - (0.52 + 0.12 * k) * tall,
            x + 0.20 * tall,
            base - (0.51 + 0.12 * k) * tall,
            darker(wood, 0.4),
        )
    c.shape(
        [(x - 0.24 * tall, base - 0.81 * tall), (x, base - tall), (x + 0.24 * tall, base - 0.81 * tall)],
        p.ground(rgb("#5b4a42"), 0.03),
    )


def _shed(scene: Scene, x: float, base: float) -> None:
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    wall = p.tone(rgb("#b0a698"), 0.02)
    c.shape(
        [(x - 0.15 * u, base - 0.27 * u), (x + 0.25 * u, base - 0.27 * u), (x + 0.25 * u, base), (x - 0.15 * u, base)],
        (wall, darker(wall, 0.3)),
    )
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
    points = [
        (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t + sag * 4 * t * (1 - t))
        for t in np.linspace(0, 1, 19).tolist()
    ]
    c.line(points, p.tone(rgb("#22242a")), 0.0022 * c.u)
    lit = p.lamps > 0.2
    for x, y in points[1:-1]:
        if lit:
            c.glow(x, y + 0.008 * c.u, 0.05 * c.u, LAMP, 0.7 * p.lamps)
        c.ellipse(x, y + 0.008 * c.u, 0.0055 * c.u, 0.007 * c.u, (255, 240, 204) if lit else p.tone(rgb("#d9d4c4")))
