"""Music that a person gives: a file, brought to the level of the score, repeated for as long as the film lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clash.errors import FilmError
from clash.sound.decoding import decoded
from clash.sound.loudness import RATE, SILENCE_LUFS, measure
from clash.sound.textures import Stereo

SCORE_LUFS = -30.5
"""The loudness of the composed score before the film's own level is set (measured over its moods: -30.2 to -31.3)."""
_JOIN = round(0.8 * RATE)
"""Samples over which the end of the file fades out, and its beginning in, where it is repeated."""


@dataclass(frozen=True)
class Music:
    """What is played instead of the score: a file, `volume_db` louder than the score is; without a file, nothing."""

    path: Path | None = None
    volume_db: float = 0.0


class MusicTrack:
    """Reads the music of a film from its beginning, piece after piece. Raises `FilmError` for what is no music."""

    def __init__(self, music: Music) -> None:
        self._path = music.path
        self._gain = np.float32(0)
        self._length = 0
        if music.path is not None:
            loudness, self._length = _measured(music.path)
            if loudness <= SILENCE_LUFS or not self._length:
                raise FilmError(f"nothing is heard in the music {music.path.name}")
            self._gain = np.float32(10 ** ((SCORE_LUFS + music.volume_db - loudness) / 20))
        self._pieces: Iterator[Stereo] = iter(())
        self._rest = np.zeros((2, 0), np.float32)
        self._at = 0

    def read(self, length: int) -> Stereo:
        """Return the next `length` samples, shaped (2, length)."""
        sound = np.zeros((2, length), np.float32)
        done = 0
        while self._path is not None and done < length:
            if not self._rest.shape[1]:
                piece = next(self._pieces, None)
                if piece is None:
                    self._pieces, self._at = decoded(self._path, "stereo", "music"), 0
                    continue
                self._rest = piece * self._fade(piece.shape[1])
                self._at += piece.shape[1]
            taken = min(self._rest.shape[1], length - done)
            sound[:, done : done + taken] = self._rest[:, :taken] * self._gain
            self._rest = self._rest[:, taken:]
            done += taken
        return sound

    def _fade(self, samples: int) -> Stereo:
        place = np.arange(self._at, self._at + samples, dtype=np.float32)
        join = max(1, min(_JOIN, self._length // 4))
        rise = np.clip(place / 480, 0, 1)  # a hundredth of a second: no click
        return (rise * np.clip((self._length - place) / join, 0, 1)).astype(np.float32)


def check_music(path: Path) -> None:
    """Raise `FilmError` for a file in which nothing is heard, or that cannot be decoded."""
    MusicTrack(Music(path))


def _measured(path: Path) -> tuple[float, int]:
    """Return the loudness of a file, and its length in samples."""
    length = 0

    def counted() -> Iterator[Any]:
        nonlocal length
        for piece in decoded(path, "stereo", "music"):
            length += piece.shape[1]
            yield np.ascontiguousarray(piece.T)

    return measure(counted()), length
