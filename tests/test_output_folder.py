"""Where films are published: checked before anything is made, and changed on a run that exists, at no cost."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, clash, environment, forked_clash, metered, rows_of, shot_list

from clash.assets.records import run_record
from clash.assets.shared import local_assets
from clash.config import Settings
from clash.production import ForkRequest, RunRequest, fork, output_folder, resume, run
from clash.production.dask_worker import Order
from clash.writable_folders import why_not_writable

SMALL = ("--size", "128x72", "--fps", "8")
_OUTPUT = "SELECT json_extract(settings, '$.output') FROM workflow_executions WHERE run_id = 'a'"


def block(folder: Path) -> None:
    """Put a file where a folder was."""
    shutil.rmtree(folder)
    folder.write_text("no folder")


def output_in_record(folder: Path) -> str:
    """Where the record of the run `a` in the asset store says that it is published."""
    record = run_record(local_assets(Settings(ASSET_STORE=(folder / "data" / "assets").as_uri())), "a")
    assert record is not None
    return record["settings"]["output"]


@on_both_databases
def test_a_completed_run_is_published_elsewhere(tmp_path: Path, database_url: str) -> None:
    """`--output` on a completed run publishes all of it there, records that, and calls nothing; then it holds."""
    shot_list(tmp_path / "s.csv", 1, seconds=0.5)
    env = environment(DATABASE_URL=database_url, METER=str(tmp_path / "meter"), METER_COST="0.10")
    words = ("run", "s.csv", "--thread", "a", *SMALL, *METERED, "--json")
    assert forked_clash(tmp_path, *words, env=env).code == 0
    paid = metered(tmp_path / "meter")
    old = {path.relative_to(tmp_path / "output") for path in (tmp_path / "output" / "a").rglob("*") if path.is_file()}
    (tmp_path / "b" / "a").mkdir(parents=True)
    (tmp_path / "b" / "a" / "film.mp4").write_text("the film of somebody else")
    moved = forked_clash(tmp_path, *words, "--output", "b", env=env)
    assert (moved.code, moved.document["status"]) == (0, "already_completed"), moved.err
    assert moved.document["film"]["path"] == "b/a/film.mp4"
    for name in old - {Path("a/contact-sheet.png")}:
        assert (tmp_path / "b" / name).read_bytes() == (tmp_path / "output" / name).read_bytes()
    assert rows_of(database_url, _OUTPUT) == [("b",)]
    assert output_in_record(tmp_path) == "b"
    for again in (words, ("resume", "a", "--json")):
        assert forked_clash(tmp_path, *again, env=env).document["film"]["path"] == "b/a/film.mp4"
    assert metered(tmp_path / "meter") == paid


@on_both_databases
def test_a_run_whose_folder_is_lost_is_rescued(tmp_path: Path, database_url: str) -> None:
    """Where the recorded folder cannot be written any more, the hint of the error is a command that makes the film."""
    shot_list(tmp_path / "s.csv", 1, seconds=0.5)
    env = environment(DATABASE_URL=database_url, METER=str(tmp_path / "meter"), METER_COST="0.10")
    words = ("run", "s.csv", "--thread", "a", *SMALL, *METERED, "--json")
    first = forked_clash(tmp_path, *words, "--budget", "0.15", env={**env, "CLASH_OUTPUT_DIR": "gone"})
    assert first.code == 6, first.err
    block(tmp_path / "gone")
    paid = metered(tmp_path / "meter")
    for again in (words, ("resume", "a", "--json")):
        failed = forked_clash(tmp_path, *again, env={**env, "CLASH_OUTPUT_DIR": "films"})
        error = failed.document["error"]
        assert (failed.code, error["code"]) == (2, "output_folder"), failed.err
        assert "gone is no folder" in error["message"]
        assert "`clash resume --output films a`" in error["hint"]
    retaken = forked_clash(tmp_path, "retake", "a", "screenplay", "--yes", "--json", env=env)
    assert (retaken.code, retaken.document["error"]["code"]) == (2, "output_folder"), retaken.err
    assert rows_of(database_url, "SELECT count(*) FROM slot_decisions") == [(0,)]
    assert metered(tmp_path / "meter") == paid
    done = forked_clash(tmp_path, "resume", "--output", "films", "a", "--budget", "9", "--json", env=env)
    assert (done.code, done.document["status"]) == (0, "completed"), done.err
    assert done.document["film"]["path"] == "films/a/film.mp4"
    assert (tmp_path / "films" / "a" / "screenplay.json").exists()
    assert (rows_of(database_url, _OUTPUT), output_in_record(tmp_path)) == ([("films",)], "films")
    charged = metered(tmp_path / "meter")
    assert charged[: len(paid)] == paid
    assert len(charged) == len(set(charged))


def test_a_batch_is_published_elsewhere(tmp_path: Path) -> None:
    """The hint of a batch names a folder that works; completed runs are published there, too, and nothing is paid."""
    shot_list(tmp_path / "a.csv", 1, seconds=0.5)
    shot_list(tmp_path / "b.csv", 1, seconds=0.5)
    env = environment(METER=str(tmp_path / "meter"), METER_COST="0.10")
    words = ("batch", "*.csv", "--batch", "n", "--jobs", "1", *SMALL, *METERED, "--json")
    # The second story finds what the first has made: it waits for its own review alone.
    first = forked_clash(tmp_path, *words, "--review", "screenplay", env={**env, "CLASH_OUTPUT_DIR": "gone"})
    assert first.code == 8, first.err
    assert forked_clash(tmp_path, "resume", "n-a", "--review", "none", env=env).code == 0
    block(tmp_path / "gone")
    stopped = forked_clash(tmp_path, *words, "--review", "none", env={**env, "CLASH_OUTPUT_DIR": "films"})
    assert stopped.code == 2, stopped.err
    assert [run["status"] for run in stopped.document["runs"]] == ["already_completed", "failed"]
    assert "clash resume --output films n-b" in stopped.document["runs"][1]["error"]["hint"]
    typed = stopped.document["error"]["hint"].split("`")[1]
    done = forked_clash(tmp_path, *shlex.split(typed)[1:], env=env)
    assert done.code == 0, done.err
    films = [f"films/n-{name}/film.mp4" for name in "ab"]
    assert [run["film"] for run in done.document["runs"]] == films
    paid = metered(tmp_path / "meter")
    again = forked_clash(tmp_path, "batch", "--batch", "n", "--output", "third", "--json", env=env)
    assert (again.code, [run["film"] for run in again.document["runs"]]) == (
        0,
        [film.replace("films", "third") for film in films],
    )
    listed = forked_clash(tmp_path, *words, env={**env, "CLASH_OUTPUT_DIR": "films"})
    assert [run["film"] for run in listed.document["runs"]] == [film.replace("films", "third") for film in films]
    assert metered(tmp_path / "meter") == paid


@pytest.mark.skipif(sys.platform != "linux", reason="a folder in which nobody can make one, not even root: /proc")
@pytest.mark.parametrize("command", ["run", "batch"])
def test_a_folder_that_cannot_be_made_is_told_first(tmp_path: Path, command: str) -> None:
    """A folder that rights allow and the system refuses is found out before the database or anything else is made."""
    shot_list(tmp_path / "s.csv", 1, seconds=0.5)
    refused = forked_clash(tmp_path, command, "s.csv", "--output", "/proc/x", *SMALL, "--json", env=environment())
    assert refused.code == 2, refused.err
    assert "/proc" in refused.document["error"]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["s.csv"]


@pytest.mark.skipif(sys.platform != "linux", reason="a folder in which nobody can make one, not even root: /proc")
def test_doctor_says_what_is_wrong_with_the_folder(tmp_path: Path) -> None:
    """`clash doctor` does not ask for room where the folder itself cannot be made."""
    env = environment(CLASH_OUTPUT_DIR="/proc/x")
    checks = clash(tmp_path, "doctor", "--json", env=env).document["checks"]
    (disk,) = [check for check in checks if check["check"] == "disk"]
    assert not disk["ok"]
    assert disk["says"].startswith("films cannot go to /proc/x: /proc/x cannot be made: ")
    assert disk["hint"] == "choose another CLASH_OUTPUT_DIR"


def test_a_look_at_a_folder_leaves_nothing(tmp_path: Path) -> None:
    """Folders that were made to find out are removed again, unless they are to stay; the small file always is."""
    folder = tmp_path / "a" / "b"
    assert why_not_writable(folder, keep=False) is None
    assert list(tmp_path.iterdir()) == []
    assert why_not_writable(folder) is None
    assert list(folder.iterdir()) == []
    (folder / "file").write_text("")
    assert why_not_writable(folder / "file" / "c") == f"{folder / 'file'} is no folder"
    assert why_not_writable(folder / "file") == f"{folder / 'file'} is no folder"


def test_a_worker_is_told_of_the_folder() -> None:
    """The order for a worker of Dask says where the run is to be published, if `--output` does."""
    order = Order("a", "n", "", "", "", output="films/new")
    assert Order.read(order.text).each.output == Path("films/new")
    assert Order.read(Order("a", "n", "", "", "").text).each.output is None


@pytest.mark.parametrize("mode", [0o000, 0o555])
def test_a_folder_without_permission_is_named(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]], mode: int
) -> None:
    """A folder that cannot be looked into, or not be written, is told with the reason of the system."""
    closed = open_folder / "closed"
    closed.mkdir(mode=mode)
    with unprivileged():
        told = [why_not_writable(closed), why_not_writable(closed / "a")]
    assert all(reason is not None and "Permission denied" in reason for reason in told), told


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that a file was put into to find out whether it can be."""
    tried: list[Path] = []

    def why(folder: Path, *, keep: bool = True) -> str | None:
        tried.append(folder)
        return why_not_writable(folder, keep=keep)

    monkeypatch.setattr(output_folder, "why_not_writable", why)
    return tried


async def test_a_folder_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probes: list[Path]) -> None:
    """Of a new run, of one that goes on, and of a fork."""
    monkeypatch.chdir(tmp_path)
    shot_list(tmp_path / "s.csv", 1, seconds=0.5)
    settings = Settings(CLASH_SIZE="128x72", CLASH_FPS="8")
    await run(RunRequest("s.csv", thread_id="a", review=("screenplay",)), settings)
    assert probes == [Path("output/a")]
    await resume("a", settings, review=("none",))
    assert probes == [Path("output/a")] * 2
    await fork(ForkRequest("a", "b"), settings)
    await run(RunRequest("s.csv", thread_id="c"), settings)
    assert probes[2:] == [Path("output/b"), Path("output/c")]


def test_a_fork_that_is_asked_for_again_is_published_elsewhere(tmp_path: Path) -> None:
    """As a run is: `--output` of the same command moves it, at no cost, and nothing is left out in silence."""
    shot_list(tmp_path / "s.csv", 1, seconds=0.5)
    env = environment(METER=str(tmp_path / "meter"), METER_COST="0.10")
    assert forked_clash(tmp_path, "run", "s.csv", "--thread", "a", *SMALL, *METERED, env=env).code == 0
    words = ("fork", "a", "--thread", "b", "--json")
    assert forked_clash(tmp_path, *words, env=env).document["film"]["path"] == "output/b/film.mp4"
    paid = metered(tmp_path / "meter")
    moved = forked_clash(tmp_path, *words, "--output", "films", env=env)
    assert (moved.code, moved.document["film"]["path"]) == (0, "films/b/film.mp4"), moved.err
    assert (tmp_path / "films" / "b" / "film.mp4").is_file()
    again = forked_clash(tmp_path, *words, env=env)
    assert again.document["film"]["path"] == "films/b/film.mp4"
    assert metered(tmp_path / "meter") == paid
