"""Write lines to standard output beside the work that makes them, so that a reader who does not read holds up nothing.

What is not read yet waits in memory up to a megabyte, and then in a temporary file.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import tempfile
import time
from threading import Condition, Thread

from clash.errors import StorageError
from clash.redaction import hide

_IN_MEMORY_BYTES = 1 << 20
_AT_ONCE_BYTES = 1 << 16
_TICK_S = 0.2
_GONE = (errno.EPIPE, errno.EINVAL, errno.EIO)
"""The other end of the pipe is closed. Windows says EINVAL; a terminal that is gone EIO."""


class LinePipe:
    """Lines for one file descriptor, written by a thread in the order in which they were put.

    Where a line cannot be written (a full disk), `error` says so and the rest is left out; where the reader has gone
    away, the rest is left out, which is no error.
    """

    def __init__(self, descriptor: int) -> None:
        self.error: StorageError | None = None
        self._descriptor = descriptor
        self._changed = Condition()
        self._unread = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - open as long as the process
        self._begin = self._end = 0
        """Where what is to be written begins and ends in the file."""
        self._writing = False
        self._ended = False
        Thread(target=self._run, name="clash-lines", daemon=True).start()

    def put(self, line: str) -> None:
        """Have a line written; returns at once."""
        content = hide(line).encode()
        with self._changed:
            if self._ended:
                return
            try:
                self._unread.seek(self._end)
                self._unread.write(content)
            except OSError as error:
                self._fail(error, "what waits for the reader of standard output cannot be kept")
                return
            self._end += len(content)
            self._changed.notify_all()

    def drain(self, within_s: float | None = None) -> None:
        """Wait until all lines are written; None: for as long as the reader takes. Signals are obeyed meanwhile."""
        until = None if within_s is None else time.monotonic() + within_s
        with self._changed:
            while (self._writing or self._begin < self._end) and (until is None or time.monotonic() < until):
                self._changed.wait(_TICK_S)

    def _run(self) -> None:
        while (content := self._next()) is not None:
            try:
                self._write(content)
            except OSError as error:
                with self._changed:
                    if error.errno in _GONE:
                        self._end_here()
                    else:
                        self._fail(error, "standard output cannot be written")

    def _next(self) -> bytes | None:
        """Return what is to be written next; None once nothing is written any more."""
        with self._changed:
            self._writing = False
            if self._begin == self._end:
                self._begin = self._end = 0
                self._unread.seek(0)
                self._unread.truncate()
                self._changed.notify_all()
            while not self._ended and self._begin == self._end:
                self._changed.wait()
            if self._ended:
                return None
            self._unread.seek(self._begin)
            content = self._unread.read(min(_AT_ONCE_BYTES, self._end - self._begin))
            self._begin += len(content)
            self._writing = True
            return content

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # the caller has set it so
                select.select((), (self._descriptor,), (), 1)

    def _fail(self, error: OSError, what: str) -> None:
        self.error = StorageError(f"{what}: {error.strerror or error}")
        self._end_here()

    def _end_here(self) -> None:
        self._ended, self._writing = True, False
        self._begin = self._end = 0
        self._changed.notify_all()


_open: tuple[object, LinePipe] | None = None


def standard_output() -> LinePipe | None:
    """Return the lines of standard output, the same ones each time; None if it has no descriptor of its own."""
    global _open
    if _open is None or _open[0] is not sys.stdout:
        try:
            sys.stdout.flush()
            _open = sys.stdout, LinePipe(sys.stdout.fileno())
        except (OSError, ValueError, StorageError):
            return None
    return _open[1]
