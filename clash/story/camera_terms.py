"""The words of shot lists: sizes, angles and camera moves, in every language that has a file of words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from clash.story.screenplay import Angle, Language, Movement, ShotSize
from clash.story.vocabulary import compact, keyed, languages
from clash.story.words import fold, has_cjk, listed

_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_INITIALS = re.compile(r"(?<=\b[a-z])\.(?=[a-z]\b|\s|$)")

# In each table the first row that matches counts, so the longer term stands above the shorter one in it.
_SIZES: tuple[tuple[ShotSize, str], ...] = (
    ("extreme_close_up", r"\b(?:ecu|xcu|bcu|(?:extreme|big) close[\s-]?up|macro)\b|大特写|极特写"),
    ("insert", r"\b(?:insert|cutaway|detail)\b|插入|细节"),
    ("medium_close_up", r"\b(?:mcu|medium close[\s-]?(?:up|shot)?)\b|中近景|近景"),
    ("close_up", r"\b(?:cu|close[\s-]?up|close[\s-]?shot|close|tight)\b|特写"),
    ("extreme_wide", r"\b(?:ews|els|xws|xls|vws|vls|(?:extreme|very) (?:wide|long)|aerial)\b|大远景|航拍|鸟瞰"),
    ("medium_wide", r"\b(?:mws|mls|mfs|medium (?:wide|long|full)|cowboy|american)\b|中全景|中远景|七分身"),
    ("wide", r"大全景"),
    ("full", r"\b(?:fs|full)\b|全景|全身"),
    ("wide", r"\b(?:ws|ls|wide|long|establish\w*|master)\b|远景|空镜"),
    (
        "medium",
        r"\b(?:ms|mid|medium|waist|(?:two|2|three|3)[\s-]?shot|2s|ots|over[\s-]the[\s-]shoulder|single)\b"
        r"|中景|半身|双人|过肩",
    ),
)
_ANGLES: tuple[tuple[Angle, str], ...] = (
    ("over_shoulder", r"\b(?:ots|over[\s-](?:the[\s-])?shoulder)\b|过肩|越肩"),
    ("pov", r"\b(?:pov|point[\s-]of[\s-]view|subjective)\b|主观|第一人称"),
    (
        "overhead",
        r"\b(?:overhead|top[\s-]?(?:down|shot|view)|bird'?s?[\s-]eye|aerial|god'?s eye)\b"
        r"|顶拍|顶视|正俯|鸟瞰|航拍",
    ),
    ("dutch", r"\b(?:dutch|canted|tilted[\s-]angle)\b|荷兰|倾斜|斜角"),
    ("low", r"\b(?:low[\s-]?angle|worm'?s?[\s-]eye|low)\b|仰"),
    ("high", r"\b(?:high[\s-]?angle|high)\b|俯"),
    ("eye_level", r"\b(?:eye[\s-]?level|straight)\b|平视|平拍|水平"),
)
_MOVEMENTS: tuple[tuple[Movement, str], ...] = (
    (
        "tilt_up",
        r"\b(?:tilt\w*|crane\w*|boom\w*|jib\w*|pedestal\w*|move\w*)[\s-]up\b|\bris(?:e|es|ing)\b"
        r"|上摇|摇上|上移|仰摇|升",
    ),
    (
        "tilt_down",
        r"\b(?:tilt\w*|crane\w*|boom\w*|jib\w*|pedestal\w*|move\w*)[\s-]down\b|下摇|摇下|下移|俯摇|降",
    ),
    (
        "pan_left",
        r"\b(?:pan\w*|track\w*|truck\w*|slide\w*|dolly\w*|move\w*|whip)[\s-](?:to the )?left\b|\bleft pan\b"
        r"|左摇|左移|左横|摇左|移左|向左|右往左|右至左|右到左|右向左",
    ),
    (
        "pan_right",
        r"\b(?:pan\w*|track\w*|truck\w*|slide\w*|dolly\w*|move\w*|whip)[\s-](?:to the )?right\b|\bright pan\b"
        r"|右摇|右移|右横|摇右|移右|向右|左往右|左至右|左到右|左向右",
    ),
    (
        "pull_out",
        r"\b(?:pull\w*|(?:dolly|zoom|track|move)\w*[\s-](?:out|back)|widen\w*)\b|拉(?!近)|后退|后移",
    ),
    (
        "push_in",
        r"\b(?:push\w*|(?:dolly|zoom|track|move)\w*[\s-]in|creep\w*|zoom\w*|dolly)\b|推|拉近|前移|前进|逼近",
    ),
    ("tilt_up", r"\b(?:tilt\w*|crane)\b"),
    (
        "pan_right",
        r"\b(?:pan\w*|track\w*|truck\w*|slid\w*|follow\w*|arc|orbit\w*|whip|swish|steadicam)\b"
        r"|摇|移|跟|横|甩|环绕",
    ),
    ("static", r"\b(?:static|fixed|lock\w*|still|tripod|hand[\s-]?held|none)\b|固定|定镜|静止|手持"),
)

SIZE_NAMES: Mapping[Language, Mapping[ShotSize, str]] = {
    "en": {
        "extreme_wide": "extreme wide shot",
        "wide": "wide shot",
        "full": "full shot",
        "medium_wide": "medium wide shot",
        "medium": "medium shot",
        "medium_close_up": "medium close-up",
        "close_up": "close-up",
        "extreme_close_up": "extreme close-up",
        "insert": "insert of a detail",
    },
    "zh": {
        "extreme_wide": "大远景",
        "wide": "远景",
        "full": "全景",
        "medium_wide": "中全景",
        "medium": "中景",
        "medium_close_up": "近景",
        "close_up": "特写",
        "extreme_close_up": "大特写",
        "insert": "细节插入镜头",
    },
}
ANGLE_NAMES: Mapping[Language, Mapping[Angle, str]] = {
    "en": {
        "eye_level": "eye level",
        "low": "low angle",
        "high": "high angle",
        "overhead": "seen from overhead",
        "dutch": "dutch angle",
        "over_shoulder": "over the shoulder",
        "pov": "point of view",
    },
    "zh": {
        "eye_level": "平视",
        "low": "仰拍",
        "high": "俯拍",
        "overhead": "顶拍",
        "dutch": "倾斜构图",
        "over_shoulder": "过肩",
        "pov": "主观视角",
    },
}
MOVEMENT_NAMES: Mapping[Language, Mapping[Movement, str]] = {
    "en": {
        "static": "locked-off camera, only a slight drift",
        "push_in": "slow push in",
        "pull_out": "slow pull out",
        "pan_left": "pan to the left",
        "pan_right": "pan to the right",
        "tilt_up": "tilt up",
        "tilt_down": "tilt down",
    },
    "zh": {
        "static": "固定镜头，轻微浮动",
        "push_in": "缓慢推近",
        "pull_out": "缓慢拉远",
        "pan_left": "向左摇",
        "pan_right": "向右摇",
        "tilt_up": "向上摇",
        "tilt_down": "向下摇",
    },
}


def size_of(text: str) -> ShotSize | None:
    """The size that a cell names; None for an unknown word.

    >>> size_of("MCU"), size_of("大特写"), size_of("cosy")
    ('medium_close_up', 'extreme_close_up', None)
    """
    return cast("ShotSize | None", _term("sizes", text[:200]))


def angle_of(text: str) -> Angle | None:
    """The angle that a cell names; None for an unknown word.

    >>> angle_of("OTS"), angle_of("俯拍"), angle_of("")
    ('over_shoulder', 'high', None)
    """
    return cast("Angle | None", _term("angles", text[:200]))


def movement_of(text: str) -> Movement | None:
    """The camera move that a cell names; None for an unknown word. A move without a side goes to the right.

    >>> movement_of("Dolly in"), movement_of("缓拉"), movement_of("左摇")
    ('push_in', 'pull_out', 'pan_left')
    """
    return cast("Movement | None", _term("movements", text[:200]) or other_movement_of(text))


def other_movement_of(text: str) -> Movement | None:
    """The nearest of the seven moves to one that is none of them: to follow, to orbit; None for any other text.

    >>> other_movement_of("orbit left"), other_movement_of("手持"), other_movement_of("push in")
    ('pan_right', 'static', None)
    """
    if _exactly("movements", text[:200]) in ("push_in", "pull_out"):
        return None
    plain = _plain(text[:200]).replace("-", " ")
    return next((term for term, pattern in _other_movements() if pattern.search(plain)), None)


@lru_cache(maxsize=1)
def _other_movements() -> tuple[tuple[Movement, re.Pattern[str]], ...]:
    """The moves of the section `other_movements`, each as one pattern of all languages' words."""
    found: dict[str, list[str]] = {}
    for language in languages():
        for term, values in language.sections.get("other_movements", {}).items():
            for word in listed(values):
                bare = re.escape(word.replace("-", " "))
                found.setdefault(term, []).append(bare if has_cjk(word) else rf"(?<!\w){bare}(?!\w)")
    return tuple((cast("Movement", term), re.compile("|".join(words))) for term, words in found.items())


def named_exactly(text: str, section: str = "movements") -> bool:
    """Return whether a cell is a term of a section and nothing else.

    >>> named_exactly("Zoom in"), named_exactly("zoom in on it"), named_exactly("MCU", "sizes")
    (True, False, True)
    """
    return _exactly(section, text[:200]) is not None


_PARTS = re.compile(r"[,，、;；/／|→+・]|->|\s[-–—]\s")
_TABLES: Mapping[str, tuple[tuple[str, str], ...]] = {"sizes": _SIZES, "angles": _ANGLES, "movements": _MOVEMENTS}


@lru_cache(maxsize=4096)
def _term(section: str, text: str) -> str | None:
    """The term that a cell is, letter for letter, or one of its parts; else of the first pattern, else of the longest
    word that it holds.
    """
    plain = _plain(text)
    if not plain:
        return None
    exact = keyed(section).get(compact(plain))
    if exact:
        return exact
    for part in _PARTS.split(text) if _PARTS.search(text) else ():
        if found := _exactly(section, part):
            return found
    found = next((term for term, pattern in _TABLES[section] if _compiled(pattern).search(plain)), None)
    return found or _contained(section, plain)


def _contained(section: str, plain: str) -> str | None:
    plain = plain.replace("-", " ")
    for word, term in _phrases(section):
        if word in plain and (has_cjk(word) or re.search(rf"(?<!\w){re.escape(word)}(?!\w)", plain)):
            return term
    return None


def leading_size(text: str) -> tuple[str, str]:
    """The size that a description begins with, before a dash or a colon, and the rest of it; "" where there is none.

    In capitals it may stand before a stop too; before a word like `on`, which stays in the description.

    >>> leading_size("MS – A woman lifts a panel"), leading_size("特写：手"), leading_size("Note: wide")
    (('MS', 'A woman lifts a panel'), ('特写', '手'), ('', 'Note: wide'))
    """
    for pattern in (_LEADING, _LEADING_CAPITALS):
        found = pattern.match(text)
        if found and _exactly("sizes", found["size"]):
            return found["size"], found["rest"].strip()
    found = _CAPITALS_BEFORE.match(text)
    return (found["size"].strip(), text) if found and _exactly("sizes", found["size"]) else ("", text)


_LEADING_CAPITALS = re.compile(r"\s*(?P<size>[^\W\d_a-z][^\n.:：a-z]{0,23}?)\.\s+(?P<rest>\S.*)", re.DOTALL)
_CAPITALS_BEFORE = re.compile(r"\s*(?P<size>[^\W\d_a-z\u2e80-\uffff][^\n.:：,a-z]{1,23}?)\s(?=[a-zà-ÿа-яё]{1,6}\s)")
_LEADING = re.compile(
    r"\s*[\[(（【]?(?P<size>[^\W\d_][^\n:：–—\]）】]{0,23}?)[\])）】]?\s*(?:[:：–—]|\s-\s)\s*(?P<rest>\S.*)", re.DOTALL
)


def _exactly(section: str, text: str) -> str | None:
    """The term that a text is and nothing else, but for the word shot."""
    plain = _plain(text)
    patterns = (term for term, pattern in _TABLES[section] if re.fullmatch(rf"(?:{pattern})(?: shot)?", plain))
    return keyed(section).get(compact(plain)) or next(patterns, None)


@lru_cache(maxsize=8)
def _phrases(section: str) -> tuple[tuple[str, str], ...]:
    """The words of a section that may stand within others, the longest first."""
    found: dict[str, str] = {}
    for language in languages():
        for term, values in language.sections.get(section, {}).items():
            for word in listed(values):
                if len(word) >= (2 if has_cjk(word) else 5):
                    found.setdefault(word.replace("-", " "), term)
    return tuple(sorted(found.items(), key=lambda item: -len(item[0])))


def _plain(text: str) -> str:
    text = _CAMEL_CASE.sub(" ", text.strip())
    plain = fold(text).replace("_", " ").replace("’", "'").strip(" .*`")
    plain = _INITIALS.sub("", plain)
    if "→" in plain or "->" in plain:
        joined = "到" if has_cjk(plain) else " to "
        plain = plain.replace("->", "→").replace(" → ", "→").replace("→", joined)
    return plain


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
