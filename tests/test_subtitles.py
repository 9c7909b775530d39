"""Subtitles: in order, never two at once, nothing said lost, in the forms that players read."""

from __future__ import annotations

import re
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clash.film.subtitles import Cue, in_order, srt, timed_text

LONG = " ".join(f"word{number}" for number in range(60))


def test_a_cue_becomes_subrip() -> None:
    """Numbered, with hours and milliseconds and a comma, the speaker before the words."""
    cues = [Cue(3661.5, 3663.25, "You came back.", "Tomas"), Cue(0.0, 1.0, "The lamp is dark.")]
    assert srt(cues) == (
        "1\n00:00:00,000 --> 00:00:01,000\nThe lamp is dark.\n\n"
        "2\n01:01:01,500 --> 01:01:03,250\nTomas: You came back.\n\n"
    )


def test_no_cues_are_an_empty_file() -> None:
    """A film in which nothing is said has an empty subtitle file, not a broken one."""
    assert srt([]) == ""
    assert list(timed_text([], 10.0)) == []


def test_chinese_speakers_get_a_chinese_colon() -> None:
    """The mark between speaker and words is the one of the script."""
    assert in_order([Cue(0, 1, "你回来了。", "玛拉")])[0].text == "玛拉：你回来了。"


def test_cues_that_overlap_are_separated() -> None:
    """A cue ends where the next begins; cues are put in the order of time."""
    shown = in_order([Cue(2.0, 5.0, "second"), Cue(0.0, 3.0, "first")])
    assert [(cue.start_s, cue.end_s, cue.text) for cue in shown] == [(0.0, 2.0, "first"), (2.0, 5.0, "second")]


def test_cues_that_begin_together_are_shown_together() -> None:
    """Two voices at once become one cue of two lines: neither is lost."""
    assert in_order([Cue(1, 3, "one", "A"), Cue(1, 2, "two", "B")]) == [Cue(1, 3, "A: one\nB: two")]


@pytest.mark.parametrize(
    "cue", [Cue(2, 2, "x"), Cue(3, 2, "x"), Cue(float("nan"), 2, "x"), Cue(0, 1, " \x00\n"), Cue(-3, -1, "x")]
)
def test_a_cue_that_cannot_be_shown_is_left_out(cue: Cue) -> None:
    """No time or no text is no cue."""
    assert in_order([cue]) == []


def test_text_cannot_break_the_file() -> None:
    """Blank lines, arrows and control characters in a story do not start cues of their own."""
    text = srt([Cue(0, 3, "a\n\n2\n00:00:01,000 --> 00:00:02,000\x00\u0085b")])
    assert len(re.findall("-->", text)) == 1
    assert "\n\n" not in text.strip()
    assert "\x00" not in text


def test_scripts_that_the_pictures_cannot_draw_are_kept() -> None:
    """A player has other fonts than ours: Arabic and emoji stay in the subtitles."""
    assert in_order([Cue(0, 2, "مرحبا 😀")])[0].text == "مرحبا 😀"


def test_long_text_is_shown_in_parts() -> None:
    """A speech of many lines becomes cues of two, each for its share of the time, all words kept."""
    parts = in_order([Cue(10.0, 40.0, LONG)])
    assert len(parts) > 3
    assert all(len(part.text.split("\n")) <= 2 for part in parts)
    assert " ".join(" ".join(part.text.split()) for part in parts) == LONG
    assert (parts[0].start_s, parts[-1].end_s) == (10.0, 40.0)
    assert all(a.end_s == b.start_s for a, b in pairwise(parts))
    assert all(part.end_s - part.start_s > 2 for part in parts)


def test_parts_are_never_too_short_to_read() -> None:
    """A long text in little time has taller cues rather than flashes."""
    parts = in_order([Cue(0.0, 2.0, LONG)])
    assert all(part.end_s - part.start_s >= 0.6 for part in parts)
    assert " ".join(" ".join(part.text.split()) for part in parts) == LONG


def test_a_sample_is_a_length_and_utf8() -> None:
    """The track's samples are what 3GPP timed text asks for, in milliseconds, within the film."""
    samples = list(timed_text([Cue(0.5, 1.0, "灯塔"), Cue(1.5, 9.0, "b"), Cue(8.0, 9.0, "late")], 2.0))
    assert [(s.start_ms, s.duration_ms) for s in samples] == [(500, 500), (1500, 500)]
    assert samples[0].data == struct.pack(">H", 6) + "灯塔".encode()


def test_a_sample_is_never_longer_than_its_length_field() -> None:
    """Text over 65,535 bytes is cut between letters, not within one."""
    (sample,) = timed_text([Cue(0, 0.5, "灯" * 30_000)], 1.0)
    assert len(sample.data) <= 65_537
    assert sample.data[2:].decode().count("灯") > 21_000


times = st.floats(-5, 50, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(Cue, times, times, st.text("ab 灯。\n", max_size=30), st.sampled_from(["", "Mara"]))))
def test_cues_always_come_in_order(cues: list[Cue]) -> None:
    """Whatever comes in, cues come out one after another, each with text and time."""
    shown = in_order(cues)
    assert all(0 <= cue.start_s < cue.end_s and cue.text.strip() for cue in shown)
    assert all(a.end_s <= b.start_s for a, b in pairwise(shown))
