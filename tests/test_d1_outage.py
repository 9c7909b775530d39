"""D1 is out for a while, at any moment of a run: it is waited for, the lease is kept or lost rightly, nothing is
charged twice.

The engine and the processes are real; a gateway between them answers as D1 does while it is out.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from conftest import RUN, on_d1
from d1_engine import D1Engine
from d1_engine.gateway import Gateway
from filming import METERED, SMALL, clash, environment, metered, shot_list

from clash.database import open_database
from clash.database.lease import Heartbeat, Lease, take_lease
from clash.database.port import Database, Statement
from clash.errors import ConflictError

MOMENTS = {
    "the database is looked up": "?name=",
    "the run is begun": "INSERT INTO workflow_executions",
    "the lease is taken": "lease_generation = lease_generation + 1",
    "a checkpoint is saved": "INTO checkpoints",
    "a call is about to be made": "INSERT INTO api_logs",
    "a call is settled": "state = 'succeeded'",
    "a file is recorded": "INSERT INTO generated_assets",
    "the run is said to be done": "status = 'completed'",
    "the lease is released": "lease_owner = NULL",
}


@pytest.fixture
def gateway(d1_engine: D1Engine) -> Generator[Gateway]:
    """What stands between clash and the engine."""
    with Gateway(d1_engine).open() as opened:
        yield opened


def settings(gateway: Gateway, url: str, folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a run whose D1 is behind the gateway, and whose calls are metered."""
    return environment(**gateway.environment, DATABASE_URL=url, METER=str(folder / "meter"), **changes)


@on_d1
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_waits_out_an_outage(gateway: Gateway, database_url: str, tmp_path: Path, moment: str) -> None:
    """From any moment on, with the first request executed or not: completed, every call charged once, two lines."""
    shot_list(tmp_path / "story.csv", 1)
    env = settings(gateway, database_url, tmp_path)
    assert clash(tmp_path, "db", "init", env=env).code == 0
    gateway.go_out(MOMENTS[moment], requests=4, executed=list(MOMENTS).index(moment) % 2 == 1)
    ran = clash(tmp_path, "run", "story.csv", "--thread", "t", *SMALL, *METERED, "--json", env=env)
    assert (ran.code, ran.document["status"]) == (0, "completed"), ran.err
    assert gateway.refused == 4
    assert set(Counter(metered(tmp_path / "meter")).values()) == {1}
    assert ran.err.count("Cloudflare D1 gave no answer") == 1, ran.err
    assert ran.err.count("Cloudflare D1 answers again") == 1, ran.err


@on_d1
@pytest.mark.parametrize("moment", ["a call is about to be made", "a call is settled", "the run is said to be done"])
def test_an_outage_past_the_limit_ends_a_run_cleanly(
    gateway: Gateway, database_url: str, tmp_path: Path, moment: str
) -> None:
    """Exit 1 and a hint; what was paid before is found again by `resume`, and paid for once."""
    shot_list(tmp_path / "story.csv", 1)
    env = settings(gateway, database_url, tmp_path)
    assert clash(tmp_path, "db", "init", env=env).code == 0
    gateway.go_out(MOMENTS[moment], executed=True)
    ran = clash(
        tmp_path,
        "run",
        "story.csv",
        "--thread",
        "t",
        *SMALL,
        *METERED,
        "--json",
        env={**env, "CLASH_DATABASE_WAIT": "1"},
    )
    assert ran.code == 1
    assert "Traceback" not in ran.err
    error = json.loads(ran.out)["error"]
    assert error["code"] == "database_unreachable"
    assert "resume" in error["hint"]
    gateway.come_back()
    resumed = clash(tmp_path, "resume", "t", "--json", env=env)
    assert (resumed.code, resumed.document["status"]) in {(0, "completed"), (0, "already_completed")}, resumed.err
    assert set(Counter(metered(tmp_path / "meter")).values()) == {1}


# -- the lease ---------------------------------------------------------------------------------------------------------


EXPIRE = Statement("UPDATE workflow_executions SET lease_expires_at = '2026-01-01T00:00:00.000Z'")


async def has_expired(database: Database) -> bool:
    """Whether the lease of the run has, by the clock of the database."""
    rows = await database.query(
        "SELECT 1 FROM workflow_executions WHERE lease_expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    )
    return bool(rows)


@on_d1
async def test_a_lease_that_expired_in_an_outage_is_renewed_after_it(
    database: Database, lease: Lease, gateway: Gateway, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else took the run: it goes on, and others find it held."""
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    gateway.go_out("UPDATE workflow_executions SET lease_expires_at")
    with Heartbeat(database_url, lease, every_s=0.2, duration_s=2.0):
        await database.batch([EXPIRE])
        await asyncio.to_thread(gateway.refusing.wait, 30)
        assert await has_expired(database)
        gateway.come_back()
        while await has_expired(database):  # noqa: ASYNC110 - its renewal tells nobody here
            await asyncio.sleep(0.05)
        with pytest.raises(ConflictError):
            await take_lease(database, RUN)
    assert not lease.lost.is_set()


@on_d1
async def test_a_lease_that_another_took_in_an_outage_is_lost(
    database: Database, lease: Lease, gateway: Gateway, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one could reach D1: the first finds it out at its next renewal, and takes nothing back."""
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    gateway.go_out("UPDATE workflow_executions SET lease_expires_at")
    with Heartbeat(database_url, lease, every_s=0.2, duration_s=2.0):
        await asyncio.to_thread(gateway.refusing.wait, 30)
        await database.batch([EXPIRE])
        taken = await take_lease(database, RUN, duration_s=300)
        gateway.come_back()
        assert await asyncio.to_thread(lease.lost.wait, 30)
    (row,) = await database.query("SELECT lease_owner, lease_generation FROM workflow_executions")
    assert (row["lease_owner"], row["lease_generation"]) == (taken.owner, taken.generation)


@on_d1
async def test_a_lease_that_was_long_in_coming_is_fresh(
    database: Database, lease: Lease, gateway: Gateway, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken over an outage longer than itself: its expiry counts from when it was taken, not from when it was asked."""
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    await database.batch([Statement("UPDATE workflow_executions SET lease_owner = NULL, lease_expires_at = NULL")])
    async with open_database(database_url, "write") as behind:
        gateway.go_out("lease_generation = lease_generation + 1", requests=4)
        taken = await take_lease(behind, RUN, duration_s=1.5)
        assert not await has_expired(database)
    assert taken.generation == lease.generation + 1
