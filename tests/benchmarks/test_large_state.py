"""A state of 50 MB that hardly compresses: saved and loaded on D1 and on SQLite, exported from each to the other."""

from __future__ import annotations

import hashlib
import random
import time
from pathlib import Path

import pytest
from moving import MakeDatabase, apply, export, run_statements, take_in
from saving import newest, put

from clash.database import open_database
from clash.database.checkpointer import get_checkpointer, run_saver
from clash.database.lease import release_lease, take_lease

BYTES = 50_000_000


async def digest(url: str) -> str:
    """Return the digest of the state that a database has, and of what a task wrote on it."""
    async with get_checkpointer(url) as saver:
        found = await newest(saver, "large")
    values = [found.checkpoint["channel_values"]["value"], *(value for _, _, value in found.pending_writes or [])]
    return hashlib.sha256(b"".join(values)).hexdigest()


@pytest.mark.parametrize(("source", "target"), [("d1", "sqlite"), ("sqlite", "d1")])
async def test_a_state_of_fifty_megabytes_moves(
    tmp_path: Path, make_database: MakeDatabase, source: str, target: str
) -> None:
    """Saved under a lease, loaded, exported, imported into the other database, and read there byte for byte."""
    first, second = await make_database(source), await make_database(target)
    value = random.Random(source).randbytes(BYTES)
    await apply(first, run_statements("large", 1))
    began = time.monotonic()
    async with open_database(first, "write") as database:
        lease = await take_lease(database, "large")
        async with run_saver(database, lease) as saver:
            saved = await put(saver, "large", value)
            await saver.aput_writes(saved, [("value", value[: BYTES // 3])], "task")
        await release_lease(database, lease)
    seconds = {"saved": time.monotonic() - began}
    expected = hashlib.sha256(value + value[: BYTES // 3]).hexdigest()
    for name, url in (("loaded", first), ("moved", second)):
        began = time.monotonic()
        if name == "moved":
            await export(first, tmp_path / "runs.jsonl")
            await take_in(second, tmp_path / "runs.jsonl")
        assert await digest(url) == expected
        seconds[name] = time.monotonic() - began
    print(f"\n{source} to {target}: " + ", ".join(f"{name} in {took:.1f} s" for name, took in seconds.items()))
