"""A lighthouse on its headland."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point, placed
from clash.local.backdrops.outdoors.buildings import house
from clash.local.backdrops.outdoors.plants import reeds
from clash.local.backdrops.outdoors.scenery import foreground, height_at
from clash.local.backdrops.outdoors.waters import swell, water
from clash.local.backdrops.palette import GRASS, LAMP, darker, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky

_ROCK = rgb("#6d6670")


def lighthouse(scene: Scene) -> None:
    """A striped tower on a headland above the sea, its lamp alight when it is dark or thick weather."""
    c, p, hz, side = scene.canvas, scene.palette, scene.horizon, scene.light_side
    paint_sky(scene)
    _headland(scene, hz)
    water(scene, hz, c.h, calm=0.3 if p.weather == "storm" else 0.55)
    if p.weather in ("storm", "rain"):
        swell(scene, hz, c.h)
    away = -side
    back = _slope(scene, "back", hz + 0.02 * c.u, 0.13 * c.u, 0.02, away)
    c.shape(back, (p.ground(rgb("#6d8a66"), 0.45), p.tone(darker(_ROCK, 0.1), 0.35)))
    front = _slope(scene, "front", hz + 0.15 * c.u, 0.21 * c.u, -0.12, away)
    c.shape(front, (p.ground(GRASS, 0.14), p.tone(darker(_ROCK, 0.35), 0.0)))
    x = c.w * (0.5 + away * 0.27)
    base = height_at(sorted(front[:-2]), x) + 0.02 * c.u
    cottage = x + away * 0.10 * c.u - (0.17 * c.u if away < 0 else 0)
    house(
        scene,
        cottage,
        base + 0.02 * c.u,
        0.17 * c.u,
        0.075 * c.u,
        "keeper",
        wall=rgb("#ece5d6"),
        roof=rgb("#a2483f"),
        depth=0.08,
    )
    tall = min(0.44 * c.u, (base - 0.085 * c.h) / 1.32)
    lighthouse_tower(scene, x, base, tall, beam_side=side)
    foam = p.tone(rgb("#e6f0f0"), 0.1)
    for k in range(7):
        at = c.w * (0.5 + away * (-0.12 + 0.012 * k)), hz + (0.16 + 0.022 * k) * c.u
        c.ellipse(*at, 0.03 * c.u, 0.0035 * c.u, foam)
    foreground(scene, "foot", c.h * 0.86, darker(GRASS, 0.35), rough=0.9, amplitude=0.02)
    reeds(scene, "grass", c.h * 0.87, 0.035 * c.u, darker(GRASS, 0.2))
    scene.focus = (x / c.w, (base - tall * 0.62) / c.h)


def _headland(scene: Scene, hz: float) -> None:
    c, p, side = scene.canvas, scene.palette, scene.light_side
    far = p.tone(rgb("#6c7f8c"), 0.68)
    x = c.w * (0.5 + side * 0.5)
    c.shape(
        [
            (x, hz - 0.06 * c.u),
            (x - side * 0.16 * c.u, hz - 0.045 * c.u),
            (x - side * 0.30 * c.u, hz - 0.015 * c.u),
            (x - side * 0.36 * c.u, hz),
            (x, hz),
        ],
        far,
    )


def _slope(scene: Scene, label: str, base: float, rise: float, start: float, away: int) -> list[Point]:
    """A headland rising towards the side `away`, from `start` (share of the width beyond the middle)."""
    c, rng = scene.canvas, scene.rng(f"slope {label}")
    phase, other = jitter(rng, 0, 6.28), jitter(rng, 0, 6.28)
    points: list[Point] = []
    for k in range(61):
        t = k / 60
        x = c.w * (0.5 + away * (start + (0.56 - start) * t))
        wave = 1 + 0.08 * float(np.sin(t * 9 + phase)) + 0.04 * float(np.sin(t * 23 + other))
        points.append((x, base + 0.05 * c.u - (rise + 0.05 * c.u) * min(1.0, t * 1.5) ** 0.55 * wave))
    first = points[0]
    cliff = [
        (first[0] - away * 0.16 * c.u, c.h + 4),
        (first[0] - away * 0.04 * c.u, base + 0.17 * c.u),
        (first[0] - away * 0.015 * c.u, base + 0.09 * c.u),
    ]
    return [*cliff, *points, (c.w * (0.5 + away * 0.56), c.h + 4.0)]


def lighthouse_tower(scene: Scene, x: float, base: float, tall: float, *, beam_side: int) -> None:
    """A tower in red and white bands with gallery, lantern and cap; `tall` pixels up to the gallery."""
    lamp_y = base - tall - tall * 0.17 * 0.55
    lit = scene.palette.lamps > 0.25
    if lit:
        _beam(scene, (x, lamp_y), beam_side, tall)
    _shaft(scene, x, base, tall)
    _lantern_room(scene, x, base - tall, tall, lit=lit)
    if lit:
        scene.canvas.glow(x, lamp_y, tall * 0.42, (255, 240, 200), 0.9, power=2.6)


_FOOT, _HEAD = 0.155, 0.098  # half the width of the tower below and above, for a height of 1


def _shaft(scene: Scene, x: float, base: float, tall: float) -> None:
    c, p, s = scene.canvas, scene.palette, scene.light_side
    white, red = p.tone(rgb("#f2ece0"), 0.05, 1.05), p.tone(rgb("#c23f3a"), 0.05)
    dark = p.tone(rgb("#2d3038"), 0.05)
    c.shape(placed(x, base, tall, ((-_FOOT, 0), (-_HEAD, -1), (_HEAD, -1), (_FOOT, 0))), white)
    for k in range(3):
        low, high = 0.10 + k * 0.32, 0.26 + k * 0.32
        a, b = (_FOOT + (_HEAD - _FOOT) * t for t in (low, high))
        c.shape(placed(x, base, tall, ((-a, -low), (-b, -high), (b, -high), (a, -low))), red)
    shaded = ((-s * _FOOT, 0), (-s * _HEAD, -1), (-s * _HEAD * 0.05, -1), (-s * _FOOT * 0.10, 0))
    c.soft([placed(x, base, tall, shaded)], mix(p.ink, p.ambient, 0.25), 0.46, tall * 0.012)
    pane, w = LAMP if p.lamps > 0.5 else dark, tall * 0.016
    for t in (0.36, 0.70):
        c.rect(x - w, base - tall * (t + 0.05), x + w, base - tall * t, pane, tall * 0.01)
    c.rect(x - 2 * w, base - tall * 0.085, x + 2 * w, base, dark, tall * 0.01)


def _lantern_room(scene: Scene, x: float, top: float, tall: float, *, lit: bool) -> None:
    """Gallery, glass, railing and cap on the tower's top."""
    c, p = scene.canvas, scene.palette
    high, room, dark = tall * _HEAD, tall * 0.17, p.tone(rgb("#2d3038"), 0.05)
    gallery = ((-1.5 * _HEAD, -0.012), (1.5 * _HEAD, -0.012), (1.15 * _HEAD, 0.025), (-1.15 * _HEAD, 0.025))
    c.shape(placed(x, top, tall, gallery), dark)
    glass = mix(LAMP, (255, 250, 226), 0.6) if lit else p.tone(rgb("#9db4bf"), 0.05)
    c.rect(x - high * 0.72, top - room, x + high * 0.72, top - tall * 0.012, glass)
    for k in (-0.72, -0.24, 0.24, 0.72):
        c.rect(x + high * k - tall * 0.005, top - room, x + high * k + tall * 0.005, top - tall * 0.012, dark)
    rail = top - tall * 0.055
    c.line([(x - high * 1.45, rail), (x + high * 1.45, rail)], dark, tall * 0.006)
    for k in range(9):
        at = x - high * 1.45 + high * 2.9 * k / 8
        c.line([(at, rail), (at, top - tall * 0.01)], dark, tall * 0.004)
    eaves, shoulder = _HEAD * 0.95, _HEAD * 0.45
    cap = ((-eaves, 0), (-shoulder, -0.065), (0, -0.10), (shoulder, -0.065), (eaves, 0))
    c.shape(placed(x, top - room, tall, cap), p.tone(rgb("#a8332f"), 0.05))
    c.line([(x, top - room - tall * 0.09), (x, top - room - tall * 0.15)], dark, tall * 0.008)


def _beam(scene: Scene, lamp: Point, side: int, tall: float) -> None:
    c, p = scene.canvas, scene.palette
    x, y = lamp
    strong = 0.55 * p.lamps if p.time != "day" else 0.22 * p.lamps
    for reach, spread, alpha in ((1.0, 0.36, 0.55), (0.8, 0.16, 0.9)):
        end = x + side * reach * max(1.9 * c.u, 1.1 * c.w)
        beam = [
            (x, y - tall * 0.02),
            (end, y - spread * c.u * 0.75),
            (end, y + spread * c.u * 0.35),
            (x, y + tall * 0.02),
        ]
        c.soft([beam], (255, 240, 200), strong * alpha, tall * 0.035)
    back = [
        (x, y - tall * 0.02),
        (x - side * c.u, y - 0.10 * c.u),
        (x - side * c.u, y + 0.06 * c.u),
        (x, y + tall * 0.02),
    ]
    c.soft([back], (255, 240, 200), strong * 0.35, tall * 0.03)
