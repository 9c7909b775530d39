"""Whether a match burns, read from a story's words, in English and Chinese."""

from __future__ import annotations

import re

_MATCH = r"(?:match(?:es)?|matchsticks?)\b"
_STRIKE = r"(?:strikes?|struck|striking|lights|lit|lighting|kindles?|scratches|flares)"
_BURNS = re.compile(
    rf"\b(?:{_STRIKE}|light)(?: up)?(?: \w+){{0,3}} {_MATCH}|\b(?:lighted|burning|flaming|glowing) {_MATCH}"
    rf"|\b{_MATCH}(?!(?:'s)? box)[^.;]{{0,30}}\b(?:burns?|burning|flares?|catches|flickers|flames?"
    r"|(?:is|are|was) (?:lit|struck|alight))\b"
    r"|[点划擦燃][着亮燃]?了?[^。；，]{0,6}火柴|火柴[^。；]{0,8}(?:燃|点着|点亮|划着|划亮|擦着|擦亮|亮起|着了|火苗)",
    re.IGNORECASE,
)
_FAILS = re.compile(
    rf"\b(?:not|never|cannot|can't|won't|without|fails? to|refuses? to)\b[^.;]{{0,20}}\b(?:{_STRIKE[3:-1]}"
    r"|strike|light|burn|catch|flare)\b|[点划擦][不未]|[没未][有能]?[点划擦燃]|(?:无法|不能|还没)[点划擦燃]",
    re.IGNORECASE,
)


def match_burns(text: str) -> bool:
    """Whether the match that `text` speaks of is alight.

    >>> match_burns("Mara strikes the last match."), match_burns("His hands shake above an open box of matches.")
    (True, False)
    """
    return any(_BURNS.search(part) and not _FAILS.search(part) for part in re.split(r"[.!?;。！？；]", text))
