"""What waits for a database goes in groups: what is urgent goes first, and nothing waits behind it for long."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from clash.database import group_commit
from clash.database.group_commit import GroupCommit, Results
from clash.database.port import Statement, texts_of
from clash.database.sqlite import SqliteDatabase


class Line:
    """A line before a database that answers nothing before `ready` is set."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.asked, self.ready = asyncio.Event(), asyncio.Event()
        self.line: GroupCommit[str] = GroupCommit("line", self._apply, goes_first=str.isupper)

    async def _apply(self, batches: Sequence[str]) -> list[Results]:
        self.groups.append(list(batches))
        self.asked.set()
        await self.ready.wait()
        return [[] for _ in batches]

    async def groups_of(self, batches: Sequence[str]) -> list[list[str]]:
        """Return the groups in which these are applied that wait while a first one is."""
        first = asyncio.create_task(self.line.batch("a"))
        await self.asked.wait()
        rest = [asyncio.create_task(self.line.batch(one)) for one in batches]
        await asyncio.sleep(0)
        self.ready.set()
        await asyncio.gather(first, *rest)
        return self.groups[1:]


async def test_what_is_urgent_goes_first() -> None:
    """In a group of its own, ahead of what came before it; each in the order in which it came."""
    assert await Line().groups_of(["b", "X", "c", "Y"]) == [["X", "Y"], ["b", "c"]]


async def test_without_urgent_batches_all_go_together() -> None:
    """What waits is one group."""
    assert await Line().groups_of(["b", "c"]) == [["b", "c"]]


async def test_nothing_waits_behind_urgent_batches_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has waited long enough goes with those that came after it."""
    monkeypatch.setattr(group_commit, "_LONGEST_BEHIND_S", 0.0)
    assert await Line().groups_of(["b", "X", "c"]) == [["b", "X", "c"]]


async def test_urgent_statements_go_first_on_sqlite(database: SqliteDatabase) -> None:
    """A batch with an urgent statement is applied before one that came earlier, and after what is being applied."""
    await database.batch([Statement("CREATE TABLE seen (name TEXT)")])

    def note(name: str, *, is_urgent: bool = False) -> asyncio.Task[Results]:
        statement = Statement("INSERT INTO seen VALUES (?)", (name,), is_urgent=is_urgent)
        return asyncio.create_task(database.batch([statement]))

    async with database.write_lock:
        noted = [note("being applied")]
        await asyncio.sleep(0.01)
        noted += [note("later"), note("urgent", is_urgent=True)]
        await asyncio.sleep(0.01)
    await asyncio.gather(*noted)
    rows = await database.query("SELECT name FROM seen ORDER BY rowid")
    assert texts_of(rows, "name") == ["being applied", "urgent", "later"]
