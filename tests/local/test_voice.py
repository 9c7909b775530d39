"""The offline voice: who speaks, how it sounds, and what happens where nobody can speak."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import itertools
import subprocess
import sys
import textwrap
import wave
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clash.installation import install_command
from clash.local.voice import (
    LONGEST_TEXT,
    cast_voice,
    speak,
    spoken_text,
    voice_gap,
    voice_revision,
    words_duration,
)
from clash.providers.ports import Answer, SpeechRequest

needs_voice = pytest.mark.skipif(importlib.util.find_spec("hibari") is None, reason="the extra voice is not installed")
LINE = "You came back. I thought that the sea had taken you."


def say(text: str = LINE, speaker: str = "narrator", voice: str = "", language: Literal["en", "zh"] = "en") -> Answer:
    return speak(SpeechRequest(text=text, speaker=speaker, voice=voice, language=language))


def samples_of(answer: Answer) -> tuple[np.ndarray, int]:
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return pcm.astype(np.float64) / 32768, file.getframerate()


def pitch_of(answer: Answer) -> float:
    """The median pitch in Hz of the voiced parts, by autocorrelation."""
    samples, rate = samples_of(answer)
    pitches: list[float] = []
    for frame in np.lib.stride_tricks.sliding_window_view(samples, rate // 20)[:: rate // 50]:
        spectrum = np.fft.rfft(frame - frame.mean(), 2 * frame.size)
        echo = np.fft.irfft(np.abs(spectrum) ** 2)[: rate // 60]
        lag = int(np.argmax(echo[rate // 400 :])) + rate // 400
        if echo[lag] > 0.6 * echo[0] and np.sqrt(np.mean(frame**2)) > 0.03:
            pitches.append(rate / lag)
    return float(np.median(pitches))


def fresh_interpreter(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


@needs_voice
def test_an_english_line_is_heard():
    """A line of ten words is spoken in two to six seconds, loud enough, and says how long it is."""
    answer = say()
    samples, rate = samples_of(answer)
    assert answer.media_type == "audio/wav"
    assert answer.facts["spoken"] is True
    assert answer.facts["duration_s"] == pytest.approx(samples.size / rate)
    assert 2.0 < samples.size / rate < 6.0
    assert np.sqrt(np.mean(samples**2)) > 0.05


@needs_voice
def test_speech_starts_and_ends_with_a_word():
    """No dead air stands before or after the words, so that the film's timing is about words."""
    samples, rate = samples_of(say())
    heard = np.flatnonzero(np.abs(samples) > 0.01)
    assert heard[0] / rate < 0.15
    assert (samples.size - heard[-1]) / rate < 0.2


@needs_voice
def test_men_women_and_children_sound_like_it():
    """A man's voice is much lower than a woman's, and a child's is higher."""
    man = pitch_of(say(speaker="tomas", voice="a gruff old fisherman"))
    woman = pitch_of(say(speaker="mara", voice="a young woman"))
    child = pitch_of(say(speaker="pip", voice="a boy of nine"))
    assert man < 150 < 160 < woman < child


@needs_voice
def test_all_voices_are_equally_loud():
    """Nobody in the cast has to be turned up: levels within 1.5 dB, no peak above -3 dBFS."""
    levels: list[float] = []
    for voice in ("", "a man", "a woman", "an old man", "a girl", "a giant"):
        samples, _ = samples_of(say(speaker="narrator" if not voice else "someone", voice=voice))
        assert np.abs(samples).max() <= 10 ** (-3 / 20) + 1e-3
        loud = np.abs(samples) > 0.02
        levels.append(20 * np.log10(np.sqrt(np.mean(samples[loud] ** 2))))
    assert max(levels) - min(levels) < 1.5


@needs_voice
def test_two_speakers_say_the_same_line_differently():
    """The same words by two characters and the narrator are three different sounds."""
    digests = {hashlib.sha256(say(speaker=name).content).digest() for name in ("mara", "tomas", "narrator")}
    assert len(digests) == 3


@needs_voice
def test_the_same_line_is_the_same_bytes_in_another_process():
    """A line spoken again, in threads or in a fresh process, is the same file to the byte."""
    with ThreadPoolExecutor(3) as pool:
        here = {hashlib.sha256(answer.content).hexdigest() for answer in pool.map(say, [LINE] * 3)}
    there = fresh_interpreter(f"""
        import hashlib
        from clash.local.voice import speak
        from clash.providers.ports import SpeechRequest
        answer = speak(SpeechRequest(text={LINE!r}, speaker="narrator", language="en"))
        print(hashlib.sha256(answer.content).hexdigest())
    """)
    assert here == {there}


@needs_voice
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "😀🎬",
        "[/b] hello \x00 there",
        "[hello](/ˈɑɑɑ/)",
        "小禾 said hello",
        "9" * 5_000,
        "a" * 5_000,
        "((((!!!!",
        "\u202eabc",
        "—",
        "1/0 99:99 2026-13-45 $,%",
    ],
)
def test_odd_text_neither_crashes_nor_lasts_for_ever(text: str):
    """Emoji, markup, NUL, endless numbers and other scripts give a short valid WAV, spoken or silent."""
    answer = say(text)
    samples, rate = samples_of(answer)
    assert answer.facts["duration_s"] == pytest.approx(samples.size / rate)
    assert 0.1 < samples.size / rate < 15.0


@needs_voice
def test_a_long_text_without_a_full_stop_is_spoken_whole():
    """Three hundred words in one breath take about as long as three hundred words take."""
    answer = say("the rain falls on the roof and " * 43)
    assert answer.facts["spoken"] is True
    assert 60 < answer.facts["duration_s"] < 150


def test_a_voice_belongs_to_its_speaker():
    """A speaker keeps one voice; the words about it choose man, woman or child."""
    assert cast_voice("mara") == cast_voice("mara")
    assert cast_voice("mr-hale").name.startswith("man")
    assert cast_voice("ines", "an elderly woman, warm").name.startswith("old-woman")
    assert cast_voice("小禾", "女孩").name.startswith("girl")
    assert cast_voice("narrator").name == "narrator"


@needs_voice
def test_a_cast_of_eight_has_eight_voices():
    """No two of eight characters get the same voice to the last digit."""
    names = ("mara", "tomas", "ines", "jon", "pia", "ruth", "omar", "lee")
    voices = [cast_voice(name) for name in names]
    assert all(one != other for one, other in itertools.combinations(voices, 2))


def test_chinese_is_timed_silence_with_a_warning():
    """A Chinese line is silence as long as the line, at about four characters a second, and says so."""
    answer = say("海上起风了，我们回家吧。", speaker="小禾", language="zh")
    samples, rate = samples_of(answer)
    assert not samples.any()
    assert answer.facts["spoken"] is False
    assert samples.size / rate == pytest.approx(10 / 4 + 0.3, abs=0.01)
    assert "Chinese" in (voice_gap("zh") or "")


@given(st.text(max_size=400))
def test_cleaned_text_can_be_cleaned_again(text: str):
    """Cleaning any text leaves one line without brackets or control characters, and takes finite time to say."""
    clean = spoken_text(text)
    assert not set(clean) & set("[]\n\x00")
    assert words_duration(clean) >= 0.3


def test_a_text_of_any_length_is_bounded():
    """What is spoken is never longer than the longest cell a story may hold."""
    assert len(spoken_text("word " * LONGEST_TEXT)) <= LONGEST_TEXT


@needs_voice
def test_asking_for_the_revision_loads_no_engine():
    """The version of the voice is known without importing the runtime, so that a resume starts fast."""
    printed = fresh_interpreter("""
        import sys
        from clash.local.voice import voice_gap, voice_revision
        from clash.providers.ports import SpeechRequest
        print(voice_revision(SpeechRequest(text="Hello", speaker="narrator", language="en")), voice_gap("en"))
        print(sorted({"onnxruntime", "numpy", "hibari"} & set(sys.modules)))
    """)
    assert printed == "hibari-0.2.1-cast-1 None\n[]"
    assert voice_revision(SpeechRequest(text="你好", speaker="x", language="zh")) == "silence-1"


@pytest.mark.parametrize("missing", ["hibari", "onnxruntime"])
def test_without_the_package_the_film_keeps_time_in_silence(missing: str):
    """Without the extra the line is silence of its length, and the warning says how to get the voice."""
    printed = fresh_interpreter(f"""
        import sys
        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] == {missing!r}:
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Blocker())
        from clash.local.voice import speak, voice_gap, voice_revision
        from clash.providers.ports import SpeechRequest
        request = SpeechRequest(text={LINE!r}, speaker="narrator", language="en")
        answer = speak(request)
        print(answer.facts["spoken"], round(answer.facts["duration_s"], 1), voice_revision(request))
        print(voice_gap("en"))
    """)
    facts, warning = printed.splitlines()
    assert facts == "False 4.9 silence-1"
    assert install_command("voice") in warning
