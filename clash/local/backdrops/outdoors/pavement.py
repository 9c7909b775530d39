"""The ground of streets, dry and wet, what closes their view, and how their lamps light faces."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from clash.local.backdrops.canvas import BILINEAR, Point
from clash.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.perspective import Perspective
from clash.local.backdrops.scene import Scene, jitter


def pavement(scene: Scene, view: Perspective, half: float, kerb: float, colour: RGB) -> None:
    """The ground from the horizon to the foot: carriageway `half` metres to each side, raised walks beyond."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    walk = rgb("#a39a90")
    c.shape([(0, hz), (c.w, hz), (c.w, c.h), (0, c.h)], (p.ground(walk, 0.45), p.ground(darker(walk, 0.45), 0.0, 0.85)))
    road = view.floor(-half, half, 0.6, 400, -1.6)
    c.shape(road, (p.ground(colour, 0.5), p.ground(darker(colour, 0.45), 0.0, 0.85)))
    for x in (-half, half):
        c.shape(view.floor(x - kerb, x + kerb, 0.6, 400, -1.58), p.ground(lighter(walk, 0.2), 0.1))


def mirrored(scene: Scene, view: Perspective, half: float, strength: float, *, centre: float = 0.0) -> None:
    """The lights above mirrored in wet ground, `half` metres to each side of `centre`."""
    c, top = scene.canvas, scene.horizon
    outline = view.floor(centre - half, centre + half, 0.5, 60, -1.6)
    height = c.h - round(top)
    if height < 4:
        return
    seen = c.image.crop((0, max(0, round(top) - height), c.w, round(top)))
    small = max(8, c.w // 8), max(4, height // 10)
    flipped = (
        seen.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(small, BILINEAR).filter(ImageFilter.GaussianBlur(1.6))
    )
    ramp = (np.linspace(strength, strength * 0.35, height) * 255).astype(np.uint8)
    fade = Image.fromarray(np.repeat(ramp[:, None], 2, axis=1)).resize((c.w, height), Image.Resampling.NEAREST)
    mask = Image.new("L", (c.w, height), 0)
    ground = [(x, y - round(top)) for x, y in outline]
    mask.paste(fade, (0, 0), _filled((c.w, height), ground))
    c.paste(flipped.resize((c.w, height), BILINEAR), 0, round(top), mask)


def _filled(size: tuple[int, int], points: list[Point]) -> Image.Image:
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).polygon(points, fill=255)
    return mask


def far_end(scene: Scene, view: Perspective) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng("far end")
    for k in range(12):
        x = view.vx + (k - 6 + jitter(rng, -0.3, 0.3)) * 0.045 * c.u
        tall = jitter(rng, 0.05, 0.20) * c.u
        c.rect(x, view.vy - tall, x + 0.05 * c.u, view.vy + 4, p.tone(rgb("#6a7684"), 0.72 - 0.01 * k))
    if p.lamps > 0.3:
        c.glow(view.vx, view.vy, 0.24 * c.u, LAMP, 0.55 * p.lamps)


def lit_by_lamps(scene: Scene) -> None:
    """At night it is the lamps that light the faces."""
    if scene.palette.lamps > 0.7:
        scene.key = mix(scene.palette.key, LAMP, 0.7)
