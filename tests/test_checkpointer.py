"""Checkpoints beside a crash, damage and malice: what is missing is filled in, what is damaged is told, nothing is run.

That savers conform, and are fenced, is proved in `test_savers.py`.
"""

from __future__ import annotations

import asyncio
import json
import operator
import pickle
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated, Any, TypedDict

import ormsgpack
import pytest
from conftest import RUN, on_both_databases
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from clash.database import init_database, open_database
from clash.database.checkpointer import (
    RunSaver,
    alist_checkpoints,
    get_checkpointer,
    list_checkpoints,
    repair_metadata,
    run_saver,
)
from clash.database.connection import sqlite_path
from clash.database.lease import Lease
from clash.database.port import Database, Statement
from clash.database.reading import checkpoint_items, load_checkpoint
from clash.database.savers.port_saver import PortSaver
from clash.database.sqlite import SqliteDatabase
from clash.errors import ClashError, DatabaseError, NotFoundError, SettingsError

CONFIG: Any = {"configurable": {"thread_id": RUN}}
STEPS = ["input", "start", "write", "shoot", "shoot", "cut"]
"""What made each checkpoint of the graph below, oldest first."""


class State(TypedDict, total=False):
    """What the test's graph passes on."""

    shots: Annotated[list[int], operator.add]
    film: str


def graph(saver: Any, *, fail: Callable[[int], bool] = lambda _: False) -> Any:
    """write -> shoot (entered once, sends itself three shots) -> cut."""

    async def shoot(state: Any) -> Any:
        if "number" not in state:
            return {}
        if fail(state["number"]):
            return interrupt({"failed": state["number"]})
        return {"shots": [state["number"]]}

    def fan_out(state: Any) -> list[Send] | str:
        return "cut" if state.get("shots") else [Send("shoot", {"number": number}) for number in range(3)]

    built: Any = StateGraph(State)
    built.add_node("write", lambda _: {})
    built.add_node("shoot", shoot)
    built.add_node("cut", lambda state: {"film": f"film of {sorted(state['shots'])}"})
    built.add_edge(START, "write")
    built.add_edge("write", "shoot")
    built.add_conditional_edges("shoot", fan_out, ["shoot", "cut"])
    built.add_edge("cut", END)
    return built.compile(checkpointer=saver)


@pytest.fixture
async def saver(database: Database, lease: Lease) -> AsyncGenerator[RunSaver | PortSaver]:
    """The saver of `run-1`."""
    async with run_saver(database, lease) as opened:
        yield opened


async def metadata_rows(database: Database) -> list[Any]:
    return await database.query(
        "SELECT checkpoint_id, parent_checkpoint_id, step_name, step_index, next_steps, created_at, source, api_calls"
        " FROM checkpoint_metadata ORDER BY checkpoint_id"
    )


# -- the rows beside the checkpoints ---------------------------------------------------------------------------------


@on_both_databases
async def test_each_checkpoint_says_what_made_it_and_what_comes_next(
    database: Database, saver: RunSaver | PortSaver
) -> None:
    """Step names, steps due, parents, and how many calls the step made."""
    result = await graph(saver).ainvoke({"shots": []}, CONFIG, durability="sync")
    assert result["film"] == "film of [0, 1, 2]"
    rows = await metadata_rows(database)
    assert [row["step_name"] for row in rows] == STEPS
    assert [row["step_index"] for row in rows] == [-1, 0, 1, 2, 3, 4]
    assert [json.loads(row["next_steps"]) for row in rows] == [
        ["start"],
        ["write"],
        ["shoot"],
        ["shoot", "shoot", "shoot"],
        ["cut"],
        [],
    ]
    assert [row["parent_checkpoint_id"] for row in rows] == [None, *(row["checkpoint_id"] for row in rows[:-1])]
    items = await checkpoint_items(database, RUN)
    assert [item["step_name"] for item in items] == STEPS[::-1]
    assert [item["next"] for item in items][:3] == [[], ["cut"], ["shoot"]]
    assert [item["checkpoint_id"] for item in await checkpoint_items(database, RUN, limit=2)] == [
        row["checkpoint_id"] for row in rows[:-3:-1]
    ]


@on_both_databases
async def test_a_row_that_a_crash_left_out_is_filled_in(
    database: Database, lease: Lease, saver: RunSaver | PortSaver
) -> None:
    """A kill between a checkpoint and its row: reading shows the same as if it had not happened; resuming writes it."""
    await graph(saver).ainvoke({"shots": []}, CONFIG, durability="sync")
    whole, listed = await metadata_rows(database), await checkpoint_items(database, RUN)
    for lost in ("step_index IN (1, 3)", "step_index = -1", "1"):
        await database.batch([Statement(f"DELETE FROM checkpoint_metadata WHERE {lost}")])
        before = await metadata_rows(database)
        mended = await checkpoint_items(database, RUN)
        assert [{**item, "execution_time_ms": None} for item in mended] == [
            {**item, "execution_time_ms": None} for item in listed
        ]
        assert await metadata_rows(database) == before, "reading writes nothing"
        async with run_saver(database, lease) as later:
            assert await repair_metadata(database, later, lease) == len(whole) - len(before)
            assert await repair_metadata(database, later, lease) == 0
        assert await metadata_rows(database) == whole


@on_both_databases
async def test_a_run_goes_on_in_a_new_process_with_only_what_failed(database: Database, lease: Lease) -> None:
    """Two of three shots failed; a new saver on the same file runs these two, and counts on from there."""
    asked: list[int] = []

    def first(number: int) -> bool:
        asked.append(number)
        return number != 1

    async with run_saver(database, lease) as saver:
        await graph(saver, fail=first).ainvoke({"shots": []}, CONFIG, durability="sync")
    assert sorted(asked) == [0, 1, 2]
    asked.clear()
    async with run_saver(database, lease) as saver:
        result = await graph(saver, fail=lambda number: bool(asked.append(number))).ainvoke(
            None, CONFIG, durability="sync"
        )
    assert sorted(asked) == [0, 2]
    assert result["film"] == "film of [0, 1, 2]"
    assert [row["step_name"] for row in await metadata_rows(database)] == STEPS


async def test_a_save_that_is_cancelled_does_not_hold_the_database(
    database: SqliteDatabase, saver: RunSaver | PortSaver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled between its statement and its commit: the next writer need not wait for a lock."""
    reached = asyncio.Event()

    async def never() -> None:
        reached.set()
        await asyncio.Event().wait()

    assert isinstance(saver, RunSaver)
    await saver.aget_tuple(CONFIG)
    monkeypatch.setattr(saver.conn, "commit", never)
    config: Any = {"configurable": {"thread_id": RUN, "checkpoint_ns": "", "checkpoint_id": "0"}}
    for save in (
        saver.aput(config, empty_checkpoint(), {"source": "loop"}, {}),
        saver.aput_writes(config, [("film", "x")], "task"),
    ):
        reached.clear()
        task = asyncio.create_task(save)
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with closing(sqlite3.connect(database.path, timeout=0)) as other, other:
            other.execute("UPDATE workflow_executions SET updated_at = 'now'")


@on_both_databases
async def test_two_savers_of_one_program_do_not_wait_for_each_other(
    database: Database, lease: Lease, saver: RunSaver | PortSaver
) -> None:
    """The ledger's batches and the saver's checkpoints in one burst: all are kept, none meets a lock."""
    batches = [
        database.batch([Statement("UPDATE workflow_executions SET updated_at = ?", (str(n),))]) for n in range(50)
    ]
    await asyncio.wait_for(asyncio.gather(graph(saver).ainvoke({"shots": []}, CONFIG, durability="sync"), *batches), 20)
    assert len(await metadata_rows(database)) == len(STEPS)


# -- damage and malice -----------------------------------------------------------------------------------------------


async def finished(database: Database, lease: Lease) -> str:
    """A finished run; the id of its newest checkpoint."""
    async with run_saver(database, lease) as saver:
        await graph(saver).ainvoke({"shots": []}, CONFIG, durability="sync")
    return (await checkpoint_items(database, RUN, limit=1))[0]["checkpoint_id"]


async def overwrite(database: Database, checkpoint_id: str, **columns: Any) -> None:
    await database.batch(
        [
            Statement(f"UPDATE checkpoints SET {name} = ? WHERE checkpoint_id = ?", (value, checkpoint_id))
            for name, value in columns.items()
        ]
    )


@on_both_databases
@pytest.mark.parametrize(
    "damage",
    [
        {"checkpoint": b""},
        {"checkpoint": b"\xc1\xc1"},
        {"checkpoint": ormsgpack.packb([1, 2])},
        {"checkpoint": ormsgpack.packb({"v": 4})},
        {"metadata": b"{"},
        {"type": "pickle"},
        {"type": None},
    ],
    ids=str,
)
async def test_a_damaged_checkpoint_is_told(database: Database, lease: Lease, damage: dict[str, Any]) -> None:
    """The checkpoint is named, exit 1; the list of checkpoints, which need not open it, still works."""
    newest = await finished(database, lease)
    await overwrite(database, newest, **damage)
    with pytest.raises(DatabaseError, match=newest) as refused:
        await load_checkpoint(database, RUN, newest)
    assert (refused.value.code, refused.value.exit_code) == ("damaged_checkpoint", 1)
    assert len(await checkpoint_items(database, RUN)) == len(STEPS)
    await database.batch([Statement("DELETE FROM checkpoint_metadata WHERE checkpoint_id = ?", (newest,))])
    async with run_saver(database, lease) as saver:
        with pytest.raises(DatabaseError) as refused:
            await repair_metadata(database, saver, lease)
    assert refused.value.code == "damaged_checkpoint"


@on_both_databases
async def test_an_old_damaged_checkpoint_stops_no_run(database: Database, lease: Lease) -> None:
    """Only the newest is needed to resume."""
    await finished(database, lease)
    oldest = (await checkpoint_items(database, RUN))[-1]["checkpoint_id"]
    await overwrite(database, oldest, checkpoint=b"\xc1")
    async with run_saver(database, lease) as saver:
        state = await graph(saver).aget_state(CONFIG)
        assert await repair_metadata(database, saver, lease) == 0
    assert state.values["film"] == "film of [0, 1, 2]"


@on_both_databases
async def test_an_unknown_checkpoint_is_not_found(database: Database, lease: Lease) -> None:
    """Exit 3, with the command that lists them."""
    await finished(database, lease)
    with pytest.raises(NotFoundError, match="no checkpoint 1f0") as refused:
        await load_checkpoint(database, RUN, "1f0")
    assert "checkpoints ls" in (refused.value.hint or "")


class Trap:
    """What an attacker would have a reader call."""

    def __init__(self, path: str) -> None:
        Path(path).touch()


def crafted(path: Path) -> dict[str, tuple[str, bytes]]:
    """Rows that name a function and its arguments, in each of the forms that serializers have understood."""
    extensions = {
        "constructor, one argument": (0, ("os", "mkdir", str(path))),
        "constructor, arguments": (1, ("os", "mkdir", [str(path)])),
        "constructor, named": (2, ("os", "mkdir", {"path": str(path)})),
        "method": (3, ("pathlib", "Path", str(path), "touch")),
        "pydantic 1": (4, ("test_checkpointer", "Trap", {"path": str(path)}, "construct")),
        "pydantic 2": (5, ("test_checkpointer", "Trap", {"path": str(path)}, "model_validate_json")),
    }
    rows = {
        name: ("msgpack", ormsgpack.packb({"channel_values": {"film": ormsgpack.Ext(code, ormsgpack.packb(content))}}))
        for name, (code, content) in extensions.items()
    }
    constructor = {"lc": 2, "type": "constructor", "id": ["test_checkpointer", "Trap"], "args": [str(path)]}
    rows["json"] = ("json", json.dumps({"channel_values": {"film": constructor}}).encode())
    rows["json, method"] = ("json", json.dumps({"channel_values": {**constructor, "method": "touch"}}).encode())
    rows["pickle"] = ("pickle", f"cos\nmkdir\n(S'{path}'\ntR.".encode())
    return rows


@on_both_databases
@pytest.mark.parametrize("form", list(crafted(Path())))
async def test_a_crafted_checkpoint_runs_nothing(database: Database, lease: Lease, tmp_path: Path, form: str) -> None:
    """A person who can write the database cannot run code in the process that reads it, by any way that reads."""
    trap = tmp_path / "sprung"
    kind, content = crafted(trap)[form]
    newest = await finished(database, lease)
    await overwrite(database, newest, type=kind, checkpoint=content)
    async with run_saver(database, lease) as saver:
        for read in (
            load_checkpoint(database, RUN, newest),
            saver.aget_tuple(CONFIG),
            graph(saver).aget_state(CONFIG),
        ):
            # It may be refused or come back inert, as LangGraph's serializer likes, but it may not be obeyed. For a
            # pickle the serializer raises `NotImplementedError`, which `load_checkpoint` tells as `ClashError`; of the
            # others LangGraph reads no checkpoint, and misses a key of one (`KeyError`).
            with suppress(ClashError, KeyError, NotImplementedError):
                await read
    assert not trap.exists()


def test_the_trap_would_spring(tmp_path: Path) -> None:
    """The rows above are no dud: a reader that is not strict runs at least some of them."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    sprung: list[str] = []
    for number, form in enumerate(crafted(Path())):
        path = tmp_path / str(number)
        loose = JsonPlusSerializer(allowed_msgpack_modules=True, allowed_json_modules=True, pickle_fallback=True)
        try:
            loose.loads_typed(crafted(path)[form])
        except (TypeError, pickle.UnpicklingError):
            continue
        if path.exists():
            sprung.append(form)
    assert {"constructor, one argument", "constructor, arguments", "json", "pickle"} <= set(sprung)


# -- the Python API --------------------------------------------------------------------------------------------------


@on_both_databases
def test_sync_code_has_all_of_it(database_url: str) -> None:
    """A graph without async, on a database that only the saver has ever opened: saved, listed, filled in."""
    built: Any = StateGraph(State)
    built.add_node("cut", lambda _: {"film": "done"})
    built.add_edge(START, "cut")
    with get_checkpointer(database_url) as saver:
        built.compile(checkpointer=saver).invoke({}, CONFIG)
    with get_checkpointer(database_url) as saver:
        assert built.compile(checkpointer=saver).get_state(CONFIG).values["film"] == "done"
    items = list_checkpoints(RUN, database_url=database_url)
    assert [(item["step_name"], item["next"]) for item in items] == [
        ("cut", []),
        ("start", ["cut"]),
        ("input", ["start"]),
    ]
    assert list_checkpoints(RUN, limit=1, database_url=database_url) == items[:1]
    assert list_checkpoints("another", database_url=database_url) == []
    init_database(database_url)
    assert list_checkpoints(RUN, database_url=database_url) == items


@on_both_databases
async def test_async_code_has_all_of_it(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with `async with`, and with DATABASE_URL in place of an argument."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    checkpointer = get_checkpointer()
    async with checkpointer as saver, checkpointer as second:
        await graph(saver).ainvoke({"shots": []}, CONFIG)
        assert await second.aget_tuple(CONFIG) is not None
    assert [item["step_name"] for item in await alist_checkpoints(RUN)] == STEPS[::-1]


async def test_a_list_needs_a_database(database_url: str) -> None:
    """A mistyped path is exit 3, and no file is made."""
    with pytest.raises(NotFoundError):
        await alist_checkpoints(RUN, database_url=database_url)
    assert not sqlite_path(database_url).exists()
    async with open_database(database_url, "create"):
        pass
    assert await alist_checkpoints(RUN, database_url=database_url) == []


async def test_what_is_no_database_is_told_when_the_saver_is_opened(tmp_path: Path) -> None:
    """Exit 4 before the graph has done any work, in sync and async code."""
    picture = tmp_path / "story.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    url = f"sqlite:///{picture.as_posix()}"
    with pytest.raises(SettingsError), get_checkpointer(url):
        pass
    with pytest.raises(SettingsError):
        async with get_checkpointer(url):
            pass
    with pytest.raises(ClashError):
        get_checkpointer("sqlite:///").__enter__()
