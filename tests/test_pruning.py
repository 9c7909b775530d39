"""`clash checkpoints prune`: what a run resumes from stays, and by default every step that it can be forked at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import rows_of
from test_fork_faults import Film
from test_removal import costs, filmed, own_film

from clash.database.pruning import KeepPolicy, SavedCheckpoint
from clash.errors import NotFoundError
from clash.production.fork_source import _before  # pyright: ignore[reportPrivateUsage]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished film on SQLite, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    return filmed(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}").folder


@pytest.fixture
def film(made: Path, tmp_path: Path, database_url: str, database_of: Callable[[Path], str]) -> Film:
    """A finished film of the test's own."""
    return own_film(made, tmp_path / "film", database_url, database_of)


def saved(film: Film) -> list[str]:
    """The steps of the checkpoints that are there, newest first."""
    return [item["step_name"] for item in film.run("checkpoints", "ls", "film").document["items"]]


@on_both_databases
def test_a_pruned_run_is_resumed_retaken_and_forked(film: Film) -> None:
    """Killed or not, the newest of each step stays; then the newest alone; all commands work as before."""
    if sys.platform == "win32":
        pytest.skip("SIGKILL is a POSIX thing")
    assert film.run("retake", "film", "shot:001").code == 0
    before, steps, money = saved(film), set(saved(film)), costs(film)
    assert len(before) > len(steps), "the retake has made some steps again"
    planned = film.run("checkpoints", "prune", "film")
    assert (planned.code, planned.document["pruned"]) == (2, len(before) - len(steps))
    assert saved(film) == before
    assert film.run("checkpoints", "prune", "--yes", CLASH_FAULT="prune.before").code == -9
    assert saved(film) == before
    assert film.run("checkpoints", "prune", "--yes", CLASH_FAULT="prune.after").code == -9
    assert sorted(saved(film)) == sorted(steps)
    assert film.run("fork", "film", "--thread", "fork", "--step", "generate_shots").code == 0
    assert film.run("checkpoints", "prune", "film", "--keep-latest", "--yes").document["pruned"] == len(steps) - 1
    assert len(saved(film)) == 1
    named = (
        "SELECT count(*) FROM {} WHERE ({}, checkpoint_id) NOT IN (SELECT thread_id, checkpoint_id FROM checkpoints)"
    )
    for table, owner in (("writes", "thread_id"), ("checkpoint_metadata", "run_id")):
        assert rows_of(film.url, named.format(table, owner)) == [(0,)], table
    assert film.run("resume", "film").document["status"] == "already_completed"
    assert film.run("takes", "use", "film", "shot:001", "1").code == 0
    assert film.run("resume", "film").document["status"] in ("completed", "already_completed")
    assert costs(film)["total_usd"] == money["total_usd"]
    assert film.run("checkpoints", "prune", "nowhere", "--yes").code == 3


def of(number: int, step: str | None, parent: int | None) -> SavedCheckpoint:
    """A checkpoint of ten bytes."""
    before = None if parent is None else str(parent)
    return SavedCheckpoint("", str(number), before, step, f"2026-11-0{number}", 10, is_delta=False, is_pending=False)


def test_what_each_policy_keeps() -> None:
    """The newest of each step; the newest alone; so many; since a time. A checkpoint of an unknown step stays."""
    rows = [of(5, "b", 4), of(4, "b", 3), of(3, None, 2), of(2, "a", 1), of(1, "a", None)]
    kept = [
        {place[1] for place in policy.keeps(rows)}
        for policy in (KeepPolicy(), KeepPolicy(latest=True), KeepPolicy(last=2), KeepPolicy(since="2026-11-04"))
    ]
    assert kept == [{"5", "3", "2"}, set(), {"5", "4"}, {"5", "4"}]


def test_a_step_whose_checkpoint_is_pruned_is_told_so() -> None:
    """Not that the run has not come to it; what is left to fork at is named. A step to come is told as before."""
    left = [{"checkpoint_id": "4", "next": []}, {"checkpoint_id": "3", "next": ["finalize"]}]
    with pytest.raises(NotFoundError, match="the step generate_screenplay any more: it was pruned") as pruned:
        _before(left, "t", "generate_screenplay")
    assert "`clash fork --step finalize --thread t-fork t`" in (pruned.value.hint or "")
    with pytest.raises(NotFoundError, match="has not come to the step finalize"):
        _before([{"checkpoint_id": "1", "next": ["generate_shots"]}], "t", "finalize")
