"""The lie of the land: ridges and peaks, mist, foreground, paths, rocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clash.local.backdrops.canvas import Point, Points, smooth
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter


def contour(scene: Scene, label: str, rough: float = 1.0, steps: int = 160) -> list[float]:
    """A rolling line as `steps` + 1 heights between about -1 and 1, always the same for the label."""
    rng = scene.rng(label)
    x = np.linspace(0, 1, steps + 1)
    phases = rng.uniform(0, 2 * np.pi, 7)
    height = np.zeros_like(x)
    for k, phase in enumerate(phases):
        height += np.sin(x * 2 * np.pi * (0.6 + 1.55 * k) + phase) / (1 + k) ** (1.75 - 0.35 * rough)
    return [float(v) for v in height / 1.9]


def ridge(
    scene: Scene,
    label: str,
    base: float,
    amplitude: float,
    fill: RGB | tuple[RGB, RGB],
    *,
    rough: float = 1.0,
    foot: float = 0.0,
) -> list[Point]:
    """A hill line at `base` pixels, filled down to `foot` (the canvas's foot if 0). Answers the line."""
    c = scene.canvas
    line = contour(scene, label, rough)
    points = [(c.w * i / (len(line) - 1), base - amplitude * v) for i, v in enumerate(line)]
    foot = foot or c.h + 4.0
    c.shape([(-4.0, foot), *points, (c.w + 4.0, foot)], fill)
    return points


def height_at(line: Points, x: float) -> float:
    """The height of a line (as `ridge` answers it) at `x`."""
    return float(np.interp(x, [p[0] for p in line], [p[1] for p in line]))


def peaks(scene: Scene, label: str, base: float, height: float, depth: float, *, snow: float, count: int = 5) -> None:
    """A range of faceted mountains standing on `base`; `snow` is how much of each peak is white (0..1)."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(label)
    stone = rgb("#5d6b7c")
    lit, shade = p.tone(lighter(stone, 0.18), depth), p.tone(darker(stone, 0.30), depth)
    white, blue = p.tone(rgb("#f4f6fa"), depth * 0.8), p.tone(rgb("#aebfd8"), depth * 0.9)
    side = scene.light_side
    order = rng.permutation(count)
    for index in order.tolist():
        x = c.w * (index + 0.5 + jitter(rng, -0.28, 0.28)) / count
        tall = height * jitter(rng, 0.55, 1.0)
        half = tall * jitter(rng, 0.75, 1.05)
        top = (x, base - tall)
        fold = [(x + half * jitter(rng, -0.10, 0.10) * (k + 1), base - tall * (0.72 - 0.26 * k)) for k in range(3)]
        left, right = (x - half, base + 2), (x + half, base + 2)
        slope_l = [_notch(rng, top, left, t) for t in (0.3, 0.6)]
        slope_r = [_notch(rng, top, right, t) for t in (0.3, 0.6)]
        foot = (fold[2][0], base + 2)
        c.shape([top, *slope_l, left, right, *reversed(slope_r)], (lit, mix(lit, p.haze, 0.45)))
        dark = (
            [top, *slope_r, right, foot, *reversed(fold)] if side < 0 else [top, *slope_l, left, foot, *reversed(fold)]
        )
        c.shape(dark, (shade, mix(shade, p.haze, 0.5)))
        if snow > 0:
            _snow_cap(scene, rng, (top, left, right), snow, (white, blue))


def _notch(rng: np.random.Generator, a: Point, b: Point, t: float) -> Point:
    width = abs(b[0] - a[0])
    return a[0] + (b[0] - a[0]) * t + width * jitter(rng, -0.06, 0.06), a[1] + (b[1] - a[1]) * t + width * jitter(
        rng, -0.06, 0.04
    )


def _snow_cap(
    scene: Scene, rng: np.random.Generator, peak: tuple[Point, Point, Point], share: float, colours: tuple[RGB, RGB]
) -> None:
    top, left, right = peak

    def on(a: Point, t: float) -> Point:
        return top[0] + (a[0] - top[0]) * t, top[1] + (a[1] - top[1]) * t

    teeth = [on(left, share)]
    middle = (top[0], left[1])
    for k in range(1, 8):
        t = k / 8
        foot = (left[0] + (right[0] - left[0]) * t, middle[1])
        teeth.append(on(foot, share * (1.0 if k % 2 else 0.68) * jitter(rng, 0.85, 1.1)))
    teeth.append(on(right, share))
    scene.canvas.shape([top, *teeth], colours[0])
    half = len(teeth) // 2
    shaded = [top, *teeth[half:]] if scene.light_side < 0 else [top, *teeth[: half + 1]]
    scene.canvas.shape(shaded, colours[1])


def mist(scene: Scene, y: float, height: float, alpha: float) -> None:
    """A bank of haze around `y`, for depth between two layers."""
    c, p = scene.canvas, scene.palette
    strength = min(0.92, alpha * (0.45 + 0.9 * p.density))
    c.fade((0, y - height, c.w, y), p.haze, 0.0, strength)
    c.fade((0, y, c.w, y + height * 0.8), p.haze, strength, 0.0)


def foreground(
    scene: Scene, label: str, top: float, colour: RGB, *, rough: float = 0.6, amplitude: float = 0.012
) -> None:
    """Calm, dark ground along the foot of the picture, where figures stand and captions lie."""
    c, p = scene.canvas, scene.palette
    near = p.ground(colour, 0.0, 0.78)
    ridge(scene, label, top, amplitude * c.u, (near, mix(p.ground(colour, 0.0, 0.42), p.ink, 0.35)), rough=rough)


def path(scene: Scene, vanish: Point, foot: float, width: float, colour: RGB, *, bend: float = 0.0) -> None:
    """A path from the foot of the picture (middle at `foot` pixels, `width` pixels wide) to a vanishing point."""
    c = scene.canvas
    left: list[Point] = []
    right: list[Point] = []
    for k in range(17):
        t = k / 16
        far = t**0.55
        x = foot + (vanish[0] - foot) * far + bend * c.u * float(np.sin(np.pi * t * 1.6)) * (1 - far) * 2
        y = c.h + (vanish[1] - c.h) * far
        half = width * 0.5 * (1 - far) + 0.001 * c.u
        left.append((x - half, y))
        right.append((x + half, y))
    c.shape([*left, *reversed(right)], (mix(colour, scene.palette.haze, 0.25), colour))


def shade_foot(scene: Scene, colour: RGB) -> None:
    """Darkens the foot of the picture, so that captions are read on it though a path runs out of the frame there."""
    c, p = scene.canvas, scene.palette
    shade = mix(p.ground(colour, 0.0, 0.35), p.ink, 0.35)
    c.fade((0, 0.80 * c.h, c.w, c.h), shade, 0.0, 0.66)


def underfoot(scene: Scene, t: float) -> float:
    """How far (pixels) a path swings aside at `t`, from the horizon (0) to the foot (1), to where somebody stands."""
    near = min(1.0, max(0.0, (t - 0.30) / 0.36))
    return scene.standing_side * 0.09 * scene.canvas.w * near * near * (3 - 2 * near)


def strip(scene: Scene, middle: Sequence[tuple[float, float, float]], fill: RGB | tuple[RGB, RGB]) -> None:
    """A track along points of (x, y, half its width), all in pixels."""
    left = [(x - half, y) for x, y, half in middle]
    right = [(x + half, y) for x, y, half in middle]
    scene.canvas.shape([*left, *reversed(right)], fill)


def boulder(scene: Scene, x: float, base: float, size: float, colour: RGB, label: str) -> None:
    """One stone, about `size` pixels to either side of x, its face towards the light brighter, on its shadow."""
    c, rng, s = scene.canvas, scene.rng(f"boulder {label}"), scene.light_side
    tall = size * jitter(rng, 0.75, 1.15)
    c.soft(
        [
            [
                (x - s * size * 1.9, base + size * 0.02),
                (x, base - size * 0.2),
                (x + s * size, base + size * 0.05),
                (x, base + size * 0.26),
            ]
        ],
        scene.palette.ink,
        0.45,
        size * 0.10,
    )
    top = s * size * jitter(rng, -0.1, 0.25)
    body = [
        (x - s * size, base),
        (x - s * size * 0.86, base - tall * 0.55),
        (x - s * size * 0.30, base - tall * 0.95),
        (x + top, base - tall),
        (x + s * size * 0.72, base - tall * 0.62),
        (x + s * size, base),
        (x + s * size * 0.4, base + size * 0.14),
        (x - s * size * 0.5, base + size * 0.13),
    ]
    c.shape(body, (darker(colour, 0.22), darker(colour, 0.48)))
    fold = x - s * size * 0.05, base - tall * 0.45
    c.shape([body[2], body[3], body[4], body[5], fold], (lighter(colour, 0.10), darker(colour, 0.10)))


def rocks(scene: Scene, label: str, x0: float, x1: float, base: float, size: float, colour: RGB) -> None:
    """Rounded rocks along `base` from x0 to x1, each with a lit upper face."""
    c, rng = scene.canvas, scene.rng(f"rocks {label}")
    x = x0
    while x < x1:
        w, h = size * jitter(rng, 0.6, 1.4), size * jitter(rng, 0.35, 0.8)
        outline = smooth(
            [
                (x - w * 0.6, base + h),
                (x - w * 0.5, base - h * 0.3),
                (x - w * 0.1, base - h * 0.8),
                (x + w * 0.35, base - h * 0.55),
                (x + w * 0.6, base + h),
            ],
            4,
        )
        c.polygon(outline, darker(colour, 0.3))
        s = scene.light_side
        c.polygon(
            [
                (x + s * w * 0.42, base - h * 0.1),
                (x + s * w * 0.30, base - h * 0.52),
                (x - s * w * 0.1, base - h * 0.72),
                (x - s * w * 0.25, base - h * 0.3),
            ],
            colour,
        )
        x += w * jitter(rng, 0.5, 0.95)
