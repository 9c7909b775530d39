"""Move a camera over a still: each frame is cut out of it at sub-pixel positions.

The still is decoded and converted once, at the size that the move needs; a frame is a box with fractional edges, cut
out of its three planes. Boxes follow smooth functions of time, so the motion cannot jitter.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from clash.film.cutting import Box, Planes
from clash.film.encoder import Frame, check_shape, planes_of, ycbcr
from clash.story.screenplay import Movement

_OVERSAMPLING = 1.104
"""Pixels of the still per pixel of the film at the closest zoom. With one or less, sharpness would depend on where a
frame falls between two pixels, and fine texture would shimmer. No ratio of small numbers, such as 1.1, is near it:
with one, few windows would fit a box (see `clash.film.cutting`)."""
_CHROMA_OFF_PX = 0.03
"""How far a chroma sample may lie from its place, in samples: the eye sees colours less sharply than their light."""
_MARGIN = 0.006
"""Share of the still that is never shown on each side: the chroma planes are read a quarter pixel further left."""
_RAMP_S = 1.5
_DRIFT_S = 8.0
_SHARPEN = ImageFilter.UnsharpMask(radius=0.8, percent=60, threshold=0)
"""Restores the sharpness that resizing costs each frame: within 5 % of a Lanczos resize of the whole still, 49 dB."""
_NEARER = 1.06
"""How much nearer the camera is in another take. It goes aside by what that leaves out, so it never meets the edge."""
_GOLDEN = math.pi * (3 - math.sqrt(5))
"""The golden angle, in radians: its multiples stay apart from each other."""
_WORKERS = 2
"""A frame takes as long to cut as to encode: with a second thread the encoder, which runs at the same time, never
waits."""
_AHEAD = 4


@dataclass(frozen=True)
class View:
    """What the camera shows: `zoom` 1.0 is the whole still; the centre is in shares of the still's sides."""

    zoom: float
    x: float = 0.5
    y: float = 0.5


@dataclass(frozen=True)
class CameraMove:
    """A path from `start` to `end` in `seconds`, with a smooth start and stop, and a drift that never stops.

    The drift moves the view around a small ellipse every few seconds, and zooms a little in and out, so that the
    picture never stops moving, however long the shot is. `sway` is the ellipse's half axes in shares of the still's
    sides, `breath` the share by which the zoom changes, `phase` where on the ellipse the view begins (radians).
    """

    start: View
    end: View
    seconds: float
    sway: float = 0.0045
    breath: float = 0.0
    phase: float = 0.0

    @classmethod
    def of(cls, movement: Movement, seconds: float) -> CameraMove:
        """Return the move for a shot of this length: the camera travels further in a longer shot, at a calm speed."""
        zoom = min(0.26, 0.05 + 0.03 * seconds)
        travel = min(0.18, 0.04 + 0.025 * seconds)
        edge = 2 * (_MARGIN + cls.sway)
        whole, closer = View(1 / (1 - edge)), 1 / (1 - edge - travel)
        close = View(whole.zoom + zoom, y=0.49)
        early, late = 0.5 - travel / 2, 0.5 + travel / 2
        match movement:
            case "push_in":
                return cls(whole, close, seconds)
            case "pull_out":
                return cls(close, whole, seconds)
            case "pan_left":
                return cls(View(closer, x=late), View(closer, x=early), seconds)
            case "pan_right":
                return cls(View(closer, x=early), View(closer, x=late), seconds)
            case "tilt_up":
                return cls(View(closer, y=late), View(closer, y=early), seconds)
            case "tilt_down":
                return cls(View(closer, y=early), View(closer, y=late), seconds)
            case "static":
                held = View(1.055)
                return cls(held, held, seconds, sway=0.006, breath=0.016)

    def take(self, number: int) -> CameraMove:
        """Return another take of the move: the same path, a little nearer and aside, with the drift elsewhere."""
        if number == 1:
            return self
        x, y = side_of_take(number)

        def moved(view: View) -> View:
            aside = 0.45 * (1 - 1 / _NEARER) / view.zoom
            return View(view.zoom * _NEARER, view.x + aside * x, view.y + aside * y)

        return replace(self, start=moved(self.start), end=moved(self.end), phase=_GOLDEN * (number - 1))

    @property
    def closest(self) -> float:
        """The largest zoom on the way."""
        return max(self.start.zoom, self.end.zoom) * (1 + self.breath)

    def at(self, second: float) -> View:
        """Return the view at a time of the shot. The zoom grows by equal factors, which looks like an even speed."""
        share = self._share(second)
        turn = self.phase + 2 * math.pi * second / _DRIFT_S
        zoom = self.start.zoom * (self.end.zoom / self.start.zoom) ** share
        return View(
            zoom * (1 + self.breath * math.sin(turn / 2)),
            self.start.x + (self.end.x - self.start.x) * share + self.sway * math.cos(turn),
            self.start.y + (self.end.y - self.start.y) * share + self.sway * math.sin(turn),
        )

    def box(self, second: float, width: int, height: int) -> Box:
        """Return the view's left, upper, right and lower edge in a still of this size, within the margin."""
        view = self.at(second)
        half_width, half_height = width / view.zoom / 2, height / view.zoom / 2
        x = _within(view.x * width, half_width + _MARGIN * width, width)
        y = _within(view.y * height, half_height + _MARGIN * height, height)
        return x - half_width, y - half_height, x + half_width, y + half_height

    def _share(self, second: float) -> float:
        """Return how much of the path is done: the speed rises evenly, stays, and falls evenly."""
        ramp = min(_RAMP_S, self.seconds / 2)
        if second < ramp:
            return second * second / (2 * ramp * (self.seconds - ramp))
        if second > self.seconds - ramp:
            return 1 - self._share(max(0.0, self.seconds - second))
        return (second - ramp / 2) / (self.seconds - ramp)


def side_of_take(number: int) -> tuple[float, float]:
    """Return where the camera is in this take, from -1 to 1 in both directions: a different place for each take."""
    return math.cos(_GOLDEN * (number - 1)), math.sin(_GOLDEN * (number - 1))


def frames(
    still: Image.Image, movement: Movement, *, count: int, width: int, height: int, fps: int, take: int = 1
) -> Iterator[Frame]:
    """Yield `count` pictures of `width` x `height`: the still as a camera with this `movement` shows it.

    Another `take` is the same movement in another framing.
    A still of another shape is cropped to the film's around its middle. Only a few frames exist at a time. Raises
    `FilmError` for an impossible size, such as one with an odd side.
    """
    check_shape(width, height, fps)
    move = CameraMove.of(movement, max(1, count - 1) / fps).take(take)
    prepared = _PreparedStill(still, width, height, move.closest)

    def draw(number: int) -> Frame:
        return prepared.frame(move.box(number / fps, *prepared.size))

    return _in_order(draw, count)


class _PreparedStill:
    """The still, prepared for cutting frames out of it: cropped to the film's shape, scaled, sharpened, in planes."""

    def __init__(self, still: Image.Image, width: int, height: int, closest: float) -> None:
        self._width, self._height = width, height
        scale = closest * _OVERSAMPLING
        self.size = (2 * math.ceil(width * scale / 2), 2 * math.ceil(height * scale / 2))
        plain = still if still.mode == "RGB" else still.convert("RGB")
        shown = plain.resize(self.size, Image.Resampling.LANCZOS, box=_cover(still.size, width / height))
        luma, blue, red = ycbcr(shown)
        del plain, shown
        self._luma = Planes([luma.filter(_SHARPEN)])
        self._chroma = Planes([blue.reduce(2), red.reduce(2)], _CHROMA_OFF_PX)

    def frame(self, box: Box) -> Frame:
        """Return one picture. H.264 places a chroma sample at the left of its two pixels, hence the shift."""
        width, height = self._width, self._height
        shift = min((box[2] - box[0]) / width / 4, box[0] / 2)
        half = (box[0] / 2 - shift, box[1] / 2, box[2] / 2 - shift, box[3] / 2)
        picture = np.empty((height * 3 // 2, width), np.uint8)
        luma, blue, red = planes_of(picture, width, height)
        self._luma.cut(box, [luma])
        self._chroma.cut(half, [blue, red])
        return picture


def _cover(size: tuple[int, int], shape: float) -> Box:
    """Return the largest box of this shape (width divided by height) in the middle of a picture."""
    width, height = size
    seen_width, seen_height = min(width, height * shape), min(height, width / shape)
    left, upper = (width - seen_width) / 2, (height - seen_height) / 2
    return left, upper, left + seen_width, upper + seen_height


def _within(centre: float, reach: float, side: float) -> float:
    return min(max(centre, reach), side - reach)


def _in_order(draw: Callable[[int], Frame], count: int) -> Iterator[Frame]:
    """Yield frames in order; another thread draws a few ahead (cutting releases the interpreter's lock)."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="camera") as pool:
        ahead: deque[Future[Frame]] = deque()
        try:
            for number in range(count):
                ahead.append(pool.submit(draw, number))
                if len(ahead) > _AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for frame in ahead:
                frame.cancel()
