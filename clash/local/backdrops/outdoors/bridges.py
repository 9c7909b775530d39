"""Bridges, hung or arched."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.outdoors.buildings import street_lamp
from clash.local.backdrops.outdoors.plants import conifer, reeds, round_tree
from clash.local.backdrops.outdoors.scenery import foreground, ridge
from clash.local.backdrops.outdoors.skyline import promenade, skyline
from clash.local.backdrops.outdoors.waters import water
from clash.local.backdrops.palette import LAMP, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky


def bridge(scene: Scene) -> None:
    """A bridge across the water: of stone on arches where the words say so, else hung from two towers.

    Who is `aboard` stands on it, before its parapet.
    """
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    stone = scene.named("stone", "old", "石", "古", "small", "小", "village", "garden", "moon", "wood", "拱")
    paint_sky(scene)
    if stone:
        ridge(
            scene,
            "far",
            hz - 0.07 * c.u,
            0.06 * c.u,
            (p.ground(rgb("#7f9a86"), 0.6), p.ground(rgb("#6f9a5b"), 0.48)),
            foot=hz + 2,
        )
        rng = scene.rng("bank")
        for k in range(12):
            x = c.w * (k + jitter(rng, 0, 1)) / 12
            round_tree(
                scene, x, hz + 0.004 * c.u, c.u * jitter(rng, 0.10, 0.20), p.ground(rgb("#5d8f58"), 0.40), f"bank {k}"
            )
        if not scene.aboard:
            _arches(scene, hz)
    else:
        skyline(scene, "far", hz + 2, 0.04, 0.20, 0.66, wide=0.055)
        ridge(scene, "shore", hz - 0.006 * c.u, 0.004 * c.u, p.tone(rgb("#55707a"), 0.5), foot=hz + 2)
        if not scene.aboard:
            _suspension(scene, hz)
    water(scene, hz + 0.002 * c.u, c.h, calm=0.78)
    if scene.aboard:
        _on_the_bridge(scene, stone=stone)
    elif stone:
        foreground(scene, "bank", c.h * 0.90, rgb("#4f6a3f"), amplitude=0.02)
        reeds(scene, "reeds", c.h * 0.92, 0.12 * c.u, rgb("#4c6a3c"), within=(0.0, 0.24))
        reeds(scene, "reeds right", c.h * 0.93, 0.10 * c.u, rgb("#4c6a3c"), within=(0.78, 1.0))
        for share in (-0.44, 0.46):
            conifer(scene, c.w * (0.5 + share), c.h * 0.91, 0.34 * c.u, p.ground(rgb("#3f6650"), 0.02, 0.8))
    else:
        promenade(scene, c.h * 0.86)
    scene.ground = 0.92
    scene.focus = (scene.side_x(-0.16) / c.w, scene.level - 0.10)


def _on_the_bridge(scene: Scene, *, stone: bool) -> None:
    """Draw the paving underfoot and, behind the people, a parapet of stone or a railing of steel, up to the waist."""
    c, p = scene.canvas, scene.palette
    base = c.h * 0.92 - (0.025 + 0.09 * scene.stature) * c.u
    tall = 0.31 * scene.stature * c.u
    if scene.stature > 0.8:  # so near that the frame ends at the waist
        tall = max(0.04 * c.u, base - scene.horizon - 0.20 * c.u)
    top, near = base - tall, rgb("#8b857c") if stone else rgb("#5d6068")
    c.shape(
        [(0, base), (c.w, base), (c.w, c.h), (0, c.h)], (p.ground(near, 0.05), p.ground(darker(near, 0.55), 0.0, 0.8))
    )
    for k in range(1, 5):
        y = base + (c.h - base) * (k / 5) ** 1.5
        c.line([(0, y), (c.w, y)], p.ground(darker(near, 0.5), 0.0, 0.85), 0.0025 * c.u)
    (_parapet if stone else _railing)(scene, base, tall)
    c.fade((0, base, c.w, base + 0.25 * tall), p.ink, 0.45, 0.0)
    high = 0.30 * c.u if scene.stature > 0.8 else min(2.0 * tall, 0.30 * c.u)
    for share in (-0.40, 0.0, 0.40):
        street_lamp(scene, c.w * (0.5 + share) + scene.side_x(0.05) - 0.5 * c.w, top + 2, high, depth=0.05)


def _parapet(scene: Scene, base: float, tall: float) -> None:
    """Dressed stone in courses under a coping."""
    c, p, wall, top = scene.canvas, scene.palette, rgb("#a79c8b"), base - tall
    c.shape([(0, top), (c.w, top), (c.w, base), (0, base)], (p.ground(wall, 0.06), p.tone(darker(wall, 0.36), 0.03)))
    joint, course = p.tone(darker(wall, 0.55), 0.03), tall / 4
    for row in range(1, 4):
        y = top + row * course
        c.line([(0, y), (c.w, y)], joint, 0.002 * c.u)
        for k in range(round(c.w / (2.4 * course)) + 2):
            x = (k + 0.5 * (row % 2)) * 2.4 * course
            c.line([(x, y), (x, min(base, y + course))], joint, 0.002 * c.u)
    cap = 0.11 * tall
    c.rect(0, top - cap, c.w, top + cap * 0.6, p.ground(lighter(wall, 0.2), 0.05))
    c.rect(0, top + cap * 0.6, c.w, top + cap, p.tone(darker(wall, 0.5), 0.03))


def _railing(scene: Scene, base: float, tall: float) -> None:
    """Steel posts, a broad handrail and thin bars."""
    c, top = scene.canvas, base - tall
    red = scene.palette.tone(rgb("#b5482f"), 0.05)
    for k in range(round(c.w / (0.12 * tall)) + 1):
        x = k * 0.12 * tall
        c.rect(x - 0.008 * tall, top, x + 0.008 * tall, base, darker(red, 0.25))
    for k in range(round(c.w / (0.96 * tall)) + 1):
        x = k * 0.96 * tall
        c.rect(x - 0.035 * tall, top, x + 0.035 * tall, base, red)
    for y, thick in ((top, 0.05), (base - 0.12 * tall, 0.025)):
        c.rect(0, y - thick * tall, c.w, y + thick * tall, red)


def _suspension(scene: Scene, hz: float) -> None:
    c, p = scene.canvas, scene.palette
    red = p.tone(rgb("#b5482f"), 0.16)
    deck, tall = hz - 0.10 * c.u, min(0.50 * c.u, hz - 0.10 * c.h)
    towers = (scene.side_x(-0.20), scene.side_x(0.24))
    low = deck - 0.025 * c.u
    for a, b in ((0.0, min(towers)), (max(towers), float(c.w))):
        c.line(
            [(a, deck - (0.0 if a == 0 else tall - 0.1 * c.u)), (b, deck - (tall - 0.1 * c.u) if a == 0 else deck)],
            red,
            0.005 * c.u,
        )
    a, b = min(towers), max(towers)
    top = hz - tall
    cable = [(a + (b - a) * t, top + (low - top) * 4 * t * (1 - t)) for t in np.linspace(0, 1, 41).tolist()]
    c.line(cable, red, 0.006 * c.u)
    for x, y in cable[1:-1]:
        c.line([(x, y), (x, deck)], mix(red, p.haze, 0.25), 0.0016 * c.u)
    for k in range(1, 16):
        t = k / 16
        for start, end, y0, y1 in ((0.0, a, deck, top), (float(c.w), b, deck, top)):
            x, y = start + (end - start) * t, y0 + (y1 - y0) * t
            c.line([(x, y), (x, deck)], mix(red, p.haze, 0.25), 0.0016 * c.u)
    c.rect(0, deck - 0.010 * c.u, c.w, deck + 0.016 * c.u, red)
    c.rect(0, deck + 0.010 * c.u, c.w, deck + 0.020 * c.u, darker(red, 0.35))
    for x in towers:
        for dx in (-0.030, 0.018):
            c.rect(x + dx * c.u, top, x + (dx + 0.013) * c.u, hz + 2, red)
        for t in (0.02, 0.22, 0.44, 0.66):
            c.rect(x - 0.030 * c.u, top + tall * t, x + 0.031 * c.u, top + tall * t + 0.013 * c.u, darker(red, 0.15))
        c.rect(x - 0.045 * c.u, hz - 0.025 * c.u, x + 0.045 * c.u, hz + 2, p.tone(rgb("#8f8a84"), 0.25))
        if p.lamps > 0.4:
            c.glow(x, top, 0.05 * c.u, (255, 90, 60), 0.9 * p.lamps)
    if p.lamps > 0.3:
        for k in range(34):
            c.glow(c.w * (k + 0.5) / 34, deck - 0.018 * c.u, 0.020 * c.u, LAMP, 0.95 * p.lamps)


def _arches(scene: Scene, hz: float) -> None:
    c, p = scene.canvas, scene.palette
    wall, x0, x1 = rgb("#a79c8b"), 0.10 * c.w, 0.90 * c.w
    rise = 0.20 * c.u

    def crown(x: float) -> float:
        t = (x - x0) / (x1 - x0)
        return hz - 0.05 * c.u - rise * max(0.0, 4 * t * (1 - t)) ** 0.8

    before = c.image.copy()
    line = [(float(x), crown(float(x))) for x in np.linspace(x0, x1, 60)]
    c.shape(
        [(-4.0, hz + 3), (-4.0, line[0][1]), *line, (c.w + 4.0, line[-1][1]), (c.w + 4.0, hz + 3)],
        (p.ground(lighter(wall, 0.1), 0.08), p.tone(darker(wall, 0.35), 0.06)),
    )
    for centre, half in ((0.5, 0.155), (0.27, 0.085), (0.73, 0.085)):
        cx, r = centre * c.w, half * (x1 - x0)
        high = min(hz - crown(cx) - 0.05 * c.u, r)
        for grow, fill in ((1.10, p.tone(darker(wall, 0.15), 0.06)), (1.0, None)):
            arch = [
                (cx + r * grow * float(np.cos(t)), hz + 3 - (high * grow + 3) * float(np.sin(t)))
                for t in np.linspace(0, np.pi, 30)
            ]
            if fill is None:
                c.restore(before, [(cx + r, hz + 3), *arch, (cx - r, hz + 3)])
                inner = [(x + 0.022 * c.u * scene.light_side, y) for x, y in arch]
                c.shape(
                    [*arch[:16], *reversed(inner[:16])]
                    if scene.light_side < 0
                    else [*arch[14:], *reversed(inner[14:])],
                    p.tone(darker(wall, 0.5), 0.05),
                    0.8,
                )
            else:
                c.shape(arch, fill)
    parapet = [(x, y - 0.028 * c.u) for x, y in line]
    c.shape(
        [
            (-4.0, line[0][1] - 0.028 * c.u),
            *parapet,
            (c.w + 4.0, line[-1][1] - 0.028 * c.u),
            (c.w + 4.0, line[-1][1] + 0.006 * c.u),
            *[(x, y + 0.006 * c.u) for x, y in reversed(line)],
            (-4.0, line[0][1] + 0.006 * c.u),
        ],
        p.ground(lighter(wall, 0.2), 0.06),
    )
    for k in (8, 22, 37, 51):
        x, y = parapet[k]
        street_lamp(scene, x, y + 2, 0.13 * c.u, depth=0.1)
