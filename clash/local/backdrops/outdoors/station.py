"""A railway platform."""

from __future__ import annotations

from clash.local.backdrops.outdoors.pavement import far_end, lit_by_lamps, mirrored
from clash.local.backdrops.palette import LAMP, darker, lighter, mix, rgb
from clash.local.backdrops.perspective import Perspective, depth_of, view_down
from clash.local.backdrops.scene import Scene
from clash.local.backdrops.sky import paint_sky


def station(scene: Scene) -> None:
    """A railway platform under its roof: columns, clock, a waiting train with lit windows."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    s = scene.light_side
    view = view_down(scene, -0.06)
    far_end(scene, view)
    stone = rgb("#a79f96")
    c.shape([(0, hz), (c.w, hz), (c.w, c.h), (0, c.h)], (p.ground(rgb("#6d675f"), 0.45), p.ground(rgb("#3c3834"), 0.0)))
    edge = -s * 1.2
    for x in (edge - s * 1.5, edge - s * 3.0):
        c.line([view.at(x, -2.4, 60), view.at(x, -2.4, 1.2)], p.tone(rgb("#b9b4ae"), 0.1), 0.006 * c.u)
    _train(scene, view, edge - s * 0.9, -s)
    c.shape(view.floor(edge, s * 9, 0.6, 200, -1.6), (p.ground(stone, 0.45), p.tone(darker(stone, 0.45), 0.0)))
    c.shape(view.floor(edge, edge + s * 0.35, 0.6, 200, -1.59), p.tone(rgb("#e0b63c"), 0.15))
    c.shape(view.wall(s * 5.2, -1.6, 3.2, 1.0, 60), (p.tone(rgb("#a8775c"), 0.12), p.tone(rgb("#5c4238"), 0.05)))
    for k in range(9):
        z = 1.9 * 1.42**k
        lit = p.lamps > 0.3
        glass = mix(LAMP, p.haze, depth_of(z, 50) * 0.5) if lit else mix(p.tone(rgb("#42566a"), 0.1), p.sky[-1], 0.25)
        c.shape(view.wall(s * 5.2, -1.3 if k % 3 == 1 else -0.4, 1.5, z, z * 1.2), glass)
    roof = [
        view.at(edge + s * 0.2, 3.1, 0.7),
        view.at(s * 5.2, 3.7, 0.7),
        view.at(s * 5.2, 3.7, 80),
        view.at(edge + s * 0.2, 3.1, 80),
    ]
    c.shape(roof, (p.tone(rgb("#4a4e55"), 0.0, 0.8), p.tone(rgb("#6a6e75"), 0.4, 0.8)))
    for k in range(9, -1, -1):
        z = 2.2 * 1.36**k
        depth, iron = depth_of(z, 50), rgb("#3f6a62")
        x0, y0 = view.at(edge + s * 4.6, -1.6, z)
        y1 = view.at(edge + s * 4.6, 3.5, z)[1]
        w = 0.10 * view.focal / z
        c.rect(x0 - w, y1, x0 + w, y0, p.tone(iron, depth, 0.85))
        c.rect(x0 - w * 1.8, y0 - w * 3, x0 + w * 1.8, y0, p.tone(darker(iron, 0.2), depth))
        c.line([(x0, y1 + w * 9), view.at(edge + s * 3.2, 3.4, z)], p.tone(iron, depth, 0.85), w * 0.8)
        c.line([view.at(edge + s * 0.2, 3.1, z), view.at(s * 5.2, 3.7, z)], p.tone(darker(iron, 0.25), depth), w * 1.2)
        if k % 2:
            lx, ly = view.at(s * 2.6, 2.7, z)
            c.rect(
                lx - w * 4,
                ly - w * 0.5,
                lx + w * 4,
                ly + w * 0.5,
                (255, 244, 214) if p.lamps > 0.2 else p.tone(rgb("#dfe3e2"), depth),
            )
            c.glow(lx, ly, 1.6 * view.focal / z, LAMP, 0.5 * p.lamps)
            c.glow(lx, view.at(0, -1.6, z)[1], 1.7 * view.focal / z, LAMP, 0.35 * p.lamps, tall=0.25)
    _clock(scene, *view.at(s * 1.9, 2.0, 5.0), 0.46 * view.focal / 5.0)
    if p.wet:
        mirrored(scene, view, 3.2, 0.25, centre=edge + s * 3.2)
    c.fade((0, c.h * 0.80, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.42)
    scene.focus = (0.5 + 0.08 * s, scene.level - 0.08)
    lit_by_lamps(scene)


def _train(scene: Scene, view: Perspective, x: float, side: int) -> None:
    c, p = scene.canvas, scene.palette
    paint = rgb("#2f6f8a") if scene.rng("train").random() < 0.5 else rgb("#a8483c")
    c.shape(view.wall(x, -2.2, 1.9, 2.6, 60), (p.tone(lighter(paint, 0.1), 0.15), p.tone(darker(paint, 0.35), 0.1)))
    c.shape(view.wall(x, -0.75, -0.55, 2.6, 60), p.tone(rgb("#e9dfc6"), 0.12))
    lit = p.lamps > 0.2 or p.wet
    for k in range(16):
        z = 2.9 * 1.17**k
        depth = depth_of(z, 50)
        door = k % 5 == 3
        glass = (
            mix(mix(LAMP, (255, 246, 220), 0.4), p.haze, depth * 0.4)
            if lit
            else mix(p.tone(rgb("#2c3c4a"), depth), p.sky[-1], 0.35)
        )
        c.polygon(view.wall(x, -1.5 if door else -0.35, 1.1, z, z * 1.09), glass)
    (ax, ay), (bx, by) = view.at(x, 1.9, 2.6), view.at(x - 2.4 * -side, -2.2, 2.6)
    c.rect(ax, ay, bx, by, p.tone(darker(paint, 0.25), 0.03))
    w, h = bx - ax, by - ay
    c.rect(
        ax + w * 0.16,
        ay + h * 0.14,
        ax + w * 0.84,
        ay + h * 0.45,
        mix(LAMP, paint, 0.35) if lit else p.tone(rgb("#2c3c4a"), 0.05),
        0.02 * c.u,
    )
    for t in (0.2, 0.8):
        c.ellipse(ax + w * t, ay + h * 0.68, 0.016 * c.u, 0.016 * c.u, (255, 246, 214))
        c.glow(ax + w * t, ay + h * 0.68, 0.10 * c.u, (255, 240, 200), 0.4 + 0.4 * p.lamps)


def _clock(scene: Scene, x: float, y: float, r: float) -> None:
    c, p = scene.canvas, scene.palette
    dark = p.tone(rgb("#22262a"))
    c.line([(x, y - r * 3), (x, y)], dark, r * 0.12)
    c.ellipse(x, y, r * 1.12, r * 1.12, dark)
    c.ellipse(x, y, r, r, mix(p.tone(rgb("#f4efe2")), (255, 246, 224), 0.7 * p.lamps))
    c.line([(x, y), (x, y - r * 0.8)], dark, r * 0.10)
    c.line([(x, y), (x + r * 0.5, y + r * 0.22)], dark, r * 0.13)
