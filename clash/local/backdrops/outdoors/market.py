"""A market lane."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from clash.local.backdrops.lanterns import lantern
from clash.local.backdrops.outdoors.frontage import facade
from clash.local.backdrops.outdoors.pavement import far_end, lit_by_lamps, mirrored, pavement
from clash.local.backdrops.palette import AWNINGS, LAMP, darker, lighter, mix, rgb
from clash.local.backdrops.perspective import Perspective, depth_of, view_down
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky


def market(scene: Scene) -> None:
    """Two rows of stalls under striped cloth, heaps of fruit, strings of bulbs and lanterns across the lane."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    view = view_down(scene, 0.02)
    far_end(scene, view)
    pavement(scene, view, 2.0, 0.02, rgb("#a08e7a"))
    edges = [22.0, 16.0, 11.8, 8.6, 6.2, 4.3, 2.8, 1.5]
    rng = scene.rng("market")
    for k, (z1, z0) in enumerate(pairwise(edges)):
        for name, x in (("left", -5.6), ("right", 5.6)):
            if k < 5:
                facade(scene, view, x, z0, z1, jitter(rng, 4.0, 7.5), f"{name} {k}", far=45)
        for name, side in (("left", -1), ("right", 1)):
            _stall(scene, view, side, z0 + (z1 - z0) * 0.08, z1 - (z1 - z0) * 0.04, f"stall {name} {k}")
    if p.wet:
        mirrored(scene, view, 2.3, 0.40)
    for k, z in enumerate((13.0, 9.0, 6.2, 4.4)):
        _bulbs(scene, view, z, k)
    c.fade((0, c.h * 0.78, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.45)
    scene.focus = (0.5 - 0.16 * scene.light_side, scene.level)
    lit_by_lamps(scene)


def _stall(scene: Scene, view: Perspective, side: int, z0: float, z1: float, label: str) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng(label)
    depth = depth_of((z0 + z1) / 2, 40)
    inner, outer = side * 2.3, side * 4.0
    cloth, pale = AWNINGS[int(rng.integers(len(AWNINGS)))], rgb("#f1e8d6")
    back = mix(p.tone(rgb("#4a3a30"), depth), LAMP, 0.30 * p.lamps)
    c.shape(view.wall(outer, -1.6, 0.9, z0, z1), back)
    c.shape(
        [view.at(inner, -1.6, z0), view.at(outer, -1.6, z0), view.at(outer, -0.55, z0), view.at(inner, -0.55, z0)],
        p.tone(rgb("#5d4636"), depth),
    )
    c.shape(view.wall(inner, -1.6, -0.55, z0, z1), (p.tone(rgb("#8a6a4c"), depth), p.tone(rgb("#4c3828"), depth)))
    c.shape(view.floor(inner, outer, z0, z1, -0.55), p.tone(rgb("#9a7a58"), depth))
    if p.lamps > 0.3:
        x, y = view.at((inner + outer) / 2, 0.4, (z0 + z1) / 2)
        c.glow(x, y, 1.7 * view.focal / z0, LAMP, 0.50 * p.lamps * (1 - depth))
    goods = (rgb("#d8503a"), rgb("#e6a23c"), rgb("#7fae4a"), rgb("#b23a5a"), rgb("#e8d27a"))
    light = 1.0 + 1.1 * p.lamps
    for k in range(4):
        z = z0 + (z1 - z0) * (k + 0.5) / 4
        x, y = view.at((inner * 0.75 + outer * 0.25), -0.52, z)
        r, shade = 0.30 * view.focal / z, p.tone(goods[int(rng.integers(5))], depth, light)
        c.ellipse(x, y, r, r * 0.55, darker(shade, 0.18))
        for j in range(5):
            c.ellipse(
                x + r * (0.36 * (j - 2)),
                y - r * (0.30 - 0.09 * abs(j - 2)),
                r * 0.26,
                r * 0.24,
                lighter(shade, 0.04 * j),
            )
    for z in (z0, z1):
        c.line([view.at(inner, -1.6, z), view.at(inner, 0.95, z)], p.tone(rgb("#3c2f28"), depth), 0.07 * view.focal / z)
    stripes = 6
    for k in range(stripes):
        a, b = z0 + (z1 - z0) * k / stripes, z0 + (z1 - z0) * (k + 1) / stripes
        shade = p.ground(cloth if k % 2 else pale, depth, 1.0 + 0.25 * p.lamps)
        lip = side * 1.75
        c.polygon(
            [view.at(outer, 1.75, a), view.at(outer, 1.75, b), view.at(lip, 0.95, b), view.at(lip, 0.95, a)], shade
        )
        c.polygon([view.at(lip, 0.95, a), view.at(lip, 0.95, b), view.at(lip, 0.70, (a + b) / 2)], darker(shade, 0.12))


def _bulbs(scene: Scene, view: Perspective, z: float, order: int) -> None:
    c, p = scene.canvas, scene.palette
    (ax, ay), (bx, by) = view.at(-2.6, 2.3, z), view.at(2.6, 2.3, z)
    sag, lit = 0.5 * view.focal / z, p.lamps > 0.2
    points = [(ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t)) for t in np.linspace(0, 1, 15).tolist()]
    c.line(points, p.tone(rgb("#2c2a2c"), 0.2), 0.02 * view.focal / z)
    r = 0.065 * view.focal / z
    for k, (x, y) in enumerate(points[1:-1]):
        if order % 2 and k % 4 == 2:
            lantern(scene, x, y + r * 5, r * 9)
            continue
        if lit:
            c.glow(x, y + r, r * 6, LAMP, 0.75 * p.lamps)
        c.ellipse(x, y + r, r, r * 1.2, (255, 240, 200) if lit else p.tone(rgb("#d8d2c0"), 0.1))
