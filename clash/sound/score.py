"""Make the music: a slow progression of pads and a felt piano in one key, whose mood follows the screenplay.

Tempo and key stay the same throughout the film (minor moods use the relative minor), so that the mood may change at any
bar without a wrong note. Like the textures, the score is read by absolute position.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clash.sound.textures import LOOP_RMS, RATE, Mono, Stereo, part_of_loop, seeded
from clash.story.screenplay import TimeOfDay, Weather

Mood = Literal["bright", "calm", "wonder", "wistful", "dark", "tense"]

BEATS_PER_MINUTE = 66
BEAT = round(RATE * 60 / BEATS_PER_MINUTE)
BAR = 4 * BEAT
"""Samples in a bar of four beats: 3.6 s."""

_PAD_LOOP = 1 << 18
_CHANGE = round(1.4 * RATE)
"""Samples in which one chord of the pad fades into the next."""
_PIANO_NOTE = 1 << 18
_PAD_GAIN, _BASS_GAIN, _PIANO_GAIN = 0.1, 0.085, 0.055

_WORDS: dict[Mood, tuple[str, str]] = {
    "wonder": (
        "wonder awe curio myster magic dream amaz surpris enchant",
        "惊喜 惊奇 好奇 神秘 梦 奇妙 震撼 敬畏 空灵",
    ),
    "wistful": (
        "sad grief griev sorrow lonel tear cry cries weep mourn melanchol wistful farewell despair regret",
        "悲 伤 哭 泪 孤 失落 绝望 难过 离别 忧 惆怅 思念 怀念 哀",
    ),
    "tense": (
        "tens fear afraid scare danger chase panic suspense threat anger angr fight battle urgent alarm shock",
        "紧张 恐 怕 惊 危 怒 追 战 急 焦 慌",
    ),
    "dark": ("dark ominous grim eerie dread sinister gloom haunt", "阴 暗 诡 压抑 沉重 凝重"),
    "bright": (
        "happy happi joy hope cheer laugh smil warm triumph proud love excit playful relie bright upbeat",
        "欢 喜 乐 高兴 幸福 希望 笑 温暖 激动 爱 胜利 轻快 明亮 兴奋",
    ),
    "calm": ("calm quiet peace gentle serene tender still soft", "平静 宁静 安静 温柔 安详 舒缓 柔 静"),
}
"""The words for each mood: beginnings of English words, parts of Chinese ones. The first mood that is found counts."""
_MOODS: dict[Mood, re.Pattern[str]] = {
    mood: re.compile(rf"\b(?:{'|'.join(english.split())})|{'|'.join(chinese.split())}")
    for mood, (english, chinese) in _WORDS.items()
}
_NO_MUSIC = re.compile(r"^\W*(?:none|no|off|silen\w*|no music|without music|n/?a|无|没有|无音乐|无配乐|静音|静默)\W*$")

_Chord = tuple[int, ...]
_I, _II, _III, _IV, _V, _VI = (0, 4, 7, 2), (2, 5, 9, 0), (4, 7, 11), (5, 9, 0, 4), (7, 11, 2), (9, 0, 4, 7)
_V_SUS, _VI_SUS, _III_MAJOR = (7, 0, 2), (9, 11, 4), (4, 8, 11)
_PROGRESSIONS: dict[Mood, tuple[tuple[_Chord, ...], tuple[_Chord, ...]]] = {
    "bright": ((_I, _V, _VI, _IV), (_IV, _I, _II, _V_SUS)),
    "calm": ((_I, _IV, _I, _V_SUS), (_VI, _IV, _II, _V_SUS)),
    "wonder": ((_IV, _I, _VI, _III), (_II, _IV, _I, _V_SUS)),
    "wistful": ((_VI, _III, _IV, _I), (_II, _VI, _IV, _V_SUS)),
    "dark": ((_VI, _IV, _II, _III_MAJOR), (_VI_SUS, _II, _IV, _III_MAJOR)),
    "tense": ((_VI_SUS, _IV, _VI_SUS, _III_MAJOR), (_II, _VI_SUS, _IV, _III_MAJOR)),
}
"""Chords as semitones above the tonic, the root first; minor moods are built around the sixth degree.

The first four bars are played three times, the second four once, as verses and a bridge."""

_Phrase = tuple[tuple[float, int, float], ...]
_PHRASES: dict[Mood, tuple[_Phrase, ...]] = {
    "bright": (
        ((0, 1, 0.9), (1, 3, 0.55), (1.5, 4, 0.6), (2.5, 3, 0.5)),
        ((0, 2, 0.8), (1.5, 3, 0.55), (2, 5, 0.65)),
        ((0, 3, 0.8), (0.5, 4, 0.5), (1, 5, 0.7), (3, 4, 0.45)),
        ((0, 4, 0.7), (2, 2, 0.5)),
    ),
    "calm": (
        ((0, 1, 0.7), (2, 3, 0.5)),
        ((0, 2, 0.6), (1.5, 4, 0.5), (3, 3, 0.4)),
        ((0, 4, 0.6),),
        ((1, 3, 0.5), (2.5, 1, 0.45)),
    ),
    "wonder": (
        ((0, 3, 0.6), (0.5, 4, 0.45), (1, 6, 0.6), (2.5, 5, 0.4)),
        ((0, 6, 0.6), (1.5, 4, 0.4)),
        ((0, 2, 0.5), (0.5, 3, 0.4), (1, 5, 0.55), (1.5, 7, 0.5)),
        ((1, 5, 0.45),),
    ),
    "wistful": (
        ((0, 3, 0.7), (1.5, 2, 0.5), (2, 1, 0.55)),
        ((0, 4, 0.6), (2, 3, 0.5)),
        ((0, 2, 0.6), (3, 3, 0.4)),
        ((0, 1, 0.55), (1, 2, 0.4), (2, 4, 0.5)),
    ),
    "dark": (((0, -2, 0.7),), ((2, 1, 0.4),), ((0, -2, 0.6), (3, 0, 0.35)), ()),
    "tense": (
        ((0, -2, 0.65), (1, -2, 0.4), (2, -2, 0.5), (3, -2, 0.4)),
        ((0, -2, 0.65), (1, -2, 0.4), (2, -2, 0.5), (3, 1, 0.35)),
        ((0, -2, 0.65), (1, -2, 0.4), (2, -1, 0.5), (3, -2, 0.4)),
        ((0, -2, 0.6), (2, -2, 0.45)),
    ),
}
"""What the piano plays in a bar: (beat, step of the chord's ladder, loudness)."""
_ORDER = (0, 1, 0, 2, 0, 1, 3, 1, 2, 1, 0, 3)
"""Which phrase is played in which bar, so that a listener recognises the tune."""


def mood_of(time: TimeOfDay, weather: Weather, music: str, mood: str) -> Mood | None:
    """Return the mood of a shot: from the words about its music, from its emotion, else from time and weather.

    None: no music.
    """
    if _NO_MUSIC.search(music.lower()):
        return None
    for words in (music.lower(), mood.lower()):
        for name, pattern in _MOODS.items():
            if pattern.search(words):
                return name
    if weather == "storm":
        return "tense"
    if time == "night":
        return "dark" if weather in ("rain", "fog") else "wistful"
    if weather in ("rain", "fog"):
        return "wistful"
    if weather == "snow":
        return "wonder"
    return "bright" if time == "day" else "calm"


class Score:
    """The film's music. `passages` are (first sample, mood) in order; `end` is the film's last sample.

    The key is chosen by `seed`; the last bar ends on the tonic.
    """

    def __init__(self, passages: Sequence[tuple[int, Mood]], end: int, seed: str) -> None:
        self._starts = [start for start, _ in passages]
        self._moods: list[Mood] = [mood for _, mood in passages]
        self._last_bar = max(0, (end - 1) // BAR)
        self._tonic = int(seeded("key", seed).choice([-3, -1, 0, 2, 3, 5]))
        self._seed = seed

    def read(self, start: int, length: int) -> Stereo:
        """Return `length` samples of music from the film's sample `start` on."""
        sound = np.zeros((2, length), np.float32)
        for bar in range(max(0, (start - _CHANGE) // BAR), (start + length + _CHANGE) // BAR + 1):
            self._add_pad(sound, bar, start)
        for bar in range(max(0, (start - _PIANO_NOTE) // BAR), (start + length) // BAR + 1):
            self._add_piano(sound, bar, start)
        return sound

    def _mood(self, bar: int) -> Mood:
        return self._moods[max(0, bisect_right(self._starts, bar * BAR + BEAT) - 1)]

    def _chord(self, bar: int) -> _Chord:
        mood = self._mood(bar)
        if bar >= self._last_bar:
            return _VI if mood in ("wistful", "dark", "tense") else _I
        verse, bridge = _PROGRESSIONS[mood]
        return (bridge if bar // 4 % 4 == 2 else verse)[bar % 4]

    def _add_pad(self, sound: Stereo, bar: int, start: int) -> None:
        """Add the chord of a bar, which sounds until the next one has replaced it."""
        length = sound.shape[1]
        shape = _rise(start - bar * BAR, length) if bar else np.ones(length, np.float32)
        shape = shape - _rise(start - (bar + 1) * BAR, length)
        if not shape.any():
            return
        loop = _chord_pad(self._tonic, self._chord(bar))
        for side in range(2):
            sound[side] += part_of_loop(loop, start + side * _PAD_LOOP // 2, length) * shape

    def _add_piano(self, sound: Stereo, bar: int, start: int) -> None:
        """Add what the piano plays in a bar: nothing in every eighth, one note in the last."""
        mood = self._mood(bar)
        phrase = _PHRASES[mood][_ORDER[bar % len(_ORDER)]]
        if bar >= self._last_bar:
            phrase = ((0, 1, 0.6),)
        elif bar % 8 == 7:
            return
        chord = self._chord(bar)
        ladder = [n for n in range(40, 92) if (n - self._tonic) % 12 in {tone % 12 for tone in chord}]
        lowest = bisect_right(ladder, 59)
        human = seeded("piano", self._seed, bar)
        for beat, step, loudness in phrase:
            note = ladder[min(max(lowest + step - 1, 0), len(ladder) - 1)]
            onset = bar * BAR + round(beat * BEAT) + int(human.integers(0, RATE // 60))
            touch = _PIANO_GAIN * loudness * float(human.uniform(0.88, 1.08))
            _add_at(sound, _piano(note), onset - start, touch)


def _add_at(sound: Stereo, note: Stereo, position: int, gain: float) -> None:
    """Add a stereo sound whose first sample is at `position`, which may be before the chunk or after it."""
    first, last = max(position, 0), min(position + note.shape[1], sound.shape[1])
    if first < last:
        sound[:, first:last] += note[:, first - position : last - position] * np.float32(gain)


def _rise(position: int, length: int) -> Mono:
    """Return a smooth step from 0 to 1 over `_CHANGE` samples around sample 0, from `position` on."""
    if position >= _CHANGE // 2:
        return np.ones(length, np.float32)
    if position + length <= -_CHANGE // 2:
        return np.zeros(length, np.float32)
    along = np.clip((position + np.arange(length, dtype=np.float32)) / _CHANGE + 0.5, 0, 1)
    return (along * along * (3 - 2 * along)).astype(np.float32)


def _hertz(note: int) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


@lru_cache(maxsize=32)
def _pad(note: int) -> tuple[NDArray[np.intp], NDArray[np.complex64]]:
    """Return the spectrum of an endless note: where it is not zero, and its values there.

    Partials with soft edges, like many strings nearly in tune (PADsynth).
    """
    spacing = RATE / _PAD_LOOP
    size = np.zeros(_PAD_LOOP // 2 + 1)
    pitch = _hertz(note)
    for partial in range(1, 13):
        centre = pitch * partial
        width = centre * (2 ** (11 / 1200) - 1) + 0.25
        near = np.arange(int((centre - 4 * width) / spacing), int((centre + 4 * width) / spacing) + 1)
        edge = np.exp(-(((near * spacing - centre) / width) ** 2)) / width
        size[near] += partial**-1.5 * np.exp(-centre / 1_500) * edge
    # The level of the note that this spectrum makes (Parseval); nothing is at 0 Hz, nor at half the rate.
    size = size * (LOOP_RMS * _PAD_LOOP / float(np.sqrt(2 * np.sum(np.square(size)))))
    phases = seeded("pad", note).uniform(0, 2 * np.pi, size.size)
    heard = np.flatnonzero(size)
    values = np.zeros(heard.size, np.complex64)
    values[:] = size[heard] * np.exp(1j * phases[heard])
    return heard, values


@lru_cache(maxsize=16)
def _chord_pad(tonic: int, chord: _Chord) -> Mono:
    """Return a chord with its bass as an endless loop."""
    notes = [(55 + (tonic + tone - 55) % 12, _PAD_GAIN) for tone in chord]
    notes.append((36 + (tonic + chord[0]) % 12, _BASS_GAIN))
    spectrum = np.zeros(_PAD_LOOP // 2 + 1, np.complex64)
    for note, gain in notes:
        heard, values = _pad(note)
        spectrum[heard] += values * np.float32(gain)
    return np.fft.irfft(spectrum, _PAD_LOOP).astype(np.float32, copy=False)


@lru_cache(maxsize=32)
def _piano(note: int) -> Stereo:
    """Return one note of a piano with felt on its hammers, in a hall: (2, samples), its peak near full scale."""
    rng = seeded("felt", note)
    seconds = np.arange(round(3.2 * RATE)) / RATE
    pitch = _hertz(note)
    dry = np.zeros(seconds.size, np.float32)
    for partial in range(1, 7):
        hertz = pitch * partial * np.sqrt(1 + 0.0004 * partial**2)
        if hertz > 9_000:
            break
        decay = 1.5 * (261 / pitch) ** 0.35 / (1 + 0.4 * (partial - 1))
        fall = 0.7 * _falling(seconds, decay) + 0.3 * _falling(seconds, 2.6 * decay)
        strings = _sine(hertz * seconds) + _sine(hertz * 1.0003 * seconds + 0.4 / (2 * np.pi))
        dry += np.float32(np.exp(-0.75 * (partial - 1))) * fall * strings
    dry[: RATE // 10] += _felt(rng)
    dry *= np.minimum(seconds / 0.007, 1)
    dry[-RATE // 2 :] *= np.linspace(1, 0, RATE // 2)
    spectrum = np.fft.rfft(dry, _PIANO_NOTE)
    note_sound = np.stack([np.fft.irfft(spectrum * _hall(side), _PIANO_NOTE) for side in range(2)])
    note_sound *= 0.45
    note_sound[:, : dry.size] += dry
    note_sound[:, -RATE // 4 :] *= np.linspace(1, 0, RATE // 4)
    return (note_sound / np.abs(note_sound).max()).astype(np.float32)


def _sine(turns: NDArray[np.float64]) -> Mono:
    """Return the sine of so many turns. Whole turns are dropped first, so that single precision is exact enough."""
    return np.sin((turns % 1.0).astype(np.float32) * np.float32(2 * np.pi))


def _falling(seconds: NDArray[np.float64], decay_s: float) -> Mono:
    return np.exp((-seconds / decay_s).astype(np.float32))


def _felt(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the soft thud of the hammer."""
    length = RATE // 10
    smooth = np.convolve(rng.standard_normal(length), np.hanning(160) / 80, "same")
    return 0.25 * smooth * np.exp(-np.arange(length) / (0.015 * RATE))


@cache
def _hall(side: int) -> NDArray[np.complex64]:
    """Return the spectrum of a hall's reverberation in one channel: two seconds of decaying noise with damped highs."""
    rng = seeded("hall", side)
    length = 2 * RATE
    response = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    response *= np.minimum(np.arange(length) / (0.02 * RATE), 1)
    hertz = np.fft.rfftfreq(_PIANO_NOTE, 1 / RATE)
    spectrum = np.fft.rfft(response / np.sqrt(np.sum(response**2)), _PIANO_NOTE) / (1 + (hertz / 2_800) ** 2)
    return spectrum.astype(np.complex64)
