"""The speech track: files of any format, decoded when the film reaches them, and when somebody speaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clash.sound import decoding
from clash.sound.loudness import SILENCE_LUFS, LoudnessMeter, measure
from clash.sound.textures import CONTROL, RATE, Mono

SPEECH_LUFS = -20.0
"""The loudness that each utterance is brought to, whatever made the file."""
_MOST_GAIN_DB = 18.0
_AUDIBLE_RMS = 10 ** (-48 / 20)
_KEPT = 60 * RATE
"""Samples of an utterance that are kept from measuring it to playing it; a longer one is decoded a second time."""
_HOLD_S, _AHEAD_S, _GLIDE_S = 0.5, 0.2, 0.36
"""The background stays quieter this long after a word, gets quieter this long before one, and takes this long to
change."""


@dataclass(frozen=True)
class Utterance:
    """A spoken file that starts `start_s` seconds after its shot."""

    path: Path
    start_s: float


class SpeechTrack:
    """All utterances of a film, `(first sample, file)` each, read from the start chunk by chunk.

    Only files that are playing are open. One chunk is read ahead, so that the background gets quieter before a word.
    """

    def __init__(self, utterances: Sequence[tuple[int, Path]], chunk: int) -> None:
        self._waiting = deque(sorted(utterances, key=lambda item: item[0]))
        self._open: list[_Reader] = []
        self._chunk = chunk
        self._clock = 0
        nothing = np.zeros(chunk // CONTROL, np.bool_)
        self._active = [nothing, nothing]
        self._ahead = self._read()

    def next_chunk(self) -> tuple[Mono, NDArray[np.floating]]:
        """Return the next chunk of speech, and its presence (0 to 1) at each control point and at one more."""
        words, self._ahead = self._ahead, self._read()
        active = np.concatenate(self._active)
        points = self._chunk // CONTROL
        presence = _presence(active)[points : 2 * points + 1]
        del self._active[0]
        return words, presence

    def _read(self) -> Mono:
        """Return the next chunk, and remember when somebody speaks in it."""
        sound = np.zeros(self._chunk, np.float32)
        end = self._clock + self._chunk
        while self._waiting and self._waiting[0][0] < end:
            self._open.append(_Reader(*self._waiting.popleft()))
        for reader in self._open:
            reader.add_to(sound, self._clock)
        self._open = [reader for reader in self._open if not reader.done]
        self._clock = end
        power = np.sqrt(np.mean(np.square(sound.reshape(-1, CONTROL)), axis=1))
        self._active.append(power > _AUDIBLE_RMS)
        return sound


def _presence(active: NDArray[np.bool_]) -> NDArray[np.floating]:
    """Return 0 where nobody speaks, 1 where somebody does, with soft slopes that begin before the word."""
    per_s = RATE // CONTROL
    hold, ahead, glide = (round(seconds * per_s) for seconds in (_HOLD_S, _AHEAD_S, _GLIDE_S))
    counts = np.concatenate(([0], np.cumsum(np.pad(active, (hold, ahead)))))
    window = hold + ahead + 1
    held = (counts[window:] - counts[:-window]) > 0
    slope = np.hanning(glide + 2)[1:-1]
    return np.convolve(held, slope / slope.sum(), "same")


@dataclass
class _Reader:
    """Reads one utterance while it is playing."""

    start: int
    path: Path
    done: bool = False
    _gain: np.float32 = field(init=False)
    _pieces: Iterator[Mono] = field(init=False)
    _rest: Mono = field(init=False, default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        kept: list[Mono] = []
        self._gain = _levelling(_keeping(decoded(self.path), kept))
        self._pieces = iter(kept) if sum(piece.size for piece in kept) <= _KEPT else decoded(self.path)

    def add_to(self, sound: Mono, clock: int) -> None:
        """Add the part that plays between `clock` and the chunk's end."""
        position = max(self.start - clock, 0)
        while position < sound.size:
            if not self._rest.size:
                piece = next(self._pieces, None)
                if piece is None:
                    self.done = True
                    return
                self._rest = piece
            taken = min(self._rest.size, sound.size - position)
            sound[position : position + taken] += self._rest[:taken] * self._gain
            self._rest = self._rest[taken:]
            position += taken


def duration_s(path: Path) -> float:
    """Return the length of a file's sound in seconds, by decoding it. Raises `FilmError` if it cannot be decoded."""
    return sum(piece.size for piece in decoded(path)) / RATE


def is_heard(path: Path) -> bool:
    """Return whether there is anything to be heard in a file. Raises `FilmError` if it cannot be decoded.

    It is decoded up to where something is heard.
    """
    meter = LoudnessMeter("mono")
    for piece in decoded(path):
        meter.add(piece[:, np.newaxis])
        if meter.is_heard:
            return True
    return meter.finish() > SILENCE_LUFS


def decoded(path: Path) -> Iterator[Mono]:
    """Yield the file's sound as mono at 48 kHz, piece by piece. Raises `FilmError` if it cannot be decoded."""
    return (piece.reshape(-1) for piece in decoding.decoded(path, "mono", "speech file"))


def _keeping(pieces: Iterable[Mono], kept: list[Mono]) -> Iterator[Mono]:
    """Yield the pieces, and keep them up to the first one that goes past `_KEPT` samples."""
    samples = 0
    for piece in pieces:
        if samples <= _KEPT:
            kept.append(piece)
            samples += piece.size
        yield piece


def levelling(path: Path) -> np.float32:
    """Return the gain that brings a file to `SPEECH_LUFS`; 1 for silence and for less than a syllable."""
    return _levelling(decoded(path))


def _levelling(pieces: Iterable[Mono]) -> np.float32:
    loudness = measure((piece[:, np.newaxis] for piece in pieces), "mono")
    if loudness <= SILENCE_LUFS:
        return np.float32(1)
    wanted = max(-_MOST_GAIN_DB, min(SPEECH_LUFS - loudness, _MOST_GAIN_DB))
    return np.float32(10 ** (wanted / 20))
