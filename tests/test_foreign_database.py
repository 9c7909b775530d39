"""DATABASE_URL names a file that is not a database of clash: no command changes it, or leaves anything beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from clash.cli.app import main
from clash.database import init_database

COMMANDS = (
    ["runs", "ls"],
    ["runs", "show", "t"],
    ["cost"],
    ["cost", "t", "--calls"],
    ["checkpoints", "ls", "t"],
    ["checkpoints", "show", "t"],
    ["assets", "ls", "t"],
    ["db", "status"],
    ["db", "status", "--check"],
    ["doctor", "--offline"],
    ["db", "export", "-"],
    ["db", "import", "runs.jsonl"],
    ["resume", "t"],
    ["cancel", "t"],
    ["run", "s.csv", "--thread", "t"],
    ["run", "s.csv", "--dry-run"],
    ["db", "init"],
    ["db", "recover"],
)
REFUSED = ("resume", "cancel", "run", "import", "export", "init", "recover")


def foreign(journal: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA journal_mode={journal}")
            with connection:
                connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT)")
                connection.execute("INSERT INTO notes (words) VALUES ('keep me')")

    return make


def in_its_log_alone(path: Path) -> None:
    """Another program was killed: its tables are in the log, and the file has none."""
    with closing(sqlite3.connect(path.with_name("live.db"))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        with connection:
            connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT)")
        for suffix in ("", "-wal"):
            shutil.copyfile(path.with_name(f"live.db{suffix}"), path.with_name(path.name + suffix))


def of_a_newer_clash(path: Path) -> None:

    init_database(f"sqlite:///{path.as_posix()}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO d1_migrations (name) VALUES ('9999_future.sql')")


def containing(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


FILES: dict[str, Callable[[Path], object]] = {
    **{mode: foreign(mode) for mode in ("delete", "truncate", "persist", "memory", "off", "wal")},
    "in its log alone": in_its_log_alone,
    "of a newer clash": of_a_newer_clash,
    "empty": containing(b""),
    "text": containing(b"name,age\nmara,7\n" * 400),
    "one letter": containing(b"m"),
    "looks encrypted": containing(bytes((n * 7919 + n // 3) % 256 for n in range(8192))),
    "an encrypted header": containing(b"SQLite format 3\0" + bytes((n * 7919) % 256 for n in range(8176))),
    "zeros": containing(bytes(8192)),
}


def all_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", FILES)
def test_no_command_changes_a_file_that_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Every reading and writing command, one after the other: the same bytes, nothing beside them, no bug."""
    (tmp_path / "theirs").mkdir()
    theirs = tmp_path / "theirs" / "theirs.db"
    FILES[kind](theirs)
    theirs.with_name("live.db").unlink(missing_ok=True)
    (tmp_path / "s.csv").write_text("scene,location,description\n1,Sea,A boat.\n")
    (tmp_path / "runs.jsonl").write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{theirs.as_posix()}")
    before = all_files(theirs.parent)
    for command in COMMANDS:
        if kind == "empty" and command[-1] in ("init", "t", "recover") and command[0] in ("run", "db"):
            continue  # an empty file is one that clash may make its own
        code = main(command)
        told = capsys.readouterr()
        assert all_files(theirs.parent) == before, command
        assert "internal" not in told.err, (command, told.err)
        if command[0] in REFUSED or command[-1] in REFUSED:
            assert code in (2, 3, 4, 7) or "--dry-run" in command, (command, told.err)
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_foreign_database_takes_our_tables_only_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], journal: str
) -> None:
    """`db init` says what it would do, exit 2; with --yes it adds the tables, and theirs stay as they were."""
    theirs = tmp_path / "theirs.db"
    foreign(journal)(theirs)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{theirs.as_posix()}")
    assert main(["db", "init"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["db", "init", "--yes"]) == 0
    assert main(["db", "init"]) == 0
    assert main(["runs", "ls"]) == 0
    with closing(sqlite3.connect(theirs)) as connection:
        assert connection.execute("SELECT words FROM notes").fetchall() == [("keep me",)]


@pytest.mark.skipif(os.name == "nt", reason="Windows locks what is open")
def test_a_foreign_database_that_is_open_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own program has it open, with a log of its own: neither the log nor the index beside it changes."""
    theirs = tmp_path / "theirs.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{theirs.as_posix()}")
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect(theirs)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        with connection:
            connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT)")
        before = all_files(tmp_path)
        for command in (["runs", "ls"], ["resume", "t"], ["db", "status"], ["doctor", "--offline"], ["db", "init"]):
            main(command)
            assert all_files(tmp_path) == before, command


def test_reading_leaves_nothing_beside_our_own_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The side files that SQLite makes for a reader are gone when the command has ended."""
    url = f"sqlite:///{(tmp_path / 'clash.db').as_posix()}"
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["db", "init"]) == 0
    for command in (["runs", "ls"], ["cost"], ["db", "status"], ["doctor", "--offline"]):
        main(command)
        assert [path.name for path in tmp_path.iterdir()] == ["clash.db"], command
