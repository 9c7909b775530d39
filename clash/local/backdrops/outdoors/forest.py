"""A forest: layers of trunks round a clearing."""

from __future__ import annotations

from clash.local.backdrops.outdoors.plants import reeds
from clash.local.backdrops.outdoors.scenery import foreground, mist, path, ridge
from clash.local.backdrops.palette import EARTH, RGB, darker, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky


def forest(scene: Scene) -> None:
    """Trunks in layers that fade into the light of a clearing, a path between them."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    _clearing(scene)
    bark, needle = rgb("#5d4a3c"), rgb("#3f6b4a")
    floor = rgb("#6b7f4c")
    for layer, depth in enumerate((0.80, 0.60, 0.40)):
        foot = hz + (0.03 + 0.05 * layer) * c.u
        ridge(
            scene,
            f"floor {layer}",
            foot,
            0.012 * c.u,
            (p.ground(floor, depth), p.ground(darker(floor, 0.3), depth * 0.6)),
        )
        _stand(scene, layer, depth, foot, mix(bark, needle, 0.35))
        mist(scene, foot, 0.20 * c.u, 0.42)
    top = hz + 0.16 * c.u
    ridge(scene, "floor", top, 0.014 * c.u, (p.ground(floor, 0.2), p.ground(darker(floor, 0.55), 0.0, 0.8)))
    path(scene, (scene.side_x(0.05), hz + 0.06 * c.u), c.w * 0.5, 0.62 * c.u, p.ground(EARTH, 0.12, 0.72), bend=0.07)
    _shafts(scene)
    for k, (share, wide) in enumerate(((-0.47, 0.085), (-0.33, 0.055), (0.36, 0.062), (0.49, 0.09))):
        _trunk(
            scene,
            c.w * (0.5 + share),
            c.h * (0.86 + 0.02 * (k % 2)),
            wide * c.u,
            p.tone(bark, 0.02, 0.60),
            f"near {k}",
        )
    _canopy(scene, p.ground(needle, 0.02, 0.45))
    reeds(scene, "fern", c.h * 0.93, 0.08 * c.u, rgb("#48683f"), within=(0.0, 0.26))
    reeds(scene, "fern right", c.h * 0.94, 0.08 * c.u, rgb("#48683f"), within=(0.74, 1.0))
    foreground(scene, "foot", c.h * 0.92, darker(floor, 0.5), rough=1.1, amplitude=0.018)
    if p.time in ("night", "dusk") and not p.snowy:
        for x, y, size in scene.rng("fireflies").uniform(0, 1, (26, 3)).tolist():
            c.glow(
                c.w * x, hz + c.u * (-0.16 + 0.42 * y), c.u * (0.008 + 0.014 * size), (226, 240, 140), 0.9, power=2.5
            )
    scene.ground = 0.89
    scene.focus = (0.5 + 0.1 * scene.light_side, scene.level - 0.08)


def _clearing(scene: Scene) -> None:
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.06 * c.u, disc=p.time == "night")
    light = mix(p.sky[-1], p.sun, 0.5 * p.sunlight)
    c.fade((0, 0, c.w, hz + 0.06 * c.u), p.tone(rgb("#7fa27a"), 0.55), 0.75, 0.30)
    c.glow(scene.side_x(0.05), hz - 0.10 * c.u, 0.75 * c.u, light, 0.85, tall=0.9, power=1.3)


def _stand(scene: Scene, layer: int, depth: float, foot: float, bark: RGB) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"stand {layer}")
    count = (26, 17, 11)[layer]
    colour = p.tone(bark, depth, 0.9)
    leaves = p.ground(rgb("#4a7a52"), depth, 0.9)
    for k in range(count):
        x = c.w * (k + jitter(rng, 0.1, 0.9)) / count
        wide, lean, tier = (
            c.u * (0.006 + 0.007 * layer) * jitter(rng, 0.7, 1.3),
            jitter(rng, -0.02, 0.02),
            jitter(rng, 0.1, 0.5),
        )
        if abs(x / c.w - 0.5 - 0.03 * scene.light_side) < 0.055 + 0.02 * layer:
            continue
        top = x + lean * c.u
        c.polygon([(x - wide, foot + 2), (top - wide * 0.6, -4), (top + wide * 0.6, -4), (x + wide, foot + 2)], colour)
        for t in range(6):
            y = (foot - (0.22 + 0.03 * layer) * c.u) * (t + tier) / 6
            half = wide * (7.5 - t * 0.2) * (0.6 + 0.5 * t / 6)
            c.polygon(
                [(x - half, y + half * 0.55), (x, y - half * 0.7), (x + half, y + half * 0.55), (x, y + half * 0.3)],
                leaves,
            )


def _trunk(scene: Scene, x: float, base: float, half: float, colour: RGB, label: str) -> None:
    c, rng, s = scene.canvas, scene.rng(f"trunk {label}"), scene.light_side
    lean = jitter(rng, -0.05, 0.05) * c.u
    knee = base - 0.13 * c.u
    left = [(x - half * 1.7, base), (x - half * 0.9, knee), (x + lean - half * 0.75, -4.0)]
    right = [(x + lean + half * 0.75, -4.0), (x + half * 0.9, knee), (x + half * 1.7, base)]
    body = [*left, *right]
    c.shape(body, (darker(colour, 0.15), darker(colour, 0.35)))
    edge = [
        (x + s * half * 1.5, base),
        (x + s * half * 0.85, base - 0.13 * c.u),
        (x + lean + s * half * 0.72, -4),
        (x + lean + s * half * 0.30, -4),
        (x + s * half * 0.42, base - 0.13 * c.u),
    ]
    c.shape(edge, mix(colour, scene.palette.key, 0.16))
    for k in range(7):
        y, dx = base * (k + jitter(rng, 0, 0.8)) / 7.5, jitter(rng, -0.5, 0.3) * half
        c.line(
            [(x + dx + lean * (1 - y / base), y), (x + dx + lean * (1 - y / base), y + 0.05 * c.u)],
            darker(colour, 0.42),
            half * 0.07,
        )


def _canopy(scene: Scene, colour: RGB) -> None:
    c, rng = scene.canvas, scene.rng("canopy")
    for x, y, size in rng.uniform(0, 1, (46, 3)).tolist():
        r = c.u * (0.05 + 0.07 * size)
        shade = mix(colour, scene.palette.haze, 0.03 + 0.08 * y)
        drop = 0.02 + 0.13 * abs(x - 0.5) * 2 * y
        c.ellipse(x * c.w, drop * c.h - r * 0.25, r * 1.3, r * 0.8, shade)


def _shafts(scene: Scene) -> None:
    """Slanting light between the trunks."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("shafts")
    if p.sunlight < 0.1:
        return
    strong = {"dawn": 0.34, "day": 0.30, "dusk": 0.34, "night": 0.16}[p.time] * min(1.0, p.sunlight + 0.1)
    for k in range(5):
        x, wide = scene.side_x(0.28 - 0.12 * k + jitter(rng, -0.03, 0.03)), jitter(rng, 0.02, 0.06) * c.u
        foot = x - scene.light_side * 0.30 * c.u
        beam = [(x - wide, -10.0), (x + wide, -10.0), (foot + wide * 2.2, c.h * 0.84), (foot - wide * 2.2, c.h * 0.84)]
        c.soft([beam], mix(p.sun, p.key, 0.3), strong * jitter(rng, 0.5, 1.0), 0.022 * c.u)
