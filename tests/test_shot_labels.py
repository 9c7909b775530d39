"""The labels that a table gives its shots, such as `1A`: shown wherever a person reads, taken wherever one types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from filming import SMALL, Ran, clash, environment

from clash.editing.slots import slot_named
from clash.errors import UsageError
from clash.production.takes_of_run import there_is
from clash.reports.shot_labels import NO_LABELS, ShotLabels

LABELS = ShotLabels(
    {"shot:001": "1A", "shot:002": "1B", "shot:003": "1A", "shot:004": "2", "shot:005": "S01E02-7"},
    {"shot:001": "12", "shot:002": "12", "shot:003": "13", "shot:004": "13", "shot:005": ""},
)


@pytest.mark.parametrize(
    ("typed", "slot"),
    [
        ("1B", "shot:002"),
        ("１ｂ", "shot:002"),
        ("shot:1b/clip", "shot:002/clip"),
        ("Shot 1B/keyframe", "shot:002/keyframe"),
        ("13 1A", "shot:003"),
        ("shot:121A", "shot:001"),
        ("s01e02-7", "shot:005"),
        ("2", "shot:004"),
        ("shot:2", "shot:002"),
        ("shot:００２", "shot:002"),
        ("shot:002/clip", "shot:002/clip"),
        ("character:mara", "character:mara"),
        ("film", "film"),
        ("9Z", "9Z"),
    ],
)
def test_a_shot_is_named_by_its_label(typed: str, slot: str) -> None:
    """A label is a shot, alone or with its scene; a number behind `shot:` is clash's own."""
    assert LABELS.slot(typed) == slot


def test_a_label_of_several_shots_is_refused() -> None:
    """The shots are named with their scenes, so that one can be chosen."""
    with pytest.raises(UsageError, match=r"shot:001 of scene 12, shot:003 of scene 13"):
        LABELS.slot("1A")


@pytest.mark.parametrize(("typed", "slot"), [("3", "shot:003"), ("３/clip", "shot:003/clip"), ("film", "film")])
def test_without_labels_a_bare_number_is_a_shot(typed: str, slot: str) -> None:
    """A table whose labels are the shots' own numbers is answered by these."""
    assert NO_LABELS.slot(typed) == slot


def test_a_number_that_is_no_slot_is_understood_otherwise() -> None:
    """Behind `shot:` it may be a label, alone it may be the number of a shot."""
    labels = ShotLabels({"shot:001": "10", "shot:002": "20"})
    there = ["shot:001/keyframe", "shot:001", "shot:002/keyframe", "shot:002"]
    assert there_is("shot:020", there, labels) == "; did you mean shot:002 (20)?"
    assert there_is("shot:020/clip", there, labels) == "; did you mean shot:002/clip (20)?"
    assert there_is("2", there, labels) == "; did you mean shot:002 (20)?"


def test_each_suggestion_is_made_once() -> None:
    """A slot with many takes is named once among what there is."""
    assert there_is("shot:002/sound", ["shot:002", "shot:002", "shot:002/speech-1"], NO_LABELS) == (
        "; there is shot:002/speech-1, shot:002/clip"
    )


@pytest.mark.parametrize("labels", [NO_LABELS, LABELS])
def test_an_empty_slot_is_refused(labels: ShotLabels) -> None:
    """Nothing typed means no slot."""
    with pytest.raises(UsageError, match="a slot is empty"):
        labels.slot("  ")


def test_wide_digits_are_digits() -> None:
    """A slot typed with a Chinese keyboard is the same slot."""
    assert slot_named("shot：００１/clip") == slot_named("shot:1/clip") == "shot:001/clip"


STORY = """Scene,Shot,Size,Description,Dialogue,Duration
12,1A,WS,Juno crosses the lobby.,,0.5
12,1B,CU,Her badge.,JUNO: No.,0.5
13,1A,WS,The sea.,,0.5
"""


class Labelled:
    """A finished film whose table labels its shots, and which no test changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = environment(DATABASE_URL=f"sqlite:///{(folder / 'clash.db').as_posix()}")
        (folder / "story.csv").write_text(STORY, encoding="utf-8")

    def type(self, *arguments: str) -> Ran:
        """Type a command as it is."""
        return clash(self.folder, *arguments, env=self.env)

    def document(self, *arguments: str) -> dict[str, Any]:
        """The JSON document of a command that works."""
        ran = self.type(*arguments, "--json")
        assert ran.code == 0, (arguments, ran.out, ran.err)
        return ran.document


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    """The film `t`, and a fork of it."""
    found = Labelled(tmp_path_factory.mktemp("labelled"))
    assert found.type("run", "story.csv", "--thread", "t", *SMALL).code == 0
    return found


def by_slot(items: list[dict[str, Any]]) -> dict[str, str | None]:
    """The label of each slot."""
    return {item["slot"]: item["label"] for item in items}


def test_labels_stand_beside_the_slots_of_a_run(film: Labelled) -> None:
    """Takes, reviews and calls say which of the table's shots each is; a card has no label."""
    takes = by_slot(film.document("takes", "ls", "t")["items"])
    assert (takes["shot:001/clip"], takes["shot:002/speech-1"], takes["character:juno"]) == ("1A", "1B", None)
    assert by_slot(film.document("review", "ls", "t")["items"])["shot:003/keyframe"] == "1A"
    assert by_slot(film.document("runs", "show", "t")["calls"])["shot:002"] == "1B"
    assert by_slot(film.document("cost", "t", "--calls")["calls_list"])["shot:002"] == "1B"
    assert {item["a_label"] for item in film.document("runs", "diff", "t", "t")["shots"]} == {"1A", "1B"}
    assert "\t1B\t" in film.type("takes", "ls", "t").out


def test_a_shot_is_listed_with_its_speech(film: Labelled) -> None:
    """All that is made for a shot is listed by its label, and its spoken lines by `speech`."""
    for typed, parts in (("1B", ["keyframe", "speech-1", "clip"]), ("shot:002/speech", ["speech-1"])):
        items = film.document("takes", "ls", "t", typed)["items"]
        assert [item["slot"] for item in items] == [f"shot:002/{part}" for part in parts]


def test_a_plan_names_the_labels_of_its_shots(film: Labelled) -> None:
    """What a retake or a fork changes is named as the table names it."""
    plan = film.document("retake", "t", "1B/keyframe", "--dry-run")
    assert plan["labels"] == {"shot:002": "1B"}
    assert by_slot(plan["takes"]) == {"shot:002/keyframe": "1B", "shot:002/clip": "1B"}
    (film.folder / "changed.csv").write_text(STORY.replace("The sea.", "The sea at night."), encoding="utf-8")
    fork = film.document("fork", "t", "--thread", "f", "--story", "changed.csv", "--dry-run")
    assert fork["labels"] == {"shot:003": "1A"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("takes", "ls", "t", "1A"), 2, "2 shots are labelled '1A': shot:001 of scene 12, shot:003 of scene 13"),
        (("takes", "use", "t", "shot:099", "1"), 3, "no slot shot:099; there are shots shot:001 (1A) to shot:003 (1A)"),
        (("takes", "use", "t", "character:Juno", "1"), 3, "did you mean character:juno?"),
        (("retake", "t", "charakter:juno"), 3, "did you mean character:juno?"),
        (("retake", "t", "screenplya"), 3, "did you mean screenplay?"),
        (("takes", "ls", "t", "location:pier"), 3, "there is location:"),
        (("takes", "ls", "t", ""), 2, "a slot is empty"),
        (("review", "approve", "t", ""), 2, "a slot is empty"),
        (("review", "approve", "t", "--all", "1B"), 2, "--all approves all that have no verdict, and 1B is named"),
    ],
)
def test_a_slot_that_is_none_is_answered_in_words(
    film: Labelled, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """What is not there is answered with what was meant perhaps, or with what there is."""
    ran = film.type(*arguments)
    assert (ran.code, said in ran.err) == (code, True), ran.err
