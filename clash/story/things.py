"""What makes a noise and speaks no words: `Tür: knarrt`, 门：吱呀. Words that may be spoken are no noise."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from clash.story.vocabulary import compact, words
from clash.story.words import fold, has_cjk

_MOST_WORDS = 5
_LONGEST_WIDE = 12
_SENTENCE = re.compile(r"\S\s+\S.*[.!?…]$|\?$|^[\"“„«]")
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SPOKEN_I = re.compile(
    r"(?<=\S )I\b|\bI['’]|^I (?:am|was|will|have|had|can|do|want|need|love|know|think|see|saw|hear|say)\b"
)
_WIDE_SOUND = re.compile(r"(?:.*[^大小低高轻輕无無])?[声聲響响]|.*[^\s]の?音(?:がする)?|.+ ?소리(?:가 난다)?")
_WIDE_SPEECH = re.compile(
    r"[?？]$|[吗嗎呢吧]$|^[别別快]|(?:[てでろよねぞ]|ください|です|ます)[!！。]?$"
    r"|(?:봐|줘|자|야|요|까|니|라|해|와)[.!。！]?$|^(?:나|너|내|네|난|넌)(?:[는가를도]?\s|$)"
)
"""How sentences end that are said to somebody, in Chinese, Japanese and Korean."""
_KATAKANA = re.compile(r"[\u30a1-\u30ffー]+[…！!]*")
_IMITATION = re.compile(r"(?:.*[ッーンャリタ]|(.+?)\1+|.*(.)\2\2.*)[…！!]*")
"""How a word of katakana ends that imitates a noise: バタン, ガチャッ, but not バンザイ."""
_LONGEST_ENDING = 4
_SHORTEST_STEM = 4
_PERSON = re.compile("[他她它不]")


@lru_cache(maxsize=2048)
def sound_of_a_thing(name: str, text: str, *, among_sounds: bool = False) -> str:
    """Return what is heard where a thing stands in front of words as a speaker does; "" where somebody speaks.

    In a column of sounds (`among_sounds`) small words that nobody is told are heard too: `Engine: starts`.

    >>> sound_of_a_thing("Tür", "knarrt"), sound_of_a_thing("门", "吱呀一声"), sound_of_a_thing("Bell", "Come in")
    ('Tür knarrt', '门吱呀一声', '')
    """
    bare = text.strip(" *()（）[]")
    if not bare or not is_a_thing(name) or _SENTENCE.search(bare):
        return ""
    if not is_a_noise(bare) and not (among_sounds and bare[0].islower() and not is_address(bare)):
        return ""
    if has_cjk(bare):
        gap = " " if "\uac00" <= name.strip()[-1] <= "\ud7af" else ""
        return "" if _PERSON.search(bare) else f"{name.strip()}{gap}{bare}"
    found = bare.split()
    # "Knocking on wood" is heard, "Knock on wood" may be said.
    plain = len(found) == 1 or bare[0].islower() or not _is_listed(fold(found[0]))
    return f"{name.strip()} {bare}" if plain and len(found) <= _MOST_WORDS else ""


def is_a_thing(name: str) -> bool:
    """Return whether a name is that of a thing that makes noises: Tür, 门铃, telephone."""
    return compact(fold(name.strip())) in words("speech", "things")


def is_a_phone(name: str) -> bool:
    """Return whether a name is a word for a telephone: who speaks on it is heard and not seen."""
    return compact(fold(name.strip())) in words("speech", "phones")


def is_a_sentence(text: str) -> bool:
    """Return whether words are said to somebody, or are a sentence with its final mark.

    >>> is_a_sentence("I will not leave."), is_a_sentence("slams")
    (True, False)
    """
    wide = has_cjk(text) and text.rstrip()[-1:] in "。！？" and len(text) > _MOST_WORDS
    return bool(text.strip()) and (wide or bool(_SENTENCE.search(text.strip())) or is_address(text))


@lru_cache(maxsize=2048)
def is_address(text: str) -> bool:
    """Return whether words have what only somebody who speaks says: I and you, a greeting, a question.

    >>> is_address("Listen to me"), is_address("我来了"), is_address("door slams")
    (True, True, False)
    """
    bare = text.strip()
    if has_cjk(bare):
        if _WIDE_SOUND.fullmatch(bare):
            return False
        return bool(_WIDE_SPEECH.search(bare)) or any(word in fold(bare) for word in _wide("address"))
    listed = words("speech", "address")
    return bare.endswith("?") or bool(_SPOKEN_I.search(bare)) or any(word in listed for word in _words_of(bare))


@lru_cache(maxsize=2048)
def is_a_noise(text: str) -> bool:
    """Return whether words name a noise, and nothing in them is said to anybody.

    >>> is_a_noise("door slams"), is_a_noise("海浪声"), is_a_noise("Come in")
    (True, True, False)
    """
    bare = text.strip()
    if not bare or is_address(bare):
        return False
    if has_cjk(bare):
        if len(bare) > _LONGEST_WIDE or (_KATAKANA.fullmatch(bare) and not _IMITATION.fullmatch(bare)):
            return False
        return bool(_WIDE_SOUND.fullmatch(bare)) or any(word in fold(bare) for word in _wide("noises"))
    return any(_is_listed(word) or _begins_with_a_noise(word) for word in _words_of(bare))


def is_heard(label: str, text: str, *, square: bool, has_speaker: bool) -> bool:
    """Return whether words behind a label in brackets are a sound, and are not said with the label as a direction.

    `label` is one for sound or music, `square` says which brackets it stands in. In doubt, words are spoken where
    somebody is known to speak (`has_speaker`), or where the label is the plain word for sound: （声音）快来救我.
    """
    if is_address(text):
        return False
    if is_a_noise(text) or is_a_thing(text):
        return True
    plain = compact(fold(label.strip())) in words("speech", "plain_sounds")
    if has_speaker:
        return square and not plain and not is_a_sentence(text)
    return square or not plain or (text[:1].islower() and not is_a_sentence(text))


def _words_of(text: str) -> list[str]:
    return [compact(fold(word)) for word in _WORDS.findall(text)]


def _is_listed(word: str) -> bool:
    return word in words("speech", "noises")


def _begins_with_a_noise(word: str) -> bool:
    """Whether a word is a listed one with an ending: slam, slams, slamming."""
    stems = words("speech", "noises")
    shortest = max(_SHORTEST_STEM, len(word) - _LONGEST_ENDING)
    return any(word[:length] in stems for length in range(shortest, len(word)))


@cache
def _wide(kind: str) -> tuple[str, ...]:
    return tuple(word for word in words("speech", kind) if has_cjk(word))
