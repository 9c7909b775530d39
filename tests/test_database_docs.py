"""What the documents say of the database is so: every column, and every query, on SQLite and on D1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import METERED, clash, environment, shot_list

from clash.database.connection import open_database
from clash.database.port import Row, Statement

ROOT = Path(__file__).parent.parent
SCHEMA = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
MONITORING = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"^## (.+?)\n.*?^```sql\n(.+?)^```", MONITORING, flags=re.MULTILINE | re.DOTALL))
NOTHING_IS_WRONG = {"Interrupted runs", "Calls that may have been paid", "Whether the totals are right"}
"""Queries that find nothing while all is well."""
ONLY_ON_D1 = {"checkpoint_chunks", "d1_writers"}


def documented() -> dict[str, set[str]]:
    """The columns that docs/schema.md names, by table."""
    sections = re.split(r"^## (\w+)\n", SCHEMA, flags=re.MULTILINE)[1:]
    return {
        table: set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))
        for table, text in zip(sections[::2], sections[1::2], strict=True)
    }


@pytest.fixture
def with_runs(tmp_path: Path, database_url: str) -> str:
    """The URL of a database with a paid run that failed at one shot, and one that reused what the first had made."""
    shot_list(tmp_path / "story.csv", 2, seconds=0.5)
    env = environment(DATABASE_URL=database_url, METER=str(tmp_path / "meter"), METER_COST="0.10")
    arguments = ("run", "story.csv", "--size", "96x64", "--fps", "8", *METERED)
    failed = clash(tmp_path, *arguments, "--thread", "run-9", env={**env, "METER_FAIL": "shot:002"})
    assert failed.code == 1, failed.err
    reused = clash(tmp_path, *arguments, "--thread", "run-10", env=env)
    assert reused.code == 0, reused.err
    return database_url


async def answers(url: str, queries: dict[str, str]) -> dict[str, list[Row]]:
    """The rows of each query."""
    async with open_database(url, "read") as database:
        return {name: await database.query(sql) for name, sql in queries.items()}


@on_both_databases
async def test_every_table_is_documented_and_every_query_runs(with_runs: str) -> None:
    """docs/schema.md names just the columns there are; each query of docs/monitoring.md finds what it is for."""
    ours = "type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'"
    tables = f"SELECT name FROM sqlite_master WHERE {ours}"
    found = await answers(with_runs, {"tables": tables, **QUERIES})
    columns = await answers(
        with_runs,
        {row["name"]: f"SELECT name FROM pragma_table_info('{row['name']}')" for row in found.pop("tables")},
    )
    named = documented()
    expected = named.keys() if with_runs.startswith("d1://") else named.keys() - ONLY_ON_D1
    assert columns.keys() == expected
    for table, rows in columns.items():
        assert {row["name"] for row in rows} == named[table], table

    assert len(found) >= 11
    for name, rows in found.items():
        assert bool(rows) == (name not in NOTHING_IS_WRONG), f"{name}: {rows}"
    stands: dict[str, Any] = {row["run_id"]: row["status"] for row in found["The state of every run"]}
    assert stands == {"run-9": "failed", "run-10": "completed"}
    (saved,) = found["What reuse has saved"]
    (failures,) = found["Failures of the last day, by provider"]
    assert (saved["run_id"], failures["error_code"]) == ("run-10", "overloaded")
    assert saved["saved_usd"] == pytest.approx(saved["calls"] * 0.1)
    spent = sum(row["cost_usd"] for row in found["Spending by day and model"])
    assert spent == pytest.approx(sum(row["spent_usd"] for row in found["The state of every run"]))

    # An interrupted run, a call without an answer, totals that do not agree: now each alarm goes off.
    async with open_database(with_runs, "write") as database:
        await database.batch(
            [
                Statement("UPDATE workflow_executions SET status = 'running', spent_micro = 1 WHERE run_id = 'run-9'"),
                Statement("UPDATE api_logs SET state = 'unknown' WHERE run_id = 'run-9' AND slot = 'screenplay'"),
            ]
        )
    alarms = await answers(with_runs, {name: QUERIES[name] for name in NOTHING_IS_WRONG})
    for name, rows in alarms.items():
        assert [row["run_id"] for row in rows] == ["run-9"], name
