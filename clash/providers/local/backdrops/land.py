"""Open land: hills and whatever the story does not say more about."""

from __future__ import annotations

from clash.providers.local.backdrops.palette import darker, lighter, rgb
from clash.providers.local.backdrops.scenery import conifer, foreground, height_at, mist, path, ridge, round_tree
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.sky import paint_sky


def open_country(scene: Scene) -> None:
    """An unknown place in the open: rolling hills, a lone tree, a winding path."""
    c, p = scene.canvas, scene.palette
    hz = scene.horizon
    paint_sky(scene, hz + 0.02 * c.u)
    green = rgb("#6f9a5b")
    ridge(scene, "far", hz - 0.05 * c.u, 0.07 * c.u, (p.tone(rgb("#6f8a86"), 0.72), p.tone(green, 0.6)))
    mist(scene, hz, 0.07 * c.u, 0.5)
    ridge(scene, "middle", hz + 0.03 * c.u, 0.05 * c.u, (p.ground(green, 0.42), p.ground(green, 0.3)))
    near = ridge(
        scene,
        "near",
        hz + 0.12 * c.u,
        0.035 * c.u,
        (p.ground(lighter(green, 0.05), 0.12), p.ground(darker(green, 0.35), 0.0)),
    )
    path(
        scene,
        (scene.side_x(0.10), hz + 0.10 * c.u),
        c.w * 0.5,
        0.5 * c.u,
        p.ground(rgb("#b79b72"), 0.0, 0.85),
        bend=0.10,
    )
    rng = scene.rng("grove")
    x = scene.side_x(-0.30)
    round_tree(scene, x, height_at(near, x) + 0.03 * c.u, 0.40 * c.u, p.ground(rgb("#4f7d4a"), 0.03), "lone")
    for k in range(5):
        at = scene.side_x(0.22 + 0.06 * k + jitter(rng, -0.02, 0.02))
        conifer(
            scene, at, height_at(near, at) + 0.015 * c.u, c.u * jitter(rng, 0.10, 0.17), p.ground(rgb("#3f6650"), 0.15)
        )
    foreground(scene, "foot", c.h * (0.5 + scene.level * 0.62), darker(green, 0.3))
    scene.focus = (x / c.w, scene.level - 0.1)
