"""What a person sees of a batch: a table of the runs under way at a terminal, one plain line per event elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING

from clash.cli.output import console_for, say
from clash.cli.progress import Event, Progress, count_of, dollars_text, plain_line, started_display
from clash.cli.said_once import SaidOnce
from clash.cli.streams import is_terminal
from clash.cli.text import visible
from clash.clock import clock_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from clash.production import BatchRequest

_REFRESH_HZ = 4
_MOST_ROWS = 16
_LEAST, _OTHERS = 12, 46
"""Cells for the thread id, and for the step, the count and the cost beside it."""
_MESSAGES = {"warning": "yellow", "note": "dim", "slot_failed": "bold red", "run_ended": ""}


class BatchProgress(Progress):
    """Observes the runs of a batch: one plain line per event, which begins with the run's thread id."""

    def __init__(self, command: str, stop_timeout_s: float) -> None:
        """`command`: what goes on with the batch."""
        super().__init__(stop_timeout_s)
        self._command = command
        self._said = SaidOnce()
        self._failures: dict[str, set[str]] = {}

    @property
    def go_on(self) -> str:
        """The command that goes on with the batch."""
        return self._command

    def observe(self, event: Event) -> None:
        """Take note of an event and show it; a warning that another run had before is summed up at the end."""
        if event.kind != "warning" or self._said.is_new(event.message, event.thread_id):
            super().observe(event)

    def close(self) -> None:
        """Say which other runs the warnings are about."""
        for line in self._said.repeated():
            self.warn(line)

    def show(self, event: Event) -> None:
        """Show an event as a plain line."""
        line = self._line(event)
        if not self._is_told(event, line):
            say(line)

    def _is_told(self, event: Event, line: str) -> bool:
        """Return whether the end of a run says what the failure of its slot has said, and take note of a failure."""
        if event.kind == "slot_failed":
            self._failures.setdefault(event.thread_id, set()).add(line)
        elif event.kind == "run_ended":
            return line in self._failures.pop(event.thread_id, ())
        return False

    def _line(self, event: Event) -> str:
        line = plain_line(event)
        return line if event.kind == "thread" or not event.thread_id else f"{event.thread_id}: {line}"


class LiveBatchProgress(BatchProgress):
    """The live display: one line per run under way, then how many have ended, cost and time."""

    def __init__(self, console: Console, command: str, stop_timeout_s: float) -> None:
        super().__init__(command, stop_timeout_s)
        self._console = console
        self._display: Live | None = None
        self._running: dict[str, Event | None] = {}
        self._ended: Counter[str] = Counter()
        self._costs: dict[str, Decimal] = {}
        self._begun = monotonic()
        self._is_stopping = False

    def show(self, event: Event) -> None:
        """Update the display, or print a message above it."""
        if event.thread_id:
            self._costs[event.thread_id] = max(self._costs.get(event.thread_id, Decimal(0)), event.cost_usd)
        if event.kind == "thread":
            self._running[event.thread_id] = None
            self._open_display()
        elif event.kind in _MESSAGES:
            line = self._line(event)
            if not self._is_told(event, line):
                self._print(line, _MESSAGES[event.kind])
        else:
            self._running[event.thread_id] = event
        if event.kind == "run_ended":
            self._running.pop(event.thread_id, None)
            self._ended[event.message.partition(":")[0].replace("_", " ")] += 1

    def warn(self, message: str) -> None:
        """Print a warning above the display."""
        self._print(f"warning: {message}", "yellow")

    def _print(self, line: str, style: str) -> None:
        from rich.text import Text

        self._console.print(Text(visible(line), style=style), soft_wrap=True)

    def _open_display(self) -> None:
        if self._display is None:
            self._display, self.live = started_display(self._console, self.render, _REFRESH_HZ), True

    def render(self) -> RenderableType:
        """Return the display as it is now."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2, 0, 0))
        # A name that finds no room loses its end: the step and the count are what changes.
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(_LEAST, self._console.width - _OTHERS))
        for _ in range(3):
            table.add_column(no_wrap=True)
        running = list(self._running.items())  # the display refreshes from a thread of its own
        for thread_id, event in running[:_MOST_ROWS]:
            step, count = (event.step, count_of(event)) if event is not None else ("starting", "")
            cost = dollars_text(self._costs.get(thread_id, Decimal(0)))
            table.add_row(Text(visible(thread_id)), Text(visible(step)), Text(count), Text(cost))
        lines: list[RenderableType] = [table] if running else []
        if len(running) > _MOST_ROWS:
            lines.append(Text(f"and {len(running) - _MOST_ROWS} more", style="dim"))
        lines.append(Text(self._figures(len(running)), style="dim", overflow="fold"))
        if self._is_stopping:
            lines.append(Text(self.stopping_text, style="yellow", overflow="fold"))
        return Group(*lines)

    def _figures(self, running: int) -> str:
        ended = [f"{count} {status}" for status, count in tuple(self._ended.items())]
        cost = sum(tuple(self._costs.values()), Decimal(0))
        elapsed = clock_text(monotonic() - self._begun)
        return ", ".join([*ended, f"{running} under way", f"cost {dollars_text(cost)}", f"{elapsed} elapsed"])

    def stopping(self) -> None:
        """Have the next refresh say so: a signal handler must not print into the display."""
        self._is_stopping = True
        if not self.live:
            super().stopping()

    def close(self) -> None:
        """Leave the last state of the display standing."""
        if self._display is not None:
            self.live = self._is_stopping = False
            self._display.stop()
        super().close()


@contextmanager
def batch_progress_on_standard_error(request: BatchRequest, stop_timeout_s: float) -> Generator[Progress]:
    """The display that fits the reader of standard error, closed at the end."""
    from clash.production import command_of_batch

    command = command_of_batch(request)
    if is_terminal(sys.stderr):
        progress: Progress = LiveBatchProgress(console_for(sys.stderr), command, stop_timeout_s)
    else:
        progress = BatchProgress(command, stop_timeout_s)
    try:
        yield progress
    finally:
        progress.close()
