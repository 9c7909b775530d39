"""`clash db recover` and decisions: takes and verdicts outlive a database that was lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import shot_list
from test_recover import Workplace, lose, without_a_database


@pytest.fixture
def workplace(tmp_path: Path, database_url: str) -> Workplace:
    """A folder whose models make other bytes for each take."""
    found = Workplace(tmp_path, database_url)
    found.env["METER_TAKES"] = "1"
    return found


def decided(workplace: Workplace) -> tuple[dict[tuple[str, int], tuple[bool, str]], dict[str, str | None]]:
    """Which takes there are, which of them is in the film and what each was told; and the verdicts."""
    takes = workplace.clash("takes", "ls", "t").document["items"]
    reviews = workplace.clash("review", "ls", "t").document["items"]
    return (
        {(item["slot"], item["take"]): (item["selected"], item["note"]) for item in takes if item["slot"] != "film"},
        {item["slot"]: item["verdict"] for item in reviews},
    )


def films_of(workplace: Workplace) -> list[tuple[str, bool]]:
    """The films that were cut, oldest first: the digest of each, and whether it is the one that is shown."""
    takes = workplace.clash("takes", "ls", "t", "film").document["items"]
    return [(item["sha256"], item["selected"]) for item in takes]


@on_both_databases
def test_takes_and_verdicts_outlive_the_database(workplace: Workplace, request: pytest.FixtureRequest) -> None:
    """A take that was put aside again with the film that held it, and an approval, are there after `db recover`."""
    assert workplace.film("t").code == 0
    assert workplace.clash("retake", "t", "shot:001/keyframe", "--note", "closer").code == 0
    assert workplace.clash("takes", "use", "t", "shot:001", "1").code == 0
    assert workplace.clash("review", "approve", "t", "shot:002/clip").code == 0
    before, films, paid = decided(workplace), films_of(workplace), workplace.charges
    assert before[0]["shot:001/keyframe", 2] == (False, "closer")
    assert [selected for _, selected in films] == [True, False]
    without_a_database(workplace, request)
    recovered = workplace.clash("db", "recover").document
    assert (recovered["decisions"], recovered["cuts"]) == (5, 2)
    assert films_of(workplace) == films, "the cuts are listed before the run goes on"
    assert workplace.clash("resume", "t").document["status"] == "completed"
    assert (decided(workplace), films_of(workplace), workplace.charges) == (before, films, paid)
    again = workplace.clash("db", "recover").document
    assert (again["decisions"], again["cuts"]) == (0, 0)


def test_decisions_about_a_free_film_outlive_the_database(workplace: Workplace, tmp_path: Path) -> None:
    """Nothing was paid for: the run is created from its record, with what was selected, as a dry run says before."""
    assert workplace.film("t", "--no-reuse").code == 0
    assert workplace.clash("retake", "t", "shot:001/keyframe", "--note", "closer").code == 0
    before = decided(workplace)
    lose(tmp_path)
    foretold = workplace.clash("db", "recover", "--dry-run").document
    assert (foretold["restored"], foretold["decisions"]) == (0, 2)
    recovered = workplace.clash("db", "recover").document
    assert (recovered["restored"], recovered["decisions"], recovered["runs"]) == (0, 2, ["t"])
    assert workplace.clash("resume", "t").document["status"] == "completed"
    takes, verdicts = decided(workplace)
    # The takes that are not in the film are drawn again when somebody asks for them.
    assert takes == {take: told for take, told in before[0].items() if told[0]}
    assert verdicts == before[1]


@pytest.mark.parametrize("verb", ["run", "resume"])
def test_a_free_film_is_made_again_as_it_was(workplace: Workplace, tmp_path: Path, verb: str) -> None:
    """After the loss of the database a plain run or resume has the same takes, says so, and cuts the same film."""
    assert workplace.film("t", "--no-reuse").code == 0
    retaken = workplace.clash("retake", "t", "shot:001/keyframe", "--note", "closer").document
    lose(tmp_path)
    done = workplace.film("t", "--no-reuse") if verb == "run" else workplace.clash("resume", "t")
    assert done.code == 0, done.err
    assert "what was decided about t was restored from the asset store" in done.err
    assert done.document["film"]["sha256"] == retaken["film"]["sha256"]


def test_after_a_loss_no_other_story_takes_a_thread(workplace: Workplace, tmp_path: Path) -> None:
    """The film of a thread that the database forgot is not replaced by that of another story."""
    assert workplace.film("t", "--no-reuse").code == 0
    film = next(tmp_path.rglob("film.mp4"))
    before = film.read_bytes()
    lose(tmp_path)
    assert "clash db recover" in workplace.clash("takes", "ls", "t").err
    shot_list(workplace.folder / "story.csv", 2, seconds=0.75)
    assert workplace.film("t", "--no-reuse").code == 5
    assert film.read_bytes() == before


def test_an_older_copy_gets_what_was_decided_since(workplace: Workplace, tmp_path: Path) -> None:
    """A backup from before a retake is put back: the new take is in the film again, and is not bought twice."""
    database = tmp_path / "data" / "clash.db"
    assert workplace.film("t").code == 0
    shutil.copyfile(database, tmp_path / "backup.db")
    assert workplace.clash("retake", "t", "shot:001/clip").code == 0
    before, paid = decided(workplace), workplace.charges
    shutil.copyfile(tmp_path / "backup.db", database)
    assert workplace.clash("db", "recover", "--dry-run").document["decisions"] == 1
    assert workplace.clash("db", "recover").document["decisions"] == 1
    assert workplace.clash("resume", "t").code == 0
    assert (decided(workplace), workplace.charges) == (before, paid)


def test_what_is_decided_since_is_not_overruled(workplace: Workplace, tmp_path: Path) -> None:
    """After a backup was put back and decided about otherwise, the lost decisions do not come on top."""
    database = tmp_path / "data" / "clash.db"
    assert workplace.film("t").code == 0
    shutil.copyfile(database, tmp_path / "backup.db")
    assert workplace.clash("review", "approve", "t", "shot:001/clip").code == 0
    shutil.copyfile(tmp_path / "backup.db", database)
    assert workplace.clash("review", "approve", "t", "shot:002/clip").code == 0
    before = decided(workplace)
    assert workplace.clash("db", "recover").document["decisions"] == 0
    assert decided(workplace) == before
    assert workplace.clash("review", "approve", "t", "shot:001/clip").code == 0
    after = decided(workplace)
    lose(tmp_path)
    assert workplace.clash("db", "recover").document["decisions"] == 2
    assert decided(workplace) == after
