"""Boats, bollards and a crane."""

from __future__ import annotations

from clash.local.backdrops.palette import LAMP, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene


def boat(scene: Scene, x: float, waterline: float, length: float, depth: float, label: str) -> None:
    """A fishing boat with a wheelhouse, a mast, and its dark mirror image."""
    c, p, s = scene.canvas, scene.palette, scene.light_side
    rng = scene.rng(label)
    paint = rgb(("#2f6690", "#b5483c", "#3d7d6a", "#d0a13f")[int(rng.integers(4))])
    hull, rim = p.tone(paint, depth), p.tone(rgb("#f0ebe0"), depth)
    h = length * 0.17
    under = mix(p.tone((40, 90, 116), depth), p.ink, 0.45)
    c.soft(
        [
            [
                (x - length * 0.48, waterline),
                (x + length * 0.5, waterline),
                (x + length * 0.3, waterline + h * 1.5),
                (x - length * 0.4, waterline + h * 1.3),
            ]
        ],
        under,
        0.6,
        h * 0.25,
    )
    c.shape(
        [
            (x - s * length * 0.5, waterline - h * 0.95),
            (x + s * length * 0.56, waterline - h * 1.5),
            (x + s * length * 0.38, waterline + 1),
            (x - s * length * 0.42, waterline + 1),
        ],
        (hull, darker(hull, 0.3)),
    )
    c.line([(x - s * length * 0.5, waterline - h * 0.95), (x + s * length * 0.56, waterline - h * 1.5)], rim, h * 0.14)
    cabin = x - s * length * 0.16
    c.rect(cabin - length * 0.12, waterline - h * 2.3, cabin + length * 0.12, waterline - h * 0.95, rim)
    pane = LAMP if p.lamps > 0.5 else p.tone(rgb("#4c6476"), depth)
    c.rect(cabin - length * 0.08, waterline - h * 2.0, cabin + length * 0.08, waterline - h * 1.5, pane)
    c.rect(
        cabin - length * 0.14,
        waterline - h * 2.45,
        cabin + length * 0.14,
        waterline - h * 2.25,
        p.tone(darker(paint, 0.3), depth),
    )
    mast = p.tone(rgb("#4a3c34"), depth)
    c.line(
        [(x + s * length * 0.1, waterline - h), (x + s * length * 0.1, waterline - length * 0.85)], mast, length * 0.014
    )
    c.line(
        [(x + s * length * 0.1, waterline - length * 0.8), (x + s * length * 0.5, waterline - h * 1.5)],
        mast,
        length * 0.006,
    )
    c.line(
        [(x + s * length * 0.1, waterline - length * 0.8), (x - s * length * 0.45, waterline - h)], mast, length * 0.006
    )
    if p.lamps > 0.5:
        c.glow(cabin, waterline - h * 1.7, length * 0.30, LAMP, 0.6)
        c.glow(cabin, waterline + h * 0.8, length * 0.22, LAMP, 0.35, tall=0.6)


def sailing_boat(scene: Scene, x: float, waterline: float, length: float, depth: float, label: str) -> None:
    """A sloop under two sails."""
    c, p, s = scene.canvas, scene.palette, scene.light_side
    hull = p.tone(rgb(("#6b3f33", "#2f5673", "#e6dfd2")[int(scene.rng(label).integers(3))]), depth)
    sail, shade = p.tone(rgb("#f4eee0"), depth, 1.05), p.tone(rgb("#c9beae"), depth)
    c.soft(
        [
            [
                (x - length * 0.4, waterline),
                (x + length * 0.4, waterline),
                (x + length * 0.2, waterline + length * 0.5),
                (x - length * 0.1, waterline + length * 0.5),
            ]
        ],
        mix(sail, p.ink, 0.5),
        0.3,
        length * 0.05,
    )
    top = waterline - length * 1.25
    c.shape(
        [
            (x - s * 0.02 * length, top),
            (x - s * length * 0.44, waterline - length * 0.2),
            (x - s * 0.02 * length, waterline - length * 0.2),
        ],
        shade,
    )
    c.shape(
        [
            (x + s * 0.02 * length, top + length * 0.1),
            (x + s * length * 0.36, waterline - length * 0.22),
            (x + s * 0.02 * length, waterline - length * 0.2),
        ],
        sail,
    )
    c.line([(x, top - length * 0.05), (x, waterline)], darker(hull, 0.2), length * 0.018)
    c.shape(
        [
            (x - length * 0.5, waterline - length * 0.13),
            (x + length * 0.5, waterline - length * 0.13),
            (x + length * 0.34, waterline + 1),
            (x - length * 0.36, waterline + 1),
        ],
        (lighter(hull, 0.08), darker(hull, 0.25)),
    )
    if p.lamps > 0.6:
        c.glow(x, top, length * 0.2, LAMP, 0.9)


def bollard(scene: Scene, x: float, base: float, height: float) -> None:
    """A mooring post of iron."""
    c = scene.canvas
    iron = scene.palette.tone(rgb("#3c4048"), 0.0, 0.8)
    c.rect(x - height * 0.22, base - height, x + height * 0.22, base, iron, height * 0.1)
    c.ellipse(x, base - height, height * 0.36, height * 0.16, lighter(iron, 0.10))


def crane(scene: Scene, x: float, base: float, height: float) -> None:
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
