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
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import SMALL, environment, everything, forked_clash, metered, rows_of, shot_list
from forks import Fork
from torture.books import Books
from torture.trial import WORKER, start, worker_environment

from clash.database import init_database
from clash.database.connection import is_d1, open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP is a POSIX thing")

ROUNDS = 100
ROUNDS_ON_D1 = 15
ELSEWHERE = "another-host/17/4026531836.99/abcd"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TORTURE = Path(__file__).parent / "torture"


@on_both_databases
@pytest.mark.parametrize("left_behind", [False, True], ids=["new", "left by a dead machine"])
def test_two_processes_a_hundred_times_on_one_run(tmp_path: Path, database_url: str, left_behind: bool) -> None:
    """Told to take the same run at the same moment, each with files of its own, exactly one has it, the other is told.

    A run that is new, and one whose lease a dead machine has left behind.
    """
    init_database(database_url)
    rounds = ROUNDS_ON_D1 if is_d1(database_url) else ROUNDS
    if left_behind:
        rounds //= 4
        asyncio.run(leave_behind(database_url, [f"run-{number}" for number in range(rounds)]))
    pair = [contender(tmp_path, database_url, name) for name in ("here", "there")]
    assert [said(child) for child in pair] == ["ready", "ready"]
    winners = Counter[int]()
    for number in range(rounds):
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
    assert len(charges) == 2 * rounds
    assert set(charges.values()) == {1}
    generations = rows_of(database_url, "SELECT DISTINCT lease_generation FROM workflow_executions")
    assert generations == [(2 if left_behind else 1,)], "it was taken by both"
    assert len(winners) == 2 or rounds < ROUNDS, "one of the two was always first: they never met"


async def leave_behind(url: str, runs: list[str]) -> None:
    """Runs that another machine had begun, and then died long ago."""
    async with open_database(url, "write") as database:
        for run in runs:
            await AsyncMetadataTracker(database).start_workflow(run, "contention")
            await take_lease(database, run, owner=ELSEWHERE, now=lambda: LONG_AGO)


def contender(folder: Path, url: str, name: str) -> subprocess.Popen[str]:
    """One of the two, with a folder of its own."""
    (folder / name).mkdir()
    return subprocess.Popen(
        [sys.executable, str(TORTURE / "contender.py"), url, str(folder / name)],
        env=worker_environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


@on_both_databases
def test_a_dead_machine_s_job_is_paid_once(tmp_path: Path, database_url: str) -> None:
    """Killed once its job's id is stored; two machines that have none of its files want it: one ends it, paid once."""
    folders = [tmp_path / name for name in ("dead", "here", "there")]
    for folder in folders:
        folder.mkdir()
    one_meter = {"METER": str(tmp_path / "meter")}
    killed = start(
        folders[0], "queued", 3, "--concurrency", "1", url=database_url, CLASH_FAULT="job.after", **one_meter
    )
    killed.communicate()
    assert killed.wait(0) == -9
    racing = [start(folder, "queued", 3, url=database_url, METER_DELAY="1", **one_meter) for folder in folders[1:]]
    ended = sorted(((child.communicate(), child.wait(0)) for child in racing), key=lambda end: end[1])
    assert [code for _, code in ended] == [0, 5], ended
    assert json.loads(ended[1][0][0].splitlines()[-1])["error"] == "held"
    assert sorted(metered(tmp_path / "meter")) == ["speech:t00", "speech:t01", "speech:t02"]
    states = rows_of(database_url, "SELECT slot, state, cost_micro FROM api_logs ORDER BY slot")
    assert states == [(f"t{number:02d}", "succeeded", 10_000) for number in range(3)]


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


LEASE_S = 0.5


def freeze(child: Fork, url: str) -> None:
    """SIGSTOP, at a moment when it does not hold the database's lock: nobody could take over from one that does."""
    if is_d1(url):
        child.send_signal(signal.SIGSTOP)
        return
    for _ in range(100):
        child.send_signal(signal.SIGSTOP)
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.2, isolation_level=None)
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


def wait_for_charges(meter: Path, slots: set[str], child: Fork) -> None:
    """Wait until all of these have been charged."""
    while not slots <= set(metered(meter)):
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)


@on_both_databases
@pytest.mark.parametrize("kind", ["metered", "oneshot", "queued"])
def test_a_frozen_process_that_was_taken_over_writes_nothing(tmp_path: Path, database_url: str, kind: str) -> None:
    """SIGSTOP past its lease, taken over, SIGCONT: it ends with exit 5, and not a byte of the tables has changed."""
    options = ("--lease", str(LEASE_S), "--beat", "0.15", "--concurrency", "1")
    frozen = start(tmp_path, kind, 6, *options, url=database_url, METER_DELAY="1.0")
    wait_for_charges(tmp_path / "meter", {"speech:t00"}, frozen)
    freeze(frozen, database_url)
    time.sleep(LEASE_S + 0.1)
    second = start(tmp_path, kind, 6, url=database_url)
    told = second.communicate(timeout=60)
    unknown = [row for row in Books.of(tmp_path, database_url).rows if row["state"] == "unknown"]
    assert second.wait(0) == (8 if unknown else 0), told
    assert [row["slot"] for row in unknown] == ([] if kind == "metered" else ["t00"])
    before, charged = everything(database_url), metered(tmp_path / "meter")
    frozen.send_signal(signal.SIGCONT)
    out, err = frozen.communicate(timeout=60)
    assert frozen.wait(0) == 5, (out, err)
    assert everything(database_url) == before
    assert metered(tmp_path / "meter") == charged, "it called a provider after it had lost the run"
    # What it had bought is on the disk all the same: the next process settles it, and nobody is asked for consent.
    third = start(tmp_path, kind, 6, url=database_url)
    told = third.communicate(timeout=60)
    assert third.wait(0) == 0, told
    assert sorted(metered(tmp_path / "meter")) == [f"speech:t{number:02d}" for number in range(6)]
    books = Books.of(tmp_path, database_url)
    assert books.faults_at_the_end() == []
    assert books.reserved == 0


@on_both_databases
def test_a_frozen_film_that_was_taken_over_saves_nothing(tmp_path: Path, database_url: str) -> None:
    """The whole pipeline: no row, no checkpoint, no status from the frozen one; the film is the other's, paid once."""
    shot_list(tmp_path / "story.csv", 3)
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter))
    arguments = ("run", "story.csv", "--thread", "z", *SMALL, "--video-model", "metered", "--json")
    frozen = Fork([str(TORTURE / "short_lease.py"), *arguments], cwd=tmp_path, env={**env, "METER_DELAY": "1.5"})
    wait_for_charges(meter, {"shot:001"}, frozen)
    freeze(frozen, database_url)
    time.sleep(1.3)
    resumed = forked_clash(tmp_path, "resume", "z", "--json", env=env)
    assert resumed.code == 0, resumed.err
    before = everything(database_url)
    frozen.send_signal(signal.SIGCONT)
    out, err = frozen.communicate(timeout=60)
    assert frozen.wait(0) == 5, err
    assert json.loads(out)["error"]["code"] == "lease_lost"
    assert everything(database_url) == before
    assert set(Counter(metered(meter)).values()) == {1}


def test_the_run_of_a_zombie_is_taken_over_at_once(tmp_path: Path) -> None:
    """In a container without an init the killed process stays as a zombie: its run is free all the same."""
    child = subprocess.Popen(
        [sys.executable, str(WORKER), str(tmp_path), "metered", "6", "--concurrency", "1"],
        env=worker_environment(tmp_path, METER_DELAY="0.5"),
        stdout=subprocess.DEVNULL,
    )
    while "speech:t00" not in metered(tmp_path / "meter"):
        assert child.poll() is None
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)  # and no wait(): it is not buried
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    second = start(tmp_path, "metered", 6)
    second.communicate(timeout=60)
    child.communicate()
    if not Path("/proc").exists():
        pytest.skip("here a zombie is waited for, until its lease expires")
    assert second.wait(0) == 0
