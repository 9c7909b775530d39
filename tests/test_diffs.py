"""What is different between two runs and between two checkpoints: shots are compared by what they are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from filming import SMALL, Ran, clash, environment
from hypothesis import given, settings
from hypothesis import strategies as st

from clash.story.alignment import align_shots
from clash.story.screenplay import Line, Shot

_DOINGS = (
    "Mara opens the heavy door and looks out over the harbour",
    "Rain runs down the window of an empty kitchen",
    "Two gulls fight for a fish on the wet quay",
    "The keeper winds the clock and sits down by the stove",
    "A bus leaves; nobody has got off",
    "Children chase a paper kite along the beach at dusk",
)


def shot(number: int, action: str, **fields: Any) -> Shot:
    """A shot at its place in a film."""
    return Shot(number=number, source_row=number + 1, action=action, location="pier", duration_s=2.0, **fields)


def film(*actions: str) -> list[Shot]:
    """Shots that do this, one after another."""
    return [shot(number, action) for number, action in enumerate(actions, start=1)]


def told(a: Sequence[Shot], b: Sequence[Shot]) -> list[tuple[str, int | None, int | None]]:
    """State and numbers of each pair."""
    return [(p.state, p.a and p.a.number, p.b and p.b.number) for p in align_shots(a, b)]


def test_a_row_inserted_at_the_top_changes_no_other_shot() -> None:
    """All others are kept under another number."""
    assert told(film(*_DOINGS[:3]), film(_DOINGS[5], *_DOINGS[:3])) == [
        ("added", None, 1),
        ("kept", 1, 2),
        ("kept", 2, 3),
        ("kept", 3, 4),
    ]


def test_a_removed_shot_stands_behind_the_one_before_it() -> None:
    """The first and the last removed keep their places too."""
    assert told(film(*_DOINGS[:4]), film(_DOINGS[1], _DOINGS[2])) == [
        ("removed", 1, None),
        ("kept", 2, 1),
        ("kept", 3, 2),
        ("removed", 4, None),
    ]


def test_of_two_rows_swapped_one_was_moved() -> None:
    """The longest part that is in the same order counts as kept."""
    assert told(film(*_DOINGS[:4]), film(_DOINGS[3], *_DOINGS[:3])) == [
        ("moved", 4, 1),
        ("kept", 1, 2),
        ("kept", 2, 3),
        ("kept", 3, 4),
    ]


def test_a_changed_word_names_its_field() -> None:
    """One line of dialogue differs; numbers and rows are no fields."""
    a, b = film(*_DOINGS[:3]), film(_DOINGS[4], *_DOINGS[:3])
    a[1] = a[1].model_copy(update={"dialogue": (Line(speaker="Mara", text="Where is the boat?"),)})
    b[2] = b[2].model_copy(update={"dialogue": (Line(speaker="Mara", text="Where is that boat?"),)})
    (changed,) = (pair for pair in align_shots(a, b) if pair.state == "changed")
    assert (changed.a, changed.b, changed.fields) == (a[1], b[2], ("dialogue",))


def test_another_shot_in_the_same_place_is_no_changed_one() -> None:
    """What has nothing in common was removed and added."""
    assert told(film(_DOINGS[0]), film(_DOINGS[1])) == [("removed", 1, None), ("added", None, 1)]


def test_chinese_shots_are_compared_letter_by_letter() -> None:
    """A script without spaces has changed shots too."""
    assert told(film("小禾推开沉重的门望向港口"), film("小禾推开沉重的窗望向港口")) == [("changed", 1, 1)]


def test_identical_shots_are_matched_in_order() -> None:
    """Three that say the same, of which the film has two left."""
    same = _DOINGS[0]
    assert told(film(same, _DOINGS[1], same, same), film(same, _DOINGS[1], same)) == [
        ("kept", 1, 1),
        ("kept", 2, 2),
        ("kept", 3, 3),
        ("removed", 4, None),
    ]


@given(st.lists(st.integers(0, 8), max_size=12), st.lists(st.integers(0, 8), max_size=12))
@settings(max_examples=200, deadline=None)
def test_every_shot_is_told_once(a: list[int], b: list[int]) -> None:
    """Whatever the two films are: no shot is left out, none is told twice, and the same film is kept as a whole."""
    words = random.Random(1)
    texts = [" ".join(words.choice(_DOINGS).split()[: 3 + n]) + f" {n}" for n in range(9)]
    first, second = film(*(texts[n] for n in a)), film(*(texts[n] for n in b))
    pairs = align_shots(first, second)
    assert sorted(p.a.number for p in pairs if p.a) == [s.number for s in first]
    assert [p.b.number for p in pairs if p.b] == [s.number for s in second]
    for pair in pairs:
        assert (pair.a is None, pair.b is None) == (pair.state == "added", pair.state == "removed")
        assert bool(pair.fields) == (pair.state == "changed")
    assert all(p.state == "kept" for p in align_shots(first, first))


def test_a_long_film_is_compared_quickly() -> None:
    """1,000 shots of which every one has changed: the work grows with the film, not with its square."""
    a = film(*(f"Mara does thing {n} in the rain and goes home" for n in range(1000)))
    b = film(*(f"Mara does thing {n} in the snow and goes home" for n in range(1000)))
    assert {pair.state for pair in align_shots(a, b)} == {"changed"}


# -- the command line --------------------------------------------------------------------------------------------------

STORY = """shot,shot_size,movement,location,characters,description,dialogue,duration
1,WS,static,Harbour,Mara,Mara walks along the empty quay.,MARA: It is late.,1
2,MS,pan left,Kitchen,Mara,Mara lights the stove and waits.,,1
3,CU,static,Forest,Jonas,Jonas carries a lamp between the trees.,,1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: one as above, and one with a row at the top, another word, another size and a look."""
    folder = tmp_path_factory.mktemp("diffs")
    (folder / "a.csv").write_text(STORY, encoding="utf-8")
    rows = STORY.replace("It is late.", "It is early.").splitlines()
    rows[1:1] = ["0,WS,static,Station,Ilse,Ilse reads the timetable twice.,,1"]
    (folder / "b.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for name, size in (("a", "192x108"), ("b", "208x120")):
        ran = clash(folder, "run", f"{name}.csv", "--thread", name, "--size", size, "--fps", "8")
        assert ran.code == 0, ran.err
    return folder


def diff(folder: Path, *arguments: str) -> Ran:
    """Run a diff."""
    return clash(folder, *arguments)


def test_two_runs_are_compared_shot_by_shot(folder: Path) -> None:
    """Shots, cast and settings that differ, and what each run paid."""
    document = diff(folder, "runs", "diff", "a", "b", "--json").document
    assert [(item["state"], item["a"], item["b"]) for item in document["shots"]] == [
        ("added", None, "shot:001"),
        ("changed", "shot:001", "shot:002"),
        ("kept", "shot:002", "shot:003"),
        ("kept", "shot:003", "shot:004"),
    ]
    fields = {field["field"]: field for field in document["shots"][1]["fields"]}
    assert fields["dialogue"]["a"][0]["text"] == "It is late."
    assert fields["dialogue"]["b"][0]["text"] == "It is early."
    assert {(item["state"], item["slot"]) for item in document["cast"]} >= {
        ("added", "character:ilse"),
        ("added", "location:station"),
    }
    assert {"field": "size", "a": "192x108", "b": "208x120"} in document["settings"]
    assert document["cost"] == {"a_usd": "0.000000", "b_usd": "0.000000"}
    assert document["takes"] == document["warnings"] == document["damaged"] == []


def test_a_person_reads_what_is_different(folder: Path) -> None:
    """The words before and after, and how many shots are the same."""
    out = diff(folder, "runs", "diff", "a", "b").out
    assert "It is late." in out
    assert "It is early." in out
    same = diff(folder, "runs", "diff", "a", "a").out
    assert "early" not in same


def test_two_checkpoints_are_compared_by_keys_and_slots(folder: Path) -> None:
    """From the cards to the shots: one line per shot that was made."""
    items = clash(folder, "checkpoints", "ls", "a", "--json").document["items"]
    before = next(item["checkpoint_id"] for item in items if "generate_shots" in item["next"])
    after = items[0]["checkpoint_id"]
    document = diff(folder, "checkpoints", "diff", "a", before, after, "--json").document
    found = [(item["state"], item["key"], item["slot"]) for item in document["items"]]
    assert found == [
        *(("added", "shots", f"shot:00{number}") for number in (1, 2, 3)),
        ("added", "film", None),
    ]
    assert (document["next"]["a"], document["next"]["b"]) == (["generate_shots"], [])
    back = diff(folder, "checkpoints", "diff", "a", after, before, "--json").document
    assert {item["state"] for item in back["items"]} == {"removed"}


@pytest.mark.parametrize(
    "arguments", [("runs", "diff", "a", "nowhere"), ("checkpoints", "diff", "a", "nowhere", "nowhere")]
)
def test_what_is_not_there_is_named(folder: Path, arguments: tuple[str, ...]) -> None:
    """An unknown run or checkpoint is exit 3, with what to type next."""
    ran = diff(folder, *arguments)
    assert ran.code == 3
    assert "nowhere" in ran.err
    assert "hint" in ran.err


def test_a_run_without_a_screenplay_has_no_shots(folder: Path) -> None:
    """It is said, and the settings are compared all the same."""
    ran = clash(folder, "run", "a.csv", "--thread", "killed", *SMALL, env=environment(CLASH_FAULT="checkpoint.after"))
    assert ran.code != 0
    document = diff(folder, "runs", "diff", "a", "killed", "--json").document
    assert document["warnings"] == ["killed has no screenplay yet"]
    assert {item["state"] for item in document["shots"]} == {"removed"}
