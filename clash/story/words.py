"""How headers, labels and other short words of a table are compared: without case, accents, marks and decoration."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from importlib import resources

LONGEST_HEADER = 120
"""Characters. What is longer is a sentence, not a header."""

_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff\u0451\u0401]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z]{2})")
_BREAK = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|p|div|font|mark|code|small|sub|sup|del|s)(?:\s[^<>]{0,200})?/?>", re.I)
_LETTERS = re.compile(r"[^\W_]+|#")
_NUMBERED = re.compile(r"^\s{0,4}(?:[(（]?\d{1,3}[.)、）:：]|[①-⑳])\s{0,4}(?=\S)")


def fold(text: str) -> str:
    """`text` with all that makes no difference taken out: width, case, accents, traditional characters.

    Turkish has two letters i: in capitals a dot or its absence tells them apart, in folded words nothing does.

    >>> fold("Duración"), fold("鏡號"), fold("ＢＧＭ"), fold("DIŞ") == fold("dış"), fold("İç")
    ('duracion', '镜号', 'bgm', True, 'ic')
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    if not plain.isascii():
        plain = plain.replace("i\u0307", "i").replace("ı", "i")
        plain = _ACCENTED.sub(lambda found: _bare(found[0]), plain).translate(_simplified())
    return plain


def small_letters(text: str) -> str:
    """`text` in small letters; where its letters are Turkish, the I without a dot stays without one.

    >>> small_letters("LİMANI"), small_letters("IŞIL"), small_letters("KITCHEN")
    ('limanı', 'ışıl', 'kitchen')
    """
    turkish = any(letter in text for letter in "İĞŞ")
    return (text.replace("İ", "i").replace("I", "ı") if turkish else text).lower()


def simplified(text: str) -> str:
    """`text` with simplified Chinese characters for traditional ones, of the same length.

    >>> simplified("燈塔內")
    '灯塔内'
    """
    return text if text.isascii() else text.translate(_simplified())


def words_of(text: str) -> list[str]:
    """The words of a header: snake_case and camelCase parted, decoration off, folded; `#` alone is a word.

    >>> words_of("**durationSec**"), words_of("🎤 Voice_Over?"), words_of("4. 旁白")
    (['duration', 'sec'], ['voice', 'over'], ['旁白'])
    """
    text = undecorated(text[: LONGEST_HEADER * 4])
    words = _LETTERS.findall(fold(_CAMEL.sub(" ", text)))
    if len(words) > 1 and words[0] == "#":
        words = words[1:]
    return words


def key_of(text: str) -> str:
    """The header as it is compared: its words together.

    >>> key_of(" Camera_Movement "), key_of("时长")
    ('cameramovement', '时长')
    """
    return "".join(words_of(text))


def undecorated(text: str) -> str:
    """A header without the marks of Markdown and HTML and without the number before it."""
    text = html.unescape(_TAG.sub(" ", _BREAK.sub(" ", text))) if "<" in text or "&" in text else text
    return _NUMBERED.sub("", text)


def is_cjk(letter: str) -> bool:
    """Whether a letter is Chinese, Japanese or Korean, which are written without spaces between words.

    >>> is_cjk("画"), is_cjk("カ"), is_cjk("é")
    (True, True, False)
    """
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af"


def is_unspaced(letter: str) -> bool:
    """Whether a letter is Chinese or Japanese: Korean parts its words.

    >>> is_unspaced("画"), is_unspaced("안")
    (True, False)
    """
    return is_cjk(letter) and not "\uac00" <= letter <= "\ud7af"


def has_cjk(text: str) -> bool:
    """Whether any letter of `text` is Chinese, Japanese or Korean."""
    return not text.isascii() and any(map(is_cjk, text))


def listed(values: str) -> list[str]:
    """The items of a list as the files of `languages/` write it.

    >>> listed("shot, shot number,")
    ['shot', 'shot number']
    """
    return [item for part in values.split(",") if (item := part.strip())]


def listed_compact(values: str) -> list[str]:
    """The items of a list without what may stand between their letters.

    >>> listed_compact("shot number, close-up")
    ['shotnumber', 'closeup']
    """
    return [item for item in values.translate(_BETWEEN).split(",") if item]


_BETWEEN = dict.fromkeys(map(ord, " -.'’_/&·・°\n"))


def _bare(letters: str) -> str:
    decomposed = unicodedata.normalize("NFD", letters)
    return (
        "".join(letter for letter in decomposed if not unicodedata.combining(letter))
        .replace("đ", "d")
        .replace("ł", "l")
    )


@cache
def _simplified() -> dict[int, str]:
    text = resources.files("clash.story.languages").joinpath("traditional.txt").read_text(encoding="utf-8")
    pairs = " ".join(line for line in text.splitlines() if not line.startswith("#")).split()
    return {ord(pair[0]): pair[1] for pair in pairs}
