"""Run a film to its end in this process: its progress on standard error, its events where they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from clash.cli.event_lines import EventLines
from clash.cli.progress import Progress, progress_on_standard_error
from clash.errors import ClashError

R = TypeVar("R")

if TYPE_CHECKING:
    import asyncio

    from clash.config import Settings
    from clash.production import Event, StopSignal

    Start = Callable[[Settings, Callable[[Event], None], StopSignal], Coroutine[Any, Any, R]]


def run_to_the_end(
    start: Start[R],
    *,
    as_json: bool,
    events: bool,
    flags: Mapping[str, str],
    shown: Callable[[float], AbstractContextManager[Progress]] = progress_on_standard_error,
) -> tuple[R, asyncio.Runner]:
    """Run to the end, showing progress. The runner is still to be closed.

    `shown`: the display, which is told the seconds within which the run ends after a signal.
    """
    import asyncio

    from clash.cli.memory import give_memory_back
    from clash.cli.notices import warnings_shown
    from clash.cli.signals import stop_on_signals
    from clash.config import load_settings
    from clash.production import StopSignal

    _log_only_for_debugging()
    give_memory_back()
    with warnings_shown():
        settings, stop = load_settings(flags), StopSignal()
    runner, lines = asyncio.Runner(), EventLines() if events else None
    try:
        with (
            shown(settings.stop_timeout_s) as progress,
            warnings_shown(progress.warn),
            stop_on_signals(stop, progress, as_json=as_json, longest_s=settings.stop_timeout_s),
        ):

            def observe(event: Event) -> None:
                if lines is not None:
                    lines.observe(event)
                progress.observe(event)

            report = runner.run(start(settings, observe, stop))
    except BaseException as error:
        if lines is not None:
            lines.fail(error) if isinstance(error, ClashError) else lines.leave()
        runner.close()
        raise
    return report, runner


_LOG_ADDRESSES = ("httpx", "httpx2", "httpcore", "httpcore2", "openai", "fal_client")
"""What logs every address that it asks for, signatures included; these are secrets for as long as they hold."""


def _log_only_for_debugging() -> None:
    """Keep what libraries log and warn of off a person's screen; `CLASH_DEBUG` shows it, tracebacks included.

    What a person must know comes as an event, an error, or a warning of our own.
    """
    import logging

    logging.captureWarnings(True)
    if os.environ.get("CLASH_DEBUG"):
        logging.basicConfig(level=logging.INFO)
        for chatty in _LOG_ADDRESSES:
            logging.getLogger(chatty).setLevel(logging.WARNING)
    else:
        logging.getLogger().addHandler(logging.NullHandler())
