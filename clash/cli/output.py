"""What a command prints: its result on standard output, everything else on standard error.

Everything passes here, so that the rules hold everywhere: one JSON document or one set of blocks; errors as
`error:` and `hint:`; nothing from a story or a database is obeyed by the terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TextIO

from clash.cli.layout import Block, Remark, piped, print_to_terminal
from clash.cli.streams import is_terminal
from clash.cli.text import json_text, visible
from clash.documents import SCHEMA
from clash.errors import ClashError, StorageError, StoryError
from clash.redaction import hide, hide_in

if TYPE_CHECKING:
    from rich.console import Console

Document = Mapping[str, Any]


def part_of(document: Document, key: str) -> Mapping[str, Any]:
    """Return the object under a key of a document; an empty one where there is none."""
    return document.get(key) or {}


Render = Callable[[Document], Iterable[Block]]


def console_for(stream: TextIO) -> Console:
    """A console of the stream's terminal. It reads no markup; `NO_COLOR` and `COLUMNS` are rich's to honour."""
    from rich.console import Console

    return Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=False)


def emit(document: Document, *, as_json: bool, render: Render) -> None:
    """Put out a command's result, without secrets.

    Raises `StorageError` when standard output cannot be written (a full disk).
    """
    # Here and not only where the text is written: a terminal's layout breaks a long key in two.
    document = hide_in(dict(document))
    if as_json:
        _write_json(document)
    elif sys.stdout.isatty():
        print_to_terminal(render(document), console_for(sys.stdout))
    else:
        for line in piped(render(document)):
            sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_aside(blocks: Iterable[Block]) -> None:
    """Show blocks on standard error, where standard output carries other data. Without a terminal, only remarks."""
    if sys.stderr.isatty():
        print_to_terminal(blocks, console_for(sys.stderr))
        return
    for block in blocks:
        if isinstance(block, Remark):
            say(block.text)


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


def say(text: str, *, label: str = "", style: str = "") -> None:
    """Write a sentence on standard error, without secrets; further lines of it are indented, unlike any of ours."""
    lines = [visible(line) for line in hide(text).split("\n")]
    head = f"{label}: " if label else ""
    body = ("\n" + " " * len(head)).join(lines)
    if style and is_terminal(sys.stderr):
        from rich.text import Text

        console_for(sys.stderr).print(Text.assemble((head, style), body), soft_wrap=True)
    else:
        sys.stderr.write(head + body + "\n")
    sys.stderr.flush()


def say_error(message: str, hint: str | None, *, label: Literal["error", "paused"] = "error") -> None:
    """`error: ...` and, where there is one, `hint: ...` on standard error."""
    say(message, label=label, style="bold red" if label == "error" else "bold yellow")
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
            if full is not error:
                say_error(full.message, full.hint)
