"""Rooms seen square on: a back wall, two side walls, a floor, a window."""

from __future__ import annotations

from clash.providers.local.backdrops.palette import darker, rgb
from clash.providers.local.backdrops.scene import Scene


def plain_room(scene: Scene) -> None:
    c, p = scene.canvas, scene.palette
    c.rect(0, 0, c.w, c.h, p.tone(rgb("#b9a58c")))
    c.rect(0, c.h * 0.75, c.w, c.h, p.tone(darker(rgb("#b9a58c"), 0.5)))
