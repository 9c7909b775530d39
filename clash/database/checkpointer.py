"""LangGraph's savers for a run of clash: strict about what they read, fenced by the lease when they write.

The savers of the Python API, `get_checkpointer` and the functions beside it, can be imported from here as well.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import (
    asynccontextmanager,
    suppress,
)
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)

from clash import faults
from clash.database.checkpoint_facts import CheckpointFacts, facts_of
from clash.database.checkpoint_metadata import record_checkpoint
from clash.database.lease import Lease
from clash.database.port import Database
from clash.database.reading import damaged_checkpoint
from clash.database.rows import CheckpointRow
from clash.database.savers.checkpointer import Checkpointer
from clash.database.savers.port_saver import PortSaver
from clash.database.savers.stock_savers import AsyncStockSaver
from clash.database.savers.thread_operations import config_of
from clash.database.serializer import strict_serializer
from clash.database.sqlite import SqliteDatabase, connect, database_error
from clash.database.synchronous import aget_checkpointer, alist_checkpoints, get_checkpointer, list_checkpoints
from clash.errors import ClashError, ConflictError

__all__ = [
    "Checkpointer",
    "RunSaver",
    "aget_checkpointer",
    "alist_checkpoints",
    "check_newest",
    "get_checkpointer",
    "list_checkpoints",
    "repair_metadata",
    "run_saver",
    "strict_serializer",
]

_FENCED = "clash: the lease of this run was lost"
_FENCES = tuple(
    f"CREATE TEMP TRIGGER fence_{table} BEFORE INSERT ON main.{table} WHEN NOT EXISTS"
    " (SELECT 1 FROM main.workflow_executions AS run JOIN lease USING (run_id)"
    " WHERE run.run_id = NEW.thread_id AND run.lease_generation = lease.generation)"
    f" BEGIN SELECT RAISE(ABORT, '{_FENCED}'); END"
    for table in ("checkpoints", "writes")
)


class RunSaver(AsyncStockSaver):
    """The stock saver for one run: each write carries the lease, each checkpoint gets its metadata row.

    The lease stands in a temporary table of this connection and is compared by triggers, so the check and the
    write are one transaction. A checkpoint and its metadata row are two; a missing row is repaired on reading.
    """

    def __init__(self, database: SqliteDatabase, lease: Lease, connection: Any) -> None:
        super().__init__(connection, serde=strict_serializer())
        self.lock = database.write_lock
        self._database = database
        self._lease = lease
        self._due: dict[str, tuple[str, ...]] = {}
        self._since = time.monotonic()

    async def fence(self) -> None:
        """Set up the comparison with the lease. Once, before the first write."""
        async with self._refusals():
            await self._set_up_fence()

    async def _set_up_fence(self) -> None:
        await self.setup()
        async with self.lock:
            await self.conn.execute("CREATE TEMP TABLE lease (run_id TEXT PRIMARY KEY, generation INTEGER NOT NULL)")
            await self.conn.execute("INSERT INTO lease VALUES (?, ?)", self._lease.fence)
            for trigger in _FENCES:
                await self.conn.execute(trigger)
            await self.conn.commit()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint, then its metadata row."""
        async with self._refusals():
            saved = await super().aput(config, checkpoint, metadata, new_versions)
        faults.point("checkpoint.after")
        configurable = config.get("configurable", {})
        namespace, parent = configurable.get("checkpoint_ns", ""), configurable.get("checkpoint_id")
        facts = facts_of(checkpoint, metadata, await self.due_at(namespace, parent))
        self._due[facts.checkpoint_id] = facts.next_steps
        now = time.monotonic()
        elapsed_ms, self._since = round((now - self._since) * 1000), now
        await record_checkpoint(
            self._database,
            self._lease,
            facts,
            checkpoint_ns=namespace,
            parent_checkpoint_id=parent,
            execution_time_ms=elapsed_ms,
        )
        return saved

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote."""
        async with self._refusals():
            await super().aput_writes(config, writes, task_id, task_path)
        faults.point("writes.after")

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """A checkpoint with what tasks have written on top of it; the newest if `config` names none."""
        async with self._refusals():
            return await super().aget_tuple(config)

    async def due_at(self, namespace: str, checkpoint_id: str | None) -> tuple[str, ...]:
        """The steps that a checkpoint of this run left to do, one name a task; none before the first."""
        if checkpoint_id is None or checkpoint_id in self._due:
            return self._due.get(checkpoint_id or "", ())
        saved = await self.aget_tuple(config_of(self._lease.run_id, namespace, checkpoint_id))
        return () if saved is None else facts_of(saved.checkpoint, saved.metadata, ()).next_steps

    @asynccontextmanager
    async def _refusals(self) -> AsyncGenerator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # The stock saver leaves its transaction open on an error; the ledger would then wait for it.
            with suppress(sqlite3.Error):
                await self.conn.rollback()
            if _FENCED in str(error):
                raise ConflictError(
                    f"run {self._lease.run_id} is being written by another process", code="lease_lost"
                ) from error
            raise database_error(error, self._database.path) from error
        except asyncio.CancelledError:
            # Between a statement and its commit, for all that is known here.
            with suppress(sqlite3.Error):
                await self.conn.rollback()
            raise


@asynccontextmanager
async def run_saver(database: Database, lease: Lease) -> AsyncGenerator[RunSaver | PortSaver]:
    """The saver for a run that this process holds."""
    if not isinstance(database, SqliteDatabase):
        yield PortSaver(database, strict_serializer(), lease)
        return
    connection = await connect(database.path, "write")
    try:
        saver = RunSaver(database, lease, connection)
        await saver.fence()
        yield saver
    finally:
        await connection.close()


async def repair_metadata(database: Database, saver: RunSaver | PortSaver, lease: Lease) -> int:
    """Write the metadata rows that a crash left out; how many. Raises `DatabaseError` for a damaged checkpoint."""
    missing = await database.query(
        "SELECT checkpoint_ns, checkpoint_id, parent_checkpoint_id FROM checkpoints AS c WHERE thread_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM checkpoint_metadata AS m WHERE m.run_id = c.thread_id"
        " AND m.checkpoint_ns = c.checkpoint_ns AND m.checkpoint_id = c.checkpoint_id) ORDER BY checkpoint_id",
        (lease.run_id,),
    )
    for row in map(CheckpointRow.from_row, missing):
        namespace, parent = row.checkpoint_ns, row.parent_checkpoint_id
        facts = await _facts(saver, lease.run_id, namespace, row.checkpoint_id, parent)
        await record_checkpoint(
            database, lease, facts, checkpoint_ns=namespace, parent_checkpoint_id=parent, execution_time_ms=None
        )
    return len(missing)


async def check_newest(saver: RunSaver | PortSaver, run_id: str) -> None:
    """Read the newest checkpoint and what tasks wrote on it. Raises `DatabaseError` if either is damaged."""
    try:
        if (saved := await saver.aget_tuple(config_of(run_id, "", None))) is not None:
            facts_of(saved.checkpoint, saved.metadata, ())
    except ClashError:
        raise
    except Exception as error:
        # The savers tell what a database refuses as errors of ours: what is left is what the bytes say.
        raise damaged_checkpoint(run_id, None) from error


async def _facts(
    saver: RunSaver | PortSaver, run_id: str, namespace: str, checkpoint_id: str, parent: str | None
) -> CheckpointFacts:
    try:
        saved = await saver.aget_tuple(config_of(run_id, namespace, checkpoint_id))
        if saved is not None:
            return facts_of(saved.checkpoint, saved.metadata, await saver.due_at(namespace, parent))
    except ClashError:
        raise
    except Exception as error:
        raise damaged_checkpoint(run_id, checkpoint_id) from error
    raise damaged_checkpoint(run_id, checkpoint_id)
