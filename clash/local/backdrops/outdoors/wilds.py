"""Where few people are: mountain, snow, desert."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.outdoors.plants import bare_tree, conifer
from clash.local.backdrops.outdoors.scenery import foreground, height_at, mist, path, peaks, ridge, rocks
from clash.local.backdrops.palette import EARTH, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import light_place, paint_sky


def mountain(scene: Scene) -> None:
    """Snow-capped ranges behind each other, a near ridge with firs and a trail."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.16 * c.u)
    peaks(scene, "far range", hz + 0.02 * c.u, 0.36 * c.u, 0.66, snow=0.30, count=6)
    mist(scene, hz, 0.12 * c.u, 0.45)
    peaks(scene, "main range", hz + 0.07 * c.u, 0.50 * c.u, 0.32, snow=0.42 if p.snowy else 0.30, count=3)
    c.rect(0, hz + 0.065 * c.u, c.w, hz + 0.17 * c.u, p.tone(rgb("#5d6b7c"), 0.5))
    mist(scene, hz + 0.06 * c.u, 0.13 * c.u, 0.5)
    pine = rgb("#4a7058")
    hill = ridge(scene, "hill", hz + 0.08 * c.u, 0.05 * c.u, (p.ground(pine, 0.35), p.ground(darker(pine, 0.2), 0.2)))
    firs(scene, "hill", hill, 46, 0.055, p.ground(darker(pine, 0.1), 0.33))
    fill = (p.ground(rgb("#7d9161"), 0.08), p.ground(rgb("#3c4a38"), 0.0, 0.85))
    near = ridge(scene, "near", hz + 0.18 * c.u, 0.04 * c.u, fill, rough=1.2)
    path(scene, (scene.side_x(0.12), hz + 0.18 * c.u), c.w * 0.5, 0.42 * c.u, p.ground(EARTH, 0.05, 0.8), bend=-0.12)
    for k, share in enumerate((-0.46, -0.40, -0.33, 0.38, 0.45)):
        x = c.w * (0.5 + share)
        tall = c.u * jitter(scene.rng(f"fir {k}"), 0.22, 0.40)
        conifer(scene, x, height_at(near, x) + 0.06 * c.u, tall, p.ground(rgb("#3a5f4a"), 0.02, 0.85))
    rocks(scene, "left", -0.02 * c.w, 0.24 * c.w, c.h * 0.90, 0.07 * c.u, p.ground(rgb("#75787c"), 0.0, 0.8))
    foreground(scene, "foot", c.h * 0.91, rgb("#56684a"), rough=1.3, amplitude=0.02)
    scene.focus = (0.5 - 0.1 * scene.light_side, scene.level - 0.15)


def firs(scene: Scene, label: str, line: list[Point], count: int, size: float, colour: RGB) -> None:
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
                conifer(
                    scene,
                    x,
                    height_at(line, x) + 0.02 * c.u,
                    (0.13 + 0.03 * (j % 3)) * c.u,
                    p.tone(mix(rgb("#3f6258"), white, 0.25), 0.15),
                )
    x = scene.side_x(-0.36)
    bare_tree(scene, x, hz + 0.27 * c.u, 0.40 * c.u, p.tone(rgb("#4a4248"), 0.03), "lone")
    rng = scene.rng("tracks")
    for k in range(15):
        t = k / 15
        at, y = (
            c.w * 0.5 + scene.light_side * c.u * (0.05 + 0.14 * float(np.sin(t * 3))),
            hz + c.u * (0.10 + 0.26 * t**1.5),
        )
        c.ellipse(
            at + (0.012 if k % 2 else -0.012) * c.u * (0.4 + t),
            y + jitter(rng, 0, 0.002) * c.u,
            0.010 * c.u * (0.3 + t),
            0.004 * c.u * (0.3 + t),
            p.tone(rgb("#8aa3c6"), 0.1),
        )
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
        x, wide, tall = (
            c.w * (0.12 + 0.25 * k + jitter(rng, -0.06, 0.06)),
            jitter(rng, 0.06, 0.16) * c.u,
            jitter(rng, 0.04, 0.10) * c.u,
        )
        butte = [
            (x - wide * 1.3, hz + 3),
            (x - wide, hz - tall * 0.5),
            (x - wide * 0.85, hz - tall),
            (x + wide * 0.8, hz - tall),
            (x + wide, hz - tall * 0.45),
            (x + wide * 1.35, hz + 3),
        ]
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
        lit = [
            (x + s * wide * t, base - tall * (1 - t) ** 1.5 * (1 - 0.10 * float(np.sin(t * 9))))
            for t in np.linspace(0, 1, 16).tolist()
        ]
        dark = [(x - s * wide * 0.85 * t, base - tall * (1 - t) ** 1.9) for t in np.linspace(0, 1, 16).tolist()]
        ridge_line = [
            (x + s * wide * (0.16 * float(np.sin(t * 3.4)) + 0.10 * t), base - tall + (tall + rise * 0.55) * t)
            for t in np.linspace(0, 1, 14).tolist()
        ]
        c.shape([*lit, (x, base + rise * 0.5), *reversed(dark)], (p.ground(lighter(sand, 0.14), depth, 1.06), floor[0]))
        c.shape(
            [top, *dark, ridge_line[-1], *reversed(ridge_line)],
            (p.ground(darker(sand, 0.38), depth), p.ground(darker(sand, 0.20), depth)),
            0.9,
        )
