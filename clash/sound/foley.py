"""Sounds that happen at a moment: a bell, a gull, a step, thunder. Made from sines and noise, never recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from clash.sound.textures import RATE, Mono, seeded, shaped_noise

VARIANTS = 3
"""The number of variants of each happening."""
LONGEST_S = 6.0
"""The longest that a happening sounds, in seconds."""


@dataclass(frozen=True)
class Happening:
    """A sound that happens again and again: every `every_s` seconds, with this `chance`.

    `jitter` is the part of `every_s` by which it may be late; `wide` is how far from the middle it may be.
    """

    make: Callable[[np.random.Generator], NDArray[np.float64]]
    every_s: float
    chance: float
    jitter: float
    wide: float


@lru_cache(maxsize=64)
def happening_sound(name: str, variant: int) -> Mono:
    """Return one variant of a happening, its peak at full scale, faded in and out at its ends."""
    sound = HAPPENINGS[name].make(seeded("happening", name, variant))[: int(LONGEST_S * RATE)]
    fade = min(int(0.03 * RATE), sound.size // 4)
    sound[-fade:] *= np.linspace(1, 0, fade)
    sound[:48] *= np.linspace(0, 1, 48)
    return (sound / max(float(np.abs(sound).max()), 1e-9)).astype(np.float32)


def echoing(sound: NDArray[np.float64], rng: np.random.Generator, decay_s: float, wet: float) -> NDArray[np.float64]:
    """Return the sound with reverberation: noise that decays by 60 dB in `decay_s` seconds."""
    tail = int(decay_s * RATE)
    response = rng.standard_normal(tail) * np.exp(-6.9 * np.arange(tail) / tail)
    response *= np.minimum(np.arange(tail) / (0.012 * RATE), 1)
    size = 1 << (sound.size + tail - 1).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    damped = np.fft.rfft(response / np.sqrt(np.sum(response**2)), size) / (1 + (hertz / 3_500) ** 2)
    room = np.fft.irfft(np.fft.rfft(sound, size) * damped, size)[: sound.size + tail]
    room[: sound.size] = room[: sound.size] * wet + sound
    room[sound.size :] *= wet
    return room


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(int(seconds * RATE)) / RATE


def _burst(rng: np.random.Generator, seconds: float, low: float, high: float) -> NDArray[np.float64]:
    """Return noise between two frequencies."""
    curve = ((low / 3, -40.0), (low, 0.0), (high, 0.0), (high * 3, -40.0))
    return shaped_noise(rng, curve, int(seconds * RATE) // 2 * 2).astype(np.float64)


def _gliding(hertz: NDArray[np.float64], harmonics: Sequence[float]) -> NDArray[np.float64]:
    """Return a tone whose pitch follows `hertz`, sample by sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return np.sum([size * np.sin(n * phase) for n, size in enumerate(harmonics, 1)], axis=0)


def _one_after_another(calls: Sequence[NDArray[np.float64]], pauses_s: Sequence[float]) -> NDArray[np.float64]:
    parts: list[NDArray[np.float64]] = []
    for call, pause in zip(calls, pauses_s, strict=True):
        parts += [call, np.zeros(int(pause * RATE))]
    return np.concatenate(parts)


_BELL_PARTIALS = (
    (0.5, 0.5, 3.0),
    (1.0, 1.0, 2.2),
    (1.19, 0.6, 1.6),
    (1.5, 0.35, 1.2),
    (2.0, 0.7, 1.0),
    (2.51, 0.3, 0.6),
    (3.0, 0.22, 0.45),
    (4.17, 0.12, 0.25),
)
"""The partials of a bell: frequency against the strike note, loudness, decay in seconds."""


def _bell(rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(3.6)
    strike = float(rng.uniform(430, 470))
    partials = [
        size * np.sin(2 * np.pi * strike * ratio * seconds) * np.exp(-seconds / decay)
        for ratio, size, decay in _BELL_PARTIALS
    ]
    return echoing(np.sum(partials, axis=0) * np.minimum(seconds / 0.004, 1), rng, 2.0, 0.5)


def _thunder(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return distant thunder: a low roll in several waves."""
    seconds = _time(5.6)
    roll = shaped_noise(rng, ((25, -4), (50, 0), (110, -3), (250, -14), (700, -30)), seconds.size)
    shape = np.zeros_like(seconds)
    for when in np.sort(rng.uniform(0.1, 2.4, 4)):
        since = np.maximum(seconds - when, 0)
        shape += rng.uniform(0.4, 1.0) * (1 - np.exp(-since / 0.15)) * np.exp(-since / 1.1)
    return roll * shape


def _gull(rng: np.random.Generator) -> NDArray[np.float64]:
    calls: list[NDArray[np.float64]] = []
    for call in range(int(rng.integers(2, 5))):
        along = np.linspace(0, 1, int(rng.uniform(0.22, 0.4) * RATE))
        pitch = (1_150 + 480 * np.sin(np.pi * along**0.7) - 40 * call) * rng.uniform(0.95, 1.05)
        loudness = np.sin(np.pi * along) ** 0.8 * (1 - 0.12 * call)
        calls.append(_gliding(pitch, (1.0, 0.55, 0.3, 0.12)) * loudness)
    return echoing(_one_after_another(calls, rng.uniform(0.08, 0.25, len(calls)).tolist()), rng, 1.4, 0.9)


def _bird(rng: np.random.Generator) -> NDArray[np.float64]:
    calls: list[NDArray[np.float64]] = []
    base = float(rng.uniform(2_600, 3_900))
    for _ in range(int(rng.integers(3, 7))):
        along = np.linspace(0, 1, int(rng.uniform(0.05, 0.14) * RATE))
        pitch = base * (1 + rng.uniform(-0.15, 0.25) * along + 0.04 * np.sin(2 * np.pi * rng.uniform(1, 4) * along))
        calls.append(_gliding(pitch, (1.0, 0.08)) * np.sin(np.pi * along) ** 1.5 * rng.uniform(0.5, 1.0))
    return echoing(_one_after_another(calls, rng.uniform(0.04, 0.16, len(calls)).tolist()), rng, 1.0, 0.6)


def _owl(rng: np.random.Generator) -> NDArray[np.float64]:
    calls: list[NDArray[np.float64]] = []
    for length in (0.28, 0.22, 0.62):
        along = np.linspace(0, 1, int(length * RATE))
        pitch = 370 + 25 * np.sin(np.pi * along) + rng.uniform(-4, 4)
        calls.append(_gliding(pitch, (1.0, 0.12, 0.05)) * np.sin(np.pi * along) ** 1.2)
    return echoing(_one_after_another(calls, (0.35, 0.12, 0.1)), rng, 1.8, 0.8)


def _drip(rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(0.12)
    pitch = rng.uniform(800, 1_200) * (1 + 4 * seconds)
    return echoing(_gliding(pitch, (1.0, 0.1)) * np.exp(-seconds / 0.022), rng, 1.6, 0.7)


def _step(rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(0.16)
    heel = _burst(rng, 0.16, 70, 260) * np.exp(-seconds / 0.022)
    sole = _burst(rng, 0.16, 500, 2_200) * np.exp(-np.maximum(seconds - 0.018, 0) / 0.018) * (seconds > 0.018)
    return (heel + 0.22 * sole) * np.minimum(seconds / 0.003, 1)


def _tick(rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(0.09)
    ring = np.sin(2 * np.pi * rng.uniform(1_700, 2_300) * seconds) * np.exp(-seconds / 0.006)
    return (ring + 0.4 * _burst(rng, 0.09, 300, 900) * np.exp(-seconds / 0.012)) * np.minimum(seconds / 0.0006, 1)


def _door(rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(0.5)
    slam = _burst(rng, 0.5, 45, 190) * np.exp(-seconds / 0.07)
    latch = _burst(rng, 0.5, 900, 2_600) * np.exp(-seconds / 0.012)
    return echoing((slam + 0.25 * latch) * np.minimum(seconds / 0.003, 1), rng, 0.8, 0.6)


def _knock(rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(0.1)
    blows = [
        _burst(rng, 0.1, 160, 520) * np.exp(-seconds / 0.02) * np.minimum(seconds / 0.002, 1) * size
        for size in (0.9, 1.0, 0.8)
    ]
    return echoing(_one_after_another(blows, (0.13, 0.14, 0.1)), rng, 0.6, 0.4)


def _horn(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a distant foghorn."""
    along = np.linspace(0, 1, int(2.2 * RATE))
    shape = np.minimum(along / 0.15, 1) * np.minimum((1 - along) / 0.2, 1)
    low = _gliding(np.full(along.size, 98.0), (1.0, 0.6, 0.35, 0.2, 0.08))
    fifth = _gliding(np.full(along.size, 147.3), (0.5, 0.25, 0.12))
    return echoing((low + fifth) * shape, rng, 2.6, 1.0)


def _car(rng: np.random.Generator) -> NDArray[np.float64]:
    along = np.linspace(0, 1, int(4.4 * RATE))
    near = np.exp(-(((along - 0.5) / 0.17) ** 2))
    return _burst(rng, 4.4, 120, 700)[: along.size] * near + 0.3 * _burst(rng, 4.4, 900, 2_400) * near**2


def _heart(_rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(0.5)
    second = np.maximum(seconds - 0.22, 0)
    beat = np.sin(2 * np.pi * 52 * seconds) * np.exp(-seconds / 0.05) * np.minimum(seconds / 0.012, 1)
    return beat + 0.7 * np.sin(2 * np.pi * 60 * second) * np.exp(-second / 0.045) * np.minimum(second / 0.012, 1)


def _splash(rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = _time(1.1)
    shape = np.minimum(seconds / 0.02, 1) * np.exp(-seconds / 0.22)
    return _burst(rng, 1.1, 500, 3_500) * shape + 0.5 * _burst(rng, 1.1, 120, 400) * shape**2


HAPPENINGS: dict[str, Happening] = {
    "bell": Happening(_bell, 3.4, 1.0, 0.03, 0.2),
    "thunder": Happening(_thunder, 7.0, 0.75, 0.5, 0.6),
    "gull": Happening(_gull, 5.2, 0.6, 0.6, 0.9),
    "bird": Happening(_bird, 2.3, 0.55, 0.6, 0.95),
    "owl": Happening(_owl, 9.0, 0.7, 0.4, 0.8),
    "drip": Happening(_drip, 1.7, 0.7, 0.7, 0.7),
    "step": Happening(_step, 0.56, 1.0, 0.06, 0.15),
    "tick": Happening(_tick, 1.0, 1.0, 0.0, 0.3),
    "door": Happening(_door, 60.0, 1.0, 0.0, 0.3),
    "knock": Happening(_knock, 60.0, 1.0, 0.0, 0.3),
    "horn": Happening(_horn, 13.0, 1.0, 0.2, 0.5),
    "car": Happening(_car, 7.3, 0.6, 0.5, 0.9),
    "heart": Happening(_heart, 0.92, 1.0, 0.0, 0.0),
    "splash": Happening(_splash, 60.0, 1.0, 0.0, 0.3),
}
"""The sounds that happen, by name."""
