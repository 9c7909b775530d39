"""Voices of nobody who is seen to speak: what somebody thinks, and what a telephone, a radio or a system says."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from clash.story.speakers import voice_of
from clash.story.vocabulary import compact, lists, words
from clash.story.words import fold, has_cjk

_BRACKETED = re.compile(r"[(（\[【]([^()（）\[\]【】]*)[)）\]】]")
_LONGEST = 40
_MARK = re.compile(r"(?:v\.?\s?o|o\.?\s?s|off)\.?", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?:['’]s|s['’]|['’]n?[ıiuü]n)$", re.IGNORECASE)
_BETWEEN = " -–—·,:的のの의"
_OF = re.compile(r"^(?:of|de|del|do|da|du|des|von|van|di|della|d['’])\s*", re.IGNORECASE)


class Unseen(NamedTuple):
    """`inner`: somebody's thoughts, `name` being "" where nobody is named. `source`: what is no person, by its name."""

    kind: Literal["inner", "source"]
    name: str
    mark: str = ""


@lru_cache(maxsize=2048)
def unseen_voice(name: str) -> Unseen | None:
    """What a name in front of words means if nobody is seen to speak them; None for everybody else.

    >>> unseen_voice("苏晚内心OS"), unseen_voice("BOB'S THOUGHTS").name, unseen_voice("RADIO").kind, unseen_voice("Bob")
    (Unseen(kind='inner', name='苏晚', mark='内心'), 'BOB', 'source', None)
    """
    if len(name) > _LONGEST:
        return None
    written = " ".join(_BRACKETED.sub(" ", name).split())
    bare = _without_mark(written)
    key = compact(fold(bare))
    if key in words("speech", "sources") or key in words("speech", "phones"):
        return Unseen("source", bare)
    if key in words("speech", "inner"):
        return Unseen("inner", "", bare)
    return _thoughts_of(bare)


def _without_mark(name: str) -> str:
    found = list(_MARK.finditer(name))
    if not found or found[-1].end() != len(name) or found[-1].start() == 0:
        return name
    before = name[: found[-1].start()]
    return before.rstrip(_BETWEEN) if has_cjk(before[-1:]) or before[-1:] in _BETWEEN else name


def _thoughts_of(name: str) -> Unseen | None:
    folded = fold(name)
    if len(folded) != len(name):
        return None
    for phrase in _inner_phrases():
        size = len(phrase)
        if size >= len(name):
            continue
        wide = has_cjk(phrase)
        if folded.endswith(phrase) and (wide or folded[-size - 1] in _BETWEEN):
            person = _POSSESSIVE.sub("", name[:-size].rstrip(_BETWEEN))
        elif not wide and folded.startswith(phrase) and (of := _OF.match(name[size:].lstrip())):
            person = name[size:].lstrip()[of.end() :]
        else:
            continue
        if person and len(person) > 1 and not voice_of(person).narrator:
            return Unseen("inner", person.strip(), name[-size:] if folded.endswith(phrase) else name[:size])
    return None


@cache
def _inner_phrases() -> tuple[str, ...]:
    return tuple(sorted(lists("speech", "inner"), key=len, reverse=True))
