"""Large values of checkpoints are compressed, on SQLite and on D1; what was stored uncompressed is read as before."""

from __future__ import annotations

import secrets
import zlib
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from moving import MakeDatabase, export, take_in
from saving import newest, put

from clash.database import open_database
from clash.database.checkpointer import get_checkpointer, strict_serializer
from clash.database.port import Statement
from clash.database.reading import load_checkpoint, pending_values
from clash.errors import DatabaseError

SHOTS = [{"slot": f"shot:{number:03d}", "clip": secrets.token_hex(8), "frames": 24} for number in range(200)]
"""Some 10 KB."""
_TYPES = "SELECT type, length(checkpoint) AS size FROM checkpoints ORDER BY checkpoint_id"


class PlainSerializer(JsonPlusSerializer):
    """What clash wrote states with before it compressed them."""

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=None)


async def types(url: str) -> list[tuple[str, int]]:
    """Return the type and size of each checkpoint of a database, oldest first."""
    async with open_database(url, "read") as database:
        return [(row["type"], row["size"]) for row in await database.query(_TYPES)]


# -- what is written -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("s" * 4000, "msgpack"),
        ("s" * 5000, "msgpack+zlib"),
        (SHOTS, "msgpack+zlib"),
        (b"b" * 5000, "bytes+zlib"),
        (secrets.token_bytes(5000), "bytes"),
        (None, "null"),
    ],
    ids=["small", "large", "state", "bytes", "random", "nothing"],
)
def test_a_large_value_is_compressed(value: Any, kind: str) -> None:
    """More than 4 KB is compressed where that makes it smaller, and says so in its type; it comes back the same."""
    serializer = strict_serializer()
    typed = serializer.dumps_typed(value)
    assert typed[0] == kind
    assert len(typed[1]) <= len(PlainSerializer().dumps_typed(value)[1])
    assert serializer.loads_typed(typed) == value


@on_both_databases
async def test_large_states_are_stored_compressed(database_url: str) -> None:
    """A checkpoint and what a task wrote take a fraction of their size, and every reader reads them."""
    async with get_checkpointer(database_url) as saver:
        config = await put(saver, "t", "s" * 900_000)
        await saver.aput_writes(config, [("shots", SHOTS)], "task")
        found = await newest(saver, "t")
    assert found.checkpoint["channel_values"] == {"value": "s" * 900_000}
    assert found.pending_writes == [("task", "shots", SHOTS)]
    ((kind, size),) = await types(database_url)
    assert kind == "msgpack+zlib"
    assert size < 10_000
    checkpoint_id = str(config.get("configurable", {})["checkpoint_id"])
    async with open_database(database_url, "read") as database:
        checkpoint, _ = await load_checkpoint(database, "t", checkpoint_id)
        assert checkpoint["channel_values"] == {"value": "s" * 900_000}
        assert await pending_values(database, "t", checkpoint_id, "shots") == [SHOTS]


# -- what older versions wrote -------------------------------------------------------------------------------------


@on_both_databases
async def test_uncompressed_states_are_read_and_go_on(database_url: str) -> None:
    """A thread that an older clash or LangGraph's own saver stored goes on: old rows stay plain, new ones do not."""
    async with get_checkpointer(database_url) as older:
        older.serde = PlainSerializer()
        config = await put(older, "t", SHOTS)
        await older.aput_writes(config, [("shots", SHOTS)], "task")
    async with get_checkpointer(database_url) as saver:
        found = await newest(saver, "t")
        assert found.checkpoint["channel_values"] == {"value": SHOTS}
        assert found.pending_writes == [("task", "shots", SHOTS)]
        await put(saver, "t", [SHOTS, "more"], parent=config)
        assert (await newest(saver, "t")).checkpoint["channel_values"] == {"value": [SHOTS, "more"]}
    assert [kind for kind, _ in await types(database_url)] == ["msgpack", "msgpack+zlib"]


@on_both_databases
async def test_a_plain_reader_refuses_what_is_compressed(database_url: str) -> None:
    """LangGraph's own serializer, and so an older clash, says that it does not know the type; it reads no nonsense."""
    async with get_checkpointer(database_url) as saver:
        await put(saver, "t", SHOTS)
    async with get_checkpointer(database_url) as older:
        older.serde = PlainSerializer()
        # What LangGraph's serializer raises for a type that it does not know.
        with pytest.raises(NotImplementedError, match=r"msgpack\+zlib"):
            await newest(older, "t")


@pytest.mark.parametrize(("source", "target"), [("sqlite", "d1"), ("d1", "sqlite")])
async def test_old_and_new_states_are_moved(
    tmp_path: Path, make_database: MakeDatabase, source: str, target: str
) -> None:
    """An export has rows as they are stored; imported, plain ones and compressed ones are read."""
    first, second, third = [await make_database(kind) for kind in (source, target, source)]
    async with get_checkpointer(first) as saver:
        config = await put(saver, "t", SHOTS)
        await saver.aput_writes(config, [("shots", SHOTS)], "task")
        saver.serde = PlainSerializer()
        await put(saver, "t", [SHOTS, "more"], parent=config)
    await export(first, tmp_path / "there.jsonl")
    await take_in(second, tmp_path / "there.jsonl")
    await export(second, tmp_path / "back.jsonl")
    await take_in(third, tmp_path / "back.jsonl")
    for url in (second, third):
        assert await types(url) == await types(first)
        async with get_checkpointer(url) as saver:
            assert (await newest(saver, "t")).checkpoint["channel_values"] == {"value": [SHOTS, "more"]}
            found = await saver.aget_tuple(config)
        assert found is not None
        assert found.pending_writes == [("task", "shots", SHOTS)]


# -- damage and malice ---------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize(
    "damage", [b"", b"no zlib", zlib.compress(b"cut off" * 900)[:-1], zlib.compress(b"\x90") + b"x"]
)
async def test_a_damaged_compressed_state_is_told(database_url: str, damage: bytes) -> None:
    """Bytes that cannot be unpacked are a damaged checkpoint, exit 1."""
    async with get_checkpointer(database_url) as saver:
        config = await put(saver, "t", SHOTS)
    async with open_database(database_url, "write") as database:
        await database.batch([Statement("UPDATE checkpoints SET checkpoint = ?", (damage,))])
        with pytest.raises(DatabaseError) as told:
            await load_checkpoint(database, "t", config.get("configurable", {})["checkpoint_id"])
    assert (told.value.code, told.value.exit_code) == ("damaged_checkpoint", 1)


def test_a_few_bytes_are_not_unpacked_to_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than the limit is refused after the limit; what is larger than it is never compressed."""
    monkeypatch.setattr("clash.database.serializer._MOST_BYTES", 100_000)
    serializer = strict_serializer()
    with pytest.raises(ValueError, match="too large"):
        serializer.loads_typed(("bytes+zlib", zlib.compress(b"\0" * 100_001)))
    assert serializer.dumps_typed(b"\0" * 100_001) == ("bytes", b"\0" * 100_001)
    assert serializer.loads_typed(serializer.dumps_typed(b"\0" * 100_000)) == b"\0" * 100_000
