"""What a terminal gets of a run of 5,000 shots against what it gets of one of 50, and what it takes to show it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from long_run import run_of, state_of
from sample_documents import at_terminal

from clash.cli import checkpoints, runs
from clash.cli.calls import Screen
from clash.cli.text import json_text

SHORT, LONG = 50, 5_000
SCREEN = Screen(20, "clash runs show run-123 --all")
MOST_LINES = 1.3
"""How many times the lines of the short run the screen of the long one has at most."""
MOST_CPU = 3.0
"""How many times the CPU seconds of the same document as JSON the screen takes at most."""


def timed(work: Callable[[], str]) -> tuple[str, float]:
    """What it gives, and its CPU seconds: the least of three times."""
    best, text = float("inf"), ""
    for _ in range(3):
        began = time.process_time()
        text = work()
        best = min(best, time.process_time() - began)
    return text, best


def told(name: str, show: Callable[[dict[str, Any], bool], str], short: dict[str, Any], long: dict[str, Any]) -> None:
    """Print and hold the screen of the long document against that of the short one and against its own JSON."""
    few = show(short, False)
    screen, screen_s = timed(lambda: show(long, False))
    whole = show(long, True)
    document, json_s = timed(lambda: json_text(long))
    lines, most = len(screen.splitlines()), len(few.splitlines())
    print(
        f"\n{name}: {lines} lines, {len(screen.encode())} bytes ({most} lines of {SHORT} shots);"
        f" {screen_s / json_s:.2f}x the CPU of its JSON; --all {len(whole.encode()) / 1e6:.1f} MB",
        end="",
    )
    assert lines <= MOST_LINES * most
    assert screen_s <= MOST_CPU * json_s
    assert f"shot:{LONG:04d}" in whole
    assert json.loads(document) == long


def test_a_terminal_gets_a_screen_of_a_long_run() -> None:
    """`runs show` of 5,000 shots is as long as of 50; `--all` and JSON have every call."""
    told(
        "runs show",
        lambda document, everything: at_terminal(runs.render_run(document, *(() if everything else (SCREEN,))), 120),
        run_of(SHORT),
        run_of(LONG),
    )


def test_a_terminal_gets_a_screen_of_a_long_state() -> None:
    """`checkpoints show` of 5,000 shots is as long as of 50; `--all` and JSON have every shot."""
    told(
        "checkpoints show",
        lambda document, everything: at_terminal(checkpoints.render_checkpoint(document, everything=everything), 120),
        state_of(SHORT),
        state_of(LONG),
    )
