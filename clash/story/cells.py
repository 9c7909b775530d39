"""What single cells say: nothing, a list of names, a sentence, a file's name."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from clash.story.speakers import together
from clash.story.vocabulary import words
from clash.story.words import fold, has_cjk

_NO_SIGNS = re.compile(r"[-–—―－/／\\.…\s_*]+|#(?:n/?a|ref!?|value!?|name\??|div/0!?|null!?|num!?)", re.IGNORECASE)
_ABSENT = frozenset({"na", "nan", "none", "nil", "null", "undefined", "tbd", "tba", "无", "暂无", "nat"})
_LIST = re.compile(r"[;；、|｜/／,，\n+＋]|\s&\s|＆")
_BRACKETED = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_FILE = re.compile(
    r"[^\n]{1,300}\.(?:png|jpe?g|webp|gif|bmp|tiff?|heic)(?:\?[^\s]{0,200})?|https?://\S{1,400}", re.IGNORECASE
)
_ENDS = re.compile(r"[.!?。！？…；;][\"”’」』)）*]*$")


def is_empty(cell: str) -> bool:
    """Whether a cell says that there is nothing: empty, a dash, a stroke, `n/a`, `nan`, `#REF!`, 无.

    >>> is_empty("- -"), is_empty("N.A."), is_empty("#N/A"), is_empty("No!")
    (True, True, True, False)
    """
    if not cell:
        return True
    return len(cell) <= 10 and _says_nothing(cell)


@lru_cache(maxsize=1024)
def _says_nothing(cell: str) -> bool:
    plain = unicodedata.normalize("NFKC", cell).casefold().strip()
    if not plain or _NO_SIGNS.fullmatch(plain):
        return True
    return "".join(letter for letter in plain if letter not in ". /-()（）") in _ABSENT


def is_undecided(cell: str) -> bool:
    """Whether a cell says that something is still to be said: TBD, ?, 待定."""
    key = "".join(fold(cell[:24]).replace(".", "").replace("/", "").split())
    return key in words("rows", "nothing") or not any(letter.isalnum() for letter in key)


def split_list(text: str, also: str = "") -> tuple[str, ...]:
    """The items of a cell, each once, in order; separators within brackets do not count.

    `also` is the word for and in the table's language.

    >>> split_list("Mara (30, red coat) / Ivo、小禾"), split_list("阿岚和老周"), split_list("Ines & Otto")
    (('Mara (30, red coat)', 'Ivo', '小禾'), ('阿岚', '老周'), ('Ines', 'Otto'))
    """
    if is_empty(text):
        return ()
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f"\x00{len(hidden) - 1}\x00"

    parts = _LIST.split(_BRACKETED.sub(hide, text))
    parts = [one for part in parts for one in re.split("、| & ", together(part.strip(), also))]
    shown = (re.sub("\x00(\\d+)\x00", lambda match: hidden[int(match[1])], part).strip() for part in parts)
    return tuple(dict.fromkeys(part for part in shown if not is_empty(part)))


def is_sentence(text: str, *, strict: bool = False) -> bool:
    """Whether a cell is prose: it ends as a sentence does, or is long enough for one (not `strict`).

    >>> is_sentence("The boat always left."), is_sentence("Close-up"), is_sentence("船总在天亮前离开")
    (True, False, True)
    """
    bare = text.strip()
    if _ENDS.search(bare[-8:]) and len(bare) > 5:
        return True
    if strict:
        return False
    return len(bare) >= 7 if has_cjk(bare) else len(bare.split()) >= 4


def names_a_file(text: str) -> bool:
    """Whether a cell is meant as the path of a file, whatever its kind, rather than as a note: it has an ending.

    >>> names_a_file("refs/1.png"), names_a_file("story.csv"), names_a_file("见附件"), names_a_file("图1")
    (True, True, False, False)
    """
    bare = text.strip()
    ending = bare.rpartition(".")[2]
    return looks_like_a_file(bare) or (
        ending != bare and 1 < len(ending) <= 5 and ending.isascii() and ending.isalnum()
    )


def looks_like_a_file(text: str) -> bool:
    """Whether a cell names a picture: `panel_01.png`, an address."""
    return bool(_FILE.fullmatch(text.strip()))
