"""A film on D1: `DATABASE_URL=d1://...` and nothing else changes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from conftest import on_d1
from filming import SMALL, clash, environment, killed_while_shooting, metered, shot_list

METERED = ("--image-model", "metered:illustrator", "--speech-model", "metered:voice")


@on_d1
def test_a_film_is_made_and_told_of(tmp_path: Path, database_url: str) -> None:
    """init, run, cost, checkpoints, runs, status: what is made and paid is told from D1; no file is a database."""
    shot_list(tmp_path / "story.csv", 6, words=True)
    env = environment(DATABASE_URL=database_url, CLASH_DEBUG="1", METER=str(tmp_path / "meter"))

    def document(*arguments: str) -> dict[str, Any]:
        ran = clash(tmp_path, *arguments, "--json", env=env)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    assert document("db", "init")["applied"]
    assert document("db", "init")["applied"] == []
    ran = clash(tmp_path, "run", "story.csv", "--thread", "run-9", *SMALL, *METERED, "--json", env=env)
    assert ran.code == 0, ran.err
    assert (tmp_path / "output" / "run-9" / "film.mp4").exists()
    calls = document("cost", "run-9")["calls"]
    requests = len(re.findall(r"POST database/\S+/raw: HTTP 200$", ran.err, re.MULTILINE))
    # Of a call: look for its answer, intent, settle, checkpoint. How many calls share a request depends on the machine.
    print(f"\na film of 6 shots: {requests} requests for {calls} calls (at most 4 a call and 20)")
    assert calls < requests <= 4 * calls + 20
    assert document("checkpoints", "ls", "run-9")["items"][0]["step_name"] == "finalize"
    assert "film" in document("checkpoints", "show", "run-9")["values"]
    assert document("runs", "ls")["items"][0]["status"] == "completed"
    status = document("db", "status")
    assert (status["url"], status["kind"], status["path"]) == (database_url, "d1", None)
    assert status["size_bytes"] > 10_000
    assert clash(tmp_path, "run", "story.csv", "--thread", "run-9", *SMALL, *METERED, env=env).code == 0
    assert not list(tmp_path.rglob("*.db"))


@on_d1
def test_a_run_that_was_killed_goes_on_elsewhere(tmp_path: Path, database_url: str) -> None:
    """Killed in one folder, resumed from another with the same asset store: the film is made, nothing is made twice."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    shot_list(here / "story.csv", 6, words=True)
    meter = tmp_path / "meter"
    env = environment(
        DATABASE_URL=database_url, ASSET_STORE=f"file://{tmp_path / 'assets'}", METER=str(meter), METER_DELAY="0.2"
    )
    assert clash(here, "db", "init", env=env).code == 0
    killed_while_shooting(
        here, "run", "story.csv", "--thread", "run-9", *SMALL, *METERED, "--concurrency", "2", env=env
    )
    assert metered(meter)
    resumed = clash(there, "resume", "run-9", "--json", env=env)
    assert resumed.code == 0, resumed.err
    document = json.loads(resumed.out)
    assert document["status"] == "completed"
    listed = json.loads(clash(there, "runs", "show", "run-9", "--json", env=env).out)["calls"]
    succeeded = Counter(call["slot"] for call in listed if call["state"] == "succeeded")
    assert set(succeeded.values()) == {1}
