"""Real processes on one run: one writes, the other is told; one that was frozen and taken over writes nothing more."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from filming import SMALL, clash, environment, metered, shot_list
from torture.books import Books
from torture.trial import start, worker_environment

from clash.database import init_database

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP is a POSIX thing")

ROUNDS = 100
TORTURE = Path(__file__).parent / "torture"


def test_two_processes_a_hundred_times_on_one_run(tmp_path: Path) -> None:
    """Told to begin the same run at the same moment, exactly one runs it and the other says that it is held."""
    asyncio.run(init_database(f"sqlite:///{(tmp_path / 'clash.db').as_posix()}"))
    pair = [
        subprocess.Popen(
            [sys.executable, str(TORTURE / "contender.py"), str(tmp_path)], env=worker_environment(tmp_path),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [said(child) for child in pair] == ["ready", "ready"]
    winners = Counter[int]()
    for number in range(ROUNDS):
        for child in pair:
            tell(child, f"run-{number}")
        answers = [said(child) for child in pair]
        assert sorted(answers) == ["held", "ran 2"], number
        winner = answers.index("ran 2")
        winners[winner] += 1
        tell(pair[winner], "finish")
    for child in pair:
        child.communicate(timeout=30)
    charges = Counter(metered(tmp_path / "meter"))
    assert len(charges) == 2 * ROUNDS
    assert set(charges.values()) == {1}
    assert len(winners) == 2, "one of the two was always first: they never met"


def tell(child: subprocess.Popen[str], line: str) -> None:
    """Write a line to a child."""
    assert child.stdin is not None
    child.stdin.write(f"{line}\n")
    child.stdin.flush()


def said(child: subprocess.Popen[str]) -> str:
    """The next line that a child says."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


# -- frozen ------------------------------------------------------------------------------------------------------------


def freeze(child: subprocess.Popen[str], path: Path) -> None:
    """SIGSTOP, at a moment when it does not hold the database's lock: nobody could take over from one that does."""
    for _ in range(100):
        child.send_signal(signal.SIGSTOP)
        connection = sqlite3.connect(path, timeout=0.2, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            child.send_signal(signal.SIGCONT)
            time.sleep(0.01)
        else:
            return
        finally:
            connection.close()
    pytest.fail("it always holds the lock")


def everything(path: Path) -> list[str]:
    """All that stands in a database."""
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def wait_for_charges(meter: Path, slots: set[str], child: subprocess.Popen[str]) -> None:
    """Wait until all of these have been charged."""
    while not slots <= set(metered(meter)):
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["metered", "oneshot", "queued"])
def test_a_frozen_process_that_was_taken_over_writes_nothing(tmp_path: Path, kind: str) -> None:
    """SIGSTOP past its lease, taken over, SIGCONT: it ends with exit 5, and not a byte of the tables has changed."""
    options = ("--lease", "1", "--beat", "0.3", "--concurrency", "1")
    frozen = start(tmp_path, kind, 6, *options, METER_DELAY="1.0")
    wait_for_charges(tmp_path / "meter", {"speech:t00"}, frozen)
    freeze(frozen, tmp_path / "clash.db")
    time.sleep(1.3)
    second = start(tmp_path, kind, 6)
    second.communicate(timeout=60)
    unknown = [row for row in Books.of(tmp_path).rows if row["state"] == "unknown"]
    assert second.returncode == (8 if unknown else 0)
    assert [row["slot"] for row in unknown] == ([] if kind == "metered" else ["t00"])
    before, charged = everything(tmp_path / "clash.db"), metered(tmp_path / "meter")
    frozen.send_signal(signal.SIGCONT)
    out, err = frozen.communicate(timeout=60)
    assert frozen.returncode == 5, (out, err)
    assert everything(tmp_path / "clash.db") == before
    assert metered(tmp_path / "meter") == charged, "it called a provider after it had lost the run"
    # What it had bought is on the disk all the same: the next process settles it, and nobody is asked for consent.
    third = start(tmp_path, kind, 6)
    third.communicate(timeout=60)
    assert third.returncode == 0
    assert sorted(metered(tmp_path / "meter")) == [f"speech:t{number:02d}" for number in range(6)]
    books = Books.of(tmp_path)
    assert books.faults_at_the_end() == []
    assert books.reserved == 0


def test_a_frozen_film_that_was_taken_over_saves_nothing(tmp_path: Path) -> None:
    """The whole pipeline: no row, no checkpoint, no status from the frozen one; the film is the other's, paid once."""
    shot_list(tmp_path / "story.csv", 3)
    meter = tmp_path / "meter"
    slow = environment(METER=str(meter), METER_DELAY="1.5")
    arguments = ("run", "story.csv", "--thread", "z", *SMALL, "--video-model", "metered", "--json")
    frozen = subprocess.Popen(
        [sys.executable, str(TORTURE / "short_lease.py"), *arguments],
        cwd=tmp_path, env=slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for_charges(meter, {"shot:001"}, frozen)
    path = tmp_path / "data" / "checkpoints.db"
    freeze(frozen, path)
    time.sleep(1.3)
    resumed = clash(tmp_path, "resume", "z", "--json", env=environment(METER=str(meter)))
    assert resumed.code == 0, resumed.err
    before = everything(path)
    frozen.send_signal(signal.SIGCONT)
    out, err = frozen.communicate(timeout=60)
    assert frozen.returncode == 5, err
    assert json.loads(out)["error"]["code"] == "lease_lost"
    assert everything(path) == before
    assert set(Counter(metered(meter)).values()) == {1}


def test_a_killed_process_that_nobody_buried_is_taken_over_at_once(tmp_path: Path) -> None:
    """In a container without an init the killed process stays as a zombie: its run is free all the same."""
    child = start(tmp_path, "metered", 6, "--concurrency", "1", METER_DELAY="0.5")
    wait_for_charges(tmp_path / "meter", {"speech:t00"}, child)
    os.kill(child.pid, signal.SIGKILL)  # and no wait(): it is not buried
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    second = start(tmp_path, "metered", 6)
    second.communicate(timeout=60)
    child.communicate()
    if not Path("/proc").exists():
        pytest.skip("here a zombie is waited for, until its lease expires")
    assert second.returncode == 0
