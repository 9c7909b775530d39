"""Water: what it mirrors, its ripples and waves, the path of light on it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from clash.providers.local.backdrops.canvas import BILINEAR, Point
from clash.providers.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.sky import light_place


def water(scene: Scene, top: float, bottom: float, *, calm: float = 0.5, colour: RGB = (52, 110, 140)) -> None:
    """Water from `top` to `bottom` pixels across the canvas, mirroring what is painted above; `calm` 1 is a mirror."""
    c, p = scene.canvas, scene.palette
    height = min(c.h, round(bottom)) - round(top)
    if height < 2:
        return
    seen = c.image.crop((0, max(0, round(top) - height), c.w, round(top)))
    small = max(8, c.w // (4 if calm > 0.7 else 8)), max(4, height // 4)
    mirror = seen.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(small, BILINEAR)
    if calm < 0.7:
        mirror = mirror.filter(ImageFilter.GaussianBlur(2.2))
    body = np.asarray(p.tone(colour), dtype=np.float64)
    deep = np.asarray(p.tone(darker(colour, 0.55)), dtype=np.float64)
    down = np.linspace(0, 1, small[1])[:, None, None]
    share = (0.80 * calm + 0.15) * (1.0 - 0.55 * down)
    mixed = np.asarray(mirror) * share + (body * (1 - down) + deep * down) * (1 - share)
    picture = Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8)).resize((c.w, height), BILINEAR)
    c.paste(picture, 0, top)
    _ripples(scene, top, bottom, calm)
    _glitter(scene, top, bottom)


def _ripples(scene: Scene, top: float, bottom: float, calm: float) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng("ripples")
    light, dark = p.sky[-1], p.tone(rgb("#16384a"))
    for x, y, size, kind in rng.uniform(0, 1, (round(150 * (1.25 - calm)), 4)).tolist():
        near = y**1.8
        at = top + (bottom - top) * near
        half = c.u * (0.008 + 0.10 * near) * (0.3 + size)
        base = p.tone((52, 110, 140), 0.3 * (1 - near))
        shade = mix(base, light, 0.22 + 0.18 * (1 - near)) if kind < 0.5 else mix(base, dark, 0.5)
        _dash(scene, x * c.w, at, half, c.u * (0.0012 + 0.0035 * near), shade)


def _dash(scene: Scene, x: float, y: float, half: float, thick: float, colour: RGB) -> None:
    scene.canvas.polygon([(x - half, y), (x, y - thick), (x + half, y), (x, y + thick)], colour)


def _glitter(scene: Scene, top: float, bottom: float) -> None:
    """The path of light below sun or moon."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("glitter")
    if p.sunlight < 0.2:
        return
    x = light_place(scene, top)[0]
    c.glow(x, top, (bottom - top) * 1.1, p.sun, 0.42 * p.sunlight, tall=0.8, power=1.8)
    spread = {"dawn": 1.0, "day": 1.8, "dusk": 1.0, "night": 0.8}[p.time]
    for dx, y, size in zip(rng.normal(0, 1, 120), rng.uniform(0, 1, 120), rng.uniform(0.2, 1, 120), strict=True):
        near = float(y) ** 1.6
        half = c.u * (0.010 + 0.05 * near) * float(size)
        at = x + float(dx) * spread * c.u * (0.022 + 0.10 * near)
        shade = mix(p.sun, p.tone((52, 110, 140)), 0.10 + 0.5 * near)
        _dash(scene, at, top + (bottom - top) * near * 0.9, half, c.u * (0.001 + 0.0028 * near), shade)


def swell(scene: Scene, top: float, bottom: float, rows: int = 5) -> None:
    """Rows of waves that grow towards the camera, with pale crests."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("swell")
    rough = {"storm": 2.2, "rain": 1.3}.get(p.weather, 0.8)
    crest = p.tone(rgb("#dcebee"), 0.1)
    for row in range(rows):
        near = ((row + 1) / rows) ** 1.6
        y = top + (bottom - top) * near * 0.96
        size = c.u * 0.016 * rough * (0.25 + near)
        phase, wide = jitter(rng, 0, 6.28), c.u * (0.10 + 0.25 * near)
        x = np.linspace(-0.02 * c.w, 1.02 * c.w, 120)
        sway = np.abs(np.sin(x / wide + phase)) ** 1.4 + 0.35 * np.sin(x / (wide * 0.37) + phase * 2)
        line: list[Point] = [(float(a), float(y - size * b)) for a, b in zip(x, sway, strict=True)]
        body = mix(p.tone(rgb("#2f6f8c"), 0.30 * (1 - near)), p.tone(rgb("#123548")), near * 0.8)
        deep = y + (bottom - top) * 0.30 * (0.4 + near)
        c.shape([*line, (line[-1][0], deep), (line[0][0], deep)], (lighter(body, 0.07), body), alpha=0.62)
        if rough > 1:
            for a, b in zip(line[::4], line[1::4], strict=False):
                if a[1] < y - size * 0.7:
                    c.line([a, b], crest, size * 0.22)
