"""Split the film's sound into its stems: dialogue, music and effects, which add up to it.

They are made from the recorded takes as the film's sound was, with the same gain, and with what its limiter did to the
whole done to each of them.
"""

from __future__ import annotations

import wave
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clash.errors import FilmError
from clash.sound.given_music import Music
from clash.sound.levels import limited_to
from clash.sound.loudness import SILENCE_LUFS, Chunk, measure
from clash.sound.soundtrack import (
    CHUNK,
    DUCKING_DB,
    Bed,
    SoundShot,
    borders_of,
    ducking,
    film_fades,
    has_speech,
    soundtrack,
    speech_track,
)
from clash.sound.speech import SPEECH_LUFS, levelling
from clash.sound.textures import RATE

STEMS = ("dialogue", "music", "effects")
_PEAK_DBTP = -1.5
_WINDOW = 48
"""Samples over which the limiter's gain is measured: a thousandth of a second. A chunk has a whole number of them."""
_QUIET = 1e-9

Stems = Sequence[Chunk]
"""A chunk of each stem, in the order of `STEMS`, shaped (samples, 2)."""


def film_gain(shots: Sequence[SoundShot], music: Music | None = None, *, target_lufs: float = -16.0) -> float | None:
    """Return the gain at which `film_sound` plays the sound of these shots; None if they are silent."""
    if not has_speech(shots):
        return 10 ** ((target_lufs - SPEECH_LUFS - DUCKING_DB) / 20)
    loudness = measure(soundtrack(shots, music))
    return None if loudness <= SILENCE_LUFS else 10 ** ((target_lufs - loudness) / 20)


def utterance_gain_db(path: Path, gain: float | None) -> float:
    """Return how many decibels louder than in its file an utterance is in a film with this gain."""
    return float(20 * np.log10(float(levelling(path)) * (gain or 1.0)))


def film_stems(shots: Sequence[SoundShot], music: Music | None, gain: float | None) -> Iterator[Stems]:
    """Yield the stems of the film, a second at a time. Together they are its sound as `film_sound` makes it."""
    if gain is None:
        yield from _split(shots, music)
        return
    level = np.float32(gain)
    waiting: deque[Stems] = deque()

    def whole() -> Iterator[Chunk]:
        for stems in _split(shots, music):
            loud: list[Chunk] = [np.multiply(stem, level, dtype=np.float32) for stem in stems]
            waiting.append(loud)
            yield _sum_of(loud)

    yield from _at_gains(_gains(limited_to(whole(), _PEAK_DBTP), waiting))


def _split(shots: Sequence[SoundShot], music: Music | None) -> Iterator[Stems]:
    """Yield dialogue, music and effects of each chunk of the soundtrack."""
    borders = borders_of(shots)
    end = borders[-1]
    bed, speech = Bed(shots, borders, music), speech_track(shots, borders)
    for start in range(0, end, CHUNK):
        length = min(CHUNK, end - start)
        words, presence = speech.next_chunk()
        level = ducking(presence)[:length] * film_fades(start, length, end)
        spoken = np.stack([words[:length]] * 2)
        parts = (spoken, bed.read(start, length, "music") * level, bed.read(start, length, "effects") * level)
        yield [np.ascontiguousarray(part.T, np.float32) for part in parts]


def _sum_of(stems: Stems) -> Chunk:
    return (stems[0] + stems[1] + stems[2]).astype(np.float32, copy=False)


_Gained = tuple[Stems, NDArray[np.float32]]
"""A chunk of each stem, and the limiter's gain in each of its windows."""


def _gains(limited: Iterator[Chunk], waiting: deque[Stems]) -> Iterator[_Gained]:
    """Yield the chunks that wait, each with what the limiter did to their sum."""
    ready = np.zeros((0, 2), np.float32)
    for piece in limited:
        ready = np.concatenate([ready, piece])
        while waiting and len(ready) >= len(waiting[0][0]):
            stems = waiting.popleft()
            length = len(stems[0])
            yield stems, _window_gains(_sum_of(stems), ready[:length])
            ready = ready[length:]


def _window_gains(before: Chunk, after: Chunk) -> NDArray[np.float32]:
    """Return the gain in each window: the one that brings the sound before nearest to the sound after."""
    windows = -(-len(before) // _WINDOW)
    padding = ((0, windows * _WINDOW - len(before)), (0, 0))
    one, other = (np.pad(sound, padding).reshape(windows, -1).astype(np.float64) for sound in (before, after))
    power = np.square(one).sum(axis=1)
    gains = np.where(power > _QUIET, (one * other).sum(axis=1) / np.maximum(power, _QUIET), 1.0)
    return np.clip(gains, 0.0, 1.0).astype(np.float32)


def _at_gains(chunks: Iterator[_Gained]) -> Iterator[Stems]:
    """Yield the stems at the limiter's gain, which is a line through the middles of its windows."""
    last = np.ones(1, np.float32)
    held = next(chunks, None)
    while held is not None:
        following = next(chunks, None)
        stems, gains = held
        after = gains[-1:] if following is None else following[1][:1]
        points = np.concatenate([last, gains, after])
        middles = (np.arange(len(points)) - 0.5) * _WINDOW
        line = np.interp(np.arange(len(stems[0])), middles, points).astype(np.float32)
        yield [np.multiply(stem, line[:, np.newaxis], dtype=np.float32) for stem in stems]
        last, held = gains[-1:], following


def write_stems(
    shots: Sequence[SoundShot],
    music: Music | None,
    targets: Mapping[str, Path],
    check_stop: Callable[[], None] = lambda: None,
) -> float | None:
    """Write each stem to its file (WAV, 48 kHz, stereo, 16 bits), as long as the film. Return the film's gain.

    Raises `FilmError` for a file of speech or music that cannot be read, and `OSError` for one that cannot be written.
    """
    gain = film_gain(shots, music)
    with ExitStack() as files:
        writers = [files.enter_context(_wav(targets[name])) for name in STEMS]
        for stems in film_stems(shots, music, gain):
            check_stop()
            for writer, stem in zip(writers, stems, strict=True):
                writer.writeframesraw(np.round(np.clip(stem, -1, 1) * 32767).astype("<i2").tobytes())
    return gain


@contextmanager
def _wav(path: Path) -> Generator[wave.Wave_write]:
    with path.open("wb") as stream, wave.open(stream, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        try:
            yield writer
        except wave.Error as error:
            raise FilmError(f"the stem {path.name} is too long for a WAV file: {error}") from error
