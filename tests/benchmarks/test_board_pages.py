"""The pages of the board over a large database, against plain SQL that reads the same rows: ratios in one run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from browser_of_board import board_of, browsing

from clash.assets import AssetStore
from clash.config import Settings
from clash.database import init_database

RUNS, SHOTS = 1000, 300
LONG = 5000
ROUNDS = 5
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
_TOTALS = json.dumps({"totals": {"generate_shots": SHOTS}})


def fill_runs(path: Path) -> None:
    """A thousand runs of 300 shots, each with its keyframe and clip."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA synchronous=OFF")
        database.execute(
            f"{_NUMBERS.format(most=RUNS)} INSERT INTO workflow_executions (run_id, workflow_name, status, start_time,"
            " updated_at, story_title, settings, metadata) SELECT printf('run-%04d', i), 'video_production',"
            " 'completed', printf('2026-11-%02dT10:00:%06.3fZ', 1 + i % 28, i % 60), '2026-11-27T10:00:00.000Z',"
            " printf('Title %d', i), '{}', ? FROM n",
            (_TOTALS,),
        )
        database.execute(
            f"{_NUMBERS.format(most=SHOTS)} INSERT INTO generated_assets (run_id, step, slot, asset_type, media_type,"
            " sha256, path, bytes, created_at) SELECT run_id, 'generate_shots', printf('shot:%03d', i), kind,"
            " 'video/mp4', printf('%064d', i), '00/0', 1, '2026-11-27T10:00:00.000Z' FROM workflow_executions, n,"
            " (SELECT 'keyframe' AS kind UNION ALL SELECT 'shot')"
        )


def fill_long_run(path: Path, assets: AssetStore) -> None:
    """One run of 5,000 shots, each made by two calls, whose requests are as large as real ones."""
    shots = [
        {"number": number, "action": f"Thing {number}.", "duration_s": 3.0, "source_row": number, "dialogue": []}
        for number in range(1, LONG + 1)
    ]
    screenplay = {"scenes": [{"number": "1", "shots": shots}], "characters": [], "locations": []}
    digest = assets.put(json.dumps(screenplay).encode())
    now = "2026-11-27T10:00:00.000Z"
    columns = "run_id, step, slot, asset_type, media_type, sha256, path, bytes, created_at"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA synchronous=OFF")
        database.execute(
            "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at)"
            " VALUES ('long', 'video_production', 'running', '2026-12-01T10:00:00.000Z', ?)",
            (now,),
        )
        database.execute(
            f"INSERT INTO generated_assets ({columns}) VALUES"
            " ('long', 'generate_screenplay', 'screenplay', 'screenplay', 'application/json', ?, '00/0', 1, ?)",
            (digest, now),
        )
        parts = "(SELECT 'keyframe' AS kind, '/keyframe' AS part UNION ALL SELECT 'shot', '')"
        database.execute(
            f"{_NUMBERS.format(most=LONG)} INSERT INTO generated_assets ({columns}) SELECT 'long', 'generate_shots',"
            f" printf('shot:%03d', i), kind, 'video/mp4', printf('%064d', i), '00/0', 1, ? FROM n, {parts}",
            (now,),
        )
        database.execute(
            f"{_NUMBERS.format(most=LONG)} INSERT INTO api_logs (run_id, step, slot, token, service, model, state,"
            " request, cost_micro, started_at, ended_at, duration_ms) SELECT 'long', 'generate_shots',"
            " printf('shot:%03d', i) || part, printf('%d', i) || part, 'fal', 'model', 'succeeded', ?, 40000, ?, ?, 900"
            f" FROM n, {parts}",
            (json.dumps({"prompt": "x" * 1500}), now, now),
        )


def fastest(work: Callable[[], object]) -> float:
    """The fastest of some rounds, in milliseconds."""
    return min(_timed(work) for _ in range(ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


async def page_times(settings: Settings, path: str) -> list[float]:
    """How long a page takes, read anew each time, in milliseconds."""
    took: list[float] = []
    for _ in range(ROUNDS):
        async with browsing(board_of(settings)) as browser:
            began = time.perf_counter()
            answer = await browser.get(path)
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.text
    return took


def plain_runs(path: Path) -> None:
    """What the first page says, read by SQL alone."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        names = [
            row[0]
            for row in database.execute(
                "SELECT run_id, * FROM workflow_executions ORDER BY start_time DESC, run_id LIMIT 51"
            )
        ]
        marks = ", ".join("?" * len(names))
        database.execute(
            f"SELECT run_id, step, count(DISTINCT slot) FROM generated_assets WHERE run_id IN ({marks})"
            " AND asset_type = 'shot' GROUP BY run_id, step",
            names,
        ).fetchall()


def plain_calls(path: Path) -> None:
    """The calls of the long run, read by SQL alone."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.execute("SELECT slot, state, cost_micro, started_at FROM api_logs WHERE run_id = 'long'").fetchall()


def test_the_first_page_of_a_thousand_runs(tmp_path: Path) -> None:
    """1,000 runs of 300 shots: the first page takes a few times what plain SQL takes for its rows."""
    path = tmp_path / "clash.db"
    settings = Settings(DATABASE_URL=f"sqlite:///{path}", ASSET_STORE=f"file://{tmp_path}/assets")
    init_database(settings.database_url)
    fill_runs(path)
    plain = fastest(lambda: plain_runs(path))
    took = asyncio.run(page_times(settings, "/"))
    print(
        f"\nfirst page of {RUNS} runs: {min(took):.0f} ms (median {statistics.median(took):.0f}), plain {plain:.1f} ms"
    )
    assert min(took) < plain * 5 + 100


def test_a_page_of_a_run_of_5000_shots(tmp_path: Path) -> None:
    """A page of a very long run takes a few times what plain SQL takes to read its calls once."""
    path, assets = tmp_path / "clash.db", AssetStore(tmp_path / "assets")
    settings = Settings(DATABASE_URL=f"sqlite:///{path}", ASSET_STORE=f"file://{tmp_path}/assets")
    init_database(settings.database_url)
    fill_long_run(path, assets)
    plain = fastest(lambda: plain_calls(path))
    took = asyncio.run(page_times(settings, "/runs/long?page=60"))
    print(f"\na page of {LONG} shots: {min(took):.0f} ms (median {statistics.median(took):.0f}), plain {plain:.1f} ms")
    assert min(took) < plain * 12 + 100
