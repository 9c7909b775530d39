"""A lighthouse on its headland."""

from __future__ import annotations

import numpy as np

from clash.providers.local.backdrops.canvas import Point
from clash.providers.local.backdrops.outdoors.buildings import house
from clash.providers.local.backdrops.outdoors.plants import reeds
from clash.providers.local.backdrops.outdoors.scenery import foreground, height_at
from clash.providers.local.backdrops.outdoors.waters import swell, water
from clash.providers.local.backdrops.palette import GRASS, LAMP, darker, mix, rgb
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.sky import paint_sky

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
    house(scene, cottage, base + 0.02 * c.u, 0.17 * c.u, 0.075 * c.u, "keeper", wall=rgb("#ece5d6"),
          roof=rgb("#a2483f"), depth=0.08)  # fmt: skip
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
    c.shape([(x, hz - 0.06 * c.u), (x - side * 0.16 * c.u, hz - 0.045 * c.u), (x - side * 0.30 * c.u, hz - 0.015 * c.u),
             (x - side * 0.36 * c.u, hz), (x, hz)], far)  # fmt: skip


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
    c, p, s = scene.canvas, scene.palette, scene.light_side
    low, high = tall * 0.155, tall * 0.098
    white, red = p.tone(rgb("#f2ece0"), 0.05, 1.05), p.tone(rgb("#c23f3a"), 0.05)
    dark = p.tone(rgb("#2d3038"), 0.05)
    room, lit = tall * 0.17, p.lamps > 0.25
    lamp_y = base - tall - room * 0.55
    if lit:
        _beam(scene, (x, lamp_y), beam_side, tall)

    def half(t: float) -> float:
        return low + (high - low) * t

    c.shape([(x - low, base), (x - high, base - tall), (x + high, base - tall), (x + low, base)], white)
    for k in range(3):
        a, b = 0.10 + k * 0.32, 0.26 + k * 0.32
        c.shape(
            [
                (x - half(a), base - tall * a),
                (x - half(b), base - tall * b),
                (x + half(b), base - tall * b),
                (x + half(a), base - tall * a),
            ],
            red,
        )
    far = [
        (x - s * low, base),
        (x - s * high, base - tall),
        (x - s * high * 0.05, base - tall),
        (x - s * low * 0.10, base),
    ]
    c.soft([far], mix(p.ink, p.ambient, 0.25), 0.46, tall * 0.012)
    for t in (0.36, 0.70):
        c.rect(
            x - tall * 0.016,
            base - tall * (t + 0.05),
            x + tall * 0.016,
            base - tall * t,
            LAMP if p.lamps > 0.5 else dark,
            tall * 0.01,
        )
    c.rect(x - tall * 0.032, base - tall * 0.085, x + tall * 0.032, base, dark, tall * 0.01)
    top = base - tall
    c.shape(
        [
            (x - high * 1.5, top - tall * 0.012),
            (x + high * 1.5, top - tall * 0.012),
            (x + high * 1.15, top + tall * 0.025),
            (x - high * 1.15, top + tall * 0.025),
        ],
        dark,
    )
    glass = mix(LAMP, (255, 250, 226), 0.6) if lit else p.tone(rgb("#9db4bf"), 0.05)
    c.rect(x - high * 0.72, top - room, x + high * 0.72, top - tall * 0.012, glass)
    for k in (-0.72, -0.24, 0.24, 0.72):
        c.rect(x + high * k - tall * 0.005, top - room, x + high * k + tall * 0.005, top - tall * 0.012, dark)
    rail = top - tall * 0.055
    c.line([(x - high * 1.45, rail), (x + high * 1.45, rail)], dark, tall * 0.006)
    for k in range(9):
        at = x - high * 1.45 + high * 2.9 * k / 8
        c.line([(at, rail), (at, top - tall * 0.01)], dark, tall * 0.004)
    cap = p.tone(rgb("#a8332f"), 0.05)
    c.shape(
        [
            (x - high * 0.95, top - room),
            (x - high * 0.45, top - room - tall * 0.065),
            (x, top - room - tall * 0.10),
            (x + high * 0.45, top - room - tall * 0.065),
            (x + high * 0.95, top - room),
        ],
        cap,
    )
    c.line([(x, top - room - tall * 0.09), (x, top - room - tall * 0.15)], dark, tall * 0.008)
    if lit:
        c.glow(x, lamp_y, tall * 0.42, (255, 240, 200), 0.9, power=2.6)


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
