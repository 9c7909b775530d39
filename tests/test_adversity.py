"""A full disk, a database locked by another program, a clock set back: told or outlasted, and nothing bought twice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from filming import METERED, SMALL, clash, environment, metered, query, shot_list
from paid import KINDS, Desk, Till, provider_of, task
from torture.books import Books
from torture.trial import WORKER, start, worker_environment

from clash.assets import AssetStore
from clash.calls.ledger import Made
from clash.database.lease import Lease, renew_lease, take_lease
from clash.database.port import Database
from clash.database.sqlite import SqliteDatabase
from clash.errors import ConflictError, DatabaseError, PersonNeededError, StorageError

TORTURE = Path(__file__).parent / "torture"
posix = pytest.mark.skipif(sys.platform == "win32", reason="resource limits and SIGKILL are POSIX things")


@pytest_asyncio.fixture
async def desk(database: Database, assets: AssetStore, lease: Lease) -> Desk:
    """A run to which ledgers come."""
    return Desk(database, assets, lease.run_id, lease)


# -- a full disk -------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("kind", ["metered", "oneshot", "queued"])
def test_a_disk_that_fills_up_during_a_run(tmp_path: Path, kind: str) -> None:
    """No file may grow past so many bytes, the database's least of all: told as that; with room, all is made."""
    limited = (
        "import resource, runpy, sys; sys.argv = sys.argv[1:];"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (180_000, resource.RLIM_INFINITY));"
        "sys.path.insert(0, sys.argv[0].rpartition('/')[0]); runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    full = subprocess.run(
        [sys.executable, "-c", limited, str(WORKER), str(tmp_path), kind, "40"], env=worker_environment(tmp_path),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert full.returncode == 1, (full.stdout, full.stderr)
    assert "disk_full" in full.stdout
    assert Books.of(tmp_path).faults() == []
    consent: tuple[str, ...] = ()
    for _ in range(3):
        child = start(tmp_path, kind, 40, *consent)
        child.communicate(timeout=120)
        if child.returncode == 0:
            break
        assert (child.returncode, kind != "metered") == (8, True)
        consent = () if consent else ("--consent",)
    books = Books.of(tmp_path)
    assert child.returncode == 0
    assert books.faults_at_the_end() == []
    assert len([row for row in books.rows if row["state"] == "succeeded"]) == 40
    unknown = Counter(f"speech:{row['slot']}" for row in books.rows if row["state"] == "unknown")
    assert all(count <= 1 + unknown[slot] for slot, count in Counter(slot for _, slot in books.charges).items())


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_the_disk_has_no_room_for(desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as a full disk. What can be had again for nothing is; for the rest a person is asked."""
    till = Till()
    provider = provider_of(kind, till)

    def refuse(*_: object) -> str:
        raise StorageError("the disk is full", code="disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(AssetStore, "put", refuse)
        with pytest.raises(StorageError) as refused:
            await (await desk.ledger(provider)).call(task("a"))
    assert refused.value.code == "disk_full"
    ledger = await desk.ledger(provider)
    if kind == "oneshot":
        with pytest.raises(PersonNeededError):
            await ledger.call(task("a"))
        (row,) = await desk.rows()
        assert "could not be kept" in row["error_message"]
        assert await desk.money() == (0, 100_000)
    else:
        assert isinstance(await ledger.call(task("a")), Made)
    assert till.times("a") == 1


async def test_nothing_is_bought_that_there_is_no_room_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is nearly full: told before the call, not after it."""
    till = Till()
    monkeypatch.setattr("clash.calls.ledger.shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(StorageError) as refused:
        await (await desk.ledger(provider_of("oneshot", till))).call(task("a"))
    assert refused.value.code == "disk_full"
    assert till.charges == []
    assert await desk.states() == []


# -- a locked database -------------------------------------------------------------------------------------------------

LOCKER = (
    "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None);"
    "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); time.sleep(float(sys.argv[2])); c.execute('ROLLBACK')"
)


@posix
@pytest.mark.parametrize("kind", ["metered", "oneshot", "queued"])
def test_another_program_locks_the_database_for_a_while(tmp_path: Path, kind: str) -> None:
    """Locked in the middle of a run for longer than its lease: the run waits, and ends as if nothing had been."""
    child = start(tmp_path, kind, 40, "--lease", "2", "--beat", "0.5", METER_DELAY="0.05")
    while len(metered(tmp_path / "meter")) < 5:
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(tmp_path / "clash.db"), "3"], stdout=subprocess.PIPE, text=True
    )
    assert locker.stdout is not None
    assert locker.stdout.readline() == "locked\n"
    assert child.poll() is None, "it had ended before the lock"
    locker.communicate()
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, (out, err)
    books = Books.of(tmp_path)
    assert books.faults_at_the_end() == []
    assert len(books.charges) == 40


@pytest.mark.parametrize("kind", KINDS)
async def test_a_lock_that_outlasts_the_wait_falls_between_answer_and_row(
    tmp_path: Path, lease: Lease, database_url: str, assets: AssetStore, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is here and the database is not: its receipt waits on the disk, and nobody pays or is asked."""
    monkeypatch.setattr("clash.database.sqlite.BUSY_TIMEOUT_S", 0.2)
    path = tmp_path / "data" / "clash.db"
    database = await SqliteDatabase.open(path, "write")
    desk, till = Desk(database, assets, lease.run_id, lease), Till()
    provider = provider_of(kind, till)
    locker = sqlite3.connect(path, isolation_level=None)
    begin = provider.begin

    async def begin_and_lock(text: str) -> Any:
        locker.execute("BEGIN IMMEDIATE")
        return await begin(text)

    provider.begin = begin_and_lock  # type: ignore[method-assign]
    with pytest.raises(DatabaseError) as refused:
        await (await desk.ledger(provider)).call(task("a"))
    assert refused.value.code == "database_locked"
    locker.close()
    made = await (await desk.ledger(provider)).call(task("a"))
    assert made.cost_micro == 100_000
    assert (till.times("a"), till.asked["a"]) == (1, 1)
    assert await desk.states() == ["succeeded"]
    await database.close()


# -- a clock set back --------------------------------------------------------------------------------------------------


@posix
def test_the_clock_is_set_back_between_two_processes(tmp_path: Path) -> None:
    """Killed, and resumed twice an hour "earlier": the film is made, nothing paid twice, no duration negative."""
    shot_list(tmp_path / "story.csv", 2)
    meter = tmp_path / "meter"
    env = environment(METER=str(meter), METER_COST="0.01")
    arguments = ("run", "story.csv", "--thread", "c", *SMALL, *METERED, "--concurrency", "1", "--json")
    assert clash(tmp_path, *arguments, env={**env, "CLASH_FAULT": "writes.after:6"}).code == -9

    def an_hour_earlier(**changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(TORTURE / "clock_back.py"), "resume", "c", "--json"], cwd=tmp_path,
            env={**env, **changes}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    assert an_hour_earlier(CLASH_FAULT="checkpoint.after:1").returncode == -9
    ended = an_hour_earlier()
    assert ended.returncode == 0, ended.stderr
    assert set(Counter(metered(meter)).values()) == {1}
    assert query(tmp_path, "SELECT count(*) FROM api_logs WHERE duration_ms < 0") == [(0,)]
    assert query(tmp_path, "SELECT count(*) FROM checkpoint_metadata WHERE execution_time_ms < 0") == [(0,)]
    started = [text for (text,) in query(tmp_path, "SELECT started_at FROM api_logs ORDER BY id")]
    assert started != sorted(started), "the clock was not set back"
    states = query(tmp_path, "SELECT DISTINCT state FROM api_logs")
    assert states == [("succeeded",)]
    again = clash(tmp_path, "resume", "c", "--json", env=env)
    assert (again.code, again.document["status"]) == (0, "already_completed")
    # By number, not by the clock: what was made first stands first.
    calls = clash(tmp_path, "runs", "show", "c", "--json", env=env).document["calls"]
    assert [call["id"] for call in calls] == sorted(call["id"] for call in calls)


async def test_a_lease_outlives_a_clock_that_is_set_back(desk: Desk) -> None:
    """The clock goes back an hour under a live holder: its next renewal counts by the new clock, and it holds on."""
    now = datetime.now(UTC)
    earlier = now - timedelta(hours=1)
    with pytest.raises(ConflictError):
        await take_lease(desk.database, desk.run_id, now=lambda: earlier)
    assert await renew_lease(desk.database, desk.lease, now=earlier)
    with pytest.raises(ConflictError):
        await take_lease(desk.database, desk.run_id, now=lambda: earlier + timedelta(seconds=29))
    elsewhere = await take_lease(desk.database, desk.run_id, now=lambda: earlier + timedelta(seconds=31))
    assert elsewhere.generation == desk.lease.generation + 1
