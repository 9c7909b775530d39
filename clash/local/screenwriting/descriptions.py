"""Finds the words of a sentence that describe the person whom it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from clash.local.vocabulary import DESCRIBING, PERSON, WORN, Vocabulary

_CLAUSE_SPACED = re.compile(r"[,;:.!?…—–(){}\[\]\"“”«»\n]")
_CLAUSE_UNSPACED = re.compile(r"[,，;；:：.。!！?？…—()（）\[\]「」“”\n]")
_BRACKETS = re.compile(r"\s*[(（\[【](?P<note>[^()（）\[\]【】]{1,80})[)）\]】]")
_ENDS = re.compile(r"\s*(?:$|[,，、.。;；!！])")
_TITLE = re.compile(r"\b(Mrs?|Ms|Dr|Prof|Capt|Lt|Sgt|St)\.")
_OWNS = re.compile(r"\b(?:of|de|del|della|di|da|do|von|du)\s*$", re.IGNORECASE)
"""Before a name: what follows is about somebody of that name."""
_BARE_YEARS = re.compile(r"\d{1,3}")
_YEARS_AND_SEX = re.compile(r"(?:[fmw][\s,./]{0,3})?\d{1,3}(?:[\s,./]{0,3}[fmw])?", re.IGNORECASE)
"""`(30)`, `(f, 30)`, `(45/M)`"""
_MOST_CLAUSES = 4
_MOST_WORDS = 16
_LONGEST_UNSPACED = 24


class Describer:
    """Reads descriptions in one language. Everything it returns stands so in the text."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words

    def in_name(self, name: str) -> list[str]:
        """Return the words of a name that say who it is: "Old Ivo", 李奶奶."""
        found = [match[0] for match in self._words.person.finditer(name) if len(match[0]) > 1]
        return found if len(" ".join(found)) > 1 else []

    def beside(self, before: str, after: str) -> list[str]:
        """Return the descriptions right before a name and right after it."""
        words = self._words
        before = _TITLE.sub(r"\1", before)
        found = [*self._before(before, after)]
        if not before.strip() and (named := self._surname.match(after)):
            found.append(_plain(named["what"]))  # "Luna the cat" opens a sentence
        if words.text("possessive") and re.match(f"(?:{words.text('possessive')})", after):
            return found  # "Mara's mother" says nothing of Mara
        if not _OWNS.search(before):
            found += self._after(after)
            told = self._words.years.finditer(after)
            found += (_plain(match[0]) for match in told if _ENDS.match(after, match.end()))
        return found

    def worn_in(self, text: str) -> dict[str, str]:
        """Return the words for hair, coat, hat ... of a text by their sections, as they are written."""
        found: dict[str, str] = {}
        for section, pattern in self._worn.items():
            if match := pattern.search(text):
                found[section] = _plain(match[0])
        return found

    def without_strangers(self, before: str, after: str) -> tuple[str, str]:
        """Return what stands before a name and after it, without those who are neither named nor the named one.

        "RAMIRO runs, a tall woman in a red coat behind him": the coat is not his. "Mara, a young woman in a teal
        coat," goes on about Mara.
        """
        found = next((m for m in self._stranger.finditer(before) if not self._is_named(before, m)), None)
        before = before[: found.start()] if found else before
        found = next((m for m in self._stranger.finditer(after) if not self._is_apposition(after[: m.start()])), None)
        return before, after[: found.start()] if found else after

    def _is_named(self, before: str, found: re.Match[str]) -> bool:
        """Whether the person at `found` is the one whose name follows: "A man in a grey hat, Ivo, waits"."""
        if before[: found.start()].strip(' ,，“"('):
            return False
        rest = self._without_name_words(before[found.end() :]).rstrip()
        return not rest or rest[-1] in ",，、" or rest != before[found.end() :].rstrip()

    def _is_apposition(self, between: str) -> bool:
        """Whether what stands between a name and a person makes them one: a comma, a bracket, "is"."""
        copula = self._words.listed("copula")
        between = between.strip(" ,，、(（—-:：")
        return not between or bool(copula and re.fullmatch(rf"(?:{copula})", between, re.IGNORECASE))

    @cached_property
    def _stranger(self) -> re.Pattern[str]:
        """Somebody without a name: an article and a noun for a person."""
        words = self._words
        articles, people = words.listed("article"), words.listed("sex", "trades")
        if not articles:
            return re.compile(_NOTHING)
        if not words.spaced:
            return re.compile(rf"(?:{articles})[^，。；、,.]{{0,12}}?(?:{people})", re.IGNORECASE)
        gap = rf"(?:{articles})(?:\s+|(?<=['’]))(?:[\w-]+\s+){{0,3}}?"
        return re.compile(rf"(?<!\w){gap}(?:{people})(?![\w'’-])", re.IGNORECASE)

    def opening_pronoun(self, sentence: str) -> re.Match[str] | None:
        """Return the pronoun that a sentence begins with, so that it goes on about somebody named before."""
        return re.match(rf"\s*(?:{self._words.pattern('pronoun').pattern})", sentence, re.IGNORECASE)

    def sex_of(self, pronoun: str) -> str:
        """Return `woman` or `man` for a pronoun, "" where it says neither."""
        for sex, entry in (("woman", "she"), ("man", "he")):
            if self._words.pattern(entry).search(pronoun):
                return sex
        return ""

    def describes(self, text: str) -> bool:
        """Return whether the words after a pronoun describe somebody."""
        return bool(self.beside("", text) or self.worn_in(text))

    def _before(self, before: str, after: str) -> Iterator[str]:
        clauses = self._clauses(before)
        text = self._without_name_words(clauses[-1] if clauses else "")
        match = self._leading.search(text)
        if match and (phrase := self._telling(match[0])):
            yield phrase
        elif not text.strip() and len(clauses) > 1 and self._opens(clauses[-2], after):
            yield _plain(self._without_article(clauses[-2]))

    def _opens(self, clause: str, after: str) -> bool:
        """Whether a clause before a name and a comma is about the name: "A woman in her sixties, Greta walks"."""
        if self._words.years.search(clause):
            return True
        between_commas = after.lstrip().startswith(",")  # "A young boy, Timmy, runs"
        return (
            between_commas and self._words.spaced and self._leading.fullmatch(self._without_article(clause)) is not None
        )

    def _after(self, after: str) -> Iterator[str]:
        if note := _BRACKETS.match(after):
            first = re.split("[,，、;；]", note["note"])[0].strip()
            if _YEARS_AND_SEX.fullmatch(first) or self._telling(note["note"]) or self.worn_in(note["note"]):
                yield _plain(note["note"])
            after = after[note.end() :]
        clauses = self._clauses(after)[: _MOST_CLAUSES + 1]
        if clauses and (phrase := self._predicate(clauses[0])):
            yield phrase
        if clauses and clauses[0].strip() and self._words.tag != "ja":
            return  # what follows is no apposition: something stands between the name and the comma
        for clause in clauses[1:]:
            if phrase := self._apposition(clause):
                yield phrase
            elif not self._is_worn(clause):
                return

    def _predicate(self, clause: str) -> str:
        """What "is a tall woman", 今年二十八岁 say."""
        copula = self._words.listed("copula")
        match = re.match(rf"\s*(?:(?:{copula})\s*)+", clause, re.IGNORECASE) if copula else None
        return self._apposition(clause[match.end() :]) if match else ""

    def _apposition(self, clause: str) -> str:
        """The clause if it is a description; "" for anything else."""
        words, plain = self._words, clause.strip()
        if _BARE_YEARS.fullmatch(plain) or words.is_number(plain):
            return plain
        bare = self._without_article(plain)
        opens = bare != plain or self._opening.match(plain)
        if not opens or not self._telling(plain):
            return ""
        if words.spaced:
            return _plain(bare) if len(plain.split()) <= _MOST_WORDS else ""
        ends = self._ending.search(plain)
        return _plain(bare[: _LONGEST_UNSPACED * 2]) if ends and len(plain) <= _LONGEST_UNSPACED * 2 else ""

    def _is_worn(self, clause: str) -> bool:
        """Whether a clause is nothing but words for what somebody wears."""
        return any(pattern.fullmatch(clause.strip()) for pattern in self._worn.values())

    def _telling(self, text: str) -> str:
        """The text, if it says age, sex, trade or animal."""
        said = self._words.idiom.sub(" ", text)
        found = self._words.person.search(said) or self._words.years.search(said)
        return _plain(self._without_article(text)) if found else ""

    def _without_article(self, text: str) -> str:
        if self._words.pattern("sex").match(text.lstrip()):
            return text  # the article alone says whether "un joven" is a man
        articles = self._words.listed("article")
        end = r"(?:\s+|(?<=['’]))" if self._words.spaced else ""
        return re.sub(rf"^\s*(?:{articles}){end}", "", text, flags=re.IGNORECASE) if articles else text

    def _without_name_words(self, text: str) -> str:
        called = self._words.listed("called")
        return re.sub(rf"(?:{called})\s*$", "", text, flags=re.IGNORECASE) if called else text

    def _clauses(self, text: str) -> list[str]:
        return (_CLAUSE_SPACED if self._words.spaced or self._words.tag == "ko" else self._unspaced).split(text)

    @cached_property
    def _unspaced(self) -> re.Pattern[str]:
        """In Japanese 、 parts clauses, in Chinese the members of a list."""
        return re.compile(_CLAUSE_UNSPACED.pattern[:-1] + "、]") if self._words.tag == "ja" else _CLAUSE_UNSPACED

    @cached_property
    def _describing(self) -> str:
        return "|".join(filter(None, (self._words.years.pattern, self._words.listed(*DESCRIBING))))

    @cached_property
    def _leading(self) -> re.Pattern[str]:
        """Describing words that end where a name begins."""
        words = self._words
        alone = rf"{words.person.pattern}|{words.years.pattern}"
        if words.spaced:
            listed = words.whole(words.listed(*DESCRIBING))
            return re.compile(rf"(?:(?:{alone}|{listed})[\s-]+)*(?:{alone})\s*$", re.IGNORECASE)
        clothed = f"(?:{words.listed('worn')})[^，。、；]{{1,12}}?的" if words.tag == "zh" else _NOTHING
        piece = rf"(?:{alone}|{words.listed(*DESCRIBING)}|{clothed})[的のな의]?\s?"
        return re.compile(rf"(?:{piece})+$", re.IGNORECASE)

    @cached_property
    def _surname(self) -> re.Pattern[str]:
        """What stands right after a name as a part of it: "the cat"."""
        words = self._words
        if not words.spaced or not words.listed("article"):
            return re.compile(_NOTHING)
        listed = words.whole(words.listed(*DESCRIBING))
        person = rf"(?:(?:{listed})\s+)*{words.person.pattern}"
        return re.compile(rf"\s+(?:the|der|die|das|le|la|el|il)\s+(?P<what>{person})", re.IGNORECASE)

    @cached_property
    def _opening(self) -> re.Pattern[str]:
        """What a description without an article begins with."""
        words = self._words
        worn = words.listed("worn") if words.tag == "zh" else ""
        parts = (words.person.pattern, words.years.pattern, words.whole(words.listed("build", "colours")), worn)
        return re.compile("|".join(filter(None, parts)), re.IGNORECASE)

    @cached_property
    def _ending(self) -> re.Pattern[str]:
        """What a description ends with where words do not stand apart: a person, an age, something worn."""
        words = self._words
        return re.compile(
            rf"(?:{words.listed(*PERSON, *WORN)}|{words.years.pattern}|的)[的の]?{_IS}\s*$", re.IGNORECASE
        )

    @cached_property
    def _worn(self) -> dict[str, re.Pattern[str]]:
        """For each section of what is worn: its nouns with the words that qualify them."""
        return {section: self._phrase(section) for section in WORN}

    def _phrase(self, section: str) -> re.Pattern[str]:
        words = self._words
        noun, quality = words.listed(section), words.listed("colours", "qualities")
        if not noun or not quality:
            return words.pattern(section)
        if not words.spaced:
            before = rf"(?:(?:{quality})[色]?[的のな]?\s?[\u4e00-\u9fff]{{0,2}}?)*"
            return re.compile(rf"{before}(?:{noun})(?:{quality})?", re.IGNORECASE)
        left = rf"(?:(?:{quality})(?:\s?,\s?|[\s-]+(?:(?:and|und|et|y|e|и)\s+)?))"
        right = rf"(?:\s+(?:(?:de|d'|di|do|en|y|et|e|и|und)\s?)?(?:{quality})(?!\w))"
        least = "+" if words.tag == "en" and section in ("garments", "hair") else "*"
        alone = (
            r"|\b(?:bald|shaven-headed|ponytail|pigtails|braids)\b" if words.tag == "en" and section == "hair" else ""
        )
        told = rf"(?:{noun})\s+(?:{words.listed('copula')})\s+(?:{left}*(?:{quality}))(?!\w)"
        return re.compile(rf"(?<!\w)(?:{told}|{left}{least}(?:{noun})(?!\w){right}*{alone})", re.IGNORECASE)


_NOTHING = "(?!)"
_IS = "(?:だ|です|である|だった|이다|입니다|이었다|였다|다)?"
"""The verb that ends a description in Japanese and Korean."""


def _plain(text: str) -> str:
    return re.sub("(?<=.)[的の의]$", "", " ".join(text.split()).strip(" ,，、;；:：.。"))
