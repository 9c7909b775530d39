"""The two standard streams, made such that no text and no reader can make a command fail in an unforeseen place.

Standard output carries data: where it cannot be written (a full disk), that is an error; where its reader has
gone away (`clash runs ls | head -1`), it is none, and what is left to say is said to nobody. Standard error
carries messages: a run is worth more than they are, so that nothing that happens to them ever stops one.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from io import RawIOBase, TextIOWrapper
from typing import Any, TextIO, cast

from clash.errors import StorageError
from clash.redaction import hide


@contextmanager
def safe_streams() -> Generator[None]:
    """Put the safe streams in the place of Python's; at the end flush them and put Python's back."""
    before = sys.stdout, sys.stderr
    data, messages = (_any_text(stream if stream is not None else _nowhere()) for stream in before)
    data = _whole_writes(data)
    sys.stdout, sys.stderr = cast(TextIO, DataStream(data)), cast(TextIO, MessageStream(messages))
    try:
        yield
    finally:
        sys.stderr.flush()
        _flush_or_forget(data)
        sys.stdout, sys.stderr = before


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads this stream as it is written, on a screen whose cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def may_ask() -> bool:
    """Return whether a person at a terminal can be asked, and sees the question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison]


class DataStream:
    """Standard output. A reader that is gone is no error.

    Once it cannot be written (a full disk), every `write` and `flush` raises `StorageError`: the first of them
    may be swallowed, since libraries write an empty string to find out what a stream takes. `begun` says whether
    anything was written: a second document must not follow a first. `unread` says that its reader is gone.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._error: StorageError | None = None
        self.begun = False
        self.unread = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, without secrets, as far as anybody reads."""
        text = hide(text)
        self.begun = self.begun or bool(text)
        with self._checked():
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, as far as anybody reads."""
        with self._checked():
            self._stream.flush()

    @contextmanager
    def _checked(self) -> Generator[None]:
        if self._error is not None:
            raise self._error
        try:
            yield
        except OSError as error:
            _forget(self._stream)
            if _reader_is_gone(error):
                self.unread = True
                return
            self._error = StorageError(f"standard output cannot be written: {error.strerror or error}")
            raise self._error from None


class MessageStream:
    """Standard error. Never raises for a stream that cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, without secrets, if it can be written."""
        try:
            return self._stream.write(hide(text))
        except OSError:
            _forget(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush if it can be flushed."""
        _flush_or_forget(self._stream)


def _nowhere() -> TextIO:
    """For a stream that the caller has closed."""
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _any_text(stream: TextIO) -> TextIO:
    """The stream, set to spell out what its encoding lacks (the C locale, Windows' code pages)."""
    wrapper: object = stream
    if isinstance(wrapper, TextIOWrapper):
        wrapper.reconfigure(errors="backslashreplace")
    return stream


def _whole_writes(stream: TextIO) -> TextIO:
    """The stream, set to write what it is given to the end.

    Under PYTHONUNBUFFERED Python's own loses the rest of a long text when a signal comes while a pipe is full: its
    text layer takes a part that the system has written for the whole.
    """
    if isinstance(getattr(stream, "buffer", None), RawIOBase):
        descriptor = stream.fileno()
        return open(descriptor, "w", encoding=stream.encoding, errors=stream.errors, closefd=False)
    return stream


def _reader_is_gone(error: OSError) -> bool:
    """Whether the other end of the pipe is closed. Windows says EINVAL; a terminal that is gone EIO."""
    return isinstance(error, BrokenPipeError) or error.errno in (errno.EPIPE, errno.EINVAL, errno.EIO)


def _flush_or_forget(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        _forget(stream)


def _forget(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that the interpreter does not complain of it when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # without a descriptor of its own there is nothing to be flushed either
        return
