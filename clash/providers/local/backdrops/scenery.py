"""What stands in the open: ridges, trees, houses, lamps, water."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image, ImageFilter

from clash.providers.local.backdrops.canvas import BILINEAR, Point, Points, smooth
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.sky import light_place


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


def conifer(scene: Scene, x: float, base: float, height: float, colour: RGB) -> None:
    """A fir of four tiers, its side away from the light darker."""
    c, side = scene.canvas, scene.light_side
    dark = darker(colour, 0.22)
    c.rect(x - height * 0.025, base - height * 0.14, x + height * 0.025, base, darker(colour, 0.4))
    for k in range(4):
        y0, y1 = base - height * (0.08 + 0.22 * k), base - height * (0.44 + 0.19 * k)
        half = height * (0.25 - 0.048 * k)
        c.polygon([(x - half, y0), (x, y1), (x + half, y0), (x, y0 + half * 0.16)], colour)
        c.polygon([(x - half * side, y0), (x, y1), (x, y0 + half * 0.16)], dark)


def round_tree(scene: Scene, x: float, base: float, height: float, colour: RGB, label: str) -> None:
    """A broad-leaved tree: a trunk and a crown of puffs, lighter towards the light."""
    c, rng, side = scene.canvas, scene.rng(f"tree {label}"), scene.light_side
    trunk = mix(scene.palette.tone(rgb("#4d3a30")), colour, 0.3)
    w = height * 0.035
    c.polygon(
        [
            (x - w * 1.5, base),
            (x - w * 0.6, base - height * 0.5),
            (x + w * 0.6, base - height * 0.5),
            (x + w * 1.5, base),
        ],
        trunk,
    )
    c.line([(x, base - height * 0.34), (x + height * 0.13, base - height * 0.55)], trunk, w * 0.8)
    c.line([(x, base - height * 0.30), (x - height * 0.12, base - height * 0.52)], trunk, w * 0.8)
    puffs = [(jitter(rng, -0.24, 0.24), jitter(rng, 0.46, 0.84), jitter(rng, 0.13, 0.20)) for _ in range(9)]
    puffs.append((0.0, 0.66, 0.26))
    for shift, shade in ((0.0, darker(colour, 0.22)), (0.045, colour), (0.085, lighter(colour, 0.10))):
        for dx, up, r in puffs:
            k = r * (1.0 - shift * 3.2)
            c.ellipse(
                x + (dx + side * shift) * height,
                base - (up + shift * 0.9) * height,
                k * height,
                k * height * 0.92,
                shade,
            )


def bare_tree(scene: Scene, x: float, base: float, height: float, colour: RGB, label: str) -> None:
    """A leafless tree, branching four times."""
    rng = scene.rng(f"bare {label}")

    def branch(at: Point, angle: float, length: float, width: float, left: int) -> None:
        end = at[0] + float(np.sin(angle)) * length, at[1] - float(np.cos(angle)) * length
        scene.canvas.line([at, end], colour, width)
        if left:
            for turn in (jitter(rng, -0.65, -0.2), jitter(rng, 0.2, 0.65)):
                branch(end, angle + turn, length * jitter(rng, 0.62, 0.78), width * 0.62, left - 1)

    branch((x, base), jitter(rng, -0.06, 0.06), height * 0.34, height * 0.045, 4)


def house(
    scene: Scene, x: float, base: float, width: float, height: float, label: str, *, wall: RGB, roof: RGB, depth: float = 0.0,
    gable: bool = False,
) -> None:  # fmt: skip
    """A house whose left foot is at (x, base): walls `height` high, a roof on top, windows lit when lamps are."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"house {label}")
    front, dark = p.tone(wall, depth), p.tone(darker(wall, 0.28), depth)
    tiles, under = p.ground(roof, depth), p.tone(darker(roof, 0.5), depth)
    top, rise = base - height, height * jitter(rng, 0.45, 0.65)
    c.rect(x, top, x + width, base, front)
    turned = width * 0.30
    c.rect(
        x + width - turned if scene.light_side < 0 else x,
        top,
        x + width if scene.light_side < 0 else x + turned,
        base,
        dark,
    )
    over = width * 0.07
    if gable:
        c.polygon([(x, top), (x + width / 2, top - rise), (x + width, top)], front)
        c.line(
            [(x - over, top + over * 0.6), (x + width / 2, top - rise), (x + width + over, top + over * 0.6)],
            tiles,
            height * 0.09,
        )
    else:
        c.polygon(
            [
                (x - over, top + 1),
                (x + width * 0.14, top - rise),
                (x + width * 0.86, top - rise),
                (x + width + over, top + 1),
            ],
            tiles,
        )
        c.line([(x - over, top + 1), (x + width + over, top + 1)], under, height * 0.03)
    chimney = x + width * (0.22 if rng.random() < 0.5 else 0.68)
    c.rect(chimney, top - rise * 1.22, chimney + width * 0.09, top - rise * 0.45, under)
    count = max(1, round(width / height * 1.6))
    for k in range(count):
        wx = x + width * (k + 0.5) / count
        window(scene, wx, top + height * 0.36, width / count * 0.30, height * 0.24, rng.random(), depth)
    door = x + width * (0.36 if count > 1 else 0.5)
    c.rect(door, base - height * 0.40, door + height * 0.19, base, p.tone(rgb("#5a3c2c"), depth))


def window(scene: Scene, cx: float, cy: float, width: float, height: float, draw: float, depth: float = 0.0) -> None:
    """A small window; lit if `draw` (0..1) is below the share of lit lamps."""
    c, p = scene.canvas, scene.palette
    lit = draw < p.lamps * 0.85
    pane = mix(LAMP, p.haze, depth * 0.35) if lit else p.tone(rgb("#5f7486"), depth)
    c.rect(cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2, pane)
    if lit and width > 0.012 * c.u:
        c.glow(cx, cy, height * 2.2, LAMP, 0.32 * (1 - depth))


def street_lamp(scene: Scene, x: float, base: float, height: float, *, arm: int = 0, depth: float = 0.0) -> None:
    """A lamp post; `arm` -1 or +1 reaches out to that side, 0 is a lantern on top."""
    c, p = scene.canvas, scene.palette
    iron = p.tone(rgb("#2e343c"), depth)
    w = height * 0.016
    c.rect(x - w, base - height, x + w, base, iron)
    c.rect(x - w * 2.6, base - height * 0.06, x + w * 2.6, base, iron)
    head = x + arm * height * 0.16, base - height * (1.0 if arm else 1.04)
    if arm:
        c.line([(x, base - height), head], iron, w * 1.6)
    lit = p.lamps > 0.2
    bulb = mix(LAMP, (255, 250, 230), 0.5) if lit else p.tone(rgb("#c9d2d6"), depth)
    c.ellipse(head[0], head[1], height * 0.034, height * 0.042, bulb)
    c.line(
        [(head[0] - height * 0.036, head[1] - height * 0.042), (head[0] + height * 0.036, head[1] - height * 0.042)],
        iron,
        w * 1.6,
    )
    if lit:
        c.glow(head[0], head[1], height * 0.62, LAMP, 0.60 * p.lamps, power=2.4)
        c.glow(x, base, height * 0.50, LAMP, 0.34 * p.lamps, tall=0.20, power=1.5)


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


Side = Literal[-1, 1]
