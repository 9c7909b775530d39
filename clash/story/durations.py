"""How people write the length of a shot, and what it is in seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from clash.story.number_words import in_figures, without_fractions
from clash.story.vocabulary import keyed, lists
from clash.story.words import fold

LONGEST_S = 600.0
"""Seconds. A longer shot is a mistake in the table."""
FPS = 24.0
"""Frames per second, where nobody says how many the film has."""

_LONGEST_TEXT = 60
_BRACKETS = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_QUOTED = re.compile('["“„«「](.+)["”“»」]')
"""A length that stands in quotes as a whole: `“3 secs”`."""
_CLOCK = re.compile(
    r"(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{0,3}):(?P<seconds>\d{2}(?:[.,]\d{1,6})?)(?:[:;](?P<frames>\d{1,3}))?"
)
_PART = re.compile(r"(?P<number>\d{1,9}(?:[.,]\d{1,9})?|\.\d{1,9})(?P<unit>[^\d\s.,:;]*)")
_SECONDS_AND_FRAMES = re.compile(r"(\d{1,3})\s?\+\s?(\d{1,3})")
"""`2+12`, as animators write two seconds and twelve frames."""
_DASHES = re.compile("[\u2010-\u2015\u2212\u301c\uff5e~→]+|-{1,}")
_HAN = re.compile(
    "(?<![分秒钟个时])[一二两三四五六七八九十半零〇]{1,4}(?=秒|分|帧|초|个半|$)|(?<=[分秒钟])[一二两三四五六七八九十零〇]{1,4}(?=秒|分|帧|초|$)"
)
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SIGNS = {'"': "s", "″": "s", "”": "s", "''": "s", "′": "min", "'": "min", "’": "min", "h": "h", "小时": "h"}


@dataclass(frozen=True)
class Length:
    """A length as a cell says it: seconds, or a start and an end; `is_clock` when it can only be a film's clock."""

    seconds: float | None = None
    start: float | None = None
    end: float | None = None
    is_clock: bool = False
    has_unit: bool = False

    @property
    def is_range(self) -> bool:
        """Whether it names two moments or two estimates."""
        return self.start is not None and self.end is not None


def seconds_of(text: str, *, unit: str = "s", fps: float = FPS) -> float:
    """The length that `text` says, in seconds: `4`, `4.5 s`, `4″`, `0:04`, `00:00:03:12`, `1m30s`, `2500ms`, `三秒`.

    `unit` is that of a bare number. A range is read on the film's clock: `08-18s` and `00:08-00:18` are 10 seconds.
    Raises `ValueError`, with the reason, for what is no length, for zero and less, and for more than `LONGEST_S`.

    >>> seconds_of("4.5 s"), seconds_of("00:08-00:18"), seconds_of("1分30秒"), seconds_of("三秒")
    (4.5, 10.0, 90.0, 3.0)
    """
    length = length_of(text, unit=unit, fps=fps)
    if length is None:
        raise ValueError("is no duration")
    seconds = length.seconds
    if length.start is not None and length.end is not None:
        seconds = length.end - length.start
    return checked(seconds or 0.0)


def checked(seconds: float) -> float:
    """The seconds themselves, rounded, if a shot can last as long. Raises `ValueError`."""
    seconds = round(seconds, 3)
    if seconds <= 0:
        raise ValueError("is no duration: it must be more than zero")
    if seconds > LONGEST_S:
        raise ValueError(f"is too long: a shot lasts at most {LONGEST_S:g} seconds")
    return seconds


@lru_cache(maxsize=8192)
def length_of(text: str, *, unit: str = "s", fps: float = FPS) -> Length | None:
    """What a cell says of a length or of a stretch of the film; None when it says nothing of the kind."""
    if len(text) > _LONGEST_TEXT:
        return None
    plain = _plain(text)
    parts = [part.strip() for part in _DASHES.split(plain) if part.strip()] if plain[:1] not in ("-", "−") else []
    if len(parts) == 2:
        start, end = _single(parts[0], "", fps), _single(parts[1], "", fps)
        if start is None or end is None:
            return None
        last = end[1] or start[1] or unit
        first = start[0] if start[1] else start[0] * _factor(last, fps)
        final = end[0] if end[1] else end[0] * _factor(last, fps)
        if final <= first:
            return None
        clock = ":" in plain or bool(re.match(r"0\d", parts[0]))
        return Length(start=round(first, 3), end=round(final, 3), is_clock=clock, has_unit=bool(start[1] or end[1]))
    if len(parts) > 2 or not plain or plain[:1] == "-":
        return None
    single = _single(plain, unit, fps)
    if single is None:
        return None
    return Length(
        seconds=single[0],
        is_clock=":" in plain,
        has_unit=bool(_PART.search(plain)) and not plain.replace(".", "").isdigit(),
    )


def is_unmistakable(text: str) -> bool:
    """Whether `text` can only be a length, not a time of day: `3s`, `0-3s`, `00:03`, but not `8:00` or `dusk`."""
    length = length_of(text)
    if length is None:
        return False
    if length.is_range:
        first, last = length.start or 0.0, length.end or 0.0
        # `8:00-18:00` are hours of a day; a shot on the film's clock is short.
        return 0 < last - first <= LONGEST_S and (not length.is_clock or last - first <= 60 or first == 0)
    if length.is_clock:
        return 0 < (length.seconds or 0.0) < 60
    return 0 < (length.seconds or 0.0) <= LONGEST_S


def are_clock_ranges(lengths: Sequence[Length]) -> bool:
    """Whether the ranges of a column lie one after another on the film's clock; else they are estimates, `3-5s`."""
    ranges = [length for length in lengths if length.is_range]
    if any(length.is_clock for length in ranges):
        return True
    if len(ranges) == 1:
        return ranges[0].start == 0
    pairs = pairwise(ranges)
    return all((later.start or 0.0) >= (earlier.end or 0.0) - 0.5 for earlier, later in pairs)


def _plain(text: str) -> str:
    folded = fold(without_fractions(text)).replace("兩", "两").replace("′′", "″").replace("''", "″").strip()
    folded = _BRACKETS.sub("", _QUOTED.sub(r"\1", folded)).replace("*", "").replace("`", "").strip()
    folded = _HAN.sub(lambda found: str(_han(found[0])), folded).lstrip("~≈+±<≤ ").rstrip("+ ")
    for word in _about():
        folded = folded.removesuffix(word) if _stands_alone(folded, word, end=True) else folded
        folded = folded.removeprefix(word) if _stands_alone(folded, word, end=False) else folded
        folded = folded.strip(" .")
    folded = in_figures(folded.replace("至", "-").replace("到", "-"))
    for word in _to():
        folded = folded.replace(f" {word} ", " - ")
    return folded.lstrip("~≈ ").strip()


def _stands_alone(text: str, word: str, *, end: bool) -> bool:
    """Whether `text` begins or ends with a word, not with a piece of one."""
    if not word.isascii():
        return True
    beside = text[-len(word) - 1 : -len(word)] if end else text[len(word) : len(word) + 1]
    return not beside.isalpha()


@cache
def _about() -> tuple[str, ...]:
    return tuple(sorted(lists("lengths", "about"), key=len, reverse=True))


@cache
def _to() -> tuple[str, ...]:
    return tuple(lists("lengths", "to"))


def _single(text: str, unit: str, fps: float) -> tuple[float, str] | None:
    """Seconds and the unit that was written, or a bare number times its unit; None for anything else."""
    text = text.strip().rstrip(".")
    bare = text
    for word in ("s", "秒", "min", "sec"):
        bare = bare.removesuffix(word)
    clock = _CLOCK.fullmatch(bare.strip())
    if clock:
        minutes, seconds = int(clock["minutes"] or 0), float(clock["seconds"].replace(",", "."))
        if seconds >= 60 or (clock["hours"] and minutes >= 60):
            return None
        total = int(clock["hours"] or 0) * 3600 + minutes * 60 + seconds
        return total + int(clock["frames"] or 0) / fps, "clock"
    if counted := _SECONDS_AND_FRAMES.fullmatch(text):
        return int(counted[1]) + int(counted[2]) / fps, "s"
    total, written, position = 0.0, "", 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            return None
        number = part["number"]
        if re.fullmatch(r"\d+,\d{3,}", number):
            return None
        position = part.end()
        word = part["unit"]
        if not word:
            spaced = re.match(r"\s*([^\d\s.,:;]+)", text[position:])
            word, position = (spaced[1], position + spaced.end()) if spaced else ("", position)
        found = _unit_of(word) if word else ""
        if word and not found:
            return None
        if not found and (position < len(text) or written):
            # `1m30`: a bare number after minutes is seconds; any other bare number stands alone.
            if position < len(text) or written != "min":
                return None
            found = "s"
        total += float(number.replace(",", ".")) * (_factor(found, fps) if found else _factor(unit, fps) if unit else 1)
        written = found or written
        position += len(text[position:]) - len(text[position:].lstrip(" ,"))
    return (total, written) if text else None


def _unit_of(word: str) -> str:
    word = word.strip(".")
    return _SIGNS.get(word) or keyed("units").get(word, "")


def _factor(unit: str, fps: float) -> float:
    return {"ms": 0.001, "frames": 1 / fps, "min": 60.0, "h": 3600.0}.get(unit, 1.0)


def _han(text: str) -> float:
    """The number of Chinese numerals up to ninety-nine, and of 半.

    >>> _han("十二"), _han("半"), _han("两")
    (12, 0.5, 2)
    """
    if text == "半":
        return 0.5
    tens, ten, ones = text.partition("十")
    if ten:
        return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
    return sum(_DIGITS.get(letter, 0) * 10**power for power, letter in enumerate(reversed(text.replace("半", ""))))
