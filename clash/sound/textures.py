"""Endless sounds made from noise: wind, sea, rain, a room's air. Seamless loops, read at any time of the film.

A loop is made once in the frequency domain, so its end joins its beginning without a click. A slow change of volume
over the time of the film (waves, gusts of wind) makes it sound natural; it never repeats within a film. Samples are
read by their absolute position: nothing is kept between two reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float32]
"""Sound of shape (samples,) at `RATE`, 1.0 being full scale."""
Stereo = NDArray[np.float32]
"""Sound of shape (2, samples): left, right. Each channel is contiguous in memory, which is faster to add."""

RATE = 48_000
LOOP = 1 << 19
"""Samples in a loop: 10.9 s."""
CONTROL = RATE // 100
"""Samples between two points of a slow curve."""
LOOP_RMS = 0.1
"""Every loop is this loud before it is mixed: -20 dBFS."""

Movement = Literal["still", "drift", "gust", "swell", "crest", "lap"]
Curve = Sequence[tuple[float, float]]
"""A spectrum as (Hz, dB) points, joined by straight lines over the logarithm of the frequency."""


_ALONG = np.arange(CONTROL, dtype=np.float32) / np.float32(CONTROL)


def seeded(*names: object) -> np.random.Generator:
    """Return a random generator that is the same for the same names, in every process."""
    digest = hashlib.sha256("\0".join(map(str, names)).encode("utf-8", "replace")).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def shaped_noise(rng: np.random.Generator, curve: Curve, length: int = LOOP) -> Mono:
    """Return seamless noise with this spectrum at `LOOP_RMS`. Above the curve it falls by 12 dB per octave."""
    hertz = np.fft.rfftfreq(length, 1 / RATE).astype(np.float32)
    end_hz, end_db = curve[-1]
    curve = (*curve, (RATE / 2, end_db - 12 * np.log2(RATE / 2 / end_hz)))
    points = np.log([point[0] for point in curve])
    decibels = np.interp(np.log(np.maximum(hertz, 1.0)), points, [point[1] for point in curve])
    decibels[hertz < 25] = -120
    bins = rng.standard_normal(2 * hertz.size, dtype=np.float32).view(np.complex64)
    return at_rms(np.fft.irfft(bins * np.power(10, decibels / 20).astype(np.float32), length))


def at_rms(sound: NDArray[np.floating], rms: float = LOOP_RMS) -> Mono:
    """Return the sound at this RMS level."""
    power = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    return (sound * (rms / max(power, 1e-12))).astype(np.float32)


@dataclass(frozen=True)
class Texture:
    """One endless sound: how its loop is made, and how its volume changes."""

    make: Callable[[np.random.Generator], Mono]
    movement: Movement = "still"


def read_texture(name: str, start: int, length: int) -> Stereo:
    """Return `length` samples of an endless sound from the film's sample `start` on; `name` is a key of `TEXTURES`."""
    loop = _loop(name)
    sound = np.empty((2, length), np.float32)
    for side, offset in enumerate((0, LOOP // 2 + 7_919)):
        sound[side] = part_of_loop(loop, start + offset, length)
    movement = TEXTURES[name].movement
    if movement != "still":
        sound *= _movement_gain(name, movement, start, length)
    return sound


def part_of_loop(loop: Mono, start: int, length: int) -> Mono:
    """Return `length` samples of an endless loop from a position that may be past its end."""
    first = start % loop.size
    if first + length <= loop.size:
        return loop[first : first + length]
    return np.take(loop, np.arange(first, first + length), mode="wrap")


def _movement_gain(name: str, movement: Movement, start: int, length: int) -> Stereo:
    """Return the gain of each sample in both channels."""
    first = start // CONTROL
    points = np.arange(first, first + length // CONTROL + 3, dtype=np.float64) * (CONTROL / RATE)
    gain = np.empty((2, length), np.float32)
    for side in range(2):
        curve = _MOVEMENTS[movement](points, seeded(name, "movement"), 0.35 * side)
        gain[side] = joined_up(curve)[start - first * CONTROL :][:length]
    return gain


def joined_up(points: NDArray[np.floating]) -> Mono:
    """Return a line through points that are `CONTROL` samples apart, sample by sample."""
    corners = points.astype(np.float32)[:, np.newaxis]
    line = corners[:-1] + (corners[1:] - corners[:-1]) * _ALONG
    return line.reshape(-1).astype(np.float32, copy=False)


def _waves(
    seconds: NDArray[np.float64], rng: np.random.Generator, periods_s: Sequence[float], side: float
) -> NDArray[np.float64]:
    """Return a slow curve between 0 and 1: sines whose periods share no multiple, so that it does not repeat."""
    total = np.zeros_like(seconds)
    for period in periods_s:
        total += np.sin(2 * np.pi * seconds / period + rng.uniform(0, 2 * np.pi) + side)
    return 0.5 + 0.5 * total / len(periods_s)


_SWELL_S = (8.3, 11.9, 13.7)
_Curves = Callable[[NDArray[np.float64], np.random.Generator, float], NDArray[np.float64]]
_MOVEMENTS: dict[Movement, _Curves] = {
    "drift": lambda t, rng, side: 0.75 + 0.35 * _waves(t, rng, (9.1, 14.3, 23.9), side),
    "gust": lambda t, rng, side: 0.35 + 1.1 * _waves(t, rng, (5.3, 7.9, 12.7, 19.1), side) ** 1.6,
    "swell": lambda t, _, side: 0.45 + 0.9 * _waves(t, seeded("sea"), _SWELL_S, side),
    "crest": lambda t, _, side: 0.10 + 1.6 * _waves(t - 0.9, seeded("sea"), _SWELL_S, side) ** 3,
    "lap": lambda t, rng, side: 0.35 + 1.0 * _waves(t, rng, (1.7, 2.3, 3.9), side) ** 2,
}


@lru_cache(maxsize=24)
def _loop(name: str) -> Mono:
    """Return the loop of an endless sound: two megabytes, made in some milliseconds."""
    return TEXTURES[name].make(seeded("texture", name))


def _noise(*curve: tuple[float, float]) -> Callable[[np.random.Generator], Mono]:
    return lambda rng: shaped_noise(rng, curve)


def _scatter(loop: Mono, grain: Mono, positions: NDArray[np.intp], gains: NDArray[np.floating]) -> None:
    """Add a short sound to the loop at many positions, wrapping around its end."""
    for position, gain in zip(positions, gains, strict=True):
        end = min(position + grain.size, loop.size)
        loop[position:end] += grain[: end - position] * gain
        if position + grain.size > loop.size:
            loop[: grain.size - (end - position)] += grain[end - position :] * gain


def _drops(rng: np.random.Generator, hertz: float, ring_s: float, per_s: float) -> Mono:
    """Return drops falling at random: short rings around a frequency, few of them loud."""
    loop = np.zeros(LOOP, np.float32)
    seconds = np.arange(int(ring_s * 6 * RATE)) / RATE
    for pitch in hertz * rng.uniform(0.6, 1.7, 12):
        attack = np.minimum(seconds / 0.0008, 1)
        grain = attack * np.sin(2 * np.pi * pitch * seconds) * np.exp(-seconds / ring_s)
        count = int(per_s * LOOP / RATE / 12)
        _scatter(loop, grain.astype(np.float32), rng.integers(0, LOOP, count), rng.exponential(1.0, count) ** 2)
    return at_rms(loop)


def _rain(rng: np.random.Generator) -> Mono:
    hiss = shaped_noise(
        rng, ((150, -26), (400, -12), (1_200, -3), (2_800, 0), (6_000, -5), (10_000, -14), (15_000, -28))
    )
    return at_rms(hiss + 0.55 * _drops(rng, 2_600, 0.004, 220))


def _rain_on_roof(rng: np.random.Generator) -> Mono:
    hiss = shaped_noise(rng, ((60, -8), (150, -2), (400, 0), (1_000, -6), (2_500, -16), (7_000, -32)))
    return at_rms(hiss + 0.6 * _drops(rng, 420, 0.012, 70))


def _river(rng: np.random.Generator) -> Mono:
    water = shaped_noise(rng, ((100, -14), (350, -3), (800, 0), (2_000, -6), (5_000, -16), (12_000, -30)))
    return at_rms(water + 0.8 * _drops(rng, 700, 0.02, 60))


def _fire(rng: np.random.Generator) -> Mono:
    roar = shaped_noise(rng, ((40, -4), (90, 0), (250, -6), (800, -16), (3_000, -28), (9_000, -40)))
    return at_rms(roar + 0.5 * _drops(rng, 1_900, 0.003, 9))


def _crickets(rng: np.random.Generator) -> Mono:
    """Return three crickets, each with its own pitch, chirping three times and pausing."""
    loop = np.zeros(LOOP, np.float32)
    seconds = np.arange(int(0.022 * RATE)) / RATE
    pulse = np.sin(np.pi * seconds / 0.022) ** 2
    for pitch, pause, loudness in ((4_150, 0.86, 1.0), (4_480, 1.13, 0.6), (3_890, 1.51, 0.4)):
        grain = (pulse * np.sin(2 * np.pi * pitch * seconds)).astype(np.float32)
        count = round(LOOP / RATE / pause)
        for chirp in range(count):
            first = (chirp + rng.uniform(-0.06, 0.06)) * LOOP / count
            positions = (first + np.arange(3) * 0.031 * RATE).astype(np.intp) % LOOP
            _scatter(loop, grain, positions, loudness * rng.uniform(0.5, 1.0) * np.array([0.7, 1.0, 0.8]))
    return at_rms(loop)


def _crowd(rng: np.random.Generator) -> Mono:
    """Return many people talking at once: bands of voice, each with its own syllables."""
    seconds = np.arange(LOOP, dtype=np.float32) / RATE
    total = np.zeros(LOOP, np.float32)
    for _ in range(9):
        formant = float(rng.uniform(280, 900))
        voice = shaped_noise(
            rng, ((90, -30), (formant / 2, -8), (formant, 0), (formant * 2.6, -9), (4_000, -24), (9_000, -45))
        )
        cycles = rng.integers(24, 46)
        phrase = np.sin(float(2 * np.pi * rng.integers(2, 6) / seconds[-1]) * seconds + rng.uniform(0, 6.28))
        pace = float(2 * np.pi * cycles / (LOOP / RATE))
        syllables = np.sin(pace * seconds + 1.5 * phrase + rng.uniform(0, 6.28))
        total += voice * (np.maximum(syllables, 0) * np.clip(0.6 + phrase, 0, 1)).astype(np.float32)
    return at_rms(total)


def _drone(tones: Sequence[tuple[float, float]], spread_hz: float, air: float) -> Callable[..., Mono]:
    """Return the maker of deep tones with soft edges, (Hz, dB) each, over a little air."""

    def make(rng: np.random.Generator) -> Mono:
        hertz = np.fft.rfftfreq(LOOP, 1 / RATE)
        size = np.zeros(hertz.size)
        for tone, decibels in tones:
            size += 10 ** (decibels / 20) * np.exp(-(((hertz - tone) / spread_hz) ** 2))
        bins = rng.standard_normal(2 * hertz.size).view(np.complex128)
        tone = at_rms(np.fft.irfft(bins * size, LOOP))
        return at_rms(tone + air * shaped_noise(rng, ((60, -8), (200, 0), (900, -8), (3_000, -20), (12_000, -42))))

    return make


TEXTURES: dict[str, Texture] = {
    "air": Texture(_noise((40, -8), (90, 0), (220, -5), (600, -14), (2_000, -28), (9_000, -48)), "drift"),
    "wind": Texture(
        _noise((50, -14), (140, -3), (320, 0), (700, -6), (1_600, -16), (4_500, -28), (14_000, -48)), "gust"
    ),
    "gale": Texture(
        _noise((50, -8), (160, -1), (420, 0), (640, -3), (760, 2), (900, -5), (2_500, -15), (12_000, -38)),
        "gust",
    ),
    "hush": Texture(_noise((80, -10), (250, 0), (800, -8), (2_500, -20), (8_000, -40)), "drift"),
    "leaves": Texture(_noise((300, -30), (1_000, -10), (2_200, 0), (4_500, -3), (8_000, -14), (14_000, -34)), "gust"),
    "wash": Texture(
        _noise((40, -8), (120, 0), (350, -2), (900, -8), (2_500, -15), (7_000, -26), (16_000, -44)), "swell"
    ),
    "surf": Texture(_noise((150, -24), (500, -8), (1_400, 0), (3_500, -5), (8_000, -16), (14_000, -32)), "crest"),
    "lapping": Texture(_noise((100, -16), (280, -2), (650, 0), (1_500, -9), (4_000, -22)), "lap"),
    "river": Texture(_river, "drift"),
    "rain": Texture(_rain, "drift"),
    "roof": Texture(_rain_on_roof, "drift"),
    "traffic": Texture(_noise((30, -5), (70, 0), (180, -3), (450, -12), (1_300, -22), (5_000, -40)), "drift"),
    "crowd": Texture(_crowd, "drift"),
    "crickets": Texture(_crickets),
    "fire": Texture(_fire, "drift"),
    "hum": Texture(_drone(((60, 0), (120, -5), (180, -13), (240, -16)), 0.5, 0.5), "drift"),
    "engine": Texture(_drone(((46, 0), (69, -4), (92, -3), (138, -9), (184, -15)), 2.5, 0.8), "drift"),
    "deep": Texture(_drone(((55, 0), (82.5, -3), (110, -8), (165, -13)), 1.2, 0.25), "gust"),
}
"""The endless sounds by name."""
