"""Make the film's sound: speech over a bed of ambience and music, a second at a time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clash.sound.ambience import BED_DB, Levels, bed_levels
from clash.sound.clip_sound import read_clip_sound
from clash.sound.foley import HAPPENINGS, LONGEST_S, happening_sound
from clash.sound.given_music import Music, MusicTrack
from clash.sound.levels import amplified, normalised
from clash.sound.loudness import Chunk
from clash.sound.score import Mood, Score, mood_of
from clash.sound.speech import SPEECH_LUFS, SpeechTrack, Utterance, is_heard
from clash.sound.textures import LOOP_RMS, RATE, TEXTURES, Mono, Stereo, joined_up, read_texture, seeded
from clash.story.place_kinds import PlaceKind
from clash.story.screenplay import TimeOfDay, Weather

__all__ = ["SoundShot", "Utterance", "film_sound", "soundtrack"]

CHUNK = RATE
"""Samples made at a time."""
CROSSFADE = round(0.4 * RATE)
"""Samples in which the sound of one shot turns into that of the next."""
MUSIC_FADE = round(1.6 * RATE)
"""Samples in which the music fades in and out where the story turns it off."""
FADE_IN = round(0.6 * RATE)
FADE_OUT = round(1.6 * RATE)
DUCKING_DB = 8.0
"""How much quieter the bed is while somebody speaks."""
Part = Literal["all", "music", "effects"]
"""What is read of the bed."""
_SCORE = "score"
_HAPPENING_PEAK_DB = 14.0
"""Peak of a happening at 0 dB above an endless sound's RMS at 0 dB."""


@dataclass(frozen=True)
class SoundShot:
    """The sound of a shot. `sound`, `music` and `mood` are the story's words about it, "" for none.

    `clip`: the clip whose own sound is heard in place of the composed ambience.
    """

    duration_s: float
    utterances: tuple[Utterance, ...]
    place: PlaceKind
    time: TimeOfDay
    weather: Weather
    sound: str = ""
    music: str = ""
    mood: str = ""
    clip: Path | None = None


def soundtrack(shots: Sequence[SoundShot], music: Music | None = None) -> Iterator[Chunk]:
    """Yield the sound of the film in chunks of shape (samples, 2) at 48 kHz, a second each, full scale being 1.0.

    In all `round(48000 * seconds)` samples. The same shots give the same samples. Peaks may exceed full scale:
    `clash.sound.levels.normalised` sets the level. `music`: what is played instead of the composed score. Raises
    `FilmError` for a file of speech or music that cannot be read.
    """
    borders = borders_of(shots)
    end = borders[-1]
    bed, speech = Bed(shots, borders, music), speech_track(shots, borders)
    for start in range(0, end, CHUNK):
        length = min(CHUNK, end - start)
        words, presence = speech.next_chunk()
        sound = bed.read(start, length)
        sound *= ducking(presence)[:length]
        sound *= film_fades(start, length, end)
        sound += words[:length]
        yield np.ascontiguousarray(sound.T)


def borders_of(shots: Sequence[SoundShot]) -> list[int]:
    """Return the sample at which each shot begins, and at the end the length of the film in samples."""
    # Fractions, so that rounding errors do not add up over hundreds of shots.
    ends_s = accumulate((Fraction(shot.duration_s) for shot in shots), initial=Fraction(0))
    return [round(seconds * RATE) for seconds in ends_s]


def speech_track(shots: Sequence[SoundShot], borders: Sequence[int]) -> SpeechTrack:
    """Return the speech of the film, to be read chunk by chunk."""
    return SpeechTrack(
        [
            (border + round(utterance.start_s * RATE), utterance.path)
            for border, shot in zip(borders, shots, strict=False)
            for utterance in shot.utterances
        ],
        CHUNK,
    )


def ducking(presence: NDArray[np.floating]) -> Mono:
    """Return the gain of the bed for a chunk, from how present speech is at each control point."""
    return joined_up(10 ** (-DUCKING_DB * presence / 20))


def film_sound(
    shots: Sequence[SoundShot], music: Music | None = None, *, target_lufs: float = -16.0, keep: Path | None = None
) -> Generator[Chunk, None, None]:
    """Yield the sound of the film as `soundtrack` makes it, at its level, no true peak above -1.5 dBTP.

    A film in which somebody is heard has the loudness `target_lufs`. In any other the bed has the level that it has
    under speech: ambience alone, brought to the loudness of speech, would be a roar. `keep`: a file for the sound while
    it is measured, open until the last chunk; without one the sound is made twice.
    """
    if has_speech(shots):
        return normalised(lambda: soundtrack(shots, music), target_lufs=target_lufs, keep=keep)
    return amplified(soundtrack(shots, music), target_lufs - SPEECH_LUFS - DUCKING_DB)


def has_speech(shots: Sequence[SoundShot]) -> bool:
    """Return whether somebody is heard in the film."""
    return any(is_heard(utterance.path) for shot in shots for utterance in shot.utterances)


def film_fades(start: int, length: int, end: int) -> Mono:
    """Return the gain that fades the bed in at the film's start and out at its end."""
    samples = np.arange(start, start + length, dtype=np.float32)
    up = np.clip(samples / FADE_IN, 0, 1)
    down = np.clip((end - samples) / FADE_OUT, 0, 1)
    return np.sin(up * np.float32(np.pi / 2)) * np.sin(down * np.float32(np.pi / 2)) ** 2


class Bed:
    """Everything but the speech, read by absolute position."""

    def __init__(self, shots: Sequence[SoundShot], borders: Sequence[int], music: Music | None) -> None:
        levels = [
            _gains({} if shot.clip else bed_levels(shot.place, shot.time, shot.weather, shot.sound)) for shot in shots
        ]
        self._clips = [
            (start, end, shot.clip) for start, end, shot in zip(borders[:-1], borders[1:], shots, strict=True)
        ]
        passages: list[tuple[int, Mood]] = []
        for border, shot, gains in zip(borders, shots, levels, strict=False):
            mood = mood_of(shot.time, shot.weather, shot.music, shot.mood)
            if mood is not None:
                gains[_SCORE] = 1.0
                passages.append((border, mood))
        self._faders = _Faders(borders, levels)
        seed = f"{shots[0].place} {len(shots)}" if shots else ""
        self._score = Score(passages, borders[-1], seed) if passages and music is None else None
        self._music = MusicTrack(music) if passages and music is not None else None

    def read(self, start: int, length: int, part: Part = "all") -> Stereo:
        """Return `length` samples from the film's sample `start` on: all, or only the music, or all but the music.

        Music that was given is read from its beginning on: its parts must be read in order, each once.
        """
        sound = np.zeros((2, length), np.float32)
        for name in self._faders.audible(start, length):
            if name in TEXTURES and part != "music":
                sound += read_texture(name, start, length) * self._faders.gain(name, start, length)
            elif name == _SCORE and self._score is not None and part != "effects":
                sound += self._score.read(start, length) * self._faders.gain(name, start, length, MUSIC_FADE)
        if self._music is not None and part != "effects":
            # Read on where it is not heard, too: it goes on while the story turns it down.
            sound += self._music.read(length) * self._faders.gain(_SCORE, start, length, MUSIC_FADE)
        if part != "music":
            self._add_happenings(sound, start)
            self._add_clips(sound, start)
        return sound

    def _add_clips(self, sound: Stereo, start: int) -> None:
        """Add the own sound of the clips that are shown."""
        for first, last, clip in self._clips:
            begin, end = max(first, start), min(last, start + sound.shape[1])
            if clip is not None and begin < end:
                own = read_clip_sound(clip, begin - first, end - begin, last - first)
                sound[:, begin - start : end - start] += own

    def _add_happenings(self, sound: Stereo, start: int) -> None:
        """Add the happenings that began up to `LONGEST_S` ago or begin now; they ring on across a cut."""
        earliest = start - int(LONGEST_S * RATE)
        for name, first, last in self._faders.stretches(earliest, start + sound.shape[1]):
            happening = HAPPENINGS[name]
            every = happening.every_s * RATE
            from_try = max(0, int((earliest - first) / every) - 1)
            to_try = int((min(last, start + sound.shape[1]) - first) / every)
            for attempt in range(from_try, to_try + 1):
                draws, variant = _draws(name, first, attempt)
                onset = first + round((attempt + happening.jitter * draws[0]) * every) + RATE // 4
                if draws[1] > happening.chance or onset >= last:
                    continue
                ringing = happening_sound(name, variant)
                side = 0.5 + 0.5 * happening.wide * (2 * draws[2] - 1)
                gain = self._faders.level(name, onset) * (0.7 + 0.3 * draws[3])
                _add_panned(sound, ringing, onset - start, gain, side)


@lru_cache(maxsize=4096)
def _draws(name: str, first: int, attempt: int) -> tuple[tuple[float, ...], int]:
    """Return four chances of a happening, and which of its variants is heard. It is asked for in many chunks."""
    chance = seeded(name, first, attempt)
    return tuple(chance.random(4).tolist()), int(chance.integers(3))


def _gains(levels: Levels) -> dict[str, float]:
    """Return linear gains: of endless sounds by their RMS, of happenings by their peak."""
    gains: dict[str, float] = {}
    for name, level in levels.items():
        if name in TEXTURES:
            gains[name] = 10 ** ((BED_DB + level) / 20) / LOOP_RMS
        else:
            gains[name] = 10 ** ((BED_DB + _HAPPENING_PEAK_DB + level) / 20)
    return gains


def _add_panned(sound: Stereo, happening: Mono, position: int, gain: float, side: float) -> None:
    """Add a mono sound at the sample `position`, between left (0) and right (1), with equal power."""
    first, last = max(position, 0), min(position + happening.size, sound.shape[1])
    if first < last:
        part = happening[first - position : last - position] * np.float32(gain)
        sound[0, first:last] += part * np.float32(math.cos(side * math.pi / 2))
        sound[1, first:last] += part * np.float32(math.sin(side * math.pi / 2))


class _Faders:
    """The level of each sound over the film: one value per shot, changed smoothly across each cut."""

    def __init__(self, borders: Sequence[int], gains: Sequence[dict[str, float]]) -> None:
        self._borders = borders
        self._gains = gains
        self._stretches = _stretches(borders, gains)

    def audible(self, start: int, length: int) -> list[str]:
        """Return the names of all sounds that are audible in a span, in a fixed order."""
        first, last = self._shots(start, length, MUSIC_FADE)
        return sorted({name for gains in self._gains[first : last + 1] for name in gains})

    def level(self, name: str, sample: int) -> float:
        """Return the level of a sound in the shot that a sample belongs to."""
        shot, _ = self._shots(sample, 0, fade=0)
        return self._gains[shot].get(name, 0.0)

    def gain(self, name: str, start: int, length: int, fade: int = CROSSFADE) -> Mono | np.float32:
        """Return the gain of each sample, changed over `fade` samples at a cut; one number where it is constant."""
        first, last = self._shots(start, length, fade)
        steps = [gains.get(name, 0.0) for gains in self._gains[first : last + 1]]
        if len(set(steps)) == 1:
            return np.float32(steps[0])
        gain = np.full(length, steps[0], np.float32)
        samples = np.arange(start, start + length, dtype=np.float64)
        for step, shot in enumerate(range(first, last)):
            along = np.clip((samples - self._borders[shot + 1]) / fade + 0.5, 0, 1)
            gain += ((steps[step + 1] - steps[step]) * along * along * (3 - 2 * along)).astype(np.float32)
        return gain

    def stretches(self, start: int, end: int) -> Iterator[tuple[str, int, int]]:
        """Yield the stretches of shots with a happening that overlap a span: its name, first and last sample."""
        for name, runs in self._stretches.items():
            for first, last in runs[bisect_right(runs, start, key=lambda run: run[1]) :]:
                if first >= end:
                    break
                yield name, first, last

    def _shots(self, start: int, length: int, fade: int) -> tuple[int, int]:
        """Return the first and the last shot whose sound may be audible in a span."""
        top, margin = len(self._gains) - 1, fade // 2
        first = bisect_right(self._borders, start - margin) - 1
        last = bisect_right(self._borders, start + length + margin) - 1
        return min(max(first, 0), top), min(max(last, 0), top)


def _stretches(borders: Sequence[int], gains: Sequence[dict[str, float]]) -> dict[str, list[tuple[int, int]]]:
    """Return, for each happening, the stretches of consecutive shots that it is audible in."""
    runs: dict[str, list[tuple[int, int]]] = {}
    for shot, names in enumerate(gains):
        for name in names:
            if name not in HAPPENINGS:
                continue
            known = runs.setdefault(name, [])
            if known and known[-1][1] == borders[shot]:
                known[-1] = (known[-1][0], borders[shot + 1])
            else:
                known.append((borders[shot], borders[shot + 1]))
    return runs
