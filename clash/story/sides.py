"""Which side of a place is seen, as the words beside its name say: inside it, outside of it, in front of it."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from clash.story.vocabulary import lists
from clash.story.words import fold, is_cjk

Side = Literal["inside", "within", "outside", "beside", ""]
"""`within` is said of a place that may be a room or a landscape: `in the lighthouse`, `in the forest`."""

_CLOSING = " .,:;!?()（）[]【】「」、，。：；・/-–—"
_ORDER: tuple[Side, ...] = ("outside", "beside", "inside", "within")


@lru_cache(maxsize=4096)
def side_told(name: str) -> Side:
    """Return which side of a place its name tells, in any language that the tables are read in; "" for none.

    >>> side_told("등대 안"), side_told("Im Inneren der Burg"), side_told("學校門前"), side_told("Lighthouse")
    ('within', 'inside', 'beside', '')
    """
    plain = fold(name).replace("’", "'").strip(_CLOSING)
    pattern_of = _ending if plain and is_cjk(plain[-1]) else _worded
    for side in _ORDER:
        if pattern_of(side).search(plain):
            return side
    return ""


@cache
def _ending(side: Side) -> re.Pattern[str]:
    """What stands behind a name in Chinese, Japanese and Korean. A name is more than the word alone."""
    return re.compile(rf"(?<=\w|\s)(?:{_any_of(side, wide=True)})$")


@cache
def _worded(side: Side) -> re.Pattern[str]:
    """What stands before a name, in Turkish behind it, or, where it can mean nothing else, anywhere in it."""
    start = r"^" if side in ("within", "beside") else r"(?<!\w)"
    pattern = rf"{start}(?:{_any_of(side, wide=False)})(?:(?!\w)|(?<='))"
    behind = _any_of(side, wide=False, section="behind_a_place")
    return re.compile(rf"{pattern}|(?<!\w)(?:{behind})$" if behind else pattern)


def _any_of(side: Side, *, wide: bool, section: str = "beside_a_place") -> str:
    found = {word for word in lists(section, side) if is_cjk(word[-1]) == wide}
    return "|".join(re.escape(word) for word in sorted(found, key=lambda word: (-len(word), word)))
