"""The sound of clips whose model made sound with the picture: each brought to one level, and cut to its shot."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from clash.sound.decoding import decoded
from clash.sound.loudness import RATE, SILENCE_LUFS, measure
from clash.sound.textures import Stereo

CLIP_LUFS = -30.5
"""The loudness of a clip's own sound before the film's level is set: that of the composed bed."""
_MOST_GAIN_DB = 20.0
"""How much a clip's sound is raised at most: what is nearly silent is meant to be."""
_EDGE = 960
"""Samples over which it fades in at its shot's beginning and out at its end: a fiftieth of a second, no click."""


def has_sound(path: Path) -> bool:
    """Return whether a clip has a sound track."""
    try:
        with av.open(str(path)) as container:
            return bool(container.streams.audio)
    except (av.error.FFmpegError, OSError):
        return False


def read_clip_sound(path: Path, start: int, length: int, shot: int) -> Stereo:
    """Return `length` samples of a clip's sound from its sample `start` on, shaped (2, length), at its level.

    `shot`: the length of its shot in samples, at whose ends it fades. Raises `FilmError` if it cannot be read.
    """
    whole = _whole(path)
    sound = np.zeros((2, length), np.float32)
    end = min(start + length, whole.shape[1], shot)
    if end > start:
        place = np.arange(start, end, dtype=np.float32)
        last = min(whole.shape[1], shot)
        fade = np.clip(place / _EDGE, 0, 1) * np.clip((last - place) / _EDGE, 0, 1)
        sound[:, : end - start] = whole[:, start:end] * fade
    return sound


@lru_cache(maxsize=3)
def _whole(path: Path) -> Stereo:
    """The whole sound of a clip at its level; silence stays silence. A clip lasts seconds, so it fits into memory."""
    pieces = list(decoded(path, "stereo", "clip"))
    whole = np.concatenate(pieces, axis=1) if pieces else np.zeros((2, 0), np.float32)

    def chunks() -> Iterator[Any]:
        for start in range(0, whole.shape[1], RATE):
            yield np.ascontiguousarray(whole[:, start : start + RATE].T)

    loudness = measure(chunks())
    if loudness <= SILENCE_LUFS:
        return np.zeros_like(whole)
    gain_db = min(CLIP_LUFS - loudness, _MOST_GAIN_DB)
    return (whole * np.float32(10 ** (gain_db / 20))).astype(np.float32)
