"""What keeps a run from being taken up again, and what is said of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import shot_list

from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.port import Statement
from clash.production import RunRequest, StopSignal, resume, run


@pytest.fixture
async def stopped(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a thread `t` that was stopped before its first call."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CLASH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings, stop = load_settings(), StopSignal()
    stop.request(signal.SIGINT)
    story = shot_list(tmp_path / "story.csv", 1)
    report = await run(RunRequest(str(story), thread_id="t", size="192x108", fps=8), settings, stop=stop)
    assert (report.document["status"], report.exit_code) == ("paused", 130)
    return settings


@on_both_databases
@pytest.mark.parametrize("column", ["checkpoint", "metadata"])
async def test_bytes_that_cannot_be_read_are_damage(stopped: Settings, column: str) -> None:
    """Whichever they are, the way out is named."""
    async with open_database(stopped.database_url, "write") as database:
        damaged = await database.batch([Statement(f"UPDATE checkpoints SET {column} = x'ffff00' RETURNING 1", ())])
        assert damaged[0]
    report = await resume("t", stopped)
    error = report.document["error"]
    assert (error["code"], report.exit_code) == ("damaged_checkpoint", 1)
    assert "under a new thread" in error["hint"]


@on_both_databases
async def test_a_fault_of_the_library_is_not_called_damage(
    stopped: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A run whose checkpoints are whole is not said to be lost: the fault is named, and in the log in full."""

    async def fail(*_: object, **__: object) -> None:
        raise TypeError("a channel of another make")

    with monkeypatch.context() as patched:
        patched.setattr("langgraph.pregel.Pregel.aget_state", fail)
        report = await resume("t", stopped)
    assert (report.document["error"]["code"], report.exit_code) == ("internal", 1)
    assert "a channel of another make" in report.document["error"]["message"]
    assert any(record.exc_info for record in caplog.records)
    assert (await resume("t", stopped)).document["status"] == "completed"
