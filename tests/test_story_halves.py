"""Halves of minutes and seconds, and small numbers in words, are lengths in every language of tables."""

from __future__ import annotations

import pytest

from clash.story.durations import length_of, seconds_of

SECONDS = {
    150.0: "两分半|兩分半|2分半钟|2分半間|2분 반|2 Minuten und eine halbe|zweieinhalb Minuten|dos minutos y medio|"
    "2 minuti e mezzo|2 minutos e meio|2 с половиной минуты|2½ min|2 1/2 min|two and a half minutes|2 phút rưỡi",
    210.0: "3分半|三分钟半|3 minutes et demie",
    90.0: "一分钟半|一分半钟|1分半|1분 반|minute and a half|a minute and a half|one and a half minutes|1 min et demie|"
    "un minuto y medio|un minuto e mezzo|anderthalb Minuten|полторы минуты|1 minute and 30 seconds",
    330.0: "五分钟半",
    3.5: "三秒半|3秒半|3초 반|3 seconds and a half|3½ s|3 segundos y medio",
    30.0: "半分钟|half a minute|medio minuto|une demi-minute|eine halbe Minute|meio minuto|полминуты|½ min",
    0.5: "半秒|half a second|medio segundo|eine halbe Sekunde",
    65.0: "eine Minute und 5 Sekunden|1 minuto y 5 segundos|1 min et 5 secondes",
    60.0: "2分半-3分半",
}


@pytest.mark.parametrize(
    ("text", "seconds"), [(text, seconds) for seconds, texts in SECONDS.items() for text in texts.split("|")]
)
def test_a_half_is_half_of_the_unit_before_it(text: str, seconds: float) -> None:
    """A half after minutes is thirty seconds, after seconds half a second; before a unit it is half of that."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["half", "medio", "a beat", "y medio", "plano medio", "un plan", "and a half"])
def test_a_half_of_nothing_is_no_length(text: str) -> None:
    """Words without a unit of time say no length."""
    assert length_of(text) is None
