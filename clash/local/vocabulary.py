"""How languages tell who somebody is: the lists of `clash/local/languages` as patterns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from importlib import resources

from clash.story.screenplay import Story

PERSON = ("age", "sex", "trades", "beings")
"""The sections whose words say what somebody is."""
WORN = ("garments", "hair", "beards", "hats", "extras")
"""The sections whose words say what somebody wears and looks like."""
DESCRIBING = ("build", "colours", "qualities")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_HAN = re.compile("[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+")
_ORDINALS = "零一二三四五六七八九"
_HAN_NUMBER = "[〇零一二两兩三四五六七八九十百]{1,5}"
_ROUND = re.compile(r"(?P<tens>\d0)\s?(?:s\b|代|대)")
_STOPS = re.compile("[,;:.!?，、。；：！？]")
_NEVER = re.compile(r"(?!)")
_LEAST_GROWN = 12
_CLEARLY = 3
"""By how many small words one language is surely meant rather than another."""
_MOST = 4_000


class Vocabulary:
    """The words of one language. Every text is matched as it is written, in any case."""

    def __init__(self, tag: str, lists: Mapping[str, Mapping[str, str] | str | bool]) -> None:
        self.tag = tag
        self.spaced = bool(lists["spaced"])
        """Whether words stand apart from each other."""
        self.apart = bool(lists.get("apart", False))
        """Whether what people are called by counts in stories of this language alone."""
        self._lists = lists

    def text(self, name: str) -> str:
        """Return a plain entry of the file, "" where it has none."""
        return str(self._lists.get(name, ""))

    def section(self, name: str) -> Mapping[str, str]:
        """Return the lists of a section by their keys."""
        found = self._lists.get(name, {})
        return found if isinstance(found, dict) else {}

    def listed(self, *names: str) -> str:
        """Return the words of entries and sections as one alternation, longer words first; "" for none."""
        words = [word for name in names for word in self._words(name)]
        return _longest_first(words)

    def _words(self, name: str) -> Iterator[str]:
        lists = self.section(name).values() if name in self._lists and not self.text_only(name) else [self.text(name)]
        for text in lists:
            yield from filter(None, _parts(text))

    def text_only(self, name: str) -> bool:
        """Whether an entry is a plain list rather than a section."""
        return isinstance(self._lists.get(name), str)

    def pattern(self, *names: str) -> re.Pattern[str]:
        """Return a pattern for any word of these entries and sections: whole words where words stand apart."""
        return _compiled(self.whole(self.listed(*names)))

    def whole(self, alternation: str) -> str:
        """Return the alternation so that it matches whole words only, where words stand apart."""
        if not alternation:
            return ""
        return rf"(?<!\w)(?:{alternation})(?!\w)" if self.spaced else f"(?:{alternation})"

    @cached_property
    def person(self) -> re.Pattern[str]:
        """What somebody is: an age, a sex, an occupation, an animal."""
        return self.pattern(*PERSON)

    @cached_property
    def worn(self) -> re.Pattern[str]:
        """What somebody wears."""
        return self.pattern(*WORN)

    @cached_property
    def years(self) -> re.Pattern[str]:
        """An age in years."""
        grown = "|".join(word for word, value in self._values.items() if value > _LEAST_GROWN)
        text = self.text("years").replace("NUMBER", f"(?:{self._number_words})").replace("DECADE", grown)
        text = text.replace("GROWN", rf"(?:[1-9]\d|(?:{grown})(?:-\w+)?)")
        text = re.sub(r"(?<![A-Za-z\\])N(?![A-Za-z])", lambda _: f"(?:{self._number})", text)
        return _compiled(rf"(?<!\w)(?:{text})(?!\w)" if self.spaced else f"(?:{text})")

    def is_number(self, text: str) -> bool:
        """Return whether a text is a number in words and nothing else."""
        words = self._number_words
        return bool(words) and re.fullmatch(words, text.strip(), re.IGNORECASE) is not None

    def beings(self, key: str) -> re.Pattern[str]:
        """Return the pattern of one kind of animal or machine."""
        return _compiled(self.whole(_longest_first(_parts(self.section("beings")[key]))))

    @cached_property
    def idiom(self) -> re.Pattern[str]:
        """Words that are of the age or the sex but say something else: "old friend"."""
        return self.pattern("idiom")

    def known_in(self, text: str) -> int:
        """Return how many words for people, clothes, colours and places a text has."""
        sections = (*PERSON, *WORN, "colours", "places")
        return sum(len(self.pattern(section).findall(text)) for section in sections if section in self._lists)

    @cached_property
    def _values(self) -> dict[str, int]:
        pairs = (entry.rsplit("=", 1) for entry in self.section("numbers").get("n", "").split("|") if entry)
        return {word.casefold(): int(value) for word, value in pairs}

    @cached_property
    def _number_words(self) -> str:
        words = "|".join(_as_pattern(word) for word in sorted(self._values, key=lambda word: -len(word)))
        compound = rf"(?:{words})(?:(?:[- ]|\s?(?:y|e|et|und)\s?)?(?:{words}))?" if words else ""
        return "|".join(filter(None, (_HAN_NUMBER if self.tag in ("zh", "ja") else "", compound)))

    @cached_property
    def _number(self) -> str:
        return "|".join(filter(None, (r"1?\d?\d", self._number_words)))

    def age_in_years(self, text: str) -> int | None:
        """Return the age that a text tells, in years.

        >>> vocabulary("en").age_in_years("a woman in her sixties"), vocabulary("zh").age_in_years("女总裁，二十八岁")
        (65, 28)
        """
        match = self.years.search(text)
        if match is None:
            return None
        return self._value_of(match[0].casefold())

    def age_told(self, text: str) -> int | None:
        """Return the age of a description: in years, or a number that stands between commas ("Ada, 58, a surgeon")."""
        years = self.age_in_years(text)
        if years is not None:
            return years
        numbers = (piece for piece in _STOPS.split(text) if piece.strip().isdecimal() or self.is_number(piece))
        return next((self._value_of(piece.casefold()) for piece in numbers), None)

    def _value_of(self, told: str) -> int | None:
        if found := _ROUND.search(told):
            return int(found["tens"]) + 5
        if digits := re.search(r"\d{1,3}", told):
            return int(digits[0])
        if han := re.search(_HAN_NUMBER, told):
            value = _han_value(han[0])
            return value * 10 if "旬" in told and value < 10 else value
        values = [(word, value) for word, value in self._values.items() if re.search(_as_pattern(word), told)]
        values.sort(key=lambda pair: -len(pair[0]))
        total = 0
        for word, value in values:
            told, count = re.subn(_as_pattern(word), " ", told, count=1)
            total += value * count
        return total or None

    def gloss(self, text: str) -> str:
        """Return what is understood of a text, in English words and in its order; punctuation stays.

        >>> vocabulary("es").gloss("una anciana de pelo blanco y abrigo rojo")
        'old woman hair white, coat red'
        """
        found: dict[tuple[int, int], list[str]] = {}
        for (start, end), word in self._glossed(text):
            if (start, end) in found or all(end <= other[0] or start >= other[1] for other in found):
                found.setdefault((start, end), []).append(word)
        pieces = [word for span in sorted(found) for word in found[span]]
        return re.sub(r"\s*(?:,\s*)+", ", ", " ".join(pieces)).strip(" ,")

    def _glossed(self, text: str) -> Iterator[tuple[tuple[int, int], str]]:
        """Where each known word is, and its English one; longer words first."""
        hits = [(match.span(), word) for pattern, word in self._glosses for match in pattern.finditer(text[:_MOST])]
        yield from sorted(hits, key=lambda hit: hit[0][0] - hit[0][1])
        yield from ((match.span(), ",") for match in _STOPS.finditer(text[:_MOST]))

    @cached_property
    def _glosses(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        sections = (*PERSON, "colours", "qualities", *WORN)
        pairs = [
            (_compiled(self.whole(_longest_first(_parts(words)))), key)
            for section in sections
            if section != "trades"
            for key, words in self.section(section).items()
        ]
        return (*pairs, (self.pattern("join"), ","))

    def keyed(self, section: str, text: str, *, of_this_language: bool = True) -> str:
        """Return the key of the first word of a section that a text has, the longest there; "" for none.

        Of a text that is perhaps not `of_this_language`, words that mean something else in others tell nothing: `las`.
        """
        hits = [
            (match.start(), -match.end(), key)
            for key, words in self.section(section).items()
            for match in [self._keyed_pattern(words, of_this_language).search(text)]
            if match
        ]
        return min(hits)[2] if hits else ""

    def _keyed_pattern(self, words: str, of_this_language: bool) -> re.Pattern[str]:
        parts = _parts(words)
        if not of_this_language and self.apart:
            parts = [word for word in parts if word not in self._ambiguous and not word.startswith("*")]
        return _compiled(self.whole(_longest_first(parts)))

    @cached_property
    def _ambiguous(self) -> frozenset[str]:
        return frozenset(self.text("ambiguous").split("|"))


@cache
def tags() -> tuple[str, ...]:
    """Return the tags of the languages there are words for.

    The first that knows a word counts. Those whose words stand `apart` come last, so that they change no other's.
    """
    files = resources.files("clash.local.languages").iterdir()
    found = [file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda tag: (_is_apart(tag), tag)))


def _is_apart(tag: str) -> bool:
    return bool(_lists_of(tag).get("apart", False))


@cache
def _lists_of(tag: str) -> Mapping[str, Mapping[str, str] | str | bool]:
    return tomllib.loads((resources.files("clash.local.languages") / f"{tag}.toml").read_text(encoding="utf-8"))


@cache
def vocabulary(tag: str) -> Vocabulary:
    """Return the words of a language by its BCP 47 tag; English where there are none for it."""
    primary = tag.split("-")[0].casefold()
    known = primary if primary in tags() else "en"
    return Vocabulary(known, _lists_of(known))


@lru_cache(maxsize=8192)
def vocabulary_for(text: str, *, closely: bool = False) -> Vocabulary:
    """Return the words of the language that a text is in, as far as its script and its small words tell.

    `closely`: of a text without any small words, read which language knows its words.

    >>> vocabulary_for("Una mujer con un abrigo rojo").tag, vocabulary_for("雨夜的面馆").tag, vocabulary_for("Mara").tag
    ('es', 'zh', 'en')
    """
    for tag, script in _SCRIPTS:
        if len(script.findall(text)) * 8 > len(text):
            return vocabulary(tag)
    if _HAN.search(text):
        return vocabulary("zh")
    words = _WORD.findall(text[:_MOST].casefold())
    scores = {tag: sum(word in stop for word in words) for tag, stop in _stop_words().items()}
    most = max(scores.values())
    surely_english = all(scores["en"] > score for tag, score in scores.items() if tag != "en")
    if surely_english or (most == 0 and text.isascii() and not (closely and words)):
        return vocabulary("en")
    likely = [tag for tag, score in scores.items() if score > most - _CLEARLY]
    if len(likely) > 1:  # few words, or words that languages share: what they know of the text decides
        known = {tag: scores[tag] + 2 * vocabulary(tag).known_in(text[:_MOST]) for tag in likely}
        told = [tag for tag in likely if scores[tag] or not vocabulary(tag).apart] or likely
        if not any(known[tag] for tag in told):
            told = ["en", *(tag for tag in likely if known[tag] > 2)]
        return vocabulary(max(told, key=lambda tag: (known.get(tag, 0), tag == "en")))
    return vocabulary(likely[0])


def words_of_story(story: Story) -> Vocabulary:
    """Return the words of a story's language; one that is read as English or Chinese may share their letters only."""
    tag = story.language.split("-")[0]
    if tag not in ("en", "zh"):
        return vocabulary(tag)
    return vocabulary_for("\n".join(beat.description for beat in story.beats[:40]))


def is_surely_english(text: str) -> bool:
    """Return whether a text has small words that are of English alone.

    >>> is_surely_english("Fog on the quay"), is_surely_english("In der Burg"), is_surely_english("Frente a la torre")
    (True, False, False)
    """
    return any(word in _only_english() for word in _WORD.findall(text.casefold()))


@cache
def _only_english() -> frozenset[str]:
    return _stop_words()["en"].difference(*(words for tag, words in _stop_words().items() if tag != "en"))


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    stop = {tag: frozenset(filter(None, vocabulary(tag).text("stop").split("|"))) for tag in tags()}
    return {tag: words for tag, words in stop.items() if words}


def _parts(text: str) -> list[str]:
    """The alternatives of a list: it is cut at `|` outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(_as_pattern(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))


def _as_pattern(word: str) -> str:
    return word.replace("*", r"\w*")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE) if pattern else _NEVER


def _han_value(text: str) -> int:
    """The value of a Chinese numeral below 200.

    >>> _han_value("二十八"), _han_value("十二"), _han_value("八")
    (28, 12, 8)
    """
    digits = {letter: value for value, letter in enumerate(_ORDINALS)} | {"〇": 0, "两": 2, "兩": 2}
    total, last = 0, 0
    for letter in text:
        if letter in "十百":
            total += (last or 1) * (10 if letter == "十" else 100)
            last = 0
        else:
            last = digits[letter] if last == 0 or letter in digits else last
    return total + last
