"""LangGraph's savers on the databases of clash: strict about what they read, fenced by the lease when they write.

`get_checkpointer` and `list_checkpoints` are the Python API, for sync and async code alike.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from types import TracebackType
from typing import Any

# Before the first import of langgraph: without it, reading a checkpoint imports and calls whatever its bytes name
# (langgraph.checkpoint.serde). Under it only plain and well-known types come back.
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from clash.config import load_settings
from clash.database.checkpoint_facts import facts_of
from clash.database.connection import open_database, sqlite_path
from clash.database.lease import Lease
from clash.database.metadata import record_checkpoint
from clash.database.port import Database
from clash.database.sqlite import BUSY_TIMEOUT_S, SqliteDatabase, check_file, connect, database_error
from clash.errors import ConflictError, DatabaseError

_FENCED = "clash: the lease of this run was lost"
_FENCES = tuple(
    f"CREATE TEMP TRIGGER fence_{table} BEFORE INSERT ON main.{table} WHEN NOT EXISTS"
    " (SELECT 1 FROM main.workflow_executions AS run JOIN lease USING (run_id)"
    " WHERE run.run_id = NEW.thread_id AND run.lease_generation = lease.generation)"
    f" BEGIN SELECT RAISE(ABORT, '{_FENCED}'); END"
    for table in ("checkpoints", "writes")
)


def strict_serializer() -> JsonPlusSerializer:
    """Reads plain JSON types and LangGraph's own; anything else comes back inert."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


class RunSaver(AsyncSqliteSaver):
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
        configurable = config.get("configurable", {})
        namespace, parent = configurable.get("checkpoint_ns", ""), configurable.get("checkpoint_id")
        facts = facts_of(checkpoint, metadata, await self._due_at(namespace, parent))
        self._due[facts.checkpoint_id] = facts.next_steps
        now = time.monotonic()
        elapsed_ms, self._since = round((now - self._since) * 1000), now
        await record_checkpoint(
            self._database, self._lease, facts, checkpoint_ns=namespace, parent_checkpoint_id=parent,
            execution_time_ms=elapsed_ms,
        )  # fmt: skip
        return saved

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote."""
        async with self._refusals():
            await super().aput_writes(config, writes, task_id, task_path)

    async def _due_at(self, namespace: str, checkpoint_id: str | None) -> tuple[str, ...]:
        if checkpoint_id is None or checkpoint_id in self._due:
            return self._due.get(checkpoint_id or "", ())
        saved = await self.aget_tuple(_config(self._lease.run_id, namespace, checkpoint_id))
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


def _config(thread_id: str, namespace: str = "", checkpoint_id: str | None = None) -> RunnableConfig:
    configurable = {"thread_id": thread_id, "checkpoint_ns": namespace}
    if checkpoint_id is not None:
        configurable["checkpoint_id"] = checkpoint_id
    return {"configurable": configurable}


@asynccontextmanager
async def run_saver(database: Database, lease: Lease) -> AsyncGenerator[RunSaver]:
    """The saver for a run that this process holds."""
    if not isinstance(database, SqliteDatabase):
        raise DatabaseError(f"there is no saver for {database.url}")
    connection = await connect(database.path, "write", autocommit=False)
    try:
        saver = RunSaver(database, lease, connection)
        await saver.fence()
        yield saver
    finally:
        await connection.close()


async def repair_metadata(database: Database, saver: RunSaver, lease: Lease) -> int:
    """Write the metadata rows that a crash left out; how many."""
    have = await database.query("SELECT checkpoint_id FROM checkpoint_metadata WHERE run_id = ?", (lease.run_id,))
    known = {str(row["checkpoint_id"]) for row in have}
    saved = [item async for item in saver.alist(_config(lease.run_id))]
    due = {str(item.checkpoint["id"]): facts_of(item.checkpoint, item.metadata, ()).next_steps for item in saved}
    repaired = 0
    for item in reversed(saved):
        if str(item.checkpoint["id"]) in known:
            continue
        configurable = (item.parent_config or {}).get("configurable", {})
        parent = configurable.get("checkpoint_id")
        await record_checkpoint(
            database, lease, facts_of(item.checkpoint, item.metadata, due.get(parent or "", ())),
            checkpoint_ns=item.config.get("configurable", {}).get("checkpoint_ns", ""), parent_checkpoint_id=parent,
            execution_time_ms=None,
        )  # fmt: skip
        repaired += 1
    return repaired


# -- the Python API ------------------------------------------------------------------------------------------


class Checkpointer(AbstractContextManager[SqliteSaver], AbstractAsyncContextManager[AsyncSqliteSaver]):
    """LangGraph's stock saver on a database of clash: `with` gives the sync one, `async with` the async one."""

    def __init__(self, database_url: str) -> None:
        self._path = sqlite_path(database_url)
        self._stack: list[AbstractContextManager[SqliteSaver]] = []
        self._connection: Any = None

    def __enter__(self) -> SqliteSaver:
        opened = self._open()
        self._stack.append(opened)
        return opened.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.pop().__exit__(kind, error, trace)

    async def __aenter__(self) -> AsyncSqliteSaver:
        self._connection = await connect(self._path, "create", autocommit=False)
        return AsyncSqliteSaver(self._connection, serde=strict_serializer())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    @contextmanager
    def _open(self) -> Generator[SqliteSaver]:
        check_file(self._path, "create")
        connection = sqlite3.connect(self._path, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        try:
            yield SqliteSaver(connection, serde=strict_serializer())
        finally:
            connection.close()


def get_checkpointer(database_url: str | None = None) -> Checkpointer:
    """A saver for any LangGraph graph, on `DATABASE_URL` or the given one.

    `with get_checkpointer() as saver` in sync code, `async with get_checkpointer() as saver` in async code.
    Raises `SettingsError` when entered.
    """
    return Checkpointer(database_url or load_settings().database_url)


async def alist_checkpoints(
    thread_id: str, *, limit: int | None = None, database_url: str | None = None
) -> list[dict[str, Any]]:
    """The checkpoints of a thread, newest first, as `clash checkpoints ls --json` shows them.

    Raises `NotFoundError` for a database that is not there; an unknown thread has none.
    """
    from clash.database.reading import checkpoint_items

    async with open_database(database_url or load_settings().database_url, "read") as database:
        return await checkpoint_items(database, thread_id, limit=limit)


def list_checkpoints(
    thread_id: str, *, limit: int | None = None, database_url: str | None = None
) -> list[dict[str, Any]]:
    """The same for sync code. Not from inside a running event loop: there, await `alist_checkpoints`."""
    return asyncio.run(alist_checkpoints(thread_id, limit=limit, database_url=database_url))
