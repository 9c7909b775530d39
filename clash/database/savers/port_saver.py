"""A LangGraph saver on the database port, for Cloudflare D1.

It keeps LangGraph's own SQLite schema and serializer. A checkpoint, what a task wrote, or a page of a listing is one
batch or one read, so on D1 one request at most; what several tasks save at a time shares one. Only what is too large
for that takes several batches, of which the last makes it visible (`staged_values`). Under a lease every
statement carries its fence, and a checkpoint and its metadata row are one transaction: there is nothing to repair.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite.utils import load_pending_writes, search_where

from clash import faults
from clash.database.checkpoint_facts import CheckpointFacts, facts_of
from clash.database.checkpoint_metadata import checkpoint_row
from clash.database.lease import FENCE, Lease
from clash.database.port import Database, Rows, Statement, values_of
from clash.database.savers import checkpoint_rows, thread_operations
from clash.database.savers.checkpoint_rows import INLINE_BYTES, SETUP, TABLES, SavedCheckpoint
from clash.database.savers.staged_values import AT_ONCE_BYTES, STAGED_FROM_BYTES, StagedValues, sweep
from clash.database.savers.thread_operations import ALWAYS, Kept, config_of
from clash.errors import ClashError, ConflictError

T = TypeVar("T")


class PortSaver(BaseCheckpointSaver[str]):
    """A saver on any database behind the port.

    With a lease it saves that run and no other, only while the lease is held, and writes the metadata rows of clash.
    The methods without `a` are for other threads than that of the event loop it was made in.
    """

    def __init__(self, database: Database, serde: SerializerProtocol, lease: Lease | None = None) -> None:
        super().__init__(serde=serde)
        self._database = database
        self._lease = lease
        self._fence = ALWAYS if lease is None else Statement(FENCE, lease.fence)
        self._loop = asyncio.get_running_loop()
        self._is_set_up = False
        self._due: dict[str, tuple[str, ...]] = {}
        self._since = time.monotonic()

    async def setup(self) -> None:
        """Make the tables, if they are not there. The first save or read does so too, in the same request."""
        if not self._is_set_up:
            await self._apply(())

    # -- saving ----------------------------------------------------------------------------------------------

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002
    ) -> RunnableConfig:
        """Save a checkpoint; under a lease, with its metadata row. Raises `ConflictError`, `DatabaseError`."""
        thread_id, namespace, parent = _named(config)
        described = json.dumps(get_checkpoint_metadata(config, metadata), ensure_ascii=False)
        typed, beside = self.serde.dumps_typed(checkpoint), list[Statement]()
        if self._lease is not None:
            facts = facts_of(checkpoint, metadata, await self.due_at(namespace, parent))
            self._due[facts.checkpoint_id] = facts.next_steps
            beside.append(self._metadata_row(self._lease, facts, namespace, parent))
        async with self._staging(thread_id, len(typed[1])) as staged:
            saving = checkpoint_rows.checkpoint_statements(
                (thread_id, namespace, checkpoint["id"]),
                parent,
                typed,
                described.encode("utf-8", "ignore"),
                self._fence,
                put=staged and staged.put,
            )
            await self._save(thread_id, staged, [*saving, *beside])
        faults.point("checkpoint.after")
        return config_of(config.get("configurable", {})["thread_id"], namespace, checkpoint["id"])

    def _metadata_row(self, lease: Lease, facts: CheckpointFacts, namespace: str, parent: str | None) -> Statement:
        now = time.monotonic()
        elapsed_ms, self._since = round((now - self._since) * 1000), now
        return checkpoint_row(
            lease, facts, checkpoint_ns=namespace, parent_checkpoint_id=parent, execution_time_ms=elapsed_ms
        )

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote on top of a checkpoint. Raises `ConflictError`, `DatabaseError`."""
        thread_id, namespace, checkpoint_id = _named(config)
        rows = [
            (WRITES_IDX_MAP.get(channel, idx), channel, *self.serde.dumps_typed(value))
            for idx, (channel, value) in enumerate(writes)
        ]
        async with self._staging(thread_id, sum(len(value) for *_, value in rows)) as staged:
            saving = checkpoint_rows.writes_statements(
                (thread_id, namespace, str(checkpoint_id)),
                task_id,
                task_path,
                rows,
                self._fence,
                replace=all(channel in WRITES_IDX_MAP for channel, _ in writes),
                put=staged and staged.put,
                inline_bytes=STAGED_FROM_BYTES if staged else INLINE_BYTES,
            )
            await self._save(thread_id, staged, saving)
        faults.point("writes.after")

    @asynccontextmanager
    async def _staging(self, thread_id: str, size: int) -> AsyncGenerator[StagedValues | None]:
        """Give what stages the values of a save of this size, if it is too large for one transaction."""
        staged = StagedValues(thread_id, self._lease) if size > AT_ONCE_BYTES else None
        try:
            yield staged
        except BaseException:
            # Where not even this can be written, the next that holds the run does it.
            if staged is not None:
                with suppress(ClashError):
                    await self._apply([staged.drop()])
            raise

    async def _save(self, thread_id: str, staged: StagedValues | None, statements: Sequence[Statement]) -> None:
        """Write what is staged, in several transactions, and then the rest in one."""
        if staged is None:
            await self._write(thread_id, statements)
            return
        for part in staged.parts(self._fence):
            await self._write(thread_id, part)
            faults.point("chunks.after")
        await self._write(thread_id, [*statements, staged.drop()])

    async def _write(self, thread_id: str | None, statements: Sequence[Statement]) -> None:
        """Apply a batch, if the lease (where there is one) is held and names this thread."""
        if self._lease is None:
            await self._apply(statements)
            return
        self._lease.of_new_run = False
        held: Rows = []
        if thread_id == self._lease.run_id:
            held = (await self._apply([*statements, Statement(f"SELECT 1 AS held WHERE {FENCE}", self._lease.fence)]))[
                -1
            ]
        if not held:
            raise ConflictError(
                f"run {self._lease.run_id} is being written by another process",
                code="lease_lost",
                hint="this process wrote nothing after it lost the run",
            )

    async def _apply(self, statements: Sequence[Statement]) -> list[Rows]:
        if self._is_set_up:
            return await self._database.batch(statements)
        first = [*SETUP, sweep(self._lease)]
        results = await self._database.batch([*first, *statements])
        self._is_set_up = True
        return results[len(first) :]

    # -- reading ---------------------------------------------------------------------------------------------

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """A checkpoint with what tasks have written on top of it; the newest if `config` names none."""
        thread_id, namespace, _ = _named(config)
        if self._lease is not None and self._lease.of_new_run:
            return None
        named = config_of(thread_id, namespace, get_checkpoint_id(config))
        saved, _ = await self._read(*search_where(named, None), 1)
        return self._tuple(saved[0]) if saved else None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Checkpoints, newest first. Raises `ValueError` for a filter key that is no name."""
        where, params = search_where(config, filter, before)
        behind, place, more = "", (), limit is None or limit > 0
        while more:
            saved, more = await self._read(f"{where}{behind}", (*params, *place), limit)
            for item in saved:
                yield self._tuple(item)
            if limit is not None:
                limit -= len(saved)
                more = more and limit > 0
            if more:
                thread_id, namespace, checkpoint_id = saved[-1].place
                place = (checkpoint_id, thread_id, namespace)
                behind = f" {'AND' if where else 'WHERE'} (checkpoint_id, thread_id, checkpoint_ns) < (?, ?, ?)"

    async def due_at(self, namespace: str, checkpoint_id: str | None) -> tuple[str, ...]:
        """The steps that a checkpoint of this run left to do, one name a task; none before the first."""
        if checkpoint_id is None or self._lease is None:
            return ()
        if checkpoint_id not in self._due:
            await self.aget_tuple(config_of(self._lease.run_id, namespace, checkpoint_id))
        return self._due.get(checkpoint_id, ())

    async def _read(self, where: str, params: Sequence[Any], limit: int | None) -> tuple[list[SavedCheckpoint], bool]:
        page = checkpoint_rows.read_page(where, params, limit)
        if self._is_set_up:
            rows = await self._database.query(page.sql, page.params)
        else:
            (rows,) = await self._apply([page])
        missing: Rows = []
        for pieces in checkpoint_rows.read_missing(rows):
            missing += await self._database.query(pieces.sql, pieces.params)
        return checkpoint_rows.checkpoints_of(rows, missing)

    def _tuple(self, saved: SavedCheckpoint) -> CheckpointTuple:
        thread_id, namespace, checkpoint_id = saved.place
        checkpoint: Checkpoint = self.serde.loads_typed((saved.type, saved.value))
        metadata = cast("CheckpointMetadata", saved.metadata)
        if self._lease is not None and checkpoint_id not in self._due:
            self._due[checkpoint_id] = facts_of(checkpoint, metadata, ()).next_steps
        return CheckpointTuple(
            config_of(thread_id, namespace, checkpoint_id),
            checkpoint,
            metadata,
            config_of(thread_id, namespace, saved.parent) if saved.parent else None,
            load_pending_writes(saved.writes, self.serde),
        )

    # -- whole threads ---------------------------------------------------------------------------------------

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a thread."""
        await self._write(str(thread_id), thread_operations.delete_thread(str(thread_id), TABLES, self._fence))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread to another."""
        source, target = str(source_thread_id), str(target_thread_id)
        await self._write(target, thread_operations.copy_thread(source, target, TABLES, self._fence))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Forget the checkpoints, and what was written on them, that were made under these run ids.

        They may be of any thread, so a saver that holds the lease of one is refused (`ConflictError`).
        """
        await self._write(None, thread_operations.delete_for_runs(run_ids, TABLES))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep only the newest checkpoint of each namespace ("keep_latest"), or none ("delete")."""
        keep = thread_operations.keeps_latest(strategy)
        for thread_id in map(str, thread_ids):
            if keep:
                kept = await self._kept(thread_id)
                statements = thread_operations.prune_thread(thread_id, kept, TABLES, self._fence)
                await self._write(thread_id, statements)
            else:
                await self.adelete_thread(thread_id)

    async def _kept(self, thread_id: str) -> set[Kept]:
        (rows,) = await self._apply([thread_operations.heads(thread_id)])
        found = [*zip(*(values_of(rows, name) for name in ("checkpoint_ns", "checkpoint_id", "metadata")), strict=True)]
        return await thread_operations.kept_in(thread_operations.kept_of(thread_id, found), self.aget_tuple)

    # -- for other threads -----------------------------------------------------------------------------------

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """See `aput`."""
        return self._wait(self.aput(config, checkpoint, metadata, new_versions))

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """See `aput_writes`."""
        self._wait(self.aput_writes(config, writes, task_id, task_path))

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """See `aget_tuple`."""
        return self._wait(self.aget_tuple(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """See `alist`."""
        found = self.alist(config, filter=filter, before=before, limit=limit)
        while (item := self._wait(_next(found))) is not None:
            yield item

    def delete_thread(self, thread_id: str) -> None:
        """See `adelete_thread`."""
        self._wait(self.adelete_thread(thread_id))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """See `acopy_thread`."""
        self._wait(self.acopy_thread(source_thread_id, target_thread_id))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """See `adelete_for_runs`."""
        self._wait(self.adelete_for_runs(run_ids))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """See `aprune`."""
        self._wait(self.aprune(thread_ids, strategy=strategy))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self._loop:
            work.close()
            raise asyncio.InvalidStateError("inside the event loop, await the method whose name begins with `a`")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def get_next_version(self, current: str | None, channel: None) -> str:  # noqa: ARG002
        """Return the version after this one."""
        return next_version(current)


def _named(config: RunnableConfig) -> tuple[str, str, str | None]:
    """The thread, the namespace and the checkpoint that a config names."""
    configurable = config.get("configurable", {})
    checkpoint_id: str | None = configurable.get("checkpoint_id")
    return str(configurable["thread_id"]), str(configurable.get("checkpoint_ns", "")), checkpoint_id


async def _next(found: AsyncIterator[CheckpointTuple]) -> CheckpointTuple | None:
    return await anext(found, None)


def next_version(current: str | None) -> str:
    """Return the version after this one, in the form that LangGraph's SQLite saver gives them."""
    number = 0 if current is None else int(str(current).split(".")[0])
    return f"{number + 1:032}.{random.random():016}"
