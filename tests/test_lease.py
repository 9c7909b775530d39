"""One writer a run: who holds it is named, who is gone is followed at once, and who lost it can write nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import RUN, on_both_databases, on_d1
from d1_engine import D1Engine
from d1_engine.gateway import Gateway

from clash.database import open_database
from clash.database.call_log import insert_asset
from clash.database.checkpoint_facts import CheckpointFacts
from clash.database.connection import is_d1
from clash.database.lease import (
    Heartbeat,
    Lease,
    is_dead,
    lease_terms,
    release_lease,
    renew_lease,
    take_lease,
    this_process,
)
from clash.database.metadata import AsyncMetadataTracker, record_checkpoint
from clash.database.port import Database, Row, Statement
from clash.database.rows import NewAsset
from clash.errors import ConflictError, NotFoundError

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ELSEWHERE = "another-host/17/4026531836.99/abcd"
TAKE_AND_DIE = """
import asyncio, os, signal, sys
from clash.database import open_database
from clash.database.lease import take_lease

async def take():
    async with open_database(sys.argv[1], "write") as database:
        await take_lease(database, "run-1")
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

asyncio.run(take())
"""


@pytest.fixture
async def run(database: Database) -> Row:
    """A run that nobody holds."""
    tracker = AsyncMetadataTracker(database)
    await tracker.start_workflow(RUN, "video_production")
    row = await tracker.run(RUN)
    assert row is not None
    return row


async def everything(database: Database) -> list[list[Row]]:
    """Every row that clash writes for a run, but for the lease itself."""
    return [
        await database.query("SELECT status, end_time, metadata, spent_micro, error_code FROM workflow_executions"),
        await database.query("SELECT * FROM checkpoint_metadata"),
        await database.query("SELECT * FROM generated_assets"),
        await database.query("SELECT * FROM api_logs"),
    ]


# -- taking it -------------------------------------------------------------------------------------------------------


@on_both_databases
async def test_of_twenty_takers_one_wins(database: Database, run: Row, database_url: str) -> None:
    """Each over a database connection of its own: one holds the run, nineteen get exit 5 and the word `held`."""
    async with AsyncExitStack() as stack:
        others = [await stack.enter_async_context(open_database(database_url, "write")) for _ in range(20)]
        outcomes = await asyncio.gather(*(take_lease(other, RUN) for other in others), return_exceptions=True)
    leases = [outcome for outcome in outcomes if isinstance(outcome, Lease)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert (len(leases), len(losers)) == (1, 19)
    assert {(loser.code, loser.exit_code) for loser in losers} == {("held", 5)}
    (row,) = await database.query("SELECT lease_owner, lease_generation FROM workflow_executions")
    assert (row["lease_owner"], row["lease_generation"]) == (leases[0].owner, leases[0].generation)


@on_both_databases
async def test_the_holder_is_named(database: Database, lease: Lease) -> None:
    """Who comes second learns process, host, and until when."""
    with pytest.raises(ConflictError) as refused:
        await take_lease(database, RUN)
    assert f"process {os.getpid()} on {socket.gethostname()}" in refused.value.message
    assert "expires at 20" in refused.value.message


@on_both_databases
async def test_an_unknown_run_cannot_be_taken(database: Database) -> None:
    """Exit 3, and nothing is made."""
    with pytest.raises(NotFoundError):
        await take_lease(database, "nobody")
    assert await database.query("SELECT 1 FROM workflow_executions") == []


@on_both_databases
async def test_a_killed_process_is_followed_at_once(database: Database, run: Row, database_url: str) -> None:
    """SIGKILL while it held the run: the next process need not wait for the lease to expire."""
    command = [sys.executable, "-c", TAKE_AND_DIE, database_url]
    killed = await asyncio.to_thread(subprocess.run, command, check=False, timeout=60)
    assert killed.returncode != 0
    (row,) = await database.query("SELECT lease_owner, lease_generation FROM workflow_executions")
    assert row["lease_generation"] == 1
    if os.name == "nt":
        pytest.skip("on Windows a dead process is waited for")
    taken = await take_lease(database, RUN)
    assert taken.generation == 2


@on_both_databases
async def test_an_expired_lease_is_taken_over(database: Database, run: Row) -> None:
    """A holder on another host that does not renew: refused for 30 s (on D1 180 s), taken over then."""
    lasts = timedelta(seconds=180 if is_d1(database.url) else 30)
    await take_lease(database, RUN, owner=ELSEWHERE, now=lambda: NOON)
    with pytest.raises(ConflictError, match="process 17 on another-host"):
        await take_lease(database, RUN, now=lambda: NOON + 0.99 * lasts)
    taken = await take_lease(database, RUN, now=lambda: NOON + 1.01 * lasts)
    assert taken.generation == 2


@on_both_databases
async def test_a_renewed_lease_holds_on(database: Database, run: Row) -> None:
    """Renewed at 20 s, it holds for 30 s (on D1 180 s) from then on."""
    lasts = timedelta(seconds=180 if is_d1(database.url) else 30)
    lease = await take_lease(database, RUN, owner=ELSEWHERE, now=lambda: NOON)
    renewed = NOON + timedelta(seconds=20)
    assert await renew_lease(database, lease, now=renewed)
    with pytest.raises(ConflictError):
        await take_lease(database, RUN, now=lambda: renewed + 0.99 * lasts)
    await take_lease(database, RUN, now=lambda: renewed + 1.01 * lasts)
    assert not await renew_lease(database, lease)
    assert lease.lost.is_set()


@on_both_databases
async def test_a_released_run_is_free_at_once(database: Database, lease: Lease) -> None:
    """And only who holds it can release it."""
    await release_lease(database, lease)
    second = await take_lease(database, RUN)
    await release_lease(database, lease)
    with pytest.raises(ConflictError):
        await take_lease(database, RUN)
    await release_lease(database, second)
    await take_lease(database, RUN)


@on_both_databases
async def test_a_renewal_that_comes_after_the_release_changes_nothing(database: Database, lease: Lease) -> None:
    """A request that was given up on may still arrive: a run that is free stays free."""
    await release_lease(database, lease)
    assert not await renew_lease(database, lease)
    (row,) = await database.query("SELECT lease_owner, lease_expires_at FROM workflow_executions")
    assert (row["lease_owner"], row["lease_expires_at"]) == (None, None)


# -- who is dead -----------------------------------------------------------------------------------------------------


def test_only_a_process_of_this_host_that_is_gone_is_dead() -> None:
    """One that may only be out of sight (another host, another container, a name not ours) is never followed early."""
    host, pid, identity, _ = this_process().split("/")
    namespace, _, started = identity.partition(".")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not is_dead(this_process())
    assert is_dead(f"{host}/{gone.pid}/{namespace}.1/x") == (os.name != "nt")
    for owner in (
        f"another-{host}/{gone.pid}/{namespace}.1/x",
        f"{host}/{gone.pid}/1{namespace}.1/x",
        f"{host}/{10**30}/{namespace}.1/x",
        f"{host}/\u00b2/{namespace}.1/x",
        f"{host}//{namespace}.1/x",
        host,
        "",
    ):
        assert not is_dead(owner), owner
    if started:
        assert is_dead(f"{host}/{pid}/{namespace}.{int(started) - 1}/x"), "the number was given to another process"


# -- the fence -------------------------------------------------------------------------------------------------------


@on_both_databases
async def test_who_lost_the_run_writes_nothing(database: Database, lease: Lease) -> None:
    """Status, budget, totals, checkpoints, assets: after a take-over none of them is changed by the former holder."""
    await database.batch([Statement("UPDATE workflow_executions SET lease_owner = ?", (ELSEWHERE,))])
    await database.batch([Statement("UPDATE workflow_executions SET lease_expires_at = '2026-01-01T00:00:00.000Z'")])
    await take_lease(database, RUN)
    before = await everything(database)
    tracker = AsyncMetadataTracker(database)
    facts = CheckpointFacts("c1", "2026-11-23T12:00:00.000Z", "loop", 1, "initialize", ())
    with pytest.raises(ConflictError) as refused:
        await tracker.set_status(lease, "failed", error_code="x", error_message="x")
    assert refused.value.code == "lease_lost"
    await tracker.set_step_total(lease, "generate_shots", 3)
    await record_checkpoint(database, lease, facts, checkpoint_ns="", parent_checkpoint_id=None, execution_time_ms=None)
    asset = NewAsset("s", "film", "film", "video/mp4", "0" * 64, "00/0", 1, {}, 0, "2026-11-23T12:00:00.000Z")
    assert await database.batch([insert_asset(lease, asset)]) == [[]]
    assert await everything(database) == before


# -- the heartbeat ---------------------------------------------------------------------------------------------------


@on_both_databases
async def test_the_heartbeat_renews_while_the_event_loop_stands_still(
    database: Database, lease: Lease, database_url: str
) -> None:
    """Code that blocks the loop for three times the lease's length does not lose the run."""
    with Heartbeat(database_url, lease, every_s=0.1, duration_s=0.4):
        await renew_lease(database, lease, duration_s=0.4)
        time.sleep(1.2)  # noqa: ASYNC251 - the loop is meant to stand still
        with pytest.raises(ConflictError):
            await take_lease(database, RUN)
    assert not lease.lost.is_set()


@on_both_databases
async def test_the_heartbeat_says_when_the_run_is_lost(database: Database, lease: Lease, database_url: str) -> None:
    """`lost` is set at the next beat after a take-over, and the new holder's lease is left as it is."""
    with Heartbeat(database_url, lease, every_s=0.05):
        await database.batch([Statement("UPDATE workflow_executions SET lease_owner = NULL")])
        taken = await take_lease(database, RUN, duration_s=300)
        assert await asyncio.to_thread(lease.lost.wait, 5)
    assert await renew_lease(database, taken)


@on_both_databases
async def test_the_heartbeat_outlives_a_renewal_that_fails(
    database: Database, lease: Lease, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is out of reach for some beats, in whatever way: later ones renew again."""
    failures = iter([NotFoundError("gone"), RuntimeError("can't start new thread"), OSError("too many open files")])
    real = renew_lease

    async def failing(*arguments: object, **named: object) -> bool:
        for failure in failures:
            raise failure
        return await real(*arguments, **named)

    monkeypatch.setattr("clash.database.lease.renew_lease", failing)
    (before,) = await database.query("SELECT lease_expires_at FROM workflow_executions")
    with Heartbeat(database_url, lease, every_s=0.05, duration_s=600):
        for _ in range(100):
            (after,) = await database.query("SELECT lease_expires_at FROM workflow_executions")
            if after != before:
                break
            await asyncio.sleep(0.05)
    assert after["lease_expires_at"] > before["lease_expires_at"]


@on_d1
async def test_the_heartbeat_keeps_its_connection(database: Database, lease: Lease, database_url: str) -> None:
    """However often it beats, it is one more writer in `d1_writers`, the row that its first beat makes."""
    (before,) = await database.query("SELECT count(*) AS writers FROM d1_writers")
    expiries = set[str]()
    with Heartbeat(database_url, lease, every_s=0.05):
        while len(expiries) < 5:
            (row,) = await database.query("SELECT lease_expires_at FROM workflow_executions")
            expiries.add(row["lease_expires_at"])
            await asyncio.sleep(0.02)
    (after,) = await database.query("SELECT count(*) AS writers FROM d1_writers")
    assert after["writers"] - before["writers"] == 1


@on_d1
async def test_the_lease_of_a_waiting_run_takes_few_requests(
    database: Database, lease: Lease, d1_engine: D1Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In five minutes it is renewed in time, with at most five of the 1,200 requests that Cloudflare allows."""
    pauses: list[float] = []
    five_minutes, began = threading.Event(), time.monotonic()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if sum(pauses) + time.monotonic() - began >= 300:
            five_minutes.set()
            await asyncio.Event().wait()

    with Gateway(d1_engine).open() as gateway:
        for name, value in gateway.environment.items():
            monkeypatch.setenv(name, value)
        with Heartbeat(database_url, lease, sleep=sleep):
            assert await asyncio.to_thread(five_minutes.wait, 30)
        requests = gateway.requests
    assert max(pauses) < lease_terms(database_url).duration_s / 2
    assert 0 < requests <= 5


@contextmanager
def unwilling_api(*, silent: bool) -> Generator[tuple[str, threading.Event]]:
    """An API that tells everyone to wait for five minutes, or says nothing; its address, and when it was asked."""
    asked, ended = threading.Event(), threading.Event()

    class Unwilling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.set()
            if silent:
                ended.wait(30)
            self.send_response(429)
            self.send_header("Retry-After", "300")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Unwilling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        ended.set()
        server.shutdown()


@pytest.mark.parametrize("silent", [False, True])
def test_the_end_of_a_run_waits_for_no_beat(monkeypatch: pytest.MonkeyPatch, *, silent: bool) -> None:
    """Cloudflare told a beat to wait for five minutes, or does not answer it: leaving does not wait for that."""
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "account")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "token")
    with unwilling_api(silent=silent) as (address, asked):
        monkeypatch.setenv("CLOUDFLARE_API_BASE_URL", address)
        with Heartbeat(f"d1://{uuid.uuid4()}", Lease(RUN, "me", 1), every_s=0.01):
            assert asked.wait(10)
            time.sleep(0.2)  # until the answer has been read
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 10
        assert "clash-lease" not in {thread.name for thread in threading.enumerate()}
