"""Paper lanterns."""

from __future__ import annotations

from clash.local.backdrops.palette import mix, rgb
from clash.local.backdrops.scene import Scene


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
