"""From a Chinese line to the phonemes that Kokoro was taught (those of misaki), by way of pinyin."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from clash.local.mandarin.numbers import said

LONGEST = 180
"""The most phonemes that are given to the network at once; it hurries through longer ones."""


def _pairs(written: str) -> dict[str, str]:
    """Read a table of "a b; c d"; a dash is an empty string."""
    pairs = (pair.replace("-", "").split(" ") for pair in written.split("; "))
    return {pair[0]: pair[1] for pair in pairs}


_INITIALS = _pairs(
    "b p; p pʰ; m m; f f; d t; t tʰ; n n; l l; g k; k kʰ; h x; j ʨ; q ʨʰ; x ɕ; zh ꭧ; ch ꭧʰ; sh ʂ; r ɻ; z ʦ; c ʦʰ; "
    "s s; - -"
)
_FINALS = _pairs(
    "a a0; ai ai0; an a0n; ang a0ŋ; ao au0; e ɤ0; ei ei0; en ə0n; eng ə0ŋ; er ɚ0; i i0; ia ja0; ian jɛ0n; iang "
    "ja0ŋ; iao jau0; ie je0; in i0n; ing i0ŋ; iong jʊ0ŋ; iou jou0; io jɔ0; o wo0; ong ʊ0ŋ; ou ou0; u u0; ua wa0; "
    "uai wai0; uan wa0n; uang wa0ŋ; uei wei0; uen wə0n; ueng wə0ŋ; uo wo0; v y0; ve ɥe0; van ɥɛ0n; vn y0n; ê ɛ0; "
    "n n0; ng ŋ0; m m0"
)
"""The tone goes in the place of the 0."""
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_APICAL = {"zh", "ch", "sh", "r", "z", "c", "s"}
"""After these, an i is no i."""
_INTERJECTIONS = {"o": "ɔ0"}

_PAUSES = str.maketrans(
    "。！？，、；：．～「」『』《》〈〉（）-–~",
    ".!?,,;:.,“”“”“”“”() ,,",
    "·'‘’\"",
)
_STOPS, _PARTS = ".!?…", ",;:—"
_HEARD = set(_STOPS + _PARTS + "“”() ")
_ELLIPSIS = re.compile(r"…+|\.{2,}|—{2,}")
_RUNS = re.compile(
    r"[\u3400-\u9fff\U00020000-\U0003ffff〇]+|[A-Za-z]+(?:'[a-z]+)?(?: +[A-Za-z]+(?:'[a-z]+)?)*|.", re.DOTALL
)
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff〇]+")
_LETTERS = _pairs(
    "A ˈA; B bˈi; C sˈi; D dˈi; E ˈi; F ˈɛf; G ʤˈi; H ˈAʧ; I ˈI; J ʤˈA; K kˈA; L ˈɛl; M ˈɛm; N ˈɛn; O ˈO; P pˈi; "
    "Q kjˈu; R ˈɑɹ; S ˈɛs; T tˈi; U jˈu; V vˈi; W dˈʌbᵊljˌu; X ˈɛks; Y wˈI; Z zˈi"
)
_LONGEST_SPELLED = 24
_FIGURES = frozenset("零一二三四五六七八九十点第初周幺")
_ORDERED = frozenset("月日号楼")
_CHILDREN = frozenset("女婴幼孤少胎健宠育托男生患")
"""Before 儿: a child."""
_KIN = frozenset("爷奶爸妈哥姐弟妹叔舅姑婆公伯宝星")
_NASAL = {"嗯": "ə↘n", "唔": "u↗", "哼": "xə→ŋ", "呣": "m"}
"""Interjections that pypinyin reads without a vowel."""

English = Callable[[str], str]
"""Gives the phonemes of English words."""


def phonemes(text: str, english: English | None = None) -> list[str]:
    """Return the phonemes of a line, in pieces that end where one may breathe.

    Latin words are read by `english`; without it, and in capitals, letter by letter.
    """
    text = said(_ELLIPSIS.sub(lambda match: "—" if match[0][0] == "—" else "…", text)).translate(_PAUSES)
    sounds = "".join(_sounds(text, english))
    sounds = re.sub(r"[ ]*([,;:.!?…—])[ ]*(?:[,;:—][ ]*)*", r"\1 ", sounds)
    return list(_pieces(re.sub(r" {2,}", " ", sounds).strip(" ,;:")))


def _sounds(text: str, english: English | None) -> Iterator[str]:
    for run in _RUNS.findall(text):
        if run[0].isascii() and run[0].isalpha():
            yield f" {_latin(run, english)} "
        elif _IDEOGRAPHS.fullmatch(run):
            yield _chinese(run.replace("〇", "零"))
        elif run in _HEARD:
            yield run


def _latin(words: str, english: English | None) -> str:
    if english is not None and not words.replace(" ", "").isupper():
        return english(words)
    letters = [letter for letter in words.upper() if letter in _LETTERS][:_LONGEST_SPELLED]
    return " ".join(_LETTERS[letter] for letter in letters)


@dataclass
class _Syllable:
    """One ideograph and how it is read. `starts`: a word begins with it."""

    character: str
    initial: str
    final: str
    tone: str
    starts: bool

    @property
    def phonemes(self) -> str:
        """What Kokoro is told."""
        if self.character in _NASAL:
            return _NASAL[self.character]
        if not self.initial and self.final in _INTERJECTIONS:
            shape = _INTERJECTIONS[self.final]
        else:
            shape = "ɨ0" if self.initial in _APICAL and self.final == "i" else _FINALS.get(self.final, "")
        return _INITIALS.get(self.initial, "") + shape.replace("0", _TONES.get(self.tone, ""))


def _chinese(run: str) -> str:
    """The phonemes of a run of ideographs, with a space between words."""
    segmenter: Any = importlib.import_module("pypinyin.seg.mmseg").seg
    syllables = [syllable for word in segmenter.cut(run) for syllable in _word(word)]
    for number in range(len(syllables)):
        _change(syllables, number)
    return "".join((" " if one.starts and number else "") + one.phonemes for number, one in enumerate(syllables))


def _word(word: str) -> list[_Syllable]:
    """The syllables of a word; the first of two third tones becomes a second one."""
    pypinyin: Any = importlib.import_module("pypinyin")
    style = pypinyin.Style

    def read(wanted: Any) -> list[str]:
        return pypinyin.lazy_pinyin(word, style=wanted, neutral_tone_with_five=True, errors=list)

    tones = [tone[-1:] if tone[-1:] in _TONES else "5" for tone in read(style.TONE3)]
    tones = ["2" if tones[place : place + 2] == ["3", "3"] else tone for place, tone in enumerate(tones)]
    readings = zip(word, read(style.INITIALS), read(style.FINALS), tones, strict=True)
    return [_Syllable(*reading, starts=place == 0) for place, reading in enumerate(readings)]


def _change(syllables: list[_Syllable], place: int) -> None:
    """Change how 一, 不, 儿, 得, 地 and people who are called twice (爷爷) are read next to their neighbours."""
    syllable = syllables[place]
    character, before = syllable.character, "".join(one.character for one in syllables[max(0, place - 2) : place])
    last = before[-1:]
    after = syllables[place + 1] if place + 1 < len(syllables) else None
    if character == "一":
        if after is None or _counts(last, after.character):
            syllable.tone = "1"
        else:
            syllable.tone = "2" if after.tone == "4" or after.character == "个" else "4"
    elif character == "不" and after is not None:
        syllable.tone = "2" if after.tone == "4" else "4"
    elif (last and character == "儿" and not _is_child(last, after)) or (
        last and character == "得" and syllable.starts and after is not None
    ):
        syllable.tone, syllable.starts = "5", False
    elif len(before) == 2 and last == before[0] and character == "地" and syllable.starts:
        syllable.final, syllable.tone, syllable.starts = "e", "5", False
    elif character == last and character in _KIN:
        syllable.tone, syllable.starts = "5", False


def _counts(before: str, after: str) -> bool:
    """Whether 一 is a figure among figures, or says which: it keeps its tone."""
    return before in _FIGURES or after in _FIGURES or after in _ORDERED


def _is_child(before: str, after: _Syllable | None) -> bool:
    """Whether 儿 is a child or a son, and not the end of the syllable before it."""
    return before in _CHILDREN or (after is not None and after.character in "子童女媳科歌")


def _pieces(sounds: str) -> Iterator[str]:
    """Sentences, as many together as fit; a longer one in parts, cut at a clause if there is one, else at a word."""
    piece = ""
    for sentence in re.findall(r"[^.!?…]+[.!?…”)]*\s*|[.!?…]+\s*", sounds):
        if piece and len(piece) + len(sentence) > LONGEST:
            yield piece.strip()
            piece = ""
        piece += sentence
        while len(piece) > LONGEST:
            head = piece[:LONGEST]
            cut = max(head.rfind(f"{mark} ") + 1 for mark in _PARTS) or head.rfind(" ") + 1 or LONGEST
            yield piece[:cut].strip()
            piece = piece[cut:]
    if piece.strip():
        yield piece.strip()
