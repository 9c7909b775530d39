"""Open land: forest, field, mountain, snow, desert, road, and country of no known kind."""

from __future__ import annotations

import numpy as np

from clash.providers.local.backdrops.canvas import Point
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.parts import reeds
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.scenery import (
    bare_tree, conifer, foreground, height_at, house, mist, path, peaks, ridge, rocks, round_tree,
)  # fmt: skip
from clash.providers.local.backdrops.sky import light_place, paint_sky

_GREEN = rgb("#6f9a5b")
_EARTH = rgb("#b79b72")


def open_country(scene: Scene) -> None:
    """An unknown place in the open: rolling hills, a lone tree, a winding path."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.02 * c.u)
    ridge(scene, "far", hz - 0.05 * c.u, 0.07 * c.u, (p.tone(rgb("#6f8a86"), 0.72), p.tone(_GREEN, 0.6)))
    mist(scene, hz, 0.07 * c.u, 0.5)
    ridge(scene, "middle", hz + 0.03 * c.u, 0.05 * c.u, (p.ground(_GREEN, 0.42), p.ground(_GREEN, 0.3)))
    fill = (p.ground(lighter(_GREEN, 0.05), 0.12), p.ground(darker(_GREEN, 0.35), 0.0))
    near = ridge(scene, "near", hz + 0.12 * c.u, 0.035 * c.u, fill)
    start = (scene.side_x(0.10), hz + 0.115 * c.u)
    path(scene, start, c.w * 0.5, 0.5 * c.u, p.ground(_EARTH, 0.05, 0.85), bend=0.10)
    x = scene.side_x(-0.30)
    round_tree(scene, x, height_at(near, x) + 0.03 * c.u, 0.40 * c.u, p.ground(rgb("#4f7d4a"), 0.03), "lone")
    rng = scene.rng("grove")
    for k in range(5):
        at = scene.side_x(0.22 + 0.06 * k + jitter(rng, -0.02, 0.02))
        tall = c.u * jitter(rng, 0.10, 0.17)
        conifer(scene, at, height_at(near, at) + 0.015 * c.u, tall, p.ground(rgb("#3f6650"), 0.15))
    reeds(scene, "grass", c.h * 0.93, 0.045 * c.u, darker(_GREEN, 0.25))
    foreground(scene, "foot", c.h * 0.93, darker(_GREEN, 0.35))
    scene.focus = (x / c.w, scene.level - 0.1)


def forest(scene: Scene) -> None:
    """Trunks in layers that fade into the light of a clearing, a path between them."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    _clearing(scene)
    bark, needle = rgb("#5d4a3c"), rgb("#3f6b4a")
    floor = rgb("#6b7f4c")
    for layer, depth in enumerate((0.80, 0.60, 0.40)):
        foot = hz + (0.03 + 0.05 * layer) * c.u
        ridge(scene, f"floor {layer}", foot, 0.012 * c.u, (p.ground(floor, depth), p.ground(darker(floor, 0.3), depth * 0.6)))
        _stand(scene, layer, depth, foot, mix(bark, needle, 0.35))
        mist(scene, foot, 0.20 * c.u, 0.42)
    top = hz + 0.16 * c.u
    ridge(scene, "floor", top, 0.014 * c.u, (p.ground(floor, 0.2), p.ground(darker(floor, 0.55), 0.0, 0.8)))
    path(scene, (scene.side_x(0.05), hz + 0.06 * c.u), c.w * 0.5, 0.62 * c.u, p.ground(_EARTH, 0.12, 0.72), bend=0.07)
    _shafts(scene)
    for k, (share, wide) in enumerate(((-0.47, 0.085), (-0.33, 0.055), (0.36, 0.062), (0.49, 0.09))):
        _trunk(scene, c.w * (0.5 + share), c.h * (0.86 + 0.02 * (k % 2)), wide * c.u, p.ground(bark, 0.02, 0.60), f"near {k}")
    _canopy(scene, p.ground(needle, 0.02, 0.45))
    reeds(scene, "fern", c.h * 0.93, 0.08 * c.u, rgb("#48683f"), within=(0.0, 0.26))
    reeds(scene, "fern right", c.h * 0.94, 0.08 * c.u, rgb("#48683f"), within=(0.74, 1.0))
    foreground(scene, "foot", c.h * 0.92, darker(floor, 0.5), rough=1.1, amplitude=0.018)
    if p.time in ("night", "dusk") and not p.snowy:
        for x, y, size in scene.rng("fireflies").uniform(0, 1, (26, 3)).tolist():
            c.glow(c.w * x, hz + c.u * (-0.16 + 0.42 * y), c.u * (0.008 + 0.014 * size), (226, 240, 140), 0.9, power=2.5)
    scene.ground = 0.89
    scene.focus = (0.5 + 0.1 * scene.light_side, scene.level - 0.08)


def _clearing(scene: Scene) -> None:
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.06 * c.u, disc=p.time == "night")
    light = mix(p.sky[-1], p.sun, 0.5 * p.sunlight)
    c.fade((0, 0, c.w, hz + 0.06 * c.u), p.tone(rgb("#7fa27a"), 0.55), 0.75, 0.30)
    c.glow(scene.side_x(0.05), hz - 0.10 * c.u, 0.75 * c.u, light, 0.85, tall=0.9, power=1.3)


def _stand(scene: Scene, layer: int, depth: float, foot: float, bark: RGB) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"stand {layer}")
    count = (26, 17, 11)[layer]
    colour = p.tone(bark, depth, 0.9)
    leaves = p.ground(rgb("#4a7a52"), depth, 0.9)
    for k in range(count):
        x = c.w * (k + jitter(rng, 0.1, 0.9)) / count
        wide, lean, tier = c.u * (0.006 + 0.007 * layer) * jitter(rng, 0.7, 1.3), jitter(rng, -0.02, 0.02), jitter(rng, 0.1, 0.5)
        if abs(x / c.w - 0.5 - 0.03 * scene.light_side) < 0.055 + 0.02 * layer:
            continue
        top = x + lean * c.u
        c.polygon([(x - wide, foot + 2), (top - wide * 0.6, -4), (top + wide * 0.6, -4), (x + wide, foot + 2)], colour)
        for t in range(6):
            y = (foot - hz_clear(scene, layer)) * (t + tier) / 6
            half = wide * (7.5 - t * 0.2) * (0.6 + 0.5 * t / 6)
            c.polygon([(x - half, y + half * 0.55), (x, y - half * 0.7), (x + half, y + half * 0.55), (x, y + half * 0.3)], leaves)


def hz_clear(scene: Scene, layer: int) -> float:
    """How much of the trunks stays bare above the ground, in pixels."""
    return (0.22 + 0.03 * layer) * scene.canvas.u


def _trunk(scene: Scene, x: float, base: float, half: float, colour: RGB, label: str) -> None:
    c, rng, s = scene.canvas, scene.rng(f"trunk {label}"), scene.light_side
    lean = jitter(rng, -0.05, 0.05) * c.u
    body = [(x - half * 1.7, base), (x - half * 0.9, base - 0.13 * c.u), (x + lean - half * 0.75, -4), (x + lean + half * 0.75, -4),
            (x + half * 0.9, base - 0.13 * c.u), (x + half * 1.7, base)]  # fmt: skip
    c.shape(body, (darker(colour, 0.15), darker(colour, 0.35)))
    edge = [(x + s * half * 1.5, base), (x + s * half * 0.85, base - 0.13 * c.u), (x + lean + s * half * 0.72, -4),
            (x + lean + s * half * 0.30, -4), (x + s * half * 0.42, base - 0.13 * c.u)]  # fmt: skip
    c.shape(edge, mix(colour, scene.palette.key, 0.16))
    for k in range(7):
        y, dx = base * (k + jitter(rng, 0, 0.8)) / 7.5, jitter(rng, -0.5, 0.3) * half
        c.line([(x + dx + lean * (1 - y / base), y), (x + dx + lean * (1 - y / base), y + 0.05 * c.u)], darker(colour, 0.42), half * 0.07)


def _canopy(scene: Scene, colour: RGB) -> None:
    c, rng = scene.canvas, scene.rng("canopy")
    for x, y, size in rng.uniform(0, 1, (46, 3)).tolist():
        r = c.u * (0.05 + 0.07 * size)
        shade = mix(colour, scene.palette.haze, 0.03 + 0.08 * y)
        drop = 0.02 + 0.13 * abs(x - 0.5) * 2 * y
        c.ellipse(x * c.w, drop * c.h - r * 0.25, r * 1.3, r * 0.8, shade)


def _shafts(scene: Scene) -> None:
    """Slanting light between the trunks."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("shafts")
    if p.sunlight < 0.1:
        return
    strong = {"dawn": 0.34, "day": 0.30, "dusk": 0.34, "night": 0.16}[p.time] * min(1.0, p.sunlight + 0.1)
    for k in range(5):
        x, wide = scene.side_x(0.28 - 0.12 * k + jitter(rng, -0.03, 0.03)), jitter(rng, 0.02, 0.06) * c.u
        foot = x - scene.light_side * 0.30 * c.u
        beam = [(x - wide, -10.0), (x + wide, -10.0), (foot + wide * 2.2, c.h * 0.84), (foot - wide * 2.2, c.h * 0.84)]
        c.soft([beam], mix(p.sun, p.key, 0.3), strong * jitter(rng, 0.5, 1.0), 0.022 * c.u)


def field(scene: Scene) -> None:
    """Rows of grain that run to a farm on the horizon, bales, one tree."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    ridge(scene, "far", hz - 0.03 * c.u, 0.035 * c.u, (p.tone(rgb("#6f8a86"), 0.66), p.tone(_GREEN, 0.55)))
    wheat = rgb("#7fa452") if scene.named("rice", "meadow", "grass", "稻", "草", "pasture") else rgb("#dcb45c")
    c.shape([(0, hz), (c.w, hz), (c.w, c.h), (0, c.h)], (p.ground(wheat, 0.40), p.ground(darker(wheat, 0.30), 0.0)))
    vx, rows = scene.side_x(-0.06), 26
    for k in range(-rows, rows):
        a, b = (k + 0.10) * 0.16 * c.u, (k + 0.52) * 0.16 * c.u
        c.shape([(vx, hz), (vx + b * 3.2, c.h), (vx + a * 3.2, c.h)], p.ground(darker(wheat, 0.42), 0.1), 0.42)
    c.fade((0, hz, c.w, hz + 0.12 * c.u), p.haze, 0.55, 0.0)
    farm = scene.side_x(-0.27)
    barn = rgb("#a8473c")
    house(scene, farm, hz + 0.02 * c.u, 0.19 * c.u, 0.085 * c.u, "barn", wall=barn, roof=rgb("#6b5a54"), depth=0.14)
    house(scene, farm + 0.21 * c.u, hz + 0.018 * c.u, 0.09 * c.u, 0.06 * c.u, "farm", wall=rgb("#e7dfcf"), roof=rgb("#8d4a3e"), depth=0.16, gable=True)
    round_tree(scene, farm - 0.06 * c.u, hz + 0.02 * c.u, 0.17 * c.u, p.ground(rgb("#58824a"), 0.18), "farm")
    rng = scene.rng("bales")
    for k in range(6):
        near = 0.06 + 0.05 * k
        x, r = scene.side_x(jitter(rng, 0.05, 0.42)), c.u * (0.012 + 0.14 * near)
        _bale(scene, x, hz + near * c.u, r, p.ground(rgb("#cfa650"), 0.25 - near * 0.5))
    reeds(scene, "ears", c.h * 0.96, 0.12 * c.u, darker(wheat, 0.3))
    foreground(scene, "foot", c.h * 0.95, darker(wheat, 0.55))
    scene.focus = (farm / c.w + 0.06, scene.level - 0.02)


def _bale(scene: Scene, x: float, y: float, r: float, colour: RGB) -> None:
    c, s = scene.canvas, scene.light_side
    c.ellipse(x - s * r * 0.5, y + r * 0.92, r * 1.8, r * 0.2, mix(colour, scene.palette.ink, 0.6))
    c.rect(x - s * r * 1.1, y - r, x, y + r, darker(colour, 0.22), r * 0.4)
    c.ellipse(x, y, r * 0.82, r, colour)
    c.ellipse(x, y, r * 0.45, r * 0.56, darker(colour, 0.12))


def mountain(scene: Scene) -> None:
    """Snow-capped ranges behind each other, a near ridge with firs and a trail."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.1 * c.u)
    peaks(scene, "far range", hz + 0.02 * c.u, 0.36 * c.u, 0.66, snow=0.30, count=6)
    mist(scene, hz, 0.12 * c.u, 0.45)
    peaks(scene, "main range", hz + 0.07 * c.u, 0.50 * c.u, 0.32, snow=0.42 if p.snowy else 0.30, count=3)
    mist(scene, hz + 0.06 * c.u, 0.13 * c.u, 0.5)
    pine = rgb("#4a7058")
    hill = ridge(scene, "hill", hz + 0.08 * c.u, 0.05 * c.u, (p.ground(pine, 0.35), p.ground(darker(pine, 0.2), 0.2)))
    _firs(scene, "hill", hill, 46, 0.055, p.ground(darker(pine, 0.1), 0.33))
    fill = (p.ground(rgb("#7d9161"), 0.08), p.ground(rgb("#3c4a38"), 0.0, 0.85))
    near = ridge(scene, "near", hz + 0.18 * c.u, 0.04 * c.u, fill, rough=1.2)
    path(scene, (scene.side_x(0.12), hz + 0.18 * c.u), c.w * 0.5, 0.42 * c.u, p.ground(_EARTH, 0.05, 0.8), bend=-0.12)
    for k, share in enumerate((-0.46, -0.40, -0.33, 0.38, 0.45)):
        x = c.w * (0.5 + share)
        tall = c.u * jitter(scene.rng(f"fir {k}"), 0.22, 0.40)
        conifer(scene, x, height_at(near, x) + 0.06 * c.u, tall, p.ground(rgb("#3a5f4a"), 0.02, 0.85))
    rocks(scene, "left", -0.02 * c.w, 0.24 * c.w, c.h * 0.90, 0.07 * c.u, p.ground(rgb("#75787c"), 0.0, 0.8))
    foreground(scene, "foot", c.h * 0.91, rgb("#56684a"), rough=1.3, amplitude=0.02)
    scene.focus = (0.5 - 0.1 * scene.light_side, scene.level - 0.15)


def _firs(scene: Scene, label: str, line: list[Point], count: int, size: float, colour: RGB) -> None:
    c, rng = scene.canvas, scene.rng(f"firs {label}")
    for k in range(count):
        x, tall = c.w * (k + jitter(rng, 0, 1)) / count, c.u * size * jitter(rng, 0.6, 1.3)
        conifer(scene, x, height_at(line, x) + tall * 0.1, tall, colour)


def snowfield(scene: Scene) -> None:
    """White drifts with blue shadows, far peaks, bare trees; aurora on a clear night."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    if p.time == "night" and p.weather in ("clear", "cloud"):
        _aurora(scene)
    c.rect(0, hz - 2, c.w, c.h, p.tone(rgb("#f3f6fb"), 0.4))
    peaks(scene, "range", hz + 0.01 * c.u, 0.26 * c.u, 0.55, snow=0.75, count=6)
    mist(scene, hz, 0.10 * c.u, 0.5)
    white, blue = rgb("#f3f6fb"), rgb("#a9bfdc")
    for k in range(4):
        base = hz + (0.015 + 0.075 * k) * c.u
        fill = p.tone(white, 0.40 - 0.11 * k, 1.02), p.tone(mix(white, blue, 0.75), 0.28 - 0.08 * k)
        line = ridge(scene, f"drift {k}", base, (0.012 + 0.014 * k) * c.u, fill, rough=0.3)
        if k == 1:
            for j, share in enumerate((-0.40, -0.34, 0.28, 0.41)):
                x = c.w * (0.5 + share)
                conifer(scene, x, height_at(line, x) + 0.02 * c.u, (0.13 + 0.03 * (j % 3)) * c.u, p.tone(mix(rgb("#3f6258"), white, 0.25), 0.15))
    x = scene.side_x(-0.36)
    bare_tree(scene, x, hz + 0.27 * c.u, 0.40 * c.u, p.tone(rgb("#4a4248"), 0.03), "lone")
    rng = scene.rng("tracks")
    for k in range(15):
        t = k / 15
        at, y = c.w * 0.5 + scene.light_side * c.u * (0.05 + 0.14 * float(np.sin(t * 3))), hz + c.u * (0.10 + 0.26 * t**1.5)
        c.ellipse(at + (0.012 if k % 2 else -0.012) * c.u * (0.4 + t), y + jitter(rng, 0, 0.002) * c.u, 0.010 * c.u * (0.3 + t), 0.004 * c.u * (0.3 + t), p.tone(rgb("#8aa3c6"), 0.1))
    near = p.tone(mix(white, blue, 0.55), 0.0, 0.86)
    ridge(scene, "foot", c.h * 0.90, 0.018 * c.u, (near, p.tone(mix(white, blue, 0.95), 0.0, 0.60)), rough=0.5)
    scene.focus = (x / c.w * 0.6 + 0.2, scene.level - 0.05)


def _aurora(scene: Scene) -> None:
    c, rng = scene.canvas, scene.rng("aurora")
    for band, colour in enumerate(((70, 230, 170), (90, 200, 220), (150, 110, 220))):
        phase, high = jitter(rng, 0, 6.28), scene.horizon * (0.55 - 0.13 * band)
        top: list[Point] = []
        low: list[Point] = []
        for k in range(31):
            t = k / 30
            y = high + c.u * (0.07 * float(np.sin(t * 5 + phase)) + 0.03 * float(np.sin(t * 13 + phase)))
            low.append((t * c.w, y))
            top.append((t * c.w, y - c.u * (0.13 + 0.05 * float(np.sin(t * 9 + phase)))))
        c.soft([[*top, *reversed(low)]], colour, 0.30, 0.05 * c.u)


def desert(scene: Scene) -> None:
    """Dunes with a lit and a shaded flank under a large sun, far mesas."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    sand = rgb("#e2ad68")
    rng = scene.rng("mesas")
    for k in range(4):
        x, wide, tall = c.w * (0.12 + 0.25 * k + jitter(rng, -0.06, 0.06)), jitter(rng, 0.06, 0.16) * c.u, jitter(rng, 0.04, 0.10) * c.u
        butte = [(x - wide * 1.3, hz + 3), (x - wide, hz - tall * 0.5), (x - wide * 0.85, hz - tall), (x + wide * 0.8, hz - tall), (x + wide, hz - tall * 0.45), (x + wide * 1.35, hz + 3)]
        c.shape(butte, (p.ground(rgb("#b06a4c"), 0.60), p.tone(sand, 0.66)))
    for k in range(4):
        _dune(scene, k, hz + (0.0, 0.045, 0.12, 0.22)[k] * c.u, (0.022 + 0.022 * k) * c.u, sand, 0.42 - 0.13 * k)
    if p.time != "night":
        x, y = light_place(scene)
        c.glow(x, y, 0.5 * c.u, p.sun, 0.25 * p.sunlight)
    foreground(scene, "foot", c.h * 0.90, darker(sand, 0.25), rough=0.3, amplitude=0.02)
    scene.focus = (0.5 + 0.14 * scene.light_side, scene.level - 0.02)


def _dune(scene: Scene, order: int, base: float, rise: float, sand: RGB, depth: float) -> None:
    """Crescents of sand: each has a crest, a lit flank towards the light and a shaded one."""
    c, p, s, rng = scene.canvas, scene.palette, scene.light_side, scene.rng(f"dune {order}")
    depth = max(0.0, depth)
    floor = p.ground(sand, depth, 1.0), p.ground(darker(sand, 0.14), max(0.0, depth - 0.1))
    c.shape([(-4.0, base), (c.w + 4.0, base), (c.w + 4.0, c.h + 4.0), (-4.0, c.h + 4.0)], floor)
    count = 4 - order // 2
    for k in range(count):
        x = c.w * (k + jitter(rng, 0.15, 0.85)) / count
        wide, tall = rise * jitter(rng, 5.5, 8.5), rise * jitter(rng, 0.8, 1.5)
        top = (x, base - tall)
        lit = [(x + s * wide * t, base - tall * (1 - t) ** 1.5 * (1 - 0.10 * float(np.sin(t * 9)))) for t in np.linspace(0, 1, 16).tolist()]
        dark = [(x - s * wide * 0.85 * t, base - tall * (1 - t) ** 1.9) for t in np.linspace(0, 1, 16).tolist()]
        ridge_line = [(x + s * wide * (0.16 * float(np.sin(t * 3.4)) + 0.10 * t), base - tall + (tall + rise * 0.55) * t) for t in np.linspace(0, 1, 14).tolist()]
        c.shape([*lit, (x, base + rise * 0.5), *reversed(dark)], (p.ground(lighter(sand, 0.14), depth, 1.06), floor[0]))
        c.shape([top, *dark, ridge_line[-1], *reversed(ridge_line)], (p.ground(darker(sand, 0.38), depth), p.ground(darker(sand, 0.20), depth)), 0.9)


def road(scene: Scene) -> None:
    """A straight road to the hills, its middle line, telegraph poles."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    ridge(scene, "far", hz - 0.06 * c.u, 0.08 * c.u, (p.tone(rgb("#6f8290"), 0.66), p.tone(rgb("#7f9a86"), 0.55)))
    mist(scene, hz, 0.06 * c.u, 0.5)
    grass = rgb("#8a9a58")
    c.shape([(0, hz), (c.w, hz), (c.w, c.h), (0, c.h)], (p.ground(grass, 0.42), p.ground(darker(grass, 0.4), 0.0)))
    vx = scene.side_x(0.04)
    foot = c.w * 0.5
    asphalt = rgb("#5b5d66")
    shoulder, half = 0.80 * c.u, 0.66 * c.u
    c.shape([(vx - 0.010 * c.u, hz), (vx + 0.010 * c.u, hz), (foot + shoulder, c.h), (foot - shoulder, c.h)], (p.ground(_EARTH, 0.4), p.ground(_EARTH, 0.0, 0.7)))
    c.shape([(vx - 0.008 * c.u, hz), (vx + 0.008 * c.u, hz), (foot + half, c.h), (foot - half, c.h)], (p.ground(asphalt, 0.45), p.ground(darker(asphalt, 0.45), 0.0, 0.9)))
    paint = p.tone(rgb("#efe6c8"), 0.1)
    for k in range(12):
        a, b = (k / 12) ** 2.2, ((k + 0.5) / 12) ** 2.2
        (xa, ya), (xb, yb) = ((vx + (foot - vx) * t, hz + (c.h - hz) * t) for t in (a, b))
        c.shape([(xa - 0.02 * c.u * a, ya), (xa + 0.02 * c.u * a, ya), (xb + 0.02 * c.u * b, yb), (xb - 0.02 * c.u * b, yb)], mix(paint, p.haze, 0.4 * (1 - a)))
    side = -scene.light_side
    wires: list[Point] = []
    for k in range(6, 0, -1):
        t = 0.62**k * 1.5
        x, y = vx + (foot + side * 0.95 * c.u - vx) * t, hz + (c.h - hz) * t * 0.9
        tall, wood = 1.35 * c.u * t, p.tone(rgb("#4d3f36"), max(0.0, 0.5 - t))
        c.rect(x - tall * 0.012, y - tall, x + tall * 0.012, y, wood)
        c.rect(x - tall * 0.12, y - tall * 0.93, x + tall * 0.12, y - tall * 0.90, wood)
        wires.append((x, y - tall * 0.93))
    for a, b in zip(wires, wires[1:], strict=False):
        sag = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + abs(b[0] - a[0]) * 0.10)
        c.line([a, sag, b], p.tone(rgb("#4d3f36"), 0.1), 0.0018 * c.u)
    if p.lamps > 0.6:
        c.glow(vx, hz + 0.012 * c.u, 0.06 * c.u, LAMP, 0.9)
    scene.focus = (vx / c.w + side * 0.12, scene.level - 0.05)
