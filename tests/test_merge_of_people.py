"""A changed story keeps what a person changed in its film, and its cast follows the rows."""

from __future__ import annotations

import pytest
from editing_stories import (
    SHOT_LIST,
    WordyWriter,
    by_both_writers,
    edited,
    merge_of,
    merges_of,
    rows_of,
    story_of,
    with_rows,
    without_positions,
    written_locally,
)

from clash.editing.merge import merged, plan_merge
from clash.errors import ProviderError
from clash.story.screenplay import Screenplay


def test_person_who_is_gone_leaves_the_cast() -> None:
    """With the last row of somebody, that person leaves the cast; so does a place."""
    for _, new in merges_of(SHOT_LIST, rows=[row for row in rows_of(SHOT_LIST) if "Ivo" not in row]):
        assert [one.slug for one in new.characters] == ["mara"]
        assert [one.slug for one in new.locations] == ["pier", "hill"]


def test_new_names_join_the_cast() -> None:
    """Who and what is new in a written row is added; those who are known stay as they are."""
    rows = [*rows_of(SHOT_LIST), '4,7,wide,Sea,"Mara (teal coat), Nora",Mara and Nora row out.,Nora: Row!,3']
    before = story_of(SHOT_LIST)
    after = story_of("\n".join((SHOT_LIST.splitlines()[0], *rows)))
    plan, new, _ = merge_of(before, after, written_locally(before))
    assert [one.slug for one in new.characters] == ["mara", "ivo", "nora"]
    assert new.characters[:2] == plan.old_screenplay.characters
    assert new.locations[-1].name == "Sea"
    assert new.style == plan.old_screenplay.style


def test_shot_that_a_person_added_stays() -> None:
    """A shot that belongs to no row stays behind the shot that it follows, even if its row is written anew."""
    before = story_of(SHOT_LIST)
    screenplay = _with_a_guest(written_locally(before), behind=2)
    assert merged(plan_merge(before, screenplay, before)) == screenplay
    writer = WordyWriter()
    after = story_of(edited(SHOT_LIST, ("Ivo ties the rope", "Ivo cuts the rope")))
    plan = plan_merge(before, screenplay, after)
    new = merged(plan, writer.write(plan.story))
    assert [shot.action for shot in new.shots][1:3] == ["version 1: Ivo cuts the rope to a post. (0)", "A guest."]


def test_order_that_a_person_chose_stays() -> None:
    """Shots that a person put in another order than the table's stay in it when a row is added."""
    before = story_of(SHOT_LIST)
    screenplay = written_locally(before)
    turned = [screenplay.shots[index] for index in (0, 2, 1, 3, 4, 5)]
    numbered = tuple(shot.model_copy(update={"number": n}) for n, shot in enumerate(turned, start=1))
    first, second, third = screenplay.scenes
    scenes = (
        first.model_copy(update={"shots": numbered[:3]}),
        second.model_copy(update={"shots": numbered[3:5]}),
        third.model_copy(update={"shots": numbered[5:]}),
    )
    screenplay = screenplay.model_copy(update={"scenes": scenes})
    assert merged(plan_merge(before, screenplay, before)) == screenplay
    rows = rows_of(SHOT_LIST)
    after = story_of(with_rows(SHOT_LIST, [*rows[:3], "1,9,wide,Pier,,A gull lands.,,2", *rows[3:]]))
    _, new, _ = merge_of(before, after, screenplay)
    assert [shot.source_row for shot in new.shots] == [2, 4, 5, 3, 6, 7, 8]


def test_answer_without_a_row_is_refused() -> None:
    """A writer that leaves out a row that it was given has not done its work."""
    before = story_of(SHOT_LIST)
    rows = rows_of(SHOT_LIST)
    after = story_of(with_rows(SHOT_LIST, [*rows, "4,7,wide,Sea,,Waves.,,3", "4,8,wide,Sea,,Gulls.,,3"]))
    plan = plan_merge(before, written_locally(before), after)
    answer = WordyWriter().write(plan.story.model_copy(update={"beats": plan.story.beats[:1]}))
    with pytest.raises(ProviderError, match="row 9") as raised:
        merged(plan, answer)
    assert raised.value.code == "bad_screenplay"


def test_sentences_of_one_row_are_told_apart() -> None:
    """Of a story whose sentences stand in one row, only the changed sentence is written."""
    table = "title,sentence1,sentence2,sentence3\nThe pier,Mara waits at the pier.,Ivo cooks soup.,Stars come out.\n"
    before, after = story_of(table), story_of(table.replace("cooks soup", "burns the soup"))
    for screenplay in by_both_writers(before):
        plan, new, _ = merge_of(before, after, screenplay)
        assert plan.written == (1,)
        kept = [without_positions(shot) for shot in plan.old_screenplay.shots if "soup" not in shot.action]
        assert kept == [without_positions(shot) for shot in new.shots if "soup" not in shot.action]


def _with_a_guest(screenplay: Screenplay, *, behind: int) -> Screenplay:
    shots = list(screenplay.scenes[0].shots)
    shots.insert(behind, shots[0].model_copy(update={"action": "A guest.", "source_row": 0}))
    scenes = [screenplay.scenes[0].model_copy(update={"shots": tuple(shots)}), *screenplay.scenes[1:]]
    number = 0
    renumbered = []
    for scene in scenes:
        numbered = []
        for shot in scene.shots:
            number += 1
            numbered.append(shot.model_copy(update={"number": number}))
        renumbered.append(scene.model_copy(update={"shots": tuple(numbered)}))
    return screenplay.model_copy(update={"scenes": tuple(renumbered)})
