"""What the header of a column means: by the words that it is made of, in any language that has a file of words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from clash.story.screenplay import Beat
from clash.story.vocabulary import compact, keyed, languages, lists, words
from clash.story.words import LONGEST_HEADER, has_cjk, is_cjk, listed, listed_compact, undecorated, words_of

READ_BY_VALUES = frozenset(
    {"translation", "script", "place", "audio", "timecode", "start", "end", "weather", "who", "subject"}
)
"""Meanings that are no field of a `Beat`: the column's values decide which field they fill."""
UNUSED = frozenset({"production", "caption", "on_screen_text", "graphics"})
"""Meanings that are known, and are never taken for anything else; for words on the screen see `lettering`."""
SPEECH = frozenset({"dialogue", "narration", "script", "audio"})

_BRACKETS = re.compile(r"[(\[【〔{（［][^()\[\]【】〔〕{}（）［］]*[)\]】〕}）］]")
_WIDE_PARTS = re.compile(r"[&＆+＋;；\n]")
_PARTS = re.compile(r"[/／&＆+＋|｜、，,;；\n]|\s[-–—]\s")
_NUMBERED = re.compile(r"(?:sentence|paragraph|line|beat|part|句子|句|段落|段)(\d{1,4})")
_STORY_TITLES = frozenset({"storytitle", "title", "story", "故事标题", "标题", "故事名"})
_SHOTS = ("shot", "scene")


@dataclass(frozen=True)
class Meaning:
    """What a header says of its column: the fields that it may fill, the unit and the language of its values."""

    fields: tuple[str, ...] = ()
    unit: str = ""
    language: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the header says anything at all."""
        return bool(self.fields)


UNKNOWN = Meaning()


@lru_cache(maxsize=4096)
def meaning_of(header: str, prefer: str = "") -> Meaning:
    """What a header means; `prefer` is the language of the table's headers, where a word means two things.

    >>> meaning_of("Angle/Movement").fields, meaning_of("时长（秒）").fields, meaning_of("durationMs").unit
    (('angle', 'movement'), ('duration',), 'ms')
    """
    if not header.strip() or len(header) > LONGEST_HEADER:
        return UNKNOWN
    bare = undecorated(header)
    inside = [words_of(found[1:-1]) for found in _BRACKETS.findall(bare)]
    outside = _BRACKETS.sub(" ", bare)
    unit = next((found for found in (_unit(words) for words in inside) if found), "")
    language = next((found for found in (_language(words) for words in inside) if found), "")
    lookup = _Lookup(prefer)
    fields = lookup.alias(words_of(outside)) or lookup.alias(words_of(bare)) or lookup.parts(outside)
    if not fields:
        fields, found_unit, found_language = lookup.decorated(words_of(outside))
        unit, language = unit or found_unit, language or found_language
    if not fields:
        fields = next((found for words in inside if (found := lookup.alias(words) or lookup.core(words))), ())
    if fields == ("image_prompt",) and any(words("header_words", "video").intersection(found) for found in inside):
        fields = ("video_prompt",)
    language = language or _language_among(words_of(outside))
    if fields and not unit and "duration" in fields:
        unit = _unit(words_of(outside)[-1:])
    return Meaning(fields, unit, language)


def field_of(header: str) -> str | None:
    """The first field that a header means, or None for one that is not known or not used.

    >>> field_of("Shot Type"), field_of("场"), field_of("场景"), field_of("Budget")
    ('shot_size', 'scene', 'location', None)
    """
    fields = meaning_of(header).fields
    if not fields or fields[0] in UNUSED:
        return None
    return {"place": "location", "script": "narration", "audio": "sound", "weather": "time"}.get(fields[0], fields[0])


def language_of_headers(headers: Sequence[str]) -> str:
    """The language in which most headers of a table are written; "" when none is known."""
    counted: Counter[str] = Counter()
    for header in headers:
        if len(header) <= LONGEST_HEADER:
            counted.update(_aliases().get("".join(words_of(_BRACKETS.sub(" ", undecorated(header)))), {}).keys())
    return max(counted, key=lambda tag: (counted[tag], tag == "en")) if counted else ""


def known_headers(tag: str) -> dict[str, tuple[str, ...]]:
    """Each meaning with the headers that a language's file lists for it, as the documentation shows them."""
    found = next(language for language in languages() if language.tag == tag)
    return {field: tuple(listed(values)) for field, values in found.sections["headers"].items()}


def sentence_columns(headers: Sequence[str]) -> list[int]:
    """The columns `sentence1 … sentence5` in the order of their numbers; empty when they are not two or more."""
    found = [
        (int(match[1]), index)
        for index, header in enumerate(headers)
        if len(header) <= LONGEST_HEADER and (match := _NUMBERED.fullmatch("".join(words_of(header))))
    ]
    return [index for _, index in sorted(found)] if len(found) > 1 else []


def title_column(headers: Sequence[str]) -> int | None:
    """The column that names each story of a table that holds one story per row."""
    return next((i for i, header in enumerate(headers) if "".join(words_of(header)) in _STORY_TITLES), None)


class _Lookup:
    """Finds fields in words, one language being preferred."""

    def __init__(self, prefer: str) -> None:
        self._prefer = prefer

    def alias(self, words: Sequence[str]) -> tuple[str, ...]:
        """The field that these very words are listed for."""
        found = _aliases().get("".join(words)) if words else None
        if not found:
            return ()
        return (found.get(self._prefer) or next(iter(found.values())),)

    def parts(self, header: str) -> tuple[str, ...]:
        """The fields of a header that joins several: by a stroke, by `and`; by its Chinese and its Latin part."""
        wide = [self.alias(words_of(piece)) for piece in _WIDE_PARTS.split(header) if piece.strip()]
        if len(wide) > 1 and all(wide):
            return _united(field for fields in wide for field in fields)
        pieces = [piece for piece in _PARTS.split(header) if piece.strip()]
        every = False
        if len(pieces) < 2:
            pieces, every = _at_joins(header), True
        if len(pieces) < 2:
            pieces, every = _scripts(header), False
        if len(pieces) < 2:
            return ()
        meant = [self._whole(words_of(piece)) for piece in pieces]
        if every and not all(meant):
            return ()
        return _united(field for fields in meant for field in fields)

    def _whole(self, words: list[str]) -> tuple[str, ...]:
        return self.alias(words) or self.decorated(words)[0]

    def decorated(self, words: list[str]) -> tuple[tuple[str, ...], str, str]:
        """The fields of words with a unit or a language among them, and these two."""
        fields = self.core(words)
        if fields:
            return fields, _unit(words[-1:]) if fields == ("duration",) else "", ""
        for rest, word in _without_one_end(words):
            unit, language = _unit([word]), _language([word])
            fields = (self.alias(rest) or self.core(rest)) if unit or language else ()
            if fields and (language or "duration" in fields):
                return fields, unit, language
        return (), "", ""

    def core(self, words: Sequence[str]) -> tuple[str, ...]:
        """The field that the word at the head or the tail of a header names."""
        if not words:
            return ()
        if has_cjk("".join(words)):
            return self._core(list("".join(words)), "")
        words = _without_frame(words)
        if "of" in words[1:-1]:
            at = words.index("of", 1)
            swapped = [*(w for w in words[at + 1 :] if w not in _plain()), *words[:at]]
            if found := self.alias(swapped) or self.alias(words[:at]):
                return found
        return self._core(words, " ")

    def _core(self, units: Sequence[str], gap: str) -> tuple[str, ...]:
        """`units` are words, or the characters of a language without spaces."""
        if found := self._prompt(units, gap):
            return found
        tail, before = self._longest(units, at_end=True)
        head, after = self._longest(units, at_end=False)
        if tail in UNUSED:
            return (tail,)
        if tail == "characters" and head in SPEECH:
            return ("speaker",)
        if tail and not (before and head and _is_filler(units[-len(units) + len(before) :], gap)):
            return (tail,)
        if head:
            rest = gap.join(after)
            if compact(rest) in words("header_words", "descriptive"):
                return ("description",) if head in _SHOTS else ("production",) if head == "characters" else (head,)
            if _is_filler(after, gap):
                return (head,)
        return self._stripped(units, split=bool(gap))

    def _longest(self, units: Sequence[str], *, at_end: bool) -> tuple[str, Sequence[str]]:
        """The field of the longest known piece at one end, and what is left of the header."""
        for size in range(len(units), 0, -1):
            piece = units[-size:] if at_end else units[:size]
            text = "".join(piece)
            if size < len(units) and (text in words("header_words", "whole") or len(text) < 2):
                continue
            if found := self.alias([text]):
                return found[0], units[:-size] if at_end else units[size:]
        return "", units

    def _stripped(self, units: Sequence[str], *, split: bool) -> tuple[str, ...]:
        """The field of what is left once words that add nothing are taken off both ends."""
        text = "".join(units)
        for word in _plain_by_length():
            if split and word not in units:
                continue
            for rest in (text.removeprefix(word), text.removesuffix(word)):
                if rest != text and (found := self.alias([rest])):
                    return found
        return ()

    def _prompt(self, units: Sequence[str], gap: str) -> tuple[str, ...]:
        text = gap.join(units)
        if not any(text.endswith(word) for word in _prompts()):
            return ()
        modifiers = [*units[:-1]] if gap else [text]

        def among(key: str) -> bool:
            listed_words = words("header_words", key)
            return any(m in listed_words if gap else any(w in m for w in listed_words) for m in modifiers)

        if among("negative"):
            return ("production",)
        return ("video_prompt",) if among("video") else ("image_prompt",)


@cache
def _aliases() -> dict[str, dict[str, str]]:
    """Each header, compact, with its field in every language that has it. A field's own name is a header too."""
    found: dict[str, dict[str, str]] = {}
    for language in languages():
        for field, values in language.sections["headers"].items():
            for word in listed_compact(values):
                found.setdefault(word, {}).setdefault(language.tag, field)
    for field in Beat.model_fields:
        if field not in ("row", "extra", "narration_translations"):
            found.setdefault(field.replace("_", ""), {}).setdefault("en", field)
    return found


@cache
def _plain() -> frozenset[str]:
    return words("header_words", "plain")


@cache
def _plain_by_length() -> tuple[str, ...]:
    return tuple(sorted(_plain(), key=lambda word: (-len(word), word)))


@cache
def _prompts() -> tuple[str, ...]:
    return ("prompt", "prompts", "提示词", "提示語", "プロンプト", "프롬프트", "промпт", "промт")


def _is_filler(units: Sequence[str], gap: str) -> bool:
    """Whether words add nothing to what stands beside them."""
    if not units:
        return True
    fillers = _plain() | words("header_words", "descriptive")
    return all(unit in fillers for unit in units) if gap else "".join(units) in fillers


def _without_frame(found: Sequence[str]) -> Sequence[str]:
    """`characters in the shot` is `characters`."""
    text = " ".join(found)
    for phrase in lists("header_words", "inside"):
        if text.endswith(" " + phrase):
            return text.removesuffix(phrase).split()
    return found


def _at_joins(header: str) -> list[str]:
    """The parts of a header at `and`, 和, 与."""
    found = words_of(header)
    joins = words("header_words", "joins")
    if any(word in joins for word in found[1:-1]):
        pieces: list[list[str]] = [[]]
        for word in found:
            if word in joins:
                pieces.append([])
            else:
                pieces[-1].append(word)
        return [" ".join(piece) for piece in pieces if piece]
    if has_cjk(header):
        signs = "".join(word for word in joins if len(word) == 1 and is_cjk(word))
        return [piece for piece in re.split(f"[{signs}]", "".join(found)) if piece]
    return []


def _scripts(header: str) -> list[str]:
    """A bilingual header's two halves: what is Chinese, Japanese or Korean, and what is not."""
    found = " ".join(words_of(header))
    wide = "".join(letter for letter in found if is_cjk(letter))
    other = " ".join("".join(" " if is_cjk(letter) else letter for letter in found).split())
    return [wide, other] if wide and any(letter.isalpha() for letter in other) else []


def _united(fields: Sequence[str] | object) -> tuple[str, ...]:
    """The fields of a header of several parts: each once; what only fills a gap in one goes."""
    every = list(dict.fromkeys(field for field in fields if isinstance(field, str)))  # type: ignore[union-attr]
    used = [field for field in every if field not in UNUSED]
    if not used:
        return tuple(every[:1])
    return tuple(used)


def _unit(found: Sequence[str]) -> str:
    """The unit that words name: s, ms, frames or min."""
    return next((unit for word in found if (unit := keyed("units").get(word))), "")


def _language(found: Sequence[str]) -> str:
    """The language that words name."""
    return next((tag for word in found if (tag := _language_names().get(word))), "")


def _language_among(found: Sequence[str]) -> str:
    """The language that a header names beside other words: a code at one of its ends, a name anywhere."""
    text = "".join(found)
    if has_cjk(text):
        pieces = [text[:size] for size in (2, 3, 4) if size < len(text)]
        return _language([*pieces, *(text[-size:] for size in (2, 3, 4) if size < len(text))])
    if len(found) < 2:
        return ""
    return _language([word for i, word in enumerate(found) if len(word) > 3 or i in (0, len(found) - 1)])


@cache
def _language_names() -> dict[str, str]:
    return {
        name: language.tag
        for language in reversed(languages())
        for name in listed_compact(language.sections.get("language", {}).get("names", ""))
    }


def language_named(header: str) -> str:
    """The language that a header names, and nothing else: `English`, 中文, `EN`; "" for any other header.

    >>> language_named("English"), language_named("[EN]"), language_named("Shot")
    ('en', 'en', '')
    """
    found = words_of(header) if len(header) <= LONGEST_HEADER else []
    return _language_names().get("".join(found), "") if found else ""


def _without_one_end(found: Sequence[str]) -> list[tuple[list[str], str]]:
    """A header's words without the last and without the first, with the word taken off; in Chinese, its endings."""
    text = "".join(found)
    if len(found) == 1 and has_cjk(text):
        ends = [(text[:-size], text[-size:]) for size in (1, 2, 3) if len(text) > size]
        starts = [(text[size:], text[:size]) for size in (1, 2, 3) if len(text) > size]
        return [([rest], word) for rest, word in (*ends, *starts)]
    return [(list(found[:-1]), found[-1]), (list(found[1:]), found[0])] if len(found) > 1 else []
