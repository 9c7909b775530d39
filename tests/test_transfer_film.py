"""A film that is moved between databases in the middle of its work, by the commands as one types them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import clash, command, environment, killed_while_shooting, metered, shot_list
from moving import export, reports, save, settings_for, take_in

from clash.database import init_database
from clash.errors import ConflictError, VersionMismatchError
from clash.reports import checkpoints

TINY = ("--size", "96x64", "--fps", "8")
PAID = ("--image-model", "metered:illustrator", "--speech-model", "metered:voice")


def told(url: str, folder: Path) -> list[Any]:
    """What is told of the run, but for the lease of a dead process, which stays where it is."""
    documents = asyncio.run(reports(url, folder))
    for document in (*documents[0], documents[2]):
        del document["lease"]
    return [*documents, asyncio.run(checkpoints.show_checkpoint(settings_for(url, folder), "run-9"))]


@on_both_databases
def test_a_killed_run_continues_in_another_database(tmp_path: Path, database_url: str) -> None:
    """Killed on the one, moved, resumed on the other: every report is the same, and nothing is paid for twice.

    `database_url` is where it goes: from SQLite to D1, and from D1 to SQLite.
    """
    shot_list(tmp_path / "story.csv", 3, words=True)
    cloudflare = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    other = f"sqlite:///{tmp_path / 'other.db'}"
    first, second = (other, database_url) if database_url.startswith("d1://") else (database_url, other)
    meter = tmp_path / "meter"
    common = environment(METER=str(meter), METER_DELAY="0.2", METER_COST="0.10", **cloudflare)
    here, there = ({**common, "DATABASE_URL": url} for url in (first, second))
    for url in (first, second):
        init_database(url)
    killed_while_shooting(
        tmp_path, "run", "story.csv", "--thread", "run-9", *TINY, *PAID, "--concurrency", "2", env=here
    )
    assert metered(meter)
    exported = clash(tmp_path, "db", "export", "runs.jsonl.gz", "--json", env=here)
    assert exported.code == 0, exported.err
    assert exported.document["unfinished"] == ["run-9"]
    imported = clash(tmp_path, "db", "import", "runs.jsonl.gz", "--json", env=there)
    assert imported.code == 0, imported.err
    assert imported.document["items"][0]["result"] == "imported"
    assert imported.document["assets"]["missing_here"] == 0
    assert told(second, tmp_path) == told(first, tmp_path)

    resumed = clash(tmp_path, "resume", "run-9", "--json", env=there)
    assert resumed.code == 0, resumed.err
    assert resumed.document["status"] == "completed"
    assert set(Counter(metered(meter)).values()) == {1}
    calls = told(second, tmp_path)[2]["calls"]
    assert set(Counter(call["slot"] for call in calls if call["state"] == "succeeded").values()) == {1}

    # And on, finished: refused where the unfinished run still stands, taken where there is none.
    third = f"sqlite:///{tmp_path / 'third.db'}"
    init_database(third)
    asyncio.run(export(second, tmp_path / "finished.jsonl"))
    with pytest.raises(ConflictError, match="run-9"):
        asyncio.run(take_in(first, tmp_path / "finished.jsonl"))
    asyncio.run(take_in(third, tmp_path / "finished.jsonl"))
    assert told(third, tmp_path) == told(second, tmp_path)
    finished = clash(tmp_path, "resume", "run-9", "--json", env={**common, "DATABASE_URL": third})
    assert finished.document["status"] == "already_completed"
    assert set(Counter(metered(meter)).values()) == {1}


def test_the_commands_follow_the_rules_of_all_commands(tmp_path: Path) -> None:
    """Exit codes, one document, a reader that is gone; half a stream is refused; no file is left over."""
    env = environment()

    def code(*arguments: str, stdin: bytes = b"") -> int:
        ran = clash(tmp_path, "db", *arguments, "--json", env=env, stdin=stdin)
        assert "error" in json.loads(ran.out)
        return ran.code

    assert code("export", "runs.jsonl") == 3
    assert clash(tmp_path, "db", "init", env=env).code == 0
    assert code("export", "-") == 2
    assert code("export", "no-folder/runs.jsonl") == 1
    assert code("export", ".") == 2
    assert code("import", "none.jsonl") == 3
    assert code("import", "-", stdin=b'{"format":"clash-export","version":99}\n') == VersionMismatchError.exit_code
    whole = clash(tmp_path, "db", "export", "-", env=env).out.encode()
    half = clash(tmp_path, "db", "import", "-", env=env, stdin=whole.splitlines(keepends=True)[0])
    assert (half.code, "line 2: the export is cut off" in half.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no bash")
def test_an_export_to_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """`clash db export - | head`: exit 0, not a word, though most of the runs are not written yet."""
    url = f"sqlite:///{tmp_path / 'data' / 'checkpoints.db'}"
    init_database(url)
    asyncio.run(save(url, "large", [500_000] * 8))
    shell = f"{' '.join(command('db', 'export', '-'))} | head -c 10"
    piped = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, b'{"format":', b"")
