"""Single things of the shore: tower, boats, bollards, reeds."""

from __future__ import annotations

from clash.providers.local.backdrops.canvas import Point
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.scene import Scene, jitter


def lighthouse_tower(scene: Scene, x: float, base: float, tall: float, *, beam_side: int) -> None:
    """A tower in red and white bands with gallery, lantern and cap; `tall` pixels up to the gallery."""
    c, p, s = scene.canvas, scene.palette, scene.light_side
    low, high = tall * 0.155, tall * 0.098
    white, red = p.tone(rgb("#f2ece0"), 0.05, 1.05), p.tone(rgb("#c23f3a"), 0.05)
    dark = p.tone(rgb("#2d3038"), 0.05)
    room, lit = tall * 0.17, p.lamps > 0.25
    lamp_y = base - tall - room * 0.55
    if lit:
        _beam(scene, (x, lamp_y), beam_side, tall)

    def half(t: float) -> float:
        return low + (high - low) * t

    c.shape([(x - low, base), (x - high, base - tall), (x + high, base - tall), (x + low, base)], white)
    for k in range(3):
        a, b = 0.10 + k * 0.32, 0.26 + k * 0.32
        c.shape([(x - half(a), base - tall * a), (x - half(b), base - tall * b), (x + half(b), base - tall * b), (x + half(a), base - tall * a)], red)
    far = [(x - s * low, base), (x - s * high, base - tall), (x - s * high * 0.05, base - tall), (x - s * low * 0.10, base)]
    c.soft([far], mix(p.ink, p.ambient, 0.25), 0.46, tall * 0.012)
    for t in (0.36, 0.70):
        c.rect(x - tall * 0.016, base - tall * (t + 0.05), x + tall * 0.016, base - tall * t, LAMP if p.lamps > 0.5 else dark, tall * 0.01)
    c.rect(x - tall * 0.032, base - tall * 0.085, x + tall * 0.032, base, dark, tall * 0.01)
    top = base - tall
    c.shape([(x - high * 1.5, top - tall * 0.012), (x + high * 1.5, top - tall * 0.012), (x + high * 1.15, top + tall * 0.025), (x - high * 1.15, top + tall * 0.025)], dark)
    glass = mix(LAMP, (255, 250, 226), 0.6) if lit else p.tone(rgb("#9db4bf"), 0.05)
    c.rect(x - high * 0.72, top - room, x + high * 0.72, top - tall * 0.012, glass)
    for k in (-0.72, -0.24, 0.24, 0.72):
        c.rect(x + high * k - tall * 0.005, top - room, x + high * k + tall * 0.005, top - tall * 0.012, dark)
    rail = top - tall * 0.055
    c.line([(x - high * 1.45, rail), (x + high * 1.45, rail)], dark, tall * 0.006)
    for k in range(9):
        at = x - high * 1.45 + high * 2.9 * k / 8
        c.line([(at, rail), (at, top - tall * 0.01)], dark, tall * 0.004)
    cap = p.tone(rgb("#a8332f"), 0.05)
    c.shape([(x - high * 0.95, top - room), (x - high * 0.45, top - room - tall * 0.065), (x, top - room - tall * 0.10), (x + high * 0.45, top - room - tall * 0.065), (x + high * 0.95, top - room)], cap)
    c.line([(x, top - room - tall * 0.09), (x, top - room - tall * 0.15)], dark, tall * 0.008)
    if lit:
        c.glow(x, lamp_y, tall * 0.42, (255, 240, 200), 0.9, power=2.6)


def _beam(scene: Scene, lamp: Point, side: int, tall: float) -> None:
    c, p = scene.canvas, scene.palette
    x, y = lamp
    strong = 0.55 * p.lamps if p.time != "day" else 0.22 * p.lamps
    for reach, spread, alpha in ((1.9, 0.36, 0.55), (1.4, 0.16, 0.9)):
        end = x + side * reach * c.u
        beam = [(x, y - tall * 0.02), (end, y - spread * c.u * 0.75), (end, y + spread * c.u * 0.35), (x, y + tall * 0.02)]
        c.soft([beam], (255, 240, 200), strong * alpha, tall * 0.035)
    back = [(x, y - tall * 0.02), (x - side * c.u, y - 0.10 * c.u), (x - side * c.u, y + 0.06 * c.u), (x, y + tall * 0.02)]
    c.soft([back], (255, 240, 200), strong * 0.35, tall * 0.03)


def boat(scene: Scene, x: float, waterline: float, length: float, depth: float, label: str) -> None:
    """A fishing boat with a wheelhouse, a mast, and its dark mirror image."""
    c, p, s = scene.canvas, scene.palette, scene.light_side
    rng = scene.rng(label)
    paint = rgb(("#2f6690", "#b5483c", "#3d7d6a", "#d0a13f")[int(rng.integers(4))])
    hull, rim = p.tone(paint, depth), p.tone(rgb("#f0ebe0"), depth)
    h = length * 0.17
    under = mix(p.tone((40, 90, 116), depth), p.ink, 0.45)
    c.soft([[(x - length * 0.48, waterline), (x + length * 0.5, waterline), (x + length * 0.3, waterline + h * 1.5), (x - length * 0.4, waterline + h * 1.3)]], under, 0.6, h * 0.25)
    c.shape([(x - s * length * 0.5, waterline - h * 0.95), (x + s * length * 0.56, waterline - h * 1.5), (x + s * length * 0.38, waterline + 1), (x - s * length * 0.42, waterline + 1)], (hull, darker(hull, 0.3)))
    c.line([(x - s * length * 0.5, waterline - h * 0.95), (x + s * length * 0.56, waterline - h * 1.5)], rim, h * 0.14)
    cabin = x - s * length * 0.16
    c.rect(cabin - length * 0.12, waterline - h * 2.3, cabin + length * 0.12, waterline - h * 0.95, rim)
    pane = LAMP if p.lamps > 0.5 else p.tone(rgb("#4c6476"), depth)
    c.rect(cabin - length * 0.08, waterline - h * 2.0, cabin + length * 0.08, waterline - h * 1.5, pane)
    c.rect(cabin - length * 0.14, waterline - h * 2.45, cabin + length * 0.14, waterline - h * 2.25, p.tone(darker(paint, 0.3), depth))
    mast = p.tone(rgb("#4a3c34"), depth)
    c.line([(x + s * length * 0.1, waterline - h), (x + s * length * 0.1, waterline - length * 0.85)], mast, length * 0.014)
    c.line([(x + s * length * 0.1, waterline - length * 0.8), (x + s * length * 0.5, waterline - h * 1.5)], mast, length * 0.006)
    c.line([(x + s * length * 0.1, waterline - length * 0.8), (x - s * length * 0.45, waterline - h)], mast, length * 0.006)
    if p.lamps > 0.5:
        c.glow(cabin, waterline - h * 1.7, length * 0.30, LAMP, 0.6)
        c.glow(cabin, waterline + h * 0.8, length * 0.22, LAMP, 0.35, tall=0.6)


def sailing_boat(scene: Scene, x: float, waterline: float, length: float, depth: float, label: str) -> None:
    """A sloop under two sails."""
    c, p, s = scene.canvas, scene.palette, scene.light_side
    hull = p.tone(rgb(("#6b3f33", "#2f5673", "#e6dfd2")[int(scene.rng(label).integers(3))]), depth)
    sail, shade = p.tone(rgb("#f4eee0"), depth, 1.05), p.tone(rgb("#c9beae"), depth)
    c.soft([[(x - length * 0.4, waterline), (x + length * 0.4, waterline), (x + length * 0.2, waterline + length * 0.5), (x - length * 0.1, waterline + length * 0.5)]], mix(sail, p.ink, 0.5), 0.3, length * 0.05)
    top = waterline - length * 1.25
    c.shape([(x - s * 0.02 * length, top), (x - s * length * 0.44, waterline - length * 0.2), (x - s * 0.02 * length, waterline - length * 0.2)], shade)
    c.shape([(x + s * 0.02 * length, top + length * 0.1), (x + s * length * 0.36, waterline - length * 0.22), (x + s * 0.02 * length, waterline - length * 0.2)], sail)
    c.line([(x, top - length * 0.05), (x, waterline)], darker(hull, 0.2), length * 0.018)
    c.shape([(x - length * 0.5, waterline - length * 0.13), (x + length * 0.5, waterline - length * 0.13), (x + length * 0.34, waterline + 1), (x - length * 0.36, waterline + 1)], (lighter(hull, 0.08), darker(hull, 0.25)))
    if p.lamps > 0.6:
        c.glow(x, top, length * 0.2, LAMP, 0.9)


def bollard(scene: Scene, x: float, base: float, height: float) -> None:
    """A mooring post of iron."""
    c = scene.canvas
    iron = scene.palette.tone(rgb("#3c4048"), 0.0, 0.8)
    c.rect(x - height * 0.22, base - height, x + height * 0.22, base, iron, height * 0.1)
    c.ellipse(x, base - height, height * 0.36, height * 0.16, lighter(iron, 0.10))


def reeds(scene: Scene, label: str, base: float, height: float, colour: RGB, *, within: tuple[float, float] = (0.0, 1.0)) -> None:
    """Blades of grass along `base`, between two shares of the width."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"reeds {label}")
    near = p.ground(colour, 0.0, 0.7)
    count = round(150 * (within[1] - within[0]) * c.w / c.u / 1.6)
    for x, tall, lean in rng.uniform(0, 1, (count, 3)).tolist():
        at = c.w * (within[0] + (within[1] - within[0]) * x)
        up = height * (0.35 + 0.65 * tall)
        tip = (at + (lean - 0.5) * up * 0.7, base - up)
        w = height * 0.03 + 0.001 * c.u
        c.polygon([(at - w, base + height * 0.3), tip, (at + w, base + height * 0.3)], mix(near, p.haze, 0.05 + 0.10 * jitter(rng, 0, 1)))
