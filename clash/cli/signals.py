"""What Ctrl-C and its kin do: before a run has started, while it runs, and the second time.

Handlers are set with `signal.signal`, not with the event loop: they hold before there is a loop, while the loop is
busy, and on Windows, and the second signal is obeyed even when the loop hangs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from threading import Event, Thread, Timer, current_thread, main_thread
from types import FrameType
from typing import Any, NoReturn, Protocol

_Handler = Callable[[int, FrameType | None], Any] | int

_STOPPED = "stopped by a signal"

_GRACE_S = 2.0
"""After the time that a run may take to stop: then the process ends even if the run's own thread hangs."""
_ABANDON_S = 5.0

_SHOW_CURSOR = b"\x1b[?25h\r\n"


class Stoppable(Protocol):
    """What is told of the first signal: `clash.production.StopSignal`."""

    def request(self, signum: int) -> None:
        """Start no new call; safe in a signal handler."""
        ...

    def abandon(self) -> None:
        """Write down that the run is paused, from whichever thread, however its own thread hangs."""
        ...


class Watch(Protocol):
    """The display of a run, as far as the handlers need it: `clash.cli.progress.Progress`."""

    started: bool
    live: bool

    @property
    def go_on(self) -> str:
        """The command that goes on with what is stopped."""
        ...

    def stopping(self) -> None:
        """Tell the person that the run is stopping; safe in a signal handler."""
        ...


def exit_on_signals(*, as_json: bool) -> None:
    """From now on SIGINT and SIGTERM end the process at once: quietly, with 130 or 143.

    For everything that has nothing at stake: the time until a run starts, and the commands that only read. Once
    the JSON document of a command has been begun, the first signal comes too late and lets it be finished, so that
    there is never half a document, nor a second one after it; the next signal ends the process all the same.
    """
    too_late = False

    def leave(signum: int, _frame: FrameType | None) -> None:
        nonlocal too_late
        if as_json and getattr(sys.stdout, "begun", False):
            if too_late:
                os._exit(128 + signum)
            too_late = True
            return
        _exit(signum, as_json=as_json, message=_STOPPED, hint=None)

    _set({signal.SIGINT: leave, signal.SIGTERM: leave})


@contextmanager
def stop_on_signals(stop: Stoppable, watch: Watch, *, as_json: bool, longest_s: float = 30.0) -> Generator[None]:
    """While a run is under way, the first signal lets the calls in flight finish, the second ends the process.

    The run has `longest_s` seconds from the first signal; then the process ends whatever hangs in it. Until the run has
    named its thread there is nothing in flight, and the first signal ends it too. A terminal that is closed (SIGHUP)
    counts as SIGTERM, except under `nohup`.
    """
    requested = False
    last_resort = _LastResort(stop, watch, longest_s=longest_s + _GRACE_S, as_json=as_json)

    def handle(signum: int, _frame: FrameType | None) -> None:
        nonlocal requested
        if signum not in (signal.SIGINT, signal.SIGTERM):
            signum = signal.SIGTERM
        if not watch.started:
            _exit(signum, as_json=as_json, message=_STOPPED, hint=None)
        if requested:
            last_resort.end_now(signum)
        requested = True
        stop.request(signum)
        last_resort.begin(signum)
        watch.stopping()

    signals = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        signals.append(hangup)
    before = _set(dict.fromkeys(signals, handle))
    last_resort.start()
    try:
        yield
    finally:
        last_resort.dismiss()
        _set(before)


class _LastResort:
    """Ends the process of a run that does not stop: a thread that waits beside the run's own.

    The handlers only set its events, since a thread must not be started from within a signal handler.
    """

    def __init__(self, stop: Stoppable, watch: Watch, *, longest_s: float, as_json: bool) -> None:
        self._stop = stop
        self._watch = watch
        self._longest_s = longest_s
        self._as_json = as_json
        self._signum = 0
        self._begun, self._now, self._paused = Event(), Event(), Event()
        self._dismissed = False
        self._thread = Thread(target=self._run, name="clash-stop", daemon=True)

    def start(self) -> None:
        """Wait for the first signal."""
        self._thread.start()

    def begin(self, signum: int) -> None:
        """The first signal: from now on the run's time is counted."""
        self._signum = signum
        self._begun.set()

    def end_now(self, signum: int) -> NoReturn:
        """The second signal: write down that the run is paused, and end the process."""
        self._signum = signum
        self._now.set()
        self._paused.wait(_ABANDON_S)
        self._leave("stopped at once by a second signal")

    def dismiss(self) -> None:
        """The run has ended by itself."""
        self._dismissed = True
        self._begun.set()
        self._now.set()

    def _run(self) -> None:
        self._begun.wait()
        asked = self._now.wait(self._longest_s)
        if self._dismissed:
            return
        self._stop.abandon()
        self._paused.set()
        if not asked:
            self._leave(f"stopped after {self._longest_s:.0f} s, with calls in flight that did not end")

    def _leave(self, message: str) -> NoReturn:
        if self._watch.live:
            _write(2, _SHOW_CURSOR)
        _exit(self._signum, as_json=self._as_json, message=message, hint=self._watch.go_on)


@contextmanager
def end_within(seconds: float, exit_code: int) -> Generator[None]:
    """End the process with this code unless what is done in here, which only clears up, is over in time."""
    timer = Timer(seconds, lambda: os._exit(exit_code))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _set(handlers: Mapping[signal.Signals, _Handler]) -> dict[signal.Signals, _Handler]:
    """Set handlers and return those that were there before. Only the main thread can; elsewhere none is set."""
    if current_thread() is not main_thread():
        return {}
    # None stands for a handler that was not set from Python, and cannot be set again from here.
    return {signum: signal.signal(signum, handler) or signal.SIG_DFL for signum, handler in handlers.items()}


def _exit(signum: int, *, as_json: bool, message: str, hint: str | None) -> NoReturn:
    """End the process now.

    `os._exit`, because an exception raised from a signal handler surfaces wherever the interpreter happens to be
    (in an import, a finaliser, another library's `except`), and because worker threads in a call would be
    waited for. Nothing is lost: every answer is on disk before its call counts as answered.
    """
    if hint:
        _write(2, f"error: {message}\nhint: {hint}\n".encode())
    if as_json:
        document = {"schema": 1, "error": {"code": "stopped", "message": message, "hint": hint}}
        _write(1, f"{json.dumps(document)}\n".encode())
    os._exit(128 + signum)


def _write(descriptor: int, line: bytes) -> None:
    """Write past Python's buffers, which the interrupted code may be in the middle of using."""
    try:
        os.write(descriptor, line)
    except OSError:  # closed by the caller: there is nobody to tell
        return


def write_line(text: str) -> None:
    """One line on standard error from within a signal handler."""
    if sys.stderr is not None:
        _write(2, f"{text}\n".encode())
