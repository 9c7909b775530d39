"""What a person is told to do next: one command, that can be pasted as it stands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from filming import METERED, SMALL, clash, command, environment, forked_clash, shot_list

from clash.config import Settings
from clash.errors import DO, Action, ConflictError, DatabaseError, Remedy, StorageError, UsageError
from clash.production.outcome import outcome_of
from clash.production.plan import RunRequest, prepare
from clash.providers.registry import Registry
from clash.workflow.context import Failure


def failure(
    code: str,
    exit_code: int,
    *,
    hint: str | None = None,
    remedy: Remedy | None = None,
    message: str = "why",
    slot: str = "shot:003",
) -> Failure:
    """A slot that could not be made."""
    return Failure("generate_shots", (slot,), code, message, hint, exit_code, retryable=True, remedy=remedy)


@pytest.mark.parametrize(
    ("failed", "hint"),
    [
        (failure("overloaded", 1), "clash resume run-1"),
        (
            failure("budget", 6, remedy=Remedy(Action.RAISE_BUDGET, f"raise the budget: {DO}")),
            "raise the budget: `clash resume --budget USD run-1`",
        ),
        (
            failure(
                "unknown_call",
                8,
                remedy=Remedy(Action.RETRY_UNKNOWN, f"look at the provider's own record; {DO} makes it again"),
            ),
            "look at the provider's own record; `clash resume --retry-unknown run-1` makes it again",
        ),
        (
            failure("disk_full", 1, remedy=Remedy(Action.RESUME, "make room and resume")),
            "make room and resume (`clash resume run-1`)",
        ),
        (failure("refused", 1, hint="change the prompt"), "change the prompt; then: `clash resume run-1`"),
        (failure("refused", 1, hint="see --safety off"), "see --safety off; then: `clash resume run-1`"),
        (failure("stopped", 130, remedy=Remedy(Action.RESUME)), "clash resume run-1"),
        (failure("lease_lost", 5, hint="this process wrote nothing"), "this process wrote nothing"),
    ],
)
def test_a_hint_names_the_command_that_goes_on_once(failed: Failure, hint: str) -> None:
    """What is to be done first stands before it, and a flag that is needed is in it."""
    document = outcome_of("run-1", [failed], None).document
    assert document is not None
    assert document["hint"] == hint


def test_a_resume_is_not_advised_where_it_does_not_help() -> None:
    """An error from outside keeps its own hint; only one that speaks of resuming is given the command."""

    def hint(error: StorageError | DatabaseError | ConflictError) -> str:
        document = outcome_of("run-1", [], error).document
        assert document is not None
        return document["hint"]

    assert hint(DatabaseError("damaged", hint="run the story under a new thread")) == "run the story under a new thread"
    assert (
        hint(StorageError("full", remedy=Remedy(Action.RESUME, "make room and resume")))
        == "make room and resume (`clash resume run-1`)"
    )
    assert hint(StorageError("odd")) == "clash resume run-1"
    assert hint(ConflictError("taken over", hint="clash runs show run-1")) == "clash runs show run-1"


def test_a_run_that_was_called_off_stays_so() -> None:
    """Whatever else failed until it had stopped, its status is `cancelled`; a signal keeps its exit code."""
    others = [failure("unknown_call", 8), failure("budget", 6), failure("overloaded", 1)]
    outcome = outcome_of("run-1", [*others, failure("cancelled", 1, slot="shot:009/keyframe")], None)
    assert (outcome.status, outcome.exit_code, outcome.code) == ("cancelled", 1, "cancelled")
    assert outcome.message == "cancelled with 1 left to make in generate_shots"
    stopped = outcome_of("run-1", [failure("stopped", 143), failure("cancelled", 1)], None)
    assert (stopped.status, stopped.exit_code) == ("cancelled", 143)


def test_a_message_names_its_slot_once_and_says_what_only_waits() -> None:
    """`shot:003: shot:003 would cost ...` is said once, and what a bigger budget helps has not failed."""
    waiting = [failure("budget", 6, message=f"shot:00{n} would cost $2", slot=f"shot:00{n}") for n in (3, 4)]
    assert outcome_of("r", waiting, None).message == "2 wait in generate_shots; shot:003 would cost $2"
    failed = [failure("overloaded", 1, message="busy", slot=f"shot:00{n}/keyframe") for n in (3, 4)]
    assert outcome_of("r", failed, None).message == "2 failed in generate_shots; shot:003: busy"
    assert outcome_of("r", failed[:1], None).message == "shot:003: busy"


def test_the_hint_for_an_id_with_a_dash_can_be_pasted(tmp_path: Path) -> None:
    """A thread `-x` fails; the command that its hint names finds the thread, and is not taken for a flag."""
    shot_list(tmp_path / "story.csv", 1)
    env = environment(METER=str(tmp_path / "meter"), METER_FAIL="screenplay", CLASH_ATTEMPTS="1")
    ran = clash(tmp_path, "run", "story.csv", "--thread", "-x", *SMALL, *METERED, "--json", env=env)
    assert ran.code == 1, ran.err
    hint = ran.document["error"]["hint"]
    assert hint == "clash resume -- -x"
    again = clash(tmp_path, *shlex.split(hint)[1:], env=env)
    assert again.code == 1, again.err
    assert "the model is overloaded" in again.err


@pytest.mark.skipif(os.name == "nt", reason="POSIX shells close streams so")
def test_a_closed_standard_input_is_wrong_use(tmp_path: Path) -> None:
    """`clash run - <&-` says that there is nothing to read; it makes nothing."""
    shell = ("sh", "-c", f"{shlex.join(command('run', '-', '--json'))} <&-")
    done = subprocess.run(shell, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "standard input is closed" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["story.csv", "story.csv/below", "dangling"])
def test_an_output_that_is_no_folder_is_noticed_at_once(output: str, tmp_path: Path) -> None:
    """`--output` on a file, below a file, on a link to nowhere: exit 2, and no database, no film, nothing."""
    shot_list(tmp_path / "story.csv", 1)
    if sys.platform != "win32":
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    elif output == "dangling":
        pytest.skip("links need a privilege on Windows")
    before = sorted(path.name for path in tmp_path.iterdir())
    ran = clash(tmp_path, "run", "story.csv", "--output", output, *SMALL, "--json")
    assert (ran.code, ran.document["error"]["code"]) == (2, "usage"), ran.err
    assert "is no folder" in ran.document["error"]["message"]
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_output_that_cannot_be_written_is_noticed(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    """A folder without the permission is refused by name; one that is only missing is fine, and is not made yet."""
    story = shot_list(open_folder / "story.csv", 1)
    closed = open_folder / "closed"
    closed.mkdir(mode=0o555)
    settings = Settings(CLASH_OUTPUT_DIR=str(closed / "films"))
    registry = Registry()
    # Found and imported while this environment's own files can still be read.
    prepare(RunRequest(str(story), output=open_folder / "first"), Settings(), registry)
    with unprivileged(), pytest.raises(UsageError, match="closed cannot be written"):
        prepare(RunRequest(str(story)), settings, registry)
    missing = open_folder / "not" / "there"
    assert prepare(RunRequest(str(story), output=missing), Settings(), Registry()).output == missing
    assert not missing.parent.exists()


@pytest.mark.parametrize(
    "words", [("run", "nope.csv", "--dry-run"), ("batch", "nope.csv", "--dry-run"), ("run", "nope.csv")]
)
def test_a_missing_story_is_not_a_missing_database(tmp_path: Path, words: tuple[str, ...]) -> None:
    """In a new folder, a mistyped file is told as such; only a missing database leads to the first run."""
    missing = forked_clash(tmp_path, *words, env=environment())
    assert (missing.code, missing.err.count("hint:")) == (3, 1)
    assert "nope.csv" in missing.err
    assert "check the name of the file" in missing.err
    assert "nothing was made here yet" not in missing.err


def test_a_missing_database_leads_to_the_first_run(tmp_path: Path) -> None:
    """Where nothing was made yet, a command that reads says how the first run is made."""
    missing = forked_clash(tmp_path, "gc", env=environment())
    assert missing.code == 3
    assert "nothing was made here yet" in missing.err
