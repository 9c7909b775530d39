"""Run a film to its end in this process: its progress on standard error, its events where they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from clash.cli.event_lines import EventLines
from clash.errors import ClashError

if TYPE_CHECKING:
    import asyncio

    from clash.config import Settings
    from clash.production import Event, RunReport, StopSignal

    Start = Callable[[Settings, Callable[[Event], None], StopSignal], Coroutine[Any, Any, RunReport]]


def run_to_the_end(
    start: Start, *, as_json: bool, events: bool, flags: Mapping[str, str]
) -> tuple[RunReport, asyncio.Runner]:
    """Run to the end, showing progress. The runner is still to be closed."""
    import asyncio

    from clash.cli.memory import give_memory_back
    from clash.cli.notices import warnings_shown
    from clash.cli.progress import progress_on_standard_error
    from clash.cli.signals import stop_on_signals
    from clash.config import load_settings
    from clash.production import StopSignal

    _log_only_for_debugging()
    give_memory_back()
    with warnings_shown():
        settings, stop = load_settings(flags), StopSignal()
    runner, lines = asyncio.Runner(), EventLines()
    try:
        with (
            progress_on_standard_error(settings.stop_timeout_s) as progress,
            warnings_shown(progress.warn),
            stop_on_signals(stop, progress, as_json=as_json, longest_s=settings.stop_timeout_s),
        ):

            def observe(event: Event) -> None:
                if events:
                    lines.observe(event)
                progress.observe(event)

            report = runner.run(start(settings, observe, stop))
    except BaseException as error:
        if events and isinstance(error, ClashError):
            lines.fail(error)
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
