"""Compute how long a shot lasts and when its words are spoken, in seconds and whole frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clash.errors import FilmError

LEAD_IN_S = 0.4
"""Seconds of picture before the first word: the viewer sees the picture before somebody speaks."""
BETWEEN_S = 0.25
"""Seconds between two utterances of one shot."""
TAIL_S = 0.5
"""Seconds of picture after the last word."""
CAPTION_HOLD_S = 0.35
"""Seconds that a caption stays after its words were spoken."""
SHORTEST_SHOT_S = 1.0

_SLACK = 1e-6
"""Frames. `4.0 * 24` may be a little more than 96 in floating point; that must not cost a whole frame."""


@dataclass(frozen=True)
class ShotTiming:
    """A shot of `frames` frames at `fps`. `starts_s` counts from the shot's start, one per utterance."""

    frames: int
    starts_s: tuple[float, ...]
    fps: int

    @property
    def duration_s(self) -> float:
        """The shot's length in seconds, a whole number of frames."""
        return self.frames / self.fps


def time_shot(planned_s: float, utterances_s: Sequence[float], fps: int) -> ShotTiming:
    """Return the time a shot was planned to have, or the time its words need, whichever is longer.

    `utterances_s` are the lengths of the spoken files in the order they are played. The shot lasts at least one
    second; it is rounded up to whole frames where its words need the time, else to the nearest frame.
    Raises `FilmError` for a length that is negative, infinite or not a number.
    """
    if fps < 1:
        raise FilmError(f"a film cannot have {fps} frames a second")
    for seconds in (planned_s, *utterances_s):
        if not math.isfinite(seconds) or seconds < 0:
            raise FilmError(f"a length cannot be {seconds} seconds")
    starts: list[float] = []
    clock = LEAD_IN_S
    for length in utterances_s:
        starts.append(clock)
        clock += length + BETWEEN_S
    needed = clock - BETWEEN_S + TAIL_S if starts else 0.0
    frames = max(
        math.floor(planned_s * fps + 0.5),
        math.ceil(needed * fps - _SLACK),
        math.ceil(SHORTEST_SHOT_S * fps),
    )
    return ShotTiming(frames=frames, starts_s=tuple(starts), fps=fps)


def windows(timing: ShotTiming, utterances_s: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Return when each utterance's caption is shown: `(start_s, end_s)` from the shot's start.

    A caption stays `CAPTION_HOLD_S` longer than its words, but never past the next caption or the shot's end.
    """
    if len(utterances_s) != len(timing.starts_s):
        raise FilmError(f"{len(timing.starts_s)} utterances were timed, {len(utterances_s)} lengths were given")
    limits = (*timing.starts_s[1:], timing.duration_s)
    return tuple(
        (start, min(start + length + CAPTION_HOLD_S, limit))
        for start, length, limit in zip(timing.starts_s, utterances_s, limits, strict=False)
    )
