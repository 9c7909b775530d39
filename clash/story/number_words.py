"""Halves and small numbers in the words of every language, written as the figures that lengths are read from."""

from __future__ import annotations

import re
from functools import cache

from clash.story.vocabulary import keyed, languages, lists
from clash.story.words import is_cjk

_LETTERS = r"[^\W\d_]"
_HALF_OF = {"h": " 30min", "min": " 30s", "s": " 500ms"}


def in_figures(text: str) -> str:
    """Return a folded length with halves and numbers in figures; what is none stays as it is.

    >>> in_figures("2分半"), in_figures("dos minutos y medio"), in_figures("half a minute")
    ('2分 30s', '2 minutos 30s', '0.5 minute')
    """
    if text.isascii() and not any(map(str.isalpha, text)):
        return text
    halves, counted, numbered, joined = _patterns()
    with_halves = text
    if any(phrase in text for phrase in _halves()):  # most texts hold none, and the patterns are slow
        with_halves = halves.sub(_unit_and_half, with_halves)
        with_halves = counted.sub(lambda found: f"{_figure(found['number'])}.5 ", with_halves)
    figures = numbered.sub(lambda found: f"{found['before']}{_figure(found['number'])} ", with_halves)
    if figures != text and re.match(_LETTERS, figures):
        figures = f"1 {figures}"  # "minute and a half"
    return joined.sub(" ", figures)


def without_fractions(text: str) -> str:
    """Return a length with its fractions as decimals: `2½ min`, `1 1/2 min`. To be called before it is folded.

    >>> without_fractions("2½ min"), without_fractions("2 1/2 min"), without_fractions("1/2")
    ('2.5 min', '2.5 min', '1/2')
    """
    for sign, decimal in (("½", ".5"), ("¼", ".25"), ("¾", ".75")):
        if sign in text:
            text = re.sub(rf"(\d?)\s*{sign}", lambda found, decimal=decimal: f"{found[1] or 0}{decimal}", text)
    return re.sub(r"(?<![\d/])(?:(\d{1,3})\s+)?1/2(?=\s*[^\W\d_])", lambda found: f"{found[1] or 0}.5", text)


def _unit_and_half(found: re.Match[str]) -> str:
    unit = keyed("units").get(found["unit"], "h" if found["unit"] == "小时" else "")
    return f"{found['unit']}{_HALF_OF[unit]}" if unit in _HALF_OF else found[0]


def _figure(number: str) -> str:
    return _counts().get(number, number)


@cache
def _counts() -> dict[str, str]:
    """Each number word with its figure."""
    found: dict[str, str] = {}
    for language in languages():
        for figure in language.sections.get("counts", {}):
            for word in lists("counts", figure):
                found.setdefault(word, figure)
    return found


@cache
def _halves() -> tuple[str, ...]:
    """What stands after a unit or a number for one half more, longer phrases first."""
    return tuple(sorted(set(lists("lengths", "half")), key=len, reverse=True))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A unit with a half after it, a number with a half, a number before a unit, and what joins two lengths."""
    half = "|".join(
        rf"\s*{re.escape(phrase)}" if is_cjk(phrase[0]) else rf"\s+{re.escape(phrase)}" for phrase in _halves()
    )
    words = "|".join(re.escape(word) for word in sorted(_counts(), key=len, reverse=True))
    joins = "|".join(re.escape(word) for word in sorted(set(lists("lengths", "and")), key=len, reverse=True))
    return (
        re.compile(rf"(?P<unit>{_LETTERS}+?)\.?(?:{half})[钟间]?(?!{_LETTERS})"),
        re.compile(rf"(?<!{_LETTERS})(?P<number>\d{{1,3}}|{words})(?:{half})\s*(?={_LETTERS})"),
        re.compile(rf"(?P<before>^|-\s*)(?P<number>{words})(?:\s+|(?<=demi)-|(?<=half)-|(?<=пол))(?={_LETTERS})"),
        re.compile(rf"\s+(?:{joins})\s+(?=\d)"),
    )
