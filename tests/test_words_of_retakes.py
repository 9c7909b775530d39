"""What a note or a prompt of a retake may hold."""

from __future__ import annotations

import pytest

from clash.errors import UsageError
from clash.production.retaking import check_words


@pytest.mark.parametrize("words", ["a\0b", "a\udcff", "\ud800", "x" * 1_000_000])
def test_words_that_nothing_can_hold_are_refused(words: str) -> None:
    """A note or a prompt that no database or model takes ends with exit code 2 (a byte of argv is a surrogate)."""
    for note, prompt in ((words, ""), ("", words)):
        with pytest.raises(UsageError) as raised:
            check_words(note, prompt)
        assert raised.value.exit_code == 2


def test_words_of_any_script_are_taken() -> None:
    """Words of all scripts, and whole pairs of surrogates, are words."""
    check_words("近一点, näher", "🎬 closer")
