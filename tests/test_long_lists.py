"""A run of 5,000 shots at a terminal: a screen of it, and everything with `--all`, in a pipe and as JSON."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from filming import clash
from long_run import run_of, state_of
from sample_documents import DOCUMENTS, at_terminal

from clash.cli import checkpoints, runs
from clash.cli.calls import Screen
from clash.cli.layout import piped
from clash.cli.output import emit

SHOTS = 5000
SCREEN = Screen(20, "clash runs show --all run-123")
A_SCREEN = 120
"""Lines that people scroll through with a glance or two."""


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(scope="module")
def long_run() -> dict[str, Any]:
    """A run with three calls for each of its shots, some of which failed."""
    return run_of(SHOTS)


@pytest.fixture(scope="module")
def long_state() -> dict[str, Any]:
    """A checkpoint with all of these shots in its state."""
    return state_of(SHOTS)


def test_a_terminal_gets_a_screen_of_the_calls(long_run: dict[str, Any]) -> None:
    """The newest calls, how many there are besides, and the command that shows them."""
    text = at_terminal(runs.render_run(long_run, SCREEN), 120)
    assert len(text.splitlines()) <= A_SCREEN
    assert "14,980 earlier ones are not shown; all of them: clash runs show --all run-123" in text
    assert "9,980 earlier calls failed too; all of them: clash runs show --all run-123" in text
    assert "shot:15000" in text
    assert "shot:0001" not in text.split("perhaps paid:")[0]


def test_a_short_run_is_shown_whole_at_a_terminal() -> None:
    """A run with few calls says nothing of `--all`."""
    few = DOCUMENTS["runs show"][1]
    assert at_terminal(runs.render_run(few, SCREEN), 120) == at_terminal(runs.render_run(few), 120)


def test_a_pipe_gets_every_call(long_run: dict[str, Any]) -> None:
    """A line for each call, whatever a terminal shows."""
    lines = list(piped(runs.render_run(long_run, SCREEN)))
    assert sum(line.startswith("shot:") for line in lines) == 3 * SHOTS + 99
    assert lines == list(piped(runs.render_run(long_run)))


def test_a_terminal_gets_a_screen_of_a_state(long_state: dict[str, Any]) -> None:
    """The first entries of what has many, how many more there are, and the command that shows them."""
    text = at_terminal(checkpoints.render_checkpoint(long_state, everything=False), 120)
    assert len(text.splitlines()) <= A_SCREEN
    assert "generate_shots (5,000 tasks)" in text
    assert '"...": "4,997 more"' in text
    assert "all of it: clash checkpoints show --all run-123 1f0-abc" in " ".join(text.split())
    assert "shot:5000" not in text
    assert "shot:5000" in at_terminal(checkpoints.render_checkpoint(long_state), 120)


def test_a_pipe_gets_the_whole_state(long_state: dict[str, Any]) -> None:
    """The JSON in a pipe can be read, and holds every shot."""
    lines = list(piped(checkpoints.render_checkpoint(long_state, everything=False)))
    assert lines == list(piped(checkpoints.render_checkpoint(long_state)))
    state = json.loads("\n".join(lines[lines.index("{") :]))
    assert len(state["values"]["shots"]) == SHOTS


def test_json_is_whole_at_a_terminal(long_run: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` gives the same document wherever it goes."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    emit(long_run, as_json=True, render=lambda shown: runs.render_run(shown, SCREEN))
    assert len(json.loads(sys.stdout.getvalue())["calls"]) == 3 * SHOTS  # type: ignore[attr-defined]


def test_the_commands_that_show_all_can_be_typed(tmp_path: Path) -> None:
    """`--all` before the ids, as the remark has it, is taken by both commands: only the database is missing."""
    for words in (("runs", "show", "--all", "run-123"), ("checkpoints", "show", "--all", "run-123", "1f0-abc")):
        ended = clash(tmp_path, *words)
        assert ended.code == 3, ended.err
