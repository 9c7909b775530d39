"""What is laid over a clip when the film is cut: captions, words on the screen, the slate, fades and dissolves.

The clips themselves stay clean: they carry no lettering and no transition, so that an editor can use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from clash.film.captions import Words, lay_over
from clash.film.encoder import Frame

_BLACK_Y, _GREY = 16, 128


@dataclass(frozen=True)
class Treatment:
    """What is laid over a clip. Lengths are in frames of the film.

    `fade_in` and `fade_out` are from and to black. In the first `dissolve_in` frames the clip is mixed with the last
    frame of the clip before it, in the last `dissolve_out` frames with the first frame of the next: a dissolve of twice
    that length lies half on each side of the cut, and no clip gets longer or shorter. `is_needed`: False if a film
    is as well without it where it would have other clips encoded again.
    """

    words: tuple[Words, ...] = ()
    on_screen: str = ""
    slate: str = ""
    fade_in: int = 0
    fade_out: int = 0
    dissolve_in: int = 0
    dissolve_out: int = 0
    is_needed: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is laid over."""
        return not (self.is_lettered or self.fade_in or self.fade_out or self.mixes)

    @property
    def is_lettered(self) -> bool:
        """Whether any words or the slate are laid over."""
        return bool(self.words or self.on_screen or self.slate)

    @property
    def mixes(self) -> bool:
        """Whether the clip is mixed with a neighbour."""
        return bool(self.dissolve_in or self.dissolve_out)

    def span(self, count: int) -> tuple[int, int]:
        """Return the first frame that it changes of a clip of `count` frames, and the one after the last."""
        head, tail = max(self.fade_in, self.dissolve_in), max(self.fade_out, self.dissolve_out)
        if self.is_lettered or not (head or tail):
            return 0, count
        return (0 if head else max(0, count - tail)), (count if tail else min(head, count))


NOTHING = Treatment()


def treated(
    frames: Iterator[Frame],
    treatment: Treatment,
    *,
    count: int,
    width: int,
    height: int,
    fps: int,
    before: Callable[[], Frame] | None = None,
    after: Callable[[], Frame] | None = None,
) -> Iterator[Frame]:
    """Yield the `count` frames of a clip with its treatment. Frames may be changed in place.

    `before` and `after` give the neighbours' frames that a dissolve mixes in; without one there is no dissolve there.
    """
    changed = frames
    if treatment.mixes:
        changed = _dissolved(changed, treatment, count, before, after)
    if treatment.fade_in or treatment.fade_out:
        changed = _faded(changed, treatment, count, height)
    if treatment.is_lettered:
        changed = lay_over(
            changed,
            treatment.words,
            slate=treatment.slate,
            width=width,
            height=height,
            fps=fps,
            on_screen=treatment.on_screen,
            count=count,
        )
    return changed


def _dissolved(
    frames: Iterator[Frame],
    treatment: Treatment,
    count: int,
    before: Callable[[], Frame] | None,
    after: Callable[[], Frame] | None,
) -> Iterator[Frame]:
    heads = min(treatment.dissolve_in, count) if before is not None else 0
    tails = min(treatment.dissolve_out, count - heads) if after is not None else 0
    other = before() if before is not None and heads else None
    for index, frame in enumerate(frames):
        if index < heads and other is not None:
            yield _mixed(frame, other, 0.5 * (heads - index - 0.5) / heads)
        elif index >= count - tails and after is not None:
            if index == count - tails:
                other = after()
            share = 0.5 * (index - (count - tails) + 0.5) / tails
            yield frame if other is None else _mixed(frame, other, share)
        else:
            yield frame


def _faded(frames: Iterator[Frame], treatment: Treatment, count: int, height: int) -> Iterator[Frame]:
    rise, fall = treatment.fade_in, treatment.fade_out
    for index, frame in enumerate(frames):
        strength = min(1.0, (index + 1) / (rise + 1) if rise else 1.0, (count - index) / (fall + 1) if fall else 1.0)
        yield frame if strength >= 1 else _darkened(frame, strength, height)


def _mixed(frame: Frame, other: Frame, share: float) -> Frame:
    """Return the frame with `share` (0 to 1) of the other."""
    weight = np.uint16(round(share * 256))
    mixed = frame.astype(np.uint16) * (np.uint16(256) - weight) + other.astype(np.uint16) * weight + np.uint16(128)
    return (mixed >> np.uint16(8)).astype(np.uint8)


def _darkened(frame: Frame, strength: float, height: int) -> Frame:
    """Return the frame at this strength over black: the colours go to grey as the light goes."""
    black = np.full_like(frame, _GREY)
    black[:height] = _BLACK_Y
    return _mixed(black, frame, strength)
