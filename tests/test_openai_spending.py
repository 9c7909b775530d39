"""What the answers of one screenplay may cost together: within the budget, and no answer refused that fits."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from emulator.material import story_of

from clash.errors import ProviderError
from clash.providers.openai import screenwriter
from clash.providers.openai.spending import Spending
from clash.providers.ports import ScreenplayRequest

LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"


def spending(most: str | None) -> Spending:
    """Of a model whose tokens cost a dollar each."""
    return Spending("openai:m", None if most is None else Decimal(most), lambda used: Decimal(used.read + used.written))


def test_the_first_answer_is_what_the_quote_is_for() -> None:
    """It is always asked for: the ledger has reserved the money."""
    spending("1").check(100, 100)


def test_an_answer_that_just_fits_is_asked_for() -> None:
    """The next answer may bring the cost up to the budget, and not past it."""
    counted = spending("30")
    counted.count(5, 10, 10)
    counted.check(5, 10)
    with pytest.raises(ProviderError, match=r"\$15\.0000 is spent on 1 answer,") as caught:
        counted.check(5, 11)
    assert (caught.value.code, caught.value.retryable) == ("answers_over_budget", False)


def test_short_rows_are_not_taken_for_long_ones() -> None:
    """A long answer that was expected says nothing about the next, which has fewer rows."""
    counted = spending("30")
    counted.count(5, 20, 20)
    counted.check(1, 4)


@pytest.mark.parametrize("useless", [True, False])
def test_an_answer_longer_than_expected_is_remembered(*, useless: bool) -> None:
    """So is one that was cut off before it was of use: the next is taken to be as long."""
    counted = spending("30")
    counted.count(5, 20, 40 if useless else 10)
    if useless:
        counted.useless()
    with pytest.raises(ProviderError):
        counted.check(1, 1)


def test_without_a_budget_nothing_is_refused() -> None:
    """Whatever the answers cost."""
    counted = spending(None)
    counted.count(10**9, 10**9, 1)
    counted.check(10**9, 10**9)


def test_the_answers_before_are_added_up() -> None:
    """The answers before count with all that they read and wrote."""
    counted = spending("10")
    for _ in range(3):
        counted.check(1, 2)
        counted.count(1, 2, 2)
    with pytest.raises(ProviderError, match="3 answers"):
        counted.check(1, 2)


def test_an_absurd_number_of_shots_is_refused_early() -> None:
    """Tens of thousands of empty shots are one fault, not a fault for each field of each."""
    story = story_of(LIGHTHOUSE)
    answer = json.dumps({"title": "Many", "scenes": [{"shots": [{}] * 60_000}]})
    draft, faults = screenwriter._read(answer, ScreenplayRequest(story=story), story.beats)
    assert draft is None
    assert len(faults) == 1
    assert "more than 5000 objects" in faults[0]
