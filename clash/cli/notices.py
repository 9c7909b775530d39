"""What the rooms below log as a warning, shown to a person: a wait that Cloudflare asks for, a setting's older name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

from clash.cli.output import say
from clash.redaction import hide

_BOARD = "clash.board"
"""A board answers a browser: its terminal is the only place that can tell what failed inside it."""


class _Shown(logging.Handler):
    """Shows warnings, and the errors of the board on one line each.

    Other errors reach the person as the error of the command; what is logged of them is for debugging.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_BOARD):
            self._show(" ".join(hide(record.getMessage()).split()))
        elif record.levelno == logging.WARNING:
            self._show(hide(record.getMessage()))


def warn(message: str) -> None:
    """`warning: ...` on standard error."""
    say(message, label="warning", style="yellow")


@contextmanager
def warnings_shown(show: Callable[[str], None] = warn) -> Generator[None]:
    """Show what clash logs as a warning meanwhile, from whichever thread."""
    logger, shown = logging.getLogger("clash"), _Shown(show)
    logger.addHandler(shown)
    try:
        yield
    finally:
        logger.removeHandler(shown)
