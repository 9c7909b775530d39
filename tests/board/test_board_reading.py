"""What the board reads: the documents of the command line, kept for all who look, and changes as they happen."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from browser_of_board import board_of, browsing
from conftest import RUN, on_both_databases, on_d1
from graphs import fan_out_graph

from clash.board.app import Board
from clash.board.event_log import MOST_OF_AN_ACCOUNT, EventLog
from clash.board.read_budget import ReadBudget
from clash.config import Settings
from clash.database import init_database
from clash.database.checkpointer import run_saver
from clash.database.connection import open_database
from clash.database.lease import Lease, release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Statement
from clash.documents.schemas import json_schema
from clash.reports import on_board
from clash.reports.changes import RunWatch
from clash.reports.run_list import list_runs


def settings_of(url: str, folder: Path) -> Settings:
    return Settings(DATABASE_URL=url, ASSET_STORE=f"file://{folder}/assets")


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 10_000.0

    def __call__(self) -> float:
        return self.seconds


def to_d1(caplog: pytest.LogCaptureFixture) -> int:
    """The requests to D1 so far, as its client logs them."""
    return sum(record.name == "httpx" and "/d1/database/" in record.getMessage() for record in caplog.records)


@on_d1
async def test_twenty_viewers_take_120_requests_on_d1(
    database: Database, lease: Lease, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Five minutes of a live run, looked at on five pages by twenty people: 60 requests to look, 60 for all pages."""
    async with run_saver(database, lease) as saver:
        await fan_out_graph(saver).ainvoke({}, {"configurable": {"thread_id": RUN}})
    clock = Clock()
    caplog.set_level(logging.INFO, "httpx")
    settings = settings_of(database_url, tmp_path)
    board = Board(settings, board_of(settings).options, now=clock)
    reading = board.reading
    pages: list[Any] = [
        reading.runs,
        reading.money,
        *(lambda ask=ask: ask(RUN) for ask in (reading.on_board, reading.show, reading.family)),
    ]
    await board.poller.look()  # the first one looks the name of the database up
    before = to_d1(caplog)
    for _ in range(60):
        await board.poller.look()
        for viewer in range(20):
            kept = await pages[viewer % len(pages)]()
            assert kept.told()["schema"] == 1
        clock.seconds += board.poller.every_s
    assert clock.seconds == 10_300.0
    assert 110 < to_d1(caplog) - before <= 120
    await board.poller._watch.close()


@on_d1
async def test_one_viewer_of_a_live_run_sees_each_change_at_first(
    database: Database, lease: Lease, database_url: str, tmp_path: Path
) -> None:
    """While reads are left, a page is read again with every change that the poller sees."""
    clock = Clock()
    settings = settings_of(database_url, tmp_path)
    board = Board(settings, board_of(settings).options, now=clock)
    await board.poller.look()
    read: set[float] = set()
    for _ in range(20):
        await board.poller.look()
        read.add((await board.reading.on_board(RUN)).read_at)
        clock.seconds += 5
    assert len(read) == 20
    await board.poller._watch.close()


@on_both_databases
async def test_changes_of_runs_are_seen(database: Database, database_url: str, tmp_path: Path) -> None:
    """A new run, its lease, money spent, its end: each is told once, and nothing while nothing happens."""
    watch = RunWatch(settings_of(database_url, tmp_path))
    assert await watch.look() == []
    tracker = AsyncMetadataTracker(database)
    await tracker.start_workflow("new", "video_production")
    (change,) = await watch.look()
    assert (change.thread_id, change.status, change.live) == ("new", "running", False)
    assert await watch.look() == []
    lease = await take_lease(database, "new")
    assert [found.live for found in await watch.look()] == [True]
    await database.batch([Statement("UPDATE workflow_executions SET spent_micro = 250000")])
    assert [found.cost_usd for found in await watch.look()] == ["0.250000"]
    await release_lease(database, lease)
    assert [found.live for found in await watch.look()] == [False]
    assert await watch.look() == []
    await watch.close()


@on_both_databases
async def test_the_end_of_a_process_is_seen(database: Database, database_url: str, tmp_path: Path) -> None:
    """A lease that runs out is told though no row changes."""
    await AsyncMetadataTracker(database).start_workflow("r", "video_production")
    await take_lease(database, "r", owner="elsewhere/1/x", duration_s=1000)
    watch = RunWatch(settings_of(database_url, tmp_path))
    await watch.look()
    await database.batch(
        [Statement("UPDATE workflow_executions SET lease_expires_at = ?", ("2026-01-01T00:00:00.000Z",))]
    )
    assert [(found.thread_id, found.live) for found in await watch.look()] == [("r", False)]
    await watch.close()


@on_both_databases
async def test_an_old_run_is_seen_when_it_goes_on(database: Database, database_url: str, tmp_path: Path) -> None:
    """A run behind the fifty newest is told of when it has a new row, and when somebody looks at it."""
    tracker = AsyncMetadataTracker(database)
    await asyncio.gather(*(tracker.start_workflow(f"run-{number}", "video_production") for number in range(55)))
    old = Statement("UPDATE workflow_executions SET start_time = '2025-01-01T00:00:00.000Z' WHERE run_id = 'run-7'")
    await database.batch([old])
    watch = RunWatch(settings_of(database_url, tmp_path))
    await watch.look()
    lease = await take_lease(database, "run-7")
    await tracker.set_step_total(lease, "generate_shots", 3)
    assert "run-7" not in {found.thread_id for found in await watch.look()}
    await watch.look(["run-7"])
    await release_lease(database, lease)
    assert [found.thread_id for found in await watch.look(["run-7"])] == ["run-7"]
    await watch.close()


async def test_a_damaged_row_stops_no_live_update(tmp_path: Path) -> None:
    """A run whose row holds what clash never writes is left out; the others are told as before."""
    url = f"sqlite:///{tmp_path}/clash.db"
    await init_database(url)
    board = board_of(settings_of(url, tmp_path))
    async with open_database(url, "write") as database:
        await AsyncMetadataTracker(database).start_workflow("bad", "video_production")
        await board.poller.look()
        await database.batch([Statement("UPDATE workflow_executions SET spent_micro = 'much', budget_micro = x'00'")])
        await AsyncMetadataTracker(database).start_workflow("good", "video_production")
    await board.poller.look()
    events, _ = board.log.since(0)
    assert [(event.name, event.data.get("thread_id")) for event in events] == [("reset", None), ("run", "good")]
    await board.poller._watch.close()


async def test_a_database_that_is_made_later_is_seen(tmp_path: Path) -> None:
    """Before there is a database the list is empty; then the runs of the one that is made are told."""
    url = f"sqlite:///{tmp_path}/clash.db"
    board = board_of(settings_of(url, tmp_path))
    async with browsing(board) as browser:
        assert "clash run" in (await browser.get("/")).text
        missing = await browser.get("/api/runs")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
        await board.poller.look()
        for name in ("first", "second"):
            await init_database(url)
            async with open_database(url, "write") as database:
                await AsyncMetadataTracker(database).start_workflow(name, "video_production")
            await board.poller.look()
            found = await browser.document("/api/runs")
            assert [item["thread_id"] for item in found["items"]] == [name]
            for path in tmp_path.glob("clash.db*"):
                path.unlink()
    await board.poller._watch.close()


@on_both_databases
async def test_the_list_is_searched_and_paged(database: Database, database_url: str, tmp_path: Path) -> None:
    """By title, thread id and status, fifty runs on a page; what SQL would take for a pattern is text."""
    tracker = AsyncMetadataTracker(database)
    await asyncio.gather(
        *(
            tracker.start_workflow(f"run-{number:02d}", "video_production", story_title=f"Title 100%_{number:02d}")
            for number in range(53)
        )
    )
    settings = settings_of(database_url, tmp_path)
    board = board_of(settings)
    async with browsing(board) as browser:
        first = await browser.document("/api/runs")
        assert len(first["items"]) == 51
        assert len((await browser.document("/api/runs?page=2"))["items"]) == 3
        found = await browser.document("/api/runs?search=%25_5")
        assert {item["thread_id"] for item in found["items"]} == {"run-50", "run-51", "run-52"}
        assert (await browser.document("/api/runs?search=%25%25"))["items"] == []
        assert len((await browser.document("/api/runs?search=TITLE&limit=5"))["items"]) == 6
        assert (await browser.document("/api/runs?status=failed"))["items"] == []
        fastjsonschema.compile(json_schema("runs-ls"), use_default=False)(first)
        for query in ("page=abc", "page=0", "page=-1", "page=1e3", "limit=x", "limit=501", "status=x", "project=%2F"):
            refused = await browser.get(f"/api/runs?{query}")
            assert refused.status_code == 400, query
            assert query.partition("=")[0] in refused.json()["error"]["message"]
        assert (await browser.get("/api/runs/run-01/board?page=abc")).status_code == 400
        assert (await browser.get("/?page=abc")).status_code == 200, "a page is shown to who mistypes its address"
    assert len((await list_runs(settings, search="run-0", offset=8)).items) == 2


async def test_many_who_ask_at_once_read_once(tmp_path: Path) -> None:
    """Forty requests for one page are one read; the next one is read when the run has changed."""
    url = f"sqlite:///{tmp_path}/clash.db"
    await init_database(url)
    async with open_database(url, "write") as database:
        await AsyncMetadataTracker(database).start_workflow("r", "video_production")
    clock = Clock()
    settings = settings_of(url, tmp_path)
    board = Board(settings, board_of(settings).options, now=clock)
    kept = await asyncio.gather(*(board.reading.on_board("r") for _ in range(40)))
    assert len({id(one) for one in kept}) == 1
    await board.poller.look()
    kept[0] = await board.reading.on_board("r")  # what was read before the first look is read again
    await board.poller.look()
    assert await board.reading.on_board("r") is kept[0]
    board.poller.changed("r")
    assert await board.reading.on_board("r") is not kept[0]


def test_a_budget_of_reads_is_spared_as_it_goes() -> None:
    """At first every change is read; with half gone every ten seconds, with a quarter left every thirty."""
    clock = Clock()
    budget = ReadBudget(60, clock)
    told: list[float] = []
    for _ in range(4):
        told.append(budget.sparing_s)
        budget.take(15)
    assert told == [0.0, 0.0, 10.0, 30.0]
    assert budget.left == 0
    clock.seconds += 300
    assert (budget.left, budget.sparing_s) == (60, 0.0)
    assert (ReadBudget(None).left, ReadBudget(None).sparing_s) == (float("inf"), 0.0)


# -- events --------------------------------------------------------------------------------------------------------


async def test_no_event_is_lost_by_who_was_away() -> None:
    """A listener that comes back is told what it missed, in order; `reset` where that is no longer kept."""
    log = EventLog(most=5)
    seen = log.number_of(log.newest)
    for number in range(4):
        log.publish("run", {"n": number})
    events, newest = log.since(seen)
    assert [event.data["n"] for event in events] == [0, 1, 2, 3]
    assert log.since(newest) == ([], newest)
    for number in range(4, 9):
        log.publish("run", {"n": number})
    assert [event.data["n"] for event in log.since(newest)[0]] == [4, 5, 6, 7, 8]
    assert [event.name for event in log.since(seen)[0]] == ["reset"]
    assert [event.name for event in log.since(log.number_of("another-3"))[0]] == ["reset"]
    assert [event.name for event in log.since(log.number_of("x" * 9999))[0]] == ["reset"]
    assert events[0].wire.startswith(f"id: {events[0].id}\nevent: run\ndata: {{".encode())


def test_an_account_leaves_room_for_others() -> None:
    """Of the pages that may listen, one account may have a part; a board without accounts has none to tell apart."""
    log = EventLog()
    with ExitStack() as stack:
        for _ in range(MOST_OF_AN_ACCOUNT):
            stack.enter_context(log.listening("mara"))
        assert not log.has_room_for("mara")
        assert log.has_room_for("ivo")
        assert log.has_room_for("")
        assert log.has_room()
    assert (log.listeners, log.has_room_for("mara")) == (0, True)


async def test_a_closed_log_lets_everybody_go() -> None:
    """A listener that waits is woken by an event, and by the end of the board."""
    log = EventLog(most_listeners=1)
    waiting = asyncio.ensure_future(log.wait(0, 60))
    await asyncio.sleep(0)
    log.publish("run", {})
    await asyncio.wait_for(waiting, 5)
    waiting = asyncio.ensure_future(log.wait(1, 60))
    await asyncio.sleep(0)
    log.close()
    await asyncio.wait_for(waiting, 5)
    assert not log.has_room()


async def test_money_before_the_first_run_is_nothing(tmp_path: Path) -> None:
    """Without a database the page says that nothing was spent and nothing ran, as the list of runs does."""
    settings = settings_of(f"sqlite:///{tmp_path}/absent.db", tmp_path)
    async with browsing(board_of(settings)) as browser:
        answer = await browser.get("/money")
    assert answer.status_code == 200
    assert "$0.00" in answer.text
    assert "No runs yet" in answer.text


def test_a_card_without_a_name_is_shown_only_if_made() -> None:
    """The place that no shot says has no picture; one that was paid for is not hidden."""
    names = {"character:mara": "Mara", "location:": " ", "location:old": ""}
    cards = on_board._cards(names, {("location:old", "location_image"): "a" * 64}, {})
    assert [card["slot"] for card in cards] == ["character:mara", "location:old"]
