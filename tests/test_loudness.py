"""The loudness of the film: measured as broadcasters do, set without a peak or a sample out of place."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from clash.sound.levels import limited_to, normalised
from clash.sound.loudness import RATE, SILENCE_LUFS, Chunk, measure
from clash.sound.soundtrack import SoundShot, Utterance, film_sound, soundtrack
from clash.sound.stems import film_gain, film_stems

Make = Callable[[], Iterator[Chunk]]


def write_speech(path: Path, seconds: float) -> Path:
    """A WAV that rises and falls like speech: a buzz at 140 Hz in syllables of a quarter of a second."""
    time = np.arange(int(seconds * 24_000)) / 24_000
    buzz = sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2 * time), 0, 1) ** 0.5
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((0.3 * buzz * syllables * 32767).clip(-32768, 32767).astype("<i2").tobytes())
    return path


def tone(decibels: float, seconds: float = 5.0, hertz: float = 997.0) -> Chunk:
    """A sine on both sides whose peak is at `decibels` dBFS."""
    sine = 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([sine, sine], axis=1).astype(np.float32)


def in_chunks(sound: Chunk, size: int = RATE) -> Iterator[Chunk]:
    for start in range(0, len(sound), size):
        yield sound[start : start + size]


def joined(chunks: Iterator[Chunk]) -> Chunk:
    return np.concatenate(list(chunks))


def true_peak_db(sound: Chunk) -> float:
    """The highest point of the curve between the samples too, from eight times as many of them."""
    peak = 0.0
    for chunk in in_chunks(sound):
        for side in chunk.T:
            fine = np.fft.irfft(np.fft.rfft(side), side.size * 8) * 8
            peak = max(peak, float(np.abs(fine[400:-400]).max()))
    return 20 * np.log10(peak)


@pytest.fixture(scope="module")
def mixes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Make]:
    """Real sound tracks: speech over a bed, a bed alone, and a storm with thunder."""
    spoken = write_speech(tmp_path_factory.mktemp("speech") / "line.wav", 4.0)
    talk = (
        SoundShot(6.0, (Utterance(spoken, 0.4),), "harbour", "day", "clear"),
        SoundShot(6.5, (Utterance(spoken, 0.4),), "room", "night", "rain"),
        SoundShot(4.0, (), "forest", "day", "clear"),
    )
    quiet = (SoundShot(8.0, (), "forest", "dawn", "clear"), SoundShot(7.0, (), "bedroom", "night", "clear"))
    storm = (SoundShot(9.0, (), "sea", "night", "storm", "thunder, a bell"), SoundShot(6.0, (), "sea", "day", "storm"))
    return {
        "speech over a bed": lambda: soundtrack(talk),
        "a bed alone": lambda: soundtrack(quiet),
        "a storm": lambda: soundtrack(storm),
    }


@pytest.mark.parametrize(("place", "weather"), [("street", "rain"), ("room", "clear")])
def test_words_lie_eight_lu_over_their_bed(tmp_path: Path, place: Any, weather: Any) -> None:
    """While somebody speaks the bed is at least 8 LU lower; a film in which nobody does is as loud as that bed."""
    line = write_speech(tmp_path / "line.wav", 4.0)
    spoken = [SoundShot(7.0, (Utterance(line, 0.6),), place, "night", weather) for _ in range(2)]
    silent = [SoundShot(7.0, (), place, "night", weather) for _ in range(2)]
    words, music, effects = (
        np.concatenate(parts) for parts in zip(*film_stems(spoken, None, film_gain(spoken)), strict=True)
    )
    speaking = np.zeros(len(words), bool)
    for start in range(0, 14, 7):
        speaking[int((start + 1.2) * RATE) : int((start + 4.2) * RATE)] = True
    bed = measure(in_chunks((music + effects)[speaking]))
    assert measure(in_chunks(words[speaking])) - bed > 8
    assert measure(film_sound(silent)) == pytest.approx(bed, abs=3.5)
    assert measure(film_sound(spoken)) == pytest.approx(-16, abs=1)


def test_a_broadcast_test_tone_measures_minus_23_lufs():
    """EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS is -23.0 LUFS within 0.1."""
    assert measure(in_chunks(tone(-23.0, 20.0))) == pytest.approx(-23.0, abs=0.1)


def test_the_size_of_chunks_does_not_change_the_loudness():
    """The same sound in chunks of other sizes has the same loudness."""
    sound = tone(-18.0)
    assert measure(in_chunks(sound, 777)) == pytest.approx(measure(iter([sound])), abs=0.01)


@pytest.mark.parametrize("name", ["speech over a bed", "a bed alone", "a storm"])
def test_a_film_is_as_loud_as_it_should_be(mixes: dict[str, Make], name: str):
    """Every kind of film comes out at -16 LUFS within 0.5, true peaks under -1.5 dBTP, its length unchanged."""
    before, after = joined(mixes[name]()), joined(normalised(mixes[name]))
    assert measure(iter([after])) == pytest.approx(-16.0, abs=0.5)
    assert true_peak_db(after) <= -1.5
    assert after.shape == before.shape


@pytest.mark.parametrize("name", ["speech over a bed", "a bed alone"])
def test_the_encoded_film_is_as_loud_as_it_should_be(mixes: dict[str, Make], name: str):
    """Encoded to AAC and decoded again, the sound is still at -16 LUFS within 1."""
    assert measure(through_aac(normalised(mixes[name]))) == pytest.approx(-16.0, abs=1.0)


def test_peaks_are_limited_not_clipped():
    """A quiet film with loud claps is raised; the claps stay under the ceiling, the rest keeps its gain."""
    sound = tone(-40.0, 10.0, 300.0)
    sound[2 * RATE : 2 * RATE + 400] *= 60
    expected = 10 ** ((-16.0 - measure(in_chunks(sound))) / 20)
    after = joined(normalised(lambda: in_chunks(sound)))
    later = slice(5 * RATE, 6 * RATE)
    assert np.abs(sound).max() * expected > 1.5
    assert true_peak_db(after) <= -1.5
    assert np.std(after[later]) / np.std(sound[later]) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("samples", [RATE, RATE + 1, 100_003, 3 * RATE - 1])
def test_no_sample_is_lost_or_late(samples: int):
    """What comes out has the length of what went in, and stands at the same place."""
    sound = np.random.default_rng(2).normal(0, 0.05, (samples, 2)).astype(np.float32)
    after = joined(normalised(lambda: in_chunks(sound, 4_801)))
    assert after.shape == sound.shape
    size = 2 * samples
    echo = np.fft.irfft(np.fft.rfft(sound[:, 0], size).conj() * np.fft.rfft(after[:, 0], size))
    assert int(np.argmax(echo)) == 0


def test_silence_stays_silence():
    """A film without any sound is not an error, and nothing is made of it."""
    silence = np.zeros((2 * RATE + 5, 2), np.float32)
    after = joined(normalised(lambda: in_chunks(silence)))
    assert measure(in_chunks(silence)) == SILENCE_LUFS
    assert after.shape == silence.shape
    assert not after.any()


def test_a_film_without_samples_is_accepted():
    """Nothing in, nothing out."""
    assert list(normalised(lambda: iter(()))) == []


def test_the_sound_is_never_completely_in_memory():
    """Chunks leave soon after they came in: at most two seconds are under way."""
    given = taken = under_way = 0

    def made() -> Iterator[Chunk]:
        nonlocal given
        given = 0
        for chunk in in_chunks(tone(-20.0, 20.0), RATE // 2):
            given += len(chunk)
            yield chunk

    for chunk in normalised(made):
        taken += len(chunk)
        under_way = max(under_way, given - taken)
    assert taken == given == 20 * RATE
    assert under_way <= 2 * RATE


def through_aac(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The sound as a listener gets it: encoded to AAC in an MP4, and decoded."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=RATE, layout="stereo", bit_rate=160_000)
        clock = 0
        for chunk in chunks:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk.T), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, clock, Fraction(1, RATE)
            clock += len(chunk)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        for frame in container.decode(container.streams.audio[0]):
            yield np.ascontiguousarray(frame.to_ndarray().T)


def test_the_chunks_are_what_the_encoder_takes(tmp_path: Path):
    """Chunks are float32, two columns wide, and contiguous."""
    spoken = write_speech(tmp_path / "line.wav", 1.0)
    shots = (SoundShot(2.0, (Utterance(spoken, 0.4),), "room", "day", "clear"),)
    for chunk in normalised(lambda: soundtrack(shots)):
        assert chunk.dtype == np.float32
        assert chunk.shape[1] == 2
        assert chunk.flags.c_contiguous


def test_sound_far_below_the_ceiling_is_not_touched():
    """Where the limiter cannot act, samples stay bit for bit; a peak later in the film changes nothing there."""
    sound = np.random.default_rng(3).normal(0, 0.02, (6 * RATE, 2)).astype(np.float32)
    sound[3 * RATE : 3 * RATE + 400] *= 60
    after = joined(limited_to(in_chunks(sound, 4_801), -1.5))
    assert after.shape == sound.shape
    for untouched in (slice(0, 2 * RATE), slice(4 * RATE, 6 * RATE)):
        assert np.array_equal(after[untouched], sound[untouched])
    assert true_peak_db(after) <= -1.5


def test_sound_just_below_the_ceiling_is_not_touched():
    """Loud sound whose curve stays under the ceiling keeps every sample: it is looked at, not resampled."""
    sound = tone(-4.0, 2.0, 300.0)
    assert np.array_equal(joined(limited_to(in_chunks(sound), -1.5)), sound)


@pytest.mark.parametrize("hertz", [997.0, 11_999.0, 17_000.0])
def test_no_peak_hides_between_quiet_samples(hertz: float):
    """A tone that swells to the ceiling, sampled far from its crests, is limited where it needs to be."""
    swelling = tone(0.0, 3.0, hertz) * np.linspace(0.2, 1.5, 3 * RATE, dtype=np.float32)[:, np.newaxis]
    assert true_peak_db(joined(limited_to(in_chunks(swelling), -1.5))) <= -1.5


def test_the_limiter_comes_and_goes_without_a_click():
    """At a quiet tone's side of a loud stretch nothing jumps: the limited sound fades into the untouched one."""
    sound = tone(-12.0, 4.0, 300.0)
    sound[2 * RATE : 2 * RATE + RATE // 2] *= 4
    after = joined(limited_to(in_chunks(sound), -1.5))
    for quiet in (slice(0, 2 * RATE - 480), slice(2 * RATE + RATE // 2 + RATE // 5, 4 * RATE - 480)):
        assert np.abs(after[quiet] - sound[quiet]).max() < 0.002


@pytest.mark.parametrize("room", [True, False], ids=["kept", "no room"])
def test_kept_sound_is_the_sound_that_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: bool):
    """Sound that is read from the disk the second time is the same; where there is no room, it is made again."""
    made = 0
    sound = np.random.default_rng(4).normal(0, 0.1, (3 * RATE + 5, 2)).astype(np.float32)

    def make() -> Iterator[Chunk]:
        nonlocal made
        made += 1
        return in_chunks(sound, 30_000)

    if not room:
        monkeypatch.setattr("clash.sound.levels.KEPT_S", 2)
    kept = joined(normalised(make, keep=tmp_path / "film.sound"))
    assert made == (1 if room else 2)
    assert np.array_equal(kept, joined(normalised(lambda: in_chunks(sound))))
