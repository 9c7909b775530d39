"""A full disk, a database locked by another program, a clock set back: told or outlasted, and nothing bought twice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from conftest import on_both_databases
from d1_engine import ACCOUNT, TOKEN, D1Engine
from d1_engine.faults import FaultyNetwork, Hurry
from filming import METERED, SMALL, environment, forked_clash, metered, rows_of, shot_list
from forks import Fork
from paid import KINDS, Bills, PaidRun, provider_of, task
from pydantic import SecretStr
from torture.books import Books
from torture.trial import WORKER, start, worker_environment

from clash.assets import AssetStore
from clash.calls.spec import CallResult
from clash.database import init_database
from clash.database.connection import is_d1
from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account, Retries
from clash.database.lease import Lease, lease_terms, renew_lease, take_lease
from clash.database.port import Database
from clash.database.sqlite import SqliteDatabase
from clash.errors import ConflictError, DatabaseError, StorageError

TORTURE = Path(__file__).parent / "torture"
posix = pytest.mark.skipif(sys.platform == "win32", reason="resource limits and SIGKILL are POSIX things")


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


# -- a full disk -------------------------------------------------------------------------------------------------------


@posix
@on_both_databases
@pytest.mark.parametrize("kind", ["metered", "oneshot", "queued"])
def test_a_disk_that_fills_up_during_a_run(tmp_path: Path, database_url: str, kind: str) -> None:
    """No file may grow past so many bytes, the database's least of all: told as that; with room, all is made.

    With the database on D1 it is the files of what was made that find no room.
    """
    # The meter stands outside, and has always room.
    largest, size = ("10000", "15000") if is_d1(database_url) else ("180000", "800")
    arguments = [str(TORTURE / "full_disk.py"), largest, str(WORKER), str(tmp_path), kind, "40"]
    full = Fork(arguments, env=worker_environment(tmp_path, TORTURE_DATABASE_URL=database_url, METER_TINY=size))
    out, err = full.communicate()
    assert full.wait(0) == 1, (out, err)
    assert "disk_full" in out
    assert Books.of(tmp_path, database_url).faults() == []
    consent: tuple[str, ...] = ()
    for _ in range(3):
        child = start(tmp_path, kind, 40, *consent, url=database_url)
        told = child.communicate()
        if child.wait(0) == 0:
            break
        assert (child.wait(0), kind != "metered") == (8, True), told
        consent = () if consent else ("--consent",)
    books = Books.of(tmp_path, database_url)
    assert child.wait(0) == 0
    assert books.faults_at_the_end() == []
    assert len([row for row in books.rows if row["state"] == "succeeded"]) == 40
    unknown = Counter(f"speech:{row['slot']}" for row in books.rows if row["state"] == "unknown")
    assert all(count <= 1 + unknown[slot] for slot, count in Counter(slot for _, slot in books.charges).items())


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_the_disk_has_no_room_for(
    paid_run: PaidRun, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Told as a full disk, and kept in another folder: with room again, it is settled without a call."""
    bills = Bills()
    provider = provider_of(kind, bills)

    def refuse(*_: object) -> str:
        raise StorageError("the disk is full", code="disk_full")

    monkeypatch.setattr("clash.assets.spare.tempfile", SimpleNamespace(gettempdir=lambda: str(tmp_path)))
    with monkeypatch.context() as patch:
        patch.setattr(AssetStore, "put", refuse)
        for _ in range(2):
            with pytest.raises(StorageError, match=r"paid \$0\.100000, is kept in") as refused:
                await (await paid_run.ledger(provider)).call(task("a"))
            assert refused.value.code == "disk_full"
    assert await paid_run.money() == (0, 100_000)
    asked = bills.asked["a"]
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert (bills.times("a"), bills.asked["a"], asked) == (1, 1, 1)
    assert await paid_run.money() == (100_000, 0)
    assert list(tmp_path.glob("clash-kept-*")) == []


@on_both_databases
async def test_nothing_is_bought_that_there_is_no_room_for(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is nearly full: told before the call, not after it."""
    bills = Bills()
    monkeypatch.setattr("clash.calls.room.shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(StorageError) as refused:
        await (await paid_run.ledger(provider_of("oneshot", bills))).call(task("a"))
    assert refused.value.code == "disk_full"
    assert bills.charges == []
    assert await paid_run.states() == []


# -- a database that is not to be had ----------------------------------------------------------------------------------

LOCKER = (
    "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None);"
    "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read(); c.execute('ROLLBACK')"
)


@contextmanager
def out_of_reach(url: str, request: pytest.FixtureRequest) -> Generator[None]:
    """The database cannot be had: another program has locked it, or D1's engine was killed amid its work."""
    if is_d1(url):
        engine: D1Engine = request.getfixturevalue("d1_engine")
        engine.kill()
        yield
        engine.serve()
        return
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, url.removeprefix("sqlite:///")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert locker.stdout is not None
    assert locker.stdout.readline() == b"locked\n"
    yield
    locker.communicate()


@posix
@on_both_databases
@pytest.mark.parametrize("kind", ["metered", "oneshot", "queued"])
def test_a_database_that_is_out_of_reach_for_a_while(
    tmp_path: Path, database_url: str, request: pytest.FixtureRequest, kind: str
) -> None:
    """In the middle of a run, for longer than its lease: the run waits, and ends as if nothing had been."""
    init_database(database_url)
    child = start(tmp_path, kind, 40, "--lease", "1", "--beat", "0.3", url=database_url, METER_DELAY="0.05")
    while len(metered(tmp_path / "meter")) < 5:
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)
    with out_of_reach(database_url, request):
        time.sleep(1.5)
        assert child.poll() is None, "it had ended before"
    out, err = child.communicate()
    assert child.wait(0) == 0, (out, err)
    books = Books.of(tmp_path, database_url)
    assert books.faults_at_the_end() == []
    assert len(books.charges) == 40


@asynccontextmanager
async def one_that_can_be_cut_off(
    url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncGenerator[tuple[Database, Callable[[], None], Callable[[], None]]]:
    """A database that waits only a moment, what keeps it from us, and what gives it back."""
    if is_d1(url):
        engine: D1Engine = request.getfixturevalue("d1_engine")
        network = FaultyNetwork()
        account = Account(ACCOUNT, SecretStr(TOKEN), engine.base_url)
        name = url.removeprefix("d1://")
        database: Database = await D1Database.open(
            name, account, retries=Retries(wait_s=0.75), transport=network, clock=Hurry()
        )
        try:
            yield database, lambda: network.faults.extend(["dropped"] * 1000), network.faults.clear
        finally:
            await database.close()
        return
    monkeypatch.setattr("clash.database.sqlite.BUSY_TIMEOUT_S", 0.2)
    path = Path(url.removeprefix("sqlite:///"))
    database = await SqliteDatabase.open(path, "write")
    locker = sqlite3.connect(path, isolation_level=None)
    try:
        yield database, lambda: bool(locker.execute("BEGIN IMMEDIATE")), locker.close
    finally:
        await database.close()


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_lock_between_answer_and_row_loses_nothing(
    lease: Lease,
    database_url: str,
    assets: AssetStore,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """The answer is here and the database is not: its receipt waits on the disk, and nobody pays or is asked."""
    async with one_that_can_be_cut_off(database_url, monkeypatch, request) as (database, cut_off, give_back):
        paid_run, bills = PaidRun(database, assets, lease.run_id, lease), Bills()
        provider = provider_of(kind, bills)
        begin = provider.begin

        async def begin_and_cut_off(text: str) -> Any:
            cut_off()
            return await begin(text)

        provider.begin = begin_and_cut_off  # type: ignore[method-assign]
        with pytest.raises(DatabaseError) as refused:
            await (await paid_run.ledger(provider)).call(task("a"))
        assert refused.value.code == ("database_unreachable" if is_d1(database_url) else "database_locked")
        give_back()
        made = await (await paid_run.ledger(provider)).call(task("a"))
        assert made.cost_micro == 100_000
        assert (bills.times("a"), bills.asked["a"]) == (1, 1)
        assert await paid_run.states() == ["succeeded"]


# -- a clock set back --------------------------------------------------------------------------------------------------


@posix
@on_both_databases
def test_the_clock_is_set_back_between_two_processes(tmp_path: Path, database_url: str) -> None:
    """Killed, and resumed twice an hour "earlier": the film is made, nothing paid twice, no duration negative."""
    shot_list(tmp_path / "story.csv", 2)
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_COST="0.01")
    arguments = ("run", "story.csv", "--thread", "c", *SMALL, *METERED, "--concurrency", "1", "--json")
    assert forked_clash(tmp_path, *arguments, env={**env, "CLASH_FAULT": "writes.after:6"}).code == -9

    def an_hour_earlier(**changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(TORTURE / "clock_back.py"), "resume", "c", "--json"],
            cwd=tmp_path,
            env={**env, **changes},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert an_hour_earlier(CLASH_FAULT="checkpoint.after:1").returncode == -9
    ended = an_hour_earlier()
    assert ended.returncode == 0, ended.stderr
    assert set(Counter(metered(meter)).values()) == {1}
    assert rows_of(database_url, "SELECT count(*) FROM api_logs WHERE duration_ms < 0") == [(0,)]
    assert rows_of(database_url, "SELECT count(*) FROM checkpoint_metadata WHERE execution_time_ms < 0") == [(0,)]
    started = [text for (text,) in rows_of(database_url, "SELECT started_at FROM api_logs ORDER BY id")]
    assert started != sorted(started), "the clock was not set back"
    states = rows_of(database_url, "SELECT DISTINCT state FROM api_logs")
    assert states == [("succeeded",)]
    again = forked_clash(tmp_path, "resume", "c", "--json", env=env)
    assert (again.code, again.document["status"]) == (0, "already_completed")
    # By number, not by the clock: what was made first stands first.
    calls = forked_clash(tmp_path, "runs", "show", "c", "--json", env=env).document["calls"]
    assert [call["id"] for call in calls] == sorted(call["id"] for call in calls)


@on_both_databases
async def test_a_lease_outlives_a_clock_that_is_set_back(paid_run: PaidRun) -> None:
    """The clock goes back an hour under a live holder: its next renewal counts by the new clock, and it holds on."""
    earlier = datetime.now(UTC) - timedelta(hours=1)
    lasts_s = lease_terms(paid_run.database.url).duration_s
    with pytest.raises(ConflictError):
        await take_lease(paid_run.database, paid_run.run_id, now=lambda: earlier)
    assert await renew_lease(paid_run.database, paid_run.lease, now=earlier)
    with pytest.raises(ConflictError):
        await take_lease(paid_run.database, paid_run.run_id, now=lambda: earlier + timedelta(seconds=lasts_s - 1))
    elsewhere = await take_lease(
        paid_run.database, paid_run.run_id, now=lambda: earlier + timedelta(seconds=lasts_s + 1)
    )
    assert elsewhere.generation == paid_run.lease.generation + 1
