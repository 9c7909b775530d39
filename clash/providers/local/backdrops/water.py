"""Places by the water: sea, harbour, lighthouse, beach, river, lake."""

from __future__ import annotations

import numpy as np

from clash.providers.local.backdrops.canvas import Point
from clash.providers.local.backdrops.palette import LAMP, darker, lighter, mix, rgb
from clash.providers.local.backdrops.parts import boat, bollard, lighthouse_tower, reeds, sailing_boat
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.scenery import (
    conifer, foreground, height_at, house, mist, peaks, ridge, rocks, round_tree, street_lamp, water,
)  # fmt: skip
from clash.providers.local.backdrops.sky import paint_sky

_GRASS = rgb("#5f8a54")
_ROCK = rgb("#6d6670")
_SAND = rgb("#e3c894")


def _swell(scene: Scene, top: float, bottom: float, rows: int = 5) -> None:
    """Rows of waves that grow towards the camera, with pale crests."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("swell")
    rough = {"storm": 2.2, "rain": 1.3}.get(p.weather, 0.8)
    crest = p.tone(rgb("#dcebee"), 0.1)
    for row in range(rows):
        near = ((row + 1) / rows) ** 1.6
        y = top + (bottom - top) * near * 0.96
        size = c.u * 0.016 * rough * (0.25 + near)
        phase, wide = jitter(rng, 0, 6.28), c.u * (0.10 + 0.25 * near)
        x = np.linspace(-0.02 * c.w, 1.02 * c.w, 120)
        sway = np.abs(np.sin(x / wide + phase)) ** 1.4 + 0.35 * np.sin(x / (wide * 0.37) + phase * 2)
        line: list[Point] = [(float(a), float(y - size * b)) for a, b in zip(x, sway, strict=True)]
        body = mix(p.tone(rgb("#2f6f8c"), 0.30 * (1 - near)), p.tone(rgb("#123548")), near * 0.8)
        deep = y + (bottom - top) * 0.30 * (0.4 + near)
        c.shape([*line, (line[-1][0], deep), (line[0][0], deep)], (lighter(body, 0.07), body), alpha=0.62)
        if rough > 1:
            for a, b in zip(line[::4], line[1::4], strict=False):
                if a[1] < y - size * 0.7:
                    c.line([a, b], crest, size * 0.22)


def sea(scene: Scene) -> None:
    """The open sea from a rocky shore, or from a ship's deck where the words speak of one."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    x = scene.side_x(-0.24)
    isle = [(x - 0.20 * c.u, hz), (x - 0.12 * c.u, hz - 0.035 * c.u), (x - 0.03 * c.u, hz - 0.05 * c.u),
            (x + 0.07 * c.u, hz - 0.022 * c.u), (x + 0.16 * c.u, hz)]  # fmt: skip
    c.shape(isle, p.tone(rgb("#66788a"), 0.70))
    water(scene, hz, c.h, calm=0.25 if p.weather == "storm" else 0.5)
    _swell(scene, hz, c.h)
    sailing_boat(scene, scene.side_x(0.10), hz + 0.02 * c.u, 0.11 * c.u, 0.35, "sloop")
    scene.focus = (0.5 + scene.light_side * 0.12, scene.level - 0.05)
    if scene.named("deck", "ship", "boat", "甲板", "船", "ferry", "vessel"):
        _deck(scene)
    else:
        near = p.ground(_ROCK, 0.0, 0.75)
        rocks(scene, "left", -0.05 * c.w, 0.30 * c.w, c.h * 0.93, 0.10 * c.u, near)
        rocks(scene, "right", 0.72 * c.w, 1.05 * c.w, c.h * 0.94, 0.11 * c.u, near)
        foreground(scene, "shore", c.h * 0.93, darker(_ROCK, 0.25), rough=1.2, amplitude=0.02)
        scene.ground = 0.93


def _deck(scene: Scene) -> None:
    c, p = scene.canvas, scene.palette
    top, wood = c.h * 0.80, rgb("#9b7350")
    c.shape([(0, top), (c.w, top), (c.w, c.h), (0, c.h)], (p.ground(wood, 0.0, 0.9), p.ground(darker(wood, 0.5))))
    for k in range(-9, 10):
        x = c.w * 0.5 + k * 0.06 * c.u
        seam = p.tone(darker(wood, 0.55))
        c.line([(x, top), (c.w * 0.5 + (x - c.w * 0.5) * 2.6, c.h)], seam, 0.003 * c.u)
    white = p.tone(rgb("#e8e4da"), 0.0, 0.95)
    rail = top - 0.16 * c.u
    for k in range(round(c.w / (0.22 * c.u)) + 2):
        x = k * 0.22 * c.u
        c.rect(x - 0.006 * c.u, rail, x + 0.006 * c.u, top, white)
    for y, thick in ((rail, 0.016), (rail + 0.055 * c.u, 0.006), (rail + 0.105 * c.u, 0.006)):
        c.rect(0, y, c.w, y + thick * c.u, white)
    c.fade((0, top, c.w, top + 0.04 * c.u), p.ink, 0.4, 0.0)
    scene.ground = 0.92


def lighthouse(scene: Scene) -> None:
    """A striped tower on a headland above the sea, its lamp alight when it is dark or thick weather."""
    c, p, hz, side = scene.canvas, scene.palette, scene.horizon, scene.light_side
    paint_sky(scene)
    _headland(scene, hz)
    water(scene, hz, c.h, calm=0.3 if p.weather == "storm" else 0.55)
    if p.weather in ("storm", "rain"):
        _swell(scene, hz, c.h)
    away = -side
    back = _slope(scene, "back", hz + 0.02 * c.u, 0.13 * c.u, 0.02, away)
    c.shape(back, (p.ground(rgb("#6d8a66"), 0.45), p.tone(darker(_ROCK, 0.1), 0.35)))
    front = _slope(scene, "front", hz + 0.15 * c.u, 0.21 * c.u, -0.12, away)
    c.shape(front, (p.ground(_GRASS, 0.14), p.tone(darker(_ROCK, 0.35), 0.0)))
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
    foreground(scene, "foot", c.h * 0.86, darker(_GRASS, 0.35), rough=0.9, amplitude=0.02)
    reeds(scene, "grass", c.h * 0.87, 0.035 * c.u, darker(_GRASS, 0.2))
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
    cliff = [(first[0] - away * 0.16 * c.u, c.h + 4), (first[0] - away * 0.04 * c.u, base + 0.17 * c.u), (first[0] - away * 0.015 * c.u, base + 0.09 * c.u)]
    return [*cliff, *points, (c.w * (0.5 + away * 0.56), c.h + 4.0)]


def harbour(scene: Scene) -> None:
    """Boats before a row of quay houses, bollards and a lamp on the near quay."""
    c, p, hz, rng = scene.canvas, scene.palette, scene.horizon, scene.rng("harbour")
    paint_sky(scene)
    ridge(scene, "hills", hz - 0.07 * c.u, 0.05 * c.u, (p.tone(rgb("#6f8a86"), 0.6), p.tone(rgb("#7f9a86"), 0.5)), foot=hz + 2)
    walls = [rgb(code) for code in ("#d9c3a0", "#c9826a", "#dcd6c8", "#8fa9b5", "#b9946e", "#a9b58c")]
    x, quay, count = -0.04 * c.w, hz + 0.015 * c.u, 0
    while x < c.w:
        count += 1
        w, h = c.u * jitter(rng, 0.09, 0.16), c.u * jitter(rng, 0.09, 0.17)
        wall = walls[int(rng.integers(len(walls)))]
        house(scene, x, quay, w, h, f"quay {count}", wall=wall, roof=rgb("#8d4a3e"), depth=0.22, gable=bool(rng.random() < 0.5))
        x += w * 0.98
    c.rect(0, quay - 0.006 * c.u, c.w, quay + 0.022 * c.u, p.tone(rgb("#6f6a66"), 0.2))
    _crane(scene, scene.side_x(0.36), quay, 0.34 * c.u)
    water(scene, quay + 0.02 * c.u, c.h, calm=0.72)
    for k, at in enumerate((-0.34, -0.20, 0.19, 0.31)):
        near = 0.10 + 0.045 * (k % 3)
        draw = sailing_boat if k == 1 else boat
        x, size = c.w * (0.5 + at), c.u * (0.15 + 0.22 * near)
        draw(scene, x, hz + near * c.u, size, 0.18 - 0.9 * (near - 0.10), f"boat {k}")
    stone = rgb("#7d7772")
    top = c.h * 0.84
    c.shape([(0, top), (c.w, top), (c.w, c.h), (0, c.h)], (p.ground(stone, 0.0, 0.72), p.ground(darker(stone, 0.5), 0.0, 0.7)))
    c.rect(0, top, c.w, top + 0.012 * c.u, p.ground(lighter(stone, 0.15), 0.0, 0.85))
    for k in range(round(c.w / (0.3 * c.u)) + 1):
        bollard(scene, (k + 0.3) * 0.3 * c.u, top + 0.02 * c.u, 0.05 * c.u)
    street_lamp(scene, scene.side_x(-0.38), top + 0.03 * c.u, 0.46 * c.u, arm=scene.light_side)
    scene.ground = 0.91
    scene.focus = (0.5 + scene.light_side * 0.16, scene.level - 0.02)


def _crane(scene: Scene, x: float, base: float, height: float) -> None:
    c, iron = scene.canvas, scene.palette.tone(rgb("#b5523c"), 0.3)
    s, w = -scene.light_side, height * 0.02
    for dx in (-0.09, 0.09):
        c.line([(x + dx * height, base), (x + dx * 0.5 * height, base - height * 0.7)], iron, w * 1.6)
    c.line([(x - 0.05 * height, base - 0.7 * height), (x + 0.05 * height, base - 0.7 * height)], iron, w * 2)
    tip = (x + s * 0.62 * height, base - height)
    c.line([(x, base - 0.7 * height), tip], iron, w * 1.8)
    c.line([(x - s * 0.16 * height, base - 0.95 * height), tip], iron, w * 0.7)
    c.line([(x, base - 0.7 * height), (x - s * 0.16 * height, base - 0.95 * height)], iron, w)
    c.line([tip, (tip[0], base - 0.42 * height)], iron, w * 0.5)


def beach(scene: Scene) -> None:
    """Sand, three lines of foam, the sea; palms where the words are warm, else a dune and a cliff."""
    c, p, hz, side = scene.canvas, scene.palette, scene.horizon, scene.light_side
    paint_sky(scene)
    x = c.w * (0.5 - side * 0.5)
    cliff = [(x, hz - 0.17 * c.u), (x + side * 0.13 * c.u, hz - 0.15 * c.u), (x + side * 0.24 * c.u, hz - 0.09 * c.u),
             (x + side * 0.31 * c.u, hz - 0.07 * c.u), (x + side * 0.36 * c.u, hz + 0.005 * c.u), (x, hz + 0.005 * c.u)]  # fmt: skip
    c.shape(cliff, (p.ground(rgb("#7f9a6b"), 0.45), p.tone(rgb("#b8a88c"), 0.5)))
    water(scene, hz, c.h, calm=0.45)
    _swell(scene, hz, hz + 0.24 * c.u, rows=3)
    sand = p.ground(_SAND)
    for k, (share, shade) in enumerate(((0.0, p.tone(rgb("#e8f2ef"), 0.05)), (0.022, mix(sand, p.tone(rgb("#6f7f86")), 0.45)), (0.05, sand))):
        line = _shoreline(scene, hz + (0.20 + share) * c.u, k)
        c.shape([*line, (c.w, c.h + 4.0), (0.0, c.h + 4.0)], (shade, darker(shade, 0.38)) if k == 2 else shade)
    rng = scene.rng("pebbles")
    for px, py in rng.uniform(0, 1, (46, 2)).tolist():
        y = hz + 0.30 * c.u + py * 0.3 * c.u
        c.ellipse(px * c.w, y, 0.004 * c.u * (1 + py), 0.0022 * c.u * (1 + py), darker(sand, 0.22))
    reeds(scene, "dune", c.h * 0.93, 0.10 * c.u, darker(_GRASS, 0.05), within=(0.0, 0.22))
    reeds(scene, "dune right", c.h * 0.95, 0.09 * c.u, darker(_GRASS, 0.1), within=(0.80, 1.0))
    scene.focus = (0.5 - side * 0.18, scene.level)


def _shoreline(scene: Scene, y: float, order: int) -> list[Point]:
    c, phase = scene.canvas, jitter(scene.rng("shoreline"), 0, 6.28)
    points: list[Point] = []
    for k in range(81):
        t = k / 80
        sway = 0.022 * float(np.sin(t * 7 + phase)) + 0.008 * float(np.sin(t * 19 + phase + order * 0.5))
        points.append((t * c.w, y + c.u * (sway + 0.10 * (t - 0.5) * scene.light_side)))
    return points


def river(scene: Scene) -> None:
    """A river that winds from the hills to the foot of the picture between meadows and willows."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.02 * c.u)
    ridge(scene, "far", hz - 0.06 * c.u, 0.07 * c.u, (p.tone(rgb("#6f8a92"), 0.72), p.tone(rgb("#7f9a86"), 0.62)))
    mist(scene, hz, 0.08 * c.u, 0.5)
    ridge(scene, "meadow", hz + 0.005 * c.u, 0.012 * c.u, (p.ground(rgb("#86a866"), 0.42), p.ground(darker(_GRASS, 0.25), 0.0, 0.9)))
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
    reeds(scene, "reeds", c.h * 0.90, 0.10 * c.u, darker(_GRASS, 0.3), within=(0.0, 0.30))
    foreground(scene, "bank", c.h * 0.90, darker(_GRASS, 0.35), amplitude=0.02)
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
    foreground(scene, "bank", c.h * 0.92, darker(_GRASS, 0.4), amplitude=0.018)
    reeds(scene, "reeds", c.h * 0.94, 0.15 * c.u, darker(_GRASS, 0.3), within=(0.0, 0.20))
    reeds(scene, "reeds right", c.h * 0.95, 0.13 * c.u, darker(_GRASS, 0.3), within=(0.82, 1.0))
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
            c.rect(x + s * half - 0.007 * c.u, y - 0.03 * c.u, x + s * half + 0.007 * c.u, y + 0.05 * c.u, darker(wood, 0.4))
    c.shape([(x0 - 0.04 * c.u, far), (x0 + 0.04 * c.u, far), (x1 + 0.19 * c.u, near), (x1 - 0.19 * c.u, near)], (lighter(wood, 0.05), darker(wood, 0.3)))
    for k in range(1, 22):
        t = (k / 22) ** 1.6
        y, x, half = far + (near - far) * t, x0 + (x1 - x0) * t, c.u * (0.040 + 0.15 * t)
        c.line([(x - half, y), (x + half, y)], darker(wood, 0.38), c.u * (0.001 + 0.002 * t))
    if p.lamps > 0.4:
        c.glow(x0, far - 0.03 * c.u, 0.10 * c.u, LAMP, 0.8 * p.lamps)
