"""Names: what makes two spellings one name, who narrates, who is only heard, and slugs that stay apart."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache, lru_cache

from clash.local.vocabulary import tags, vocabulary
from clash.story.screenplay import slug
from clash.story.vocabulary import compact, words
from clash.story.words import fold, small_letters

_NOTE = re.compile(r"[(（\[【](?P<note>[^()（）\[\]【】]*)[)）\]】]")
_NARRATOR = re.compile(
    r"(?:the )?narrat(?:or|ion)|v\.?\s?/?o\.?|voice[\s-]?over|announcer|旁白|解说|解说员|画外音|画外|旁白者|叙述者"
)
_ONLY_HEARD = re.compile(
    r"\b(?:o\.?\s?s\.?|o\.?\s?c\.?|v\.?\s?/?o\.?)(?![a-z])|off[\s-]?(?:screen|camera)|voice[\s-]?over"
    r"|画外|旁白|内心|心声|电话里|独白"
)
_ELSEWHERE = re.compile(r"\b(?:o\.?\s?s\.?|o\.?\s?c\.?)(?![a-z])|off[\s-]?(?:screen|camera)|画外|电话里")
"""Marks that may stand among other words. Whole notes are in the lists of `clash/story/languages`."""
_BETWEEN_NOTES = re.compile(r"[,;/、，；]+")
_NOBODY = re.compile(
    r"(?:no ?(?:one|body)|none|empty|everyone|everybody|all|crowd|extras|people|various|n/?a"
    r"|无人?|空镜|众人|路人(?:们|若干)?|群众(?:演员)?|所有人|全体|大家|若干|\d*人)"
)
_TOGETHER = re.compile(r"[,，、/／&＆+](?![^(（\[【]*[)）\]】])")
_PLURAL = re.compile(r"(?<=[\u3040-\u30ff\u4e00-\u9fff]{2})(?:们|們|たち|達)$|(?<=[\uac00-\ud7af]{2})들$")
_LONGEST = 40


class Slugs:
    """Slugs for names: one name has one slug, two names never share one."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        """Begin with the slugs of names that are known: name to slug."""
        self._of_name = {name_key(name): slug for name, slug in (known or {}).items()}
        self._taken = set(self._of_name.values())

    def of(self, name: str) -> str:
        """The slug of a name; the second of two different names that would share it gets `-2`."""
        key = name_key(name)
        if key not in self._of_name:
            first = slug(name)
            chosen, count = first, 1
            while chosen in self._taken:
                count += 1
                chosen = f"{first}-{count}"
            self._taken.add(chosen)
            self._of_name[key] = chosen
        return self._of_name[key]


def people_in(written: str) -> tuple[str, ...]:
    """The people of a speaker's cell: one as a rule, several when they speak together.

    >>> people_in("Mara & Ivo (O.S.)")
    ('Mara', 'Ivo (O.S.)')
    """
    return tuple(part.strip() for part in _TOGETHER.split(written) if part.strip())


def without_notes(name: str) -> str:
    """The name alone, without what stands in brackets.

    >>> without_notes("Mara (O.S.)"), without_notes("玛拉（画外音）")
    ('Mara', '玛拉')
    """
    return " ".join(_NOTE.sub(" ", name).split())


def notes_in(name: str) -> str:
    """What stands in brackets after a name."""
    return ", ".join(match["note"].strip() for match in _NOTE.finditer(name))


@lru_cache(maxsize=8192)
def name_key(name: str) -> str:
    """What two spellings of one name have in common; 高管 and 高管们 are one.

    >>> name_key("高管（群演）") == name_key("高管们")
    True
    """
    key = unicodedata.normalize("NFKC", without_notes(name)).casefold().strip(" .:：")
    key = key.replace("i\u0307", "i").replace("ı", "i")  # Turkish: ALİ is Ali, and IŞIL is Işıl
    return _PLURAL.sub("", key)


def is_narrator(name: str) -> bool:
    """Return whether a speaker is the narrator rather than a character."""
    return bool(_NARRATOR.fullmatch(name_key(name) or notes_in(name).casefold()))


@lru_cache(maxsize=8192)
def is_only_heard(name: str) -> bool:
    """Return whether the speaker is not seen, in any language: `(O.S.)`, `(V.O.)`, `(en off)`, 画外音.

    >>> is_only_heard("Ramón (voz en off)"), is_only_heard("Иван (за кадром)"), is_only_heard("Mara (softly)")
    (True, True, False)
    """
    heard = (words("speech", "off") | words("speech", "inner") | words("speech", "heard")) - words("speech", "on_phone")
    return _is_noted(name, _ONLY_HEARD, heard)


@lru_cache(maxsize=8192)
def is_off_screen(name: str) -> bool:
    """Return whether the speaker is somewhere else, not only thinking or telling: `(O.S.)`, 画外音, but not `(V.O.)`.

    >>> is_off_screen("Paul (hors champ)"), is_off_screen("Paul (voix off)")
    (True, False)
    """
    return _is_noted(name, _ELSEWHERE, words("speech", "elsewhere") | words("speech", "heard"))


def _is_noted(name: str, marks: re.Pattern[str], listed: frozenset[str]) -> bool:
    """Whether the brackets after a name hold one of the marks, or a note of the list among others."""
    notes = notes_in(name)
    if not notes:
        return False
    if marks.search(unicodedata.normalize("NFKC", notes).casefold()):
        return True
    return any(compact(fold(note.strip())) in listed for note in (notes, *_BETWEEN_NOTES.split(notes)))


def names_nobody(name: str) -> bool:
    """Whether a cell of the characters column names no single person: empty, a number, a crowd, a sentence."""
    key = name_key(name)
    return not any(c.isalpha() for c in key) or len(key) > _LONGEST or bool(_NOBODY.fullmatch(key))


def best_spelling(spellings: Collection[str]) -> str:
    """The spelling to show: the first that is not all capitals; else the capitals set like a name.

    >>> best_spelling(["MARA", "Mara"]), best_spelling(["OLD IVO"])
    ('Mara', 'Old Ivo')
    """
    for spelling in spellings:
        if spelling != spelling.upper() or spelling == spelling.lower():
            return spelling
    first = next(iter(spellings))
    shown = (w[:1] + small_letters(w[1:]) if w.isalpha() else w for w in first.split())
    return " ".join(shown) if len(first) > 2 else first


def without_honorific(key: str, language: str = "") -> str:
    """Return a name's key without what it is addressed by, "" where it has none: `Don Ramiro`, 王先生.

    `language` is the story's: what people are called by in a language whose words stand apart counts in it alone.

    >>> without_honorific("don ramiro"), without_honorific("林雪小姐"), without_honorific("ramiro")
    ('ramiro', '林雪', '')
    """
    before, after = _honorifics(language)
    first, _, rest = key.partition(" ")
    if rest and first in before:
        return rest
    ending = next((word for word in after if key.endswith(word)), "")
    return key.removesuffix(ending).strip() if ending else ""


@cache
def _honorifics(language: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The words before a name, and those after it, longer ones first, in every language that counts."""
    known = [one for one in map(vocabulary, tags()) if not one.apart or one.tag == language]
    listed = [(one.spaced, word) for one in known for word in one.text("honorific").split("|")]
    before = frozenset(word for spaced, word in listed if spaced and not _is_wide(word))
    after = {word for _, word in listed if _is_wide(word)}
    after |= {f" {word}" for one in known for word in one.text("honorific_behind").split("|") if word}
    return before, tuple(sorted(after, key=lambda word: (-len(word), word)))


def _is_wide(word: str) -> bool:
    return word > "\u2e7f"


def same_people(keys: Collection[str], language: str = "") -> dict[str, str]:
    """Return other keys of those who are named with an honorific: `ramiro` for `don ramiro`, or the other way round.

    Of two keys the one without the honorific stays. Where two honorifics stand before one name (Mr Lin, Mrs Lin)
    nobody knows whom the name alone means, and all stay apart.
    """
    bare = {key: rest for key in keys if len(rest := without_honorific(key, language)) > 1}
    counted = Counter(bare.values())
    once = {key: rest for key, rest in bare.items() if counted[rest] == 1}
    return {key if rest in keys else rest: rest if rest in keys else key for key, rest in once.items()}
