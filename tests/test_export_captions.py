"""The words of a film as WebVTT and ASS: an independent reader finds them, whatever they are."""

from __future__ import annotations

import io
import re

import webvtt
from hypothesis import given
from hypothesis import strategies as st

from clash.exports.captions import ass, vtt
from clash.film.subtitles import Cue

CUES = (
    Cue(1.0, 2.5, "上船吧 --> <b>now</b> & {\\an8}", "阿岚"),
    Cue(3723.25, 3725.0, "Two\nlines \\N of it", "Mara"),
)


def test_webvtt_py_reads_the_cues() -> None:
    """webvtt-py finds each cue with its times and its very words."""
    found = webvtt.from_buffer(io.StringIO(vtt(CUES, "zh")))
    assert [(cue.start, cue.end) for cue in found] == [
        ("00:00:01.000", "00:00:02.500"),
        ("01:02:03.250", "01:02:05.000"),
    ]
    assert "阿岚：上船吧" in found[0].text
    assert "&lt;b&gt;now&lt;/b&gt; &amp;" in found[0].raw_text


def test_no_words_are_commands_of_ass() -> None:
    """Each cue is one event of ASS, and braces and backslashes in its words are shown, not obeyed."""
    lines = [line for line in ass(CUES, "雨\nnight", 1280, 720).splitlines() if line.startswith("Dialogue: ")]
    assert len(lines) == 2
    assert lines[0].startswith("Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,阿岚：上船吧")
    shown = [line.split(",", 9)[9] for line in lines]
    assert not any(re.search(r"(?<!\\)[{}]", text) for text in shown)
    assert not re.search(r"\\N of it", shown[1])


def test_the_words_of_an_upright_film_stay_above_the_buttons() -> None:
    """The bottom margin of a 9:16 picture is a fifth of its height, of a wide one much less."""

    def bottom(width: int, height: int) -> float:
        style = next(line for line in ass(CUES, "", width, height).splitlines() if line.startswith("Style: "))
        return int(style.split(",")[-2]) / height

    assert bottom(720, 1280) == 0.2
    assert bottom(1280, 720) < 0.1


@given(st.text(st.characters(codec="utf-8"), max_size=50))
def test_any_words_are_read_again(text: str) -> None:
    """Whatever is said between two cues, both are found at their times."""
    cues = (Cue(0, 1, "first"), Cue(1, 2, text), Cue(2, 3, "last"))
    found = webvtt.from_buffer(io.StringIO(vtt(cues, "en")))
    assert (found[0].text, found[-1].text) == ("first", "last")
    assert (found[0].start, found[-1].end) == ("00:00:00.000", "00:00:03.000")
    assert ass(cues, text, 640, 360).count("\nDialogue: ") == len(found)
