"""The stems of a film: dialogue, music and effects, which add up to its sound."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from clash.sound.given_music import Music
from clash.sound.soundtrack import SoundShot, Utterance, film_sound
from clash.sound.stems import STEMS, utterance_gain_db, write_stems

RATE = 48_000


def voice(path: Path, seconds: float, level: float = 0.5) -> Path:
    """Write a sound that rises and falls like speech, with peaks that a limiter must take down."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.sin(2 * np.pi * 180 * time) * np.abs(np.sin(2 * np.pi * 2.5 * time)) ** 6
    sound[:: RATE // 9] = 1.0
    with wave.open(str(path), "wb") as writer:
        writer.setparams((1, 2, RATE, 0, "NONE", ""))
        writer.writeframes((sound * level * 32767).astype("<i2").tobytes())
    return path


def read(path: Path) -> NDArray[np.float64]:
    """Return a WAV file as samples of 1.0 at most, shaped (samples, 2)."""
    with wave.open(str(path)) as reader:
        assert (reader.getnchannels(), reader.getframerate(), reader.getsampwidth()) == (2, RATE, 2)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2").reshape(-1, 2) / 32767


def shots(folder: Path, *, words: bool) -> list[SoundShot]:
    """Return three shots with weather, music and happenings; the middle one is spoken over."""
    spoken = (Utterance(voice(folder / "line.wav", 1.8), 0.4),) if words else ()
    return [
        SoundShot(2.5, (), "harbour", "day", "rain", sound="gulls", mood="calm"),
        SoundShot(3.04, spoken, "forest", "night", "clear", mood="tense"),
        SoundShot(1.46, (), "street", "dusk", "storm", sound="thunder"),
    ]


def stems_of(parts: list[SoundShot], folder: Path, music: Music | None = None) -> dict[str, NDArray[np.float64]]:
    """Write the stems and read them again."""
    paths = {name: folder / f"{name}.wav" for name in STEMS}
    write_stems(parts, music, paths)
    return {name: read(path) for name, path in paths.items()}


def decibels(sound: NDArray[np.floating]) -> float:
    """Return the power of a sound."""
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-20))


@pytest.mark.parametrize("words", [True, False], ids=["spoken", "unspoken"])
def test_stems_add_up_to_the_sound_of_the_film(tmp_path: Path, words: bool) -> None:
    """In every tenth of a second the stems together are within 0.1 dB of the film's sound, and as long."""
    parts = shots(tmp_path, words=words)
    film = np.concatenate(list(film_sound(parts)))
    stems = stems_of(parts, tmp_path)
    assert {name: len(stem) for name, stem in stems.items()} == dict.fromkeys(STEMS, len(film))
    together = sum(stems.values())
    for start in range(0, len(film), RATE // 10):
        span = slice(start, start + RATE // 10)
        if decibels(film[span]) > -60:
            assert decibels(together[span]) == pytest.approx(decibels(film[span]), abs=0.1)  # type: ignore[index]
    assert decibels(together - film) < decibels(film) - 40


def test_each_stem_has_only_its_own_sounds(tmp_path: Path) -> None:
    """Dialogue is silent where nobody speaks, and music is silent in a film without any."""
    stems = stems_of(shots(tmp_path, words=True), tmp_path, Music())
    assert not stems["music"].any()
    assert not stems["dialogue"][: 2 * RATE].any()
    assert decibels(stems["dialogue"][3 * RATE : 4 * RATE]) > -30
    assert decibels(stems["effects"]) > -60


def test_given_music_is_the_music_stem(tmp_path: Path) -> None:
    """A file of music is in the music stem, and in no other."""
    tune = voice(tmp_path / "tune.wav", 3)
    stems = stems_of(shots(tmp_path, words=False), tmp_path, Music(tune))
    without = stems_of(shots(tmp_path, words=False), tmp_path, Music())
    assert stems["music"].any()
    assert decibels(stems["music"]) > -50
    # The limiter may do a little more where there is more to be heard.
    assert decibels(stems["effects"]) == pytest.approx(decibels(without["effects"]), abs=0.1)


def test_a_film_too_short_to_measure_has_stems(tmp_path: Path) -> None:
    """A film of a third of a second, whose loudness cannot be measured, has stems that add up to its sound."""
    spoken = (Utterance(voice(tmp_path / "line.wav", 0.3), 0.0),)
    parts = [SoundShot(0.3, spoken, "street", "day", "clear")]
    film = np.concatenate(list(film_sound(parts)))
    stems = stems_of(parts, tmp_path)
    assert {len(stem) for stem in stems.values()} == {len(film)}
    assert decibels(sum(stems.values())) == pytest.approx(decibels(film), abs=0.1)  # type: ignore[arg-type]


def test_the_gain_of_a_line_is_that_of_the_film(tmp_path: Path) -> None:
    """A quiet line is told to be louder in the film than in its file, by as much as it is quieter."""
    loud, quiet = voice(tmp_path / "loud.wav", 2), voice(tmp_path / "quiet.wav", 2, level=0.25)
    assert utterance_gain_db(quiet, 2.0) - utterance_gain_db(loud, 2.0) == pytest.approx(6.02, abs=0.05)
    assert utterance_gain_db(loud, 2.0) - utterance_gain_db(loud, 1.0) == pytest.approx(6.02, abs=0.05)
