"""Trees, and grass in the foreground."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter


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


def bush(
    scene: Scene, x: float, base: float, size: float, colour: RGB, label: str, *, bloom: RGB | None = None
) -> None:
    """A low bush, about `size` pixels to either side of x, with flowers of colour `bloom`."""
    c, rng, side = scene.canvas, scene.rng(f"bush {label}"), scene.light_side
    puffs = [(-0.78 + 0.195 * k + jitter(rng, -0.08, 0.08), jitter(rng, 0.08, 0.22)) for k in range(9)]
    puffs += [(jitter(rng, -0.5, 0.5), jitter(rng, 0.26, 0.46)) for _ in range(6)]
    sizes = [jitter(rng, 0.16, 0.27) for _ in puffs]
    c.soft(
        [[(x - side * size * 1.5, base), (x, base - size * 0.12), (x + size * side, base), (x, base + size * 0.16)]],
        mix(colour, scene.palette.ink, 0.7),
        0.4,
        size * 0.07,
    )
    for shift, shade in ((0.0, darker(colour, 0.34)), (0.05, darker(colour, 0.10)), (0.10, lighter(colour, 0.07))):
        for (dx, up), r in zip(puffs, sizes, strict=True):
            k = r * (1.0 - shift * 4.2) * size
            c.ellipse(x + (dx + side * shift) * size, base - (up + shift * 0.7) * size, k, k * 0.8, shade)
    for dx, up in puffs if bloom else ():
        for _ in range(4):
            at = x + (dx + side * 0.06 + jitter(rng, -0.11, 0.11)) * size, base - (up + jitter(rng, 0.0, 0.16)) * size
            c.ellipse(*at, size * 0.021, size * 0.018, bloom or colour)


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


def reeds(
    scene: Scene, label: str, base: float, height: float, colour: RGB, *, within: tuple[float, float] = (0.0, 1.0)
) -> None:
    """Blades of grass along `base`, between two shares of the width."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"reeds {label}")
    near = p.ground(colour, 0.0, 0.7)
    count = round(150 * (within[1] - within[0]) * c.w / c.u / 1.6)
    for x, tall, lean in rng.uniform(0, 1, (count, 3)).tolist():
        at = c.w * (within[0] + (within[1] - within[0]) * x)
        up = height * (0.35 + 0.65 * tall)
        tip = (at + (lean - 0.5) * up * 0.7, base - up)
        w = height * 0.03 + 0.001 * c.u
        c.polygon(
            [(at - w, base + height * 0.3), tip, (at + w, base + height * 0.3)],
            mix(near, p.haze, 0.05 + 0.10 * jitter(rng, 0, 1)),
        )
