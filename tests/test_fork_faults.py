"""SIGKILL at every point of a fork: the same command again makes the film, and nothing is bought twice."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, Ran, environment, forked_clash, metered, rows_of, shot_list

from clash.database.connection import is_d1

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

POINTS = ("fork.before", "fork.after", "kept.before", "kept.after")
"""The points that only a fork passes."""
PASSINGS = (
    *(f"{point}:1" for point in POINTS),
    "checkpoint.after:1",
    "writes.after:3",
    "settle.after:1",
    "answer.after:2",
)
PRICE_MICRO = 10_000
_TABLES = {"workflow_executions": "run_id", "api_logs": "run_id", "generated_assets": "run_id", "writes": "thread_id"}


@dataclass(frozen=True)
class Film:
    """A folder with a finished film and a story that has another row at its top."""

    folder: Path
    url: str

    def run(self, *arguments: str, **changes: str) -> Ran:
        """Run a command in a process of its own."""
        env = environment(
            DATABASE_URL=self.url, METER=str(self.folder / "meter"), METER_COST="0.01", **_cloudflare(), **changes
        )
        return forked_clash(self.folder, *arguments, "--json", env=env)

    def fork(self, **changes: str) -> Ran:
        """Fork it with the changed story; one call at a time, so that points are passed in one order."""
        return self.run("fork", "film", "--thread", "fork", "--story", "changed.csv", "--concurrency", "1", **changes)

    def charged(self) -> Counter[str]:
        """What was charged for."""
        return Counter(metered(self.folder / "meter"))

    def source(self) -> list[tuple[Any, ...]]:
        """All rows of the run that is forked."""
        return [
            row
            for table, owner in _TABLES.items()
            for row in rows_of(self.url, f"SELECT * FROM {table} WHERE {owner} = 'film' ORDER BY 1, 2, 3, 4, 5, 6")
        ]


def _cloudflare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}


def filmed(folder: Path, url: str) -> Film:
    """A finished film of four shots."""
    folder.mkdir(parents=True, exist_ok=True)
    film = Film(folder, url)
    lines = shot_list(folder / "story.csv", 4, words=True, seconds=0.5).read_text(encoding="utf-8").splitlines()
    top = "0,WS,static,Station,Ilse,Ilse reads the timetable twice.,ILSE: It has left.,0.5"
    (folder / "changed.csv").write_text("\n".join((lines[0], top, *lines[1:])) + "\n", encoding="utf-8")
    assert film.run("run", "story.csv", "--thread", "film", *SMALL, *METERED).code == 0
    return film


def _in_folder(folder: Path) -> str:
    return f"sqlite:///{(folder / 'clash.db').as_posix()}"


def copied(original: Path, folder: Path) -> Film:
    """A finished film of the test's own, on SQLite."""
    shutil.copytree(original, folder)
    return Film(folder, _in_folder(folder))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished film on SQLite, to be copied."""
    folder = tmp_path_factory.mktemp("original")
    return filmed(folder, _in_folder(folder)).folder


@pytest.fixture(scope="module")
def never_killed(original: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sha256 of the film that a fork makes that is left alone."""
    made = copied(original, tmp_path_factory.mktemp("calm") / "film").fork()
    assert made.code == 0, made.err
    return made.document["film"]["sha256"]


@on_both_databases
def test_a_fork_killed_anywhere_is_made_by_its_repetition(
    tmp_path: Path, database_url: str, database_of: Callable[[Path], str], original: Path, never_killed: str
) -> None:
    """The film of a fork never killed; each call charged once; half a fork is never there; the source is as it was."""
    passings = PASSINGS if not is_d1(database_url) else ("fork.before:1", "fork.after:1", "kept.before:1")

    def kill(passing: str) -> None:
        folder = tmp_path / passing.replace(":", "-")
        film = filmed(folder, database_of(folder)) if is_d1(database_url) else copied(original, folder)
        kill_a_fork(film, passing, never_killed)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(kill, passings))


def kill_a_fork(film: Film, passing: str, expected: str) -> None:
    """Kill it, look at what is there, and repeat the command."""
    before, source = film.charged(), film.source()
    assert film.fork(CLASH_FAULT=passing).code == -9, passing
    there = film.run("runs", "show", "fork")
    assert there.code == (3 if passing.startswith("fork.before") else 0)
    if there.code == 0:
        shown = there.document
        assert shown["forked_from"]["thread_id"] == "film"
        assert len(film.run("checkpoints", "ls", "fork").document["items"]) >= 1
    made = film.fork()
    assert made.code == 0, (passing, made.err)
    assert made.document["film"]["sha256"] == expected, passing
    bought = film.charged() - before
    assert set(bought.values()) == {1}, (passing, bought)
    assert sorted(bought) == [
        "character:ilse",
        "location:station",
        "screenplay",
        "shot:001",
        "shot:001/keyframe",
        "speech:It_has_left.",
    ]
    ((spent, rows),) = rows_of(
        film.url,
        "SELECT spent_micro, (SELECT sum(cost_micro) FROM api_logs WHERE run_id = 'fork') FROM workflow_executions"
        " WHERE run_id = 'fork'",
    )
    assert spent == rows == len(bought) * PRICE_MICRO
    assert film.source() == source
    assert film.fork().document["status"] == "already_completed"
