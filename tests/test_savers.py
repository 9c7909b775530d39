"""LangGraph's checkpoints on SQLite and on D1: nothing is lost, nothing is made up, whole threads can be kept tidy."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from conftest import on_both_databases, on_d1
from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata
from langgraph.graph import END, START, StateGraph
from saving import Saver, newest, put

from clash.database import open_database
from clash.database.checkpointer import get_checkpointer, strict_serializer
from clash.database.connection import sqlite_path
from clash.database.d1.rest import Rest
from clash.database.port import Database
from clash.database.savers.port_saver import PortSaver
from clash.errors import UsageError

PASSED = {
    "put": 17,
    "put_writes": 10,
    "get_tuple": 10,
    "list": 16,
    "delete_thread": 5,
    "delete_for_runs": 7,
    "copy_thread": 8,
    "prune": 8,
}


# -- the contract ----------------------------------------------------------------------------------------------


@on_both_databases
async def test_langgraphs_own_conformance_suite_passes(database_url: str) -> None:
    """Every test of all eight capabilities: the five that a saver must have and the three that most have not."""

    @checkpointer_test(name="clash")
    async def factory() -> AsyncGenerator[Saver]:
        async with get_checkpointer(database_url) as saver:
            yield saver

    report = await validate(factory)
    failures = {name: result.failures for name, result in report.results.items() if result.failures}
    assert failures == {}
    assert {name: result.tests_passed for name, result in report.results.items()} == PASSED


@on_both_databases
async def test_the_port_saver_conforms_on_any_database(database_url: str) -> None:
    """The saver for D1 is written against the port, so it conforms on SQLite too."""

    @checkpointer_test(name="port")
    async def factory() -> AsyncGenerator[Saver]:
        async with get_checkpointer(database_url) as stock, open_database(database_url, "create") as database:
            yield PortSaver(database, stock.serde)

    report = await validate(factory)
    assert {name: result.tests_passed for name, result in report.results.items()} == PASSED


# -- values ----------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize(
    "value", [None, "", 0, b"", b"\0\xff" * 100, "a\0b", "naïve 灯台 🎬", {"k": [1, None, 2.5]}, 2**60]
)
async def test_a_write_is_kept_whatever_it_holds(saver: Saver, value: Any) -> None:
    """None, nothing, bytes, NUL, any script: the checkpoint is found again, and with it what the task wrote."""
    config = await put(saver, "t", value)
    await saver.aput_writes(config, [("channel", value), ("other", 1)], "task", "~path")
    found = await newest(saver, "t")
    assert found.checkpoint["channel_values"] == {"value": value}
    assert found.pending_writes == [("task", "channel", value), ("task", "other", 1)]


@on_both_databases
async def test_names_of_any_script_are_names(saver: Saver) -> None:
    """Threads, namespaces, tasks and channels with quotes, NUL and Chinese."""
    thread_id, namespace = "灯台'; --", 'child:"1"|灯'
    config = generate_config(thread_id, checkpoint_ns=namespace)
    saved = await saver.aput(config, generate_checkpoint(), generate_metadata(note="a b 灯"), {})
    await saver.aput_writes(saved, [("chan'\0nel", 1)], 'ta"sk', "~灯")
    found = [item async for item in saver.alist(config)]
    assert [item.metadata["note"] for item in found] == ["a b 灯"]
    assert found[0].pending_writes == [('ta"sk', "chan'\0nel", 1)]
    assert found[0].config["configurable"]["checkpoint_ns"] == namespace


@on_both_databases
@pytest.mark.parametrize("size", [499_000, 501_000, 1_800_000, 9_000_000, 13_000_000])
async def test_a_large_checkpoint_is_whole(saver: Saver, size: int) -> None:
    """Just under and over what stands in one row, and many megabytes: read back byte for byte, alone and in a list."""
    value, written = secrets.token_bytes(size), secrets.token_bytes(size)
    config = await put(saver, "large", value)
    await saver.aput_writes(config, [("small", 1), ("large", written)], "task")
    for found in (await newest(saver, "large"), *[item async for item in saver.alist(config)]):
        assert found.checkpoint["channel_values"]["value"] == value
        assert found.pending_writes == [("task", "small", 1), ("task", "large", written)]


@on_both_databases
async def test_a_checkpoint_that_is_saved_again_is_replaced_whole(saver: Saver) -> None:
    """Large by small, small by large, large by less large: never a mixture."""
    checkpoint = empty_checkpoint()
    for size in (3_000_000, 10, 1_000_000, 2_500_000, 950_000):
        checkpoint["channel_values"] = {"value": secrets.token_bytes(size)}
        await saver.aput(generate_config("t"), checkpoint, generate_metadata(), {})
        assert (await newest(saver, "t")).checkpoint["channel_values"] == checkpoint["channel_values"]


@on_both_databases
@pytest.mark.parametrize("first", [10, 2_000_000])
@pytest.mark.parametrize("second", [20, 3_000_000])
async def test_what_a_task_wrote_first_stays(saver: Saver, first: int, second: int) -> None:
    """A task that is saved a second time changes nothing, but its errors and interrupts are replaced."""
    config = await put(saver, "t", 0)
    before, after = secrets.token_bytes(first), secrets.token_bytes(second)
    for value in (before, after):
        await saver.aput_writes(config, [("channel", value)], "task")
        await saver.aput_writes(config, [("__error__", value)], "failed")
    assert (await newest(saver, "t")).pending_writes == [("failed", "__error__", after), ("task", "channel", before)]


@on_both_databases
async def test_five_hundred_writes_of_one_task_are_kept_in_order(saver: Saver) -> None:
    """All of them, in the order they were written."""
    config = await put(saver, "t", 0)
    await saver.aput_writes(config, [(f"channel-{n}", n) for n in range(500)], "task")
    assert (await newest(saver, "t")).pending_writes == [("task", f"channel-{n}", n) for n in range(500)]


@on_d1
async def test_other_threads_are_not_read(saver: Saver, monkeypatch: pytest.MonkeyPatch) -> None:
    """D1 counts the rows that a query reads: for the newest checkpoint no more among 25 threads than among two."""
    read: list[int] = []
    post = Rest.post

    async def counted(self: Rest, path: str, body: Any, *arguments: Any) -> Any:
        results = await post(self, path, body, *arguments)
        read[-1] += sum(result["meta"]["rows_read"] for result in results)
        return results

    async def fill(name: str) -> None:
        config = await put(saver, name, name)
        await saver.aput_writes(config, [(f"c{number}", number) for number in range(4)], "task")

    await asyncio.gather(fill("a"), fill("b"))
    for others in (0, 23):
        await asyncio.gather(*(fill(f"other-{number}") for number in range(others)))
        read.append(0)
        with monkeypatch.context() as patched:
            patched.setattr(Rest, "post", counted)
            assert len((await newest(saver, "a")).pending_writes or []) == 4
    assert read[0] == read[-1] > 0


@on_both_databases
async def test_a_filter_key_is_never_sql(saver: Saver) -> None:
    """Keys made to break out of the SQL are refused; those of ordinary names filter."""
    await put(saver, "t", 0)
    await put(saver, "other", 0)
    for key in ("x') OR 1=1 --", 'x" OR 1=1', "a b", "", "$", "x')) UNION SELECT * FROM checkpoints --"):
        with pytest.raises(ValueError, match="filter key"):
            [item async for item in saver.alist(None, filter={key: 1})]
    assert [item async for item in saver.alist(None, filter={"source": "' OR 1=1 --"})] == []
    assert len([item async for item in saver.alist(None, filter={"source": "loop", "step": 0})]) == 2


@on_both_databases
async def test_a_long_list_is_complete_and_in_order(saver: Saver) -> None:
    """More than a page, across threads that share ids, with and without a limit and a place to begin behind."""
    saved: list[RunnableConfig] = []
    for number in range(230):
        saved.append(await put(saver, "t", number, parent=saved[-1] if saved else None))
    await saver.acopy_thread("t", "copy")
    everything = [item.checkpoint["channel_values"]["value"] async for item in saver.alist(None)]
    assert everything == [number for number in reversed(range(230)) for _ in range(2)]
    some = saver.alist(generate_config("t"), before=saved[200], limit=150)
    assert [item.checkpoint["channel_values"]["value"] async for item in some] == list(reversed(range(50, 200)))


# -- whole threads ---------------------------------------------------------------------------------------------


def append(values: list[str], writes: Any) -> list[str]:
    """The reducer of a delta channel."""
    return values + [value for write in writes for value in write]


class Log(TypedDict):
    """A channel that keeps only what was added, and a snapshot now and then."""

    log: Annotated[list[str], DeltaChannel(append, snapshot_frequency=4)]


def logging_graph(saver: Saver) -> Any:
    graph: Any = StateGraph(Log)
    graph.add_node("one", lambda state: {"log": [f"one:{len(state['log'])}"]})
    graph.add_node("two", lambda state: {"log": [f"two:{len(state['log'])}"]})
    graph.add_edge(START, "one")
    graph.add_edge("one", "two")
    graph.add_edge("two", END)
    return graph.compile(checkpointer=saver)


@on_both_databases
@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
async def test_pruning_keeps_what_a_delta_channel_needs(saver: Saver, rounds: int) -> None:
    """Its value is rebuilt from ancestors; after pruning it is the same, and the thread goes on from there."""
    graph, config = logging_graph(saver), {"configurable": {"thread_id": "t"}}
    for number in range(rounds):
        await graph.ainvoke({"log": [f"input {number}"]}, config)
    before = (await graph.aget_state(config)).values
    many = len([item async for item in saver.alist(config)])
    await saver.aprune(["t"])
    assert (await graph.aget_state(config)).values == before
    assert len([item async for item in saver.alist(config)]) <= min(many, 10)
    assert len((await graph.ainvoke({"log": ["more"]}, config))["log"]) == len(before["log"]) + 3


@on_both_databases
async def test_a_large_thread_is_copied_and_deleted_whole(saver: Saver) -> None:
    """With what is too large for a row; the original stays, and a deleted one leaves nothing to be mixed up with."""
    value = secrets.token_bytes(2_500_000)
    config = await put(saver, "t", value)
    await saver.aput_writes(config, [("large", value)], "task")
    await saver.acopy_thread("t", "copy")
    await saver.adelete_thread("t")
    assert await saver.aget_tuple(generate_config("t")) is None
    copied = await newest(saver, "copy")
    assert copied.checkpoint["channel_values"]["value"] == value
    assert copied.pending_writes == [("task", "large", value)]
    await saver.acopy_thread("copy", "copy")
    assert len([item async for item in saver.alist(generate_config("copy"))]) == 1


@on_both_databases
async def test_an_unknown_way_of_pruning_prunes_nothing(saver: Saver) -> None:
    """It is refused by name."""
    await put(saver, "t", 0)
    with pytest.raises(UsageError, match="keep_newest"):
        await saver.aprune(["t"], strategy="keep_newest")
    await newest(saver, "t")


# -- sync code -------------------------------------------------------------------------------------------------


@on_both_databases
def test_sync_code_has_the_same_saver(database_url: str) -> None:
    """A graph runs, is listed, copied, pruned and deleted without a line of async; the tables are the same."""
    with get_checkpointer(database_url) as saver:
        graph, config = logging_graph(saver), {"configurable": {"thread_id": "t"}}
        graph.invoke({"log": ["a"]}, config)
        values = graph.get_state(config).values
        assert values["log"] == ["a", "one:1", "two:2"]
        saver.copy_thread("t", "copy")
        saver.prune(["copy"])
        assert graph.get_state({"configurable": {"thread_id": "copy"}}).values == values
        assert len(list(saver.list(config))) >= len(list(saver.list({"configurable": {"thread_id": "copy"}}))) > 0
        saver.delete_thread("t")
        assert saver.get_tuple(generate_config("t")) is None
        saver.prune(["copy"], strategy="delete")
        assert list(saver.list(None)) == []
        saver.delete_for_runs(["none"])


@on_both_databases
async def test_sync_methods_work_while_a_loop_runs(saver: Saver) -> None:
    """In the thread of a running event loop, and in another thread meanwhile."""
    config = saver.put(generate_config("t"), generate_checkpoint(), generate_metadata(), {})
    saver.put_writes(config, [("channel", 1)], "task")
    found = await asyncio.to_thread(saver.get_tuple, config)
    assert found is not None
    assert found.pending_writes == [("task", "channel", 1)]
    assert await saver.aget_tuple(config) == found


@on_both_databases
async def test_a_saver_can_be_used_while_it_lists(saver: Saver) -> None:
    """A reader of each checkpoint that saves another one meanwhile does not wait for ever."""
    config = await put(saver, "t", 0)
    await put(saver, "t", 1, parent=config)
    seen = 0
    for item in saver.list(generate_config("t")):
        assert saver.get_tuple(item.config) == item
        saver.put_writes(item.config, [("seen", seen)], "task")
        seen += 1
    async for item in saver.alist(generate_config("t")):
        assert await saver.aget_tuple(item.config) == item
        break
    assert seen == 2


@on_d1
async def test_the_port_saver_does_not_block_its_own_loop(database: Database) -> None:
    """Its sync methods would wait for ever there; they say so instead."""
    saver = PortSaver(database, strict_serializer())
    with pytest.raises(asyncio.InvalidStateError, match="await"):
        saver.get_tuple(generate_config("t"))
    config = await asyncio.to_thread(saver.put, generate_config("t"), generate_checkpoint(), generate_metadata(), {})
    assert await asyncio.to_thread(saver.get_tuple, config) is not None


async def test_a_thread_of_langgraphs_own_saver_is_read(tmp_path: Path) -> None:
    """The schema is LangGraph's: the port's saver goes on with a file that the stock saver has written."""
    url = f"sqlite:///{(tmp_path / 'stock.db').as_posix()}"
    async with get_checkpointer(url) as stock:
        config = await put(stock, "t", {"any": "value"})
        await stock.aput_writes(config, [("channel", None)], "task")
        version = stock.get_next_version(None, None)
        async with open_database(url, "write") as database:
            port = PortSaver(database, stock.serde)
            assert await port.aget_tuple(generate_config("t")) == await newest(stock, "t")
            second = await put(port, "t", "next", parent=config)
            assert (await newest(stock, "t")).config == second
            assert port.get_next_version(version, None) > version
    with closing(sqlite3.connect(sqlite_path(url))) as file:
        assert file.execute("SELECT count(*) FROM checkpoints").fetchone() == (2,)
