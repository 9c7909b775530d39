"""Scene headings in cells: a number, a place, inside or outside, a time of day, in any order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from clash.story.vocabulary import keyed, languages, words
from clash.story.words import fold, has_cjk, is_unspaced, listed_compact

LONGEST_HEADING = 120

_NUMBER = re.compile(
    r"(?:第\s{0,2}(?P<han>[一二两三四五六七八九十百零\d]{1,5})\s{0,2}(?:场|幕|集|場|シーン)[\s:：、.．]{0,3}"
    r"|(?P<word>[^\W\d_]{1,8})\.?\s{0,3}[#№]?\s{0,2}(?P<number>\d{1,4}[a-zA-Z]?)\b[\s:：.\-–—|]{0,4}"
    r"|(?P<bare>\d{1,4}(?:[-–.]\d{1,3})?[a-zA-Z]?)[\s.:：、)\-–—]{1,4})"
)
_GAPS = re.compile(r"\s+[-–—·|]+\s+|[·・—|]+|(?<=\w)(?=[（【])|(?<=[）】])(?=\w)|\s*[-–]{2,}\s*|[/／、，,]\s*|\s+")
_SIDE = re.compile(r"^\s*(?:int\.?\s*/\s*ext|i\s*/\s*e)\b\.?", re.IGNORECASE)
_HEADING = re.compile(r"\s*(?:(?:int|ext)\.?\s*/\s*(?:int|ext)|i\s*/\s*e|int|ext|est)(?:\.\s*|\s+)\S", re.IGNORECASE)
_UP_TO_TIME = re.compile(
    r"(?P<heading>[^\n.]{1,6}\.?\s[^\n.:]{1,80}?\s[-–—]\s*(?P<time>[^\W\d_]{2,16}))(?:\s*[.:,]|\s[-–—])\s+(?P<rest>\S.*)"
)
_SAME_TIME = re.compile(
    r"\s*[-–—]\s*(?:continuous|later|moments later|same|same time|suite|continuo)\s*$", re.IGNORECASE
)
"""What stands in place of a time of day and says none."""
_LOOKED_BACK = re.compile(
    r"(?:闪回|回忆|倒叙|flash\s?-?(?:back|forward)|rückblende|retrospekcja|geri dönüş"
    r"|kilas balik|回想|회상|флэшбэк)"
    r"\s{0,2}(?:[:：]|\s[-–—]\s)\s{0,4}(?=\S)",
    re.IGNORECASE,
)
"""What stands before the heading of a scene of another time, and belongs to none of its parts."""
_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


@dataclass(frozen=True)
class Heading:
    """The parts of a scene heading. `int_ext` and `time` are as written, or in English where the writer needs it."""

    number: str = ""
    place: str = ""
    int_ext: str = ""
    time: str = ""

    @property
    def says_more_than_a_place(self) -> bool:
        """Whether it is a heading at all, not only words."""
        return bool(self.number or self.int_ext or self.time)


def heading_of(text: str) -> Heading:
    """The parts of a heading.

    >>> heading_of("1 厨房 内 夜")
    Heading(number='1', place='厨房', int_ext='内', time='夜')
    >>> heading_of("1-1 医院走廊 日 内").place
    '医院走廊'
    >>> heading_of("Scene 3: Harbour").place, heading_of("INT. COCINA - NOCHE").time
    ('Harbour', 'night')
    >>> heading_of("Harbour at night").place, heading_of("El puerto de noche").place
    ('Harbour', 'El puerto')
    """
    if len(text) > LONGEST_HEADING:
        return Heading(place=text)
    number, rest = _numbered(_LOOKED_BACK.sub("", text.strip()))
    both = _SIDE.match(rest)
    int_ext, rest = ("int/ext", rest[both.end() :]) if both else ("", rest)
    time = ""
    kept: list[str] = []
    tokens = [token for token in _GAPS.split(rest.lstrip(_BEFORE_A_PLACE)) if token.strip()]
    for at, token in enumerate(tokens, start=1):
        bare = token.strip(" .:：()（）[]【】")
        side = _side(token)
        if side in ("interior", "exterior") and not int_ext and (at == len(tokens) or fold(bare) not in _PREPOSITIONS):
            int_ext = _canonical(bare, side)
        elif side in ("day", "night", "dawn", "dusk") and not time and (kept or int_ext or number or has_cjk(bare)):
            time = bare if has_cjk(bare) or fold(bare) in _ENGLISH else side
            while len(kept) > 1 and _BEFORE_A_TIME.fullmatch(fold(kept[-1])):
                kept.pop()
        elif not time or fold(bare) not in _AFTER_A_TIME:
            kept.append(token.strip())
    place = _joined(kept).strip(" .,，-–—:：")
    return Heading(number, place, int_ext, time)


def _side(token: str) -> str:
    """What one word of a heading says of side and time; "" for a word that means something else where it stands."""
    bare = token.strip(" .:：()（）[]【】")
    key = "".join(fold(bare).replace(".", "").split())
    side = keyed("sides").get(key, "")
    if not side or (bare.isascii() and key in _only_accented()):
        return ""
    return "" if key in _small_words() and not ("." in token or bare.isupper()) else side


@cache
def _only_accented() -> frozenset[str]:
    """Words of sides and times that are words of another language without their accents: đêm is no dem, gün no gun."""
    own, others = set[str](), set[str]()
    for language in languages():
        found = own if language.tag == "vi" else others
        found.update(word for text in language.sections.get("sides", {}).values() for word in listed_compact(text))
    return frozenset(own - others) | {"gun"}


@cache
def _small_words() -> frozenset[str]:
    """Words of sides and times that are small words of another language: Italian est., French est."""
    return words("language", "stop") & frozenset(keyed("sides"))


def _canonical(bare: str, side: str) -> str:
    """A side as the writers read it: as it is written where they know the word, else in English."""
    key = fold(bare).replace(".", "")
    return bare if key in _READ_SIDES or (has_cjk(bare) and ("内" in key or "外" in key)) else side


_NOT_CHINESE = re.compile("[（(【・○◯●\u3040-\u30ff\uac00-\ud7af]")
"""What the writers do not read in a heading: kana, hangul, and marks about the side and the time."""
_READ_SIDES = frozenset({"int", "ext", "interior", "exterior"})
_PREPOSITIONS = frozenset({"inside", "outside", "wewnatrz", "binnen", "buiten"})
"""What belongs to the name of a place that it stands before: `Inside the lighthouse`."""
_BEFORE_A_PLACE = "○◯●■□◎〇 \u3000"
"""The marks that stand before headings of Japanese screenplays: `○灯台・内（夜）`."""
_BEFORE_A_TIME = re.compile(
    "a|al|alla|am|ao|at|au|bei|by|da|de|del|der|des|di|do|du|durante|during|el|em|en|in|la|le|na|no|on|pela|per|por|the"
    "|this|zur|в|на|w|o|om|i|pa"
)
"""What stands between a place and its time, and belongs to neither: `Harbour at night`, `El puerto de noche`."""
_AFTER_A_TIME = frozenset({"hari"})
"""What follows a time in Indonesian and says no more: `malam hari`."""
_ENGLISH = frozenset(
    {
        "day",
        "night",
        "dawn",
        "dusk",
        "noon",
        "midday",
        "morning",
        "afternoon",
        "evening",
        "midnight",
        "sunrise",
        "sunset",
        "twilight",
        "daybreak",
    }
)


def is_heading(text: str) -> bool:
    """Whether a text begins as scene headings do, with inside or outside: `INT. CAFÉ - MORNING`.

    >>> is_heading("INT. CAFÉ - MORNING"), is_heading("I/E. Car - Day"), is_heading("Interest grows.")
    (True, True, False)
    """
    return len(text) <= LONGEST_HEADING and _HEADING.match(text) is not None


def leading_heading(text: str) -> tuple[Heading | None, str]:
    """The scene heading that a text begins with, on a line of its own or up to its time of day, and the rest of it.

    >>> leading_heading("EXT. ORCHARD - DAWN. Fog.")[1], leading_heading("INT. BAR - LATER\\nHe runs.")[0].place
    ('Fog.', 'BAR')
    """
    if not _HEADING.match(text[:LONGEST_HEADING]):
        return None, text
    line, _, rest = text.partition("\n")
    found = _UP_TO_TIME.match(line) if not rest.strip() else None
    if found and (_side(found["time"]) in ("day", "night", "dawn", "dusk") or _SAME_TIME.search(found["heading"])):
        line, rest = found["heading"], found["rest"]
    if not rest.strip() or not is_heading(line):
        return None, text
    return heading_of(without_same_time(line)), rest.strip()


def without_same_time(text: str) -> str:
    """Return a heading without what stands in place of its time and says none: `INT. BAR - LATER`."""
    return _SAME_TIME.sub("", text)


def canonical_side(text: str, *, time: bool) -> str:
    """A cell of a time or an int/ext column in a language that the writers do not read, said in English.

    >>> canonical_side("Noche", time=True), canonical_side("夜", time=True), canonical_side("außen", time=False)
    ('night', '夜', 'exterior')
    """
    if len(text) > 24 or (has_cjk(text) and not re.search("[\u3040-\u30ff\uac00-\ud7af]|昼|朝|夕", text)):
        return text
    key = "".join(fold(text).replace(".", "").split())
    side = keyed("sides").get(key, "")
    wanted = ("day", "night", "dawn", "dusk") if time else ("interior", "exterior")
    if side not in wanted or key in _ENGLISH or key in ("int", "ext", "interior", "exterior", "i", "e"):
        return text
    return side


def apply_heading(values: dict[str, str], heading: Heading | None) -> None:
    """Fill in what a heading says where the row itself says nothing."""
    if heading is None:
        return
    for name, text in (
        ("scene", heading.number),
        ("location", heading.place),
        ("int_ext", heading.int_ext),
        ("time", heading.time),
    ):
        if text and not values.get(name):
            values[name] = text


def is_read_as_it_is(place: str, found: Heading) -> bool:
    """Whether the writers understand this heading as it stands: `INT. KITCHEN - NIGHT`, 面馆 内 夜."""
    first = place.strip().split()[0].rstrip(".").casefold()
    if has_cjk(place):
        return fold(first) not in _sides() and not _NOT_CHINESE.search(place)
    return first in ("int", "ext", "int/ext", "i/e") and (not found.time or found.time.casefold() in place.casefold())


def _sides() -> frozenset[str]:
    return frozenset(
        word for key in ("interior", "exterior", "day", "night", "dawn", "dusk") for word in words("sides", key)
    )


def is_scene_number(text: str) -> bool:
    """Whether a cell is only a scene's or a shot's number: `12`, `3A`, `S01_02`, 第三场.

    >>> is_scene_number("3A"), is_scene_number("第三场"), is_scene_number("Kitchen")
    (True, True, False)
    """
    bare = text.strip()
    if len(bare) > 16:
        return False
    if re.fullmatch(
        r"[A-Za-z]{0,6}[\s.#_-]{0,2}\d{1,5}(?:[._-]?[A-Za-z]{0,2}\d{0,4}){0,3}[A-Za-z]?|[A-Z]{1,2}|\d+[\d./-]*", bare
    ):
        return True
    number, rest = _numbered(bare)
    return bool(number) and not rest


def _numbered(text: str) -> tuple[str, str]:
    found = _NUMBER.match(text)
    if not found:
        return "", text
    if found["han"]:
        return _digits(found["han"]), text[found.end() :]
    if found["word"]:
        key = "".join(fold(found["word"]).split())
        if key not in words("rows", "scene") and key not in ("s", "sc", "scene"):
            return "", text
        return found["number"], text[found.end() :]
    return found["bare"], text[found.end() :]


def _digits(text: str) -> str:
    if text.isdigit():
        return text
    tens, ten, ones = text.partition("十")
    if ten:
        return str(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))
    return "".join(str(_DIGITS[letter]) for letter in text if letter in _DIGITS) or text


def _joined(parts: list[str]) -> str:
    text = ""
    for part in parts:
        text += ("" if not text or (is_unspaced(text[-1]) and is_unspaced(part[0])) else " ") + part
    return text
