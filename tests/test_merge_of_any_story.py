"""Any change of any story keeps the words of its film, and gives a film that can be shot."""

from __future__ import annotations

from collections import Counter

import pytest
from editing_stories import (
    WordyWriter,
    merge_of,
    without_positions,
    written_locally,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from clash.editing.merge import merged, plan_merge
from clash.story.screenplay import Beat, Line, Story
from clash.workflow.generate_screenplay import check_screenplay

# -- any edit


_PEOPLE = ("Mara (teal coat)", "Ivo", "Nora")
_PLACES = ("Pier", "Kitchen", "Hill", "Old mill")
_SENTENCES = ("waits in the rain.", "opens the door.", "lights the lamp.", "counts the boats.", "sleeps.", "runs away.")


@st.composite
def _beats(draw: st.DrawFn, placed: bool) -> Beat:
    people = draw(st.lists(st.sampled_from(_PEOPLE), max_size=2, unique=True))
    who = people[0].split(" (")[0] if people else "Nobody"
    described = draw(st.lists(st.sampled_from(_SENTENCES), min_size=1, max_size=3))
    lines = draw(st.lists(st.sampled_from(("Come back.", "No.", "Now?")), max_size=2)) if people else []
    return Beat(
        row=0,
        description=" ".join(f"{who} {text}" for text in described),
        scene=draw(st.sampled_from(("1", "2", "2", "3"))),
        location=draw(st.sampled_from(_PLACES)) if placed else draw(st.sampled_from(("", *_PLACES))),
        characters=tuple(people),
        dialogue=tuple(Line(speaker=who, text=text) for text in lines),
        narration=draw(st.sampled_from(("", "", "That night it rained."))),
        duration_s=draw(st.sampled_from((None, 3.0, 7.5))),
        time=draw(st.sampled_from(("", "night"))),
    )


def _story(beats: list[Beat], kind: str) -> Story:
    numbered = tuple(beat.model_copy(update={"row": row}) for row, beat in enumerate(beats, start=2))
    return Story.model_validate(
        {"title": "Tide", "kind": kind, "language": "en", "beats": numbered, "sha256": "0" * 64}
    )


_kinds = st.sampled_from(("beats", "shot_list"))
_writers = st.sampled_from((written_locally, lambda story: WordyWriter().write(story, shots_per_row=2)))


@settings(max_examples=150, deadline=None)
@given(st.lists(_beats(placed=False), min_size=1, max_size=8), _kinds, _writers)
def test_unchanged_story_changes_nothing(beats: list[Beat], kind: str, write) -> None:  # type: ignore[no-untyped-def]
    """The merge of a story with itself is the screenplay that there is."""
    story = _story(beats, kind)
    screenplay = write(story)
    plan = plan_merge(story, screenplay, story)
    assert not plan.needs_writer
    assert merged(plan) == screenplay


@settings(max_examples=150, deadline=None)
@given(st.lists(_beats(placed=False), min_size=1, max_size=8), _kinds, _writers, st.data())
def test_permutation_keeps_every_word(beats: list[Beat], kind: str, write, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    """Rows in any other order keep every shot's words, and nobody is asked."""
    before, after = _story(beats, kind), _story(data.draw(st.permutations(beats)), kind)
    screenplay = write(before)
    plan = plan_merge(before, screenplay, after)
    assert not plan.needs_writer
    new = merged(plan)
    check_screenplay(new)
    assert Counter(map(without_positions, new.shots)) == Counter(map(without_positions, screenplay.shots))
    assert [shot.source_row for shot in new.shots] == sorted(shot.source_row for shot in new.shots)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_beats(placed=False), min_size=1, max_size=8), _kinds, _writers, st.lists(st.integers(0, 20), max_size=4)
)
def test_inserted_rows_are_all_that_is_written(beats: list[Beat], kind: str, write, places: list[int]) -> None:  # type: ignore[no-untyped-def]
    """Of k rows inserted exactly k are written, and what the writer answers changes no other shot."""
    changed = list(beats)
    for count, place in enumerate(places):
        row = Beat(row=0, description=f"A kite number {count} rises over the lake.", scene="2", location="Lake")
        changed.insert(min(place, len(changed)), row)
    before, after = _story(beats, kind), _story(changed, kind)
    screenplay = write(before)
    plan, new, _ = merge_of(before, after, screenplay)
    assert len(plan.written) == len(places)
    kept = [shot for shot in new.shots if not shot.action.startswith("version 8")]
    assert list(map(without_positions, kept)) == list(map(without_positions, screenplay.shots))
    assert len(new.shots) == len(screenplay.shots) + len(places)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_beats(placed=False), min_size=1, max_size=8),
    st.lists(_beats(placed=False), min_size=1, max_size=8),
    _kinds,
    _writers,
    st.data(),
)
def test_any_change_gives_a_film_that_can_be_shot(beats, others, kind, write, data) -> None:  # type: ignore[no-untyped-def]
    """Whatever a person does to a table, the screenplay can be shot and says every line of it once."""
    mixed = data.draw(st.permutations([*beats, *others]))[: len(beats) + 1]
    before, after = _story(beats, kind), _story(mixed, kind)
    plan, new, _ = merge_of(before, after, write(before))
    kept = {without_positions(shot) for row in plan.rows if row.state == "kept" for shot in row.shots}
    assert kept <= set(map(without_positions, new.shots))
    wanted = Counter(line.text for beat in after.beats for line in beat.dialogue)
    assert Counter(line.text for shot in new.shots for line in shot.dialogue) == wanted


_FIELDS = {
    "dialogue": st.lists(st.sampled_from(("Wait.", "Come back.", "Who is there?")), max_size=3),
    "narration": st.sampled_from(("", "It was late.", "That night it rained, and rained.")),
    "duration_s": st.sampled_from((None, 2.5, 9.0)),
    "sound": st.sampled_from(("", "rain", "gulls, far away")),
    "music": st.sampled_from(("", "cello")),
    "transition": st.sampled_from(("", "dissolve")),
    "movement": st.sampled_from(("", "pan left", "static")),
    "shot_size": st.sampled_from(("", "close up", "wide")),
}


@settings(max_examples=200, deadline=None)
@given(st.lists(_beats(placed=False), min_size=1, max_size=6), _kinds, _writers, st.data())
def test_table_columns_never_need_a_writer(beats: list[Beat], kind: str, write, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    """Words, lengths, sounds and camera columns are read from the table, and no other shot changes."""
    told = [f"{beat.description} Bell {number} rings." for number, beat in enumerate(beats)]
    beats = [beat.model_copy(update={"description": text}) for beat, text in zip(beats, told, strict=True)]
    at = data.draw(st.integers(0, len(beats) - 1))
    name = data.draw(st.sampled_from(sorted(_FIELDS)))
    value = data.draw(_FIELDS[name])
    old = beats[at]
    if name == "dialogue":
        speaker = next((line.speaker for line in old.dialogue), "")
        value = tuple(Line(speaker=speaker, text=text) for text in value) if speaker else ()
    changed = [*beats[:at], old.model_copy(update={name: value}), *beats[at + 1 :]]
    before, after = _story(beats, kind), _story(changed, kind)
    screenplay = write(before)
    plan = plan_merge(before, screenplay, after)
    assert not plan.needs_writer
    new = merged(plan)
    check_screenplay(new)
    for old_shot, shot in zip(screenplay.shots, new.shots, strict=True):
        if shot.source_row != at + 2:
            assert shot == old_shot
        assert (shot.action, shot.location, shot.characters) == (
            old_shot.action,
            old_shot.location,
            old_shot.characters,
        )
        if name not in ("movement", "shot_size"):
            assert (shot.image_prompt, shot.video_prompt) == (old_shot.image_prompt, old_shot.video_prompt)
    of_row = [shot for shot in new.shots if shot.source_row == at + 2]
    if name == "dialogue":
        assert [line.text for shot in of_row for line in shot.dialogue] == [line.text for line in value]
    if name == "narration" and value:
        assert " ".join(filter(None, (shot.narration for shot in of_row))) == value
    if name == "duration_s" and value is not None:
        assert sum(shot.duration_s for shot in of_row) == pytest.approx(value)
    if name in ("sound", "music", "transition") and value:
        assert any(getattr(shot, name) == value for shot in of_row)
