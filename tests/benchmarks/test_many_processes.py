"""Many processes that make films with one SQLite file: each ends well, and none meets a lock."""

from __future__ import annotations

from pathlib import Path

from filming import clash, environment, forked, query, shot_list

PROCESSES = 4
STOCK = ("--image-model", "stock:illustrator", "--video-model", "stock:cinematographer")
TINY = ("--size", "128x72", "--fps", "8")


def test_many_processes_share_one_database(tmp_path: Path) -> None:
    """Films that are made at the same time are all completed, with no error about a lock and no call missing."""
    shot_list(tmp_path / "story.csv", 1)
    env = environment()
    assert clash(tmp_path, "db", "init", env=env).code == 0
    children = [
        forked(tmp_path, "run", "story.csv", "--thread", f"t{number}", "--no-reuse", *STOCK, *TINY, "--json", env=env)
        for number in range(PROCESSES)
    ]
    ended = [(child.communicate(timeout=300), child.wait(0)) for child in children]
    assert [code for _, code in ended] == [0] * PROCESSES, ended
    assert not [errors for (_, errors), _ in ended if "lock" in errors]
    rows = query(tmp_path, "SELECT run_id, count(*) FROM api_logs WHERE state = 'succeeded' GROUP BY run_id")
    assert len(rows) == PROCESSES
    assert len({calls for _, calls in rows}) == 1
