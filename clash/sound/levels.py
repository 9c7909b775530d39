"""Set the level of a film's sound, and limit its peaks, while it streams past."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import av
import numpy as np

from clash.sound.loudness import RATE, SILENCE_LUFS, Chunk, FilterChain, measure

Make = Callable[[], Iterator[Chunk]]
"""What yields the sound of a film, from its beginning, each time it is called."""

_OVERSAMPLING = 4
_LIMITER_MARGIN_DB = 0.5
"""Decibels that the limiter stays under the ceiling: what resampling back from 192 kHz may add to a peak."""
_MOST_BETWEEN_SAMPLES = 2.36
"""How many times as high as the samples the curve between them can be: the largest sum of the taps, all taken as
positive, that aresample weighs samples with when it makes 192 kHz of 48 kHz (measured by an impulse: 2.352)."""
_TAPS = 64
"""More samples than the curve between two samples depends on."""
_PIECE = RATE // 4
"""The samples that are limited, or not, together. The limiter begins 5 ms before a peak, and ends 80 ms after it."""
KEPT_S = 600
"""A film's sound is kept on the disk while it is measured if it is no longer; each second takes 384 kB."""


def normalised(
    make: Make,
    *,
    target_lufs: float = -16.0,
    peak_dbtp: float = -1.5,
    keep: Path | None = None,
) -> Generator[Chunk, None, None]:
    """Yield the sound of `make()` at `target_lufs`, no true peak above `peak_dbtp`, with as many samples as it had.

    The gain is the same throughout; only peaks are limited. Silence stays silence. The sound is needed twice: once to
    measure it, once to yield it. It is written to the file `keep`, and read again; where there is none, no room for it,
    or more than `KEPT_S` seconds of it, `make` is called again, and must give the same sound.
    """
    with _kept(make, keep) as sound:
        loudness = measure(sound())
        if loudness <= SILENCE_LUFS:
            yield from sound()
            return
        gain = np.float32(10 ** ((target_lufs - loudness) / 20))
        yield from limited_to((chunk * gain for chunk in sound()), peak_dbtp)


def amplified(chunks: Iterable[Chunk], gain_db: float, *, peak_dbtp: float = -1.5) -> Generator[Chunk, None, None]:
    """Yield the sound louder by `gain_db`, no true peak above `peak_dbtp`, with as many samples as it had."""
    gain = np.float32(10 ** (gain_db / 20))
    yield from limited_to((chunk * gain for chunk in chunks), peak_dbtp)


@contextmanager
def _kept(make: Make, keep: Path | None) -> Generator[Callable[[], Iterator[Chunk]], None, None]:
    """Give what yields the sound each time it is called: made at the first time, and read from `keep` afterwards."""
    if keep is None:
        yield make
        return
    with keep.open("w+b", buffering=0) as file:
        recording = _Recording(make, file)
        yield recording.sound


class _Recording:
    """Sound that is written to a file while it is made."""

    def __init__(self, make: Make, file: IO[bytes]) -> None:
        self._make, self._file = make, file
        self._lengths: list[int] | None = None
        """The samples of each chunk in the file; None until all of the sound is there."""

    def sound(self) -> Iterator[Chunk]:
        """Yield the sound: from the file if it is there, else made, and written to the file."""
        return self._made() if self._lengths is None else self._read(self._lengths)

    def _made(self) -> Iterator[Chunk]:
        self._file.seek(0)
        lengths: list[int] = []
        room = True
        for chunk in self._make():
            if room and not (room := sum(lengths) + len(chunk) <= KEPT_S * RATE and self._write(chunk)):
                self._file.truncate(0)
            lengths.append(len(chunk))
            yield chunk
        self._lengths = lengths if room else None

    def _write(self, chunk: Chunk) -> bool:
        """Return whether there was room for the chunk."""
        content = memoryview(cast(Any, np.ascontiguousarray(chunk))).cast("B")
        try:
            return self._file.write(content) == len(content)
        except OSError:
            return False

    def _read(self, lengths: list[int]) -> Iterator[Chunk]:
        self._file.seek(0)
        for length in lengths:
            yield np.fromfile(self._file, np.float32, 2 * length).reshape(-1, 2)


def limited_to(chunks: Iterable[Chunk], peak_dbtp: float) -> Iterator[Chunk]:
    """Yield the same number of samples with true peaks under `peak_dbtp`, limited at four times the rate.

    Sound that is so quiet that the limiter would not act is not touched: where the curve between the samples of a piece
    and of its two neighbours stays under the ceiling.
    """
    ceiling = 10 ** ((peak_dbtp - _LIMITER_MARGIN_DB) / 20)
    limiter: _Limiter | None = None
    for was_loud, piece, is_loud, next_is_loud in _beside_each_other(chunks, ceiling):
        if not (was_loud or is_loud or next_is_loud):
            yield piece
            continue
        if limiter is None:
            limiter = _Limiter(ceiling)
        begins = not was_loud and not is_loud
        ends = not is_loud and not next_is_loud and len(piece) == _PIECE
        yield from limiter.push(piece, (0.0 if begins else 1.0, 0.0 if ends else 1.0))
        if ends:
            yield from limiter.finish()
            limiter = None
    if limiter is not None:
        yield from limiter.finish()


def _beside_each_other(chunks: Iterable[Chunk], ceiling: float) -> Iterator[tuple[bool, Chunk, bool, bool]]:
    """Yield each piece of the sound with whether it, the one before it and the one after it pass the ceiling."""
    held: Chunk | None = None
    was_loud = is_loud = False
    peaks = _TruePeaks(ceiling)
    for piece in _pieces(chunks):
        next_is_loud = peaks.pass_in(piece)
        if held is not None:
            yield was_loud, held, is_loud, next_is_loud
        was_loud, held, is_loud = is_loud, piece, next_is_loud
    if held is not None:
        yield was_loud, held, is_loud or peaks.pass_at_the_end(), False


class _TruePeaks:
    """Finds the pieces of a sound whose true peaks pass a ceiling.

    The curve between the samples is made, four times as dense, only where a sample is high enough for it to get there.
    """

    def __init__(self, ceiling: float) -> None:
        self._ceiling = ceiling
        self._chain: FilterChain | None = None
        self._before = np.zeros((0, 2), np.float32)
        """The end of the piece before."""

    def pass_in(self, piece: Chunk) -> bool:
        """Return whether the curve passes the ceiling in the next piece, or at the end of the one before it."""
        before, self._before = self._before, piece[-_TAPS:]
        if max(float(piece.max()), -float(piece.min())) > self._ceiling / _MOST_BETWEEN_SAMPLES:
            if self._chain is None:
                self._chain = FilterChain((("aresample", str(RATE * _OVERSAMPLING)),))
                self._peak(self._chain.push(before))
            return self._peak(self._chain.push(piece)) > self._ceiling
        if self._chain is None:
            return False
        passed = self._peak(self._chain.push(piece[:_TAPS])) > self._ceiling
        self._chain = None
        return passed

    def pass_at_the_end(self) -> bool:
        """Return whether the curve passes the ceiling at the end of the last piece."""
        return self._chain is not None and self._peak(self._chain.finish()) > self._ceiling

    @staticmethod
    def _peak(frames: Iterable[av.AudioFrame]) -> float:
        highest = 0.0
        for frame in frames:
            for plane in frame.planes:
                curve = np.frombuffer(cast(Any, plane), np.float32, frame.samples)
                highest = max(highest, float(curve.max()), -float(curve.min()))
        return highest


def _pieces(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Yield the sound in pieces of equal length; the last may be shorter."""
    rest = np.zeros((0, 2), np.float32)
    for chunk in chunks:
        sound = np.concatenate([rest, chunk]) if len(rest) else chunk
        whole = len(sound) // _PIECE * _PIECE
        yield from (sound[start : start + _PIECE] for start in range(0, whole, _PIECE))
        rest = sound[whole:]
    if len(rest):
        yield rest


class _Limiter:
    """Limits a stretch of sound, piece by piece, and fades between it and the sound as it was."""

    def __init__(self, ceiling: float) -> None:
        self._chain = FilterChain(
            (
                ("aresample", str(RATE * _OVERSAMPLING)),
                ("alimiter", f"limit={ceiling:.6f}:level=0:attack=5:release=80:latency=1"),
                ("aresample", str(RATE)),
                ("aformat", "sample_fmts=fltp:channel_layouts=stereo"),
            )
        )
        self._waiting: list[tuple[Chunk, tuple[float, float]]] = []
        self._limited = np.zeros((0, 2), np.float32)

    def push(self, piece: Chunk, shares: tuple[float, float]) -> Iterator[Chunk]:
        """Limit a piece, and yield those that are ready.

        `shares`: how much of the limited sound is heard at the piece's beginning and at its end, 0 to 1.
        """
        self._waiting.append((piece, shares))
        yield from self._ready(self._chain.push(piece))

    def finish(self) -> Iterator[Chunk]:
        """Yield the pieces that are left."""
        yield from self._ready(self._chain.finish())
        missing = sum(len(piece) for piece, _ in self._waiting) - len(self._limited)
        if missing > 0:  # Resampling may return a few samples less than it was given; the length must not change.
            self._limited = np.concatenate([self._limited, np.zeros((missing, 2), np.float32)])
            yield from self._ready(())

    def _ready(self, frames: Iterable[av.AudioFrame]) -> Iterator[Chunk]:
        new = [cast(Chunk, frame.to_ndarray()).T for frame in frames]
        self._limited = np.concatenate([self._limited, *new])
        while self._waiting and len(self._limited) >= len(self._waiting[0][0]):
            piece, shares = self._waiting.pop(0)
            limited, self._limited = self._limited[: len(piece)], self._limited[len(piece) :]
            if shares != (1.0, 1.0):
                share: Any = np.linspace(*shares, len(piece), dtype=np.float32)[:, np.newaxis]
                limited = piece + (limited - piece) * share
            yield np.ascontiguousarray(limited)
