"""The camera: a still becomes a moving picture, each frame cut out of it at a sub-pixel place.

The still is decoded and converted once, at just the size that the move needs; a frame is three resizes of a box
with fractional edges. Boxes follow smooth functions of time, so the motion has no jitter by construction.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from clash.film.encoder import Frame, check_shape, planes_of, ycbcr
from clash.story.screenplay import Movement

Box = tuple[float, float, float, float]

_OVERSAMPLING = 1.2
"""Pixels of the still per pixel of the film at the closest zoom. More than one, or how sharp a frame is would
depend on where between two pixels it happens to fall, and fine texture would shimmer."""
_MARGIN = 0.006
"""Share of the still kept unseen on each side: the chroma planes are read a quarter pixel further left."""
_SHARPEN = ImageFilter.UnsharpMask(radius=1.0, percent=70, threshold=0)
"""Gives back what the resize of each frame takes (measured against a Lanczos resize of the same box)."""
_WORKERS = 2
_AHEAD = 6


@dataclass(frozen=True)
class View:
    """What the camera sees: `zoom` 1.0 is the whole still; the centre is in shares of the still's sides."""

    zoom: float
    x: float = 0.5
    y: float = 0.5


@dataclass(frozen=True)
class CameraMove:
    """A path of views from `start` to `end`, `eased` (smooth start and stop) or at even speed."""

    start: View
    end: View
    eased: bool = True

    @classmethod
    def of(cls, movement: Movement, seconds: float) -> CameraMove:
        """The move for a shot of this length: longer shots travel further, so that speed stays calm."""
        zoom = min(0.24, 0.05 + 0.03 * seconds)
        travel = min(0.18, 0.04 + 0.025 * seconds)
        drift = min(0.06, 0.01 + 0.008 * seconds)
        rest = 1 + 2 * _MARGIN + 0.005
        near, far = 0.5 + travel / 2, 0.5 - travel / 2
        closer = 1 / (1 - travel - 2 * _MARGIN)
        match movement:
            case "push_in":
                return cls(View(rest), View(rest + zoom, y=0.49))
            case "pull_out":
                return cls(View(rest + zoom, y=0.49), View(rest))
            case "pan_left":
                return cls(View(closer, x=near), View(closer, x=far))
            case "pan_right":
                return cls(View(closer, x=far), View(closer, x=near))
            case "tilt_up":
                return cls(View(closer, y=near), View(closer, y=far))
            case "tilt_down":
                return cls(View(closer, y=far), View(closer, y=near))
            case "static":
                aside = drift / 8
                return cls(View(rest + 0.02, x=0.5 - aside), View(rest + 0.02 + drift, x=0.5 + aside), eased=False)

    @property
    def closest(self) -> float:
        """The largest zoom on the way."""
        return max(self.start.zoom, self.end.zoom)

    def at(self, moment: float) -> View:
        """The view at `moment`, 0.0 (first frame) to 1.0 (last frame).

        Zoom grows by equal factors, not by equal steps: to the eye that is an even speed.
        """
        share = moment * moment * (3 - 2 * moment) if self.eased else moment
        zoom = self.start.zoom * (self.end.zoom / self.start.zoom) ** share
        return View(
            zoom,
            self.start.x + (self.end.x - self.start.x) * share,
            self.start.y + (self.end.y - self.start.y) * share,
        )

    def box(self, moment: float, width: int, height: int) -> Box:
        """The view's left, upper, right and lower edge in a still of this size, never outside of the margin."""
        view = self.at(moment)
        half_width, half_height = width / view.zoom / 2, height / view.zoom / 2
        x = _within(view.x * width, half_width + _MARGIN * width, width)
        y = _within(view.y * height, half_height + _MARGIN * height, height)
        return x - half_width, y - half_height, x + half_width, y + half_height


def frames(
    still: Image.Image, movement: Movement, *, count: int, width: int, height: int, fps: int = 24
) -> Iterator[Frame]:
    """`count` pictures of `width` x `height`, the still seen by a camera that makes `movement`, in order.

    A still of another shape is filled to the film's (its middle is kept). Only a few frames exist at a time. Raises
    `FilmError` when a side is odd.
    """
    check_shape(width, height, fps)
    move = CameraMove.of(movement, count / fps)
    negative = _Negative(still, width, height, move.closest)

    def shoot(number: int) -> Frame:
        moment = number / (count - 1) if count > 1 else 0.0
        return negative.frame(move.box(moment, *negative.size))

    return _in_order(shoot, count)


class _Negative:
    """The still, ready to be cut from: cropped to the film's shape, scaled, sharpened, in planes."""

    def __init__(self, still: Image.Image, width: int, height: int, closest: float) -> None:
        self._width, self._height = width, height
        scale = closest * _OVERSAMPLING
        self.size = (2 * math.ceil(width * scale / 2), 2 * math.ceil(height * scale / 2))
        shown = still.convert("RGB").resize(self.size, Image.Resampling.LANCZOS, box=_cover(still.size, width / height))
        luma, blue, red = ycbcr(shown)
        self._luma, self._blue, self._red = luma.filter(_SHARPEN), blue.reduce(2), red.reduce(2)

    def frame(self, box: Box) -> Frame:
        """One picture. H.264 takes a chroma sample to stand at the left of its two pixels, hence the shift."""
        width, height = self._width, self._height
        shift = (box[2] - box[0]) / width / 4
        half = (box[0] / 2 - shift, box[1] / 2, box[2] / 2 - shift, box[3] / 2)
        picture = np.empty((height * 3 // 2, width), np.uint8)
        luma, blue, red = planes_of(picture, width, height)
        luma[:] = np.asarray(self._luma.resize((width, height), Image.Resampling.BILINEAR, box))
        for plane, source in ((blue, self._blue), (red, self._red)):
            plane[:] = np.asarray(source.resize((width // 2, height // 2), Image.Resampling.BILINEAR, half))
        return picture


def _cover(size: tuple[int, int], shape: float) -> Box:
    """The largest box of this shape (width by height) in the middle of a picture."""
    width, height = size
    seen_width, seen_height = min(width, height * shape), min(height, width / shape)
    left, upper = (width - seen_width) / 2, (height - seen_height) / 2
    return left, upper, left + seen_width, upper + seen_height


def _within(centre: float, reach: float, side: float) -> float:
    return min(max(centre, reach), side - reach)


def _in_order(shoot: Callable[[int], Frame], count: int) -> Iterator[Frame]:
    """Frames are cut by a few threads (Pillow lets go of the interpreter's lock) but come in order."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="camera") as pool:
        ahead: deque[Future[Frame]] = deque()
        try:
            for number in range(count):
                ahead.append(pool.submit(shoot, number))
                if len(ahead) > _AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for frame in ahead:
                frame.cancel()
