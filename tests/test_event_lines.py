"""`--events`: what happens in a run, in its order, with nothing lost; a reader that goes away does not end the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from filming import METERED, SMALL, Ran, clash, command, environment, rows_of, shot_list
from test_documents import holds

from clash.cli import line_pipe
from clash.cli.line_pipe import LinePipe

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


def metering(folder: Path, **more: str) -> dict[str, str]:
    """The environment of metered models in a folder."""
    return environment(METER=str(folder / "meter"), METER_COST="0.01", **more)


def run(folder: Path, *flags: str, env: dict[str, str] | None = None) -> Ran:
    """Run a story of two shots with `--events`."""
    story = str(shot_list(folder / "story.csv", 2, seconds=0.5))
    words = ("run", story, "--thread", "t", *SMALL, *METERED, "--events", *flags)
    return clash(folder, *words, env=env or metering(folder))


def lines_of(ran: Ran) -> list[dict[str, Any]]:
    """The lines, each of which holds its schema."""
    lines = [json.loads(line) for line in ran.out.splitlines()]
    for line in lines:
        holds("run-event", line)
    return lines


def test_events_come_in_order_and_add_up(tmp_path: Path) -> None:
    """A pause at the budget and the rest: each call is reserved before it is settled; costs are those of the ledger."""
    paused = run(tmp_path, "--budget", "0.03")
    assert paused.code == 6, paused.err
    before = lines_of(paused)
    assert [line["event"] for line in before[-2:]] == ["run.waiting", "outcome"]
    assert before[-2]["waiting_for"] == before[-1]["waiting_for"] == "budget"
    ended = clash(tmp_path, "resume", "t", "--budget", "9", "--events", env=metering(tmp_path))
    assert ended.code == 0, ended.err
    after = lines_of(ended)
    assert (after[0]["event"], after[-1]["event"], after[-1]["status"]) == ("run.started", "outcome", "completed")
    calls: dict[str, list[str]] = {}
    for line in (*before, *after):
        if line["event"].startswith("call."):
            calls.setdefault(line["call"], []).append(line["state"])
    assert calls
    assert all(states == ["reserved", "settled"] for states in calls.values())
    paid = sum(Decimal(line["cost_usd"]) for line in (*before, *after) if line["event"] == "call.settled")
    assert paid == Decimal(after[-1]["cost"]["total_usd"])
    assert sorted(calls) == sorted(token for (token,) in _tokens(tmp_path))
    begun = [line["step"] for line in after if line["event"] == "step.completed"]
    assert begun[-2:] == ["generate_shots", "finalize"]
    times = [line["at"] for line in (*before, *after)]
    assert times == sorted(times)


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'data' / 'checkpoints.db'}"


def _tokens(folder: Path) -> list[tuple[Any, ...]]:
    return rows_of(_url(folder), "SELECT token FROM api_logs")


def test_a_reader_that_goes_away_ends_no_run(tmp_path: Path) -> None:
    """`| head -1`: the film is made, and the exit code is 0."""
    story = str(shot_list(tmp_path / "story.csv", 1, seconds=0.5))
    words = command("run", story, "--thread", "t", *SMALL, *METERED, "--events")
    with subprocess.Popen(
        words, cwd=tmp_path, env=metering(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["event"] == "run.started"
        child.stdout.close()
        assert child.wait(120) == 0
    assert (tmp_path / "output" / "t" / "film.mp4").is_file()


def test_a_failed_call_is_told_with_its_error(tmp_path: Path) -> None:
    """Its slot fails as well, and the outcome names it."""
    ran = run(tmp_path, env=metering(tmp_path, METER_FAIL="shot:002"))
    lines = lines_of(ran)
    if ran.code == 0:
        pytest.fail("the metered model was to fail")
    failed = [line for line in lines if line["event"] == "call.failed"]
    assert failed
    assert all(line["slot"] == "shot:002" and line["error"] for line in failed)
    assert "slot.failed" in [line["event"] for line in lines]
    assert lines[-1]["error"]["slots"] == ["shot:002"]


def test_events_exclude_one_document(tmp_path: Path) -> None:
    """`--json` or `--dry-run` beside it is wrong use; a story that is not there is the outcome."""
    for other in ("--json", "--dry-run"):
        assert run(tmp_path, other).code == 2
    ran = clash(tmp_path, "run", "nothing.csv", "--events", env=metering(tmp_path))
    (line,) = lines_of(ran)
    assert (ran.code, line["event"], line["error"]["code"]) == (3, "outcome", "not_found")


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe is set as Linux has it")
def test_a_reader_that_does_not_read_holds_up_no_run(tmp_path: Path) -> None:
    """The pipe is full long before the end: the film is finished all the same, and every line is there to be read."""
    story = str(shot_list(tmp_path / "story.csv", 8, seconds=0.5))
    words = command("run", story, "--thread", "t", *SMALL, *METERED, "--events")
    with subprocess.Popen(
        words, cwd=tmp_path, env=metering(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pipesize=4096
    ) as child:
        assert child.stdout is not None
        end = time.monotonic() + 120
        status = "SELECT status FROM workflow_executions WHERE lease_owner IS NULL"
        while not (tmp_path / "output" / "t" / "film.mp4").is_file() or rows_of(_url(tmp_path), status) != [
            ("completed",)
        ]:
            assert time.monotonic() < end, "the run waits for its reader"
            assert child.poll() is None
            time.sleep(0.1)
        lines = [json.loads(line) for line in child.stdout]
        assert child.wait(60) == 0
    assert len(lines) * 200 > 4096, "the pipe was full"
    assert (lines[0]["event"], lines[-1]["event"], lines[-1]["status"]) == ("run.started", "outcome", "completed")
    settled = [line["call"] for line in lines if line["event"] == "call.settled"]
    assert sorted(settled) == sorted(token for (token,) in _tokens(tmp_path))
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)


def test_unread_lines_wait_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory holds a part of what nobody reads; all of it comes in its order, and what follows it as well."""
    kept: list[tempfile.SpooledTemporaryFile[bytes]] = []
    made = tempfile.SpooledTemporaryFile

    def spooled(size: int) -> tempfile.SpooledTemporaryFile[bytes]:
        kept.append(made(size))
        return kept[-1]

    monkeypatch.setattr(line_pipe.tempfile, "SpooledTemporaryFile", spooled)
    read, write = os.pipe()
    pipe = LinePipe(write)
    lines = [f"{number} {'x' * 1000}\n" for number in range(3000)]
    for line in lines:
        pipe.put(line)
    pipe.drain(0.1)
    assert isinstance(kept[0].name, int | str), "it is in a file"
    found = b""
    while len(found) < sum(map(len, lines)):
        found += os.read(read, 1 << 16)
    assert found.decode() == "".join(lines)
    pipe.put("and one more\n")
    pipe.drain()
    assert os.read(read, 100) == b"and one more\n"
    os.close(read)
    pipe.put("for nobody\n")
    pipe.drain()
    pipe.put("for nobody\n")
    pipe.drain()
    assert pipe.error is None
    os.close(write)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_at_the_end(tmp_path: Path) -> None:
    """`--events > file` on a full disk: the film is made, and the command fails and says why."""
    story = str(shot_list(tmp_path / "story.csv", 1, seconds=0.5))
    words = command("run", story, "--thread", "t", *SMALL, *METERED, "--events")
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            words, cwd=tmp_path, env=metering(tmp_path), stdout=full, stderr=subprocess.PIPE, check=False, timeout=120
        )
    assert ran.returncode == 1
    assert b"standard output cannot be written" in ran.stderr
    assert (tmp_path / "output" / "t" / "film.mp4").is_file()
