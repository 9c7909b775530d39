"""`clash resume` as a process of its own, started where no process holds a run. It outlives the board."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

_MOST_AT_ONCE = 8
_LONGEST_ANSWER = 4 << 20
_LOOKS_EVERY_S = 0.25
_HAS_STOPPED_WELL = (0, 8)
"""Exit codes of a run that is completed, or waits for a review."""


@dataclass
class ChildRun:
    """A process that goes on with a run. What it prints goes to a file: a pipe would end with the board."""

    thread_id: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def answer(self) -> dict[str, Any]:
        """Return the document that it printed; an empty one if it printed none."""
        self.output.seek(0)
        with contextlib.suppress(ValueError):
            found: object = json.loads(self.output.read(_LONGEST_ANSWER) or b"{}")
            if isinstance(found, dict):
                return {str(key): value for key, value in found.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return {}


class ChildRuns:
    """The processes that a board has started."""

    def __init__(self, on_end: Callable[[str, int, Mapping[str, Any]], None], command: tuple[str, ...] = ()) -> None:
        """`on_end`: told the thread id, the exit code and the document of a process that has ended."""
        self._on_end = on_end
        self._command = command or (sys.executable, "-m", "clash")
        self._running: dict[str, ChildRun] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._wanted_again: set[str] = set()

    @property
    def has_room(self) -> bool:
        """Whether one more may be started."""
        return len(self._running) < _MOST_AT_ONCE

    def is_running(self, thread_id: str) -> bool:
        """Whether the board has started a process for this run that has not ended."""
        return thread_id in self._running

    @property
    def running(self) -> tuple[str, ...]:
        """The thread ids of the processes that have not ended."""
        return tuple(self._running)

    def start_again(self, thread_id: str) -> None:
        """Start another process once the one of this run has ended, unless it ends badly.

        A process that no longer holds its run takes a moment to end, and does not see what is decided in it.
        """
        self._wanted_again.add(thread_id)

    def start(self, thread_id: str) -> int:
        """Start `clash resume` for a run; its process id. It is a process of its own session: Ctrl-C is not for it."""
        output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        apart: dict[str, Any] = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        # The id is an argument of its own behind `--`, whatever it begins with; no shell reads it.
        process = subprocess.Popen[bytes](
            [*self._command, "resume", "--json", "--", thread_id],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            **apart,
        )
        child = ChildRun(thread_id, process, output)
        self._running[thread_id] = child
        task = asyncio.ensure_future(self._wait_for(child))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return process.pid

    async def _wait_for(self, child: ChildRun) -> None:
        while (code := child.process.poll()) is None:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(_LOOKS_EVERY_S)
        document = child.answer()
        child.output.close()
        del self._running[child.thread_id]
        if child.thread_id in self._wanted_again:
            self._wanted_again.discard(child.thread_id)
            if code in _HAS_STOPPED_WELL:
                self.start(child.thread_id)
        self._on_end(child.thread_id, code, document)

    def leave(self) -> None:
        """Wait for none of them any more: they go on by themselves."""
        for task in self._waiting:
            task.cancel()
        for child in self._running.values():
            child.output.close()
            child.process.returncode = 0  # it is not ours to wait for
