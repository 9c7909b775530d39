"""A canvas for flat vector shapes with clean edges: polygons drawn large, shaded, then scaled down.

Shapes are given in figure space: the unit is one head (chin to crown), x to the right, y down. Colours are RGB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
Points = list[Point]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
_BAND_ROWS = 64
"""Rows of a layer that are scaled down at a time."""


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` (0 to 1) of the way from `a` to `b`.

    >>> mix((0, 0, 0), (200, 100, 50), 0.5)
    (100, 50, 25)
    """
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """Towards a cool dark, as a shadow side looks."""
    return mix(colour, (18, 12, 38), share)


def lighter(colour: Colour, share: float = 0.2) -> Colour:
    """Towards a warm white."""
    return mix(colour, (255, 250, 238), share)


def luminance(colour: Colour) -> float:
    """Perceived brightness, 0 to 1."""
    red, green, blue = colour
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 8) -> Points:
    """A Catmull-Rom curve through `points`. A point given twice in a row makes a corner."""
    given = np.asarray(points, dtype=float)
    if len(given) < 3:
        return [(float(x), float(y)) for x, y in given]
    if closed:
        before, after, beyond = (np.roll(given, shift, axis=0) for shift in (1, -1, -2))
        here = given
    else:
        padded = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
        before, here, after, beyond = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    before, here, after, beyond = (p[:, None, :] for p in (before, here, after, beyond))
    curve = 0.5 * (
        2 * here
        + (after - before) * t
        + (2 * before - 5 * here + 4 * after - beyond) * t**2
        + (3 * here - before - 3 * after + beyond) * t**3
    )
    corner = np.all(here == after, axis=2)
    curve = np.where(corner[:, :, None], here, curve)
    path = curve.reshape(-1, 2)
    if not closed:
        path = np.vstack([path, given[-1]])
    return [(float(x), float(y)) for x, y in path]


def ellipse(cx: float, cy: float, rx: float, ry: float, *, tilt: float = 0.0, steps: int = 44) -> Points:
    """An ellipse; `tilt` turns it (radians, clockwise on the screen)."""
    angles = np.linspace(0, 2 * math.pi, steps, endpoint=False)
    x, y = rx * np.cos(angles), ry * np.sin(angles)
    cos, sin = math.cos(tilt), math.sin(tilt)
    return [(float(cx + a * cos - b * sin), float(cy + a * sin + b * cos)) for a, b in zip(x, y, strict=True)]


def rounded(cx: float, cy: float, rx: float, ry: float, corner: float) -> Points:
    """A rectangle with round corners."""
    points: Points = []
    corners: Sequence[tuple[float, float, float]] = (
        (cx + rx - corner, cy - ry + corner, -math.pi / 2),
        (cx + rx - corner, cy + ry - corner, 0.0),
        (cx - rx + corner, cy + ry - corner, math.pi / 2),
        (cx - rx + corner, cy - ry + corner, math.pi),
    )
    for x, y, start in corners:
        for step in range(9):
            angle = start + step * math.pi / 16
            points.append((x + corner * math.cos(angle), y + corner * math.sin(angle)))
    return points


def tube(spine: Sequence[Point], radii: Sequence[float], *, steps: int = 8) -> Points:
    """The outline of a limb: a smooth line through `spine`, as thick as `radii` at each point, with round ends."""
    count = len(spine)
    if count == 2:
        middle = ((spine[0][0] + spine[1][0]) / 2, (spine[0][1] + spine[1][1]) / 2)
        spine, radii, count = [spine[0], middle, spine[1]], [radii[0], (radii[0] + radii[1]) / 2, radii[1]], 3
    path = np.asarray(smooth(spine, closed=False, steps=steps))
    width = np.interp(np.linspace(0, count - 1, len(path)), np.arange(count), np.asarray(radii))
    direction = np.gradient(path, axis=0)
    length = np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-9)[:, None]
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1) / length
    left, right = path + normal * width[:, None], path - normal * width[:, None]
    end = _round_end(path[-1], direction[-1], float(width[-1]))
    start = _round_end(path[0], -direction[0], float(width[0]))
    outline = np.vstack([left, end, right[::-1], start])
    return [(float(x), float(y)) for x, y in outline]


def _round_end(at: NDArray[np.float64], direction: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Half a circle around the end of a tube, from its left side to its right side."""
    facing = math.atan2(direction[1], direction[0])
    angles = facing + np.linspace(math.pi / 2, -math.pi / 2, 9)
    return np.stack([at[0] + radius * np.cos(angles), at[1] + radius * np.sin(angles)], axis=1)


def ring(points: Sequence[Point], radius: float) -> Points:
    """A closed line along `points`, `radius` thick to each side."""
    path = np.asarray(points, dtype=float)
    direction = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    length = np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-9)[:, None]
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1) / length * radius
    outer, inner = path + normal, path - normal
    outline = np.vstack([outer, outer[:1], inner[:1], inner[::-1]])
    return [(float(x), float(y)) for x, y in outline]


def moved(points: Sequence[Point], dx: float, dy: float) -> Points:
    """The shape, moved."""
    return [(x + dx, y + dy) for x, y in points]


def mirrored(points: Sequence[Point]) -> Points:
    """The shape, left and right exchanged about x = 0."""
    return [(-x, y) for x, y in reversed(points)]


class Canvas:
    """Draws shapes of figure space on a layer of `width` x `height` pixels, `sampling` times as large inside.

    `origin` is the pixel (x, y) of the figure's zero and `unit` the pixels of one head. `warp` bends figure space
    before that (perspective). What is drawn by `fill` becomes part of the silhouette; `within` and `shade` only
    colour what is there.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        origin: Point,
        unit: float,
        light: float = -1.0,
        sampling: int = 2,
        warp: Callable[[Point], Point] | None = None,
    ) -> None:
        self.sampling = sampling
        self.unit = unit
        self.light = light
        self._scale = unit * sampling
        self._origin = (origin[0] * sampling, origin[1] * sampling)
        self._warp = warp
        self.glows: list[tuple[float, float, float]] = []
        """Lights that were drawn: x, y and radius in pixels of the layer."""
        self._shift: Point = (0.0, 0.0)
        self._turn: Point = (1.0, 0.0)
        size = (width * sampling, height * sampling)
        self._image = Image.new("RGB", size)
        self._mask = Image.new("L", size)
        self._draw = ImageDraw.Draw(self._image, "RGBA")
        self._mask_draw = ImageDraw.Draw(self._mask)

    def at(self, dx: float, dy: float, *, tilt: float = 0.0, scale: float = 1.0) -> None:
        """From now on shapes are given about the point (dx, dy), turned by `tilt` (radians, clockwise)."""
        self._shift = (dx, dy)
        self._turn = (scale * math.cos(tilt), scale * math.sin(tilt))

    def fine(self, pixels: float = 70) -> bool:
        """Whether a head is at least `pixels` tall, so that small details can be seen."""
        return self.unit >= pixels

    def fill(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """A flat shape. A shape that is seen through (`alpha` < 1) does not widen the silhouette."""
        path = self._pixels(points)
        if alpha >= 1:
            self._draw.polygon(path, fill=colour)
            self._mask_draw.polygon(path, fill=255)
        else:
            self._draw.polygon(path, fill=(*colour, round(255 * alpha)))

    def within(self, region: Sequence[Point], points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """A shape cut off where it leaves `region`."""
        self._paste([region], [points], colour, alpha, inside=True)

    def shade(
        self, region: Sequence[Point], colour: Colour, depth: float, alpha: float = 1.0, *, drop: float = 0.0
    ) -> None:
        """The side of `region` turned away from the light: `depth` heads wide; `drop` leaves more below."""
        self._paste([region], [moved(region, self.light * depth, -drop)], colour, alpha, inside=False)

    def form(
        self,
        points: Sequence[Point],
        colour: Colour,
        *,
        depth: float,
        shade: float = 0.3,
        drop: float = 0.0,
    ) -> None:
        """A flat shape with its shadow side."""
        self.fill(points, colour)
        self.shade(points, darker(colour, shade), depth, drop=drop)

    def form_of(self, parts: Sequence[Points], colour: Colour, *, depth: float, shade: float = 0.3) -> None:
        """One form made of several shapes (a bent limb), without seams between them."""
        for part in parts:
            self.fill(part, colour)
        self._paste(
            parts,
            [moved(part, self.light * depth, 0.0) for part in parts],
            darker(colour, shade),
            1.0,
            inside=False,
        )

    def shadow_on(self, region: Sequence[Point], parts: Sequence[Points], colour: Colour, alpha: float) -> None:
        """The shadow that several shapes together throw on `region`."""
        self._paste([region], parts, colour, alpha, inside=True)

    def glow(self, x: float, y: float, radius: float) -> None:
        """Says that a light is about (x, y), `radius` in heads; who puts the layer into a picture lights it."""
        (px, py), (qx, qy) = self._pixels([(x, y), (x + radius, y)])
        self.glows.append((px / self.sampling, py / self.sampling, math.hypot(qx - px, qy - py) / self.sampling))

    def layer(self) -> Image.Image:
        """What was drawn, RGBA, at the layer's own size."""
        width, height = (side // self.sampling for side in self._image.size)
        layer = Image.new("RGBA", (width, height))
        left, upper, right, lower = (side // self.sampling for side in self._mask.getbbox() or (0, 0, 0, 0))
        right, lower = min(right + 1, width), min(lower + 1, height)
        for top in range(upper, lower, _BAND_ROWS):  # a whole copy is larger than all else that is drawn
            box = (left, top, right, min(top + _BAND_ROWS, lower))
            samples = (box[0] * self.sampling, box[1] * self.sampling, box[2] * self.sampling, box[3] * self.sampling)
            part = self._image.crop(samples)
            part.putalpha(self._mask.crop(samples))
            layer.paste(part.reduce(self.sampling) if self.sampling > 1 else part, box[:2])
        return layer

    def release(self) -> None:
        """Free the memory of what was drawn; nothing can be drawn afterwards."""
        self._image, self._mask = Image.new("RGB", (0, 0)), Image.new("L", (0, 0))
        self._draw, self._mask_draw = ImageDraw.Draw(self._image, "RGBA"), ImageDraw.Draw(self._mask)

    def _paste(
        self,
        regions: Sequence[Sequence[Point]],
        shapes: Sequence[Sequence[Point]],
        colour: Colour,
        alpha: float,
        *,
        inside: bool,
    ) -> None:
        """Colours what is in any of `regions` and, as `inside` says, in any of `shapes` or in none."""
        outlines = [self._pixels(region) for region in regions]
        paths = [self._pixels(shape) for shape in shapes]
        box = self._box(outlines, paths if inside else outlines)
        if box is None:
            return
        area = _stencil(outlines, box, round(255 * alpha))
        area.paste(0, None, _stencil(paths, box, 0, around=255) if inside else _stencil(paths, box, 255))
        self._image.paste(colour, box[:2], area)

    def _box(self, first: Sequence[Points], second: Sequence[Points]) -> tuple[int, int, int, int] | None:
        """The pixels in which both can meet."""
        one, two = _bounds(first), _bounds(second)
        width, height = self._image.size
        left, top = max(0, math.floor(max(one[0], two[0]))), max(0, math.floor(max(one[1], two[1])))
        right = min(width, math.ceil(min(one[2], two[2])) + 1)
        bottom = min(height, math.ceil(min(one[3], two[3])) + 1)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _pixels(self, points: Sequence[Point]) -> Points:
        (dx, dy), (cos, sin), (ox, oy), scale = self._shift, self._turn, self._origin, self._scale
        placed = [(x * cos - y * sin + dx, x * sin + y * cos + dy) for x, y in points]
        if self._warp is not None:
            placed = [self._warp(point) for point in placed]
        return [(ox + x * scale, oy + y * scale) for x, y in placed]


def _bounds(paths: Sequence[Points]) -> tuple[float, float, float, float]:
    xs, ys = [x for path in paths for x, _ in path], [y for path in paths for _, y in path]
    return min(xs), min(ys), max(xs), max(ys)


def _stencil(paths: Sequence[Points], box: tuple[int, int, int, int], level: int, *, around: int = 0) -> Image.Image:
    """A mask of the pixels of `box`, at `level` where any of `paths` is, at `around` elsewhere."""
    left, top, right, bottom = box
    mask = Image.new("L", (right - left, bottom - top), around)
    draw = ImageDraw.Draw(mask)
    for path in paths:
        draw.polygon([(x - left, y - top) for x, y in path], fill=level)
    return mask
