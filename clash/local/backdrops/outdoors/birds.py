"""Birds over the sea."""

from __future__ import annotations

from collections.abc import Callable

from clash.local.backdrops.palette import mix, rgb
from clash.local.backdrops.scene import Scene, jitter


def gulls(scene: Scene, across: Callable[[float], float]) -> None:
    """Draw five gulls over the sea by day; `across` maps a share of the open sky (0 to 1) to pixels."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("gulls")
    if p.time == "night" or p.weather in ("storm", "snow", "fog"):
        return
    white = p.tone(rgb("#f7f5ee"), 0.08) if p.time == "day" else mix(p.ink, p.haze, 0.35)
    for _ in range(5):
        x, y = across(jitter(rng, 0.02, 0.62)), scene.horizon - c.u * jitter(rng, 0.05, 0.24)
        w, tilt = c.u * jitter(rng, 0.010, 0.020), jitter(rng, -0.25, 0.25)
        for s in (-1, 1):
            c.shape(
                [
                    (x, y),
                    (x + s * w * 0.5, y - w * (0.42 + s * tilt)),
                    (x + s * w, y - w * (0.12 + s * tilt)),
                    (x + s * w * 0.45, y - w * (0.22 + s * tilt)),
                ],
                white,
            )
