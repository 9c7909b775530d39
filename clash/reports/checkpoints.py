"""The checkpoints of a thread: all of them, and one with its state."""

from __future__ import annotations

import asyncio
import json
from functools import partial

from clash.config import Settings
from clash.database import reading
from clash.database.port import Database
from clash.database.row_checks import DamagedRowError
from clash.documents.checkpoints import CheckpointDetails, CheckpointList
from clash.errors import NotFoundError
from clash.hints import command
from clash.reports.rows import Damaged, read


async def list_checkpoints(settings: Settings, thread_id: str, *, limit: int | None = None) -> CheckpointList:
    """The checkpoints of a thread, newest first. Raises `NotFoundError`."""
    damaged = Damaged()
    note = partial(damaged.note, "checkpoint_metadata")
    _, items = await read(
        settings,
        lambda database: asyncio.gather(
            reading.run_row(database, thread_id),
            reading.checkpoint_items(database, thread_id, limit=limit, on_fault=note),
        ),
    )
    return CheckpointList.of({"thread_id": thread_id, "items": items, "damaged": damaged.items})


async def show_checkpoint(settings: Settings, thread_id: str, checkpoint_id: str | None = None) -> CheckpointDetails:
    """One checkpoint with its state; the newest if none is named. Raises `NotFoundError`."""
    return await read(settings, lambda database: checkpoint_details(database, thread_id, checkpoint_id))


async def checkpoint_details(database: Database, thread_id: str, checkpoint_id: str | None) -> CheckpointDetails:
    """As `show_checkpoint`, from a database that is open."""
    damaged = Damaged()
    note = partial(damaged.note, "checkpoint_metadata")
    _, items = await asyncio.gather(
        reading.run_row(database, thread_id),
        reading.checkpoint_items(database, thread_id, limit=1, checkpoint_id=checkpoint_id, on_fault=note),
    )
    for fault in damaged.items:
        raise DamagedRowError(
            "checkpoint_metadata", f"checkpoint {fault['name']} of the run {thread_id}", fault["fault"]
        )
    if not items:
        which = f"checkpoint {checkpoint_id}" if checkpoint_id else "checkpoint yet"
        raise NotFoundError(
            f"the run {thread_id} has no {which}", hint=f"`{command('checkpoints ls', thread_id)}` lists them"
        )
    item = items[0]
    (checkpoint, metadata), pending = await asyncio.gather(
        reading.load_checkpoint(database, thread_id, item["checkpoint_id"]),
        reading.pending_writes(database, thread_id, item["checkpoint_id"]),
    )
    values = {name: value for name, value in checkpoint["channel_values"].items() if not _internal(name)}
    return CheckpointDetails.of(
        {
            "thread_id": thread_id,
            **item,
            "values": json.loads(json.dumps(values, ensure_ascii=False, default=str)),
            "pending": pending,
            "metadata": dict(metadata),
        }
    )


def _internal(channel: str) -> bool:
    return channel.startswith(("__", "branch:"))
