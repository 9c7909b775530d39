"""What a story's words for a transition ask for: a cut, a dissolve, a fade."""

from __future__ import annotations

import re
from typing import Literal

Transition = Literal["cut", "dissolve", "fade_in", "fade_out", "fade_through_black"]

_WORDS: tuple[tuple[Transition, str], ...] = (
    (
        "fade_through_black",
        r"dip to black|fade through black|(?:cut|smash|smash cut) to black|fade to black and|闪黑|黑场过渡|"
        r"\bdip\b|暗转|暗場|暗轉",
    ),
    (
        "fade_out",
        r"fad(?:e|es|ing)[\s-]*(?:out|to black|to white|down|away)|fondu au noir|fundido a negro|dissolvenza in nero|"
        r"ausblend|abblend|в затемнение|уход в затемнение|затемнени|フェードアウト|溶暗|페이드\s*아웃|淡出|渐隐|漸隱|"
        r"黑场|黑場|转黑|轉黑|全黑|渐黑|漸黑",
    ),
    (
        "fade_in",
        r"fad(?:e|es|ing)[\s-]*(?:in|up|from black)|ouverture au noir|fundido de entrada|abre de negro|aufblend|"
        r"einblend|из затемнения|フェードイン|溶明|페이드\s*인|淡入|渐显|漸顯|渐入|漸入",
    ),
    (
        "dissolve",
        r"dissolv|cross[\s-]*fade|crossfade|fondu(?: enchaîné)?|fundido(?: encadenado)?|encadenado|dissolvenza|"
        r"fusão|überblend|наплыв|микшер|オーバーラップ|ディゾルブ|クロスフェード|디졸브|叠化|疊化|叠画|疊畫|溶接|"
        r"化入|化出|交叉溶解|叠印|淡变|溶解|\bOL\b",
    ),
)
_TABLE: tuple[tuple[Transition, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS
)


def transition_of(words: str) -> Transition:
    """Return what a cell about the transition asks for; whatever else it says (a wipe, a match cut) is a cut.

    >>> transition_of("叠化"), transition_of("FADE OUT."), transition_of("CUT TO:"), transition_of("")
    ('dissolve', 'fade_out', 'cut', 'cut')
    """
    for kind, pattern in _TABLE:
        if pattern.search(words):
            return kind
    return "cut"
