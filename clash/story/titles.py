"""The film's title in the lines above a table: `THE LAST FERRY - SHOT LIST`, 《渡口》分镜头脚本, `Title: Ferry`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from clash.story.grid import Row
from clash.story.headers import meaning_of
from clash.story.vocabulary import lists, words
from clash.story.words import has_cjk, key_of

_LONGEST = 80
_QUOTED = re.compile(r"[《〈「『“](?P<title>[^《》〈〉「」『』“”]{1,60})[》〉」』”]")
_PAIR = re.compile(r"(?P<key>[^:：]{1,24})[:：]\s*(?P<value>.*)", re.DOTALL)
_AROUND = " \t-–—_|/·:：.,，、()（）[]【】*#\"'“”"


def title_above(rows: Sequence[Row]) -> str:
    """Return the title that the rows above a header give, "" where they give none.

    A pair names it (`Title`, 片名); else it is the first line that stands alone, without the words for what kind of
    table this is.
    """
    cells = [[cell for cell in row.cells if cell] for row in rows]
    for row in cells:
        for at, cell in enumerate(row):
            if found := _PAIR.fullmatch(cell):
                key, value = found["key"], found["value"] or "".join(row[at + 1 : at + 2])
            else:
                key, value = cell, "".join(row[at + 1 : at + 2])
            if value and key_of(key) in words("rows", "film"):
                return plain_title(value)
    alone = [row[0] for row in cells if len(set(row)) == 1 and not _is_pair(row[0])]
    return plain_title(alone[0]) if alone else ""


def _is_pair(cell: str) -> bool:
    """Whether a cell says something else than a title: `Director: A. Marsh`, but not `Storyboard: Ferry`."""
    found = _PAIR.fullmatch(cell)
    return found is not None and bool(_sheets().sub("", found["key"]).strip(_AROUND))


def plain_title(text: str) -> str:
    """Return a title line without the words for the kind of table.

    >>> plain_title("THE LAST FERRY - SHOT LIST"), plain_title("《渡口》分镜头脚本"), plain_title("Storyboard")
    ('THE LAST FERRY', '渡口', '')
    """
    text = " ".join(text.split())
    if found := _QUOTED.search(text):
        return found["title"].strip()
    if len(text) > _LONGEST or not any(letter.isalpha() for letter in text):
        return ""
    kept = _sheets().sub(" ", text)
    kept = " ".join(kept.split()).strip(_AROUND) if kept != text else text.strip(_AROUND)
    return kept if any(letter.isalpha() for letter in kept) and not meaning_of(kept).is_known else ""


@cache
def _sheets() -> re.Pattern[str]:
    """The words for kinds of tables, in every language, at either end of a line."""
    listed = sorted(set(lists("rows", "sheet")), key=lambda word: (-len(word), word))
    wide = "|".join(re.escape(word) for word in listed if has_cjk(word))
    spaced = "|".join(re.escape(word).replace(r"\ ", r"[\s_-]*") for word in listed if not has_cjk(word))
    accents = _with_accents(spaced)
    return re.compile(rf"(?:{wide})|(?<!\w)(?:{accents})(?!\w)", re.IGNORECASE)


def _with_accents(pattern: str) -> str:
    """A folded pattern that matches letters with accents too."""
    marks = {"a": "aàáâãä", "e": "eèéêë", "i": "iìíîï", "o": "oòóôõö", "u": "uùúûü", "c": "cç", "n": "nñ"}
    return "".join(f"[{marks[letter]}]" if letter in marks else letter for letter in pattern)
