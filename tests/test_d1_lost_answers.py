"""Runs, leases and calls on a D1 whose every answer to a write is lost once: all ends as if none had been."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import RUN
from d1_engine import ACCOUNT, TOKEN, D1Engine
from d1_engine.faults import FaultyNetwork, Hurry
from graphs import fan_out_graph
from moving import apply, run_statements, save, settings_for
from pydantic import SecretStr

from clash.assets import AssetStore
from clash.calls.call_store import CallStore
from clash.calls.keeping import Keeper
from clash.calls.spec import CallSpec
from clash.database import init_database, migrations
from clash.database.checkpointer import run_saver
from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account, Retries
from clash.database.lease import Lease, release_lease, renew_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Statement
from clash.database.rows import CallRow
from clash.database.transfer.lines import read_entries, read_header
from clash.database.transfer.statements import Target
from clash.database.transfer.trial import examine
from clash.database.transfer.writing import already_there, prepare, write_runs
from clash.errors import ConflictError, DatabaseError, ProviderError
from clash.local import LocalProvider
from clash.providers.ports import Answer, Job, Quote, SpeechRequest
from clash.providers.registry import Model
from clash.transfer import export_runs

THREE_TRIES = Retries(wait_s=0.75)


class ForgetfulNetwork(FaultyNetwork):
    """Loses the answer to every write that the engine has applied; the second copy's refusal comes through."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See the class."""
        copy = bool(self.sent) and self.sent[-1].content == request.content
        if b"INSERT INTO d1_writers" in request.content and not copy:
            self.faults.append("lost")
        return await super().handle_async_request(request)


@pytest.fixture(params=[FaultyNetwork, ForgetfulNetwork], ids=["calm", "forgetful"])
async def database(request: pytest.FixtureRequest, d1_engine: D1Engine) -> AsyncGenerator[D1Database]:
    """A D1 database over a calm network, and over one that loses answers: a test must not see which."""
    account = Account(ACCOUNT, SecretStr(TOKEN), d1_engine.base_url)
    database_id = d1_engine.make_database(f"lost-{secrets.token_hex(8)}")
    opened = await D1Database.open(database_id, account, retries=THREE_TRIES, transport=request.param(), clock=Hurry())
    assert await migrations.migrate(opened)
    yield opened
    await opened.close()


async def test_a_run_is_begun_held_and_ended(database: D1Database) -> None:
    """Begun once, taken, renewed, given a status, a budget and totals, released, taken again, cancelled."""
    tracker = AsyncMetadataTracker(database)
    assert await tracker.start_workflow(RUN, "video_production")
    assert not await tracker.start_workflow(RUN, "video_production")
    lease = await take_lease(database, RUN)
    assert lease.generation == 1
    assert await renew_lease(database, lease)
    await tracker.set_status(lease, "failed", error_code="x", error_message="y")
    await tracker.set_budget(lease, Decimal("1.5"))
    await tracker.set_step_total(lease, "generate_shots", 7)
    await release_lease(database, lease)
    second = await take_lease(database, RUN)
    assert second.generation == 2
    assert not await renew_lease(database, lease)
    with pytest.raises(ConflictError):
        await tracker.set_status(lease, "completed")
    assert await tracker.cancel(RUN)
    row = await tracker.run(RUN)
    assert row is not None
    assert (row["status"], row["budget_micro"], row["lease_generation"]) == ("cancelled", 1_500_000, 2)


async def test_what_is_recorded_by_hand_is_recorded_once(database: D1Database) -> None:
    """Calls and assets of a workflow of one's own: their ids, their cost, once."""
    tracker = AsyncMetadataTracker(database)
    await tracker.start_workflow(RUN, "mine")
    ids = [await tracker.record_api_call(RUN, step="a", service="s", cost_usd=Decimal("0.25")) for _ in range(3)]
    asset: dict[str, Any] = {
        "step": "a",
        "slot": "shot:1",
        "asset_type": "shot",
        "media_type": "video/mp4",
        "sha256": "0" * 64,
        "path": "p",
        "size_bytes": 1,
    }
    assert await tracker.record_asset(RUN, **asset) == await tracker.record_asset(RUN, **asset)
    async with tracker.track_step(RUN, "b"):
        pass
    stats = await tracker.get_workflow_stats(RUN)
    assert (ids, stats["total_usd"], stats["calls"], stats["assets"]) == ([1, 2, 3], "0.750000", 3, {"shot": 1})


async def begin(database: D1Database, *, budget: Decimal | None = None) -> Lease:
    await AsyncMetadataTracker(database).start_workflow(RUN, "video_production", budget_usd=budget)
    return await take_lease(database, RUN)


def speech(slot: str) -> CallSpec:
    request = SpeechRequest(text=f"say {slot}", speaker="narrator", language="en")
    return CallSpec("generate_shots", slot, "speech", request)


async def test_every_change_of_a_call_is_made_once(database: D1Database, tmp_path: Path) -> None:
    """Intended, counted, submitted, settled, failed, given up, reused, lost: the money adds up to the cent."""
    lease = await begin(database, budget=Decimal(1))
    assets = AssetStore(tmp_path)
    keeper = Keeper(assets, lambda: None)
    store = CallStore(database, lease, assets, keeper, on_settled=lambda _: None)
    model, quote = Model(LocalProvider(), "voice"), Quote(Decimal("0.1"))
    answer = Answer(b"RIFF\0\0\0\0WAVE", "audio/wav", facts={"duration_s": 1.0})

    async def intend(slot: str) -> Any:
        row = await store.intend(speech(slot), model, slot, quote)
        assert row is not None
        assert (row.state, row.slot, row.quoted_cost_micro) == ("intent", slot, 100_000)
        return row

    settled = await intend("settled")
    await store.call_again(settled)
    await store.submitted(settled, Job("job-1", "here"))
    made = await store.settle(speech("settled"), settled, await keeper.keep(settled, answer))
    await store.fail(speech("failed"), await intend("failed"), ProviderError("no"), cost_micro=30_000)
    await store.give_up(speech("unknown"), await intend("unknown"), "who knows")
    (source,) = await database.query("SELECT * FROM api_logs WHERE slot = 'settled'")
    await store.reuse(speech("reused"), model, "settled", CallRow.from_row(source))
    assert await store.intend(speech("dear"), model, "dear", Quote(Decimal(9))) is None
    rows = await database.query("SELECT slot, state, attempt, cost_micro, reused, job_id FROM api_logs ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("settled", "succeeded", 2, made.cost_micro, 0, "job-1"),
        ("failed", "failed", 1, 30_000, 0, None),
        ("unknown", "unknown", 1, 0, 0, None),
        ("reused", "succeeded", 1, 0, 1, None),
    ]
    (run,) = await database.query("SELECT spent_micro, reserved_micro FROM workflow_executions")
    assert (run["spent_micro"], run["reserved_micro"]) == (made.cost_micro + 30_000, 100_000)
    assert len(await database.query("SELECT 1 FROM generated_assets")) == 2


async def test_who_lost_the_run_still_learns_it(database: D1Database, tmp_path: Path) -> None:
    """A batch that was refused by its fence is not taken for one whose answer was lost."""
    lease = await begin(database)
    assets = AssetStore(tmp_path)
    keeper = Keeper(assets, lambda: None)
    store = CallStore(database, lease, assets, keeper, on_settled=lambda _: None)
    row = await store.intend(speech("a"), Model(LocalProvider(), "voice"), "a", Quote(Decimal(0)))
    assert row is not None
    await release_lease(database, lease)
    await take_lease(database, RUN)
    for write in (store.call_again(row), store.fail(speech("a"), row, ProviderError("no"))):
        with pytest.raises(ConflictError):
            await write
    assert await database.query("SELECT state, attempt FROM api_logs") == [{"state": "intent", "attempt": 1}]


async def test_a_graph_runs_to_its_end(database: D1Database) -> None:
    """With a fan-out of twenty: every checkpoint and every write saved once, and read back."""
    lease = await begin(database)
    async with run_saver(database, lease) as saver:
        graph, config = fan_out_graph(saver), {"configurable": {"thread_id": RUN}}
        done = await graph.ainvoke({"done": []}, config, durability="sync")
        assert sorted(done["done"]) == list(range(20))
        assert (await graph.aget_state(config)).values == done
    (count,) = await database.query("SELECT count(*) AS n FROM checkpoints")
    assert count == await count_of(database, "checkpoint_metadata")


async def count_of(database: D1Database, table: str) -> Any:
    (row,) = await database.query(f"SELECT count(*) AS n FROM {table}")
    return row


async def test_a_refused_statement_is_told_as_one(database: D1Database) -> None:
    """What is refused was not applied, whatever the network does."""
    name = migrations.known_migrations()[0].name
    with pytest.raises(DatabaseError, match="UNIQUE"):
        await database.batch([Statement("INSERT INTO d1_migrations (name) VALUES (?)", (name,))])


async def test_runs_are_imported_once(database: D1Database, tmp_path: Path) -> None:
    """A large run and small ones come in whole and once, and the place where the large one was staged is gone."""
    source = f"sqlite:///{tmp_path / 'source.db'}"
    await init_database(source)
    await apply(source, [*run_statements("large", 110), *run_statements("small", 2)])
    await save(source, "large", [600_000])
    await export_runs(settings_for(source, tmp_path), tmp_path / "runs.jsonl")
    target = Target(chunked=True, check=lambda _: None)
    with (tmp_path / "runs.jsonl").open("rb") as stream:
        contents = examine(stream, target, None)
        await prepare(database, target)
        stream.seek(0)
        await write_runs(database, target, read_entries(stream, read_header(stream)), contents, set(), {})
    assert await already_there(database, contents) == {"large", "small"}
    assert await database.query("SELECT run_id FROM workflow_executions WHERE run_id GLOB '.import-*'") == []
