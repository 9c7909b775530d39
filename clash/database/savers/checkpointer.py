"""The saver of the Python API: it opens its database by itself and works from every thread and event loop.

On SQLite it is LangGraph's own saver, asked in threads; on Cloudflare D1 a `PortSaver` in the background loop.
"""

from __future__ import annotations

import asyncio
import atexit
import copy
import os
import threading
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from clash.database import background
from clash.database.connection import database_key, is_d1, open_database, sqlite_path
from clash.database.savers.port_saver import PortSaver, next_version
from clash.database.savers.stock_savers import StockSaver
from clash.database.serializer import strict_serializer
from clash.database.sqlite import open_connection

T = TypeVar("T")


class _Opened:
    """An open database and the saver on it."""

    def __init__(self, saver: StockSaver | PortSaver, close: Callable[[], None], is_usable: Callable[[], bool]) -> None:
        self.saver = saver
        self.close = close
        self._process = os.getpid()
        self._is_usable = is_usable

    @property
    def is_usable(self) -> bool:
        """Whether it is still this process's, and still what its URL names."""
        return self._process == os.getpid() and self._is_usable()


_shared: dict[str, _Opened] = {}
"""What is used without `with`, by URL: opened once a process, closed when it ends."""
_lock = threading.Lock()


@atexit.register
def _close_shared() -> None:
    while _shared:
        _, opened = _shared.popitem()
        if opened.is_usable:
            opened.close()


def _forget_shared() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_shared)


def _open(url: str) -> _Opened:
    return _open_d1(url) if is_d1(url) else _open_sqlite(sqlite_path(url))


def _open_sqlite(path: Path) -> _Opened:
    connection = open_connection(path, "create", autocommit=False)
    file, saver = _identity(path), StockSaver(connection, serde=strict_serializer())

    def close() -> None:
        with saver.lock:
            connection.close()

    return _Opened(saver, close, lambda: _identity(path) == file)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is; one that was replaced has another identity."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_d1(url: str) -> _Opened:
    database = open_database(url, "create")

    async def opening() -> PortSaver:
        return PortSaver(await database.__aenter__(), strict_serializer())

    async def leave() -> None:
        await database.__aexit__(None, None, None)

    return _Opened(background.run(opening()), lambda: background.run(leave()), lambda: True)


class Checkpointer(BaseCheckpointSaver[str]):
    """A LangGraph saver for sync and async code alike, on a database of clash.

    `graph.compile(checkpointer=get_checkpointer())` opens the database on first use, and closes it when the program
    ends. `with` and `async with` open one of their own, and close it at their end.
    """

    def __init__(self, database_url: str) -> None:
        super().__init__(serde=strict_serializer())
        self.database_url = database_url
        self._own: list[_Opened] = []
        self._with_serde: tuple[StockSaver | PortSaver, SerializerProtocol, StockSaver | PortSaver] | None = None

    def __enter__(self) -> Checkpointer:
        self._own.append(_open(self.database_url))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.pop().close()

    async def __aenter__(self) -> Checkpointer:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, None, None, None)

    def setup(self) -> None:
        """Open the database now; its tables are made by the first save. Raises `SettingsError`, `DatabaseError`."""
        self._saver()

    def _saver(self) -> StockSaver | PortSaver:
        """Return the saver to ask, opened if it is not."""
        saver = self._own[-1].saver if self._own else self._shared_saver()
        if saver.serde is self.serde:
            return saver
        if self._with_serde is None or self._with_serde[:2] != (saver, self.serde):
            # LangGraph made a copy of this saver that may read more types: those of a graph.
            other = copy.copy(saver)
            other.serde = self.serde
            self._with_serde = saver, self.serde, other
        return self._with_serde[2]

    def _shared_saver(self) -> StockSaver | PortSaver:
        url = self.database_url
        key = database_key(url)
        with _lock:
            opened = _shared.get(key)
            if opened is None or not opened.is_usable:
                opened = _shared[key] = _open(url)
        return opened.saver

    async def _ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        saver = await asyncio.to_thread(self._saver)
        if isinstance(saver, PortSaver):
            return await background.arun(getattr(saver, f"a{name}")(*args, **kwargs))
        return await asyncio.to_thread(getattr(saver, name), *args, **kwargs)

    # -- saving and reading ----------------------------------------------------------------------------------

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        return self._saver().put(config, checkpoint, metadata, new_versions)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        return await self._ask("put", config, checkpoint, metadata, new_versions)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote on top of a checkpoint."""
        self._saver().put_writes(config, writes, task_id, task_path)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote on top of a checkpoint."""
        await self._ask("put_writes", config, writes, task_id, task_path)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint with what tasks have written on top of it; the newest if `config` names none."""
        return self._saver().get_tuple(config)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint with what tasks have written on top of it; the newest if `config` names none."""
        return await self._ask("get_tuple", config)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Generator[CheckpointTuple]:
        """Yield checkpoints, newest first. Raises `ValueError` for a filter key that is no name."""
        with self._listing() as saver:
            yield from saver.list(config, filter=filter, before=before, limit=limit)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield checkpoints, newest first. Raises `ValueError` for a filter key that is no name."""
        found = self.list(config, filter=filter, before=before, limit=limit)
        try:
            while (item := await asyncio.to_thread(next, found, None)) is not None:
                yield item
        finally:
            with suppress(ValueError):  # it is still under way in a thread: this was cancelled, and it ends there
                found.close()

    @contextmanager
    def _listing(self) -> Generator[StockSaver | PortSaver]:
        """Give the saver to list with: on SQLite one of its own, for the stock one is locked while it lists."""
        saver = self._saver()
        if isinstance(saver, PortSaver):
            yield saver
            return
        with closing(open_connection(sqlite_path(self.database_url), "create", autocommit=False)) as connection:
            yield StockSaver(connection, serde=self.serde)

    def get_next_version(self, current: str | None, channel: None) -> str:  # noqa: ARG002
        """Return the version after this one, in the form that LangGraph's SQLite saver gives them."""
        return next_version(current)

    # -- whole threads ---------------------------------------------------------------------------------------

    def delete_thread(self, thread_id: str) -> None:
        """Forget a thread."""
        self._saver().delete_thread(thread_id)

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a thread."""
        await self._ask("delete_thread", thread_id)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread to another."""
        self._saver().copy_thread(source_thread_id, target_thread_id)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread to another."""
        await self._ask("copy_thread", source_thread_id, target_thread_id)

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Forget the checkpoints, and what was written on them, that were made under these run ids."""
        self._saver().delete_for_runs(run_ids)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Forget the checkpoints, and what was written on them, that were made under these run ids."""
        await self._ask("delete_for_runs", run_ids)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep only the newest checkpoint of each namespace ("keep_latest"), or none ("delete")."""
        self._saver().prune(thread_ids, strategy=strategy)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep only the newest checkpoint of each namespace ("keep_latest"), or none ("delete")."""
        await self._ask("prune", thread_ids, strategy=strategy)
