"""Water: what it mirrors, its ripples and waves, the path of light on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from clash.local.backdrops.canvas import BILINEAR, Point
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import light_place

Floats = NDArray[np.float64]


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


def swell(scene: Scene, top: float, bottom: float, rows: int = 6) -> None:
    """Rows of waves that grow towards the camera and with the weather; in a gale their crests break into foam."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("swell")
    rough = {"storm": 3.4, "rain": 1.2}.get(p.weather, 0.7)
    for row in range(rows):
        near = ((row + 1) / rows) ** 1.5
        y, size = top + (bottom - top) * near * 0.95, c.u * 0.020 * rough * (0.18 + near)
        phase, long = jitter(rng, 0, 6.28), c.u * (0.09 + 0.20 * near)
        x = np.linspace(-0.02 * c.w, 1.02 * c.w, 240)
        turn = x / long + phase + 0.5 * np.sin(x / (long * 2.7) + phase)
        peaked = 1.0 - 2.0 * np.abs(np.sin(turn)) ** 0.8  # sharp above, round below
        height = peaked * (0.75 + 0.25 * np.sin(x / (long * 1.9) - phase))
        line: list[Point] = [(float(px), float(y - size * up)) for px, up in zip(x, height, strict=True)]
        body = mix(p.tone(rgb("#2f6f8c"), 0.30 * (1 - near)), p.tone(rgb("#123548")), near * 0.75)
        crest = mix(body, p.sky[-1], 0.34 if rough > 1 else 0.26)
        c.shape([*line, (line[-1][0], bottom), (line[0][0], bottom)], (lighter(body, 0.04), body), alpha=0.36)
        thick = size * (0.10 + 0.10 * near) + 1.0
        face = [(px, py + thick * (1.3 + up)) for (px, py), up in zip(line, height, strict=True)]
        c.shape([*line, *reversed(face)], crest, alpha=0.55)
        if rough > 1:
            _foam(scene, line, height, size, mix(p.tone(rgb("#e4f0f2"), 0.05), body, 0.20 + 0.4 * (1 - near)))
    _glitter(scene, top, bottom)


def _foam(scene: Scene, line: list[Point], height: Floats, size: float, colour: RGB) -> None:
    """White caps: a sliver along the top of each crest, running down the lee side."""
    k = 1
    while k < len(line) - 1:
        if height[k] > 0.45 and height[k] >= height[k - 1] and height[k] >= height[k + 1]:
            upper = line[max(0, k - 2) : k + 6]
            ragged = (0.05, 0.22, 0.16, 0.30, 0.14, 0.20, 0.06, 0.0)
            lower = [(px, py + size * down) for (px, py), down in zip(upper, ragged, strict=False)]
            scene.canvas.polygon([*upper, *reversed(lower)], colour)
            k += 6
        k += 1
