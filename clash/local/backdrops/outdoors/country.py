"""Open country: field, road, footpath."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.outdoors.buildings import house
from clash.local.backdrops.outdoors.plants import bush, reeds, round_tree
from clash.local.backdrops.outdoors.scenery import (
    foreground,
    height_at,
    mist,
    ridge,
    shade_foot,
    strip,
    underfoot,
)
from clash.local.backdrops.palette import EARTH, LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky

_GREEN = rgb("#6f9a5b")


def field(scene: Scene) -> None:
    """Rows of grain that run to a farm on the horizon, bales, one tree."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    ridge(scene, "far", hz - 0.03 * c.u, 0.035 * c.u, (p.tone(rgb("#6f8a86"), 0.66), p.tone(_GREEN, 0.55)))
    wheat = rgb("#7fa452") if scene.named("rice", "meadow", "grass", "稻", "草", "pasture") else rgb("#dcb45c")
    c.shape([(0, hz), (c.w, hz), (c.w, c.h), (0, c.h)], (p.ground(wheat, 0.40), p.ground(darker(wheat, 0.30), 0.0)))
    vx = scene.side_x(-0.06)
    rows = [((k + 0.10) * 0.51 * c.u, (k + 0.52) * 0.51 * c.u) for k in range(-26, 26)]
    furrows = [[(vx, hz), (vx + b, c.h), (vx + a, c.h)] for a, b in rows]
    c.soft(furrows, p.ground(darker(wheat, 0.42), 0.1), 0.42, 0.0012 * c.u)
    c.fade((0, hz, c.w, hz + 0.12 * c.u), p.haze, 0.55, 0.0)
    farm = scene.side_x(-0.27)
    barn = rgb("#a8473c")
    house(scene, farm, hz + 0.02 * c.u, 0.19 * c.u, 0.085 * c.u, "barn", wall=barn, roof=rgb("#6b5a54"), depth=0.14)
    house(
        scene,
        farm + 0.21 * c.u,
        hz + 0.018 * c.u,
        0.09 * c.u,
        0.06 * c.u,
        "farm",
        wall=rgb("#e7dfcf"),
        roof=rgb("#8d4a3e"),
        depth=0.16,
        gable=True,
    )
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
    c.shape(
        [(vx - 0.010 * c.u, hz), (vx + 0.010 * c.u, hz), (foot + shoulder, c.h), (foot - shoulder, c.h)],
        (p.ground(EARTH, 0.4), p.ground(EARTH, 0.0, 0.7)),
    )
    c.shape(
        [(vx - 0.008 * c.u, hz), (vx + 0.008 * c.u, hz), (foot + half, c.h), (foot - half, c.h)],
        (p.ground(asphalt, 0.45), p.ground(darker(asphalt, 0.45), 0.0, 0.9)),
    )
    paint = p.tone(rgb("#efe6c8"), 0.1)
    for k in range(12):
        a, b = (k / 12) ** 2.2, ((k + 0.5) / 12) ** 2.2
        (xa, ya), (xb, yb) = ((vx + (foot - vx) * t, hz + (c.h - hz) * t) for t in (a, b))
        c.shape(
            [
                (xa - 0.02 * c.u * a, ya),
                (xa + 0.02 * c.u * a, ya),
                (xb + 0.02 * c.u * b, yb),
                (xb - 0.02 * c.u * b, yb),
            ],
            mix(paint, p.haze, 0.4 * (1 - a)),
        )
    side = -scene.light_side
    wires: list[Point] = []
    for k in range(6, 0, -1):
        t = 0.62**k * 1.5
        x, y = vx + (foot + side * 0.95 * c.u - vx) * t, hz + (c.h - hz) * t * 0.9
        tall, wood = 1.35 * c.u * t, p.tone(rgb("#4d3f36"), max(0.0, 0.5 - t))
        c.rect(x - tall * 0.012, y - tall, x + tall * 0.012, y, wood)
        c.rect(x - tall * 0.12, y - tall * 0.93, x + tall * 0.12, y - tall * 0.90, wood)
        wires.append((x, y - tall * 0.93))
    for a, b in pairwise(wires):
        sag = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + abs(b[0] - a[0]) * 0.10)
        c.line([a, sag, b], p.tone(rgb("#4d3f36"), 0.1), 0.0018 * c.u)
    if p.lamps > 0.6:
        c.glow(vx, hz + 0.012 * c.u, 0.06 * c.u, LAMP, 0.9)
    scene.focus = (vx / c.w + side * 0.12, scene.level - 0.05)


_EARTH_ROAD = rgb("#b3a17c")


def footpath(scene: Scene) -> None:
    """A track of trodden earth, grass between its ruts, that winds past a wooden fence to the hills; no poles."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.02 * c.u)
    ridge(scene, "far", hz - 0.07 * c.u, 0.07 * c.u, (p.tone(rgb("#6f8a86"), 0.72), p.tone(_GREEN, 0.6)))
    mist(scene, hz, 0.07 * c.u, 0.5)
    hill = ridge(scene, "middle", hz - 0.01 * c.u, 0.035 * c.u, (p.ground(_GREEN, 0.46), p.ground(_GREEN, 0.36)))
    rng = scene.rng("copse")
    for k in range(16):
        at = scene.side_x(-0.52 + 0.028 * k + jitter(rng, -0.02, 0.02))
        shade = p.ground(rgb("#4a7048"), 0.38 - 0.06 * (k % 3))
        bush(scene, at, height_at(hill, at) + 0.02 * c.u, c.u * jitter(rng, 0.030, 0.055), shade, f"copse {k}")
    meadow = rgb("#7c9a55")
    fill = (p.ground(meadow, 0.26), p.ground(darker(meadow, 0.5), 0.0, 0.85))
    near = ridge(scene, "near", hz + 0.035 * c.u, 0.012 * c.u, fill, rough=0.6)
    _swathes(scene)
    x = scene.side_x(0.30)
    round_tree(scene, x, height_at(near, x) + 0.03 * c.u, 0.36 * c.u, p.ground(rgb("#4f7d4a"), 0.10), "oak")
    _track(scene)
    _fence(scene)
    reeds(scene, "left", c.h * 0.97, 0.11 * c.u, darker(_GREEN, 0.4), within=(0.0, 0.27))
    reeds(scene, "right", c.h * 0.98, 0.10 * c.u, darker(_GREEN, 0.4), within=(0.74, 1.0))
    shade_foot(scene, _GREEN)
    scene.focus = (x / c.w * 0.5 + 0.25, scene.level - 0.04)


def _swathes(scene: Scene) -> None:
    """Bands of taller and shorter grass, and flowers in it."""
    c, p, hz, rng = scene.canvas, scene.palette, scene.horizon, scene.rng("swathes")
    deep = c.h - hz
    for k in range(8):
        t = 0.16 + 0.09 * k
        x, half = c.w * jitter(rng, 0.0, 1.0), c.u * (0.25 + 0.5 * t)
        band = [
            (x - half, hz + t * deep),
            (x, hz + (t - 0.03) * deep),
            (x + half, hz + t * deep),
            (x, hz + (t + 0.04) * deep),
        ]
        shade = lighter(_GREEN, 0.14) if k % 2 else darker(_GREEN, 0.30)
        c.soft([band], p.ground(shade, 0.10, 1.0 - 0.2 * t), 0.30, 0.010 * c.u)
    if p.snowy:
        return
    for x, y, kind in rng.uniform(0, 1, (110, 3)).tolist():
        t = 0.16 + 0.62 * y
        local = rgb("#f0ead2") if kind < 0.6 else rgb("#e0b84a") if kind < 0.85 else rgb("#b8627c")
        r = c.u * 0.0055 * (0.25 + t)
        c.ellipse(x * c.w, hz + t * deep, r, r * 0.8, p.tone(local, 0.10, 0.92 - 0.25 * t))


def _track_at(scene: Scene, t: float) -> tuple[float, float, float]:
    """The track's middle and half its width at `t` of the way from the horizon to the foot of the picture."""
    c, far = scene.canvas, max(0.0, 1 - t / 0.85)
    x = c.w * 0.5 + scene.light_side * c.u * 0.26 * far**1.2 * float(np.sin(3.4 * far**1.5 + 0.3))
    return x + underfoot(scene, t), scene.horizon + t * (c.h - scene.horizon), 0.27 * c.u * t**1.25


def _track(scene: Scene) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng("track")
    points = [_track_at(scene, t) for t in np.linspace(1.03, 0.10, 70).tolist()]
    a, b = rng.uniform(0, 6.28, 2).tolist()
    worn = [(x, y, half * (1.10 + 0.03 * float(np.sin(k * 0.9 + a)))) for k, (x, y, half) in enumerate(points)]
    verge = mix(_EARTH_ROAD, _GREEN, 0.55)
    strip(scene, worn, (p.ground(verge, 0.24), p.ground(darker(verge, 0.42), 0.0, 0.85)))
    earth = p.ground(_EARTH_ROAD, 0.24), p.ground(darker(_EARTH_ROAD, 0.28), 0.0, 0.9)
    for side in (-1, 1):
        rut = [
            (x + side * half * 0.58, y, half * (0.36 + 0.04 * float(np.sin(k * 0.7 + b + side))))
            for k, (x, y, half) in enumerate(points)
        ]
        strip(scene, rut, earth)
        worn_deep = [(x + side * half * 0.60, y, half * 0.12) for x, y, half in points]
        strip(
            scene,
            worn_deep,
            (p.ground(darker(_EARTH_ROAD, 0.10), 0.24), p.ground(darker(_EARTH_ROAD, 0.38), 0.0, 0.88)),
        )
    for t, lean, tall in rng.uniform(0, 1, (110, 3)).tolist():  # grass between the ruts
        x, y, half = _track_at(scene, 0.16 + 0.84 * t**0.7)
        at, up = x + (lean - 0.5) * half * 0.36, half * (0.05 + 0.09 * tall)
        tip = at + (lean - 0.5) * up, y - up
        blade = p.ground(darker(_GREEN, 0.10 + 0.3 * tall), 0.16 * (1 - t), 0.95 - 0.2 * t)
        c.polygon([(at - up * 0.16, y), tip, (at + up * 0.16, y)], blade)


def _fence(scene: Scene) -> None:
    """Posts and two rails along the side away from the light."""
    c, p, rng, s = scene.canvas, scene.palette, scene.rng("fence"), scene.light_side
    posts: list[tuple[float, float, float]] = []
    tall = min(0.27, 0.60 * scene.stature)  # up to a grown person's waist
    for k in range(12):
        t = 1.14 * 0.79**k
        x, y, half = _track_at(scene, t)
        posts.append((x - s * (half * 1.6 + 0.14 * c.u * t), y, tall * c.u * t))
    for a, b in reversed(list(pairwise(posts))):
        depth = max(0.0, 0.30 - 1.1 * b[2] / c.u)
        wood = p.ground(rgb("#8a7358"), depth, 0.9)
        for up in (0.48, 0.84):
            sag = jitter(rng, -0.03, 0.03)
            rail = [
                (a[0], a[1] - a[2] * up),
                (b[0], b[1] - b[2] * (up + sag)),
                (b[0], b[1] - b[2] * (up + sag - 0.10)),
                (a[0], a[1] - a[2] * (up - 0.10)),
            ]
            c.shape(rail, (wood, darker(wood, 0.25)))
    for x, y, tall in reversed(posts):
        wood = p.ground(rgb("#7a654d"), max(0.0, 0.30 - 1.1 * tall / c.u), 0.9)
        half, lean = tall * 0.065, tall * jitter(rng, -0.04, 0.04)
        c.shape(
            [
                (x - half, y + tall * 0.03),
                (x - half + lean, y - tall),
                (x + half + lean, y - tall * 0.97),
                (x + half, y + tall * 0.03),
            ],
            (lighter(wood, 0.08), darker(wood, 0.4)),
        )
        c.shape(
            [(x - s * half, y), (x - s * half + lean, y - tall), (x + lean, y - tall * 0.98), (x, y)],
            darker(wood, 0.35),
        )
