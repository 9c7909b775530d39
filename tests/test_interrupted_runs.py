"""Which runs are interrupted: those of clash whose process died; the same word in lists, filters and on the board."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, environment, forked_clash, shot_list

from clash.config import load_settings
from clash.database.connection import open_database
from clash.database.lease import release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.reports.run_list import list_runs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


@on_both_databases
def test_a_run_whose_process_died_is_listed_as_interrupted(tmp_path: Path, database_url: str) -> None:
    """Not one that a live process holds, nor one that has ended, nor a workflow of one's own; --limit counts such."""
    env = environment(DATABASE_URL=database_url, METER=str(tmp_path / "meter"), METER_COST="0.10")
    story = str(shot_list(tmp_path / "story.csv", 1))

    def run(thread: str, **changes: str) -> int:
        ran = forked_clash(tmp_path, "run", story, "--thread", thread, *SMALL, *METERED, env={**env, **changes})
        return ran.code

    def listed(*flags: str) -> set[str]:
        ran = forked_clash(tmp_path, "runs", "ls", *flags, "--json", env=env)
        assert ran.code == 0, ran.err
        return {item["thread_id"] for item in ran.document["items"]}

    for thread in ("died", "gone", "held"):
        assert run(thread, CLASH_FAULT="settle.after:1") < 0
    assert run("done") == 0

    async def look() -> None:
        async with open_database(database_url, "write") as database:
            await AsyncMetadataTracker(database).start_workflow("own", "mine")
            lease = await take_lease(database, "held")
            try:
                assert listed("--status", "interrupted") == {"died", "gone"}
                assert listed("--status", "running") == {"died", "gone", "held", "own"}
                items = (
                    await list_runs(
                        load_settings().changed(database_url=database_url), status="interrupted", limit=1, offset=1
                    )
                ).items
                assert [item.thread_id for item in items] == ["died"]
                shown = forked_clash(tmp_path, "runs", "ls", "--status", "interrupted", "--limit", "1", env=env)
                assert [line.split("\t")[:2] for line in shown.out.splitlines()[1:]] == [["gone", "running"]]
            finally:
                await release_lease(database, lease)

    asyncio.run(look())
    assert listed("--status", "interrupted", "--batch", "none") == set()
    assert run("died") == 0
    assert "died" not in listed("--status", "interrupted")
