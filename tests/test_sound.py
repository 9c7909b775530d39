"""The film's sound: as long as the film, speech on time and above its bed, no click at a cut."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
import textwrap
import tracemalloc
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clash.errors import FilmError
from clash.sound.soundtrack import SoundShot, Utterance, soundtrack
from clash.sound.speech import decoded, duration_s
from clash.story.place_kinds import PlaceKind

RATE = 48_000


def shot(
    seconds: float = 4.0, place: PlaceKind = "room", *utterances: Utterance, music: str = "none", **more: Any
) -> SoundShot:
    described: dict[str, Any] = {"time": "day", "weather": "clear"} | more
    return SoundShot(seconds, utterances, place, music=music, **described)


def whole(shots: Sequence[SoundShot]) -> np.ndarray:
    return np.concatenate([*soundtrack(shots), np.zeros((0, 2), np.float32)])


def level_db(sound: np.ndarray) -> float:
    return 20 * np.log10(np.sqrt(np.mean(np.square(sound, dtype=np.float64))) + 1e-9)


def buzz(seconds: float, rate: int, loudness: float = 0.3) -> np.ndarray:
    """A steady voice-like buzz."""
    time = np.arange(int(seconds * rate)) / rate
    return loudness * sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 20))


def write_wav(path: Path, sound: np.ndarray, rate: int = 24_000, sides: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sides)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.repeat(sound, sides) * 32767).clip(-32768, 32767).astype("<i2").tobytes())
    return path


def write_m4a(path: Path, sound: np.ndarray, rate: int) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=rate, layout="mono", bit_rate=96_000)
        frame = av.AudioFrame.from_ndarray(sound.astype(np.float32)[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(min_value=0.02, max_value=2.5), max_size=4))
def test_the_sound_is_as_long_as_the_film(lengths: list[float]):
    """The number of samples is exactly 48,000 times the film's seconds, however odd the shots are."""
    places = itertools.cycle(get_args(PlaceKind))
    chunks = list(soundtrack([shot(seconds, place) for seconds, place in zip(lengths, places, strict=False)]))
    assert sum(map(len, chunks)) == pytest.approx(sum(lengths) * RATE, abs=0.501)
    assert all(chunk.dtype == np.float32 and 0 < len(chunk) <= 2 * RATE for chunk in chunks)


def test_three_hundred_shots_do_not_drift():
    """Shots of a whole number of frames end on their very sample: 24 frames a second are 2,000 samples each."""
    shots = [shot(25 / 24, "space")] * 12
    assert len(whole(shots)) == 12 * 25 * 2_000


def test_a_film_without_shots_has_no_sound():
    """Nothing to hear is nothing, not an error."""
    assert list(soundtrack([])) == []


def test_the_same_film_sounds_the_same_in_another_process():
    """The samples are the same to the bit, made twice here and once in a fresh interpreter."""
    shots = [
        SoundShot(2.0, (), "harbour", "dawn", "fog", "a bell", "", "hope"),
        SoundShot(2.5, (), "forest", "night", "clear", "脚步", "", "fear"),
        SoundShot(1.5, (), "sea", "day", "storm"),
    ]
    script = f"""
        import hashlib
        from clash.sound.soundtrack import SoundShot, soundtrack
        digest = hashlib.sha256()
        for chunk in soundtrack({shots!a}):
            digest.update(chunk.tobytes())
        print(digest.hexdigest())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    here = [hashlib.sha256(whole(shots).tobytes()).hexdigest() for _ in range(2)]
    assert here == [done.stdout.strip()] * 2


def test_a_film_is_never_completely_silent():
    """Every kind of place has its sound: between the fades no second is below -60 dBFS, none is loud."""
    for place in get_args(PlaceKind):
        sound = whole([shot(4.0, place)])
        for second in (1, 2):
            assert -60 < level_db(sound[second * RATE : (second + 1) * RATE // 1][: RATE // 2]) < -24, place


def test_no_click_at_a_cut():
    """From outer space to an engine and back the sound passes smoothly, at cuts and wherever chunks meet.

    Both are deep sounds without happenings: from sample to sample they move so little that a click stands out.
    """
    sound = whole([shot(3.3, "space"), shot(3.3, "vehicle"), shot(3.4, "space")])
    jumps = np.abs(np.diff(sound, axis=0)).max(axis=1)
    usual = max(jumps[RATE // 2 : RATE - 9].max(), jumps[round(4.2 * RATE) : 5 * RATE - 9].max())
    assert jumps.max() < 1.5 * usual


def test_the_film_begins_and_ends_softly():
    """The first and the last millisecond are next to silence."""
    sound = whole([shot(4.0, "sea", music="")])
    assert np.abs(sound[:48]).max() < 1e-3
    assert np.abs(sound[-48:]).max() < 1e-3


def test_the_bed_continues_across_a_cut_in_one_place():
    """Two shots in the same place sound like one shot of their length: the sea does not begin anew."""
    one = whole([shot(6.0, "sea", music="")])
    two = whole([shot(3.0, "sea", music=""), shot(3.0, "sea", music="")])
    together = np.corrcoef(one[: 6 * RATE, 0], two[:, 0])[0, 1]
    assert together > 0.8


def test_speech_is_louder_than_its_bed(tmp_path: Path):
    """While somebody speaks the bed is at least 14 dB lower, even in a storm, and back afterwards.

    Speech is in the middle, so the difference of the two sides is bed alone.
    """
    line = write_wav(tmp_path / "line.wav", buzz(4.0, 24_000))
    sound = whole([shot(12.0, "sea", Utterance(line, 2.0), weather="storm", music="drums")])
    middle, aside = sound.mean(axis=1), (sound[:, 0] - sound[:, 1]) / np.sqrt(2)
    speaking, alone = slice(int(2.5 * RATE), int(5.5 * RATE)), slice(int(7.5 * RATE), int(10 * RATE))
    assert level_db(middle[speaking]) - level_db(aside[speaking]) > 14
    assert level_db(aside[alone]) - level_db(aside[speaking]) > 4


def test_a_silent_utterance_does_not_change_the_bed(tmp_path: Path):
    """Where a line is timed silence, as in Chinese, the bed stays as it was."""
    line = write_wav(tmp_path / "line.wav", np.zeros(8_000), 8_000)
    assert np.array_equal(whole([shot(3.0, "sea", Utterance(line, 0.5))]), whole([shot(3.0, "sea")]))


def test_words_are_spoken_when_they_were_planned(tmp_path: Path):
    """The second shot's line starts 0.4 s after the cut, on the sample."""
    line = write_wav(tmp_path / "line.wav", np.sign(buzz(1.0, RATE)) * 0.5, RATE)
    sound = whole([shot(1.7, "space"), shot(2.0, "space", Utterance(line, 0.4))]).mean(axis=1)
    onset = int(np.argmax(np.abs(sound) > 0.05))
    assert onset == pytest.approx(round(2.1 * RATE), abs=48)


@pytest.mark.parametrize(("rate", "sides"), [(8_000, 1), (22_050, 2), (44_100, 2), (48_000, 1)])
def test_any_wav_is_played_at_the_same_loudness(tmp_path: Path, rate: int, sides: int):
    """A voice file may have any rate, one side or two, and any level: it is heard alike."""
    loud = write_wav(tmp_path / "a.wav", buzz(2.0, 24_000))
    other = write_wav(tmp_path / "b.wav", buzz(2.0, rate, 0.06), rate, sides)
    levels = [level_db(whole([shot(3.0, "space", Utterance(path, 0.5))])[RATE : 2 * RATE]) for path in (loud, other)]
    assert levels[0] == pytest.approx(levels[1], abs=1.0)


def test_a_compressed_voice_file_is_played(tmp_path: Path):
    """An AAC file, as a paid voice sends it, is decoded and mixed like a WAV."""
    line = write_m4a(tmp_path / "line.m4a", buzz(2.0, 44_100), 44_100)
    samples = sum(piece.size for piece in decoded(line))
    assert samples / RATE == pytest.approx(2.0, abs=0.06)
    sound = whole([shot(3.0, "space", Utterance(line, 0.5))])
    assert level_db(sound[RATE : 2 * RATE]) > -26


@pytest.mark.parametrize("content", [b"", b"not a sound at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_a_broken_voice_file_is_named(tmp_path: Path, content: bytes):
    """A file that is no sound stops the film with an error that names it."""
    broken = tmp_path / "shot-003.wav"
    broken.write_bytes(content)
    with pytest.raises(FilmError, match=r"shot-003\.wav"):
        whole([shot(3.0, "room", Utterance(broken, 0.5))])


def test_a_missing_voice_file_is_named(tmp_path: Path):
    """A file that is gone stops the film with an error that names it."""
    with pytest.raises(FilmError, match="gone"):
        whole([shot(3.0, "room", Utterance(tmp_path / "gone.wav", 0.5))])


def test_memory_does_not_grow_with_the_film(tmp_path: Path):
    """A film of 40 shots takes as much memory as one of 10: nothing is kept but what is heard."""
    line = write_wav(tmp_path / "line.wav", buzz(0.5, 24_000))
    places = itertools.cycle(("sea", "forest", "room", "street"))

    def peak(count: int) -> int:
        shots = [shot(1.0, next(places), Utterance(line, 0.2), music="") for _ in range(count)]
        tracemalloc.start()
        for _ in soundtrack(shots):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(8)  # the loops of each place are kept
    few = peak(10)
    # A thread that an earlier test has left may allocate meanwhile, so the least of three counts.
    assert any(peak(40) < 1.3 * few + 2_000_000 for _ in range(3))


def test_the_first_second_comes_before_the_last_is_made(tmp_path: Path):
    """The sound streams: a voice file of the last shot is not touched before its time."""
    shots = [shot(1.0, "room")] * 20 + [shot(3.0, "room", Utterance(tmp_path / "gone.wav", 0.5))]
    stream = soundtrack(shots)
    assert sum(len(next(stream)) for _ in range(10)) == 10 * RATE
    with pytest.raises(FilmError):
        list(stream)


def test_digests_differ_between_places():
    """Different places sound different."""
    places: tuple[PlaceKind, ...] = ("sea", "forest", "city", "room", "space", "market")
    digests = {hashlib.sha256(whole([shot(1.5, place)]).tobytes()).digest() for place in places}
    assert len(digests) == len(places)


def test_a_speech_file_is_measured_by_decoding_it(tmp_path: Path) -> None:
    """A provider need not say how long its words last: the file itself does."""
    path = tmp_path / "words.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(24_000)
        sound.writeframes(b"\1\0" * 36_000)
    assert duration_s(path) == pytest.approx(1.5, abs=0.01)
