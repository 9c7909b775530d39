"""Find secrets whose characters a server has escaped, in any mixture, or broken over several lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_MARKS = ("&#", "\\u00", "\\u{", "\\x", "%")
"""What the escapes of characters begin with. Most texts have none of them."""
_LINE_ENDS = ("\n", "\r", "\\n", "\\r")
_ESCAPED = re.compile(
    r"&#x0{0,8}(?P<html>[0-9a-f]{2});"
    r"|&#0{0,8}(?P<decimal>[0-9]{2,3});"
    r"|(?<!\\)\\+(?:u(?:00|\{)(?P<unicode>[0-9a-f]{2})\}?|x(?P<hex>[0-9a-f]{2})|[rn][ \t]*)"
    r"|%(?:25){0,8}(?P<url>[0-9a-f]{2})"
    r"|=?[\r\n]+[ \t]*",
    re.IGNORECASE,
)


def hide_escaped(text: str, forms: Sequence[str], pattern: Callable[[], re.Pattern[str]], hidden: str) -> str:
    """Return a text in which each form that is there escaped, or broken over lines, is replaced.

    `forms`: in lower case, each so long that the words at a line's end and the next one's start do not make it up.
    `pattern` finds them; it is asked for only where one is there.
    """
    if not forms:
        return text
    low = text.lower()
    if not _may_hide(low, forms):
        return text
    low = _ESCAPED.sub(_character, text).lower()
    if not any(form in low for form in forms):
        return text
    plain, spans = _with_spans(text)
    parts, end = list[str](), 0
    for match in pattern().finditer(plain):
        parts += [text[end : spans[match.start()][0]], hidden]
        end = spans[match.end() - 1][1]
    return "".join([*parts, text[end:]])


def _may_hide(low: str, forms: Sequence[str]) -> bool:
    """Return False, after a look that takes little time, for a text that has none of the forms escaped or broken."""
    if any(mark in low for mark in _MARKS):
        return True
    if not any(end in low for end in _LINE_ENDS):
        return False
    joined = "".join(low.replace("\\n", "").replace("\\r", "").replace("\\", "").replace("=", "").split())
    return any("".join(form.replace("\\", "").replace("=", "").split()) in joined for form in forms)


def _character(match: re.Match[str]) -> str:
    """Return the character that an escape stands for; nothing for the end of a line."""
    group = match.lastgroup
    if group is None:
        return ""
    code = int(match[group], 10 if group == "decimal" else 16)
    return chr(code)


def _with_spans(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a text without escapes, and where each of its characters is in the text as it was."""
    characters, spans, end = list[str](), list[tuple[int, int]](), 0
    for match in _ESCAPED.finditer(text):
        characters += text[end : match.start()]
        spans += ((place, place + 1) for place in range(end, match.start()))
        if character := _character(match):
            characters.append(character)
            spans.append(match.span())
        end = match.end()
    characters += text[end:]
    spans += ((place, place + 1) for place in range(end, len(text)))
    return "".join(characters), spans
