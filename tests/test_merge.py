"""A changed story keeps the shots of the rows that did not change, word for word."""

from __future__ import annotations

from collections import Counter

import pytest
from editing_stories import (
    PROSE,
    SHOT_LIST,
    edited,
    merge_of,
    merges_of,
    rows_of,
    states_of,
    story_of,
    with_rows,
    without_positions,
    written_locally,
)

# -- one edit at a time


def test_word_of_a_line_asks_no_writer() -> None:
    """A changed word of a line changes that line in its shot, and nothing else."""
    for plan, new in merges_of(SHOT_LIST, ("before the tide", "before the storm")):
        assert states_of(plan) == "reread kept kept kept kept kept"
        old = plan.old_screenplay.shots
        assert new.shots[0].dialogue[0].text == "Come back before the storm."
        assert new.shots[0].model_copy(update={"dialogue": old[0].dialogue}) == old[0]
        assert new.shots[1:] == old[1:]


def test_line_of_prose_stays_in_its_shot() -> None:
    """In a row of several shots a changed line is spoken where it was spoken."""
    for plan, new in merges_of(PROSE, ("Come back", "Come home")):
        assert not plan.needs_writer
        changed = [(a, b) for a, b in zip(plan.old_screenplay.shots, new.shots, strict=True) if a != b]
        assert len(changed) == 1
        before, after = changed[0]
        assert after.model_copy(update={"dialogue": before.dialogue}) == before
        assert [line.text for shot in new.shots for line in shot.dialogue][:2] == ["Come home.", "No."]


def test_line_added_to_prose_follows_its_neighbour() -> None:
    """A line added behind another is spoken in the other's shot; every picture stays."""
    for plan, new in merges_of(PROSE, ("Ivo: No.", "Ivo: No.|Mara: Please.")):
        assert not plan.needs_writer
        texts = [[line.text for line in shot.dialogue] for shot in new.shots]
        assert any(lines[-2:] == ["No.", "Please."] for lines in texts)
        pictures = [shot.image_prompt for shot in plan.old_screenplay.shots]
        assert [shot.image_prompt for shot in new.shots] == pictures


def test_new_speaker_is_for_a_writer() -> None:
    """Somebody who was not in the picture and speaks now has to be put into it."""
    for plan, _ in merges_of(SHOT_LIST, ("Ivo: She will not come.", "Nora: She will not come.")):
        assert states_of(plan) == "kept kept kept written kept kept"


@pytest.mark.parametrize("where", [0, 3, 6], ids=["top", "middle", "end"])
def test_inserted_row_is_the_only_one_written(where: int) -> None:
    """A row inserted anywhere is written; the shots of all others stay, numbered on."""
    rows = rows_of(SHOT_LIST)
    for plan, new in merges_of(SHOT_LIST, rows=[*rows[:where], "9,9,wide,Sea,,Waves roll in.,,3", *rows[where:]]):
        assert plan.written == (where,)
        assert [beat.description for beat in plan.story.beats] == ["Waves roll in."]
        kept = [shot for shot in new.shots if not shot.action.startswith("version 8")]
        assert list(map(without_positions, kept)) == list(map(without_positions, plan.old_screenplay.shots))
        assert new.shots[where].location == "sea"


def test_deleted_row_loses_its_shots() -> None:
    """A deleted row takes its shots with it; nobody is asked."""
    for plan, new in merges_of(PROSE, rows=rows_of(PROSE)[1:]):
        assert not plan.needs_writer
        assert plan.removed == (0,)
        old = [shot for shot in plan.old_screenplay.shots if shot.source_row != 2]
        assert list(map(without_positions, new.shots)) == list(map(without_positions, old))


def test_swapped_rows_keep_their_shots() -> None:
    """Two rows that change places take their shots along."""
    rows = rows_of(PROSE)
    for plan, new in merges_of(PROSE, rows=[rows[2], rows[1], rows[0], *rows[3:]]):
        assert not plan.needs_writer
        assert Counter(map(without_positions, new.shots)) == Counter(map(without_positions, plan.old_screenplay.shots))
        of_first = [without_positions(shot) for shot in plan.old_screenplay.shots if shot.source_row == 4]
        assert list(map(without_positions, new.shots[: len(of_first)])) == of_first


def test_look_in_the_table_changes_the_look() -> None:
    """A look changed in the column of characters changes the character, and the prompts that repeat it."""
    new_table = SHOT_LIST.replace("teal coat", "red coat")
    before, after = story_of(SHOT_LIST), story_of(new_table)
    plan, new, _ = merge_of(before, after, written_locally(before))
    assert not plan.needs_writer
    assert {one.slug: one.look for one in new.characters} == {"mara": "red coat", "ivo": "grey beard"}
    for old, shot in zip(plan.old_screenplay.shots, new.shots, strict=True):
        assert shot.image_prompt == old.image_prompt.replace("teal coat", "red coat")
        assert shot.model_copy(update={"image_prompt": old.image_prompt}) == old


def test_look_in_a_writers_words_keeps_them() -> None:
    """Where a writer worded the look, only the words that differ in the table are replaced."""
    before = story_of(SHOT_LIST)
    screenplay = written_locally(before)
    look = "A woman of forty in a long teal oilskin, copper hair."
    mara, ivo = screenplay.characters
    screenplay = screenplay.model_copy(update={"characters": (mara.model_copy(update={"look": look}), ivo)})
    _, new, _ = merge_of(before, story_of(SHOT_LIST.replace("teal coat", "red coat")), screenplay)
    assert new.characters[0].look == "A woman of forty in a long red oilskin, copper hair."


_DESCRIBED = """\
scene,location,characters,description,dialogue
1,Pier,Mara,"Mara, a young woman in a teal oilskin coat, waits at the end of the pier.",
1,Pier,Mara,Mara looks at an old boat.,Mara: Soon.
2,Hill,Ivo,Ivo climbs the hill.,
"""


@pytest.mark.parametrize(
    ("before", "after"), [("teal oilskin", "red oilskin"), ("young woman", "old woman"), ("teal oilskin", "long red")]
)
def test_look_told_in_a_description_is_the_look(before: str, after: str) -> None:
    """Where only words of a known look are others in a description, the look changes as if it was always so told."""
    story, changed = story_of(_DESCRIBED), story_of(edited(_DESCRIBED, (before, after)))
    plan, new, _ = merge_of(story, changed, written_locally(story))
    assert not plan.needs_writer
    assert new == written_locally(changed).model_copy(update={"logline": new.logline})
    assert [row.state for row in plan.rows][2] == "kept"


@pytest.mark.parametrize(
    "edit", [("old boat", "new boat"), ("waits at", "leaves"), ("a teal", "a torn teal"), ("end of the pier", "gate")]
)
def test_other_words_of_a_description_are_for_a_writer(edit: tuple[str, str]) -> None:
    """Other words than those of a look are what is seen: the row is written, and the look stays."""
    story, changed = story_of(_DESCRIBED), story_of(edited(_DESCRIBED, edit))
    plan, new, _ = merge_of(story, changed, written_locally(story))
    assert len(plan.written) == 1
    assert new.characters == plan.old_screenplay.characters


def test_look_that_another_row_still_tells_stays() -> None:
    """While another description has the old words, the new ones are that row's picture alone."""
    table = edited(_DESCRIBED, ("Mara looks at", "Mara in her teal oilskin coat looks at"))
    story, changed = story_of(table), story_of(edited(table, ("a teal oilskin", "a red oilskin")))
    plan, new, _ = merge_of(story, changed, written_locally(story))
    assert plan.written == (0,)
    assert new.characters == plan.old_screenplay.characters


def test_look_told_in_chinese_is_the_look() -> None:
    """The same holds where words are not parted by spaces."""
    table = "场次,场景,角色,画面\n1,码头,小禾,小禾是个穿黄色雨衣的年轻女孩，站在码头。\n2,山上,小禾,小禾走上山坡。\n"
    story, changed = story_of(table), story_of(edited(table, ("黄色", "红色")))
    plan, new, _ = merge_of(story, changed, written_locally(story))
    assert not plan.needs_writer
    assert new == written_locally(changed).model_copy(update={"logline": new.logline})


def test_costume_of_one_row_is_for_a_writer() -> None:
    """Another look in one row alone, which other rows contradict, is that row's picture."""
    for plan, new in merges_of(SHOT_LIST, ("Mara (teal coat),Mara climbs", "Mara (red coat),Mara climbs")):
        assert plan.written == (5,)
        assert new.characters == plan.old_screenplay.characters


def test_changed_description_is_for_a_writer() -> None:
    """A row whose description changed is written; its neighbours are told to the writer."""
    for plan, _ in merges_of(SHOT_LIST, ("Ivo ties the rope", "Ivo cuts the rope")):
        assert plan.written == (1,)
        [between] = plan.established.neighbours
        assert between.before is not None
        assert between.after is not None
        assert between.before.action.endswith(plan.old_screenplay.shots[0].action)
        assert between.shown == ("pier",)


def test_changed_place_is_for_a_writer() -> None:
    """A row that plays elsewhere now is written."""
    for plan, new in merges_of(SHOT_LIST, ("Pier,Mara (teal coat),Mara counts", "Hill,Mara (teal coat),Mara counts")):
        assert plan.written == (2,)
        assert new.shots[2].location == "hill"


def test_length_comes_from_the_table() -> None:
    """A changed length asks nobody; a row of several shots shares it as before."""
    for plan, new in merges_of(SHOT_LIST, (",4\n1,2", ",6\n1,2")):
        assert not plan.needs_writer
        assert sum(shot.duration_s for shot in new.shots if shot.source_row == 2) == 6


def test_size_comes_from_the_table() -> None:
    """A changed size is the shot's, and the prompt names it; nobody is asked."""
    before, after = story_of(SHOT_LIST), story_of(edited(SHOT_LIST, ("close up,Kitchen", "full,Kitchen")))
    plan, new, _ = merge_of(before, after, written_locally(before))
    assert not plan.needs_writer
    assert new.shots[4].size == "full"
    assert new.shots[4].image_prompt == plan.old_screenplay.shots[4].image_prompt.replace("Close-up", "Full shot")
    assert new.shots[4].image_prompt.startswith("Full shot")


def test_renumbered_labels_change_no_shot() -> None:
    """Other numbers of scenes and shots change the scenes' numbers alone."""
    rows = [f"{int(row[0]) + 4},{int(row[2]) * 10}{row[3:]}" for row in rows_of(SHOT_LIST)]
    before, after = story_of(SHOT_LIST), story_of(with_rows(SHOT_LIST, rows))
    plan, new, _ = merge_of(before, after, written_locally(before))
    assert new.shots == plan.old_screenplay.shots
    assert [scene.number for scene in new.scenes] == ["5", "6", "7"]


_BLANKS = """\
scene,location,time,description,dialogue
1,Pier,dusk,Mara waits at the end of the pier.,
1,,,Ivo ties the rope to a post.,
2,Kitchen,night,Ivo cuts bread at the table.,
2,,,Steam rises from the pot.,
2,,,Mara opens the door.,
"""


@pytest.mark.parametrize(
    ("order", "written"),
    [((0, 1, 3, 4), ()), ((0, 1, 3, 2, 4), ()), ((1, 0, 2, 3, 4), ()), ((1, 2, 3, 4), ()), ((3, 4), ())],
)
def test_row_keeps_a_place_that_it_had_from_above(order: tuple[int, ...], written: tuple[int, ...]) -> None:
    """A row without a place of its own stays where it was shot when rows above it are removed or moved."""
    rows = rows_of(_BLANKS)
    for plan, _ in merges_of(_BLANKS, rows=[rows[index] for index in order]):
        assert plan.written == written


def test_inserted_place_leaves_the_rows_below() -> None:
    """A row at another place, put between rows, moves none of those below it."""
    rows = rows_of(_BLANKS)
    for plan, _ in merges_of(_BLANKS, rows=[*rows[:3], "2,Attic,day,A cat sleeps.,", *rows[3:]]):
        assert plan.written == (3,)


def test_place_renamed_holds_for_the_rows_below() -> None:
    """Where the row that names a place names another, the rows that have it from there are elsewhere too."""
    for plan, new in merges_of(_BLANKS, ("Kitchen", "Cellar")):
        assert plan.written == (2, 3, 4)
        assert [beat.location for beat in plan.story.beats] == ["Cellar", "Cellar", "Cellar"]
        assert "cellar" in {one.slug for one in new.locations}
        assert "kitchen" not in {one.slug for one in new.locations}
    for plan, _ in merges_of(_BLANKS, ("night", "dawn")):
        assert plan.written == (2, 3, 4)


def test_place_written_out_changes_nothing() -> None:
    """A place that a row had from above and names itself now is the same place."""
    for plan, new in merges_of(_BLANKS, ("2,,,Steam", "2,Kitchen,night,Steam"), ("2,,,Mara", "2,Kitchen,,Mara")):
        assert not plan.needs_writer
        assert new == plan.old_screenplay


def test_row_split_in_two_is_two_written_rows() -> None:
    """Of a row split in two, one half is the changed row and the other is new; the others stay."""
    rows = rows_of(PROSE)
    halves = [
        "2,Kitchen,Ivo cuts bread at the table. Steam rises from the pot.,",
        "2,Kitchen,The clock stops.,Ivo: She will not come.",
    ]
    for plan, new in merges_of(PROSE, rows=[*rows[:2], *halves, *rows[3:]]):
        assert plan.written == (2, 3)
        assert plan.rows[2].old == 2
        assert plan.rows[3].old is None
        kept = {without_positions(shot) for shot in plan.old_screenplay.shots if shot.source_row != 4}
        assert kept <= set(map(without_positions, new.shots))


def test_rows_of_one_scene_stay_one_scene() -> None:
    """A row inserted within a scene belongs to it."""
    rows = rows_of(SHOT_LIST)
    before = story_of(SHOT_LIST)
    after = story_of(with_rows(SHOT_LIST, [*rows[:2], "1,9,wide,Pier,,A gull lands.,,2", *rows[2:]]))
    _, new, _ = merge_of(before, after, written_locally(before))
    assert [(scene.number, len(scene.shots)) for scene in new.scenes] == [("1", 4), ("2", 2), ("3", 1)]
