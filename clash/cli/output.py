"""The two streams: data on standard output, everything else on standard error.

Everything that a command prints passes here, so that the rules hold everywhere: one JSON document or one set of
blocks; errors as `error:` and `hint:`; a reader that has gone away is not an error; no encoding is one either.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from clash.cli.layout import Block, piped, print_to_terminal
from clash.cli.text import json_text, visible
from clash.errors import ClashError, StorageError, StoryError

if TYPE_CHECKING:
    from rich.console import Console

Document = Mapping[str, Any]
Render = Callable[[Document], Iterable[Block]]

SCHEMA = 1


def prepare_streams() -> None:
    """Make both streams such that no text can make them fail, and that one closed by the caller is no surprise."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads this stream as it is written, on a screen whose cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def console_for(stream: TextIO) -> Console:
    """A console of the stream's terminal. It reads no markup; `NO_COLOR` and `COLUMNS` are rich's to honour."""
    from rich.console import Console

    return Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=False)


def emit(document: Document, *, as_json: bool, render: Render) -> None:
    """Put out a command's result. Raises `StorageError` when standard output cannot be written (a full disk)."""
    try:
        if as_json:
            _write_json(document)
        elif sys.stdout.isatty():
            print_to_terminal(render(document), console_for(sys.stdout))
        else:
            for line in piped(render(document)):
                sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError as error:
        _forget(sys.stdout)
        if not reader_is_gone(error):
            raise StorageError(f"standard output cannot be written: {error.strerror or error}") from None


def _write_json(document: Document) -> None:
    text = json_text(document)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        # A stream that is not Unicode: JSON's own escapes, since those of `backslashreplace` are no JSON.
        text = "".join(char if char < "\x7f" else _json_escape(char) for char in text)
    sys.stdout.write(text + "\n")


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))


def reader_is_gone(error: OSError) -> bool:
    """Whether the other end of a pipe was closed, as `head` does. Windows says EINVAL; a lost terminal EIO."""
    return isinstance(error, BrokenPipeError) or error.errno in (errno.EPIPE, errno.EINVAL, errno.EIO)


def _forget(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that the interpreter does not complain of it when it ends."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    except (OSError, ValueError):  # the stream has no descriptor, or it is closed: nothing will be flushed
        return


def close_streams() -> None:
    """Flush both streams for the last time; a reader that is gone is not waited for."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _forget(stream)


def say(text: str, *, label: str = "", style: str = "") -> None:
    """A sentence on standard error. Further lines of it are indented, so that none looks like one of ours."""
    lines = [visible(line) for line in text.split("\n")]
    head = f"{label}: " if label else ""
    body = ("\n" + " " * len(head)).join(lines)
    try:
        if style and is_terminal(sys.stderr):
            from rich.text import Text

            console_for(sys.stderr).print(Text.assemble((head, style), body), soft_wrap=True)
        else:
            sys.stderr.write(head + body + "\n")
        sys.stderr.flush()
    except OSError:
        # Nobody reads our messages any more. What the command is doing matters more: a run goes on.
        _forget(sys.stderr)


def say_error(message: str, hint: str | None) -> None:
    """`error: ...` and, where there is one, `hint: ...` on standard error."""
    say(message, label="error", style="bold red")
    if hint:
        say(hint, label="hint", style="bold")


def error_document(error: ClashError) -> dict[str, Any]:
    """The JSON document of an error that ended a command before it had anything else to say."""
    facts: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, StoryError):
        facts |= {"row": error.row, "column": error.column}
    return {"schema": SCHEMA, "error": facts}


def report_error(error: ClashError, *, as_json: bool) -> None:
    """Tell of an error: for people on standard error, and with `--json` also as the document."""
    say_error(error.message, error.hint)
    if as_json:
        try:
            emit(error_document(error), as_json=True, render=lambda _: ())
        except StorageError as full:
            say_error(full.message, full.hint)
