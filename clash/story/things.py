"""What makes a noise and speaks no words: `Tür: knarrt`, 门：吱呀. A thing that speaks in sentences is a person."""

from __future__ import annotations

import re
from functools import lru_cache

from clash.story.vocabulary import compact, words
from clash.story.words import fold, has_cjk

_MOST_WORDS = 5
_SENTENCE = re.compile(r"\S\s+\S.*[.!?…]$|\?$|^[\"“„«]")
_WIDE_SOUND = re.compile(
    r"(?:(?![我你您他她它咱喂吗呢吧嗯不])[\u4e00-\u9fff]){1,6}|[\u4e00-\u9fff]{1,10}[声響响]"
    r"|[\u30a1-\u30ffー…！]{1,10}|[\u3040-\u30ff\u4e00-\u9fff]{1,8}(?:音|音がする)|[\uac00-\ud7af]{1,3}!?"
    r"|[\uac00-\ud7af ]{1,10}소리"
)
"""What is heard, in Chinese, Japanese and Korean: a few characters without anybody in them, a word for a sound."""


@lru_cache(maxsize=2048)
def sound_of_a_thing(name: str, text: str) -> str:
    """Return what is heard where a thing stands in front of words as a speaker does; "" where somebody speaks.

    >>> sound_of_a_thing("Tür", "knarrt"), sound_of_a_thing("门", "吱呀一声"), sound_of_a_thing("Tür", "Ich gehe auf!")
    ('Tür knarrt', '门吱呀一声', '')
    """
    bare = text.strip(" *()（）[]")
    if not bare or compact(fold(name.strip())) not in words("speech", "things") or _SENTENCE.search(bare):
        return ""
    if has_cjk(bare):
        gap = " " if "\uac00" <= name.strip()[-1] <= "\ud7af" else ""
        return f"{name.strip()}{gap}{bare}" if _WIDE_SOUND.fullmatch(bare) else ""
    return f"{name.strip()} {bare}" if len(bare.split()) <= _MOST_WORDS else ""
