"""A database file that is taken away from under a process: it is noticed at the next write, and never made worse."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from clash.database import Statement, init_database
from clash.database.lease import renew_lease, take_lease
from clash.database.sqlite import SqliteDatabase
from clash.database.tracking import AsyncMetadataTracker
from clash.errors import DatabaseError

CALL = (
    "INSERT INTO api_logs (run_id, step, token, service, state, started_at) VALUES ('run-1', 's', ?, 'p', 'failed', '')"
)
Deed = Callable[[Path], object]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps open files where they are")


def call(token: str) -> Statement:
    return Statement(CALL, (token,))


async def opened(path: Path) -> SqliteDatabase:
    """A database with a run and a call, of which an old copy (`old.db`) lacks the call; `other.db` is another one."""
    await init_database(f"sqlite:///{path.as_posix()}")
    await init_database(f"sqlite:///{(path.parent.parent / 'other.db').as_posix()}")
    database = await SqliteDatabase.open(path, "write")
    await AsyncMetadataTracker(database).start_workflow("run-1", "w")
    await database.close()
    shutil.copyfile(path, path.parent.parent / "old.db")
    database = await SqliteDatabase.open(path, "write")
    await database.batch([call("first")])
    await database.close()
    return await SqliteDatabase.open(path, "write")


def check_in_another_process(path: Path) -> str:
    """What SQLite says of a file, without what this process still has of it."""
    script = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone())"
    return subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    ).stdout.strip()


def delete_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def delete_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def put(name: str) -> Deed:
    return lambda path: (path.parent.parent / name).replace(path)


def copy_over(name: str) -> Deed:
    return lambda path: shutil.copyfile(path.parent.parent / name, path)


def copy_over_alone(name: str) -> Deed:
    def deed(path: Path) -> None:
        shutil.copyfile(path.parent.parent / name, path)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink()

    return deed


DEEDS: dict[str, Deed] = {
    "deleted": lambda path: path.unlink(),
    "deleted with its side files": delete_all,
    "moved": lambda path: path.rename(path.with_name("moved.db")),
    "folder deleted": delete_folder,
    "folder moved": move_folder,
    "another put in its place": put("other.db"),
    "a backup put in its place": put("old.db"),
    "overwritten with another": copy_over("other.db"),
    "overwritten with another, alone": copy_over_alone("other.db"),
    "overwritten with a backup, alone": copy_over_alone("old.db"),
    "log deleted": lambda path: path.with_name(f"{path.name}-wal").unlink(),
    "index of the log deleted": lambda path: path.with_name(f"{path.name}-shm").unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "written over with text": lambda path: path.write_text("mara" * 50_000),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
async def test_a_file_that_is_gone_is_told_at_the_next_write(tmp_path: Path, deed: Deed) -> None:
    """Whatever was done to the file: the next transaction is refused, with what to do, and all later ones."""
    path = tmp_path / "data" / "clash.db"
    database = await opened(path)
    await database.batch([call("before")])
    deed(path)
    try:
        for token in ("after", "again"):
            with pytest.raises(DatabaseError) as refused:
                await database.batch([call(token)])
            assert (refused.value.code, refused.value.exit_code) == ("database_gone", 1)
            assert str(path) in refused.value.message
            assert "clash db recover" in (refused.value.hint or "")
        with pytest.raises(DatabaseError):
            await database.verify()
        with pytest.raises(DatabaseError):
            database.check_there()
    finally:
        await database.close()


@pytest.mark.parametrize(("how", "name"), [(put, "other.db"), (put, "old.db"), (copy_over, "other.db")])
async def test_what_lies_in_its_place_is_left_as_it_is(tmp_path: Path, how: Callable[[str], Deed], name: str) -> None:
    """The end of the process that lost its file puts none of its own pages into the one that is there now."""
    path = tmp_path / "data" / "clash.db"
    database = await opened(path)
    await database.batch([call(f"n{n}") for n in range(50)])
    before = (tmp_path / name).read_bytes()
    how(name)(path)
    with pytest.raises(DatabaseError):
        await database.batch([call("after")])
    await database.close()
    assert path.read_bytes() == before
    assert check_in_another_process(path) == "ok"


async def test_a_backup_copied_over_is_told_or_does_no_harm(tmp_path: Path) -> None:
    """Where the log still holds all that the older copy lacks, nothing is lost; else it is told."""
    path = tmp_path / "data" / "clash.db"
    database = await opened(path)
    await database.batch([call(f"n{n}") for n in range(50)])
    copy_over("old.db")(path)
    try:
        await database.verify()
    except DatabaseError as error:
        assert error.code == "database_gone"  # noqa: PT017 - either will do
        await database.close()
    else:
        await database.close()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM api_logs").fetchall() == [(51,)]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_new_database_in_its_place_keeps_its_own_log(tmp_path: Path) -> None:
    """Another process has made a database at the path and is writing it: its log is not removed by its name."""
    path = tmp_path / "data" / "clash.db"
    database = await opened(path)
    delete_all(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        with other:
            other.execute("CREATE TABLE theirs (a)")
        with pytest.raises(DatabaseError):
            await database.batch([call("after")])
        await database.close()
        with other:
            other.execute("INSERT INTO theirs VALUES (1)")
        assert path.with_name("clash.db-wal").stat().st_size > 0
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT a FROM theirs").fetchall() == [(1,)]


async def test_a_file_that_was_moved_is_whole_where_it_is_now(tmp_path: Path) -> None:
    """What was still in the log is moved into the file at its new place, and the message names the place."""
    path, moved = tmp_path / "data" / "clash.db", tmp_path / "moved.db"
    database = await opened(path)
    await database.batch([call("last")])
    path.rename(moved)
    with pytest.raises(DatabaseError) as refused:
        await database.batch([call("after")])
    if Path("/proc/self/fd").is_dir():
        assert str(moved) in refused.value.message
    await database.close()
    with closing(sqlite3.connect(moved)) as connection:
        assert ("last",) in connection.execute("SELECT token FROM api_logs").fetchall()
    assert not path.with_name("clash.db-wal").exists()


async def test_a_deleted_log_is_saved_into_the_file(tmp_path: Path) -> None:
    """The log of a database was deleted: no second connection mixes in a new one, and nothing of it is lost."""
    path = tmp_path / "data" / "clash.db"
    database = await opened(path)
    await database.batch([call("last")])
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    with pytest.raises(DatabaseError):
        await SqliteDatabase.open(path, "write")
    with pytest.raises(DatabaseError):
        await database.batch([call("after")])
    await database.close()
    with closing(sqlite3.connect(path)) as connection:
        assert ("last",) in connection.execute("SELECT token FROM api_logs").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_link_that_leads_elsewhere_is_noticed(tmp_path: Path) -> None:
    """The path is a symbolic link, and is switched to another database in mid-run."""
    await init_database(f"sqlite:///{(tmp_path / 'two.db').as_posix()}")
    one = await opened(tmp_path / "data" / "one.db")
    await one.close()
    link = tmp_path / "clash.db"
    link.symlink_to(tmp_path / "data" / "one.db")
    database = await SqliteDatabase.open(link, "write")
    await database.batch([call("before")])
    link.unlink()
    link.symlink_to(tmp_path / "two.db")
    with pytest.raises(DatabaseError, match="another file was put in the place"):
        await database.batch([call("after")])
    await database.close()


async def test_a_file_that_stays_is_never_called_gone(tmp_path: Path) -> None:
    """Logs that are moved into the file, other processes that come and go, a changed mode: no false alarm."""
    path = tmp_path / "data" / "clash.db"
    database = await opened(path)
    lease = await take_lease(database, "run-1")
    for round_ in range(30):
        await database.batch([call(f"{round_}-{n}") for n in range(50)])
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE workflow_executions SET story_title = ?", (str(round_),))
            other.execute("CREATE TABLE IF NOT EXISTS checkpoints (a)")
        if round_ % 10 == 0:
            with closing(sqlite3.connect(path)) as other:
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path.chmod(0o400 if round_ % 2 else 0o600)
        assert await renew_lease(database, lease)
        await database.verify()
    await database.close()


async def test_a_new_database_is_watched_too(tmp_path: Path) -> None:
    """One that was made just now has its identity in the file itself, so that an overwrite is noticed at once."""
    await init_database(f"sqlite:///{(tmp_path / 'other.db').as_posix()}")
    path = tmp_path / "clash.db"
    database = await SqliteDatabase.open(path, "create")
    from clash.database.migrations import migrate

    await migrate(database)
    await AsyncMetadataTracker(database).start_workflow("run-1", "w")
    shutil.copyfile(tmp_path / "other.db", path)
    with pytest.raises(DatabaseError) as refused:
        await database.batch([call("after")])
    assert refused.value.code == "database_gone"
    await database.close()
