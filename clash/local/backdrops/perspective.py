"""One vanishing point, for whatever runs away from the eye."""

from __future__ import annotations

from dataclasses import dataclass

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.scene import Scene


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
