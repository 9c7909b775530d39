"""House fronts that run along a street: storeys, shops, doors, signs."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.palette import AWNINGS, LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.perspective import Perspective, depth_of
from clash.local.backdrops.scene import Scene, jitter

_WALLS = tuple(rgb(code) for code in ("#b98a6c", "#a3a7ad", "#c9b493", "#8f6f63", "#8b98a6", "#a86f5a", "#cdbfa8"))
_NEON = tuple(rgb(code) for code in ("#ff4f8b", "#37d6e8", "#ffd34d", "#8cff7a", "#b07bff"))


def facade(
    scene: Scene,
    view: Perspective,
    x: float,
    z0: float,
    z1: float,
    height: float,
    label: str,
    *,
    far: float = 60.0,
    shop: bool = True,
) -> None:
    """A house front along the street: storeys of windows, lit ones where lamps are, a shop at its foot."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"facade {label}")
    depth = depth_of((z0 + z1) / 2, far)
    wall = _WALLS[int(rng.integers(len(_WALLS)))]
    lit_side = 1.0 if (x < 0) == (scene.light_side > 0) else 0.72
    paint = p.tone(wall, depth, lit_side)
    c.shape(view.wall(x, -1.6, height, z0, z1), (lighter(paint, 0.03), darker(paint, 0.22)))
    trim = p.tone(lighter(wall, 0.25), depth, lit_side)
    c.shape(view.wall(x, height, height + 0.25, z0 - 0.1, z1), p.ground(darker(wall, 0.3), depth))
    storeys, columns = max(1, int((height - 1.9) / 2.6)), max(2, round((z1 - z0) / 1.9))
    for storey in range(storeys):
        y = 2.5 + storey * 2.6
        c.polygon(view.wall(x, y - 0.5, y - 0.38, z0, z1), trim)
        for column in range(columns):
            a = z0 + (z1 - z0) * (column + 0.24) / columns
            b = z0 + (z1 - z0) * (column + 0.76) / columns
            _pane(scene, view.wall(x, y, y + 1.45, a, b), rng.random(), depth)
    if shop:
        _shopfront(scene, view, x, z0, z1, depth, rng)
    else:
        _back_door(scene, view, x, z0, z1, depth, rng)


def _back_door(
    scene: Scene, view: Perspective, x: float, z0: float, z1: float, depth: float, rng: np.random.Generator
) -> None:
    """The foot of a wall in a lane: a door with a lamp above it, a low window, a pipe."""
    c, p = scene.canvas, scene.palette
    length = z1 - z0
    paint = (rgb("#5f3f36"), rgb("#3f5f5a"), rgb("#4f4a5f"), rgb("#6f5a3c"))[int(rng.integers(4))]
    a = z0 + length * jitter(rng, 0.16, 0.30)
    b = a + length * 0.24
    c.shape(view.wall(x, -1.6, 0.72, a - length * 0.03, b + length * 0.03), p.tone(rgb("#b5aa98"), depth))
    c.shape(view.wall(x, -1.6, 0.62, a, b), p.tone(paint, depth))
    _pane(scene, view.wall(x, -0.35, 0.75, z0 + length * 0.62, z0 + length * 0.84), rng.random(), depth)
    c.line(
        [view.at(x, -1.6, z1 - length * 0.04), view.at(x, 6.0, z1 - length * 0.04)],
        p.tone(rgb("#4a4644"), depth),
        0.07 * view.focal / z1,
    )
    if rng.random() < 0.5 and p.lamps > 0.2:
        lx, ly = view.at(x * 0.96, 1.15, (a + b) / 2)
        c.glow(lx, ly, 1.1 * view.focal / a, LAMP, 0.6 * p.lamps)
        c.ellipse(lx, ly, 0.05 * view.focal / a, 0.05 * view.focal / a, (255, 240, 205))
        c.glow(*view.at(x * 0.8, -1.6, (a + b) / 2), 1.2 * view.focal / a, LAMP, 0.35 * p.lamps, tall=0.3)


def _pane(scene: Scene, corners: list[Point], draw: float, depth: float) -> None:
    c, p = scene.canvas, scene.palette
    lit = draw < p.lamps * 0.62
    glass = (
        mix(mix(LAMP, (255, 170, 90), draw), p.haze, depth * 0.45)
        if lit
        else mix(p.tone(rgb("#42566a"), depth), p.sky[-1], 0.22)
    )
    c.polygon(corners, glass)
    if lit and abs(corners[2][0] - corners[0][0]) > 0.02 * c.u:
        x, y = (corners[0][0] + corners[2][0]) / 2, (corners[0][1] + corners[2][1]) / 2
        c.glow(x, y, abs(corners[1][1] - corners[0][1]) * 1.5, LAMP, 0.22)


def _shopfront(
    scene: Scene, view: Perspective, x: float, z0: float, z1: float, depth: float, rng: np.random.Generator
) -> None:
    c, p = scene.canvas, scene.palette
    gap = (z1 - z0) * 0.10
    awning, neon = AWNINGS[int(rng.integers(len(AWNINGS)))], _NEON[int(rng.integers(len(_NEON)))]
    open_late = rng.random() < 0.75
    lit = p.lamps > 0.4 and open_late
    glass = (
        mix(mix(LAMP, (255, 236, 200), 0.35), p.haze, depth * 0.4)
        if lit
        else mix(p.tone(rgb("#34444f"), depth), p.sky[-1], 0.18)
    )
    c.shape(view.wall(x, -1.5, 0.75, z0 + gap, z1 - gap), glass)
    middle = (z0 + z1) / 2
    frame = p.tone(rgb("#33291f"), depth)
    for z in (z0 + gap, middle - gap * 1.2, middle + gap * 1.2, z1 - gap):
        c.line([view.at(x, -1.5, z), view.at(x, 0.75, z)], frame, 0.06 * view.focal / z)
    inward = x - 0.85 if x > 0 else x + 0.85
    cloth = [
        view.at(x, 1.25, z0 + gap),
        view.at(x, 1.25, z1 - gap),
        view.at(inward, 0.72, z1 - gap),
        view.at(inward, 0.72, z0 + gap),
    ]
    c.shape(cloth, p.ground(awning, depth, 0.95))
    for k in range(1, 6, 2):
        a, b = (z0 + gap + (z1 - z0 - 2 * gap) * (k + e) / 6 for e in (0, 1))
        c.polygon(
            [view.at(x, 1.25, a), view.at(x, 1.25, b), view.at(inward, 0.72, b), view.at(inward, 0.72, a)],
            p.ground(rgb("#efe7d6"), depth, 0.95),
        )
    if lit:
        foot = view.at(inward, -1.6, middle)
        c.glow(*foot, 1.9 * view.focal / middle, LAMP, 0.42 * (1 - depth), tall=0.28, power=1.4)
        _sign(scene, view, x, z0 + gap * 2, neon, depth, f"{x:.0f} {z0:.1f}")


def _sign(scene: Scene, view: Perspective, x: float, z: float, neon: RGB, depth: float, label: str) -> None:
    """An upright sign that stands out over the pavement; bars of light for its letters."""
    c = scene.canvas
    out = x - 0.75 if x > 0 else x + 0.75
    (ax, ay), (bx, by) = view.at(x * 0.985, 3.9, z), view.at(out, 1.9, z)
    c.rect(ax, ay, bx, by, darker(neon, 0.80))
    w, h = bx - ax, by - ay
    for k in range(3):
        _letter(scene, (ax + w * 0.20, ay + h * (0.08 + 0.30 * k), w * 0.60, h * 0.22), neon, f"{label} {k}")
    c.glow((ax + bx) / 2, (ay + by) / 2, abs(h) * 1.3, neon, 0.42 * (1 - depth))


def _letter(scene: Scene, box: tuple[float, float, float, float], neon: RGB, label: str) -> None:
    """A made-up character of a few strokes of light; it says nothing in any language."""
    c, rng = scene.canvas, scene.rng(f"letter {label}")
    x, y, w, h = box
    thick = max(1.0, abs(w) * 0.11)
    for t in rng.permutation(4)[: 2 + int(rng.integers(2))].tolist():
        c.line([(x, y + h * t / 3), (x + w, y + h * t / 3)], neon, thick)
    for t in rng.permutation(3)[: 1 + int(rng.integers(2))].tolist():
        c.line([(x + w * t / 2, y), (x + w * t / 2, y + h)], neon, thick)
