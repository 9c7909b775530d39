"""Stopping a run in bounded time: calls in flight are waited for, but not for ever; the run never stays `running`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

from clash.database.connection import is_d1, open_database
from clash.database.lease import Lease, release_as_paused
from clash.errors import Action, ClashError, Remedy, StoppedError

_TICK_S = 0.25
_END_S = 1.0
_WRITE_S, _WRITE_TO_DISK_S = 3.0, 10.0
"""For so long a last write may take: to D1, and to a disk, which may stand for seconds while others write."""

CALLS_SHARE, GRAPH_SHARE = 0.75, 0.9
"""Of the seconds that a stop may take: after the first share no call is waited for, after the second no step."""


class StopSignal:
    """A wish to stop, safe to utter from a signal handler or another thread."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._requested_at = 0.0
        self._abandon: Callable[[], None] | None = None
        self._parts: list[StopSignal] = []

    @property
    def requested(self) -> bool:
        """Whether it was uttered."""
        return self.signum is not None

    @property
    def age_s(self) -> float:
        """Seconds since it was uttered; 0 before."""
        return time.monotonic() - self._requested_at if self.requested else 0.0

    def request(self, signum: int) -> None:
        """Ask the run to stop: no new call starts, those in flight are waited for."""
        if self.signum is None:
            self._requested_at = time.monotonic()
        self.signum = signum
        for part in tuple(self._parts):
            part.request(signum)

    @contextmanager
    def for_one_of_several(self) -> Generator[StopSignal]:
        """A signal of its own for one of several runs of this process, which also hears this one."""
        part = StopSignal()
        self._parts.append(part)
        if self.signum is not None:
            part.request(self.signum)
        try:
            yield part
        finally:
            self._parts.remove(part)

    def check(self) -> None:
        """Raises `StoppedError` (exit code 128 + signal) once it was uttered."""
        if self.signum is not None:
            raise StoppedError(
                "stopped before this was made", remedy=Remedy(Action.RESUME), exit_code=128 + self.signum
            )

    def on_abandon(self, abandon: Callable[[], None] | None) -> None:
        """What is to be done for the run if its process must end without waiting any longer; None: nothing more."""
        self._abandon = abandon

    def abandon(self) -> None:
        """Write down that the run is paused, from any thread, however the run's own hangs. Takes a few seconds."""
        others = [threading.Thread(target=part.abandon, daemon=True) for part in tuple(self._parts)]
        for other in others:
            other.start()
        if self._abandon is not None:
            self._abandon()
        for other in others:
            other.join(_WRITE_TO_DISK_S + _END_S)


def pause_from_outside(url: str, lease: Lease) -> None:
    """Write `paused` and release the lease over a connection of its own, in a thread of its own, within seconds."""

    longest_s = _WRITE_S if is_d1(url) else _WRITE_TO_DISK_S

    async def write() -> None:
        async with asyncio.timeout(longest_s), open_database(url, "write") as database:
            await release_as_paused(database, lease, code="stopped", message="stopped before everything was made")

    def run() -> None:
        try:
            asyncio.run(write())
        except (ClashError, TimeoutError):
            return  # the lease expires by itself, and the run then counts as interrupted

    writing = threading.Thread(target=run, name="clash-pause", daemon=True)
    writing.start()
    writing.join(longest_s + _END_S)


async def within_a_stop(work: Coroutine[Any, Any, None], stop: StopSignal, longest_s: float) -> None:
    """Do the work; once a stop is older than `longest_s` seconds, cancel it and raise `StoppedError`."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_TICK_S)
            if not task.done() and stop.age_s > longest_s:
                task.cancel()
                await asyncio.wait({task}, timeout=_END_S)
                if task.done() and not task.cancelled():
                    break
                stop.check()
        await task
    finally:
        if not task.done():
            task.cancel()
