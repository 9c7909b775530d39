"""`clash runs rm`: the rows of a run go; its sums and the answers that were paid for stay."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, rows_of, shot_list
from test_fork_faults import Film

from clash.database.connection import is_d1

_WAYS = ("total_usd", "by_step", "by_provider", "by_model", "by_day", "by_precision")
_GONE = {
    "checkpoints": "thread_id",
    "writes": "thread_id",
    "generated_assets": "run_id",
    "checkpoint_metadata": "run_id",
    "slot_decisions": "run_id",
    "film_cuts": "run_id",
}
POINTS = ("removal.before", "removal.hidden", "removal.piece:1", "removal.piece:3", "removal.after")


def filmed(folder: Path, url: str) -> Film:
    """A finished film of two shots, and a story for a fork of it."""
    folder.mkdir(parents=True, exist_ok=True)
    film = Film(folder, url)
    shot_list(folder / "story.csv", 2, seconds=0.5)
    shot_list(folder / "changed.csv", 3, seconds=0.5)
    assert run(film, "film").code == 0
    return film


def run(film: Film, thread: str, **changes: str) -> Any:
    """Run the story under an id."""
    return film.run("run", "story.csv", "--thread", thread, *SMALL, *METERED, **changes)


def costs(film: Film) -> dict[str, Any]:
    """What all runs have cost, in every way."""
    document = film.run("cost").document
    return {way: document[way] for way in _WAYS}


def own_film(made: Path, folder: Path, database_url: str, database_of: Callable[[Path], str]) -> Film:
    """A finished film in a folder of its own: a copy of one on SQLite, or a new one on D1."""
    if is_d1(database_url):
        return filmed(folder, database_of(folder.parent))
    shutil.copytree(made, folder)
    return Film(folder, database_of(folder))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished film on SQLite, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    return filmed(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}").folder


@pytest.fixture
def film(made: Path, tmp_path: Path, database_url: str, database_of: Callable[[Path], str]) -> Film:
    """A finished film of the test's own."""
    return own_film(made, tmp_path / "film", database_url, database_of)


@on_both_databases
def test_money_and_answers_stay_of_a_removed_run(film: Film) -> None:
    """All sums are what they were, and the same story is filmed again at no cost, also under the same id."""
    before, charged = costs(film), film.charged()
    ran = film.run("runs", "rm", "film", "--yes")
    assert ran.code == 0, ran.err
    (item,) = ran.document["items"]
    assert item["kept_answers"] == sum(charged.values())
    assert item["kept_answers_usd"] == before["total_usd"]
    assert costs(film) == before
    assert [run["thread_id"] for run in film.run("cost").document["removed"]] == ["film"]
    assert film.run("runs", "ls").document["items"] == []
    for command in (("cost", "film"), ("runs", "show", "film"), ("resume", "film"), ("checkpoints", "ls", "film")):
        assert film.run(*command).code == 3, command
    error = film.run("cost", "film").document["error"]
    assert error["code"] == "removed"
    assert before["total_usd"] in error["message"]
    for table in _GONE:
        assert rows_of(film.url, f"SELECT count(*) FROM {table}") == [(0,)], table
    for thread in ("other", "film"):
        assert run(film, thread).code == 0
    assert film.charged() == charged, "nothing was paid for twice"
    assert costs(film)["total_usd"] == before["total_usd"]


@on_both_databases
def test_a_removal_killed_anywhere_is_finished_by_the_next(film: Film) -> None:
    """Whatever the moment, the sums are the same, the run is whole or gone, and the next removal leaves no rows."""
    if sys.platform == "win32":
        pytest.skip("SIGKILL is a POSIX thing")
    before, charged = costs(film), film.charged()
    for point in POINTS if film.url.startswith("sqlite") else POINTS[1:3]:
        assert film.run("runs", "rm", "film", "--yes", CLASH_FAULT=point).code == -9, point
        assert costs(film)["total_usd"] == before["total_usd"], point
        listed = [item["thread_id"] for item in film.run("runs", "ls").document["items"]]
        assert listed == (["film"] if point == "removal.before" else []), point
        assert run(film, "film").code == 0, "the id can be used again while rows of the removed run are left"
        assert film.charged() == charged, point
    ran = film.run("runs", "rm", "film", "--yes")
    assert ran.code == 0, ran.err
    for table in _GONE:
        assert rows_of(film.url, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert rows_of(film.url, "SELECT count(*) FROM removed_runs WHERE finished_at IS NULL") == [(0,)]
    assert costs(film)["total_usd"] == before["total_usd"]


@on_both_databases
def test_forks_outlive_the_run_they_were_made_of(film: Film) -> None:
    """A fork is resumed, retaken and changed back after its source was removed, and the source's answers serve it."""
    forked = film.run("fork", "film", "--thread", "fork", "--story", "changed.csv")
    assert forked.code == 0, forked.err
    before = costs(film)["total_usd"]
    assert film.run("runs", "rm", "film", "--yes").code == 0
    charged = film.charged()
    assert film.run("resume", "fork").document["status"] == "already_completed"
    assert costs(film)["total_usd"] == before
    assert film.run("retake", "fork", "shot:001").code == 0
    assert film.run("takes", "use", "fork", "shot:001", "1").code == 0
    assert film.run("resume", "fork").document["film"]["sha256"] == forked.document["film"]["sha256"]
    bought = film.charged() - charged
    assert set(bought) == {"shot:001", "shot:001/keyframe"}, "the retake alone"


@on_both_databases
def test_unsettled_calls_keep_a_run_from_being_removed(film: Film) -> None:
    """A run with calls that may have been paid is refused and named; nothing of it is lost until somebody says so."""
    if sys.platform == "win32":
        pytest.skip("SIGKILL is a POSIX thing")
    assert film.run("retake", "film", "shot:001", CLASH_FAULT="answer.after").code == -9
    before = costs(film)["total_usd"]
    refused = film.run("runs", "rm", "film", "--yes")
    assert refused.code == 5
    assert refused.document["error"]["code"] == "unsettled_calls"
    assert "shot:001" in refused.document["error"]["message"]
    assert film.run("runs", "show", "film").code == 0
    assert film.run("runs", "rm", "film", "--yes", "--drop-unsettled").code == 0
    document = film.run("cost").document
    assert document["total_usd"] == before
    (removed,) = document["removed"]
    assert (removed["unknown_calls"], removed["unknown_usd"] > "0") == (1, True)


def test_nothing_is_removed_without_a_word(made: Path) -> None:
    """Without a terminal and without --yes it says what it would do and exits with 2; a dry run exits with 0."""
    film = Film(made, f"sqlite:///{(made / 'clash.db').as_posix()}")
    told = film.run("runs", "rm", "film")
    assert (told.code, told.document["dry_run"], told.document["error"]["code"]) == (2, True, "usage")
    assert film.run("runs", "rm", "film", "--dry-run").document["items"] == told.document["items"]
    assert film.run("runs", "rm", "film", "other", "--yes").code == 3, "one unknown run keeps all from being removed"
    assert [item["thread_id"] for item in film.run("runs", "ls").document["items"]] == ["film"]


@on_both_databases
def test_forgotten_answers_are_paid_for_again(film: Film) -> None:
    """With --forget-answers it says what a later film would pay again; the sums stay."""
    before, charged = costs(film), film.charged()
    ran = film.run("runs", "rm", "film", "--yes", "--forget-answers", "--keep-film")
    (item,) = ran.document["items"]
    assert (item["forgotten_answers"], item["forgotten_usd"]) == (sum(charged.values()), before["total_usd"])
    assert costs(film) == before
    assert rows_of(film.url, "SELECT count(*) FROM api_logs") == [(0,)]
    assert ("film",) in rows_of(film.url, "SELECT asset_type FROM kept_files")
    recovered = film.run("db", "recover")
    assert recovered.document["restored"] == 0, "what was removed is not recovered from the asset store"
    assert run(film, "film").code == 0
    assert sum(film.charged().values()) == 2 * sum(charged.values())


@on_both_databases
def test_an_export_carries_what_stays_of_removed_runs(
    film: Film, tmp_path: Path, database_of: Callable[[Path], str]
) -> None:
    """In the other database the sums are the same, and the answers serve there too; a second import changes nothing."""
    assert film.run("runs", "rm", "film", "--yes", "--keep-film").code == 0
    before, charged = costs(film), film.charged()
    exported = film.run("db", "export", "runs.jsonl")
    assert (exported.document["items"], exported.document["removed"]) == ([], 1)
    other = Film(film.folder, database_of(tmp_path))
    assert other.run("db", "init").code == 0
    for _ in range(2):
        imported = other.run("db", "import", "runs.jsonl")
        assert imported.code == 0, imported.err
    assert costs(other) == before
    assert run(other, "again").code == 0
    assert other.charged() == charged
    assert rows_of(other.url, "SELECT count(*) FROM kept_files") == rows_of(film.url, "SELECT count(*) FROM kept_files")


@pytest.mark.parametrize("swept", [False, True], ids=["files kept", "files deleted"])
def test_a_removed_film_is_brought_back(made: Path, tmp_path: Path, *, swept: bool) -> None:
    """From an export of before, with its checkpoints, takes and sums, and nothing is paid again."""
    film = own_film(made, tmp_path / "film", "sqlite:", lambda folder: f"sqlite:///{(folder / 'clash.db').as_posix()}")
    before, charged = costs(film), film.charged()
    assert film.run("db", "export", "run.jsonl", "--thread", "film").code == 0
    assert film.run("runs", "rm", "film", "--yes").code == 0
    if swept:
        for file in (film.folder / "data").rglob("*"):
            os.utime(file, (0, 0))
        ran = film.run("gc", "--older-than", "1h", "--yes")
        assert ran.document["files"] > 0, ran.out
    told = film.run("db", "import", "run.jsonl")
    assert [item["result"] for item in told.document["items"]] == ["removed"]
    back = film.run("db", "import", "run.jsonl", "--restore-removed")
    assert back.code == 0, back.err
    assert [item["result"] for item in back.document["items"]] == ["imported"]
    assert costs(film) == before
    assert film.run("cost").document["removed"] == []
    assert (back.document["assets"]["missing_here"] > 0) == swept
    assert film.run("runs", "show", "film").code == 0
    if swept:
        return
    assert film.run("resume", "film").document["status"] == "already_completed"
    retaken = film.run("retake", "film", "shot:001")
    assert retaken.code == 0, retaken.err
    bought = film.charged() - charged
    assert set(bought) == {"shot:001", "shot:001/keyframe"}, "the retake alone"
