"""Figures as pages show them: money, times, lengths. Amounts are never rounded."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from clash.board.pages.html import NOTHING, Html, el
from clash.clock import clock_text

DASH = "\u2013"
"""Shown where there is no figure."""


def money(usd: str | None) -> str:
    """Dollars: cents, and more places only where there are any.

    >>> money("0.000000"), money("1.500000"), money("0.041250"), money(None)
    ('$0.00', '$1.50', '$0.04125', '\u2013')
    """
    if usd is None:
        return DASH
    whole, _, places = usd.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}${whole.removeprefix('-')}.{places.rstrip('0').ljust(2, '0')}"


def amount(usd: str | None) -> Decimal:
    """The dollars of a document, to compare them; nothing is 0.

    >>> amount("1.500000"), amount(None)
    (Decimal('1.500000'), Decimal('0'))
    """
    try:
        return Decimal(usd or 0)
    except InvalidOperation:
        return Decimal(0)


def share(part: float | Decimal, whole: float | Decimal) -> float:
    """How much of a whole a part is, from 0 to 1.

    >>> share(1, 4), share(5, 4), share(1, 0)
    (0.25, 1.0, 0.0)
    """
    return min(max(float(part) / float(whole), 0.0), 1.0) if whole > 0 else 0.0


def length(seconds: float | None) -> str:
    """The length of a shot.

    >>> length(5.0), length(3.5), length(None)
    ('5 s', '3.5 s', '\u2013')
    """
    return DASH if seconds is None else f"{round(seconds, 1):g} s"


def duration(milliseconds: float | None) -> str:
    """How long something took.

    >>> duration(812), duration(12340), duration(75000), duration(None)
    ('812 ms', '12.3 s', '1:15', '\u2013')
    """
    if milliseconds is None:
        return DASH
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else clock_text(milliseconds / 1000)


def minute(time: str | None) -> str:
    """A time of a document (UTC) to the minute.

    >>> minute("2026-11-23T09:05:01.250Z"), minute(None)
    ('2026-11-23 09:05', '\u2013')
    """
    return DASH if not time else time[:16].replace("T", " ")


def time_of(time: str | None) -> Html:
    """A time as an element that a reader's program understands; nothing where there is none."""
    return el("time", minute(time), datetime=time, title=f"{time} UTC") if time else NOTHING


def seconds_of(time: str | None) -> float | None:
    """The seconds since 1970 of a time of a document; None if it is none.

    >>> seconds_of("1970-01-01T00:01:00.500Z")
    60.5
    """
    try:
        moment = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
