"""The copy that a fork begins with: a checkpoint with all before it, the calls that are kept; whole or not at all."""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import on_both_databases
from d1_engine import ACCOUNT, TOKEN, D1Engine
from d1_engine.faults import FaultyNetwork
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from moving import content, run_statements, saved
from pydantic import SecretStr

from clash.database import migrations
from clash.database.checkpointer import get_checkpointer
from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account
from clash.database.fork import Kept, KeptCall, KeptFile, NewRun, Origin, write_fork
from clash.database.port import Database, Statement
from clash.database.savers.checkpoint_rows import SETUP
from clash.errors import ConflictError

SOURCE, FORK = "source", "fork"
RUN = NewRun(FORK, "video_production", "story.csv", "0" * 64, "A title 灯", {"reuse": True}, "f" * 64, 1, 2_000_000)
SIZES = (10, 600_000, 50, 1_900_000, 20)


async def chain(url: str) -> list[RunnableConfig]:
    """Save checkpoints, each the parent of the next and each with writes, and one aside; return the chain."""
    noise, configs = random.Random(7), [generate_config(SOURCE)]
    async with get_checkpointer(url) as saver:
        for size in SIZES:
            value = {"value": noise.randbytes(size)}
            place = await saver.aput(configs[-1], generate_checkpoint(channel_values=value), generate_metadata(), {})
            await saver.aput_writes(place, [("value", noise.randbytes(size // 2)), ("none", None)], "task-1", "a/path")
            configs.append(place)
        aside = generate_checkpoint(channel_values={"value": "aside"})
        await saver.aput(configs[2], aside, generate_metadata(), {})
    return configs[1:]


def id_of(config: RunnableConfig) -> str:
    """The checkpoint's id."""
    return config["configurable"]["checkpoint_id"]


def kept(call_id: int, slot: str, *, take: int = 1, shown: bool = True) -> KeptCall:
    """A call that the fork keeps under a slot."""
    sha256 = f"{call_id:064x}"
    file = KeptFile("generate_shots", slot, "shot", "video/mp4", sha256, f"00/{sha256[2:]}", 7, {"note": "灯'"})
    return KeptCall(call_id, "generate_shots", slot, take, "a" * 64, 2, file if shown else None)


@on_both_databases
async def test_a_fork_has_a_checkpoint_and_all_before_it(database: Database, database_url: str, tmp_path: Path) -> None:
    """Under their own ids; what was done after it, or aside, is not copied; the source stays as it was."""
    configs = await chain(database_url)
    before = await content(database_url, tmp_path)
    await write_fork(database, RUN, Origin(SOURCE, id_of(configs[3])), Kept())
    assert before[:-1] == (await content(database_url, tmp_path))[-len(before) : -1], "the source was changed"
    there, copied = await saved(database_url, SOURCE), await saved(database_url, FORK)
    wanted = {id_of(config) for config in configs[:4]}
    expected = [item for item in there if id_of(item.config) in wanted]
    assert [id_of(item.config) for item in copied] == [id_of(item.config) for item in expected]
    for one, other in zip(copied, expected, strict=True):
        assert (one.checkpoint, one.metadata) == (other.checkpoint, other.metadata)
        head = id_of(one.config) == id_of(configs[3])
        assert one.pending_writes == ([] if head else other.pending_writes)


@on_both_databases
async def test_kept_calls_are_reused_and_cost_nothing(database: Database) -> None:
    """Each has a row of its own with the answer of its source and, if it is selected, an asset; in their new slots."""
    await database.batch(run_statements(SOURCE, 4))
    rows = await database.query("SELECT id, slot, service, request, asset_sha256 FROM api_logs ORDER BY id")
    calls = [kept(rows[1]["id"], "shot:002"), kept(rows[3]["id"], "shot:004", take=2, shown=False)]
    story = KeptFile("initialize", "story", "story", "application/json", "b" * 64, "bb/b", 3)
    await write_fork(database, RUN, Origin(SOURCE, None), Kept(calls, [story]))
    found = await database.query("SELECT * FROM api_logs WHERE run_id = ? ORDER BY id", (FORK,))
    assert [(row["slot"], row["take"], row["reused"], row["cost_micro"], row["state"]) for row in found] == [
        ("shot:002", 1, 1, 0, "succeeded"),
        ("shot:004", 2, 1, 0, "succeeded"),
    ]
    for row, source in zip(found, (rows[1], rows[3]), strict=True):
        assert all(row[name] == source[name] for name in ("service", "request", "asset_sha256"))
        assert (row["key"], row["key_version"], len(row["token"])) == ("a" * 64, 2, 32)
    files = await database.query("SELECT * FROM generated_assets WHERE run_id = ? ORDER BY id", (FORK,))
    assert [(row["slot"], row["asset_type"], row["api_log_id"], row["cost_micro"]) for row in files] == [
        ("shot:002", "shot", found[0]["id"], 0),
        ("story", "story", None, 0),
    ]
    assert json.loads(files[0]["facts"]) == {"note": "灯'"}
    (run,) = await database.query("SELECT * FROM workflow_executions WHERE run_id = ?", (FORK,))
    assert (run["status"], run["spent_micro"], run["budget_micro"], run["story_title"]) == (
        "running",
        0,
        2_000_000,
        "A title 灯",
    )


@on_both_databases
async def test_a_call_that_failed_meanwhile_is_not_kept(database: Database) -> None:
    """The copy looks again: a row that has lost its file since is left out."""
    await database.batch(run_statements(SOURCE, 2))
    await database.batch([Statement("UPDATE api_logs SET state = 'failed'")])
    await write_fork(database, RUN, Origin(SOURCE, None), Kept([kept(2, "shot:001")]))
    assert await database.query("SELECT 1 FROM api_logs WHERE run_id = ?", (FORK,)) == []


@on_both_databases
async def test_half_a_fork_is_never_there(database: Database, database_url: str) -> None:
    """A copy that is refused at its end leaves nothing; the same copy without the fault is then made."""
    configs = await chain(database_url)
    await database.batch(run_statements(SOURCE, 3))
    twice = [kept(2, "shot:001"), kept(3, "shot:001")]
    origin = Origin(SOURCE, id_of(configs[-1]))
    with pytest.raises(ConflictError):
        await write_fork(database, RUN, origin, Kept(twice))
    for table, owner in (
        ("workflow_executions", "run_id"),
        ("api_logs", "run_id"),
        ("checkpoints", "thread_id"),
        ("writes", "thread_id"),
        ("checkpoint_metadata", "run_id"),
    ):
        assert await database.query(f"SELECT 1 FROM {table} WHERE {owner} = ?", (FORK,)) == [], table
    await write_fork(database, RUN, origin, Kept(twice[:1]))
    assert len(await saved(database_url, FORK)) == len(SIZES)


@on_both_databases
async def test_a_fork_never_changes_a_thread_that_exists(database: Database, database_url: str, tmp_path: Path) -> None:
    """Neither a run nor a thread of somebody else's graph, of which there are checkpoints alone."""
    configs = await chain(database_url)
    origin = Origin(SOURCE, id_of(configs[-1]))
    await database.batch(run_statements(FORK, 2))
    await database.batch(run_statements(SOURCE, 2))
    async with get_checkpointer(database_url) as saver:
        await saver.aput(generate_config("theirs"), generate_checkpoint(), generate_metadata(), {})
    before = await content(database_url, tmp_path)
    for thread in (FORK, SOURCE, "theirs"):
        with pytest.raises(ConflictError) as caught:
            await write_fork(database, replace(RUN, run_id=thread), origin, Kept())
        assert caught.value.code == "run_exists"
    assert await content(database_url, tmp_path) == before


@pytest.fixture
async def network() -> FaultyNetwork:
    """Counts the requests."""
    return FaultyNetwork()


async def distant(engine: D1Engine, network: FaultyNetwork) -> D1Database:
    """A migrated D1 database whose requests are counted."""
    account = Account(ACCOUNT, SecretStr(TOKEN), engine.base_url)
    opened = await D1Database.open(engine.make_database(f"fork-{secrets.token_hex(8)}"), account, transport=network)
    await migrations.migrate(opened)
    return opened


async def large_run(database: Database) -> tuple[str, list[KeptCall]]:
    """A run of 300 shots as clash saves one: three calls per shot, a write per task, fan-outs of half a megabyte."""
    noise = random.Random(3)
    statements = run_statements(SOURCE, 900)
    for number in range(6):
        size = 480_000 if number in (3, 4) else 40_000
        statements.append(
            Statement(
                "INSERT INTO checkpoints (thread_id, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)"
                " VALUES (?, ?, ?, 'msgpack', ?, '{}')",
                (SOURCE, f"c{number}", f"c{number - 1}" if number else None, noise.randbytes(size)),
            )
        )
    statements += [
        Statement(
            "INSERT INTO writes (thread_id, checkpoint_id, task_id, idx, channel, type, value)"
            " VALUES (?, 'c3', ?, 0, 'shots', 'msgpack', ?)",
            (SOURCE, f"task-{number}", noise.randbytes(420)),
        )
        for number in range(300)
    ]
    await database.batch(list(SETUP))
    for start in range(0, len(statements), 100):
        await database.batch(statements[start : start + 100])
    rows = await database.query("SELECT id, slot FROM api_logs WHERE state = 'succeeded' ORDER BY id")
    return "c5", [kept(int(row["id"]), str(row["slot"])) for row in rows]


async def test_copying_300_shots_takes_few_requests(d1_engine: D1Engine, network: FaultyNetwork) -> None:
    """At most 30 of the 1,200 that Cloudflare allows in 5 minutes; one transaction is one request."""
    database = await distant(d1_engine, network)
    try:
        head, calls = await large_run(database)
        network.sent.clear()
        await write_fork(database, RUN, Origin(SOURCE, head), Kept(calls))
        requests = len(network.sent)
        (counted,) = await database.query(
            "SELECT (SELECT count(*) FROM api_logs WHERE run_id = ?) AS calls,"
            " (SELECT count(*) FROM writes WHERE thread_id = ?) AS writes,"
            " (SELECT count(*) FROM checkpoints WHERE thread_id = ?) AS checkpoints",
            (FORK, FORK, FORK),
        )
    finally:
        await database.close()
    print(f"\nfork: {requests} requests for the copy of 300 shots (at most 30)")
    assert dict(counted) == {"calls": 899, "writes": 300, "checkpoints": 6}
    assert requests <= 30


async def test_an_answer_that_is_lost_leaves_one_fork(d1_engine: D1Engine, network: FaultyNetwork) -> None:
    """D1 has applied the copy and its answer is lost on the way: it is sent again and applied once."""
    database = await distant(d1_engine, network)
    try:
        await database.batch(run_statements(SOURCE, 3))
        network.faults.append("lost")
        await write_fork(database, RUN, Origin(SOURCE, None), Kept([kept(2, "shot:001")]))
        rows = await database.query("SELECT slot FROM api_logs WHERE run_id = ?", (FORK,))
    finally:
        await database.close()
    assert [row["slot"] for row in rows] == ["shot:001"]
