"""A canvas of flat shapes, soft lights and gradients, in pixels.

Every helper works on the smallest box that it changes, and soft things are made small and enlarged: this is
what keeps a picture of 2560 x 1440 below a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from clash.local.backdrops.palette import RGB

Point = tuple[float, float]
Points = Sequence[Point]
Box = tuple[int, int, int, int]

BILINEAR = Image.Resampling.BILINEAR
BICUBIC = Image.Resampling.BICUBIC


def smooth(points: Points, steps: int = 8) -> list[Point]:
    """A closed Catmull-Rom curve through the points, `steps` segments between two of them."""
    b = np.asarray(points, dtype=np.float64)
    a, c, e = np.roll(b, 1, 0), np.roll(b, -1, 0), np.roll(b, -2, 0)
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    b, c, a, e = b[:, None], c[:, None], a[:, None], e[:, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - e) * t**2 + (3 * b - 3 * c + e - a) * t**3)
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]


def placed(x: float, y: float, size: float, outline: Points) -> list[Point]:
    """An outline given in units of `size` pixels, rightward and downward from (x, y)."""
    return [(x + dx * size, y + dy * size) for dx, dy in outline]


@cache
def _round_light(power: float) -> Image.Image:
    """A disc of light, 255 in the middle and 0 at the rim."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    falloff = np.clip(1.0 - np.sqrt(x * x + y * y), 0.0, 1.0) ** power
    return Image.fromarray((falloff * 255).astype(np.uint8))


def gradient(stops: Sequence[RGB], height: int, width: int) -> NDArray[np.float64]:
    """A vertical gradient through `stops` as an array of height x width x 3."""
    at = np.linspace(0, 1, height)
    places = np.linspace(0, 1, len(stops))
    column = np.stack([np.interp(at, places, [stop[k] for stop in stops]) for k in range(3)], axis=-1)
    return np.repeat(column[:, None, :], width, axis=1)


class Canvas:
    """A picture being painted. `u` is the unit of size in pixels: the height, or less on upright pictures."""

    def __init__(self, width: int, height: int, colour: RGB = (0, 0, 0)) -> None:
        self.image = Image.new("RGB", (width, height), colour)
        self.draw = ImageDraw.Draw(self.image)
        self.w = width
        self.h = height
        self.u = min(float(height), (1.25 * width * height) ** 0.5)

    # -- hard shapes -------------------------------------------------------------------------------------

    def polygon(self, points: Points, colour: RGB) -> None:
        """A plain polygon; for small things, where a jagged edge is not seen."""
        self.draw.polygon(list(points), fill=colour)

    def rect(self, x0: float, y0: float, x1: float, y1: float, colour: RGB, radius: float = 0.0) -> None:
        """A rectangle, its corners in any order; rounded if `radius` (pixels) is at least one."""
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        radius = min(radius, (box[2] - box[0]) / 2 - 1, (box[3] - box[1]) / 2 - 1)
        if radius >= 1:
            self.draw.rounded_rectangle(box, radius, fill=colour)
        else:
            self.draw.rectangle(box, fill=colour)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, colour: RGB) -> None:
        """An ellipse by its middle and its two radii."""
        self.draw.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=colour)

    def line(self, points: Points, colour: RGB, width: float = 1.0) -> None:
        """A line through the points, at least one pixel wide."""
        self.draw.line(list(points), fill=colour, width=max(1, round(width)), joint="curve")

    def shape(self, points: Points, fill: RGB | tuple[RGB, RGB], alpha: float = 1.0) -> None:
        """A polygon with smooth edges, filled with one colour or with a gradient from its top to its bottom."""
        box = self._clip([p[0] for p in points], [p[1] for p in points], 2.0)
        if box is None:
            return
        x0, y0, x1, y1 = box
        mask = Image.new("L", ((x1 - x0) * 2, (y1 - y0) * 2), 0)
        corners = [((x - x0) * 2, (y - y0) * 2) for x, y in points]
        ImageDraw.Draw(mask).polygon(corners, fill=round(255 * alpha))
        mask = mask.reduce(2)
        if len(fill) == 2:
            heights = [p[1] for p in points]
            self.image.paste(self._column(*fill, min(heights), max(heights), box), (x0, y0), mask)
        else:
            self.image.paste(fill, (x0, y0), mask)

    def _column(self, top: RGB, bottom: RGB, start: float, end: float, box: Box) -> Image.Image:
        x0, y0, x1, y1 = box
        share = np.clip((np.arange(y0, y1) - start) / max(1.0, end - start), 0, 1)[:, None]
        column = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
        strip = np.repeat((column + 0.5).astype(np.uint8)[:, None, :], 2, axis=1)
        return Image.fromarray(strip).resize((x1 - x0, y1 - y0), Image.Resampling.NEAREST)

    # -- soft things -------------------------------------------------------------------------------------

    def glow(
        self,
        cx: float,
        cy: float,
        radius: float,
        colour: RGB,
        alpha: float = 1.0,
        *,
        tall: float = 1.0,
        power: float = 2.0,
    ) -> None:
        """A round light of `radius` pixels (times `tall` in height); the higher `power`, the smaller its heart."""
        ry = radius * tall
        box = self._clip((cx - radius, cx + radius), (cy - ry, cy + ry))
        if box is None or alpha <= 0:
            return
        light = _round_light(power)
        kx, ky = light.width / (2 * radius), light.height / (2 * ry)
        part = (
            max(0.0, (box[0] - cx + radius) * kx),
            max(0.0, (box[1] - cy + ry) * ky),
            min(float(light.width), (box[2] - cx + radius) * kx),
            min(float(light.height), (box[3] - cy + ry) * ky),
        )
        if part[2] - part[0] < 0.01 or part[3] - part[1] < 0.01:
            return
        mask = light.resize((box[2] - box[0], box[3] - box[1]), BILINEAR, box=part)
        self._through(colour, mask, box, alpha)

    def fade(
        self,
        box: tuple[float, float, float, float],
        colour: RGB,
        start: float,
        end: float,
        along: Literal["x", "y"] = "y",
    ) -> None:
        """A veil of colour over the box whose strength runs from `start` to `end`, downward or rightward."""
        x0, y0, x1, y1 = (round(v) for v in box)
        clipped = self._clip((x0, x1), (y0, y1))
        if clipped is None:
            return
        cx0, cy0, cx1, cy1 = clipped
        low, length = (x0, x1 - x0) if along == "x" else (y0, y1 - y0)
        at = (np.arange(cx0, cx1) if along == "x" else np.arange(cy0, cy1)) - low
        ramp = np.clip(255 * (start + (end - start) * at / max(1, length)), 0, 255).astype(np.uint8)
        strip = np.repeat(ramp[None, :] if along == "x" else ramp[:, None], 2, axis=0 if along == "x" else 1)
        mask = Image.fromarray(strip).resize((cx1 - cx0, cy1 - cy0), Image.Resampling.NEAREST)
        self.image.paste(colour, clipped, mask)

    def soft(self, shapes: Iterable[Points], colour: RGB, alpha: float, blur: float) -> None:
        """Polygons with edges blurred by `blur` pixels, as one veil of colour."""
        listed = [list(points) for points in shapes]
        if not listed:
            return
        box = self._clip([p[0] for s in listed for p in s], [p[1] for s in listed for p in s], blur * 2.5)
        if box is None:
            return
        k = max(1.0, min(16.0, blur / 2.5))
        size = max(1, round((box[2] - box[0]) / k)), max(1, round((box[3] - box[1]) / k))
        mask = Image.new("L", size, 0)
        draw = ImageDraw.Draw(mask)
        for points in listed:
            draw.polygon([((x - box[0]) / k, (y - box[1]) / k) for x, y in points], fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(blur / k)).resize((box[2] - box[0], box[3] - box[1]), BILINEAR)
        self._through(colour, mask, box, alpha)

    def paste(self, picture: Image.Image, x: float, y: float, mask: Image.Image | None = None) -> None:
        """Another picture, its upper left corner at (x, y)."""
        self.image.paste(picture, (round(x), round(y)), mask)

    def restore(self, before: Image.Image, outline: Points) -> None:
        """Lays an earlier state of the picture (a copy of `image`) back over the outline."""
        box = self._clip([q[0] for q in outline], [q[1] for q in outline], 2.0)
        if box is None:
            return
        mask = Image.new("L", ((box[2] - box[0]) * 2, (box[3] - box[1]) * 2), 0)
        ImageDraw.Draw(mask).polygon([((x - box[0]) * 2, (y - box[1]) * 2) for x, y in outline], fill=255)
        self.image.paste(before.crop(box), (box[0], box[1]), mask.reduce(2))

    def _through(self, colour: RGB, mask: Image.Image, box: Box, alpha: float) -> None:
        if alpha < 1.0:
            mask = mask.point([round(v * alpha) for v in range(256)])
        self.image.paste(colour, box, mask)

    def _clip(self, xs: Iterable[float], ys: Iterable[float], margin: float = 0.0) -> Box | None:
        xs, ys = list(xs), list(ys)
        x0, y0 = max(0, int(min(xs) - margin)), max(0, int(min(ys) - margin))
        x1, y1 = min(self.w, int(max(xs) + margin) + 1), min(self.h, int(max(ys) + margin) + 1)
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
