"""Park and village."""

from __future__ import annotations

from clash.local.backdrops.outdoors.buildings import house, street_lamp, window
from clash.local.backdrops.outdoors.plants import reeds, round_tree
from clash.local.backdrops.outdoors.scenery import foreground, height_at, mist, path, ridge
from clash.local.backdrops.outdoors.skyline import skyline
from clash.local.backdrops.palette import darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky

_PLASTER = tuple(rgb(code) for code in ("#e0cda6", "#d79f7c", "#c9b9a0", "#b9c2b4", "#dcc0b0", "#a9b6c2"))
_TILE = rgb("#9a4f3f")


def park(scene: Scene) -> None:
    """Lawns and broad trees, a path with a bench and a lamp, the town behind."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    lawn = rgb("#79a657")
    paint_sky(scene, hz + 0.05 * c.u)
    skyline(scene, "town", hz + 0.01 * c.u, 0.05, 0.20, 0.72, wide=0.06)
    rng = scene.rng("park")
    for k in range(15):
        x = c.w * (k + jitter(rng, 0.2, 0.8)) / 15
        round_tree(scene, x, hz + 0.03 * c.u, c.u * jitter(rng, 0.14, 0.22), p.ground(rgb("#5d8f58"), 0.44), f"far {k}")
    mist(scene, hz + 0.02 * c.u, 0.07 * c.u, 0.35)
    ridge(
        scene,
        "lawn",
        hz + 0.03 * c.u,
        0.008 * c.u,
        (p.ground(lawn, 0.34), p.ground(darker(lawn, 0.4), 0.0, 0.9)),
        rough=0.3,
    )
    path(
        scene,
        (scene.side_x(0.16), hz + 0.03 * c.u),
        c.w * 0.48,
        0.62 * c.u,
        p.ground(rgb("#cdb893"), 0.06, 0.9),
        bend=0.16,
    )
    for k, (share, near, size) in enumerate(
        ((-0.40, 0.13, 0.52), (-0.24, 0.06, 0.32), (0.29, 0.07, 0.36), (0.45, 0.16, 0.58))
    ):
        x, y = c.w * (0.5 + share), hz + near * c.u
        c.glow(x - scene.light_side * size * 0.12 * c.u, y, size * 0.40 * c.u, p.ink, 0.42, tall=0.18, power=1.0)
        round_tree(scene, x, y, size * c.u, p.ground(rgb("#4c8146"), 0.10 - 0.1 * near), f"near {k}")
    _bench(scene, scene.side_x(-0.20), hz + 0.19 * c.u, 0.22 * c.u)
    street_lamp(scene, scene.side_x(-0.33), hz + 0.19 * c.u, 0.36 * c.u)
    street_lamp(scene, scene.side_x(0.24), hz + 0.08 * c.u, 0.20 * c.u, depth=0.2)
    reeds(scene, "grass", c.h * 0.94, 0.03 * c.u, darker(lawn, 0.25))
    foreground(scene, "foot", c.h * 0.93, darker(lawn, 0.45), rough=0.4)
    scene.focus = (0.5 - 0.12 * scene.light_side, scene.level)


def _bench(scene: Scene, x: float, base: float, w: float) -> None:
    c, p = scene.canvas, scene.palette
    wood, iron = p.tone(rgb("#94623c"), 0.02), p.tone(rgb("#2a2d33"))
    c.glow(x, base, w * 0.75, p.ink, 0.4, tall=0.15, power=1.0)
    for dx in (-0.40, 0.40):
        c.line([(x + dx * w, base), (x + dx * w, base - w * 0.42)], iron, w * 0.03)
        c.line([(x + dx * w * 1.06, base), (x + dx * w * 1.06, base - w * 0.20)], iron, w * 0.03)
    for k in range(3):
        c.rect(x - w * 0.5, base - w * (0.42 - 0.07 * k), x + w * 0.5, base - w * (0.375 - 0.07 * k), wood)
    c.rect(x - w * 0.52, base - w * 0.215, x + w * 0.52, base - w * 0.16, lighter(wood, 0.06))


def village(scene: Scene) -> None:
    """Cottages on a hillside round a church, smoke, a lane with a fence."""
    c, p, hz, rng = scene.canvas, scene.palette, scene.horizon, scene.rng("village")
    green = rgb("#739c58")
    paint_sky(scene, hz + 0.02 * c.u)
    ridge(scene, "far", hz - 0.09 * c.u, 0.07 * c.u, (p.tone(rgb("#6f8a92"), 0.70), p.tone(rgb("#7f9a86"), 0.6)))
    ridge(scene, "hill", hz - 0.02 * c.u, 0.045 * c.u, (p.ground(green, 0.5), p.ground(green, 0.4)))
    mist(scene, hz, 0.07 * c.u, 0.4)
    spire = scene.side_x(0.13)
    _church(scene, spire, hz + 0.035 * c.u, 0.34 * c.u)
    for row in range(3):
        near = 0.02 + 0.065 * row
        fill = p.ground(green, 0.36 - 0.12 * row), p.ground(darker(green, 0.3), 0.15 - 0.05 * row)
        line = ridge(scene, f"row {row}", hz + near * c.u, 0.016 * c.u, fill, rough=0.4)
        count = 8 - 2 * row
        for k in range(count):
            x = c.w * (k + jitter(rng, 0.15, 0.6)) / count
            size, wall, gable = (
                c.u * (0.085 + 0.035 * row) * jitter(rng, 0.85, 1.2),
                _PLASTER[int(rng.integers(6))],
                bool(rng.random() < 0.4),
            )
            if row == 2 and abs(x / c.w - 0.47) < 0.17:
                continue
            house(
                scene,
                x,
                height_at(line, x) + 0.012 * c.u,
                size,
                size * 0.52,
                f"{row} {k}",
                wall=wall,
                roof=_TILE,
                depth=0.28 - 0.11 * row,
                gable=gable,
            )
            _smoke(scene, x + size * 0.3, height_at(line, x) - size * 0.8, size * 0.8)
            if rng.random() < 0.6:
                round_tree(
                    scene,
                    x + size * 1.25,
                    height_at(line, x) + 0.014 * c.u,
                    size * 0.85,
                    p.ground(rgb("#57824a"), 0.24 - 0.09 * row),
                    f"garden {row} {k}",
                )
    path(
        scene,
        (scene.side_x(0.06), hz + 0.10 * c.u),
        c.w * 0.5,
        0.55 * c.u,
        p.ground(rgb("#c2a67c"), 0.04, 0.85),
        bend=-0.10,
    )
    _fence(scene, c.h * 0.885)
    foreground(scene, "foot", c.h * 0.93, darker(green, 0.45), amplitude=0.016)
    scene.focus = (spire / c.w, scene.level - 0.05)


def _church(scene: Scene, x: float, base: float, tall: float) -> None:
    c, p = scene.canvas, scene.palette
    wall, slate = p.tone(rgb("#e6dfd0"), 0.32), p.ground(rgb("#56606e"), 0.32)
    w = tall * 0.13
    c.rect(x, base - tall * 0.30, x + tall * 0.48, base, darker(wall, 0.1))
    c.shape(
        [
            (x - 2, base - tall * 0.29),
            (x + tall * 0.06, base - tall * 0.47),
            (x + tall * 0.46, base - tall * 0.47),
            (x + tall * 0.51, base - tall * 0.29),
        ],
        slate,
    )
    c.rect(x - w, base - tall * 0.60, x + w, base, wall)
    c.shape([(x - w * 1.25, base - tall * 0.59), (x, base - tall * 1.05), (x + w * 1.25, base - tall * 0.59)], slate)
    window(scene, x, base - tall * 0.48, w * 0.5, w * 0.9, 0.2, 0.3)
    for k in range(3):
        window(scene, x + tall * (0.20 + 0.11 * k), base - tall * 0.16, w * 0.4, w * 0.9, 0.3, 0.3)


def _smoke(scene: Scene, x: float, y: float, size: float) -> None:
    c, p, s = scene.canvas, scene.palette, scene.light_side
    plume = mix(p.haze, (235, 235, 240), 0.35)
    for k in range(5):
        c.glow(
            x - s * size * 0.12 * k * k * 0.4,
            y - size * 0.28 * k,
            size * (0.12 + 0.07 * k),
            plume,
            0.42 - 0.06 * k,
            power=1.2,
        )


def _fence(scene: Scene, base: float) -> None:
    c, p = scene.canvas, scene.palette
    wood = p.tone(rgb("#a28764"), 0.0, 0.8)
    step = 0.062 * c.u
    for k in range(round(c.w / step) + 1):
        x = k * step
        if abs(x / c.w - 0.5) > 0.21:
            c.rect(x - 0.006 * c.u, base - 0.085 * c.u, x + 0.006 * c.u, base + 0.03 * c.u, wood)
    for dy in (-0.068, -0.030):
        for x0, x1 in ((0.0, 0.29 * c.w), (0.71 * c.w, c.w)):
            c.rect(x0, base + dy * c.u, x1, base + (dy + 0.012) * c.u, darker(wood, 0.12))
