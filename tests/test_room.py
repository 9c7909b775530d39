"""`clash db vacuum` and the sizes of `clash db status`; CLASH_RETENTION at the end of a run."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, rows_of
from test_removal import costs, filmed

from clash.config import Settings
from clash.database import room
from clash.database.call_texts import CUT, cut_request, cut_texts, is_same_request
from clash.database.connection import is_d1
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Rows, Statement
from clash.errors import StorageError


@on_both_databases
def test_a_policy_and_a_vacuum_keep_the_database_small(tmp_path: Path, database_url: str) -> None:
    """The newest checkpoint and short texts stay; the run is resumed, retaken and forked, and costs what it did."""
    film = filmed(tmp_path / "film", database_url)
    policy = '{"checkpoints": "latest", "request_days": 0}'
    before = costs(film)["total_usd"]
    assert film.run("retake", "film", "shot:001", CLASH_RETENTION=policy).code == 0
    assert len(film.run("checkpoints", "ls", "film").document["items"]) == 1
    cut = rows_of(database_url, f"SELECT count(*) FROM api_logs WHERE request LIKE '%\"{CUT}\"%'")
    assert cut[0][0] > 0
    assert film.run("takes", "use", "film", "shot:001", "1").code == 0
    assert film.run("resume", "film").code == 0
    charged = film.charged()
    assert film.run("fork", "film", "--thread", "fork", "--story", "story.csv").code == 0
    again = film.run("run", "story.csv", "--thread", "again", *SMALL, *METERED)
    assert (again.code, film.charged()) == (0, charged), "nothing is bought again for a request that was cut"
    assert film.run("runs", "rm", "fork", "again", "--yes").code == 0
    status = film.run("db", "status").document
    done = film.run("db", "vacuum")
    assert done.code == 0, done.err
    assert done.document["done"] is not is_d1(database_url)
    if not is_d1(database_url):
        assert done.document["after_bytes"] < done.document["before_bytes"]
        after = film.run("db", "status").document
        assert (status["free_bytes"] > 0, after["free_bytes"], after["wal_bytes"]) == (True, 0, 0)
        assert sum(after["table_bytes"].values()) <= after["size_bytes"]
    assert costs(film)["total_usd"] > before


def test_a_vacuum_asks_for_room_and_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk has too little room nothing is written, and it says how much is missing and where."""
    path = tmp_path / "small.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 100))
    with sqlite3.connect(path) as connection, pytest.raises(StorageError, match="bytes of free room are needed"):
        room._require_room(connection, path)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"checkpoint": 3}', "no 'checkpoint' in it; known: checkpoints, request_days"),
        ('{"checkpoints": 0}', "how many are kept"),
        ('{"request_days": -1}', "number of days"),
        ("30d", "not a JSON object"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(text: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is wrong with it, and what is known."""
    monkeypatch.setenv("CLASH_RETENTION", text)
    with pytest.raises(ValueError, match=said):
        Settings()


def test_a_cut_request_is_known_again() -> None:
    """It has the digest of the whole, the frames and the keyframe; cut again it stays as it is."""
    request = '{"frames":12,"keyframe":{"sha256":"ab","media_type":"image/png"},"prompt":"a lamp"}'
    cut = cut_request(request)
    assert is_same_request(cut, request)
    assert not is_same_request(cut, request.replace("lamp", "lamb"))
    assert cut_request(cut) == cut
    assert cut.endswith('"frames":12,"keyframe":{"sha256":"ab"}}')


@on_both_databases
async def test_cutting_reads_no_table_for_each_call(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call is cut by its id alone; the newest response of a model stays."""
    call = (
        "INSERT INTO api_logs (run_id, step, token, service, model, state, request, response, started_at, key_version)"
        f" VALUES ('r', 's', ?, 'svc', 'm', 'succeeded', '{'x' * 400}', '{{}}', '2026-01-01T00:00:00Z', 2)"
    )
    await AsyncMetadataTracker(database).start_workflow("r", "video_production")
    await database.batch([Statement(call, (f"token-{number}",)) for number in range(3)])
    applied: list[Statement] = []

    async def batch(statements: Sequence[Statement]) -> list[Rows]:
        applied.extend(statements)
        return await applying(statements)

    applying = database.batch
    monkeypatch.setattr(database, "batch", batch)
    assert await cut_texts(database, before="2026-02-01T00:00:00Z") == 3
    for one in applied:
        steps = await database.query(f"EXPLAIN QUERY PLAN {one.sql}", one.params)
        assert not [step for step in steps if str(step["detail"]).startswith("SCAN")]
    rows = await database.query("SELECT response FROM api_logs ORDER BY id")
    assert [row["response"] for row in rows] == [None, None, "{}"]
