"""Runs that older clashes left in the middle of their shots go on: their states hold whole shots, today's hold slots.

`first_version/halted.zip` was made by the first version (commit 2a9e379), `version_before/halted.zip` by the last one
whose states held whole shots (commit 78ed498): three shots with paid pictures and clips, the second of which failed.
"""

from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from filming import METERED, SMALL, clash, environment, shot_list

from clash.database.checkpointer import strict_serializer

HERE = Path(__file__).parent


def meter(folder: Path, **more: str) -> dict[str, str]:
    """The settings of then: a cent a call."""
    return environment(METER=str(folder / "meter"), METER_COST="0.01", METER_REVISION="1", **more)


def charged(folder: Path) -> list[str]:
    """The slots that were charged, in this order."""
    lines = [line.split() for line in (folder / "meter").read_text(encoding="utf-8").splitlines()]
    return [line[2] for line in lines if line[0] == "charge"]


def sent(folder: Path) -> list[dict[str, Any]]:
    """What was sent to the tasks that make shots, as it is in the table of writes."""
    with sqlite3.connect(folder / "data/checkpoints.db") as connection:
        rows = connection.execute("SELECT type, value FROM writes WHERE channel = '__pregel_tasks'").fetchall()
    values = (strict_serializer().loads_typed(row) for row in rows)
    return [send.arg for send in values if send.node == "generate_shots"]


@pytest.mark.parametrize("version", ["first_version", "version_before"])
def test_a_halted_run_of_an_older_clash_goes_on(tmp_path: Path, version: str) -> None:
    """Resumed by today's clash it makes the one clip that is missing, and pays for nothing else."""
    with zipfile.ZipFile(HERE / version / "halted.zip") as files:
        files.extractall(tmp_path)
    before = charged(tmp_path)
    assert all("shot" in task for task in sent(tmp_path))
    assert clash(tmp_path, "db", "init", env=meter(tmp_path)).code == 0
    resumed = clash(tmp_path, "resume", "halted", "--json", env=meter(tmp_path))
    assert (resumed.code, resumed.document["status"]) == (0, "completed"), resumed.err
    assert charged(tmp_path)[len(before) :] == ["shot:002"]


def test_a_halted_run_of_today_holds_slots_and_goes_on(tmp_path: Path) -> None:
    """What is sent to the tasks is their slots alone; another process makes the missing clip from the saved state."""
    shot_list(tmp_path / "story.csv", 3)
    halted = clash(
        tmp_path,
        *("run", "story.csv", "--thread", "halted", *METERED, *SMALL),
        env=meter(tmp_path, METER_FAIL="shot:002"),
    )
    assert halted.code == 1
    assert sent(tmp_path) == [{"slot": f"shot:{number:03d}"} for number in (1, 2, 3)]
    before = charged(tmp_path)
    resumed = clash(tmp_path, "resume", "halted", "--json", env=meter(tmp_path))
    assert (resumed.code, resumed.document["status"]) == (0, "completed"), resumed.err
    assert charged(tmp_path)[len(before) :] == ["shot:002"]
