"""What is heard around a shot, and the music under it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clash.sound.ambience import bed_levels
from clash.sound.foley import HAPPENINGS, LONGEST_S, VARIANTS, happening_sound
from clash.sound.score import BAR, Mood, Score, mood_of
from clash.sound.textures import LOOP, LOOP_RMS, RATE, TEXTURES, read_texture
from clash.story.place_kinds import INTERIORS, PlaceKind
from clash.story.screenplay import TimeOfDay, Weather

places = st.sampled_from(get_args(PlaceKind))
hours = st.sampled_from(get_args(TimeOfDay))
skies = st.sampled_from(get_args(Weather))


@given(places, hours, skies, st.sampled_from(["", "waves and a bell", "雨声，脚步", "silence", "[/b] \x00 😀"]))
def test_every_shot_has_sounds_that_exist(place: PlaceKind, time: TimeOfDay, weather: Weather, sound: str):
    """Any place at any hour in any weather has an endless sound, and every name in it can be played."""
    levels = bed_levels(place, time, weather, sound)
    assert set(levels) <= set(TEXTURES) | set(HAPPENINGS)
    assert set(levels) & set(TEXTURES)
    assert all(-40 < level <= 12 for level in levels.values())


@given(places, hours)
def test_rain_is_heard_on_the_roof_from_inside(place: PlaceKind, time: TimeOfDay):
    """Rain falls on the ground outside and on the roof inside, and no bird sings in it."""
    levels = bed_levels(place, time, "rain", "")
    assert ("roof" in levels) == (place in INTERIORS)
    assert ("rain" in levels) == (place not in INTERIORS)
    assert not {"bird", "gull", "crickets", "owl"} & set(levels)


def test_the_sounds_fit_the_time_of_day():
    """A forest has birds by day, crickets and an owl by night."""
    day, night = (bed_levels("forest", time, "clear", "") for time in ("day", "night"))
    assert "bird" in day
    assert "crickets" not in day
    assert "bird" not in night
    assert {"crickets", "owl"} <= set(night)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("waves on the rocks", "wash"),
        ("海浪声", "wash"),
        ("distant thunder", "thunder"),
        ("雷声滚滚", "thunder"),
        ("Church bells", "bell"),
        ("钟声", "bell"),
        ("footsteps on gravel", "step"),
        ("脚步声", "step"),
        ("WIND howling", "wind"),
        ("风声", "wind"),
        ("a door slams", "door"),
        ("心跳", "heart"),
    ],
)
def test_what_the_story_asks_for_is_heard(words: str, name: str):
    """A sound named in the story's sound column is heard, and louder than the place would have it."""
    asked, unasked = bed_levels("street", "day", "clear", words), bed_levels("street", "day", "clear", "")
    assert name in asked
    assert asked[name] > unasked.get(name, -99)


def test_a_silent_shot_stays_quiet():
    """Where the story asks for silence the place is hushed, and nothing happens in it."""
    hushed, usual = bed_levels("market", "day", "clear", "寂静"), bed_levels("market", "day", "clear", "")
    assert all(level <= usual[name] - 10 for name, level in hushed.items())
    assert not set(hushed) & set(HAPPENINGS)


@pytest.mark.parametrize("name", sorted(TEXTURES))
def test_an_endless_sound_has_no_seam(name: str):
    """Where a loop begins again the sound jumps no further than elsewhere, and its level is as promised."""
    around = read_texture(name, LOOP - RATE, 2 * RATE)
    jumps = np.abs(np.diff(around, axis=1))
    assert jumps[:, RATE - 1].max() <= np.delete(jumps, RATE - 1, axis=1).max()
    level = np.sqrt(np.mean(np.square(np.concatenate([read_texture(name, s * RATE, RATE) for s in range(20)], 1))))
    assert 0.3 * LOOP_RMS < level < 1.6 * LOOP_RMS


def test_an_endless_sound_does_not_depend_on_how_it_is_read():
    """Read in pieces of any size, at any place, it is the same sound."""
    whole = read_texture("wash", 1_000, 60_000)
    pieces = [read_texture("wash", 1_000 + start, 7_500) for start in range(0, 60_000, 7_500)]
    assert np.allclose(whole, np.concatenate(pieces, axis=1), atol=1e-6)


@pytest.mark.parametrize("name", sorted(TEXTURES))
def test_an_endless_sound_differs_left_and_right(name: str):
    """Left and right are not the same: the sound has width, and speech in the middle stays clear of it."""
    left, right = read_texture(name, 0, 4 * RATE)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.5


@pytest.mark.parametrize("name", sorted(HAPPENINGS))
def test_a_happening_begins_and_ends_in_silence(name: str):
    """A bell, a step or a gull starts and stops at zero, rings for seconds at most, and has a peak of one."""
    for variant in range(VARIANTS):
        sound = happening_sound(name, variant)
        assert sound.size <= LONGEST_S * RATE
        assert abs(sound[0]) < 1e-3
        assert abs(sound[-1]) < 1e-3
        assert np.abs(sound).max() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("music", "mood", "time", "weather", "expected"),
    [
        ("", "", "day", "clear", "bright"),
        ("", "", "night", "clear", "wistful"),
        ("", "", "night", "storm", "tense"),
        ("", "fear", "day", "clear", "tense"),
        ("", "悲伤", "day", "clear", "wistful"),
        ("hopeful piano", "sad", "night", "storm", "bright"),
        ("", "a stranger, intense", "dusk", "clear", "calm"),
        ("轻快的钢琴", "", "night", "rain", "bright"),
        ("none", "joy", "day", "clear", None),
        ("无", "", "day", "clear", None),
    ],
)
def test_the_music_follows_the_story(music: str, mood: str, time: TimeOfDay, weather: Weather, expected: Mood | None):
    """Words about the music come first, then the emotion, then the sky; "none" means none."""
    assert mood_of(time, weather, music, mood) == expected


def chroma(sound: np.ndarray, highest_hz: float = 2_000) -> np.ndarray:
    """The share of each of the twelve tones in a sound's power."""
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
    inside = (hertz > 60) & (hertz < highest_hz)
    tones = np.round(69 + 12 * np.log2(hertz[inside] / 440)).astype(int) % 12
    return np.bincount(tones, power[inside], 12) / power[inside].sum()


@pytest.mark.parametrize("mood", ["bright", "calm", "wonder", "wistful"])
def test_the_music_stays_in_one_key(mood: Mood):
    """The twelve tones are not played alike: the seven of one scale hold nearly all of the sound."""
    score = Score([(0, mood)], 8 * BAR, "a film")
    tones = chroma(np.concatenate([score.read(bar * BAR, BAR) for bar in range(8)], axis=1))
    major = np.array([0, 2, 4, 5, 7, 9, 11])
    assert max(tones[(major + tonic) % 12].sum() for tonic in range(12)) > 0.93


def test_chords_change():
    """The music moves: the bass of four bars in a row has at least three tones."""
    score = Score([(0, "bright")], 8 * BAR, "a film")
    basses = [chroma(score.read(bar * BAR + BAR // 3, BAR // 2), 124).argmax() for bar in range(4)]
    assert len(set(basses)) >= 3


def test_the_music_does_not_depend_on_how_it_is_read():
    """Read in pieces of any size it is the same music."""
    score = Score([(0, "calm"), (3 * RATE, "tense")], 12 * RATE, "a film")
    whole = score.read(0, 8 * RATE)
    pieces = [score.read(start, 16_000) for start in range(0, 8 * RATE, 16_000)]
    assert np.allclose(whole, np.concatenate(pieces, axis=1), atol=1e-6)


def test_another_film_has_another_key():
    """Not every film is in the same key."""
    keys = {int(np.argmax(chroma(Score([(0, "calm")], 4 * BAR, f"film {n}").read(0, BAR)))) for n in range(8)}
    assert len(keys) >= 3
