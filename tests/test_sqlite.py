"""A SQLite file: what is accepted is applied whole, what is refused leaves nothing, reading writes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from clash.database import Statement, init_database, open_database, sqlite
from clash.database.connection import sqlite_path
from clash.database.sqlite import SqliteDatabase
from clash.errors import DatabaseError, SettingsError

TABLE = Statement("CREATE TABLE film (name TEXT PRIMARY KEY, value)")


def insert(name: str, value: str | int | float | bytes | None = None) -> Statement:
    return Statement("INSERT INTO film VALUES (?, ?) RETURNING name", (name, value))


async def names(database: SqliteDatabase) -> list[str]:
    return [row["name"] for row in await database.query("SELECT name FROM film ORDER BY rowid")]


@contextmanager
def held(path: Path) -> Generator[None]:
    """Another program has a transaction open on the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder: when it was last written, and its bytes."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


# -- batches -------------------------------------------------------------------------------------------------------


async def test_a_batch_is_applied_whole_or_not_at_all(database: SqliteDatabase) -> None:
    """The last of three statements is refused: the first two have left nothing."""
    await database.batch([TABLE])
    with pytest.raises(DatabaseError, match="UNIQUE"):
        await database.batch([insert("mara"), insert("ivo"), insert("mara")])
    assert await names(database) == []


async def test_a_batch_gives_the_rows_of_each_statement(database: SqliteDatabase) -> None:
    """One list of rows a statement, in their order, also for a read inside the batch."""
    results = await database.batch(
        [TABLE, insert("mara", 1), Statement("SELECT name, value FROM film"), Statement("DELETE FROM film")]
    )
    assert results == [[], [{"name": "mara"}], [{"name": "mara", "value": 1}], []]
    assert await database.batch([]) == []


async def test_one_bad_batch_among_many_undoes_no_other(database: SqliteDatabase) -> None:
    """Of 40 callers at once, three make a mistake: those three are told, and the other 37 are written."""
    await database.batch([TABLE, insert("taken")])
    bad = {7, 8, 31}
    outcomes = await asyncio.gather(
        *(database.batch([insert(f"n{n}"), insert("taken" if n in bad else f"m{n}")]) for n in range(40)),
        return_exceptions=True,
    )
    assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, DatabaseError)} == bad
    assert set(await names(database)) == {"taken"} | {
        f"{letter}{n}" for n in range(40) if n not in bad for letter in "nm"
    }


async def test_batches_that_wait_share_a_commit(database: SqliteDatabase) -> None:
    """100 callers at once cost a few commits, not 100: each commit waits for the disk."""
    await database.batch([TABLE])
    commits: list[str] = []
    database._writer.connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    await asyncio.gather(*(database.batch([insert(f"n{n}")]) for n in range(100)))
    assert len(await names(database)) == 100
    assert len(commits) <= 3


async def test_a_cancelled_callers_batch_is_whole(database: SqliteDatabase) -> None:
    """A caller that is cancelled while its batch is being applied leaves all of it behind, or nothing; here all."""
    await database.batch([TABLE])
    caller = asyncio.create_task(database.batch([insert(f"n{n}") for n in range(500)]))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await database.batch([insert("after")])
    assert len(await names(database)) == 501


@pytest.mark.parametrize("turns", [1, 2, 4])
async def test_a_cancelled_close_closes_all_the_same(tmp_path: Path, turns: int) -> None:
    """What was accepted is written before, and neither connection stays open."""
    url = f"sqlite:///{(tmp_path / 'film.db').as_posix()}"
    await init_database(url)
    database = await SqliteDatabase.open(sqlite_path(url), "write")
    await database.batch([TABLE])
    may_write, connection = threading.Event(), database._writer.connection
    connection.create_function("wait", 0, lambda: may_write.wait(30))
    writes = [
        asyncio.create_task(database.batch([Statement("INSERT INTO film VALUES (?, wait())", (name,))]))
        for name in ("first", "second")
    ]
    await asyncio.sleep(0)
    closing_it = asyncio.create_task(database.close())
    for _ in range(turns):
        await asyncio.sleep(0)
    closing_it.cancel()
    may_write.set()
    with pytest.raises(asyncio.CancelledError):
        await closing_it
    await asyncio.gather(*writes)
    for line in (database._writer, database._reader):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            line.connection.execute("SELECT 1")
    with closing(sqlite3.connect(database.path)) as other:
        assert other.execute("SELECT count(*) FROM film").fetchall() == [(2,)]


async def test_a_busy_event_loop_leaves_no_transaction_open(database: SqliteDatabase, tmp_path: Path) -> None:
    """While our own code keeps the loop busy, another program (the lease's heartbeat) can write."""
    await database.batch([TABLE])
    work = asyncio.create_task(database.batch([insert(f"n{n}") for n in range(200)]))
    await asyncio.sleep(0.002)
    time.sleep(0.3)  # noqa: ASYNC251 - the loop is meant to stand still
    with closing(sqlite3.connect(database.path, timeout=0)) as other, other:
        other.execute("INSERT INTO film VALUES ('other', 0)")
    await work


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), b"\x00\xff", "a\0b", "[/b] 影片 🎬 \u202eright", "", 1.5, None])
async def test_values_come_back_as_they_were(database: SqliteDatabase, value: str | int | float | bytes | None) -> None:
    """Whole numbers of 64 bits, bytes, and text with NUL, emoji or right-to-left marks are kept exactly."""
    await database.batch([TABLE, insert("mara", value)])
    ((row,),) = await database.batch([Statement("SELECT value, typeof(value) AS type FROM film")])
    assert row["value"] == value


@pytest.mark.parametrize(
    "statement",
    [
        insert("big", 2**63),
        insert("half a letter", "\ud800"),
        Statement("INSERT INTO film VALUES ('a', 1); DELETE FROM film"),
        Statement("INSERT INTO nowhere VALUES (1)"),
        Statement("SELECT ?", ()),
        Statement("SELECT '\0"),
        Statement("COMMIT"),
    ],
    ids=["65 bits", "lone surrogate", "two statements", "no table", "parameter missing", "NUL in SQL", "commit"],
)
async def test_what_sqlite_cannot_take_is_a_database_error(database: SqliteDatabase, statement: Statement) -> None:
    """Each is told to its caller alone, and the database goes on working."""
    await database.batch([TABLE])
    async with asyncio.timeout(10):
        with pytest.raises(DatabaseError):
            await database.batch([insert("first"), statement])
        if "INSERT" not in statement.sql and statement.sql != "COMMIT":
            with pytest.raises(DatabaseError):
                await database.query(statement.sql, statement.params)
        await database.batch([insert("after")])
    assert (await names(database))[-1] == "after"


async def test_reading_sees_what_was_committed_by_anyone(database: SqliteDatabase) -> None:
    """A read never shows what an earlier moment's database held."""
    await database.batch([TABLE])
    assert await names(database) == []
    with closing(sqlite3.connect(database.path)) as other, other:
        other.execute("INSERT INTO film VALUES ('other', 0)")
    assert await names(database) == ["other"]


async def test_closing_waits_for_what_was_accepted(database_url: str) -> None:
    """A batch that was accepted is applied before the file is closed; one that comes later is refused at once."""
    path = sqlite_path(database_url)
    database = await SqliteDatabase.open(path, "create")
    await database.batch([TABLE])
    last = asyncio.create_task(database.batch([insert("last")]))
    await asyncio.sleep(0)
    await database.close()
    await database.close()
    await last
    for late in (database.batch([insert("late")]), database.query("SELECT 1")):
        with pytest.raises(DatabaseError) as refused:
            await late
        assert refused.value.code == "database_closed"
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM film").fetchall() == [("last",)]


async def test_a_closed_database_is_one_file(database_url: str) -> None:
    """Nothing is left beside it, so to copy the file is to copy the database."""
    database = await SqliteDatabase.open(sqlite_path(database_url), "create")
    await database.batch([TABLE, insert("mara")])
    assert await names(database) == ["mara"]
    await database.close()
    assert files(sqlite_path(database_url).parent).keys() == {"clash.db"}


async def test_a_closed_database_leaves_no_thread_behind(database_url: str) -> None:
    """What is left behind would keep the process from ending."""
    before = set(threading.enumerate())
    for _ in range(3):
        async with open_database(database_url, "create") as database:
            await database.query("SELECT 1")
    with pytest.raises(SettingsError):
        async with open_database(f"sqlite:///{Path(__file__).as_posix()}", "read"):
            pass
    for _ in range(500):
        left = {thread for thread in threading.enumerate() if "clash-sqlite" in thread.name} - before
        if not left:
            break
        await asyncio.sleep(0.01)
    assert not left


# -- locked by another program ---------------------------------------------------------------------------------------


async def test_a_locked_database_is_told_after_the_wait(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the file: the error says so and may be retried; 20 callers wait once, not 20 times."""
    await database.batch([TABLE])
    database._writer.connection.execute("PRAGMA busy_timeout=150")
    waits: list[str] = []
    database._writer.connection.set_trace_callback(lambda sql: waits.append(sql) if sql.startswith("BEGIN") else None)
    with held(database.path):
        outcomes = await asyncio.gather(*(database.batch([insert(f"n{n}")]) for n in range(20)), return_exceptions=True)
    assert len(waits) == 1
    errors = [outcome for outcome in outcomes if isinstance(outcome, DatabaseError)]
    assert len(errors) == 20
    assert {(error.code, error.retryable) for error in errors} == {("database_locked", True)}
    errors[0].slots = ("shot:001",)
    assert errors[1].slots == ()
    await database.batch([insert("after")])
    assert await names(database) == ["after"]


async def test_a_short_lock_is_waited_for(database: SqliteDatabase) -> None:
    """Another program that lets go in time is no error at all."""
    await database.batch([TABLE])
    with held(database.path):
        waiting = asyncio.create_task(database.batch([insert("mara")]))
        await asyncio.sleep(0.1)
    await waiting
    assert await names(database) == ["mara"]


async def test_a_file_locked_at_opening_is_told(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening does not wait for ever for another program that has the file to itself."""
    await init_database(database_url)
    path = sqlite_path(database_url)
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseError) as refused:
            await SqliteDatabase.open(path, "write")
    assert refused.value.code == "database_locked"
