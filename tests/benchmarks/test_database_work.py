"""What durability costs: checkpoints and ledger together against the stock saver's checkpoints alone, in one run."""

from __future__ import annotations

import operator
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, TypedDict

from instant import InstantProvider
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from clash.assets import AssetStore
from clash.calls.ledger import Ledger
from clash.calls.spec import CallSpec
from clash.database import init_database, open_database
from clash.database.checkpointer import get_checkpointer, run_saver
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.providers.ports import SpeechRequest
from clash.providers.registry import Model

TASKS = 200
ROUNDS = 3


class State(TypedDict):
    """What each task adds."""

    done: Annotated[dict[str, str], operator.or_]


def graph_of(work: Any) -> Any:
    """A fan-out of `TASKS` tasks."""
    graph: Any = StateGraph(State)
    graph.add_node("plan", lambda _: {})
    graph.add_node("work", work)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", lambda _: [Send("work", {"n": n}) for n in range(TASKS)], ["work"])
    graph.add_edge("work", END)
    return graph


async def stock(folder: Path, number: int) -> float:
    """Seconds for the stock saver's work."""

    async def work(task: dict[str, int]) -> dict[str, dict[str, str]]:
        return {"done": {str(task["n"]): "x" * 64}}

    async with get_checkpointer(f"sqlite:///{folder}/stock-{number}.db") as saver:
        saver.setup()
        graph = graph_of(work).compile(checkpointer=saver)
        started = time.perf_counter()
        await graph.ainvoke({"done": {}}, {"configurable": {"thread_id": "t"}}, durability="sync")
        return time.perf_counter() - started


async def ours(folder: Path, number: int, assets: AssetStore) -> float:
    """Seconds for checkpoints and ledger together."""
    url = f"sqlite:///{folder}/ours-{number}.db"
    await init_database(url)
    async with open_database(url, "write") as database:
        await AsyncMetadataTracker(database).start_workflow("t", "benchmark")
        lease = await take_lease(database, "t")
        ledger = Ledger(database, lease, assets, {"speech": Model(InstantProvider(), "voice")}, reuse=False)

        async def work(task: dict[str, int]) -> dict[str, dict[str, str]]:
            request = SpeechRequest(text=f"{number} {task['n']}", speaker="narrator", language="en")
            made = await ledger.call(CallSpec("work", f"shot:{task['n']:03d}", "speech", request))
            return {"done": {str(task["n"]): made.sha256}}

        async with run_saver(database, lease) as saver:
            graph = graph_of(work).compile(checkpointer=saver)
            started = time.perf_counter()
            await graph.ainvoke({"done": {}}, {"configurable": {"thread_id": "t"}}, durability="sync")
            return time.perf_counter() - started


async def test_the_ledger_costs_at_most_twice_the_checkpoints(tmp_path: Path) -> None:
    """Per task, at most 3 times the stock saver's alone."""
    # Only the database is compared: the files go to memory where the system has a place for that.
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        assets = AssetStore(Path(folder))
        # In turns, so that what else the machine is busy with weighs on both alike.
        rounds = [(await stock(tmp_path, number), await ours(tmp_path, number, assets)) for number in range(ROUNDS)]
    alone, together = (min(seconds) for seconds in zip(*rounds, strict=True))
    ratio = together / alone
    print(
        f"\nstock saver {alone / TASKS * 1e3:.2f} ms a task, with ledger {together / TASKS * 1e3:.2f} ms, {ratio:.2f}x"
    )
    assert ratio <= 5
