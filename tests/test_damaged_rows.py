"""A row with a value that clash never writes: lists and totals leave it out and name it, and go on."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from moving import apply, run_statements

from clash.cli.app import main
from clash.database import init_database
from clash.database.row_checks import SOUND_CALL, fault_of

TABLES = ("workflow_executions", "api_logs", "generated_assets", "checkpoint_metadata")
VALUES: tuple[Any, ...] = (
    "",
    "a text",
    b"\xff\x00",
    float("inf"),
    -5,
    2**62,
    1.5,
    None,
    "[]",
    '{"totals": 5, "duration_s": "x"}',
    "[" * 3000,
    "'; DROP TABLE api_logs; --",
    '{"totals": {"x": NaN}}',
)
LISTS = (
    ["cost", "--json"],
    ["cost", "--by", "day"],
    ["runs", "show", "fine"],
    ["cost", "fine", "--calls"],
    ["checkpoints", "ls", "fine"],
    ["assets", "ls", "fine"],
    ["db", "export", "-"],
    ["runs", "ls", "--limit", "500"],
)
ON_THE_BAD_RUN = (
    ["runs", "show", "spoilt", "--json"],
    ["cost", "spoilt", "--calls"],
    ["assets", "ls", "spoilt"],
    ["checkpoints", "ls", "spoilt"],
    ["checkpoints", "show", "spoilt"],
    ["resume", "spoilt"],
    ["db", "export", "-", "--thread", "spoilt"],
    ["cancel", "spoilt"],
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two runs of three calls each: `fine` and `spoilt`."""
    path = tmp_path_factory.mktemp("template") / "clash.db"
    url = f"sqlite:///{path.as_posix()}"
    init_database(url)
    asyncio.run(apply(url, [*run_statements("fine", 3), *run_statements("spoilt", 3)]))
    return path


@pytest.fixture
def spoil(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets a column of one row of the run `spoilt`; False if the database would not take it."""
    path = tmp_path / "clash.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path.as_posix()}")

    def change(table: str, column: str, value: Any) -> bool:
        shutil.copyfile(template, path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA ignore_check_constraints=ON")
            return set_value(connection, table, "spoilt", column, value)

    return change


def columns(table: str, template: Path) -> list[str]:
    with closing(sqlite3.connect(template)) as connection:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    return [name for name in names if name not in ("id", "api_log_id", "run_id", "checkpoint_ns", "checkpoint_id")]


def cases(table: str, template: Path) -> Iterator[tuple[str, Any]]:
    """Two values for each column, so that each value meets every kind of column."""
    for number, column in enumerate(columns(table, template)):
        for step in range(2):
            yield column, VALUES[(number * 2 + step) % len(VALUES)]


def spoilt_runs(table: str, template: Path, path: Path) -> dict[str, tuple[str, Any]]:
    """Make a database with the run `fine`, and a run for each case that the database takes: column and value."""
    url = f"sqlite:///{path.as_posix()}"
    init_database(url)
    wanted = {f"spoilt-{number:03d}": case for number, case in enumerate(cases(table, template))}
    runs = [statement for name in ("fine", *wanted) for statement in run_statements(name, 3)]
    asyncio.run(apply(url, runs))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        return {name: case for name, case in wanted.items() if set_value(connection, table, name, *case)}


def set_value(connection: sqlite3.Connection, table: str, run: str, column: str, value: Any) -> bool:
    """Set a column of a run's last row; False if the database would not take it."""
    try:
        with connection:
            rowid = f"SELECT max(rowid) FROM {table} WHERE run_id = ?"
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ({rowid})", (value, run))
    except sqlite3.IntegrityError:
        return False
    return True


@pytest.mark.parametrize("table", TABLES)
def test_a_bad_value_spoils_no_list(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    """Whatever stands in a column: the lists show the other run, exit 0; what is left out is named."""
    path = tmp_path / "clash.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path.as_posix()}")
    spoilt = spoilt_runs(table, template, path)
    assert len(spoilt) >= 5
    for command in LISTS:
        code, told = main(command), capsys.readouterr()
        assert code == 0, (command, told.err)
        assert "fine" in told.out or command[0] == "checkpoints" or "--by" in command, command
    main(["doctor", "--offline"])
    told = capsys.readouterr()
    assert "internal" not in told.err
    assert "Traceback" not in told.err
    for name, (column, value) in spoilt.items():
        for general in ON_THE_BAD_RUN:
            command = [name if word == "spoilt" else word for word in general]
            code, told = main(command), capsys.readouterr()
            assert "internal" not in told.err, (column, value, command, told.err)
            assert "Traceback" not in told.err, (column, value, command)
            if code and command[0] != "resume":
                assert name in told.err, (column, value, command, told.err)


def test_text_that_is_no_unicode_is_named(spoil: Any, template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are no UTF-8 in a column of text, which Python's sqlite3 itself refuses to read."""
    for table, column in (("workflow_executions", "story_title"), ("api_logs", "service"), ("api_logs", "request")):
        assert spoil(table, column, "")
        with closing(sqlite3.connect("clash.db")) as connection, connection:
            connection.execute(f"UPDATE {table} SET {column} = CAST(x'ff41' AS TEXT) WHERE run_id = 'spoilt'")
        for command in LISTS:
            code, told = main(command), capsys.readouterr()
            assert code == 0, (table, column, command, told.err)
        main(["cost", "spoilt", "--calls", "--json"])
        assert "internal" not in capsys.readouterr().err


def test_a_bad_run_is_named_with_its_column(spoil: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """In the document and on standard error: the table, the run, the column and what is wrong with it."""
    assert spoil("workflow_executions", "metadata", "")
    assert main(["runs", "ls", "--json"]) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert [item["thread_id"] for item in document["items"]] == ["fine"]
    assert [(row["table"], row["thread_id"]) for row in document["damaged"]] == [("workflow_executions", "spoilt")]
    assert "warning: left out: the run spoilt: workflow_executions.metadata is not the JSON" in told.err
    assert main(["runs", "show", "spoilt"]) == 1
    told = capsys.readouterr()
    assert "the run spoilt cannot be read: workflow_executions.metadata" in told.err


@pytest.mark.parametrize("value", [2**62, 10**16, -1, float("inf"), "12abc", None, b"5"])
def test_sums_leave_out_what_is_no_money(spoil: Any, capsys: pytest.CaptureFixture[str], value: Any) -> None:
    """A cost that overflows, is negative, infinite or text: the total is that of the other calls."""
    if not spoil("api_logs", "cost_micro", value):
        return
    assert main(["cost", "--json"]) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["total_usd"] == "0.000025"
    assert [item["total_usd"] for item in document["items"]] == ["0.000015", "0.000010"]
    assert [(row["table"], row["name"]) for row in document["damaged"]] == [("api_logs", "shot:002")]
    assert "api_logs.cost_micro" in told.err


def test_an_export_leaves_out_a_run_that_no_import_takes(
    spoil: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are exported and can be imported; the one left out is named, and refused when it is asked for."""
    assert spoil("workflow_executions", "spent_micro", 7)
    assert main(["db", "export", "runs.jsonl", "--json"]) == 0
    told = capsys.readouterr()
    assert [row["thread_id"] for row in json.loads(told.out)["damaged"]] == ["spoilt"]
    assert "spoilt" in told.err
    assert main(["db", "export", "one.jsonl", "--thread", "spoilt"]) == 1
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{(tmp_path / 'other.db').as_posix()}")
    assert main(["db", "init"]) == 0
    assert main(["db", "import", "runs.jsonl"]) == 0


def test_sql_and_python_agree_on_what_is_sound(template: Path, spoil: Any) -> None:
    """What the sums leave out is what the lists name: the same rows, for every column that is summed."""
    summed = ("cost_micro", "quoted_cost_micro", "duration_ms", "reused", "state", "precision", "started_at", "service")
    for column in summed:
        for value in VALUES:
            if isinstance(value, float) and value == 1.5:
                value = 1.25
            if not spoil("api_logs", column, value):
                continue
            with closing(sqlite3.connect("clash.db")) as connection:
                connection.row_factory = sqlite3.Row
                for row in connection.execute(f"SELECT *, ({SOUND_CALL}) IS TRUE AS sound FROM api_logs").fetchall():
                    fault = fault_of("api_logs", dict(row))
                    assert bool(row["sound"]) or fault, (column, value)
                    assert not fault or not row["sound"] or not fault.startswith(column), (column, value, fault)
