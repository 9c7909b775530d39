"""How people write the length of a shot, and what it is in seconds."""

from __future__ import annotations

import re
import unicodedata

LONGEST_S = 600.0
"""Seconds. A longer shot is a mistake in the table."""

_ABOUT = re.compile(r"^(?:about|approx\.?|ca\.?|约|大约)\s*")
_QUANTITY = re.compile(
    r"(?:(?P<minutes>\d{1,6}(?:\.\d+)?)\s*(?:minutes|minute|mins|min|m|分钟|分|′|')\s*)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d{1,9}|,\d{1,2})?|\.\d{1,9})\s*(?:seconds|second|secs|sec|s|秒钟|秒|″|\"|'')?)?\.?"
)
_CLOCK = re.compile(r"(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{1,3}):(?P<seconds>\d{2}(?:\.\d{1,6})?)\s*(?:s|秒)?")
_RANGE = re.compile(r"(?P<start>[^-]+?)\s*(?:-+|~|to|至|到)\s*(?P<end>[^-]+)")
_DASHES = re.compile("[\u2010-\u2015\u2212\u301c\uff5e~]+")
_UNMISTAKABLE = re.compile(
    r".*(?:s|sec|second|秒钟?|″|\"|''|分钟?|min)\.?|\d+(?:\.\d+)?|(?!0?[5-9]:|\d\d:).+-.+|0?0:\d\d"
)


def seconds_of(text: str) -> float:
    """The length that `text` says, in seconds: `4`, `4.5 s`, `4″`, `0:04`, `00:00:04`, `1m30s`, `4秒`.

    A range is read on the film's clock: `08-18s` and `00:08-00:18` are 10 seconds. Raises `ValueError`, with the
    reason, for what is no length, for zero and less, and for more than `LONGEST_S`.

    >>> seconds_of("4.5 s"), seconds_of("00:08-00:18"), seconds_of("1分30秒")
    (4.5, 10.0, 90.0)
    """
    plain = _plain(text)
    span = _RANGE.fullmatch(plain)
    if span:
        start, end = _single(span["start"]), _single(span["end"])
        seconds = None if start is None or end is None else end - start
    else:
        seconds = _single(plain)
    if seconds is None:
        raise ValueError("is no duration")
    seconds = round(seconds, 3)
    if seconds <= 0:
        raise ValueError("is no duration: it must be more than zero")
    if seconds > LONGEST_S:
        raise ValueError(f"is too long: a shot lasts at most {LONGEST_S:g} seconds")
    return seconds


def is_unmistakable(text: str) -> bool:
    """Whether `text` can only be a length, not a time of day: `3s`, `0-3s`, `00:03`, but not `8:00` or `dusk`."""
    if not _UNMISTAKABLE.fullmatch(_plain(text)):
        return False
    try:
        seconds_of(text)
    except ValueError:
        return False
    return True


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).replace("′′", "″").casefold().strip()
    return _DASHES.sub("-", _ABOUT.sub("", folded.lstrip("~≈").strip())).replace("''", "″")


def _single(text: str) -> float | None:
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock:
        minutes, seconds = int(clock["minutes"]), float(clock["seconds"])
        if seconds >= 60 or (clock["hours"] and minutes >= 60):
            return None
        return int(clock["hours"] or 0) * 3600 + minutes * 60 + seconds
    quantity = _QUANTITY.fullmatch(text)
    if quantity is None or (quantity["minutes"] is None and quantity["seconds"] is None):
        return None
    seconds = float((quantity["seconds"] or "0").replace(",", "."))
    return float(quantity["minutes"] or 0) * 60 + seconds
