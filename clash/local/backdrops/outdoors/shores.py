"""Places by salt water: harbour, beach."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.outdoors.boats import boat, bollard, crane, sailing_boat
from clash.local.backdrops.outdoors.buildings import house, street_lamp
from clash.local.backdrops.outdoors.plants import reeds
from clash.local.backdrops.outdoors.scenery import ridge
from clash.local.backdrops.outdoors.waters import swell, water
from clash.local.backdrops.palette import GRASS, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky

_SAND = rgb("#e3c894")


def harbour(scene: Scene) -> None:
    """Boats before a row of quay houses, bollards and a lamp on the near quay."""
    c, p, hz, rng = scene.canvas, scene.palette, scene.horizon, scene.rng("harbour")
    paint_sky(scene)
    ridge(
        scene,
        "hills",
        hz - 0.07 * c.u,
        0.05 * c.u,
        (p.tone(rgb("#6f8a86"), 0.6), p.tone(rgb("#7f9a86"), 0.5)),
        foot=hz + 2,
    )
    walls = [rgb(code) for code in ("#d9c3a0", "#c9826a", "#dcd6c8", "#8fa9b5", "#b9946e", "#a9b58c")]
    x, quay, count = -0.04 * c.w, hz + 0.015 * c.u, 0
    while x < c.w:
        count += 1
        w, h = c.u * jitter(rng, 0.09, 0.16), c.u * jitter(rng, 0.09, 0.17)
        wall = walls[int(rng.integers(len(walls)))]
        house(
            scene,
            x,
            quay,
            w,
            h,
            f"quay {count}",
            wall=wall,
            roof=rgb("#8d4a3e"),
            depth=0.22,
            gable=bool(rng.random() < 0.5),
        )
        x += w * 0.98
    c.rect(0, quay - 0.006 * c.u, c.w, quay + 0.022 * c.u, p.tone(rgb("#6f6a66"), 0.2))
    crane(scene, scene.side_x(0.36), quay, 0.34 * c.u)
    water(scene, quay + 0.02 * c.u, c.h, calm=0.72)
    for k, at in enumerate((-0.34, -0.20, 0.19, 0.31)):
        near = 0.10 + 0.045 * (k % 3)
        draw = sailing_boat if k == 1 else boat
        x, size = c.w * (0.5 + at), c.u * (0.15 + 0.22 * near)
        draw(scene, x, hz + near * c.u, size, 0.18 - 0.9 * (near - 0.10), f"boat {k}")
    stone = rgb("#7d7772")
    top = c.h * 0.84
    c.shape(
        [(0, top), (c.w, top), (c.w, c.h), (0, c.h)],
        (p.ground(stone, 0.0, 0.72), p.ground(darker(stone, 0.5), 0.0, 0.7)),
    )
    c.rect(0, top, c.w, top + 0.012 * c.u, p.ground(lighter(stone, 0.15), 0.0, 0.85))
    for k in range(round(c.w / (0.3 * c.u)) + 1):
        bollard(scene, (k + 0.3) * 0.3 * c.u, top + 0.02 * c.u, 0.05 * c.u)
    street_lamp(scene, scene.side_x(-0.38), top + 0.03 * c.u, 0.46 * c.u, arm=scene.light_side)
    scene.ground = 0.91
    scene.focus = (0.5 + scene.light_side * 0.16, scene.level - 0.02)


def beach(scene: Scene) -> None:
    """Sand, three lines of foam, the sea; palms where the words are warm, else a dune and a cliff."""
    c, p, hz, side = scene.canvas, scene.palette, scene.horizon, scene.light_side
    paint_sky(scene)
    x = c.w * (0.5 - side * 0.5)
    outline = ((0.0, -0.17), (0.13, -0.15), (0.24, -0.09), (0.31, -0.07), (0.36, 0.005), (0.0, 0.005))
    cliff = [(x + side * across * c.u, hz + up * c.u) for across, up in outline]
    c.shape(cliff, (p.ground(rgb("#7f9a6b"), 0.45), p.tone(rgb("#b8a88c"), 0.5)))
    water(scene, hz, c.h, calm=0.45)
    swell(scene, hz, hz + 0.24 * c.u, rows=3)
    sand = p.ground(_SAND)
    for k, (share, shade) in enumerate(
        ((0.0, p.tone(rgb("#e8f2ef"), 0.05)), (0.022, mix(sand, p.tone(rgb("#6f7f86")), 0.45)), (0.05, sand))
    ):
        line = _shoreline(scene, hz + (0.20 + share) * c.u, k)
        c.shape([*line, (c.w, c.h + 4.0), (0.0, c.h + 4.0)], (shade, darker(shade, 0.38)) if k == 2 else shade)
    rng = scene.rng("pebbles")
    for px, py in rng.uniform(0, 1, (46, 2)).tolist():
        y = hz + 0.30 * c.u + py * 0.3 * c.u
        c.ellipse(px * c.w, y, 0.004 * c.u * (1 + py), 0.0022 * c.u * (1 + py), darker(sand, 0.22))
    reeds(scene, "dune", c.h * 0.93, 0.10 * c.u, darker(GRASS, 0.05), within=(0.0, 0.22))
    reeds(scene, "dune right", c.h * 0.95, 0.09 * c.u, darker(GRASS, 0.1), within=(0.80, 1.0))
    scene.focus = (0.5 - side * 0.18, scene.level)


def _shoreline(scene: Scene, y: float, order: int) -> list[Point]:
    c, phase = scene.canvas, jitter(scene.rng("shoreline"), 0, 6.28)
    points: list[Point] = []
    for k in range(81):
        t = k / 80
        sway = 0.022 * float(np.sin(t * 7 + phase)) + 0.008 * float(np.sin(t * 19 + phase + order * 0.5))
        points.append((t * c.w, y + c.u * (sway + 0.10 * (t - 0.5) * scene.light_side)))
    return points
