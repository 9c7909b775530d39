"""The tracker, for workflows of one's own: what was done and paid is recorded exactly, or it is refused."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from conftest import RUN, on_both_databases

from clash.database import init_database
from clash.database.lease import Lease
from clash.database.metadata import STATUSES, AsyncMetadataTracker
from clash.database.port import Database, Row
from clash.errors import DatabaseError, NotFoundError, UsageError, VersionMismatchError


@pytest.fixture
async def tracker(database: Database) -> AsyncMetadataTracker:
    """A tracker with the run `run-1` begun."""
    tracker = AsyncMetadataTracker(database)
    assert await tracker.start_workflow(RUN, "my_workflow")
    return tracker


async def run_of(tracker: AsyncMetadataTracker) -> Row:
    row = await tracker.run(RUN)
    assert row is not None
    return row


async def steps_of(tracker: AsyncMetadataTracker) -> list[Row]:
    return await tracker.database.query(
        "SELECT step_name, step_index, api_calls, cost_micro, error_message, execution_time_ms, checkpoint_id"
        " FROM checkpoint_metadata ORDER BY step_index"
    )


def film(**changes: Any) -> dict[str, Any]:
    return {
        "step": "cut",
        "slot": "film",
        "asset_type": "film",
        "media_type": "video/mp4",
        "sha256": "0" * 64,
        "path": "out/film.mp4",
        "size_bytes": 3_000_000_000,
        **changes,
    }


# -- runs ------------------------------------------------------------------------------------------------------------


@on_both_databases
async def test_a_run_is_begun_once(tracker: AsyncMetadataTracker) -> None:
    """To begin it again changes nothing, and says so."""
    before = await run_of(tracker)
    assert not await tracker.start_workflow(RUN, "another", story_path="other.csv", budget_usd=Decimal(5))
    assert await run_of(tracker) == before


@on_both_databases
async def test_of_many_that_begin_a_run_one_has_begun_it(database: Database) -> None:
    """Twenty at once."""
    tracker = AsyncMetadataTracker(database)
    begun = await asyncio.gather(*(tracker.start_workflow(RUN, f"w{n}") for n in range(20)))
    assert sum(begun) == 1


@on_both_databases
async def test_a_run_keeps_what_it_was_begun_with(database: Database) -> None:
    """Text of any script, nested metadata, money to the micro-dollar."""
    tracker = AsyncMetadataTracker(database)
    await tracker.start_workflow(
        "片",
        "w",
        story_title="[/b] 灯塔",
        settings={"size": "1x1"},
        metadata={"by": {"name": "小禾"}},
        budget_usd=Decimal("0.000001"),
    )
    row = await tracker.run("片")
    assert row is not None
    assert (row["story_title"], row["budget_micro"], row["status"]) == ("[/b] 灯塔", 1, "running")
    assert '"小禾"' in row["metadata"]
    assert await tracker.run("unknown") is None


@on_both_databases
async def test_a_run_that_no_longer_runs_has_an_end(tracker: AsyncMetadataTracker, lease: Lease) -> None:
    """Every status but `running` sets the end time; to go on takes it and the error away."""
    for status in STATUSES:
        await tracker.set_status(lease, status, error_code="x", error_message="y")
        assert ((await run_of(tracker))["end_time"] is None) == (status == "running")
    await tracker.set_status(lease, "running")
    row = await run_of(tracker)
    assert (row["end_time"], row["error_code"], row["error_message"]) == (None, None, None)


# -- calls and assets --------------------------------------------------------------------------------------------------


@on_both_databases
async def test_costs_add_up_exactly(tracker: AsyncMetadataTracker) -> None:
    """A thousand calls of a tenth of a cent are one dollar, in the sum and in the run."""
    await asyncio.gather(
        *(tracker.record_api_call(RUN, step="s", service="x", cost_usd=Decimal("0.001")) for _ in range(1000))
    )
    assert (await tracker.get_workflow_stats(RUN))["total_usd"] == "1.000000"
    assert (await run_of(tracker))["spent_micro"] == 1_000_000


@on_both_databases
@pytest.mark.parametrize("cost", ["-0.01", "-1", "NaN", "Infinity", "-Infinity"])
async def test_a_cost_that_cannot_be_is_refused(tracker: AsyncMetadataTracker, cost: str) -> None:
    """Exit 2, and neither a call nor an asset is recorded."""
    with pytest.raises(UsageError):
        await tracker.record_api_call(RUN, step="s", service="x", cost_usd=Decimal(cost))
    with pytest.raises(UsageError):
        await tracker.record_asset(RUN, cost_usd=Decimal(cost), **film())
    stats = await tracker.get_workflow_stats(RUN)
    assert (stats["calls"], stats["total_usd"], stats["assets"]) == (0, "0.000000", {})


@on_both_databases
async def test_an_unknown_run_is_not_found(tracker: AsyncMetadataTracker) -> None:
    """Exit 3 from every method that needs the run, and nothing is recorded for it."""
    for attempt in (
        tracker.record_api_call("other", step="s", service="x", cost_usd=Decimal(1)),
        tracker.record_asset("other", **film()),
        tracker.get_workflow_stats("other"),
        tracker.track_step("other", "s").__aenter__(),
    ):
        with pytest.raises(NotFoundError) as refused:
            await attempt
        assert refused.value.exit_code == 3
    for table in ("api_logs", "generated_assets", "checkpoint_metadata"):
        assert await tracker.database.query(f"SELECT 1 FROM {table}") == []


@on_both_databases
async def test_a_failed_call_counts_as_failed_and_may_have_cost(tracker: AsyncMetadataTracker) -> None:
    """A call with an error is a failed one; what it was billed is spent all the same."""
    await tracker.record_api_call(RUN, step="s", service="x", error="overloaded", cost_usd=Decimal("0.02"))
    await tracker.record_api_call(RUN, step="t", service="x", duration_ms=40, request={"q": "禾"}, status_code=200)
    stats = await tracker.get_workflow_stats(RUN)
    assert (stats["calls"], stats["failed_calls"], stats["total_usd"]) == (2, 1, "0.020000")
    assert [(step["step"], step["calls"], step["duration_ms"]) for step in stats["by_step"]] == [
        ("s", 1, 0),
        ("t", 1, 40),
    ]


@on_both_databases
async def test_the_newest_file_of_a_slot_stands(tracker: AsyncMetadataTracker) -> None:
    """Recorded again, a slot's file is replaced, not added; sizes over 2 GB are kept."""
    first = await tracker.record_asset(RUN, **film())
    second = await tracker.record_asset(RUN, **film(sha256="1" * 64, facts={"duration_s": 41.5}))
    assert first == second
    (row,) = await tracker.database.query("SELECT * FROM generated_assets")
    assert (row["sha256"], row["bytes"], row["facts"]) == ("1" * 64, 3_000_000_000, '{"duration_s": 41.5}')
    assert (await tracker.get_workflow_stats(RUN))["assets"] == {"film": 1}


@on_both_databases
async def test_text_that_no_database_takes_is_told(tracker: AsyncMetadataTracker) -> None:
    """Half of an emoji: a database error, and nothing of the call is recorded."""
    with pytest.raises(DatabaseError):
        await tracker.record_api_call(RUN, step="s", service="x", error="\ud83c", cost_usd=Decimal(1))
    assert (await run_of(tracker))["spent_micro"] == 0


# -- steps -------------------------------------------------------------------------------------------------------------


@on_both_databases
async def test_a_step_is_timed_with_its_calls_and_costs(tracker: AsyncMetadataTracker) -> None:
    """Only the calls of this step, made inside the block, are counted."""
    await tracker.record_api_call(RUN, step="write", service="x", cost_usd=Decimal(9))
    async with tracker.track_step(RUN, "write") as step:
        await tracker.record_api_call(RUN, step="write", service="x", cost_usd=Decimal("0.25"))
        await tracker.record_api_call(RUN, step="other", service="x", cost_usd=Decimal(5))
        await asyncio.sleep(0.03)
    (row,) = await steps_of(tracker)
    assert (row["step_name"], row["api_calls"], row["cost_micro"], row["error_message"]) == ("write", 1, 250_000, None)
    assert row["execution_time_ms"] == step.execution_time_ms
    assert step.execution_time_ms is not None
    assert step.execution_time_ms >= 30
    assert row["checkpoint_id"] == step.metadata_id


@on_both_databases
async def test_steps_of_one_name_share_no_call(tracker: AsyncMetadataTracker) -> None:
    """Thirty quick steps of one name, one call each, within a few milliseconds: each counts its own."""
    for _ in range(30):
        async with tracker.track_step(RUN, "shoot"):
            await tracker.record_api_call(RUN, step="shoot", service="x", cost_usd=Decimal("0.01"))
    rows = await steps_of(tracker)
    assert [row["api_calls"] for row in rows] == [1] * 30
    assert [row["step_index"] for row in rows] == list(range(30))


@on_both_databases
@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such look [/b]"),
        ValueError("half an emoji \ud83c"),
        ValueError("x" * 50_000),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
    ],
    ids=["plain", "lone surrogate", "long", "cancelled", "Ctrl-C"],
)
async def test_an_error_in_a_step_is_recorded_and_goes_on_its_way(
    tracker: AsyncMetadataTracker, error: BaseException
) -> None:
    """The very error comes out, and the step does not look as if it had been done."""
    with pytest.raises(type(error)) as caught:
        async with tracker.track_step(RUN, "write"):
            raise error
    assert caught.value is error
    (row,) = await steps_of(tracker)
    assert row["error_message"].startswith(type(error).__name__)
    assert len(row["error_message"]) <= 2000


# -- opening it -----------------------------------------------------------------------------------------------------


async def test_a_tracker_needs_a_database_that_is_up_to_date(database_url: str) -> None:
    """Opening makes no file (exit 3), migrates nothing (exit 7), and works after `init_database`."""
    with pytest.raises(NotFoundError):
        async with AsyncMetadataTracker.open(database_url):
            pass
    from clash.database import open_database

    async with open_database(database_url, "create"):
        pass
    with pytest.raises(VersionMismatchError):
        async with AsyncMetadataTracker.open(database_url):
            pass
    await init_database(database_url)
    async with AsyncMetadataTracker.open(database_url) as tracker:
        assert await tracker.start_workflow(RUN, "w")
        assert (await tracker.get_workflow_stats(RUN))["status"] == "running"
