"""How many requests a run on D1 makes: of the 1,200 that Cloudflare allows in 5 minutes, as few as can be."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from d1_engine import ACCOUNT, TOKEN, D1Engine
from d1_engine.faults import FaultyNetwork
from graphs import fan_out_graph
from instant import InstantProvider
from pydantic import SecretStr

from clash.assets import AssetStore
from clash.calls.ledger import Ledger
from clash.calls.spec import CallSpec
from clash.database import migrations
from clash.database.checkpointer import run_saver
from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.providers.ports import SpeechRequest
from clash.providers.registry import Model

RUN = "run-1"
CALLS = 20


@pytest.fixture
async def network() -> FaultyNetwork:
    """Counts the requests."""
    return FaultyNetwork()


@pytest.fixture
async def database(d1_engine: D1Engine, network: FaultyNetwork) -> AsyncGenerator[D1Database]:
    """A migrated D1 database with a run in it."""
    account = Account(ACCOUNT, SecretStr(TOKEN), d1_engine.base_url)
    database_id = d1_engine.make_database(f"requests-{secrets.token_hex(8)}")
    opened = await D1Database.open(database_id, account, transport=network)
    await migrations.migrate(opened)
    await AsyncMetadataTracker(opened).start_workflow(RUN, "benchmark")
    yield opened
    await opened.close()


async def test_a_fan_out_of_twenty_takes_at_most_twelve_requests(database: D1Database, network: FaultyNetwork) -> None:
    """One a superstep and one for what twenty instant tasks wrote; eight is the least that can be."""
    lease = await take_lease(database, RUN)
    network.sent.clear()
    async with run_saver(database, lease) as saver:
        await fan_out_graph(saver).ainvoke({"done": []}, {"configurable": {"thread_id": RUN}}, durability="sync")
    print(f"\nsaver: {len(network.sent)} requests for 5 steps with a fan-out of 20 (at most 12)")
    assert len(network.sent) <= 12


async def test_a_call_takes_three_requests_at_most(
    database: D1Database, network: FaultyNetwork, tmp_path: Path
) -> None:
    """Twenty calls in parallel share theirs; one call alone looks, writes its intent, and settles."""
    lease = await take_lease(database, RUN)
    ledger = Ledger(database, lease, AssetStore(tmp_path), {"speech": Model(InstantProvider(), "voice")})

    async def call(number: int) -> None:
        request = SpeechRequest(text=f"line {number}", speaker="narrator", language="en")
        await ledger.call(CallSpec("work", f"shot:{number:03d}", "speech", request))

    network.sent.clear()
    await asyncio.gather(*(call(number) for number in range(CALLS)))
    parallel, alone = len(network.sent) / CALLS, CALLS
    network.sent.clear()
    await call(alone)
    print(
        f"\nledger: {parallel:.2f} requests a call, {CALLS} in parallel; {len(network.sent)} for one alone (at most 3)"
    )
    assert parallel <= 3
    assert len(network.sent) <= 3
