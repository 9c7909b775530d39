"""Cut boxes with fractional edges out of planes, scaled: with libswscale, in half the time that Pillow takes.

libswscale makes whole pixels of whole pixels. But of the windows of whole pixels around a box, scaled to somewhat more
pixels than are wanted, there is nearly always one with the wanted pixels where the box has them, nearer than anybody
can see. Where there is none, Pillow cuts. Both weigh the pixels alike: the results differ by 57 dB, as little as
rounding makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from clash.film.encoder import Plane

Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge in pixels."""

OFF_PX = 0.015
"""How far a pixel of the result may lie from where the box has it, in pixels of the result."""
_MOST_MORE = 0.2
"""The largest share of pixels that are made and not wanted, on each axis; 10 % are, on average, of both together."""
_SCALE_SHARE = 0.8
"""The share of what is allowed that the scale may cost at the edges; the rest is for the place."""
_FLAGS = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_STEPS = 1 << 16
"""libswscale counts in such shares of a pixel how far it goes in the source for each pixel of the result."""


@dataclass(frozen=True)
class Span:
    """A window on one axis: `source` pixels from `first` on become `scaled` ones; those from `skipped` on are wanted.

    `first` may be negative, and the window may end behind the plane, by `_MOST_MORE` of its side.
    """

    first: int
    source: int
    scaled: int
    skipped: int


class Planes:
    """Planes of one size, out of which boxes are cut. Several threads can cut at once."""

    def __init__(self, images: Sequence[Image.Image], off_px: float = OFF_PX) -> None:
        """Prepare the planes of these pictures of mode L, for cuts that are as exact as `span_of` says."""
        self._images, self._off_px = images, off_px
        across, down = self._beside = tuple(round(side * _MOST_MORE) + 2 for side in images[0].size)
        self._padded = [_padded(image, across, down) for image in images]

    def cut(self, box: Box, targets: Sequence[Plane]) -> None:
        """Write what is in the box, scaled to the targets' size: from each plane into its target.

        The box lies within the planes, and has at least a pixel for each of the result.
        """
        height, width = targets[0].shape
        columns, rows = (span_of(box[axis], box[axis + 2], (width, height)[axis], self._off_px) for axis in (0, 1))
        if columns is None or rows is None:
            for image, target in zip(self._images, targets, strict=True):
                target[:] = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box))
            return
        reformatter = VideoReformatter()
        left, upper = columns.first + self._beside[0], rows.first + self._beside[1]
        for plane, target in zip(self._padded, targets, strict=True):
            window = av.VideoFrame.from_numpy_buffer(
                plane[upper : upper + rows.source, left : left + columns.source], "gray16le"
            )
            made = reformatter.reformat(
                window, columns.scaled, rows.scaled, "gray", interpolation=_FLAGS, threads=1
            ).planes[0]
            lines = np.frombuffer(cast(Any, made), np.uint8).reshape(made.height, made.line_size)
            target[:] = lines[rows.skipped : rows.skipped + height, columns.skipped : columns.skipped + width]


def span_of(low: float, high: float, count: int, off_px: float = OFF_PX) -> Span | None:
    """Return a window on one axis with `count` pixels from `low` to `high`; None where there is none.

    `off_px`: how far, in pixels of the result, each may lie from its place.
    """
    scale, middle = (high - low) / count, (low + high) / 2
    scaled, halves = _sizes(count)
    source = np.rint(scaled * scale)
    steps = np.floor((source * _STEPS + halves) / scaled) / _STEPS
    off = np.abs(steps - scale) * (count / 2)
    for size in np.flatnonzero(off < _SCALE_SHARE * off_px * scale).tolist():
        firsts = middle - (np.arange(size + 1) + count / 2) * steps[size]
        aside = np.abs(firsts - np.rint(firsts))
        skipped = int(aside.argmin())
        if aside[skipped] + off[size] < off_px * scale:
            return Span(round(float(firsts[skipped])), int(source[size]), count + size, skipped)
    return None


@lru_cache(maxsize=16)
def _sizes(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sizes to which a window may be scaled, and half of each, rounded down."""
    scaled = np.arange(count, count + int(count * _MOST_MORE) + 1)
    return scaled.astype(np.float64), (scaled // 2).astype(np.float64)


def _padded(image: Image.Image, across: int, down: int) -> NDArray[np.uint16]:
    """Return a plane with its edges repeated around it, in 16 bits: libswscale takes twice as long to read 8."""
    plane = np.asarray(image).astype(np.uint16)
    plane <<= np.uint16(8)
    return np.pad(plane, ((down, down), (across, across)), "edge")
