"""What a note or a prompt of a retake may hold, and which models read it."""

from __future__ import annotations

import pytest

from clash.cli.outcome import next_steps
from clash.config import Settings
from clash.database.decisions import Decision
from clash.errors import UsageError
from clash.production.clip_warnings import unread_notes
from clash.production.retaking import check_words
from clash.providers.ports import Kind
from clash.providers.registry import Registry
from clash.vocabulary import Decided


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


def test_a_note_that_no_model_reads_is_warned_of() -> None:
    """The local models draw what the table says: a note to them changes nothing, and one warning names the slots."""
    registry = Registry(Settings())
    kinds: tuple[Kind, ...] = ("screenplay", "image", "video", "speech")
    models = {kind: registry.default(kind).spec for kind in kinds}

    def warned(**words: str) -> list[str]:
        slots = ("shot:002/keyframe", "shot:002", "shot:002/speech-1")
        return unread_notes([Decision(slot, Decided.RETAKE, 2, "b", **words) for slot in slots], models, registry)

    (warning,) = warned(note="closer")
    assert warning.startswith("shot:002/keyframe, shot:002/clip: local:illustrator and local:cinematographer read no")
    assert warned(prompt="closer") == [warning]
    assert warned() == []


def test_a_free_film_is_not_told_to_take_a_note() -> None:
    """What is suggested after a film changes something: a note is named only where a model was paid."""
    film = {"thread_id": "t", "outputs": [{"kind": "shot", "slot": "shot:001"}], "cost": {"total_usd": "0.000000"}}
    assert not any("--note" in line for line in next_steps(film))
    assert any("--note" in line for line in next_steps({**film, "cost": {"total_usd": "0.270000"}}))
