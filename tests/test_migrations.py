"""The schema: every migration is applied once, whole, in wrangler's order, and recorded where wrangler looks."""

from __future__ import annotations

import asyncio
import shutil
import tomllib
from pathlib import Path

import pytest
from conftest import on_both_databases

from clash.database import ainit_database, migrations, open_database
from clash.database.migrations import Migration, known_migrations, migrate, require_current, split_statements
from clash.database.port import Database, Statement
from clash.database.sqlite_files import side_file
from clash.errors import DatabaseError, VersionMismatchError
from clash.production import opened
from clash.production.opened import opened_for_run
from clash.production.stopping import StopSignal

PROJECT = Path(__file__).parents[1]
NAMES = tuple(migration.name for migration in known_migrations())


async def tables(database: Database) -> set[str]:
    rows = await database.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {row["name"] for row in rows}


def know(monkeypatch: pytest.MonkeyPatch, *more: Migration) -> None:
    """Let this clash know more migrations than it has."""
    known = (*known_migrations(), *more)
    monkeypatch.setattr(migrations, "known_migrations", lambda: known)


async def test_to_make_the_schema_twice_is_to_make_it_once(database_url: str) -> None:
    """The first time says what was applied; the second time nothing is."""
    assert await ainit_database(database_url) == (True, NAMES)
    assert await ainit_database(database_url) == (False, ())


@on_both_databases
async def test_many_processes_may_make_one_database_at_once(database_url: str) -> None:
    """Eight at the same moment on a file that is not there: none fails, each migration is applied by one of them."""
    made = await asyncio.gather(*(ainit_database(database_url) for _ in range(8)))
    assert sorted(name for _, applied in made for name in applied) == sorted(NAMES)


@on_both_databases
async def test_many_runs_may_begin_at_once_without_a_database(database_url: str) -> None:
    """Eight that make it as a run does: each finds all of the schema."""

    async def begin() -> None:
        async with opened_for_run(database_url, StopSignal()) as database:
            await require_current(database)

    await asyncio.gather(*(begin() for _ in range(8)))


@on_both_databases
async def test_a_run_begins_on_a_database_made_meanwhile(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables come after the run has seen that none was recorded, and before it has seen that there are tables."""
    async with open_database(database_url, "create"):
        pass
    any_table = opened._any_table

    async def made_meanwhile(database: Database) -> bool:
        await ainit_database(database_url)
        return await any_table(database)

    monkeypatch.setattr(opened, "_any_table", made_meanwhile)
    async with opened_for_run(database_url, StopSignal()) as database:
        await require_current(database)


@on_both_databases
async def test_nobody_sees_a_new_database_half_made(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a new schema is one transaction: where its last file fails, no file is applied."""
    know(monkeypatch, Migration("0900_broken.sql", "CREATE TABLE extra (a);\nCREATE TABLE extra (a);"))
    async with open_database(database_url, "create") as database:
        with pytest.raises(DatabaseError, match="already exists"):
            await migrate(database)
        assert {name for name in await tables(database) if not name.startswith("_cf_")} == set()


async def test_every_file_of_the_folder_is_known_in_wranglers_order() -> None:
    """By the number a name starts with, so that 10 comes after 9."""
    on_disk = {path.name for path in (PROJECT / "migrations").glob("*.sql")}
    assert set(NAMES) == on_disk
    assert [int(name.partition("_")[0]) for name in NAMES] == sorted(int(name.partition("_")[0]) for name in on_disk)


def test_the_wheel_carries_the_migrations() -> None:
    """They are packed where the installed package looks for them."""
    wheel = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]
    assert wheel["force-include"] == {"migrations": "clash/database/_migrations"}
    assert wheel["packages"] == ["clash"]


def test_an_installation_without_migrations_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken package is told as that, not as a missing folder."""
    for folder in (tmp_path, tmp_path / "missing"):
        monkeypatch.setattr(migrations, "_folder", lambda folder=folder: folder)
        with pytest.raises(DatabaseError, match="installed without its migrations"):
            known_migrations()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", []),
        ("-- nothing; here\n", []),
        ("SELECT 1; /* the end; */ \n", ["SELECT 1;"]),
        ("SELECT ';'; SELECT 2;\n-- done", ["SELECT ';';", "SELECT 2;"]),
        ("SELECT 1 -- a; b\n, 2;", ["SELECT 1 -- a; b\n, 2;"]),
        ("SELECT '--', 'it''s; \"x';", ["SELECT '--', 'it''s; \"x';"]),
        (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END;\nSELECT 1;",
            ["CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END;", "SELECT 1;"],
        ),
    ],
)
def test_a_script_is_split_where_its_statements_end(script: str, expected: list[str]) -> None:
    """A semicolon in a text, a comment or a trigger ends nothing."""
    assert list(split_statements(script)) == expected


@pytest.mark.parametrize("script", ["SELECT 1", "SELECT 1; SELECT", "SELECT 'open; "])
def test_a_script_that_breaks_off_is_refused(script: str) -> None:
    """A truncated migration is never applied as far as it goes."""
    with pytest.raises(DatabaseError, match="middle of a statement"):
        list(split_statements(script))


@on_both_databases
async def test_a_migration_that_fails_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first table is gone with its second statement, and it is not recorded; once corrected it is applied."""
    know(monkeypatch, Migration("0900_broken.sql", "CREATE TABLE extra (a);\nCREATE TABLE extra (a);"))
    with pytest.raises(DatabaseError, match="already exists"):
        await migrate(database)
    assert "extra" not in await tables(database)
    monkeypatch.undo()
    know(monkeypatch, Migration("0900_broken.sql", "CREATE TABLE extra (a);"))
    assert await migrate(database) == ("0900_broken.sql",)
    assert "extra" in await tables(database)


@on_both_databases
async def test_what_was_applied_before_a_failure_stays(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each migration is a transaction of its own: the good one before the broken one is applied and recorded."""
    know(
        monkeypatch, Migration("0900_good.sql", "CREATE TABLE good (a);"), Migration("0901_bad.sql", "SELECT nonsense;")
    )
    with pytest.raises(DatabaseError):
        await migrate(database)
    assert "good" in await tables(database)
    pending = await migrations.pending_migrations(database)
    assert [migration.name for migration in pending] == ["0901_bad.sql"]


@on_both_databases
async def test_a_newer_schema_is_refused(database_url: str) -> None:
    """A database that a later clash has migrated: exit 7 for reading and for migrating, and the hint to upgrade."""
    await ainit_database(database_url)
    async with open_database(database_url, "write") as database:
        await database.batch([Statement("INSERT INTO d1_migrations (name) VALUES ('0999_from_the_future.sql')")])
    async with open_database(database_url, "read") as database:
        with pytest.raises(VersionMismatchError, match="0999_from_the_future") as refused:
            await require_current(database)
    assert (refused.value.exit_code, refused.value.code) == (7, "schema_newer")
    assert "pip install" in (refused.value.hint or "")
    with pytest.raises(VersionMismatchError):
        await ainit_database(database_url)


@on_both_databases
async def test_an_older_schema_is_refused_with_the_right_command(database_url: str) -> None:
    """An empty database, or a foreign one: exit 7 and the hint `clash db init`."""
    async with open_database(database_url, "create") as database:
        with pytest.raises(VersionMismatchError) as refused:
            await require_current(database)
    assert (refused.value.exit_code, refused.value.code) == (7, "schema_older")
    assert "clash db init" in (refused.value.hint or "")


@on_both_databases
async def test_what_wrangler_applied_is_not_applied_again(database_url: str) -> None:
    """The table and its first rows as wrangler writes them: clash goes on from there, and wrangler after it."""
    first = known_migrations()[0]
    async with open_database(database_url, "create") as wrangler:
        await wrangler.batch(
            [
                Statement(
                    "CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,"
                    " applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);"
                ),
                *first.statements,
                Statement(f"INSERT INTO d1_migrations (name) VALUES ('{first.name}');"),
            ]
        )
    assert await ainit_database(database_url) == (False, NAMES[1:])
    async with open_database(database_url, "read") as database:
        await require_current(database)
        rows = await database.query("SELECT id, name, applied_at FROM d1_migrations ORDER BY id")
    assert [row["name"] for row in rows] == list(NAMES)
    assert all(row["applied_at"] for row in rows)


async def test_killed_after_any_commit_it_is_made_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """clash 0.1 committed the record alone, then file by file: each of these is a database of clash to the next one."""
    source, all_known = tmp_path / "clash.db", known_migrations()
    for number in range(len(NAMES) + 1):
        state = tmp_path / str(number) / source.name
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "known_migrations", lambda number=number: all_known[:number])
            async with open_database(f"sqlite:///{source}", "adopt") as database:
                await database.batch(
                    [
                        Statement(
                            "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY "
                            "AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)"
                        )
                    ]
                )
                await migrate(database)
                state.parent.mkdir()
                for path in (source, side_file(source, "-wal")):
                    shutil.copy(path, state.parent)
        assert await ainit_database(f"sqlite:///{state}") == (False, NAMES[number:]), state
