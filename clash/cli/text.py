"""Text made safe to print, and figures as people read them.

Names, lines and messages come from stories, databases and providers. None of it may move the cursor, change a
colour, set a title or turn the direction of the line it stands in, so that what controls a terminal is spelt out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from clash.clock import clock_text

_CONTROLS = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: a terminal may obey U+009B as it obeys ESC [
    "\u2028\u2029"  # line and paragraph separator
    "\u202a-\u202e\u2066-\u2069"  # direction embeddings, overrides and isolates
    "\ud800-\udfff"  # halves of surrogate pairs, which no stream can encode
    "]"
)
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    r"""The text with everything spelt out that would control a terminal or break a tab-separated line.

    >>> print(visible("a\tb\x1b[31m"))
    a\tb\x1b[31m
    """
    return _CONTROLS.sub(_spelt_out, text)


def _spelt_out(match: re.Match[str]) -> str:
    char = match[0]
    return _SHORT.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}")


def json_text(document: object) -> str:
    """One JSON document. Characters that control a terminal are escaped, also where JSON itself allows them."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    return "\n".join(_CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", line) for line in text.split("\n"))


def plain(value: Any) -> str:
    """A value of a document for scripts: as JSON has it, without quotes; nothing is the empty string.

    >>> plain(None), plain(True), plain(["a", "b"]), plain("0.000000")
    ('', 'true', 'a,b', '0.000000')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) == len(items):
            return visible(",".join(texts))
    return visible(json.dumps(value, ensure_ascii=False))


def money(usd: str | None) -> str:
    """Dollars for people: cents, and more places only where there are any. Nothing is rounded.

    >>> money("0.000000"), money("1.500000"), money("0.041250"), money(None)
    ('$0.00', '$1.50', '$0.04125', '')
    """
    if usd is None:
        return ""
    whole, _, places = visible(str(usd)).partition(".")
    return f"${whole}.{places.rstrip('0').ljust(2, '0')}"


def money_if_any(usd: str | None) -> str:
    """The same, and nothing where nothing was paid: for figures that are zero in most runs.

    >>> money_if_any("0.000000"), money_if_any("0.040000")
    ('', '$0.04')
    """
    return money(usd) if usd and usd.strip("0.") else ""


def milliseconds(duration: float | None) -> str:
    """A duration in milliseconds for people.

    >>> milliseconds(812), milliseconds(12340), milliseconds(75000), milliseconds(None)
    ('812 ms', '12.3 s', '1:15', '')
    """
    if duration is None:
        return ""
    if duration < 1000:
        return f"{duration:.0f} ms"
    return f"{duration / 1000:.1f} s" if duration < 60_000 else clock_text(duration / 1000)


def size(count: int | None) -> str:
    """A number of bytes for people.

    >>> size(512), size(20480), size(5_300_000)
    ('512 B', '20.5 kB', '5.3 MB')
    """
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"


def moment(time: str | None) -> str:
    """A time of a document (UTC, ISO 8601) to the second.

    >>> moment("2026-11-23T09:05:01.250Z")
    '2026-11-23 09:05:01'
    """
    return "" if time is None else visible(str(time))[:19].replace("T", " ")


def minute(time: str | None) -> str:
    """A time of a document to the minute, for tables.

    >>> minute("2026-11-23T09:05:01.250Z")
    '2026-11-23 09:05'
    """
    return moment(time)[:16]
