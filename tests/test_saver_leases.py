"""Savers under a lease: only the process that holds a run saves its checkpoints."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from conftest import RUN, on_both_databases, on_d1
from graphs import fan_out_graph
from langgraph.checkpoint.conformance.test_utils import generate_config
from saving import newest, put

from clash.database import open_database
from clash.database.checkpointer import run_saver
from clash.database.lease import Lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Statement
from clash.errors import ConflictError, DatabaseError, SettingsError

# -- under a lease ---------------------------------------------------------------------------------------------


@on_both_databases
async def test_who_lost_the_run_saves_nothing(database: Database, lease: Lease) -> None:
    """Checkpoints and writes of a process whose run was taken over: refused, and not a row is written."""
    async with run_saver(database, lease) as saver:
        config = await put(saver, RUN, 1)
        await database.batch([steal(lease)])
        before = await rows_of(database)
        with pytest.raises(ConflictError) as told:
            await put(saver, RUN, 2, parent=config)
        with pytest.raises(ConflictError):
            await saver.aput_writes(config, [("channel", secrets.token_bytes(600_000))], "task")
        assert (told.value.code, told.value.exit_code) == ("lease_lost", 5)
        assert await rows_of(database) == before


@on_both_databases
async def test_a_lease_is_for_one_run(database: Database, lease: Lease) -> None:
    """Another run's thread cannot be written under it, though that run exists and nobody holds it."""
    tracker = AsyncMetadataTracker(database)
    await tracker.start_workflow("run-2", "video_production")
    await take_lease(database, "run-2")
    async with run_saver(database, lease) as saver:
        with pytest.raises(ConflictError):
            await put(saver, "run-2", 1)


@on_both_databases
async def test_every_checkpoint_of_a_run_has_its_metadata_row(database: Database, lease: Lease) -> None:
    """Of a graph with a fan-out: as many rows, of the same ids, with step names and what comes next."""
    async with run_saver(database, lease) as saver:
        await fan_out_graph(saver).ainvoke({"done": []}, {"configurable": {"thread_id": RUN}}, durability="sync")
    rows = await database.query(
        "SELECT c.checkpoint_id, m.step_name, m.next_steps FROM checkpoints AS c LEFT JOIN checkpoint_metadata AS m"
        " ON m.run_id = c.thread_id AND m.checkpoint_id = c.checkpoint_id ORDER BY c.checkpoint_id"
    )
    assert [row["step_name"] for row in rows] == ["input", "start", "plan", "work", "join", "render", "publish"]
    assert rows[-1]["next_steps"] == "[]"


@on_d1
async def test_on_d1_a_checkpoint_and_its_metadata_row_are_one(database: Database, lease: Lease) -> None:
    """If the metadata row is refused, there is no checkpoint either."""
    async with run_saver(database, lease) as saver:
        await put(saver, RUN, 1)
        await database.batch([Statement("DROP TABLE checkpoint_metadata")])
        with pytest.raises(DatabaseError):
            await put(saver, RUN, 2)
        assert (await newest(saver, RUN)).checkpoint["channel_values"] == {"value": 1}


@on_d1
async def test_wrong_credentials_end_a_run_with_exit_4(
    database: Database, lease: Lease, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that was revoked: an error, never a checkpoint that seems saved."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "revoked")
    async with open_database(database_url, "write") as refused, run_saver(refused, lease) as saver:
        config = generate_config(RUN, checkpoint_id="x")
        for failing in (put(saver, RUN, 1), newest(saver, RUN), saver.aput_writes(config, [("a", 1)], "t")):
            with pytest.raises(SettingsError) as told:
                await failing
            assert told.value.exit_code == 4


def steal(lease: Lease) -> Statement:
    """What another process does when it takes the run."""
    return Statement("UPDATE workflow_executions SET lease_generation = ?", (lease.generation + 1,))


async def rows_of(database: Database) -> list[Any]:
    """How many rows the saver has written, table by table."""
    tables = await database.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%check%'")
    return [
        await database.query(f"SELECT count(*) AS n FROM {table}")
        for table in ("writes", *(row["name"] for row in tables))
    ]
