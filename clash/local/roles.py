"""Which part of a cast somebody has: man, woman, child, old or a giant, as words and names tell it."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from clash.providers.voices import Voice

Role = Literal["woman", "man", "old woman", "old man", "girl", "boy", "giant"]

WOMAN = re.compile(
    r"\b(\w*wom[ae]n|females?|girls?|lady|she|her|mother|mum|mom|grandmother|grandma|granny|nana|aunt\w*|sister|"
    r"daughter|wife|queen|princess|witch|mrs|ms|miss|madam\w*|nun|waitress|actress|goddess|soprano|alto)\b"
    r"|女|妈|母|娘|姐|妹|奶奶|婆|姨|姑|妻|后|妃|婶|嫂"
)
MAN = re.compile(
    r"\b(m[ae]n|males?|boys?|he|his|father|dad|grandfather|grandpa|uncle|brother|son|husband|king|"
    r"prince|wizard|mr|sir|lord|monk|\w+(?<!wo)(?<!hu)(?<!ger)(?<!ro)man|waiter|baritone|bass|tenor)\b"
    r"|男|爸|父|爷|哥|弟|叔|伯|舅|夫|王|公|汉|翁"
)
OLD = re.compile(r"\b(old|older|elderly|aged|ancient|elder|grand\w+|granny|nana|wrinkled|retired)\b|老|奶奶|爷|婆|翁")
CHILD = re.compile(
    r"\b(child\w*|kids?|little|boys?|girls?|toddler|schoolboy|schoolgirl|young (?:son|daughter))\b|孩|童|小"
)
GIANT = re.compile(r"\b(giant|monster|dragon|troll|ogre|robot|demon|beast|golem|bear|whale)\b|巨|怪|龙|魔|机器人|熊")

_YEARS = re.compile(r"(?<!\d)(\d{1,3})\s*(?:years? old|year-old|岁|周岁)")
_CHINESE_YEARS = re.compile(r"(?:([二三四五六七八九])?(十))?([一二三四五六七八九])?岁")
_OLD_FROM, _CHILD_UNTIL = 60, 13
_CHILD_IN_NAME = re.compile(r"孩|童|娃|宝宝|妹妹|弟弟")
_GIANT_IN_NAME = re.compile(r"巨人|怪|魔|机器人|熊")
_SURNAMES = "王龙熊叶"
_HER_NAMES = frozenset("红芳丽娜婷静雪梅兰娟燕玲霞花莲秀敏颖琳瑶月琴萍莉芸蓉媛洁怡倩欣薇")
_HIS_NAMES = frozenset("强伟军刚勇明涛杰虎斌鹏磊峰超辉建国栋波浩亮毅")


def age_in(words: str) -> int | None:
    """Return the age in years that words name; None if they name none.

    >>> age_in("woman, 34 years old"), age_in("七十二岁"), age_in("十岁"), age_in("an old man")
    (34, 72, 10, None)
    """
    if match := _YEARS.search(words):
        return int(match[1])
    match = _CHINESE_YEARS.search(words)
    if match is None or not (match[2] or match[3]):
        return None
    tens, ones = ("零一二三四五六七八九".index(figure or "零") for figure in match.group(1, 3))
    return (tens or 1) * 10 + ones if match[2] else ones


def without_age(words: str) -> str:
    """Return the words without an age in years, in which nobody is called old."""
    return _YEARS.sub(" ", words)


def of_age(age: int | None, *, old: bool, child: bool) -> Literal["old", "child", "adult"]:
    """Return whether somebody is old or a child: by the age in years where it is known, else as the words say."""
    if age is not None:
        return "old" if age >= _OLD_FROM else "child" if age < _CHILD_UNTIL else "adult"
    return "old" if old else "child" if child else "adult"


def part(*, woman: bool, age: Literal["old", "child", "adult"]) -> Role:
    """Return the part of a cast for a sex and an age."""
    if age == "old":
        return "old woman" if woman else "old man"
    if age == "child":
        return "girl" if woman else "boy"
    return "woman" if woman else "man"


def english_role(words: str, speaker: str, draw: int, *, counts_years: bool = True) -> Role:
    """Return the part that the words tell, else the ending of the name, else a draw.

    Without `counts_years` somebody who is 34 years old is old, as in clash 0.2.
    """
    if GIANT.search(words):
        return "giant"
    woman, man = bool(WOMAN.search(words)), bool(MAN.search(words))
    if woman == man:
        woman = speaker.split("-")[0].endswith(("a", "ie", "elle")) or draw % 2 == 0
    told = without_age(words) if counts_years else words
    age = age_in(words) if counts_years else None
    return part(woman=woman, age=of_age(age, old=bool(OLD.search(told)), child=bool(CHILD.search(told))))


def chinese_role(speaker: str, voice: str, draw: int) -> Role:
    """Return the part of somebody in a Chinese film: as the words about the voice say, else the name, else a draw.

    >>> chinese_role("王小红", "女, 34 years old", 0), chinese_role("陈爷爷", "", 0), chinese_role("小禾", "女孩", 0)
    ('woman', 'old man', 'girl')
    """
    name = unicodedata.normalize("NFKC", speaker).lower().replace("-", " ")
    words = unicodedata.normalize("NFKC", voice).lower()
    if GIANT.search(words) or _GIANT_IN_NAME.search(name[1:] if name[:1] in _SURNAMES else name):
        return "giant"
    woman = _is_woman(words)
    if woman is None:
        given = name[1:] if name[:1] in _SURNAMES else name
        woman = _is_woman(given)
        if woman is None:
            woman = name[-1:] in _HER_NAMES or (name[-1:] not in _HIS_NAMES and draw % 2 == 0)
    told = without_age(words)
    old = bool(OLD.search(told) or (not words and OLD.search(name)))
    child = bool(CHILD.search(told) or _CHILD_IN_NAME.search(name) or (not words and name.startswith("小")))
    return part(woman=woman, age=of_age(age_in(words), old=old, child=child))


def _is_woman(words: str) -> bool | None:
    woman, man = bool(WOMAN.search(words)), bool(MAN.search(words))
    return None if woman == man else woman


def voice_of_role(name: str, language: str, role: str, *, installed: bool) -> Voice:
    """Return a voice as it is listed, for a part of the cast or for the narrator."""
    if role == "narrator":
        return Voice(name, language, narrator=True, installed=installed)
    genders = {"woman": "woman", "girl": "woman", "man": "man", "boy": "man", "giant": "man"}
    age = "old" if role.startswith("old ") else "child" if role in ("girl", "boy") else "adult"
    return Voice(name, language, genders[role.removeprefix("old ")], age, installed=installed)
