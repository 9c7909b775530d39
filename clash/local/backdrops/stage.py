"""A neutral stage: the light and the weather that are known, in a place of which the words say nothing known."""

from __future__ import annotations

from clash.local.backdrops.palette import darker, mix
from clash.local.backdrops.scene import Scene


def stage(scene: Scene) -> None:
    """Paint a plain wall of light that runs into a plain floor: no country, no room, no town."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    wall = [mix(tone, p.haze, 0.45) for tone in p.sky]
    foot = p.ground((150, 146, 142), 0.35)
    c.shape([(0, 0), (c.w, 0), (c.w, hz + 4), (0, hz + 4)], (wall[0], wall[-1]))
    c.shape([(0, hz), (c.w, hz), (c.w, c.h), (0, c.h)], (mix(wall[-1], foot, 0.5), darker(foot, 0.30)))
    join = mix(wall[-1], foot, 0.25)
    c.fade((0, hz - 0.12 * c.h, c.w, hz), join, 0.0, 1.0)
    c.fade((0, hz, c.w, hz + 0.16 * c.h), join, 1.0, 0.0)
    c.glow(scene.side_x(0.10), hz, 0.60 * c.u, mix(p.key, wall[-1], 0.4), 0.35, power=1.8)
    scene.focus = (0.5, scene.level)
