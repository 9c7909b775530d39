"""Runs tell a webhook and a command how they end, whatever kills them and whatever the receiver does."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import everything, rows_of, shot_list
from listening import HOOK, SECRET, Listener, is_signed
from takes_room import TakesRoom
from test_documents import holds

from clash.config import Settings
from clash.events.commands import MOST_PRINTED, run_command
from clash.production import RunRequest, StopSignal, run

posix = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


@on_both_databases
async def test_a_run_tells_how_it_ended(telling: Settings, listener: Listener, tmp_path: Path) -> None:
    """The data is the outcome as the command prints it; no table holds the secret or the path of the address."""
    stop = StopSignal()
    stop.request(signal.SIGINT)
    story = shot_list(tmp_path / "story.csv", 1)
    report = await run(RunRequest(str(story), thread_id="t", size="192x108", fps=8), telling, stop=stop)
    assert report.exit_code == 130
    ((_, headers, body),) = listener.got
    told = json.loads(body)
    assert (told["type"], is_signed(headers, body)) == ("run.paused", True)
    assert told["data"] == {"schema": 1, **report.document.dump()}
    holds("webhook-event", told)
    stored = repr(await asyncio.to_thread(everything, telling.database_url))
    assert "127.0.0.1" in stored, "the receiver is named"
    assert [text for text in (HOOK, SECRET, SECRET.removeprefix("whsec_")) if text in stored] == []


# -- whole commands ----------------------------------------------------------------------------------------------


@pytest.fixture
def room(tmp_path: Path, database_url: str, listener: Listener) -> TakesRoom:
    """A folder whose commands know the receiver."""
    hook = {"CLASH_WEBHOOK": listener.url, "CLASH_WEBHOOK_SECRET": SECRET, "NO_PROXY": "127.0.0.1"}
    made = TakesRoom(tmp_path / "room", database_url)
    made.env |= hook
    return made


@posix
@on_both_databases
@pytest.mark.parametrize(("point", "sent"), [("event.stored", 0), ("webhook.sent", 1)])
def test_a_killed_process_leaves_its_event(room: TakesRoom, listener: Listener, point: str, sent: int) -> None:
    """Killed between status and delivery, it is delivered later; killed after it, again under the same id."""
    killed = room.film(1, "--budget", "0.001", CLASH_FAULT=point)
    assert (killed.code, len(listener.got)) == (-signal.SIGKILL, sent)
    assert rows_of(room.url, "SELECT status FROM workflow_executions") == [("paused",)]
    assert room.ok("webhooks", "flush")["delivered"] == 1
    assert len(listener.got) == sent + 1
    assert len(set(listener.ids)) == 1
    assert set(listener.types) == {"budget.reached"}
    (item,) = room.ok("webhooks", "ls", "t")["items"]
    assert (item["state"], item["event_id"], item["attempts"]) == ("delivered", listener.ids[0], sent + 1)


@posix
def test_a_receiver_that_is_down_fails_no_run(room: TakesRoom, listener: Listener) -> None:
    """It is told in one line without the address; the next command that writes the run sends it first."""
    listener.answers = [500]
    ran = room.film(1, "--review", "screenplay")
    assert (ran.code, ran.document["waiting_for"]) == (8, "review")
    assert listener.types == ["review.requested"] * 2
    listener.answers = [410]
    ran = room.type("resume", "t")
    assert (ran.code, listener.types[2:]) == (8, ["review.requested"])
    (line,) = [line for line in ran.err.splitlines() if "webhook" in line]
    assert "was not told: it answered 410; 1 event is kept" in line
    assert HOOK not in ran.err + ran.out
    assert room.type("webhooks", "ls").document["items"][1]["state"] == "pending"
    approved = room.ok("review", "approve", "t", "--all")
    assert approved["waiting"] == 0
    assert room.ok("resume", "t")["status"] == "completed"
    assert listener.types[3:] == ["review.requested", "run.completed"]
    assert listener.ids[2] == listener.ids[3]


@posix
def test_a_flush_that_fails_says_so(room: TakesRoom, listener: Listener) -> None:
    """Exit 1 while something is pending; exit 4 where no webhook is set."""
    listener.answers = [410] * 2
    assert room.film(1, "--budget", "0.001").code == 6
    failed = room.type("webhooks", "flush", "t")
    assert (failed.code, failed.document["pending"], failed.document["last_error"]) == (1, 1, "it answered 410")
    assert HOOK not in failed.err + failed.out
    assert room.type("webhooks", "flush", CLASH_WEBHOOK="").code == 4
    assert room.type("webhooks", "ls", "nothing").code == 3


@posix
def test_a_command_is_run_for_an_event(room: TakesRoom) -> None:
    """It gets the JSON on standard input; its failure is told and fails nothing."""
    into = room.folder / "told.json"
    script = room.folder / "keep.sh"
    script.write_text(f"cat > '{into}'\nexit 3\n", encoding="utf-8")
    ran = room.film(1, "--budget", "0.001", "--on-event", f"sh '{script}'", CLASH_WEBHOOK="")
    assert ran.code == 6
    told = json.loads(into.read_text(encoding="utf-8"))
    assert (told["type"], told["data"]) == ("budget.reached", ran.document)
    assert "was told budget.reached, and failed: it ended with exit code 3" in ran.err
    assert rows_of(room.url, "SELECT count(*) FROM webhook_events") == [(0,)]


@posix
async def test_what_a_command_prints_is_bounded(capfd: pytest.CaptureFixture[str]) -> None:
    """It runs to its end, 1 MB of what it prints is passed on to standard error, and a line says so."""
    assert await run_command("sh -c 'echo heard; echo wrong >&2'", "{}") is None
    assert capfd.readouterr() == ("", "heard\nwrong\n")
    assert await run_command("sh -c 'head -c 3000000 /dev/zero; exit 7'", "{}") == "it ended with exit code 7"
    out, err = capfd.readouterr()
    assert (out, err.count("\0")) == ("", MOST_PRINTED)
    assert err.endswith("printed more than 1 MB; the rest is left out\n")


@posix
async def test_what_a_command_leaves_running_is_not_awaited(capfd: pytest.CaptureFixture[str]) -> None:
    """A program in the background holds the pipe open, and the command has ended all the same."""
    assert await run_command("sh -c 'sleep 20 & echo left'", "{}", longest_s=15.0) is None
    assert capfd.readouterr().err == "left\n"


@posix
async def test_a_command_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """It is killed with what it has started, after its time."""
    fault = await run_command("sh -c 'sleep 600'", "{}", longest_s=0.2)
    assert fault == "it was killed after 0 s"
    assert await run_command("true", "x" * 1_000_000) is None
    assert tmp_path.is_dir()
