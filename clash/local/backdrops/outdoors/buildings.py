"""Houses, their windows, and the lamps before them."""

from __future__ import annotations

from clash.local.backdrops.palette import LAMP, RGB, darker, mix, rgb
from clash.local.backdrops.scene import Scene, jitter


def house(
    scene: Scene,
    x: float,
    base: float,
    width: float,
    height: float,
    label: str,
    *,
    wall: RGB,
    roof: RGB,
    depth: float = 0.0,
    gable: bool = False,
) -> None:
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
