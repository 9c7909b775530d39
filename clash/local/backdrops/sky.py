"""Skies: gradients, clouds, sun and moon, stars, lightning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from clash.local.backdrops.canvas import BICUBIC, Canvas, Point, gradient
from clash.local.backdrops.palette import RGB, Palette, darker, lighter, mix
from clash.local.backdrops.scene import Scene, jitter

Pixels = NDArray[np.float64]

_COARSE = 4  # a sky is soft: it is painted at a quarter of the size and enlarged


@dataclass(frozen=True)
class _Clouds:
    """How many clouds, how wide and tall (shares of the sky's width), how strong, and where (shares of its height)."""

    count: int
    width: tuple[float, float]
    tall: float
    alpha: float
    between: tuple[float, float]


def _clouds_of(palette: Palette) -> tuple[_Clouds, ...]:
    if palette.weather == "cloud":
        return (
            _Clouds(7, (0.20, 0.36), 0.28, 0.75, (0.06, 0.42)),
            _Clouds(6, (0.16, 0.30), 0.13, 0.55, (0.5, 0.86)),
        )
    if palette.weather in ("rain", "storm"):
        return (
            _Clouds(9, (0.26, 0.46), 0.34, 0.60, (0.02, 0.40)),
            _Clouds(7, (0.22, 0.42), 0.20, 0.50, (0.30, 0.66)),
        )
    if palette.weather == "snow":
        return (_Clouds(7, (0.26, 0.44), 0.22, 0.40, (0.05, 0.55)),)
    if palette.weather == "fog":
        return ()
    if palette.time == "day":
        return (
            _Clouds(4, (0.13, 0.24), 0.30, 0.85, (0.16, 0.52)),
            _Clouds(4, (0.10, 0.18), 0.12, 0.55, (0.62, 0.88)),
        )
    return (
        _Clouds(5, (0.20, 0.40), 0.07, 0.50, (0.12, 0.55)),
        _Clouds(5, (0.16, 0.34), 0.05, 0.60, (0.58, 0.90)),
    )


def light_place(scene: Scene, horizon: float | None = None) -> Point:
    """Where sun or moon stand, in pixels."""
    c = scene.canvas
    horizon = scene.horizon if horizon is None else horizon
    above = {"dawn": 0.075, "day": 0.46, "dusk": 0.10, "night": 0.40}[scene.palette.time]
    across = {"dawn": 0.26, "day": 0.30, "dusk": 0.24, "night": 0.27}[scene.palette.time]
    return scene.side_x(across), max(horizon - above * c.u, 0.09 * c.u)


def paint_sky(scene: Scene, bottom: float | None = None, *, disc: bool = True) -> None:
    """Paint the sky from the top to `bottom` (pixels; the horizon if not given), with sun, moon, stars and clouds."""
    c, p = scene.canvas, scene.palette
    bottom = scene.horizon if bottom is None else bottom
    height = min(c.h, max(8, round(bottom) + 2))
    sun = light_place(scene, bottom) if disc else None
    c.paste(sky_picture(p, scene.rng("clouds"), c.w, height, sun), 0, 0)
    if p.weather in ("clear", "cloud"):
        _stars(scene, height)
    if sun is not None:
        _disc(scene, sun)
    if p.weather == "storm":
        _lightning(scene, height)


def sky_picture(
    palette: Palette, rng: np.random.Generator, width: int, height: int, sun: Point | None = None
) -> Image.Image:
    """Gradient, light and clouds as a picture of its own: for the sky itself and for the view from a window."""
    w, h = max(8, width // _COARSE), max(8, height // _COARSE)
    air = gradient(palette.sky, h, w)
    if sun is not None and palette.sunlight > 0:
        _shine(air, sun[0] * w / width, sun[1] * h / height, palette)
    for clouds in _clouds_of(palette):
        _cloud_layer(air, clouds, palette, rng, sun[0] * w / width if sun else w * 0.5)
    air += rng.uniform(-0.5, 0.5, (h, w, 1))  # against banding
    small = Image.fromarray(np.clip(air + 0.5, 0, 255).astype(np.uint8))
    return small.resize((width, height), BICUBIC)


def _shine(air: Pixels, cx: float, cy: float, palette: Palette) -> None:
    h, w = air.shape[:2]
    y, x = np.ogrid[:h, :w]
    flat = 0.55 if palette.time in ("dawn", "dusk") else 1.0  # low light spreads along the horizon
    squared = ((x - cx) * flat) ** 2 + (y - cy) ** 2
    unit = float(min(h * 1.6, w))
    far, near = (0.50, 0.70) if palette.time != "night" else (0.26, 0.40)
    for radius, strength in ((0.60 * unit, far), (0.20 * unit, near)):
        share = np.exp(-squared / radius**2)[..., None] * strength * palette.sunlight
        air += (np.asarray(palette.sun, dtype=np.float64) - air) * share


def _cloud_layer(air: Pixels, clouds: _Clouds, palette: Palette, rng: np.random.Generator, light_x: float) -> None:
    h, w = air.shape[:2]
    for index in range(clouds.count):
        spread = (index + jitter(rng, 0.1, 0.9)) / clouds.count
        cx, half = spread * 1.2 * w - 0.1 * w, jitter(rng, *clouds.width) * w * 0.5
        base = jitter(rng, *clouds.between) * h
        tall = max(2.0, half * 2 * clouds.tall * jitter(rng, 0.7, 1.3))
        near = max(0.0, 1.0 - abs(cx - light_x) / (0.7 * w))
        _cloud(air, (cx, base), half, tall, clouds.alpha, _cloud_colours(palette, base / h, near), rng)


def _cloud_colours(palette: Palette, depth: float, near: float) -> tuple[RGB, RGB]:
    """Top and bottom of a cloud, `depth` of the way down the sky, `near` (0..1) the light."""
    stops = palette.sky
    around = stops[min(len(stops) - 1, int(depth * len(stops)))]
    if palette.weather in ("rain", "storm"):
        return lighter(around, 0.10), darker(around, 0.42)
    if palette.time == "day":
        return mix(around, (255, 255, 255), 0.85), mix(around, (176, 196, 214), 0.45)
    if palette.time == "night":
        return mix(around, palette.sun, 0.14 + 0.16 * near), mix(around, palette.ink, 0.35)
    glowing = mix(stops[-1], palette.sun, 0.5 * near)
    return mix(around, glowing, 0.35 + 0.45 * near), mix(around, stops[0], 0.5)


def _cloud(
    air: Pixels, at: Point, half: float, tall: float, alpha: float, colours: tuple[RGB, RGB], rng: np.random.Generator
) -> None:
    """Puffs on a flat base, bright above, thinning out below."""
    h, w = air.shape[:2]
    cx, base = at
    offsets, sizes = rng.uniform(-1, 1, 9), rng.uniform(0.35, 1.0, 9)
    x0, x1 = max(0, int(cx - half * 1.4)), min(w, int(cx + half * 1.4) + 1)
    y0, y1 = max(0, int(base - tall * 1.25)), min(h, int(base + tall * 0.5) + 1)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    mask = Image.new("L", (x1 - x0, y1 - y0), 0)
    draw = ImageDraw.Draw(mask)
    for offset, size in zip(offsets, sizes, strict=True):
        shrink = 1.0 - 0.72 * abs(float(offset))
        rx, ry = half * (0.22 + 0.26 * float(size)), tall * (0.25 + 0.75 * shrink * float(size))
        x, y = cx + float(offset) * half * 0.85 - x0, base - y0
        draw.ellipse((x - rx, y - ry, x + rx, y + ry * 0.32), fill=255)
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(max(0.8, tall * 0.05))), dtype=np.float64) / 255
    rows = np.arange(y0, y1, dtype=np.float64)
    down = np.clip((rows - (base - tall)) / (tall * 1.3), 0, 1)[:, None, None]
    colour = np.asarray(colours[0]) * (1 - down) + np.asarray(colours[1]) * down
    share = soft[..., None] * alpha * (1 - 0.45 * down**3)
    air[y0:y1, x0:x1] += (colour - air[y0:y1, x0:x1]) * share


def _stars(scene: Scene, height: int) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng("stars")
    share = {"night": 1.0, "dawn": 0.16, "dusk": 0.22, "day": 0.0}[p.time] * (0.25 if p.weather == "cloud" else 1.0)
    for x, y, size in rng.uniform(0, 1, (round(190 * share), 3)).tolist():
        top = y**1.25
        radius = (0.0006 + 0.0016 * size**5) * c.u
        behind = p.sky[min(len(p.sky) - 1, int(top * len(p.sky)))]
        shade = mix(behind, (255, 250, 235), (0.25 + 0.75 * size) * (1 - 0.75 * top))
        c.ellipse(x * c.w, top * height * 0.92, max(0.6, radius), max(0.6, radius), shade)
        if size > 0.96:
            c.glow(x * c.w, top * height * 0.92, radius * 9, (220, 230, 255), 0.5 * (1 - top), power=3)


def _disc(scene: Scene, at: Point) -> None:
    c, p = scene.canvas, scene.palette
    if p.sunlight < 0.2:
        return
    radius = {"dawn": 0.050, "day": 0.042, "dusk": 0.062, "night": 0.042}[p.time] * c.u
    strength = min(1.0, p.sunlight * 1.2)
    if p.time == "night":
        c.glow(*at, radius * 5, p.sun, 0.45 * strength, power=2.2)
    behind = c.image.getpixel((min(c.w - 1, max(0, round(at[0]))), min(c.h - 1, max(0, round(at[1])))))
    face = mix(behind, lighter(p.sun, 0.4), strength) if isinstance(behind, tuple) else p.sun  # pyright: ignore
    _smooth_disc(c, at, radius, face)
    if p.time == "night":
        for dx, dy, size in ((-0.35, -0.2, 0.24), (0.25, 0.3, 0.30), (0.3, -0.4, 0.15), (-0.2, 0.5, 0.13)):
            _smooth_disc(c, (at[0] + dx * radius, at[1] + dy * radius), size * radius, darker(face, 0.09))


def _smooth_disc(c: Canvas, at: Point, radius: float, colour: RGB) -> None:
    turn = np.linspace(0, 2 * np.pi, 49)[:-1]
    c.shape([(at[0] + radius * float(np.cos(a)), at[1] + radius * float(np.sin(a))) for a in turn], colour)


def _lightning(scene: Scene, height: int) -> None:
    c, rng = scene.canvas, scene.rng("lightning")
    x, y = c.w * (0.5 - scene.light_side * jitter(rng, 0.12, 0.3)), height * 0.06
    c.glow(x, height * 0.30, 0.75 * c.u, (196, 214, 226), 0.45, tall=0.8, power=1.6)
    end, points = height * 0.97, [(x, y)]
    while y < end:
        y += jitter(rng, 0.018, 0.05) * c.u
        x += jitter(rng, -0.034, 0.034) * c.u
        points.append((x, y))
    start = points[len(points) // 3]
    branch = [start]
    for _ in range(4):
        last = branch[-1]
        branch.append((last[0] + jitter(rng, 0.005, 0.06) * c.u, last[1] + jitter(rng, 0.02, 0.05) * c.u))
    for px, py in points[1::3]:
        c.glow(px, py, 0.09 * c.u, (210, 225, 240), 0.35)
    c.line(branch, (214, 226, 240), 0.0022 * c.u)
    c.line(points, (240, 246, 252), 0.0042 * c.u)
