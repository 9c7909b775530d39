"""Time as clash writes it: UTC, ISO 8601, milliseconds, `Z`. Text of this form sorts by time."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """A moment as text.

    >>> to_text(datetime(2026, 11, 23, 9, 5, 1, 250000, tzinfo=UTC))
    '2026-11-23T09:05:01.250Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_text() -> str:
    """This moment as text."""
    return to_text(datetime.now(UTC))


def from_text(text: str) -> datetime:
    """The moment that a text of `to_text` names."""
    return datetime.fromisoformat(text)


def clock_text(seconds: float) -> str:
    """A time span as a clock shows it.

    >>> clock_text(41.6), clock_text(3723)
    ('0:42', '1:02:03')
    """
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
