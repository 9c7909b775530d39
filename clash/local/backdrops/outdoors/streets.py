"""Streets seen along: street and alley."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from clash.local.backdrops.lanterns import lantern
from clash.local.backdrops.outdoors.buildings import street_lamp
from clash.local.backdrops.outdoors.frontage import facade
from clash.local.backdrops.outdoors.pavement import far_end, lit_by_lamps, mirrored, pavement
from clash.local.backdrops.palette import darker, mix, rgb
from clash.local.backdrops.perspective import Perspective, depth_of, view_down
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky


def street(scene: Scene) -> None:
    """A town street: shop fronts on both sides, lamps, a crossing, lights mirrored in the wet."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    view = view_down(scene, 0.03)
    far_end(scene, view)
    pavement(scene, view, 2.6, 0.10, rgb("#5a5c66"))
    for k in range(9):
        z = 3.2 * 1.32**k
        c.polygon(view.floor(-0.07, 0.07, z, z * 1.14, -1.6), p.ground(rgb("#e8e0c8"), depth_of(z, 50)))
    rng = scene.rng("street")
    edges = [34.0, 26.0, 20.0, 15.5, 12.0, 9.2, 6.8, 4.6, 2.4]
    for k, (z1, z0) in enumerate(pairwise(edges)):
        for name, x in (("left", -5.2), ("right", 5.2)):
            facade(scene, view, x, z0, z1, jitter(rng, 5.5, 11.5), f"{name} {k}", far=55)
    if p.wet:
        mirrored(scene, view, 5.2, 0.42)
    for z in (22.0, 13.0, 7.6, 4.6):
        for side in (-1, 1):
            x, y = view.at(side * 3.5, -1.6, z)
            street_lamp(scene, x, y, 4.4 * view.focal / z, arm=-side, depth=depth_of(z, 55))
    c.fade((0, c.h * 0.80, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.42)
    scene.focus = (0.5 - 0.14 * scene.light_side, scene.level - 0.08)
    lit_by_lamps(scene)


def alley(scene: Scene) -> None:
    """A narrow lane between high walls: lanterns, washing on lines, a strip of sky, wet flagstones."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    view = view_down(scene, 0.02)
    far_end(scene, view)
    pavement(scene, view, 1.6, 0.05, rgb("#76706c"))
    seam = p.ground(rgb("#4c4846"), 0.08)
    for k in range(18):
        z = 1.6 * 1.19**k
        c.line(
            [view.at(-1.6, -1.6, z), view.at(1.6, -1.6, z)], mix(seam, p.haze, depth_of(z, 30)), 0.05 * view.focal / z
        )
    rng = scene.rng("alley")
    edges = [22.0, 15.5, 11.0, 7.8, 5.4, 3.6, 2.1, 1.1]
    for k, (z1, z0) in enumerate(pairwise(edges)):
        for name, x in (("left", -2.1), ("right", 2.1)):
            facade(scene, view, x, z0, z1, jitter(rng, 6.5, 10.5), f"{name} {k}", far=34, shop=k in (2, 5))
    if p.wet:
        mirrored(scene, view, 2.1, 0.45)
    for k, z in enumerate((12.0, 8.4, 6.0, 4.3)):
        _washing(scene, view, z, 3.6 + 0.5 * (k % 2), f"line {k}")
    for z, x in ((9.0, -1.6), (6.4, 1.6), (4.6, -1.55), (3.4, 1.5)):
        lantern(scene, *view.at(x, 1.35, z), 0.62 * view.focal / z)
    c.fade((0, c.h * 0.78, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.5)
    scene.focus = (0.5 + 0.1 * scene.light_side, scene.level - 0.08)
    lit_by_lamps(scene)


def _washing(scene: Scene, view: Perspective, z: float, y: float, label: str) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng(label)
    (ax, ay), (bx, by) = view.at(-2.1, y, z), view.at(2.1, y + jitter(rng, -0.3, 0.3), z)
    sag = 0.28 * view.focal / z
    points = [(ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t)) for t in np.linspace(0, 1, 13).tolist()]
    c.line(points, p.tone(rgb("#2c2a2c"), depth_of(z, 34)), 0.02 * view.focal / z)
    for k in (2, 4, 6, 8, 10):
        if rng.random() < 0.7:
            x, top = points[k]
            w, h = (0.24 * view.focal / z), jitter(rng, 0.4, 0.75) * view.focal / z
            cloth = (rgb("#e9e4da"), rgb("#b5483c"), rgb("#5d86a6"), rgb("#d8b25a"))[int(rng.integers(4))]
            c.polygon(
                [(x - w, top), (x + w, top + w * 0.1), (x + w * 0.9, top + h), (x - w * 0.85, top + h * 0.95)],
                p.tone(cloth, depth_of(z, 34)),
            )
