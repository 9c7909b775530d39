"""Tables of words that are kept small: they answer as the dictionaries they are made of."""

from __future__ import annotations

import tracemalloc

from clash.local.word_table import WordTable

WORDS = {"": "", "a": "ɐ", "Zoë": {"NOUN": "zˈOi", "VERB": None}, "z": -2.3, "灯": ["a", 1], "\udc80": "lone"}


def test_it_answers_as_its_dictionary() -> None:
    """Every word has its value, whatever its letters; a word that is not there has the default."""
    table = WordTable(WORDS)
    assert {word: table.get(word) for word in WORDS} == WORDS
    assert [table.get(word) for word in ("A", "aa", "zz", "\udc81")] == [None] * 4
    assert table.get("b", 7) == 7
    assert len(table) == len(WORDS)
    assert WordTable({}).get("a") is None


def test_it_takes_little_memory() -> None:
    """20,000 words with a small dictionary each take at most a fifth of what the dictionaries take."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    words = {f"word {number}": {f"tag{number % 40}": number / 10} for number in range(20_000)}
    plain = tracemalloc.get_traced_memory()[0] - before
    table = WordTable(words)
    packed = tracemalloc.get_traced_memory()[0] - before - plain
    tracemalloc.stop()
    assert len(table) == len(words)
    assert 5 * packed <= plain
