"""Places without ground: the sky above the clouds, and space."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from clash.local.backdrops.canvas import BICUBIC
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky


def sky(scene: Scene) -> None:
    """Above the clouds: a sea of them, towers of vapour left and right."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.04 * c.u)
    bright, shade = _vapour(scene)
    for layer in range(5):
        y = hz + (0.00 + 0.085 * layer) * c.u
        depth = 0.62 - 0.14 * layer
        _bank(
            scene,
            f"bank {layer}",
            y,
            (0.035 + 0.022 * layer) * c.u,
            (mix(bright, p.haze, depth), mix(shade, p.haze, depth * 0.8)),
        )
    for name, x, size in (("left", -0.40, 0.32), ("right", 0.42, 0.26)):
        _tower(scene, name, c.w * (0.5 + x), hz + 0.20 * c.u, size * c.u, bright, shade)
    _bank(scene, "near", c.h * 0.90, 0.06 * c.u, (mix(bright, shade, 0.55), darker(shade, 0.30)))
    scene.focus = (0.5 + 0.2 * scene.light_side, scene.level - 0.1)
    scene.ground = 0.90


def _vapour(scene: Scene) -> tuple[RGB, RGB]:
    p = scene.palette
    warm = mix(p.sky[-1], p.sun, 0.55 if p.sunlight > 0.2 else 0.1)
    bright = mix(p.tone(rgb("#ffffff"), 0.0), warm, 0.45)
    return bright, mix(p.tone(rgb("#a9bdd4"), 0.0), p.sky[1], 0.35)


def _bank(scene: Scene, label: str, y: float, size: float, fill: tuple[RGB, RGB]) -> None:
    c, rng = scene.canvas, scene.rng(label)
    line: list[tuple[float, float]] = []
    x = -size * 2
    while x < c.w + size * 2:
        r = size * jitter(rng, 0.6, 1.7)
        rise = size * jitter(rng, -0.3, 0.8)
        for k in range(9):
            a = np.pi * (1 - k / 8)
            line.append((x + r + r * float(np.cos(a)), y - rise - r * 0.75 * float(np.sin(a))))
        x += r * 1.55
    c.shape([(-size * 2, y + size * 5), *line, (c.w + size * 3, y + size * 5)], fill)
    c.shape([(-size * 2, y + size * 4.9), (c.w + size * 3, y + size * 4.9), (c.w, c.h + 4.0), (0, c.h + 4.0)], fill[1])


def _tower(scene: Scene, label: str, x: float, base: float, size: float, bright: RGB, shade: RGB) -> None:
    """A cumulus: puffs in the shade first, then lit ones shifted towards the light."""
    c, rng, s = scene.canvas, scene.rng(f"tower {label}"), scene.light_side
    puffs = [(jitter(rng, -0.7, 0.7), jitter(rng, 0.0, 0.95), jitter(rng, 0.16, 0.30)) for _ in range(20)]
    for dx, up, r in puffs:
        narrow = 1 - 0.62 * up
        c.ellipse(x + dx * narrow * size, base - up * size, r * size, r * size * 0.9, mix(shade, bright, 0.25 * up))
    for step in (1, 2, 3):
        for dx, up, r in puffs:
            narrow, k = 1 - 0.62 * up, r * (1 - 0.22 * step)
            at = x + (dx * narrow + s * r * 0.14 * step) * size, base - (up + r * 0.14 * step) * size
            c.ellipse(*at, k * size, k * size * 0.9, mix(shade, bright, min(1.0, 0.20 + 0.22 * step + 0.2 * up)))
    c.soft(
        [
            [
                (x - size, base + size * 0.6),
                (x + size, base + size * 0.6),
                (x + size * 0.9, base),
                (x - size * 0.9, base),
            ]
        ],
        mix(bright, shade, 0.5),
        0.75,
        size * 0.12,
    )


def space(scene: Scene) -> None:
    """Stars, a nebula, a ringed planet in half light, the crust of a moon below."""
    c, p = scene.canvas, scene.palette
    hue = {"dawn": rgb("#c06a8a"), "day": rgb("#3f8fb8"), "dusk": rgb("#c8643c"), "night": rgb("#4a4fb0")}[p.time]
    c.paste(_nebula(scene, c.w, c.h, hue), 0, 0)
    for x, y, size in scene.rng("stars").uniform(0, 1, (420, 3)).tolist():
        r = max(0.6, (0.0006 + 0.0019 * size**7) * c.u)
        c.ellipse(x * c.w, y * c.h, r, r, mix(rgb("#2a3352"), rgb("#fffaf0"), 0.2 + 0.8 * size))
        if size > 0.975:
            c.glow(x * c.w, y * c.h, r * 10, lighter(hue, 0.6), 0.7, power=3)
    radius = 0.25 * c.u
    _planet(scene, (scene.side_x(-0.22), (scene.level - 0.28) * c.h), radius, hue)
    _crust(scene, mix(rgb("#9a97a4"), hue, 0.20))
    scene.key = lighter(hue, 0.55)
    scene.ambient = mix(rgb("#1c2344"), hue, 0.3)
    scene.focus = (0.5 - 0.18 * scene.light_side, scene.level - 0.22)


def starfield(scene: Scene, width: int, height: int, hue: RGB) -> Image.Image:
    """Nebula, stars and the limb of a planet as a picture of its own: the view from a spaceship."""
    unit = max(8, min(width, height * 2))
    picture = _nebula(scene, width, height, hue)
    draw = ImageDraw.Draw(picture)
    for x, y, size in scene.rng("stars").uniform(0, 1, (160, 3)).tolist():
        r = max(0.6, unit * (0.0006 + 0.003 * size**6))
        draw.ellipse(
            (x * width - r, y * height - r, x * width + r, y * height + r),
            fill=mix(hue, rgb("#fffaf0"), 0.3 + 0.7 * size),
        )
    radius = height * 0.95
    face, mask = _globe(radius, hue, scene.light_side)
    corner = round(width * (0.5 + 0.22 * scene.light_side) - radius), round(height * 1.50 - radius)
    picture.paste(face, corner, mask)
    return picture


def _nebula(scene: Scene, width: int, height: int, hue: RGB) -> Image.Image:
    rng = scene.rng("nebula")
    w, h = 160, 90
    y, x = np.mgrid[0 : 1 : h * 1j, 0 : 1 : w * 1j]
    air = np.zeros((h, w, 3)) + np.asarray(rgb("#05071a"))
    for k in range(7):
        cx, cy, rx, ry, turn = (
            jitter(rng, a, b) for a, b in ((0, 1), (0, 0.8), (0.12, 0.35), (0.05, 0.16), (-0.6, 0.6))
        )
        dx, dy = (x - cx) + (y - cy) * turn, (y - cy) - (x - cx) * turn * 0.5
        share = np.exp(-((dx / rx) ** 2 + (dy / ry) ** 2))[..., None]
        air += share * np.asarray(mix(hue, (120, 80, 200), 0.25 * (k % 3))) * 0.38
    air += rng.uniform(-0.7, 0.7, (h, w, 1))
    return Image.fromarray(np.clip(air, 0, 255).astype(np.uint8)).resize((width, height), BICUBIC)


def _planet(scene: Scene, at: tuple[float, float], radius: float, hue: RGB) -> None:
    c, s = scene.canvas, scene.light_side
    c.glow(*at, radius * 1.7, lighter(hue, 0.25), 0.55, power=1.4)
    face, mask = _globe(radius, hue, s)
    _ring(scene, at, radius, hue, back=True)
    c.paste(face, at[0] - radius, at[1] - radius, mask)
    _ring(scene, at, radius, hue, back=False)


def _globe(radius: float, hue: RGB, s: int) -> tuple[Image.Image, Image.Image]:
    """A banded planet lit from the side `s`: its square picture and the mask of its disc."""
    size = 256
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    inside = np.clip((1 - np.sqrt(x * x + y * y)) * size * 0.5, 0, 1)
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    light = np.clip(x * s * 0.75 - y * 0.35 + z * 0.45, 0.02, 1)[..., None]
    bands = np.sin(y * 11 + 0.9 * np.sin(y * 4 + x * 0.6)) * 0.5 + 0.5
    body = np.asarray(lighter(hue, 0.45)) * bands[..., None] + np.asarray(darker(hue, 0.15)) * (1 - bands[..., None])
    rim = ((1 - z) ** 3)[..., None] * np.asarray(lighter(hue, 0.6)) * light
    face = Image.fromarray(np.clip(body * light * 1.1 + rim, 0, 255).astype(np.uint8))
    d = max(4, round(radius * 2))
    mask = Image.fromarray((inside * 255).astype(np.uint8)).resize((d, d), BICUBIC)
    return face.resize((d, d), BICUBIC), mask


def _ring(scene: Scene, at: tuple[float, float], radius: float, hue: RGB, *, back: bool) -> None:
    """Half of the ring: the far half before the planet is drawn, the near half after."""
    c, tilt = scene.canvas, 0.30 * scene.light_side
    angles = np.linspace(np.pi, 2 * np.pi, 60) if back else np.linspace(0, np.pi, 60)
    for inner, outer, alpha in ((1.35, 1.62, 0.75), (1.66, 1.95, 0.45), (1.99, 2.06, 0.6)):
        edge: list[tuple[float, float]] = []
        for size, turn in ((outer, angles), (inner, angles[::-1])):
            for a in turn:
                x, y = float(np.cos(a)) * size * radius, float(np.sin(a)) * size * radius * 0.20
                edge.append((at[0] + x * np.cos(tilt) - y * np.sin(tilt), at[1] + x * np.sin(tilt) + y * np.cos(tilt)))
        c.shape(edge, mix(lighter(hue, 0.55), (240, 225, 200), 0.4), alpha)


def _crust(scene: Scene, stone: RGB) -> None:
    c, rng, s = scene.canvas, scene.rng("craters"), scene.light_side
    hz = c.h * (0.40 + 0.52 * scene.level)
    x = np.linspace(0, 1, 90)
    bow = [
        (
            float(t) * c.w,
            hz
            + c.u * (0.10 * float((t - 0.5) ** 2) * 2 + 0.005 * float(np.sin(t * 40)) + 0.006 * float(np.sin(t * 17))),
        )
        for t in x
    ]
    c.shape([*bow, (c.w, c.h + 4.0), (0, c.h + 4.0)], (darker(stone, 0.30), darker(stone, 0.80)))
    c.line(bow, mix(stone, (255, 255, 255), 0.25), 0.003 * c.u)
    for px, py, size in rng.uniform(0, 1, (22, 3)).tolist():
        near = 0.12 + 0.88 * py
        y, r = hz + 0.03 * c.u + (c.h - hz) * near, c.u * (0.012 + 0.07 * size) * near
        shade = darker(stone, 0.45 + 0.4 * py)
        c.ellipse(px * c.w, y, r, r * 0.30, lighter(shade, 0.13))
        c.ellipse(px * c.w + s * r * 0.06, y + r * 0.05, r * 0.88, r * 0.24, darker(shade, 0.35))
