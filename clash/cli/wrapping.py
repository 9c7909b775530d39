"""Where a line for a terminal may be broken: between words, but never in what people copy and type again."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"clash(?: [^\s,;()]+)+|\S+")
_LIKE_AN_ID = re.compile(r"[.:/\\_-]")


def whole_part(text: str) -> int:
    """Return how many cells wide the longest part of a text is that must stay on one line.

    It is a word. Only of what is written without spaces, as Chinese is, a line may end anywhere; slots, file names
    and ids stay whole there too.

    >>> whole_part("the lamp is lit"), whole_part("她看着大海"), whole_part("她看着 character:小禾")
    (4, 2, 14)
    """
    from rich.cells import cell_len

    lengths = (cell_len(word) if _is_whole(word, cell_len(word)) else 2 for word in text.split())
    return max(lengths, default=0)


def _is_whole(word: str, cells: int) -> bool:
    return cells == len(word) or _LIKE_AN_ID.search(word) is not None


def wrapped(text: str, width: int) -> str:
    """Return a text with line breaks for a width beside its own, the commands in it whole on a line if they fit on one.

    >>> wrapped("go on with it: clash resume lamp-3fa2c1", 30)
    'go on with it:\\nclash resume lamp-3fa2c1'
    """
    return "\n".join(_wrapped_line(line, width) for line in text.split("\n"))


def _wrapped_line(text: str, width: int) -> str:
    from rich.cells import cell_len

    lines: list[str] = []
    line = ""
    for part in _parts(text, width):
        joined = f"{line} {part}" if line else part
        if line and cell_len(joined) > width:
            lines.append(line)
            joined = part
        line = joined
    return "\n".join([*lines, line])


def _parts(text: str, width: int) -> list[str]:
    """The words of a text; a command that fits on a line is one of them."""
    from rich.cells import cell_len

    found: list[str] = []
    for part in _COMMAND.findall(text):
        found += [part] if cell_len(part) <= width else part.split()
    return found
