"""Opening a SQLite database: what is none, who may read it, and that reading changes nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from torture.disk_fills import small_disk

from clash.database import Statement, init_database, open_database
from clash.database.connection import database_exists, sqlite_path
from clash.database.sqlite import Mode, SqliteDatabase
from clash.database.sqlite_files import side_file
from clash.errors import ClashError, DatabaseError, NotFoundError, SettingsError

TABLE = Statement("CREATE TABLE film (name TEXT PRIMARY KEY, value)")
MODES: tuple[Mode, ...] = ("read", "write", "create")


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder: when it was last written, and its bytes."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


# -- what is opened --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["read", "write"])
async def test_a_mistyped_path_is_not_found_and_never_a_new_file(database_url: str, mode: Mode) -> None:
    """Exit 3; neither the file nor its folder is made."""
    with pytest.raises(NotFoundError) as refused:
        async with open_database(database_url, mode):
            pass
    assert refused.value.exit_code == 3
    assert not sqlite_path(database_url).parent.exists()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(5000), b"name,age\nmara,7\n" * 200, b"mara"])
async def test_what_is_no_database_is_told_and_left_alone(tmp_path: Path, mode: Mode, content: bytes) -> None:
    """A picture or a text under the database's name: exit 4, and not a byte of it is changed."""
    path = tmp_path / "story.db"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        await SqliteDatabase.open(path, mode)
    assert (refused.value.exit_code, refused.value.code) == (4, "not_a_database")
    assert files(tmp_path).keys() == {"story.db"}
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", MODES)
async def test_a_folder_is_no_database(tmp_path: Path, mode: Mode) -> None:
    """Exit 4 and the word "folder"."""
    with pytest.raises(SettingsError, match="is a folder") as refused:
        await SqliteDatabase.open(tmp_path, mode)
    assert refused.value.exit_code == 4


@pytest.mark.skipif(os.name == "nt", reason="there are no such files on Windows")
async def test_a_device_a_socket_or_a_name_too_long_is_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 4 at once; opening a pipe must not wait for its other end."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind("socket")
        async with asyncio.timeout(10):
            for name in ("pipe", "socket", "/dev/null", "n" * 5000, "story.csv/below"):
                Path("story.csv").touch()
                with pytest.raises(SettingsError) as refused:
                    await SqliteDatabase.open(Path(name), "create")
                assert refused.value.exit_code == 4, name
    with pytest.raises(SettingsError):
        database_exists(f"sqlite:///{'n' * 5000}")


async def test_a_folder_that_cannot_be_made_is_a_settings_error(tmp_path: Path) -> None:
    """A file stands where the database's folder should be: exit 4, and the path is named."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SettingsError, match=r"clash\.db") as refused:
        await SqliteDatabase.open(tmp_path / "data" / "clash.db", "create")
    assert refused.value.exit_code == 4


async def test_a_path_with_the_letters_of_an_address_is_just_a_path(tmp_path: Path) -> None:
    """`#`, `%`, `;`, `&` and spaces in a folder's name lead to no other file."""
    path = tmp_path / "50% of #1; a&b=c" / "film ü.db"
    database = await SqliteDatabase.open(path, "create")
    await database.batch([TABLE])
    await database.close()
    assert path.stat().st_size > 0
    assert [entry.name for entry in tmp_path.iterdir()] == [path.parent.name]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no file modes")
async def test_only_the_owner_can_read_the_files_of_a_database(database_url: str) -> None:
    """Mode 0600, also under an umask that would let everyone read."""
    path = sqlite_path(database_url)
    umask = os.umask(0)
    try:
        database = await SqliteDatabase.open(path, "create")
        await database.batch([TABLE])
        found = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
        await database.close()
    finally:
        os.umask(umask)
    assert found == {"clash.db": 0o600, "clash.db-wal": 0o600, "clash.db-shm": 0o600}


async def test_a_database_can_be_made_through_a_link(tmp_path: Path) -> None:
    """A symbolic link to a place where there is nothing yet: the file is made there."""
    link = tmp_path / "clash.db"
    try:
        link.symlink_to(tmp_path / "elsewhere.db")
    except OSError:
        pytest.skip("this user may not make symbolic links")
    database = await SqliteDatabase.open(link, "create")
    await database.batch([TABLE])
    await database.close()
    assert link.is_symlink()
    assert (tmp_path / "elsewhere.db").stat().st_size > 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "data.db",
        "postgres://me:secret@host/db",
        "sqlite:data.db",
        "sqlite://data.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=rw",
        "sqlite:///a\0b",
    ],
)
def test_a_url_that_names_no_sqlite_file_is_a_settings_error(url: str) -> None:
    """Exit 4; a password in it is not repeated."""
    with pytest.raises(SettingsError) as refused:
        sqlite_path(url)
    assert refused.value.exit_code == 4
    assert "secret" not in refused.value.message


# -- reading only ----------------------------------------------------------------------------------------------------


async def read_runs(path: Path) -> list[object]:
    async with open_database(f"sqlite:///{path.as_posix()}", "read") as database:
        return [row["run_id"] for row in await database.query("SELECT run_id FROM workflow_executions")]


RUN_ROW = (
    "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at)"
    " VALUES ('run-1', 'w', 'running', '', '')"
)


async def test_reading_changes_nothing_in_the_database(database_url: str) -> None:
    """The file's bytes and time are as before; a statement that would write is refused."""
    await init_database(database_url)
    path = sqlite_path(database_url)
    before = files(path.parent)[path.name]
    async with open_database(database_url, "read") as database:
        assert await database.query("SELECT * FROM workflow_executions") == []
        with pytest.raises(SettingsError):
            await database.batch([Statement(RUN_ROW)])
        with pytest.raises(ClashError):
            await database.query("CREATE TABLE other (a)")
    assert files(path.parent)[path.name] == before


async def test_reading_sees_what_a_killed_process_had_committed(database_url: str, tmp_path: Path) -> None:
    """What stands in the write-ahead log alone counts as well."""
    await init_database(database_url)
    path, copy = sqlite_path(database_url), tmp_path / "after-kill"
    copy.mkdir()
    database = await SqliteDatabase.open(path, "write")
    await database.batch([Statement(RUN_ROW)])
    for name in ("clash.db", "clash.db-wal"):
        (copy / name).write_bytes((path.parent / name).read_bytes())
    await database.close()
    assert await read_runs(copy / "clash.db") == ["run-1"]


def die_in_a_transaction(path: Path) -> None:
    """Let a process make a database and die before its first transaction ends: its pages are in the file already."""
    script = f"""if True:
        import os, sqlite3
        connection = sqlite3.connect({str(path)!r}, isolation_level=None)
        connection.execute("PRAGMA cache_size=2")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE workflow_executions (run_id)")
        for _ in range(100):
            connection.execute("INSERT INTO workflow_executions VALUES (randomblob(3000))")
        os._exit(9)
    """
    subprocess.run([sys.executable, "-c", script], check=False)


@pytest.mark.parametrize("mode", MODES)
async def test_what_a_process_left_that_died_as_it_made_it(tmp_path: Path, mode: Mode) -> None:
    """The journal that undoes it lies beside the file: it is an empty database, and reading changes neither."""
    path = tmp_path / "film.db"
    die_in_a_transaction(path)
    assert path.stat().st_size > 100_000
    assert side_file(path, "-journal").stat().st_size
    before = files(tmp_path)
    if mode == "write":
        with pytest.raises(ClashError) as refused:
            await SqliteDatabase.open(path, mode)
        assert refused.value.code == "schema_older"
    else:
        database = await SqliteDatabase.open(path, mode)
        assert await database.query("SELECT name FROM sqlite_master") == []
        await database.close()
    assert mode == "create" or files(tmp_path) == before


async def test_a_database_can_be_read_where_nothing_can_be_written(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    """A folder without write permission, no side files: everything is read, nothing is made."""
    path = open_folder / "clash.db"
    await init_database(f"sqlite:///{path.as_posix()}")
    database = await SqliteDatabase.open(path, "write")
    await database.batch([Statement(RUN_ROW)])
    await database.close()
    path.chmod(0o444)
    open_folder.chmod(0o555)
    before = files(open_folder)
    assert before.keys() == {"clash.db"}
    with unprivileged():
        assert await read_runs(path) == ["run-1"]
        with pytest.raises(SettingsError) as refused:
            async with open_database(f"sqlite:///{path.as_posix()}", "write") as opened:
                await opened.batch([Statement("DELETE FROM workflow_executions")])
    assert refused.value.exit_code == 4
    assert files(open_folder) == before


async def test_a_database_that_may_not_be_read_is_a_settings_error(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    """No permission for the file, or to look into its folder: exit 4 and the path, never a traceback."""
    path = open_folder / "clash.db"
    await init_database(f"sqlite:///{path.as_posix()}")
    path.chmod(0o000)
    with unprivileged(), pytest.raises(SettingsError) as refused:
        await read_runs(path)
    assert (refused.value.exit_code, refused.value.code) == (4, "database_not_opened")
    open_folder.chmod(0o000)
    with unprivileged(), pytest.raises(SettingsError) as refused:
        database_exists(f"sqlite:///{path.as_posix()}")
    assert refused.value.exit_code == 4


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a disk, which only root may")
async def test_a_database_on_a_full_disk_is_read(tmp_path: Path) -> None:
    """A process died, and SQLite finds no room for the side file that it reads with: a copy is read.

    A command that writes is told that the disk is full.
    """
    disk, path = tmp_path / "disk", tmp_path / "disk" / "clash.db"
    disk.mkdir()
    with small_disk(disk) as mounted:
        assert mounted
        await init_database(f"sqlite:///{path.as_posix()}")
        database = await SqliteDatabase.open(path, "write")
        await database.batch([Statement(RUN_ROW)])
        content = {file.name: file.read_bytes() for file in (path, side_file(path, "-wal"))}
        await database.close()
        for name, written in content.items():
            (disk / name).write_bytes(written)
        used = shutil.disk_usage(disk).used
        await asyncio.to_thread(subprocess.run, ["mount", "-o", f"remount,size={used}", disk], check=True)
        assert await read_runs(path) == ["run-1"]
        with pytest.raises(DatabaseError) as refused:
            await SqliteDatabase.open(path, "write")
        assert (refused.value.code, refused.value.exit_code) == ("disk_full", 1)
        assert {file.name: file.read_bytes() for file in disk.iterdir() if file.name in content} == content
