"""What a person sees of a run under way: a live display at a terminal, one plain line an event elsewhere.

All of it goes to standard error, which cannot fail (see `streams`): a terminal that is closed ends the messages,
not the run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from clash.cli.output import console_for, say
from clash.cli.signals import write_line
from clash.cli.streams import is_terminal
from clash.cli.text import money, visible
from clash.clock import clock_text
from clash.hints import command

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

_UNITS = {"generate_assets": "cards", "generate_shots": "shots"}  # the steps that make several things
_REFRESH_HZ = 8
FOR_PROGRAMS = ("run_started", "call")
"""Events that `--events` prints, and that a person has no use for: their outcome is in the others."""


class Event(Protocol):
    """What `clash.production` tells of a run under way (see `clash.production.Event`)."""

    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def thread_id(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def cost_usd(self) -> Decimal: ...
    @property
    def elapsed_s(self) -> float: ...
    @property
    def remaining_s(self) -> float | None: ...


def dollars_text(cost: Decimal) -> str:
    """An amount as people read it."""
    return money(f"{cost:.6f}")


def count_of(event: Event) -> str:
    """`7/20 shots` of an event that counts something; "" for any other."""
    return _count(event.step, event.done, event.total)


def _count(step: str, done: int, total: int) -> str:
    """`7/20 shots`; "" for a step that makes one thing."""
    return f"{done}/{total} {_UNITS[step]}" if step in _UNITS and total else ""


def plain_line(event: Event) -> str:
    """An event as one line.

    A line says what happened and, where the event counts something, how far the run is, what it has cost so far
    and how long its step will take.
    """
    if event.kind == "thread":
        return f"thread {event.thread_id}"
    if event.kind in ("warning", "note"):
        return f"{event.kind}: {event.message}"
    if event.kind == "slot_failed":
        return f"failed: {event.message}"
    if event.kind == "run_ended":
        return event.message
    count = count_of(event)
    if event.kind == "step_started":
        return f"{event.step}: {count or 'started'}"
    parts = [count, dollars_text(event.cost_usd), f"{clock_text(event.elapsed_s)} elapsed"]
    if event.kind == "progress" and event.remaining_s is not None:
        parts.append(f"about {clock_text(event.remaining_s)} left in this step")
    if event.kind == "step_finished":
        parts.insert(0, "done")
    return f"{event.step}: " + ", ".join(part for part in parts if part)


class Progress:
    """Observes a run. Call it with each event.

    `started` says whether the run has named its thread: from then on there may be calls in flight.
    """

    def __init__(self, stop_timeout_s: float = 30.0) -> None:
        """`stop_timeout_s`: seconds within which the run ends after a signal."""
        self.started = False
        self.thread_id = ""
        self.live = False
        self.stopping_text = (
            f"stopping: waiting for the calls in flight, up to {stop_timeout_s:.0f} s; their answers are kept"
            " (Ctrl-C again stops at once)"
        )

    @property
    def go_on(self) -> str:
        """The command that goes on with the run."""
        return command("resume", self.thread_id)

    def observe(self, event: Event) -> None:
        """Take note of an event and show it."""
        if event.thread_id:
            self.thread_id = event.thread_id
            self.started = True
        if event.kind not in FOR_PROGRAMS:
            self.show(event)

    def show(self, event: Event) -> None:
        """Show an event: here as a plain line."""
        say(plain_line(event))

    def warn(self, message: str) -> None:
        """Show a warning that is no event of the run's; from any thread."""
        say(message, label="warning")

    def stopping(self) -> None:
        """Say that the run is stopping. Called from a signal handler, so it passes by Python's own streams."""
        write_line(self.stopping_text)

    def close(self) -> None:
        """Nothing more will come."""


@dataclass
class _Step:
    name: str
    done: int = 0
    total: int = 0
    finished: bool = False
    failed: int = 0


def started_display(console: Console, render: Callable[[], RenderableType], refresh_hz: float) -> Live:
    """Return a display at a terminal that shows what `render` returns; messages on standard error go above it."""
    from rich.live import Live

    display = Live(
        console=console,
        get_renderable=render,
        refresh_per_second=refresh_hz,
        redirect_stdout=False,
        redirect_stderr=True,
    )
    display.start()
    return display


class LiveProgress(Progress):
    """The live display: one line per step, then cost and time. Messages scroll by above it."""

    def __init__(self, console: Console, stop_timeout_s: float = 30.0) -> None:
        super().__init__(stop_timeout_s)
        self._console = console
        self._display: Live | None = None
        self._steps: dict[str, _Step] = {}
        self._cost = Decimal(0)
        self._remaining: tuple[float, float] | None = None  # seconds left, and when that was said (monotonic)
        self._begun = monotonic()
        self._is_stopping = False

    def show(self, event: Event) -> None:
        """Update the display, or print a message above it."""
        from rich.text import Text

        if event.kind == "thread":
            self._console.print(Text(f"thread {visible(event.thread_id)}", style="bold"), soft_wrap=True)
        elif event.kind in ("warning", "note", "slot_failed"):
            label, style = {"warning": ("warning", "yellow"), "note": ("note", "dim")}.get(
                event.kind, ("failed", "bold red")
            )
            self._print(event.message, label, style)
        else:
            step = self._steps.setdefault(event.step, _Step(event.step))
            step.done, step.total = event.done, event.total
            step.finished = event.kind == "step_finished"
            self._open_display()
        if event.kind == "slot_failed" and event.step in self._steps:
            self._steps[event.step].failed += 1
        self._cost = max(self._cost, event.cost_usd)
        if event.remaining_s is not None:
            self._remaining = (event.remaining_s, monotonic())
        elif event.kind in ("step_started", "step_finished"):
            self._remaining = None

    def warn(self, message: str) -> None:
        """Print a warning above the display."""
        self._print(message, "warning", "yellow")

    def _print(self, message: str, label: str, style: str) -> None:
        from rich.text import Text

        self._console.print(Text.assemble((f"{label}: ", style), visible(message)), soft_wrap=True)

    def _open_display(self) -> None:
        if self._display is None:
            self._display, self.live = started_display(self._console, self.render, _REFRESH_HZ), True

    def render(self) -> RenderableType:
        """Return the display as it is now: one line per step, then the figures."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2, 0, 0))
        for step in tuple(self._steps.values()):  # the display refreshes from a thread of its own
            mark = ("done", "green") if step.finished else ("", "")
            if step.failed:
                mark = (f"{step.failed} failed", "red")
            count = _count(step.name, step.done, step.total)
            done = 1.0 if step.finished else step.done / step.total if step.total else 0.0
            bar = ProgressBar(total=1.0, completed=done, width=20)
            table.add_row(Text(visible(step.name)), bar, Text(count), Text(*mark))
        lines: list[RenderableType] = [table] if self._steps else []
        lines.append(Text(self._figures(), style="dim", overflow="fold"))
        if self._is_stopping:
            lines.append(Text(self.stopping_text, style="yellow", overflow="fold"))
        return Group(*lines)

    def _figures(self) -> str:
        now = monotonic()
        parts = [f"cost {dollars_text(self._cost)}", f"{clock_text(now - self._begun)} elapsed"]
        if self._remaining is not None and self.live:
            seconds, said_at = self._remaining
            parts.append(f"about {clock_text(seconds - (now - said_at))} left in this step")
        return ", ".join(parts)

    def stopping(self) -> None:
        """Have the next refresh say so: a signal handler must not print into the display."""
        self._is_stopping = True
        if not self.live:
            super().stopping()

    def close(self) -> None:
        """Leave the last state of the display standing."""
        if self._display is None:
            return
        self.live = self._is_stopping = False
        self._display.stop()


@contextmanager
def progress_on_standard_error(stop_timeout_s: float = 30.0) -> Generator[Progress]:
    """The display that fits the reader of standard error, closed at the end."""
    if is_terminal(sys.stderr):
        progress: Progress = LiveProgress(console_for(sys.stderr), stop_timeout_s)
    else:
        progress = Progress(stop_timeout_s)
    try:
        yield progress
    finally:
        progress.close()
