"""`clash gc` as it is typed: what it says, asks and ends with; and what it frees after runs were removed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from filming import SMALL, Ran, environment, forked_clash, shot_list
from test_documents import holds

from clash.assets import AssetStore
from clash.assets.records import write_call_record, write_run_record
from clash.cli.gc import age_of
from clash.errors import UsageError


def old_file(folder: Path, content: bytes = b"unnamed") -> Path:
    assets = AssetStore(folder / "data" / "assets")
    path = assets.path(assets.put(content))
    age_all(folder)
    return path


def age_all(folder: Path) -> None:
    then = time.time() - 30 * 86_400
    for path in (folder / "data" / "assets").rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def run(folder: Path, *arguments: str) -> Ran:
    return forked_clash(folder, *arguments, env=environment())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a new database."""
    assert run(tmp_path, "db", "init").code == 0
    return tmp_path


def test_without_a_terminal_it_says_and_deletes_nothing(folder: Path) -> None:
    """Exit 2 with the document of what would be deleted; `--dry-run` is exit 0, `--yes` deletes."""
    path = old_file(folder)
    unasked = run(folder, "gc", "--json")
    holds("gc", unasked.document)
    assert unasked.code == 2
    assert (unasked.document["deleted"], unasked.document["files"]) == (False, 1)
    assert unasked.document["error"]["code"] == "usage"
    assert "clash gc --yes" in unasked.err
    dry = run(folder, "gc", "--dry-run", "--json")
    assert (dry.code, dry.document["dry_run"], dry.document["files"]) == (0, True, 1)
    assert path.exists()
    done = run(folder, "gc", "--yes", "--json")
    holds("gc", done.document)
    assert (done.code, done.document["deleted"], done.document["bytes"]) == (0, True, 7)
    assert not path.exists()
    assert run(folder, "gc").code == 0, "there is nothing to ask about"


def test_a_pipe_is_told_what_is_kept_as_recent(folder: Path) -> None:
    """Where nothing is deleted because it was used lately, a pipe is told so on standard error, and what to type."""
    assets = AssetStore(folder / "data" / "assets")
    assets.put(b"unnamed")
    kept = run(folder, "gc")
    assert (kept.code, kept.err.count("1 more file that nothing names is kept, used in the last 7 d")) == (0, 1)
    assert "`clash gc --older-than 1h`" in kept.err
    assert "nothing names is kept" not in kept.out
    shortest = run(folder, "gc", "--older-than", "1h")
    assert "used in the last 1 h" in shortest.err
    assert "--older-than" not in shortest.err
    assert run(folder, "gc", "--json").err == ""


def test_an_age_is_a_number_and_a_unit() -> None:
    """Anything else is refused with an example."""
    assert [age_of(text).total_seconds() for text in ("90m", "36h", "7d", "2w")] == [5400, 129600, 604800, 1209600]
    for text in ("7", "d", "-7d", "7 days", "٧d"):
        with pytest.raises(UsageError, match="is no age"):
            age_of(text)


def test_a_removed_run_leaves_what_is_named(tmp_path: Path) -> None:
    """After `runs rm` and `gc` the other run is whole, and nothing is on the disk that nothing names."""
    shot_list(tmp_path / "first.csv", 1, seconds=0.5)
    (tmp_path / "second.csv").write_text((tmp_path / "first.csv").read_text().replace("Harbour", "Desert"))
    for name in ("first", "second"):
        assert run(tmp_path, "run", f"{name}.csv", "--thread", name, *SMALL).code == 0
    age_all(tmp_path)
    assert run(tmp_path, "gc", "--dry-run", "--json").document["files"] == 0
    removed = run(tmp_path, "runs", "rm", "first", "--yes")
    assert removed.code == 0, removed.err
    before = size_of(tmp_path)
    document = run(tmp_path, "gc", "--yes", "--json").document
    assert document["files"] > 0
    assert before - size_of(tmp_path) == document["bytes"]
    assert document["kept"]["named"] == len(files_of(tmp_path))
    assert run(tmp_path, "resume", "second").code == 0


def test_the_disk_is_back_after_a_removal(tmp_path: Path) -> None:
    """After `runs rm`, `gc` and `db vacuum`, database and asset store are at most 5 % larger than without that run."""
    shot_list(tmp_path / "stays.csv", 1, seconds=0.5)
    (tmp_path / "goes.csv").write_text(shot_list(tmp_path / "x.csv", 3, seconds=0.5).read_text().replace("Mara", "Ida"))
    assert run(tmp_path, "run", "stays.csv", "--thread", "stays", *SMALL).code == 0
    assert run(tmp_path, "db", "vacuum").code == 0
    before = bytes_on_disk(tmp_path)
    assert run(tmp_path, "run", "goes.csv", "--thread", "goes", *SMALL).code == 0
    assert sum(bytes_on_disk(tmp_path)) > 1.5 * sum(before)
    age_all(tmp_path)
    for command in (("runs", "rm", "goes", "--yes"), ("gc", "--yes"), ("db", "vacuum")):
        done = run(tmp_path, *command)
        assert done.code == 0, done.err
    after = bytes_on_disk(tmp_path)
    print(f"database and asset store: {before} bytes before the run, {after} after its removal")
    assert sum(after) <= 1.05 * sum(before)
    assert after[0] <= 1.05 * before[0]
    assert after[1] <= 1.05 * before[1]


def bytes_on_disk(folder: Path) -> tuple[int, int]:
    """The bytes of the database with what SQLite keeps beside it, and those of the asset store."""
    return sum(path.stat().st_size for path in (folder / "data").glob("checkpoints.db*")), size_of(folder)


def files_of(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "assets").glob("[0-9a-f][0-9a-f]/*") if not path.suffix]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "data" / "assets").rglob("*") if path.is_file())


def test_records_of_a_removed_run_go_with_it(folder: Path) -> None:
    """Those of a run that was removed with all that it paid for; those of one that is merely lost stay."""
    import sqlite3

    assets = AssetStore(folder / "data" / "assets")
    with sqlite3.connect(folder / "data" / "checkpoints.db") as connection:
        connection.execute(
            "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at)"
            " VALUES ('.removed-1', 'removed', 'cancelled', '2026-01-01', '2026-01-03')"
        )
        connection.execute(
            "INSERT INTO removed_runs (run_id, thread_id, start_time, removed_at, forgets_answers, finished_at)"
            " VALUES ('.removed-1', 'gone', '2026-01-01', '2026-01-03', 1, '2026-01-03')"
        )
    kept: dict[str, bool] = {}
    for run_id, started in (("gone", "2026-01-02"), ("gone", "2026-01-04"), ("lost", "2026-01-02")):
        sha256 = assets.put(f"{run_id} {started}".encode())
        write_call_record(assets, sha256, "t" + sha256[:8], {"call": {"run_id": run_id, "started_at": started}})
        kept[sha256] = (run_id, started) != ("gone", "2026-01-02")
    write_run_record(assets, "gone", {"start_time": "2026-01-01", "settings": {}})
    write_run_record(assets, "lost", {"start_time": "2026-01-01", "settings": {}})
    age_all(folder)
    document = run(folder, "gc", "--yes", "--json").document
    assert {one["kind"]: one["count"] for one in document["by_kind"]} == {"file": 1, "call_record": 1, "run_record": 1}
    assert {sha256: assets.path(sha256).exists() for sha256 in kept} == kept
    assert [path.name for path in (assets.root / "runs").iterdir()] == ["lost.json"]
    assert document["kept"]["recoverable"] == 2
