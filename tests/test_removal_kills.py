"""SIGKILL at random moments of `runs rm` and `checkpoints prune`, beside a run: nothing that is needed is missing.

A few kills here; CLASH_REMOVAL_KILLS=50 makes as many.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, environment, rows_of
from test_fork_faults import Film
from test_removal import costs, filmed, run

from clash.database.connection import is_d1

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

KILLS = int(os.environ.get("CLASH_REMOVAL_KILLS", "1"))
COMMANDS = (("runs", "rm", "film", "--yes"), ("checkpoints", "prune", "--keep-latest", "--yes"))
_LONGEST_S = float(os.environ.get("CLASH_REMOVAL_KILL_WITHIN", "2"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished film on SQLite and of its export."""
    folder = tmp_path_factory.mktemp("made")
    film = filmed(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}")
    assert film.run("db", "export", "film.jsonl").code == 0
    return folder


def begun(film: Film, *arguments: str) -> subprocess.Popen[bytes]:
    """A command in a process of its own, which nobody waits for."""
    more = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    env = environment(DATABASE_URL=film.url, METER=str(film.folder / "meter"), METER_COST="0.01", **more)
    nowhere = subprocess.DEVNULL
    words = [sys.executable, "-m", "clash", *arguments]
    return subprocess.Popen(words, cwd=film.folder, env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def copy_of(made: Path, folder: Path, url: Callable[[Path], str]) -> Film:
    """The finished film in a database of its own."""
    shutil.copytree(made, folder)
    film = Film(folder, url(folder))
    if is_d1(film.url):
        assert film.run("db", "init").code == 0
        assert film.run("db", "import", "film.jsonl").code == 0
    return film


@on_both_databases
@pytest.mark.parametrize(
    "command", [("runs", "rm", "film", "--yes"), ("checkpoints", "prune", "--keep-latest", "--yes")]
)
def test_a_kill_at_any_moment_loses_nothing(
    tmp_path: Path, database_url: str, database_of: Callable[[Path], str], made: Path, command: tuple[str, ...]
) -> None:
    """The run beside it ends as ever, what was bought serves, the sums are the same; the command again finishes it."""
    rng, killed = random.Random(17), 0
    for number in range(KILLS):
        film = copy_of(made, tmp_path / f"film-{number}", database_of)
        before, charged = costs(film)["total_usd"], film.charged()
        beside = begun(film, "run", "changed.csv", "--thread", "beside", *SMALL, *METERED) if number % 5 == 0 else None
        process = begun(film, *command)
        time.sleep(rng.uniform(0, _LONGEST_S))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if beside is not None:
            assert beside.wait() == 0
            bought = film.charged() - charged
            assert all(times == 1 for times in bought.values()), "what the run beside asked for was bought once"
        else:
            assert costs(film)["total_usd"] == before
        now, charged = costs(film)["total_usd"], film.charged()
        again = film.run(*command)
        assert again.code in ((0, 3) if command[0] == "runs" else (0,)), again.err
        assert run(film, "film").code == 0
        assert film.run("takes", "use", "film", "shot:001", "1").code == 0
        assert film.run("fork", "film", "--thread", "fork").code == 0
        assert film.charged() == charged
        assert costs(film)["total_usd"] == now
        assert rows_of(film.url, "SELECT count(*) FROM removed_runs WHERE finished_at IS NULL") == [(0,)]
        unnamed = "SELECT count(*) FROM writes WHERE thread_id NOT IN (SELECT run_id FROM workflow_executions)"
        assert rows_of(film.url, unnamed) == [(0,)]
        shutil.rmtree(film.folder)
    if KILLS > 5:
        print(f"{command[0]}: {killed} of {KILLS} were killed before they ended")
