"""The camera that looks at a painted place: how near, how high, how tilted, how sharp."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageFilter

from clash.local.backdrops.canvas import BICUBIC, BILINEAR, Point
from clash.story.screenplay import Angle, ShotSize

# How much nearer than the whole place, and the blur of the background as a share of the picture's height.
_SIZES: dict[ShotSize, tuple[float, float]] = {
    "extreme_wide": (1.0, 0.0),
    "wide": (1.06, 0.0),
    "full": (1.25, 0.0),
    "medium_wide": (1.45, 0.0010),
    "medium": (1.75, 0.0026),
    "medium_close_up": (2.1, 0.0052),
    "close_up": (2.6, 0.0110),
    "extreme_close_up": (3.3, 0.0150),
    "insert": (3.0, 0.0130),
}
_FEET_IN_FRAME: frozenset[ShotSize] = frozenset({"extreme_wide", "wide", "full"})

# The eye level as a share of the height, in the open and within walls.
_LEVELS: dict[Angle, tuple[float, float]] = {
    "eye_level": (0.60, 0.50),
    "over_shoulder": (0.60, 0.50),
    "pov": (0.58, 0.49),
    "dutch": (0.60, 0.50),
    "low": (0.755, 0.655),
    "high": (0.43, 0.36),
    "overhead": (0.31, 0.27),
}
_ROLL = 5.0  # degrees
_CONVERGENCE = 0.07  # how much narrower the far edge is when the camera looks up or down


@dataclass(frozen=True)
class Camera:
    """A framing. `level` is where the painter puts the eye level; the rest is done to the painted plate."""

    size: ShotSize
    angle: Angle
    inside: bool

    @property
    def level(self) -> float:
        """The eye level of the plate as a share of its height."""
        outside, inside = _LEVELS[self.angle]
        if self.inside:
            return inside
        return outside + (0.04 if self.size == "extreme_wide" and self.angle in ("eye_level", "pov") else 0.0)

    @property
    def blur(self) -> float:
        """The blur of the background as a share of the picture's height."""
        return _SIZES[self.size][1]

    @property
    def converging(self) -> float:
        """Above 0 the verticals draw together upward (looking up), below 0 downward."""
        return {"low": _CONVERGENCE, "high": -_CONVERGENCE, "overhead": -_CONVERGENCE * 1.3}.get(self.angle, 0.0)

    def zoom(self, width: int, height: int) -> float:
        """How many times the frame goes into the plate; more where a tilt would show empty corners."""
        zoom = _SIZES[self.size][0] * (1.0 + abs(self.converging))
        if self.angle == "dutch":
            turn = math.radians(_ROLL)
            zoom = max(zoom, math.cos(turn) + math.sin(turn) * max(width / height, height / width) + 0.008)
        return zoom

    def plate_size(self, width: int, height: int) -> tuple[int, int]:
        """The plate for a frame of width x height: finer than it for smooth edges, coarser where all is blurred."""
        fine = min(2.0, max(1.0, 2640 / max(width, height)))
        if self.blur > 0:
            enough = 1.6 * self.zoom(width, height) / max(0.5, self.blur * height)
            fine = min(fine, max(0.38, enough))
        return max(32, round(width * fine)), max(32, round(height * fine))

    def look(
        self, plate: Image.Image, focus: Point, ground: float, width: int, height: int
    ) -> tuple[Image.Image, float]:
        """The frame, and the place of `ground` in it as a share of its height (above 1: below the frame)."""
        zoom = self.zoom(width, height)
        half = 0.5 / zoom
        reach_x, reach_y = self._reach(half, width, height)
        cx = min(1 - reach_x, max(reach_x, 0.5 + (focus[0] - 0.5) * 0.55 * min(1.0, zoom - 1.0)))
        cy = 1 - half if self.size in _FEET_IN_FRAME else self.level + (focus[1] - self.level) * 0.5
        cy = min(1 - reach_y, max(reach_y, cy))
        coarse = self._coarse(height)
        small = max(16, round(width / coarse)), max(16, round(height / coarse))
        frame = self._cut(plate, (cx, cy), half, small)
        if self.blur > 0:
            frame = frame.filter(ImageFilter.GaussianBlur(self.blur * height / coarse))
        if frame.size != (width, height):  # blurred, or smaller than anything is painted
            frame = frame.resize((width, height), BICUBIC)
        return frame, (ground - (cy - half)) / (2 * half)

    def _reach(self, half: float, width: int, height: int) -> tuple[float, float]:
        """How far the frame reaches from its middle, as shares of the plate; a turned frame reaches further."""
        if self.angle != "dutch":
            return half, half
        cos, sin = math.cos(math.radians(_ROLL)), math.sin(math.radians(_ROLL))
        return half * (cos + sin * height / width) + 0.002, half * (cos + sin * width / height) + 0.002

    def _coarse(self, height: int) -> float:
        pixels = self.blur * height
        return 1.0 if pixels < 1.2 else min(8.0, pixels / 1.2)

    def _cut(self, plate: Image.Image, middle: Point, half: float, size: tuple[int, int]) -> Image.Image:
        (cx, cy), (w, h) = middle, plate.size
        if self.angle != "dutch" and self.converging == 0.0:
            box = ((cx - half) * w, (cy - half) * h, (cx + half) * w, (cy + half) * h)
            box = (max(0.0, box[0]), max(0.0, box[1]), min(float(w), box[2]), min(float(h), box[3]))
            return plate.resize(size, Image.Resampling.HAMMING, box=box)
        corners = self._corners((cx * w, cy * h), half * w, half * h, (w, h))
        finer = 2 if 2 * half * w > 1.5 * size[0] else 1  # a turned cut does not average by itself
        flat = [value for corner in corners for value in corner]
        cut = plate.transform((size[0] * finer, size[1] * finer), Image.Transform.QUAD, flat, BILINEAR)
        return cut.reduce(finer) if finer > 1 else cut

    def _corners(self, middle: Point, half_w: float, half_h: float, plate: tuple[int, int]) -> list[Point]:
        """The corners of the frame on the plate: upper left, lower left, lower right, upper right."""
        cx, cy = middle
        if self.angle == "dutch":
            turn = math.radians(_ROLL)
            cos, sin = math.cos(turn), math.sin(turn)
            around = ((-half_w, -half_h), (-half_w, half_h), (half_w, half_h), (half_w, -half_h))
            return [(cx + x * cos - y * sin, cy + x * sin + y * cos) for x, y in around]
        more = abs(self.converging) * half_w
        top, bottom = (half_w + more, half_w) if self.converging > 0 else (half_w, half_w + more)
        cx = min(max(cx, half_w + more), plate[0] - half_w - more)
        return [
            (cx - top, cy - half_h),
            (cx - bottom, cy + half_h),
            (cx + bottom, cy + half_h),
            (cx + top, cy - half_h),
        ]
