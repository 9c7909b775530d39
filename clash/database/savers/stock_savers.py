"""LangGraph's own SQLite savers, with the three capabilities that they lack: copy a thread, delete runs, prune."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from clash.database.port import Statement
from clash.database.savers import thread_operations
from clash.database.savers.thread_operations import STOCK_TABLES, Kept


class StockSaver(SqliteSaver):
    """`SqliteSaver`, complete."""

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread to another."""
        self._apply(thread_operations.copy_thread(str(source_thread_id), str(target_thread_id), STOCK_TABLES))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Forget the checkpoints, and what was written on them, that were made under these run ids."""
        self._apply(thread_operations.delete_for_runs(run_ids, STOCK_TABLES))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep only the newest checkpoint of each namespace ("keep_latest"), or none ("delete")."""
        keep = thread_operations.keeps_latest(strategy)
        for thread_id in map(str, thread_ids):
            if keep:
                self._apply(thread_operations.prune_thread(thread_id, self._kept(thread_id), STOCK_TABLES))
            else:
                self._apply(thread_operations.delete_thread(thread_id, STOCK_TABLES))

    def _kept(self, thread_id: str) -> set[Kept]:
        heads = thread_operations.heads(thread_id)
        with self.cursor(transaction=False) as cursor:
            found = [tuple(row) for row in cursor.execute(heads.sql, heads.params)]
        walk = thread_operations.kept_of(thread_id, found)
        try:
            config = next(walk)
            while True:
                config = walk.send(self.get_tuple(config))
        except StopIteration as end:
            return end.value

    def _apply(self, statements: Sequence[Statement]) -> None:
        with self.cursor() as cursor:
            try:
                for statement in statements:
                    cursor.execute(statement.sql, statement.params)
            except BaseException:
                self.conn.rollback()
                raise


class AsyncStockSaver(AsyncSqliteSaver):
    """`AsyncSqliteSaver`, complete."""

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread to another."""
        await self._apply(thread_operations.copy_thread(str(source_thread_id), str(target_thread_id), STOCK_TABLES))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Forget the checkpoints, and what was written on them, that were made under these run ids."""
        await self._apply(thread_operations.delete_for_runs(run_ids, STOCK_TABLES))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep only the newest checkpoint of each namespace ("keep_latest"), or none ("delete")."""
        keep = thread_operations.keeps_latest(strategy)
        for thread_id in map(str, thread_ids):
            if keep:
                kept = await self._kept(thread_id)
                await self._apply(thread_operations.prune_thread(thread_id, kept, STOCK_TABLES))
            else:
                await self._apply(thread_operations.delete_thread(thread_id, STOCK_TABLES))

    async def _kept(self, thread_id: str) -> set[Kept]:
        await self.setup()
        heads = thread_operations.heads(thread_id)
        async with self.lock, self.conn.execute(heads.sql, heads.params) as cursor:
            found = [tuple(row) for row in await cursor.fetchall()]
        return await thread_operations.kept_in(thread_operations.kept_of(thread_id, found), self.aget_tuple)

    async def _apply(self, statements: Sequence[Statement]) -> None:
        await self.setup()
        async with self.lock:
            try:
                for statement in statements:
                    await self.conn.execute(statement.sql, statement.params)
                await self.conn.commit()
            except BaseException:
                await self.conn.rollback()
                raise
