"""The Python API for code that does not await: the first design's lines, from wherever a program may call them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict

import pytest
from conftest import on_both_databases
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph

from clash.database import ainit_database, background, init_database
from clash.database.checkpointer import aget_checkpointer, alist_checkpoints, get_checkpointer, list_checkpoints
from clash.database.connection import open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker, MetadataTracker, track_step
from clash.errors import BudgetExceededError, ConflictError, NotFoundError, UsageError

CONFIG: Any = {"configurable": {"thread_id": "run-123"}}


class State(TypedDict):
    """What the graph passes on."""

    x: int


def compiled(saver: Any) -> Any:
    """A graph of one step."""
    graph: Any = StateGraph(State)
    graph.add_node("add", lambda state: {"x": state["x"] + 1})
    graph.add_edge(START, "add")
    return graph.compile(checkpointer=saver)


@pytest.fixture
def url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """DATABASE_URL, with the whole schema."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert init_database().created == database_url.startswith("sqlite")
    return database_url


@pytest.fixture
def tracker(url: str) -> MetadataTracker:
    """The tracker of a workflow that has begun."""
    tracker = MetadataTracker(run_id="run-123")
    assert tracker.start_workflow("my_workflow", budget_usd="0.50", metadata={"user_id": "abc"})
    return tracker


async def in_a_loop(lines: Callable[[], None]) -> None:
    """Run lines in the thread of a running loop, as a notebook does."""
    await asyncio.sleep(0)
    lines()


FROM: dict[str, Callable[[Callable[[], None]], None]] = {
    "script": lambda lines: lines(),
    "thread": lambda lines: ThreadPoolExecutor(1).submit(lines).result(60),
    "loop": lambda lines: asyncio.run(in_a_loop(lines)),
}
"""From where the lines are called."""


# -- the lines of the first design -----------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("where", FROM)
def test_the_first_designs_lines_work(url: str, where: str) -> None:
    """As they are written there, from a script, a thread, and while an event loop runs."""
    lines: list[Any] = []

    def run_them() -> None:
        tracker = MetadataTracker(run_id="run-123")
        tracker.start_workflow("video_production", metadata={"user_id": "abc"})
        with tracker.track_step("name"):
            tracker.record_api_call(service="openai", endpoint="/v1/responses", cost_usd=0.05, duration_ms=5000)
        with track_step(tracker, "other"):
            pass
        stats = tracker.get_workflow_stats()
        lines.append(f"{stats['total_cost']:.2f} {stats['api_call_count']} {stats['by_step'][0]['step']}")
        checkpointer = get_checkpointer()
        graph = compiled(checkpointer)
        lines.append(graph.invoke({"x": 1}, CONFIG))
        lines.append(graph.get_state(CONFIG).values)
        checkpoints = list_checkpoints(checkpointer, thread_id="run-123")
        lines.append(all(cp["checkpoint_id"] and cp["metadata"]["source"] for cp in checkpoints) and len(checkpoints))
        tracker.close()

    FROM[where](run_them)
    assert lines == ["0.05 1 name", {"x": 2}, {"x": 2}, 3]


@on_both_databases
async def test_async_code_has_the_same_lines(url: str) -> None:
    """Awaited in the loop of the program, over one saver that several loops use."""
    saver = get_checkpointer()
    assert await compiled(saver).ainvoke({"x": 1}, CONFIG) == {"x": 2}
    assert await compiled(await aget_checkpointer()).ainvoke({"x": 5}, CONFIG) == {"x": 6}
    found = await alist_checkpoints(saver, thread_id="run-123")
    assert found == list_checkpoints(saver, thread_id="run-123") == await alist_checkpoints("run-123")
    assert len(found) == 6

    async def elsewhere() -> dict[str, int]:
        return await compiled(saver).ainvoke({"x": 7}, CONFIG)

    assert await asyncio.to_thread(lambda: asyncio.run(elsewhere())) == {"x": 8}
    with saver as entered:
        assert (await compiled(entered).aget_state(CONFIG)).values == {"x": 8}
    async with get_checkpointer() as entered:
        assert compiled(entered).get_state(CONFIG).values == {"x": 8}


@on_both_databases
def test_init_database_can_be_called_and_awaited(database_url: str) -> None:
    """Called as the first design does, awaited as clash 0.1 had it; the second time there is nothing to do."""
    assert init_database(database_url).applied

    async def awaited() -> tuple[bool, tuple[str, ...]]:
        assert (await ainit_database(database_url)).applied == ()
        return await init_database(database_url)

    assert asyncio.run(awaited()) == (False, ())


PROGRAM = """
import sys
from typing import TypedDict
from langgraph.graph import START, StateGraph
from clash.database import init_database
from clash.database.checkpointer import get_checkpointer
from clash.database.metadata import MetadataTracker
init_database()
class State(TypedDict): x: int
graph = StateGraph(State); graph.add_node("n", lambda state: {"x": 1}); graph.add_edge(START, "n")
app = graph.compile(checkpointer=get_checkpointer())
app.invoke({"x": 0}, {"configurable": {"thread_id": "mine"}})
tracker = MetadataTracker("mine"); tracker.start_workflow("w"); tracker.complete_workflow()
print(app.get_state({"configurable": {"thread_id": "mine"}}).values, tracker.get_workflow_stats()["status"])
"""


@on_both_databases
def test_a_program_ends_though_nothing_was_closed(database_url: str, tmp_path: Path) -> None:
    """Without `with`: the database is closed when the program ends, and nothing is said of it."""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", PROGRAM],
        cwd=tmp_path,
        check=False,
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "{'x': 1} completed"), ran.stderr
    assert "Traceback" not in ran.stderr
    if database_url.startswith("sqlite"):
        assert not Path(f"{database_url.removeprefix('sqlite:///')}-wal").exists(), "its log was taken in"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forking is a POSIX thing")
@on_both_databases
def test_a_forked_process_opens_its_own(tracker: MetadataTracker) -> None:
    """A web server that is forked after the first use: the child neither hangs nor uses what the parent opened."""
    saver = get_checkpointer()
    compiled(saver).invoke({"x": 1}, CONFIG)

    def child() -> None:
        tracker.record_api_call(service="s", cost_usd="0.25")
        compiled(saver).invoke({"x": 10}, CONFIG)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert tracker.get_workflow_stats()["total_usd"] == "0.250000"
    assert compiled(saver).get_state(CONFIG).values == {"x": 11}


def test_a_call_that_would_wait_for_itself_is_refused(url: str) -> None:
    """In the very loop that would have to do the work: an error, and no hanging."""

    async def inside() -> None:
        MetadataTracker("run-123").get_workflow_stats()

    with pytest.raises(UsageError, match="wait for itself"):
        background.run(inside())


def test_a_file_that_was_replaced_is_opened_again(url: str) -> None:
    """Who deletes the database and makes another one does not write into the one that is gone."""
    saver, path = get_checkpointer(), Path(url.removeprefix("sqlite:///"))
    compiled(saver).invoke({"x": 1}, CONFIG)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    init_database()
    compiled(saver).invoke({"x": 5}, CONFIG)
    assert [item["step_name"] for item in list_checkpoints(saver, "run-123")] == ["add", "start", "input"]


def test_the_checkpoints_of_any_saver_are_listed() -> None:
    """Of one that is not on a database of clash, in the same form."""
    saver = InMemorySaver()
    compiled(saver).invoke({"x": 1}, CONFIG)
    items = list_checkpoints(saver, thread_id="run-123")
    assert [(item["step"], item["step_name"], item["next"]) for item in items] == [
        (1, "add", []),
        (0, "start", ["add"]),
        (-1, "input", ["start"]),
    ]
    assert asyncio.run(alist_checkpoints(saver, thread_id="run-123")) == items
    assert len(list_checkpoints(saver, thread_id="run-123", limit=1)) == 1
    with pytest.raises(UsageError, match="which thread"):
        list_checkpoints(saver)


def test_the_lines_of_the_documentation_work(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of docs/python.md that track a workflow and save a graph's checkpoints, as they are written there."""
    text = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
    text = text[text.index("## Track a workflow of your own") :]
    blocks = [block.split("```")[0] for block in text.split("```python\n")[1:]]
    names: dict[str, Any] = {"graph": StateGraph(State)}
    names["graph"].add_node("add", lambda state: {"x": state["x"] + 1})
    names["graph"].add_edge(START, "add")
    assert len(blocks) > 1
    for block in blocks:
        exec(block, names)  # noqa: S102 - it is our own
        if "app" in names:
            names["app"].invoke({"x": 1}, CONFIG)
            exec(block, names)  # noqa: S102
    assert capsys.readouterr().out.split()[0] == "0.04"
    assert list_checkpoints(names["checkpointer"], thread_id="run-123", limit=1)[0]["step_name"] == "add"


# -- a workflow of one's own -------------------------------------------------------------------------------------------


@on_both_databases
def test_a_workflow_is_tracked_from_begin_to_end(tracker: MetadataTracker, tmp_path: Path) -> None:
    """Begun, its steps timed, its calls and files recorded, completed: without a lease, and summed to the cent."""
    picture = tmp_path / "mara.png"
    picture.write_bytes(b"\x89PNG")
    with tracker.track_step("draw") as step:
        tracker.record_api_call(service="fal", model="flux", cost_usd=0.1)
        tracker.record_api_call(service="fal", cost_usd=Decimal("0.2"), step="another", error="overloaded")
        tracker.record_asset(asset_type="character", path=picture, facts={"seed": 7})
        tracker.record_asset(asset_type="character", path="elsewhere/tomas.png", slot="character:tomas")
    tracker.complete_workflow()
    tracker.complete_workflow()
    stats = tracker.get_workflow_stats()
    assert (stats["status"], stats["total_usd"], stats["total_cost"]) == ("completed", "0.300000", 0.3)
    assert (stats["budget_usd"], stats["calls"], stats["failed_calls"]) == ("0.500000", 2, 1)
    assert [item["step"] for item in stats["by_step"]] == ["draw", "another"]
    assert stats["assets_by_type"] == {"character": 2}
    assert step.execution_time_ms is not None
    rows = background.run(rows_of("SELECT slot, sha256, bytes, media_type, step FROM generated_assets ORDER BY id"))
    assert [(row["slot"], len(row["sha256"]), row["bytes"], row["media_type"], row["step"]) for row in rows] == [
        (str(picture), 64, 4, "image/png", "draw"),
        ("character:tomas", 0, 0, "image/png", "draw"),
    ]
    with pytest.raises(ConflictError, match="is completed already"):
        tracker.fail_workflow("too late")


async def rows_of(sql: str) -> list[Any]:
    async with open_database(os.environ["DATABASE_URL"], "read") as database:
        return list(await database.query(sql))


@on_both_databases
def test_a_workflow_can_fail_and_be_done_after_all(tracker: MetadataTracker) -> None:
    """With the error's kind and text; half of an emoji does not keep it from being recorded."""
    tracker.fail_workflow(ValueError("no such look \ud83c"))
    (row,) = background.run(rows_of("SELECT status, error_message, end_time FROM workflow_executions"))
    assert (row["status"], row["error_message"]) == ("failed", "ValueError: no such look ?")
    assert row["end_time"]
    tracker.complete_workflow()
    assert tracker.get_workflow_stats()["status"] == "completed"


@on_both_databases
def test_a_budget_is_kept(tracker: MetadataTracker) -> None:
    """What would pass it is told before it is bought, with a sum that suffices."""
    tracker.check_budget("0.50")
    tracker.record_api_call(service="s", cost_usd="0.40")
    tracker.check_budget("0.10")
    with pytest.raises(BudgetExceededError) as told:
        tracker.check_budget("0.11")
    assert 'set_budget("0.510000")' in (told.value.hint or "")
    tracker.set_budget("0.51")
    tracker.check_budget("0.11")


@on_both_databases
def test_an_error_in_a_step_is_recorded(tracker: MetadataTracker) -> None:
    """The very error comes out, and the step is not taken for done."""
    error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as caught, tracker.track_step("draw"):
        raise error
    assert caught.value is error
    (row,) = background.run(rows_of("SELECT step_name, error_message FROM checkpoint_metadata"))
    assert row == {"step_name": "draw", "error_message": "KeyboardInterrupt: "}


@on_both_databases
def test_a_run_that_clash_makes_is_left_to_it(url: str) -> None:
    """Who holds a run says how it stands: a tracker of somebody else's neither completes nor fails it."""

    async def begin() -> None:
        async with AsyncMetadataTracker.open(url) as tracker:
            await tracker.start_workflow("made", "video_production", graph_version=1)
            await tracker.start_workflow("held", "mine")
            await take_lease(tracker.database, "held")

    asyncio.run(begin())
    for run_id in ("made", "held"):
        tracker = MetadataTracker(run_id)
        for attempt in (tracker.complete_workflow, lambda: tracker.fail_workflow("x"), lambda: tracker.set_budget(1)):  # noqa: B023
            with pytest.raises(ConflictError):
                attempt()
        assert tracker.get_workflow_stats()["status"] == "running"


@on_both_databases
def test_what_cannot_be_is_refused(tracker: MetadataTracker) -> None:
    """An unknown run, no dollars, an open database in place of a run's id."""
    unknown = MetadataTracker("unknown")
    for attempt in (unknown.get_workflow_stats, unknown.complete_workflow, unknown.check_budget):
        with pytest.raises(NotFoundError):
            attempt()
    with pytest.raises(NotFoundError), unknown.track_step("draw"):
        pytest.fail("the step had begun")
    for amount in ("much", float("nan"), -1):
        with pytest.raises(UsageError):
            tracker.record_api_call(service="s", cost_usd=amount)
    with pytest.raises(UsageError, match="takes the id of a run"):
        MetadataTracker(object())  # type: ignore[arg-type]


@on_both_databases
def test_many_threads_track_one_run(tracker: MetadataTracker) -> None:
    """Twenty calls from as many threads, each in a step of its own name: none is lost, none counted twice."""
    begun = threading.Barrier(20)

    def work(number: int) -> None:
        begun.wait(30)
        with tracker.track_step(f"step-{number}"):
            tracker.record_api_call(service="s", cost_usd="0.01")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, range(20)))
    stats = tracker.get_workflow_stats()
    assert (stats["total_usd"], stats["calls"]) == ("0.200000", 20)
    assert sorted(item["step"] for item in stats["by_step"]) == sorted(f"step-{number}" for number in range(20))
    rows = background.run(rows_of("SELECT api_calls FROM checkpoint_metadata"))
    assert [row["api_calls"] for row in rows] == [1] * 20


# -- other savers in the process ---------------------------------------------------------------------------------------


def test_importing_clash_changes_no_environment() -> None:
    """Whatever is imported of it: the savers of others read and write as before."""
    program = (
        "import os; before = dict(os.environ)\n"
        "import clash.database.checkpointer, clash.database.metadata, clash.database.reading, clash.workflow\n"
        "import clash.production, clash.workflow.video_production, clash.reports.checkpoints\n"
        "assert dict(os.environ) == before, set(os.environ) ^ set(before)\n"
        "clash.database.reading._serializer()\n"
        "assert dict(os.environ) == before"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
