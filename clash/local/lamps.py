"""Whether the great lamp of a lighthouse is out, read from a story's words, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clash.story.screenplay import Language

LAMP_IS_OUT: Mapping[Language, str] = {"en": "The lamp is out, its glass dark", "zh": "灯是灭的，灯罩黑着"}
"""What a picture's prompt says of it."""

_LAMP = r"(?:lamp|light|lantern|beacon|wick)"
_LIGHTHOUSE = re.compile(r"\b(?:lighthouse|beacon)\b|灯塔", re.IGNORECASE)
_OUT = re.compile(
    rf"\b(?:cold|dead|dark|unlit|darkened|extinguished) (?:great |old )?{_LAMP}\b"
    rf"|\b{_LAMP}\b[^.;]{{0,12}}\b(?:is|was|goes|went|has gone|stays|stands) (?:out|dark|cold|dead|unlit)\b"
    rf"|\b{_LAMP}\b[^.;]{{0,60}}\. (?:\w+ ){{0,2}}it (?:is|was|goes|went) (?:out|dark)\b"
    r"|(?:熄灭|冰冷|不亮|没点亮)的.{0,3}灯|灯(?:已经|早已|都|是|也)?[灭熄]",
    re.IGNORECASE,
)
_LIT = re.compile(
    rf"\b(?:re)?(?:lights|kindles|lit) (?:the|a|its) (?:\w+ )?{_LAMP}\b"
    rf"|\b{_LAMP}\b[^.;]{{0,24}}\b(?:takes the flame|catches|flares|is lit|lights up|comes on|comes back|blazes"
    r"|burns)\b"
    r"|点[亮燃着]了?.{0,4}灯|灯.{0,3}(?:亮了|亮起)",
    re.IGNORECASE,
)


def has_lighthouse(text: str) -> bool:
    """Whether a lighthouse is seen from the place of which `text` tells."""
    return _LIGHTHOUSE.search(text) is not None


def lamp_goes_out(text: str, *, out: bool = False) -> bool:
    """Whether the lamp is out after what `text` tells, `out` being how it was before.

    >>> lamp_goes_out("Tomas sits beside the cold lamp."), lamp_goes_out("The wick takes the flame.", out=True)
    (True, False)
    """
    if _LIT.search(text):
        return False
    return out or _OUT.search(text) is not None
