"""The timing of shots and captions."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clash.errors import FilmError
from clash.film.timing import BETWEEN_S, LEAD_IN_S, SHORTEST_SHOT_S, TAIL_S, time_shot, windows

lengths = st.lists(st.floats(min_value=0.0, max_value=60.0), max_size=12)
planned = st.floats(min_value=0.0, max_value=600.0)
rates = st.sampled_from([12, 24, 25, 30, 50, 60])


def test_a_planned_shot_without_words_keeps_its_plan():
    """Four planned seconds at 24 frames a second are 96 frames, not 97."""
    assert time_shot(4.0, [], 24).frames == 96


def test_words_make_a_shot_longer():
    """A shot planned too short for its words lasts until the tail after the last word."""
    timing = time_shot(2.0, [2.0, 1.5], 24)
    assert timing.starts_s == pytest.approx((0.4, 2.65))
    assert timing.duration_s == pytest.approx(4.65, abs=1 / 24)


@given(planned, lengths, rates)
def test_every_word_fits_between_lead_in_and_tail(plan: float, spoken: list[float], fps: int):
    """No utterance starts before the lead-in, touches the next, or runs into the tail, whatever the plan."""
    timing = time_shot(plan, spoken, fps)
    ends = [start + length for start, length in zip(timing.starts_s, spoken, strict=True)]
    assert all(start >= LEAD_IN_S for start in timing.starts_s)
    gaps = [start - end for start, end in zip(timing.starts_s[1:], ends, strict=False)]
    assert gaps == pytest.approx([BETWEEN_S] * len(gaps), abs=1e-9)
    if ends:
        assert timing.duration_s - ends[-1] >= TAIL_S - 1e-6


@given(planned, lengths, rates)
def test_a_shot_is_no_longer_than_it_must_be(plan: float, spoken: list[float], fps: int):
    """A shot lasts its plan, its words or one second, whichever is longest, within one frame."""
    timing = time_shot(plan, spoken, fps)
    words = LEAD_IN_S + sum(spoken) + BETWEEN_S * (len(spoken) - 1) + TAIL_S if spoken else 0.0
    longest = max(plan, words, SHORTEST_SHOT_S)
    assert abs(timing.frames - longest * fps) <= 1.0


@given(planned, lengths, rates)
def test_captions_follow_their_words(plan: float, spoken: list[float], fps: int):
    """A caption covers its words, does not overlap the next one and ends with the shot at the latest."""
    timing = time_shot(plan, spoken, fps)
    shown = windows(timing, spoken)
    for (start, end), length in zip(shown, spoken, strict=True):
        assert start + length <= end + 1e-9
        assert end <= timing.duration_s
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(shown))


@pytest.mark.parametrize("length", [-0.1, float("nan"), float("inf")])
def test_an_impossible_length_is_refused(length: float):
    """A negative, infinite or missing length is an error in words, not a film of garbage."""
    with pytest.raises(FilmError, match="a length cannot be"):
        time_shot(length, [], 24)
    with pytest.raises(FilmError, match="a length cannot be"):
        time_shot(4.0, [length], 24)


def test_zero_frames_per_second_are_refused():
    """A rate of zero is refused before anything is divided by it."""
    with pytest.raises(FilmError, match="frames a second"):
        time_shot(4.0, [], 0)


def test_captions_need_the_lengths_that_were_timed():
    """Captions for another number of utterances are refused, not silently cut."""
    with pytest.raises(FilmError, match="2 utterances"):
        windows(time_shot(4.0, [1.0, 1.0], 24), [1.0])
