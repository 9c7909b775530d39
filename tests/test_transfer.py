"""Runs move between databases, SQLite and D1, with all that belongs to them: whole, unchanged, and never half."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving import (
    MakeDatabase,
    apply,
    content,
    export,
    fill,
    reports,
    results,
    run_statements,
    save,
    saved,
    settings_for,
    take_in,
)

from clash.database import migrations, open_database
from clash.database.d1.database import D1Database
from clash.database.lease import take_lease
from clash.database.migrations import Migration, known_migrations
from clash.database.port import Rows, Statement
from clash.database.sqlite import SqliteDatabase
from clash.database.transfer import layout
from clash.database.transfer.layout import Column, new_schema, tables
from clash.database.transfer.lines import Header, Tally, read_entries, read_header, row_line, thread_line
from clash.documents.base import Document
from clash.errors import ConflictError, DatabaseError, NotFoundError, VersionMismatchError
from clash.reports import run_list

KINDS = pytest.mark.parametrize("kind", ["sqlite", "d1"])
EVERYTHING = ["empty", "large", "user:42/a thread", "very-small"]


# -- everything, and the same ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), [("sqlite", "d1"), ("d1", "sqlite")])
async def test_everything_moves_and_comes_back_the_same(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, source: str, target: str
) -> None:
    """There and back: each run, call, file, checkpoint and write as it was; a second import finds it all there."""
    monkeypatch.setattr("clash.database.transfer.reading._PAGE_ROWS", 45)
    monkeypatch.setattr("clash.database.transfer.reading._PAGE_BYTES", 20_000)
    first, second, third = [await make_database(kind) for kind in (source, target, source)]
    await fill(first)
    exported = await export(first, tmp_path / "runs.jsonl.gz")
    assert [item["thread_id"] for item in exported["items"]] == EVERYTHING
    assert exported["unfinished"] == ["empty", "large"]

    document = await take_in(second, tmp_path / "runs.jsonl.gz")
    assert results(document) == dict.fromkeys(EVERYTHING, "imported")
    assert document["rows"] == exported["rows"]
    assert document["assets"] == {"named": 112, "missing_here": 112}
    assert await content(second, tmp_path) == await content(first, tmp_path)
    assert await reports(second, tmp_path) == await reports(first, tmp_path)
    for thread_id in EVERYTHING:
        assert await saved(second, thread_id) == await saved(first, thread_id)
    assert len(await saved(second, "large")) == 3
    assert results(await take_in(second, tmp_path / "runs.jsonl.gz")) == dict.fromkeys(EVERYTHING, "already_there")

    await export(second, tmp_path / "back.jsonl")
    await take_in(third, tmp_path / "back.jsonl")
    assert await content(third, tmp_path) == await content(first, tmp_path)
    async with open_database(third, "read") as database:
        # Each file still hangs on the call that made it, whatever their numbers are now.
        (found,) = await database.query(
            "SELECT count(*) AS n FROM generated_assets AS made JOIN api_logs AS call ON call.id = made.api_log_id"
            " AND call.run_id = made.run_id AND call.slot = made.slot AND call.asset_sha256 = made.sha256"
        )
        assert found["n"] == 112
        held = await database.query("SELECT * FROM workflow_executions WHERE lease_owner IS NOT NULL")
        assert held == []


@KINDS
async def test_single_runs_are_moved_by_name(tmp_path: Path, make_database: MakeDatabase, kind: str) -> None:
    """`--thread` takes just these; one that is not there is named, and no file is made."""
    source = await make_database(kind)
    await fill(source)
    exported = await export(source, tmp_path / "two.jsonl", "very-small", "empty", "very-small")
    assert [item["thread_id"] for item in exported["items"]] == ["empty", "very-small"]
    with pytest.raises(NotFoundError, match="no-such"):
        await export(source, tmp_path / "none.jsonl", "very-small", "no-such")
    assert not (tmp_path / "none.jsonl").exists()
    target = await make_database("sqlite")
    await take_in(target, tmp_path / "two.jsonl")
    assert {run["thread_id"] for run in (await run_list.list_runs(settings_for(target, tmp_path)))["items"]} == {
        "empty",
        "very-small",
    }


async def test_an_empty_database_makes_a_file_that_can_be_imported(tmp_path: Path, make_database: MakeDatabase) -> None:
    """No run, no saver's table: two lines, and nothing to be done."""
    source, target = await make_database("sqlite"), await make_database("sqlite")
    assert (await export(source, tmp_path / "runs.jsonl"))["items"] == []
    assert len((tmp_path / "runs.jsonl").read_bytes().splitlines()) == 2
    assert (await take_in(target, tmp_path / "runs.jsonl"))["items"] == []


def test_every_table_is_moved() -> None:
    """A table that a migration or a saver adds is moved, or is named here as one that belongs to its database."""
    with closing(new_schema(":memory:")) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    of_access = {"access_tokens", "access_grants", "access_audit"}
    of_projects = {"projects", "project_months", "batches"}
    of_the_database = {"database_identity", "webhook_events", "file_marks", *of_projects, *of_access}
    assert found - {"sqlite_sequence", "checkpoint_chunks", *of_the_database} == set(tables())


# -- values ------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"))


def values_of(column: Column) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any] = TEXTS
    if column.kind == "integer":
        values = st.integers(-(2**63), 2**63 - 1)
    elif column.kind == "blob":
        values = st.binary() | TEXTS
    elif column.json is dict:
        values = st.dictionaries(TEXTS, TEXTS).map(json.dumps)
    elif column.json is list:
        values = st.lists(TEXTS).map(json.dumps)
    return st.none() | values if column.nullable else values


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_row_comes_back_from_its_line(data: st.DataObject) -> None:
    """NUL, any Unicode, the largest numbers, bytes, no value: each comes back as it was, and of its type."""
    table = data.draw(st.sampled_from(list(tables().values())))
    row = {column.name: data.draw(values_of(column), column.name) for column in table.columns}
    header, tally = Header("here", "now", tuple(item.name for item in known_migrations()), "0"), Tally()
    lines = [thread_line("a"), row_line(table, row)]
    tally.add("thread", lines[0])
    tally.add(table.name, lines[1])
    stream = io.BytesIO(b"".join([header.line, *lines, tally.line]))
    assert read_header(stream) == header
    _, entry = read_entries(stream, header)
    assert entry.values == row
    assert {name: type(value) for name, value in row.items()} == {
        name: type(value)
        for name, value in entry.values.items()  # type: ignore[union-attr]
    }


async def test_the_largest_numbers_pass_through_d1(tmp_path: Path, make_database: MakeDatabase) -> None:
    """D1 rounds numbers beyond 2^53 in its answers; an export has them as they are."""
    source, target = await make_database("sqlite"), await make_database("d1")
    await apply(source, run_statements("run-1", 2))
    largest = "UPDATE api_logs SET duration_ms = ?, status_code = ?"
    await apply(source, [Statement(largest, (2**63 - 1, -(2**53) - 1))])
    await export(source, tmp_path / "runs.jsonl")
    await take_in(target, tmp_path / "runs.jsonl")
    assert await content(target, tmp_path) == await content(source, tmp_path)
    assert b'"status_code":-9007199254740993' in (tmp_path / "runs.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("column", "value"),
    [("settings", b"bytes"), ("spent_micro", 1.5), ("spent_micro", "a text")],
)
async def test_a_value_that_clash_never_stores_is_named(
    tmp_path: Path, make_database: MakeDatabase, column: str, value: Any
) -> None:
    """Rather than change its type on the way, the export says where it is."""
    url = await make_database("sqlite")
    await apply(url, run_statements("run-1", 0))
    await apply(url, [Statement(f"UPDATE workflow_executions SET {column} = ?", (value,))])
    with pytest.raises(DatabaseError, match=rf"the run run-1 .* workflow_executions\.{column}"):
        await export(url, tmp_path / "runs.jsonl", "run-1")
    assert not (tmp_path / "runs.jsonl").exists()
    (left_out,) = (await export(url, tmp_path / "runs.jsonl"))["damaged"]
    assert left_out["thread_id"] == "run-1"


async def test_an_older_export_gets_the_defaults_of_a_newer_schema(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column that came with a later migration has its default in the runs of an export from before."""
    source = await make_database("sqlite")
    await fill(source)
    await export(source, tmp_path / "old.jsonl")
    newer = Migration("0002_more.sql", "ALTER TABLE api_logs ADD COLUMN region TEXT NOT NULL DEFAULT 'earth';")
    both = (*known_migrations(), newer)
    for module in ("migrations", "transfer.layout", "transfer.lines"):
        monkeypatch.setattr(f"clash.database.{module}.known_migrations", lambda: both)
    monkeypatch.setattr("clash.transfer.use_cases.known_migrations", lambda: both)
    layout.tables.cache_clear()
    try:
        target = await make_database("sqlite")
        await take_in(target, tmp_path / "old.jsonl")
        async with open_database(target, "read") as database:
            found = await database.query("SELECT region, count(*) AS n FROM api_logs GROUP BY region")
        assert found == [{"region": "earth", "n": 112}]
        await export(target, tmp_path / "new.jsonl")
    finally:
        monkeypatch.undo()
        layout.tables.cache_clear()
    assert len(migrations.known_migrations()) == len(both) - 1
    with pytest.raises(VersionMismatchError, match=r"0002_more\.sql"):
        await take_in(source, tmp_path / "new.jsonl")


# -- whole or not at all -----------------------------------------------------------------------------------------


class Dead(BaseException):
    """The process is dead from here on: nothing more reaches the database."""


def dies_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """Let a process get so many batches through, and no more."""
    left = [batches]
    for kind in (SqliteDatabase, D1Database):
        original = kind.batch

        async def batch(self: Any, statements: Sequence[Statement], original: Any = original) -> list[Rows]:
            left[0] -= 1
            if left[0] < 0:
                raise Dead
            return await original(self, statements)

        monkeypatch.setattr(kind, "batch", batch)


@KINDS
async def test_a_killed_import_leaves_whole_runs_and_repeats(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Dead after each of its batches: what is seen of a run is all of it; repeated, everything is there once."""
    source, target = await make_database("sqlite"), await make_database(kind)
    await apply(source, [*run_statements("large", 110), *run_statements("very-small", 2), *run_statements("empty", 0)])
    await save(source, "large", [510_000])
    await save(source, "user:42/a thread", [10])
    await export(source, tmp_path / "runs.jsonl")
    whole = {str(item): item for item in await reports(source, tmp_path)}
    monkeypatch.setattr("clash.database.transfer.writing._BATCH_STATEMENTS", 30)
    # A process of this machine that is known to be gone, so that nobody waits for its lease.
    monkeypatch.setattr("clash.database.lease.is_dead", lambda _: True)
    died = 0
    while True:
        with monkeypatch.context() as patch:
            dies_after(patch, died)
            try:
                await take_in(target, tmp_path / "runs.jsonl")
                break
            except Dead:
                died += 1
        told = await reports(target, tmp_path)
        assert all(str(item) in whole for item in told[2:])
        assert {item["thread_id"] for item in told[0]} <= set(EVERYTHING)
    assert died >= 8
    assert results(await take_in(target, tmp_path / "runs.jsonl")) == dict.fromkeys(EVERYTHING, "already_there")
    assert await content(target, tmp_path) == await content(source, tmp_path)
    async with open_database(target, "read") as database:
        for table in (*tables().values(),):
            rows = await database.query(f"SELECT 1 FROM {table.name} WHERE {table.owner} GLOB '.import-*'")
            assert rows == [], table.name


@KINDS
async def test_two_simultaneous_imports_write_everything_once(
    tmp_path: Path, make_database: MakeDatabase, kind: str
) -> None:
    """Of two that bring the same runs one may be refused; what is there afterwards is whole, and there once."""
    source, target = await make_database("sqlite"), await make_database(kind)
    await fill(source)
    await export(source, tmp_path / "runs.jsonl")
    both = await asyncio.gather(*(take_in(target, tmp_path / "runs.jsonl") for _ in range(2)), return_exceptions=True)
    assert all(isinstance(outcome, Document | ConflictError) for outcome in both), both
    await take_in(target, tmp_path / "runs.jsonl")
    assert await content(target, tmp_path) == await content(source, tmp_path)


@KINDS
async def test_runs_that_differ_are_named_and_nothing_is_changed(
    tmp_path: Path, make_database: MakeDatabase, kind: str
) -> None:
    """A run that went on, and a thread that is not of clash, stay as they are, and nothing comes beside them."""
    source, target = await make_database("sqlite"), await make_database(kind)
    await fill(source)
    await export(source, tmp_path / "runs.jsonl")
    await export(source, tmp_path / "one.jsonl", "very-small", "user:42/a thread")
    await take_in(target, tmp_path / "one.jsonl")
    await apply(
        target, [Statement("UPDATE api_logs SET state = 'failed' WHERE run_id = 'very-small' AND slot = 'shot:001'")]
    )
    await save(target, "user:42/a thread", [5])
    before = await content(target, tmp_path)
    with pytest.raises(ConflictError, match="user:42/a thread, very-small") as refused:
        await take_in(target, tmp_path / "runs.jsonl")
    assert refused.value.code == "run_differs"
    assert await content(target, tmp_path) == before


async def test_checkpoints_without_their_run_are_not_mixed_with_it(tmp_path: Path, make_database: MakeDatabase) -> None:
    """A thread of the same name that somebody saved without clash is another: refused."""
    source, target = await make_database("sqlite"), await make_database("sqlite")
    await fill(source)
    await export(source, tmp_path / "runs.jsonl")
    await save(target, "very-small", [5])
    with pytest.raises(ConflictError, match="very-small"):
        await take_in(target, tmp_path / "runs.jsonl")


@KINDS
async def test_a_run_under_a_lease_is_not_exported(tmp_path: Path, make_database: MakeDatabase, kind: str) -> None:
    """A run that a process is at is refused by name, with no file; others can be exported meanwhile."""
    url = await make_database(kind)
    await apply(url, [*run_statements("run-1", 1), *run_statements("run-2", 1)])
    async with open_database(url, "write") as database:
        await take_lease(database, "run-1")
    with pytest.raises(ConflictError, match="run-1 is being written by process") as refused:
        await export(url, tmp_path / "runs.jsonl")
    assert refused.value.exit_code == 5
    assert list(tmp_path.glob("*.jsonl")) == []
    assert (await export(url, tmp_path / "runs.jsonl", "run-2"))["items"][0]["thread_id"] == "run-2"


async def test_how_a_run_stands_is_read_before_its_rows(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written between the two reads would not be noticed if the rows came first."""
    url = await make_database("sqlite")
    await fill(url)
    original = SqliteDatabase.query
    asked: list[str] = []

    async def query(self: SqliteDatabase, sql: str, params: Sequence[Any] = ()) -> Rows:
        asked.append("state" if "SELECT count(*)" in sql else "rows" if " AS key_" in sql else "else")
        return await original(self, sql, params)

    monkeypatch.setattr(SqliteDatabase, "query", query)
    await export(url, tmp_path / "runs.jsonl")
    assert asked.index("state") < asked.index("rows")


async def test_a_run_that_is_written_meanwhile_is_not_exported(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process writes while the pages of a run are read would be half in the file: refused."""
    url = await make_database("sqlite")
    await fill(url)
    original = SqliteDatabase.query
    asked = 0

    async def query(self: SqliteDatabase, sql: str, params: Sequence[Any] = ()) -> Rows:
        nonlocal asked
        rows = await original(self, sql, params)
        asked += "FROM writes JOIN" in sql
        if asked == 2:
            asked += 1
            await apply(url, [Statement("UPDATE workflow_executions SET updated_at = '2099-01-01T00:00:00.000Z'")])
        return rows

    monkeypatch.setattr(SqliteDatabase, "query", query)
    with pytest.raises(ConflictError, match="written while it was being exported"):
        await export(url, tmp_path / "runs.jsonl")
    assert not (tmp_path / "runs.jsonl").exists()
