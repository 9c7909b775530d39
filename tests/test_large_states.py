"""A state too large for one transaction of D1 is written in parts: whole or not at all, and only under the lease."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import RUN, on_d1
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.conformance.test_utils import generate_config, generate_metadata
from saving import newest, put

from clash.database.checkpointer import run_saver
from clash.database.lease import Lease, release_lease, take_lease
from clash.database.port import Database, Rows, Statement
from clash.database.reading import load_checkpoint, pending_values
from clash.database.savers import staged_values
from clash.errors import ConflictError, DatabaseError

_LEFT = "SELECT count(*) AS n FROM checkpoint_chunks WHERE thread_id LIKE '.staged-%'"
LARGE = 100_000
"""More than one transaction, where limits are a hundred times smaller."""


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that small values reach: 20,000 bytes a row, a transaction of 40,000, chunks of 9,000."""
    for name, value in {
        "checkpoint_rows.INLINE_BYTES": 20_000,
        "port_saver.INLINE_BYTES": 20_000,
        "checkpoint_rows.CHUNK_BYTES": 9_000,
        "staged_values.CHUNK_BYTES": 9_000,
        "port_saver.AT_ONCE_BYTES": 40_000,
        "staged_values._PART_BYTES": 18_000,
    }.items():
        monkeypatch.setattr(f"clash.database.savers.{name}", value)


def config() -> Any:
    """The config of the run."""
    return generate_config(RUN)


async def left(database: Database) -> int:
    """Return how many staged chunks are there."""
    return int((await database.query(_LEFT))[0]["n"])


class Failing:
    """A database of which a writing batch fails, or something else happens before it."""

    def __init__(self, database: Database, before: Callable[[int], Any]) -> None:
        self._database, self._before, self.batches = database, before, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def batch(self, statements: Any) -> list[Rows]:
        """Apply a batch, after what is to happen before it."""
        self.batches += 1
        await self._before(self.batches)
        return await self._database.batch(statements)


# -- whole ---------------------------------------------------------------------------------------------------------


@on_d1
async def test_a_state_larger_than_a_transaction_is_whole(saver: Any) -> None:
    """15 MB that nothing compresses, as a checkpoint and as a write: read back byte for byte, alone and in a list."""
    value = secrets.token_bytes(15_000_000)
    saved = await put(saver, "t", value)
    await saver.aput_writes(saved, [("small", 1), ("large", value)], "task")
    for found in (await newest(saver, "t"), *[item async for item in saver.alist(generate_config("t"))]):
        assert found.checkpoint["channel_values"]["value"] == value
        assert found.pending_writes == [("task", "small", 1), ("task", "large", value)]


@on_d1
@pytest.mark.usefixtures("small_limits")
async def test_staged_values_replace_and_are_replaced(database: Database, lease: Lease) -> None:
    """Large by larger, by small, by large: never a mixture, no chunk too many, and every reader reads it."""
    checkpoint = empty_checkpoint()
    async with run_saver(database, lease) as saver:
        for size in (LARGE, 2 * LARGE, 10, 30_000, LARGE):
            checkpoint["channel_values"] = {"value": secrets.token_bytes(size)}
            saved = await saver.aput(config(), checkpoint, generate_metadata(), {})
            assert (await newest(saver, RUN)).checkpoint["channel_values"] == checkpoint["channel_values"]
        first, second = ([secrets.token_bytes(size) for size in (10, 5_000, 30_000, LARGE)] for _ in range(2))
        for values in (first, second):
            await saver.aput_writes(saved, [(f"c{n}", value) for n, value in enumerate(values)], "task")
            await saver.aput_writes(saved, [("__error__", values[-1])], "failed")
        written = [("failed", "__error__", second[-1]), *(("task", f"c{n}", value) for n, value in enumerate(first))]
        assert (await newest(saver, RUN)).pending_writes == written
    checkpoint_id = checkpoint["id"]
    assert (await load_checkpoint(database, RUN, checkpoint_id))[0]["channel_values"] == checkpoint["channel_values"]
    assert await pending_values(database, RUN, checkpoint_id, "c3") == [first[3]]
    assert await left(database) == 0
    rows = await database.query(
        "SELECT count(*) AS n, count(DISTINCT task_id || idx) AS values_ FROM checkpoint_chunks"
    )
    # One value in 12 chunks three times; 5,000 and 30,000 bytes of the task in 1 and 4.
    assert rows == [{"n": 3 * 12 + 1 + 4, "values_": 5}]


# -- or not at all -------------------------------------------------------------------------------------------------


@on_d1
@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("at", [2, 4, 8])
async def test_a_save_that_fails_half_way_leaves_nothing(database: Database, lease: Lease, at: int) -> None:
    """The state before it is what the run has; what was staged is removed."""

    async def fail(number: int) -> None:
        if number == at:
            raise DatabaseError("no connection")

    failing: Any = Failing(database, fail)
    async with run_saver(failing, lease) as saver:
        await put(saver, RUN, "before")
        with pytest.raises(DatabaseError, match="no connection"):
            await put(saver, RUN, secrets.token_bytes(LARGE))
        assert failing.batches == at + 1
        assert (await newest(saver, RUN)).checkpoint["channel_values"] == {"value": "before"}
    assert await left(database) == 0


@on_d1
@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("at", [1, 3, 7])
async def test_each_part_compares_the_lease(database: Database, lease: Lease, at: int) -> None:
    """Who loses the run between two parts writes none after it, and no row; what it had staged is removed."""

    async def take_over(number: int) -> None:
        if number == at + 1:
            assert await left(database) == 2 * (at - 1)
            await release_lease(database, lease)
            await take_lease(database, RUN)

    taken: Any = Failing(database, take_over)
    async with run_saver(taken, lease) as saver:
        await put(saver, RUN, "before")
        with pytest.raises(ConflictError) as told:
            await put(saver, RUN, secrets.token_bytes(LARGE))
    assert told.value.code == "lease_lost"
    assert await left(database) == 0
    assert [row["n"] for row in await database.query("SELECT count(*) AS n FROM checkpoints")] == [1]


_SAVE = """
import asyncio, secrets, sys
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from clash.database import open_database
from clash.database.checkpointer import run_saver
from clash.database.lease import Lease
from clash.database.savers import checkpoint_rows, port_saver, staged_values
checkpoint_rows.INLINE_BYTES = port_saver.INLINE_BYTES = 20_000
checkpoint_rows.CHUNK_BYTES = staged_values.CHUNK_BYTES = 9_000
port_saver.AT_ONCE_BYTES, staged_values._PART_BYTES = 40_000, 18_000

async def save():
    async with open_database(sys.argv[1], "write") as database:
        async with run_saver(database, Lease(sys.argv[2], sys.argv[3], int(sys.argv[4]))) as saver:
            checkpoint = generate_checkpoint(channel_values={"value": secrets.token_bytes(100_000)})
            await saver.aput(generate_config(sys.argv[2]), checkpoint, generate_metadata(), {})

asyncio.run(save())
"""


@on_d1
@pytest.mark.usefixtures("small_limits")
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
async def test_a_killed_save_is_removed_by_the_next_holder(database: Database, database_url: str, lease: Lease) -> None:
    """SIGKILL between two parts: no checkpoint is there, and who takes the run next saves as if nothing had been."""
    env = {**os.environ, "CLASH_FAULT": "chunks.after:3"}
    command = [sys.executable, "-c", _SAVE, database_url, RUN, lease.owner, str(lease.generation)]
    ended = await asyncio.to_thread(subprocess.run, command, env=env, check=False)
    assert ended.returncode == -9
    assert await left(database) == 6
    assert await database.query("SELECT * FROM checkpoints") == []
    await release_lease(database, lease)
    value = secrets.token_bytes(LARGE)
    async with run_saver(database, await take_lease(database, RUN)) as saver:
        assert await saver.aget_tuple(config()) is None
        assert await left(database) == 0
        await put(saver, RUN, value)
        assert (await newest(saver, RUN)).checkpoint["channel_values"] == {"value": value}


@on_d1
async def test_what_others_stage_is_left_alone_for_a_day(
    database: Database, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts of another run, or of a saver without a lease, may be of a live process: they go after a day."""
    await database.batch([])
    async with run_saver(database, lease) as saver:
        await put(saver, RUN, "any")
    staged = [staged_values.StagedValues("another", Lease("another", "me", 9)), staged_values.StagedValues("t", None)]
    for one in staged:
        list(one.put(("t", "", "c", "", 0), b"value", Statement("1")))
        for part in one.parts(Statement("1")):
            await database.batch(part)
    await database.batch([staged_values.sweep(lease), staged_values.sweep(None)])
    assert await left(database) == 2
    later = time.time() + 86_500
    monkeypatch.setattr("clash.database.savers.staged_values.time.time", lambda: later)
    await database.batch([staged_values.sweep(lease)])
    assert await left(database) == 0
