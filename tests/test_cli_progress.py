"""The progress of a run at a terminal and in a log file, and the estimate."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from decimal import Decimal

import pytest
from rich.console import Console
from sample_documents import (
    DOCUMENTS,
    HOSTILE,
    at_terminal,
)

from clash.cli import estimate
from clash.cli.progress import LiveProgress, plain_line
from clash.cli.text import visible


@dataclass(frozen=True)
class Happening:
    """An event of a run, as `clash.production` tells it."""

    kind: str
    message: str = ""
    thread_id: str = "run-123"
    step: str = "generate_shots"
    done: int = 7
    total: int = 20
    cost_usd: Decimal = Decimal("0.04125")
    elapsed_s: float = 12.0
    remaining_s: float | None = 41.0


def test_the_time_left_is_forgotten_with_its_step() -> None:
    """A step without an estimate does not show what was left of the step before it."""
    progress = LiveProgress(Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None))
    progress.observe(Happening("progress"))
    progress.observe(Happening("step_started", step="finalize", done=0, total=1, remaining_s=None))
    frame = io.StringIO()
    Console(file=frame, width=80).print(progress.render())
    progress.close()
    assert "left" not in frame.getvalue()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Happening("thread"), "thread run-123"),
        (Happening("step_started", done=0), "generate_shots: 0/20 shots"),
        (Happening("progress"), "generate_shots: 7/20 shots, $0.04125, 0:12 elapsed, about 0:41 left in this step"),
        (Happening("progress", remaining_s=None), "generate_shots: 7/20 shots, $0.04125, 0:12 elapsed"),
        (Happening("step_finished", done=20), "generate_shots: done, 20/20 shots, $0.04125, 0:12 elapsed"),
        (Happening("step_started", step="finalize", done=0, total=1), "finalize: started"),
        (Happening("step_finished", step="finalize", done=1, total=1), "finalize: done, $0.04125, 0:12 elapsed"),
        (Happening("slot_failed", message="shot:004: refused"), "failed: shot:004: refused"),
        (Happening("warning", message="no voice"), "warning: no voice"),
    ],
)
def test_without_a_terminal_an_event_is_one_plain_line(event: Happening, line: str) -> None:
    """Each event says how far the run is, what it has cost and how long it will take."""
    assert plain_line(event) == line


def test_the_live_display_shows_step_count_cost_and_time() -> None:
    """At a terminal: each step, `7/20 shots`, the cost so far, the time left; warnings are not obeyed."""
    stream = io.StringIO()
    progress = LiveProgress(Console(file=stream, width=80, force_terminal=True, color_system=None))
    for event in (
        Happening("thread"),
        Happening("step_finished", step="generate_screenplay", done=1, total=1),
        Happening("warning", message=HOSTILE),
        Happening("slot_failed", message="shot:004: refused"),
        Happening("progress"),
    ):
        progress.observe(event)
    assert progress.live
    frame = io.StringIO()
    Console(file=frame, width=80).print(progress.render())
    progress.close()
    assert re.search(r"generate_screenplay +\S+ +done", frame.getvalue())
    assert re.search(r"generate_shots +\S+ +7/20 shots", frame.getvalue())
    assert "cost $0.04125" in frame.getvalue()
    assert "about 0:41 left in this step" in frame.getvalue()
    assert visible(HOSTILE)[:20] in stream.getvalue()
    assert "\x1b]0;" not in stream.getvalue()
    assert not progress.live


def test_the_live_display_says_that_the_run_is_stopping() -> None:
    """After Ctrl-C the display says what is waited for and what a second one does."""
    stream = io.StringIO()
    progress = LiveProgress(Console(file=stream, width=80, force_terminal=True, color_system=None))
    progress.observe(Happening("progress"))
    progress.stopping()
    frame = io.StringIO()
    Console(file=frame, width=200).print(progress.render())
    progress.close()
    assert "waiting for the calls in flight" in frame.getvalue()


def test_a_warning_stands_above_the_live_display() -> None:
    """What is no event of the run, such as a wait that Cloudflare asks for; whatever is in it is only shown."""
    stream = io.StringIO()
    progress = LiveProgress(Console(file=stream, width=80, force_terminal=True, color_system=None))
    progress.observe(Happening("progress"))
    progress.warn(f"Cloudflare asks to wait 212 s {HOSTILE}")
    progress.close()
    assert "warning: Cloudflare asks to wait 212 s" in stream.getvalue()
    assert "\x1b]0;" not in stream.getvalue()


@pytest.mark.parametrize(
    ("budget", "within", "shown"), [(None, True, ""), ("1.000000", False, "no"), ("2", True, "yes")]
)
def test_an_estimate_says_whether_it_is_within_the_budget(budget: str | None, within: bool, shown: str) -> None:
    """A person reads yes or no where there is a budget; what costs nothing, being found, is counted apart."""
    document = {**DOCUMENTS["run --dry-run"][1], "budget_usd": budget, "within_budget": within}
    text = at_terminal(estimate.render_estimate(document), 120)
    assert re.search(rf"^within budget +{shown} *$", text, flags=re.MULTILINE) if shown else "within budget" not in text
    assert re.search(r"^found, so free +7 *$", text, flags=re.MULTILINE)
    assert re.search(r" 12 +7 +25 second +\$0.06 +\$1.50 +yes", text)
    assert "estimated: the bill" in text
