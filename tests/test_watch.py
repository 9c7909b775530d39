"""`clash runs watch`: a run of another process is followed on both databases, until it ends or waits."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import RUN, on_both_databases, on_d1
from filming import METERED, SMALL, clash, environment, forked, shot_list
from test_documents import holds

from clash.cli.watch import changes
from clash.config import Settings
from clash.database.call_log import insert_asset
from clash.database.lease import Lease, release_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Statement
from clash.database.rows import NewAsset
from clash.errors import DatabaseError, NotFoundError
from clash.reports import watching
from clash.reports.watching import EVERY_D1_S, watch_run
from clash.vocabulary import RunStatus

Act = Callable[[], Awaitable[Any]]


class Between:
    """In place of the clock: does the next thing while the watcher sleeps, then nothing."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        assert len(self.slept) < 50, "the watcher does not end"
        if self.acts:
            await self.acts.pop(0)()


async def watched(url: str, between: Between, thread_id: str | None = RUN) -> list[dict[str, Any]]:
    """Everything that the watcher yields."""
    settings = Settings(**{"DATABASE_URL": url})
    documents = [{"schema": 1, **one.dump()} async for one in watch_run(settings, thread_id, sleep=between)]
    for document in documents:
        holds("runs-watch", document)
    return documents


async def nothing() -> None:
    """Let a look find what it has found before."""


@on_both_databases
async def test_each_change_is_told_once(database: Database, lease: Lease, database_url: str) -> None:
    """A step, a shot, the status, and the end when the process has let go; what is the same is not told again."""
    tracker = AsyncMetadataTracker(database)
    row = NewAsset("generate_shots", "shot:001", "shot", "video/mp4", "0" * 64, "0/0", 1, {}, 0, "2026-11-23T12:00:00Z")
    found = await watched(
        database_url,
        Between(
            lambda: tracker.set_step_total(lease, "generate_shots", 2),
            nothing,
            lambda: database.batch([insert_asset(lease, row)]),
            lambda: tracker.set_status(lease, RunStatus.PAUSED, error_code="review", error_message="look"),
            lambda: release_lease(database, lease),
        ),
        None,
    )
    steps = [document["steps"].get("generate_shots", {}).get("done") for document in found]
    assert steps == [None, 0, 1, 1, 1]
    assert [document["status"] for document in found] == ["running"] * 3 + ["paused"] * 2
    assert [document["exit_code"] for document in found] == [None] * 4 + [8]
    assert (found[-1]["waiting_for"], found[-1]["error"]) == ("review", {"code": "review", "message": "look"})
    kinds = [event.kind for before, now in zip([{}, *found], found, strict=False) for event in changes(before, now)]
    assert kinds == ["thread", "note", "step_started", "progress", "note"]


@on_both_databases
async def test_a_killed_process_is_told(database: Database, lease: Lease, database_url: str) -> None:
    """It is interrupted, which ends the watch with 1."""

    async def die() -> None:
        dead = f"{lease.owner.rpartition('.')[0]}.1/0"
        await database.batch([Statement("UPDATE workflow_executions SET lease_owner = ?", (dead,))])

    found = await watched(database_url, Between(nothing, die))
    assert [(one["status"], one["live"], one["exit_code"]) for one in found] == [
        ("running", True, None),
        ("running", False, None),
        ("interrupted", False, 1),
    ]


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (RunStatus.COMPLETED, None, 0),
        (RunStatus.FAILED, "provider", 1),
        (RunStatus.PAUSED, "budget", 6),
        (RunStatus.PAUSED, "unknown_call", 8),
        (RunStatus.PAUSED, "stopped", 130),
        (RunStatus.CANCELLED, "cancelled", 1),
    ],
)
async def test_the_exit_code_is_that_of_the_run(
    database: Database, lease: Lease, database_url: str, status: RunStatus, code: str | None, exit_code: int
) -> None:
    """A run that has ended before is told once."""
    await AsyncMetadataTracker(database).set_status(lease, status, error_code=code, error_message=code)
    await release_lease(database, lease)
    (only,) = await watched(database_url, Between())
    assert only["exit_code"] == exit_code


async def test_a_database_that_fails_for_a_while_is_waited_for(
    database: Database, lease: Lease, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks that fail are made again; nothing is told of them. A database that stays away is an error."""
    await release_lease(database, lease)
    read = watching.reading.run_row
    faults = 3

    async def failing(*arguments: Any) -> Any:
        nonlocal faults
        faults -= 1
        if 0 <= faults < 2:
            raise DatabaseError("away", retryable=True)
        return await read(*arguments)

    monkeypatch.setattr(watching.reading, "run_row", failing)
    touch = lambda: AsyncMetadataTracker(database).set_step_total(lease, "initialize", 1)  # noqa: E731
    found = await watched(database_url, Between(touch))
    assert found[-1]["status"] == "interrupted"
    with pytest.raises(NotFoundError):
        await watched(database_url, Between(), "nobody")


@on_d1
async def test_a_look_is_one_request(
    database: Database, lease: Lease, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At most 60 in 5 minutes: a request for each look, and so much time between them."""
    caplog.set_level(logging.INFO, "httpx")
    counted: list[int] = []

    async def begin() -> None:
        caplog.clear()

    async def end() -> None:
        counted.append(sum(record.name == "httpx" for record in caplog.records))
        await AsyncMetadataTracker(database).complete(lease, changes=0)
        await release_lease(database, lease)

    between = Between(nothing, begin, *[nothing] * 4, end)
    await watched(database_url, between)
    assert counted == [5]
    assert set(between.slept) == {EVERY_D1_S}
    assert 300 / EVERY_D1_S + 2 <= 60


def test_a_run_of_another_process_is_followed(tmp_path: Path) -> None:
    """Lines of JSON in a pipe; the watch ends with the run, with its exit code."""
    story = str(shot_list(tmp_path / "story.csv", 1, seconds=0.5))
    env = environment(METER=str(tmp_path / "meter"), METER_COST="0.01")
    child = forked(tmp_path, "run", story, "--thread", "t", *SMALL, *METERED, "--budget", "0.015", env=env)
    out, err = child.communicate(timeout=120)
    assert child.wait(0) == 6, (out, err)
    ran = clash(tmp_path, "runs", "watch", "--json", env=env)
    last = json.loads(ran.out.splitlines()[-1])
    assert (ran.code, last["exit_code"], last["status"], last["waiting_for"]) == (6, 6, "paused", "budget")
    lines = clash(tmp_path, "runs", "watch", "t", env=env).out.splitlines()
    assert lines[0] == "thread t"
    assert lines[-1] == "note: paused, waits for budget, $0.01 paid"
    assert clash(tmp_path, "runs", "watch", "nobody", env=env).code == 3
