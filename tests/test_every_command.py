"""Every command, one after another, on SQLite and on D1: only DATABASE_URL differs."""

from __future__ import annotations

import os
from pathlib import Path

from conftest import on_both_databases
from filming import SMALL, clash, environment, shot_list


@on_both_databases
def test_every_command_works_on_both_databases(tmp_path: Path, database_url: str) -> None:
    """Init, run, run again, and every report: exit 0, and the same numbers wherever they are kept."""
    shot_list(tmp_path / "story.csv", 3, words=True)
    variables = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    env = environment(DATABASE_URL=database_url, **variables)

    def run(*arguments: str) -> dict[str, object]:
        ran = clash(tmp_path, *arguments, "--json", env=env)
        assert ran.code == 0, (arguments, ran.err)
        return ran.document

    assert run("db", "init")["applied"]
    assert run("db", "init")["applied"] == []
    assert run("run", "story.csv", "--thread", "both", *SMALL)["status"] == "completed"
    assert run("resume", "both")["status"] == "already_completed"
    calls = run("cost", "both")["calls"]
    # One screenplay, a card each for Mara and three places, and three calls a shot.
    assert calls == 1 + 4 + 3 * 3
    assert [item["thread_id"] for item in run("runs", "ls")["items"]] == ["both"]  # type: ignore[attr-defined]
    assert len(run("runs", "show", "both")["calls"]) == calls  # type: ignore[arg-type]
    items = run("checkpoints", "ls", "both")["items"]
    assert items[0]["step_name"] == "finalize"  # type: ignore[index]
    assert run("checkpoints", "show", "both")["values"]["film"]["frames"] > 0  # type: ignore[index]
    assert {shot["state"] for shot in run("runs", "diff", "both", "both")["shots"]} == {"kept"}  # type: ignore[attr-defined]
    assert run("fork", "both", "--thread", "again", "--dry-run")["calls"]["to_make"] == 0  # type: ignore[index]
    forked = run("fork", "both", "--thread", "again")
    assert forked["film"]["sha256"] == run("resume", "both")["film"]["sha256"]  # type: ignore[index]
    saved = [item["checkpoint_id"] for item in items]  # type: ignore[attr-defined]
    found = run("checkpoints", "diff", "both", saved[1], saved[0])["items"]
    assert [item["key"] for item in found] == ["film"]  # type: ignore[attr-defined]
    assert len(run("assets", "ls", "both")["items"]) > calls  # type: ignore[arg-type]
    assert run("export", "both")["media"] == 3
    assert len(run("screenplay", "show", "both")["screenplay"]["scenes"]) > 0  # type: ignore[index]
    status = run("db", "status", "--check")
    assert status["pending"] == []
    # The fork has the same calls but for the screenplay's, which it is given.
    assert status["rows"]["api_logs"] == 2 * calls - 1  # type: ignore[index]
    for report in (("runs", "ls"), ("cost", "both", "--calls"), ("db", "status"), ("checkpoints", "ls", "both")):
        assert clash(tmp_path, *report, env=env).code == 0
