"""SIGKILL at random moments of `runs rm` and `checkpoints prune`, beside a run: nothing that is needed is missing.

A kill of each here; CLASH_REMOVAL_KILLS=50 makes as many. When they die is drawn from the effects that the command has
(`torture/dying.py`), so each of them really dies.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, environment, rows_of
from forks import Fork
from test_fork_faults import Film
from test_removal import costs, filmed, run

from clash.database.connection import is_d1

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

KILLS = int(os.environ.get("CLASH_REMOVAL_KILLS", "1"))
COMMANDS = (("runs", "rm", "film", "--yes"), ("checkpoints", "prune", "--keep-latest", "--yes"))
_DYING = Path(__file__).parent / "torture" / "dying.py"
_NEVER = 1_000_000
_FEWEST = 4
"""Effects that each of the commands has at least."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished film on SQLite and of its export."""
    folder = tmp_path_factory.mktemp("made")
    film = filmed(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}")
    assert film.run("db", "export", "film.jsonl").code == 0
    return folder


def begun(film: Film, *arguments: str, dies_at: str = "") -> Fork:
    """A command in a process of its own. `dies_at`: at which effect, and how much later."""
    more = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    more = {**more, "DIES_AT": dies_at} if dies_at else more
    env = environment(DATABASE_URL=film.url, METER=str(film.folder / "meter"), METER_COST="0.01", **more)
    return Fork([*([str(_DYING)] if dies_at else ["-m", "clash"]), *arguments], env=env, cwd=film.folder)


def effects_of(film: Film, *arguments: str) -> int:
    """How many writes and changes of files a command has that runs to its end."""
    said, err = begun(film, *arguments, dies_at=str(_NEVER)).communicate()
    return int(err.rpartition("effects ")[2]) if "effects " in err else pytest.fail(said + err)


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
    effects = _FEWEST if KILLS == 1 else effects_of(copy_of(made, tmp_path / "whole", database_of), *command)
    for number in range(KILLS):
        film = copy_of(made, tmp_path / f"film-{number}", database_of)
        before, charged = costs(film)["total_usd"], film.charged()
        beside = begun(film, "run", "changed.csv", "--thread", "beside", *SMALL, *METERED) if number % 5 == 0 else None
        later = f"+{rng.uniform(0, 0.01):.4f}" if number % 3 == 2 else ""
        process = begun(film, *command, dies_at=f"{rng.randint(1, effects)}{later}")
        _, err = process.communicate()
        killed += process.wait(60) == -signal.SIGKILL
        if beside is not None:
            _, err = beside.communicate(timeout=300)
            assert beside.wait(60) == 0, err
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
    print(f"{command[0]}: {killed} of {KILLS} died before their end, at one of {effects} effects")
    assert killed
