"""Streets in perspective: street, alley, market, station; built on one vanishing point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from clash.providers.local.backdrops.canvas import BILINEAR, Point
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.scenery import street_lamp
from clash.providers.local.backdrops.sky import paint_sky

_WALLS = tuple(rgb(code) for code in ("#b98a6c", "#a3a7ad", "#c9b493", "#8f6f63", "#8b98a6", "#a86f5a", "#cdbfa8"))
_AWNINGS = tuple(rgb(code) for code in ("#b8453c", "#2f7f78", "#d29a3a", "#3f5f9a", "#7c4a86"))
_NEON = tuple(rgb(code) for code in ("#ff4f8b", "#37d6e8", "#ffd34d", "#8cff7a", "#b07bff"))


@dataclass(frozen=True)
class Perspective:
    """One vanishing point. `at` maps metres (x right, y up from the eye, z away) to pixels."""

    vx: float
    vy: float
    focal: float

    def at(self, x: float, y: float, z: float) -> Point:
        """The pixel of a point; z at least 0.05."""
        k = self.focal / max(0.05, z)
        return self.vx + x * k, self.vy - y * k

    def floor(self, x0: float, x1: float, z0: float, z1: float, y: float) -> list[Point]:
        """A level rectangle as four corners."""
        return [self.at(x0, y, z0), self.at(x1, y, z0), self.at(x1, y, z1), self.at(x0, y, z1)]

    def wall(self, x: float, y0: float, y1: float, z0: float, z1: float) -> list[Point]:
        """An upright rectangle that runs away from the eye."""
        return [self.at(x, y0, z0), self.at(x, y1, z0), self.at(x, y1, z1), self.at(x, y0, z1)]


def view_down(scene: Scene, side: float = 0.0) -> Perspective:
    """Looking along the street; eyes 1.6 m above it and one metre a quarter of the picture's unit at 1 m."""
    c = scene.canvas
    return Perspective(scene.side_x(side), scene.horizon, 0.62 * c.u)


def depth_of(z: float, far: float) -> float:
    """Haze at `z` metres where all is lost at `far`."""
    return min(0.85, max(0.0, z / far)) ** 0.8 * 0.8


def facade(
    scene: Scene, view: Perspective, x: float, z0: float, z1: float, height: float, label: str, *, far: float = 60.0, shop: bool = True
) -> None:  # fmt: skip
    """A house front along the street: storeys of windows, lit ones where lamps are, a shop at its foot."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"facade {label}")
    depth = depth_of((z0 + z1) / 2, far)
    wall = _WALLS[int(rng.integers(len(_WALLS)))]
    lit_side = 1.0 if (x < 0) == (scene.light_side > 0) else 0.72
    paint = p.tone(wall, depth, lit_side)
    c.shape(view.wall(x, -1.6, height, z0, z1), (lighter(paint, 0.03), darker(paint, 0.22)))
    trim = p.tone(lighter(wall, 0.25), depth, lit_side)
    c.shape(view.wall(x, height, height + 0.25, z0 - 0.1, z1), p.ground(darker(wall, 0.3), depth))
    storeys, columns = max(1, int((height - 1.9) / 2.6)), max(2, round((z1 - z0) / 1.9))
    for storey in range(storeys):
        y = 2.5 + storey * 2.6
        c.polygon(view.wall(x, y - 0.5, y - 0.38, z0, z1), trim)
        for column in range(columns):
            a = z0 + (z1 - z0) * (column + 0.24) / columns
            b = z0 + (z1 - z0) * (column + 0.76) / columns
            _pane(scene, view.wall(x, y, y + 1.45, a, b), rng.random(), depth)
    if shop:
        _shopfront(scene, view, x, z0, z1, depth, rng)
    else:
        _back_door(scene, view, x, z0, z1, depth, rng)


def _back_door(scene: Scene, view: Perspective, x: float, z0: float, z1: float, depth: float, rng: np.random.Generator) -> None:
    """The foot of a wall in a lane: a door with a lamp above it, a low window, a pipe."""
    c, p = scene.canvas, scene.palette
    length = z1 - z0
    paint = (rgb("#5f3f36"), rgb("#3f5f5a"), rgb("#4f4a5f"), rgb("#6f5a3c"))[int(rng.integers(4))]
    a = z0 + length * jitter(rng, 0.16, 0.30)
    b = a + length * 0.24
    c.shape(view.wall(x, -1.6, 0.72, a - length * 0.03, b + length * 0.03), p.tone(rgb("#b5aa98"), depth))
    c.shape(view.wall(x, -1.6, 0.62, a, b), p.tone(paint, depth))
    _pane(scene, view.wall(x, -0.35, 0.75, z0 + length * 0.62, z0 + length * 0.84), rng.random(), depth)
    c.line([view.at(x, -1.6, z1 - length * 0.04), view.at(x, 6.0, z1 - length * 0.04)], p.tone(rgb("#4a4644"), depth), 0.07 * view.focal / z1)
    if rng.random() < 0.5 and p.lamps > 0.2:
        lx, ly = view.at(x * 0.96, 1.15, (a + b) / 2)
        c.glow(lx, ly, 1.1 * view.focal / a, LAMP, 0.6 * p.lamps)
        c.ellipse(lx, ly, 0.05 * view.focal / a, 0.05 * view.focal / a, (255, 240, 205))
        c.glow(*view.at(x * 0.8, -1.6, (a + b) / 2), 1.2 * view.focal / a, LAMP, 0.35 * p.lamps, tall=0.3)


def _pane(scene: Scene, corners: list[Point], draw: float, depth: float) -> None:
    c, p = scene.canvas, scene.palette
    lit = draw < p.lamps * 0.62
    glass = mix(mix(LAMP, (255, 170, 90), draw), p.haze, depth * 0.45) if lit else mix(p.tone(rgb("#42566a"), depth), p.sky[-1], 0.22)
    c.polygon(corners, glass)
    if lit and abs(corners[2][0] - corners[0][0]) > 0.02 * c.u:
        x, y = (corners[0][0] + corners[2][0]) / 2, (corners[0][1] + corners[2][1]) / 2
        c.glow(x, y, abs(corners[1][1] - corners[0][1]) * 1.5, LAMP, 0.22)


def _shopfront(scene: Scene, view: Perspective, x: float, z0: float, z1: float, depth: float, rng: np.random.Generator) -> None:
    c, p = scene.canvas, scene.palette
    gap = (z1 - z0) * 0.10
    awning, neon = _AWNINGS[int(rng.integers(len(_AWNINGS)))], _NEON[int(rng.integers(len(_NEON)))]
    open_late = rng.random() < 0.75
    lit = p.lamps > 0.4 and open_late
    glass = mix(mix(LAMP, (255, 236, 200), 0.35), p.haze, depth * 0.4) if lit else mix(p.tone(rgb("#34444f"), depth), p.sky[-1], 0.18)
    c.shape(view.wall(x, -1.5, 0.75, z0 + gap, z1 - gap), glass)
    middle = (z0 + z1) / 2
    frame = p.tone(rgb("#33291f"), depth)
    for z in (z0 + gap, middle - gap * 1.2, middle + gap * 1.2, z1 - gap):
        c.line([view.at(x, -1.5, z), view.at(x, 0.75, z)], frame, 0.06 * view.focal / z)
    inward = x - 0.85 if x > 0 else x + 0.85
    cloth = [view.at(x, 1.25, z0 + gap), view.at(x, 1.25, z1 - gap), view.at(inward, 0.72, z1 - gap), view.at(inward, 0.72, z0 + gap)]
    c.shape(cloth, p.ground(awning, depth, 0.95))
    for k in range(1, 6, 2):
        a, b = (z0 + gap + (z1 - z0 - 2 * gap) * (k + e) / 6 for e in (0, 1))
        c.polygon([view.at(x, 1.25, a), view.at(x, 1.25, b), view.at(inward, 0.72, b), view.at(inward, 0.72, a)], p.ground(rgb("#efe7d6"), depth, 0.95))
    if lit:
        foot = view.at(inward, -1.6, middle)
        c.glow(*foot, 1.9 * view.focal / middle, LAMP, 0.42 * (1 - depth), tall=0.28, power=1.4)
        _sign(scene, view, x, z0 + gap * 2, neon, depth, f"{x:.0f} {z0:.1f}")


def _sign(scene: Scene, view: Perspective, x: float, z: float, neon: RGB, depth: float, label: str) -> None:
    """An upright sign that stands out over the pavement; bars of light for its letters."""
    c = scene.canvas
    out = x - 0.75 if x > 0 else x + 0.75
    (ax, ay), (bx, by) = view.at(x * 0.985, 3.9, z), view.at(out, 1.9, z)
    c.rect(ax, ay, bx, by, darker(neon, 0.80))
    w, h = bx - ax, by - ay
    for k in range(3):
        _letter(scene, (ax + w * 0.20, ay + h * (0.08 + 0.30 * k), w * 0.60, h * 0.22), neon, f"{label} {k}")
    c.glow((ax + bx) / 2, (ay + by) / 2, abs(h) * 1.3, neon, 0.42 * (1 - depth))


def _letter(scene: Scene, box: tuple[float, float, float, float], neon: RGB, label: str) -> None:
    """A made-up character of a few strokes of light; it says nothing in any language."""
    c, rng = scene.canvas, scene.rng(f"letter {label}")
    x, y, w, h = box
    thick = max(1.0, abs(w) * 0.11)
    for t in rng.permutation(4)[: 2 + int(rng.integers(2))].tolist():
        c.line([(x, y + h * t / 3), (x + w, y + h * t / 3)], neon, thick)
    for t in rng.permutation(3)[: 1 + int(rng.integers(2))].tolist():
        c.line([(x + w * t / 2, y), (x + w * t / 2, y + h)], neon, thick)


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
    flipped = seen.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(small, BILINEAR).filter(ImageFilter.GaussianBlur(1.6))
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


def street(scene: Scene) -> None:
    """A town street: shop fronts on both sides, lamps, a crossing, lights mirrored in the wet."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    view = view_down(scene, 0.03)
    _far_end(scene, view)
    pavement(scene, view, 2.6, 0.10, rgb("#5a5c66"))
    for k in range(9):
        z = 3.2 * 1.32**k
        c.polygon(view.floor(-0.07, 0.07, z, z * 1.14, -1.6), p.ground(rgb("#e8e0c8"), depth_of(z, 50)))
    rng = scene.rng("street")
    edges = [34.0, 26.0, 20.0, 15.5, 12.0, 9.2, 6.8, 4.6, 2.4]
    for k, (z1, z0) in enumerate(zip(edges, edges[1:], strict=False)):
        for name, x in (("left", -5.2), ("right", 5.2)):
            facade(scene, view, x, z0, z1, jitter(rng, 5.5, 11.5), f"{name} {k}", far=55)
    if p.wet:
        mirrored(scene, view, 5.2, 0.42)
    for z in (22.0, 13.0, 7.6, 4.6):
        for side in (-1, 1):
            x, y = view.at(side * 3.5, -1.6, z)
            street_lamp(scene, x, y, 4.4 * view.focal / z, arm=-side, depth=depth_of(z, 55))
    c.fade((0, c.h * 0.80, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.42)
    scene.focus = (0.5 - 0.14 * scene.light_side, scene.level - 0.08)
    _lamps_light(scene)


def _lamps_light(scene: Scene) -> None:
    """At night it is the lamps that light the faces."""
    if scene.palette.lamps > 0.7:
        scene.key = mix(scene.palette.key, LAMP, 0.7)


def _far_end(scene: Scene, view: Perspective) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng("far end")
    for k in range(12):
        x = view.vx + (k - 6 + jitter(rng, -0.3, 0.3)) * 0.045 * c.u
        tall = jitter(rng, 0.05, 0.20) * c.u
        c.rect(x, view.vy - tall, x + 0.05 * c.u, view.vy + 4, p.tone(rgb("#6a7684"), 0.72 - 0.01 * k))
    if p.lamps > 0.3:
        c.glow(view.vx, view.vy, 0.24 * c.u, LAMP, 0.55 * p.lamps)


def alley(scene: Scene) -> None:
    """A narrow lane between high walls: lanterns, washing on lines, a strip of sky, wet flagstones."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    view = view_down(scene, 0.02)
    _far_end(scene, view)
    pavement(scene, view, 1.6, 0.05, rgb("#76706c"))
    seam = p.ground(rgb("#4c4846"), 0.08)
    for k in range(18):
        z = 1.6 * 1.19**k
        c.line([view.at(-1.6, -1.6, z), view.at(1.6, -1.6, z)], mix(seam, p.haze, depth_of(z, 30)), 0.05 * view.focal / z)
    rng = scene.rng("alley")
    edges = [22.0, 15.5, 11.0, 7.8, 5.4, 3.6, 2.1, 1.1]
    for k, (z1, z0) in enumerate(zip(edges, edges[1:], strict=False)):
        for name, x in (("left", -2.1), ("right", 2.1)):
            facade(scene, view, x, z0, z1, jitter(rng, 6.5, 10.5), f"{name} {k}", far=34, shop=k in (2, 5))
    if p.wet:
        mirrored(scene, view, 2.1, 0.45)
    for k, z in enumerate((12.0, 8.4, 6.0, 4.3)):
        _washing(scene, view, z, 3.6 + 0.5 * (k % 2), f"line {k}")
    for z, x in ((9.0, -1.6), (6.4, 1.6), (4.6, -1.55), (3.4, 1.5)):
        lantern(scene, *view.at(x, 1.35, z), 0.62 * view.focal / z)
    c.fade((0, c.h * 0.78, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.5)
    scene.focus = (0.5 + 0.1 * scene.light_side, scene.level - 0.08)
    _lamps_light(scene)


def _washing(scene: Scene, view: Perspective, z: float, y: float, label: str) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng(label)
    (ax, ay), (bx, by) = view.at(-2.1, y, z), view.at(2.1, y + jitter(rng, -0.3, 0.3), z)
    sag = 0.28 * view.focal / z
    points = [(ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t)) for t in np.linspace(0, 1, 13).tolist()]
    c.line(points, p.tone(rgb("#2c2a2c"), depth_of(z, 34)), 0.02 * view.focal / z)
    for k in (2, 4, 6, 8, 10):
        if rng.random() < 0.7:
            x, top = points[k]
            w, h = (0.24 * view.focal / z), jitter(rng, 0.4, 0.75) * view.focal / z
            cloth = (rgb("#e9e4da"), rgb("#b5483c"), rgb("#5d86a6"), rgb("#d8b25a"))[int(rng.integers(4))]
            c.polygon([(x - w, top), (x + w, top + w * 0.1), (x + w * 0.9, top + h), (x - w * 0.85, top + h * 0.95)], p.tone(cloth, depth_of(z, 34)))


def lantern(scene: Scene, x: float, y: float, size: float) -> None:
    """A red paper lantern, `size` pixels high, alight when lamps are."""
    c, p = scene.canvas, scene.palette
    lit = p.lamps > 0.25
    red = rgb("#ff5a3c") if lit else p.tone(rgb("#c23a30"))
    if lit:
        c.glow(x, y, size * 2.2, (255, 110, 60), 0.60 * p.lamps, power=2.2)
    c.line([(x, y - size * 0.9), (x, y - size * 0.45)], p.tone(rgb("#2c2020")), size * 0.04)
    c.ellipse(x, y, size * 0.46, size * 0.42, red)
    c.ellipse(x, y, size * 0.24, size * 0.42, mix(red, (255, 220, 140), 0.45 if lit else 0.1))
    gold = p.tone(rgb("#d9a441"), 0.0, 1.2 if lit else 1.0)
    for dy in (-0.42, 0.36):
        c.rect(x - size * 0.18, y + dy * size, x + size * 0.18, y + (dy + 0.07) * size, gold)
    c.line([(x, y + size * 0.43), (x, y + size * 0.75)], gold, size * 0.05)


def market(scene: Scene) -> None:
    """Two rows of stalls under striped cloth, heaps of fruit, strings of bulbs and lanterns across the lane."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    view = view_down(scene, 0.02)
    _far_end(scene, view)
    pavement(scene, view, 2.0, 0.02, rgb("#a08e7a"))
    edges = [22.0, 16.0, 11.8, 8.6, 6.2, 4.3, 2.8, 1.5]
    rng = scene.rng("market")
    for k, (z1, z0) in enumerate(zip(edges, edges[1:], strict=False)):
        for name, x in (("left", -5.6), ("right", 5.6)):
            if k < 5:
                facade(scene, view, x, z0, z1, jitter(rng, 4.0, 7.5), f"{name} {k}", far=45)
        for name, side in (("left", -1), ("right", 1)):
            _stall(scene, view, side, z0 + (z1 - z0) * 0.08, z1 - (z1 - z0) * 0.04, f"stall {name} {k}")
    if p.wet:
        mirrored(scene, view, 2.3, 0.40)
    for k, z in enumerate((13.0, 9.0, 6.2, 4.4)):
        _bulbs(scene, view, z, k)
    c.fade((0, c.h * 0.78, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.45)
    scene.focus = (0.5 - 0.16 * scene.light_side, scene.level)
    _lamps_light(scene)


def _stall(scene: Scene, view: Perspective, side: int, z0: float, z1: float, label: str) -> None:
    c, p, rng = scene.canvas, scene.palette, scene.rng(label)
    depth = depth_of((z0 + z1) / 2, 40)
    inner, outer = side * 2.3, side * 4.0
    cloth, pale = _AWNINGS[int(rng.integers(len(_AWNINGS)))], rgb("#f1e8d6")
    back = mix(p.tone(rgb("#4a3a30"), depth), LAMP, 0.30 * p.lamps)
    c.shape(view.wall(outer, -1.6, 0.9, z0, z1), back)
    c.shape([view.at(inner, -1.6, z0), view.at(outer, -1.6, z0), view.at(outer, -0.55, z0), view.at(inner, -0.55, z0)], p.tone(rgb("#5d4636"), depth))
    c.shape(view.wall(inner, -1.6, -0.55, z0, z1), (p.tone(rgb("#8a6a4c"), depth), p.tone(rgb("#4c3828"), depth)))
    c.shape(view.floor(inner, outer, z0, z1, -0.55), p.tone(rgb("#9a7a58"), depth))
    if p.lamps > 0.3:
        x, y = view.at((inner + outer) / 2, 0.4, (z0 + z1) / 2)
        c.glow(x, y, 1.7 * view.focal / z0, LAMP, 0.50 * p.lamps * (1 - depth))
    goods = (rgb("#d8503a"), rgb("#e6a23c"), rgb("#7fae4a"), rgb("#b23a5a"), rgb("#e8d27a"))
    light = 1.0 + 1.1 * p.lamps
    for k in range(4):
        z = z0 + (z1 - z0) * (k + 0.5) / 4
        x, y = view.at((inner * 0.75 + outer * 0.25), -0.52, z)
        r, shade = 0.30 * view.focal / z, p.tone(goods[int(rng.integers(5))], depth, light)
        c.ellipse(x, y, r, r * 0.55, darker(shade, 0.18))
        for j in range(5):
            c.ellipse(x + r * (0.36 * (j - 2)), y - r * (0.30 - 0.09 * abs(j - 2)), r * 0.26, r * 0.24, lighter(shade, 0.04 * j))
    for z in (z0, z1):
        c.line([view.at(inner, -1.6, z), view.at(inner, 0.95, z)], p.tone(rgb("#3c2f28"), depth), 0.07 * view.focal / z)
    stripes = 6
    for k in range(stripes):
        a, b = z0 + (z1 - z0) * k / stripes, z0 + (z1 - z0) * (k + 1) / stripes
        shade = p.ground(cloth if k % 2 else pale, depth, 1.0 + 0.25 * p.lamps)
        lip = side * 1.75
        c.polygon([view.at(outer, 1.75, a), view.at(outer, 1.75, b), view.at(lip, 0.95, b), view.at(lip, 0.95, a)], shade)
        c.polygon([view.at(lip, 0.95, a), view.at(lip, 0.95, b), view.at(lip, 0.70, (a + b) / 2)], darker(shade, 0.12))


def _bulbs(scene: Scene, view: Perspective, z: float, order: int) -> None:
    c, p = scene.canvas, scene.palette
    (ax, ay), (bx, by) = view.at(-2.6, 2.3, z), view.at(2.6, 2.3, z)
    sag, lit = 0.5 * view.focal / z, p.lamps > 0.2
    points = [(ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t)) for t in np.linspace(0, 1, 15).tolist()]
    c.line(points, p.tone(rgb("#2c2a2c"), 0.2), 0.02 * view.focal / z)
    r = 0.065 * view.focal / z
    for k, (x, y) in enumerate(points[1:-1]):
        if order % 2 and k % 4 == 2:
            lantern(scene, x, y + r * 5, r * 9)
            continue
        if lit:
            c.glow(x, y + r, r * 6, LAMP, 0.75 * p.lamps)
        c.ellipse(x, y + r, r, r * 1.2, (255, 240, 200) if lit else p.tone(rgb("#d8d2c0"), 0.1))


def station(scene: Scene) -> None:
    """A railway platform under its roof: columns, clock, a waiting train with lit windows."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.03 * c.u)
    s = scene.light_side
    view = view_down(scene, -0.06)
    _far_end(scene, view)
    stone = rgb("#a79f96")
    c.shape([(0, hz), (c.w, hz), (c.w, c.h), (0, c.h)], (p.ground(rgb("#6d675f"), 0.45), p.ground(rgb("#3c3834"), 0.0)))
    edge = -s * 1.2
    for x in (edge - s * 1.5, edge - s * 3.0):
        c.line([view.at(x, -2.4, 60), view.at(x, -2.4, 1.2)], p.tone(rgb("#b9b4ae"), 0.1), 0.006 * c.u)
    _train(scene, view, edge - s * 0.9, -s)
    c.shape(view.floor(edge, s * 9, 0.6, 200, -1.6), (p.ground(stone, 0.45), p.tone(darker(stone, 0.45), 0.0)))
    c.shape(view.floor(edge, edge + s * 0.35, 0.6, 200, -1.59), p.tone(rgb("#e0b63c"), 0.15))
    c.shape(view.wall(s * 5.2, -1.6, 3.2, 1.0, 60), (p.tone(rgb("#a8775c"), 0.12), p.tone(rgb("#5c4238"), 0.05)))
    for k in range(9):
        z = 1.9 * 1.42**k
        lit = p.lamps > 0.3
        glass = mix(LAMP, p.haze, depth_of(z, 50) * 0.5) if lit else mix(p.tone(rgb("#42566a"), 0.1), p.sky[-1], 0.25)
        c.shape(view.wall(s * 5.2, -1.3 if k % 3 == 1 else -0.4, 1.5, z, z * 1.2), glass)
    roof = [view.at(edge + s * 0.2, 3.1, 0.7), view.at(s * 5.2, 3.7, 0.7), view.at(s * 5.2, 3.7, 80), view.at(edge + s * 0.2, 3.1, 80)]
    c.shape(roof, (p.tone(rgb("#4a4e55"), 0.0, 0.8), p.tone(rgb("#6a6e75"), 0.4, 0.8)))
    for k in range(9, -1, -1):
        z = 2.2 * 1.36**k
        depth, iron = depth_of(z, 50), rgb("#3f6a62")
        x0, y0 = view.at(edge + s * 4.6, -1.6, z)
        x1, y1 = view.at(edge + s * 4.6, 3.5, z)
        w = 0.10 * view.focal / z
        c.rect(x0 - w, y1, x0 + w, y0, p.tone(iron, depth, 0.85))
        c.rect(x0 - w * 1.8, y0 - w * 3, x0 + w * 1.8, y0, p.tone(darker(iron, 0.2), depth))
        c.line([(x0, y1 + w * 9), view.at(edge + s * 3.2, 3.4, z)], p.tone(iron, depth, 0.85), w * 0.8)
        c.line([view.at(edge + s * 0.2, 3.1, z), view.at(s * 5.2, 3.7, z)], p.tone(darker(iron, 0.25), depth), w * 1.2)
        if k % 2:
            lx, ly = view.at(s * 2.6, 2.7, z)
            c.rect(lx - w * 4, ly - w * 0.5, lx + w * 4, ly + w * 0.5, (255, 244, 214) if p.lamps > 0.2 else p.tone(rgb("#dfe3e2"), depth))
            c.glow(lx, ly, 1.6 * view.focal / z, LAMP, 0.5 * p.lamps)
            c.glow(lx, view.at(0, -1.6, z)[1], 1.7 * view.focal / z, LAMP, 0.35 * p.lamps, tall=0.25)
    _clock(scene, *view.at(s * 1.9, 2.0, 5.0), 0.46 * view.focal / 5.0)
    if p.wet:
        mirrored(scene, view, 3.2, 0.25, centre=edge + s * 3.2)
    c.fade((0, c.h * 0.80, c.w, c.h), darker(p.ink, 0.1), 0.0, 0.42)
    scene.focus = (0.5 + 0.08 * s, scene.level - 0.08)
    _lamps_light(scene)


def _train(scene: Scene, view: Perspective, x: float, side: int) -> None:
    c, p = scene.canvas, scene.palette
    paint = rgb("#2f6f8a") if scene.rng("train").random() < 0.5 else rgb("#a8483c")
    c.shape(view.wall(x, -2.2, 1.9, 2.6, 60), (p.tone(lighter(paint, 0.1), 0.15), p.tone(darker(paint, 0.35), 0.1)))
    c.shape(view.wall(x, -0.75, -0.55, 2.6, 60), p.tone(rgb("#e9dfc6"), 0.12))
    lit = p.lamps > 0.2 or p.wet
    for k in range(16):
        z = 2.9 * 1.17**k
        depth = depth_of(z, 50)
        door = k % 5 == 3
        glass = mix(mix(LAMP, (255, 246, 220), 0.4), p.haze, depth * 0.4) if lit else mix(p.tone(rgb("#2c3c4a"), depth), p.sky[-1], 0.35)
        c.polygon(view.wall(x, -1.5 if door else -0.35, 1.1, z, z * 1.09), glass)
    (ax, ay), (bx, by) = view.at(x, 1.9, 2.6), view.at(x - 2.4 * -side, -2.2, 2.6)
    c.rect(ax, ay, bx, by, p.tone(darker(paint, 0.25), 0.03))
    w, h = bx - ax, by - ay
    c.rect(ax + w * 0.16, ay + h * 0.14, ax + w * 0.84, ay + h * 0.45, mix(LAMP, paint, 0.35) if lit else p.tone(rgb("#2c3c4a"), 0.05), 0.02 * c.u)
    for t in (0.2, 0.8):
        c.ellipse(ax + w * t, ay + h * 0.68, 0.016 * c.u, 0.016 * c.u, (255, 246, 214))
        c.glow(ax + w * t, ay + h * 0.68, 0.10 * c.u, (255, 240, 200), 0.4 + 0.4 * p.lamps)


def _clock(scene: Scene, x: float, y: float, r: float) -> None:
    c, p = scene.canvas, scene.palette
    dark = p.tone(rgb("#22262a"))
    c.line([(x, y - r * 3), (x, y)], dark, r * 0.12)
    c.ellipse(x, y, r * 1.12, r * 1.12, dark)
    c.ellipse(x, y, r, r, mix(p.tone(rgb("#f4efe2")), (255, 246, 224), 0.7 * p.lamps))
    c.line([(x, y), (x, y - r * 0.8)], dark, r * 0.10)
    c.line([(x, y), (x + r * 0.5, y + r * 0.22)], dark, r * 0.13)
