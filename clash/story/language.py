"""Which language a text is in: by its script, and where scripts are shared by its most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from clash.errors import UsageError
from clash.story.vocabulary import languages
from clash.story.words import fold, listed

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "\u3040-\u30ff"),
    ("ko", "\uac00-\ud7af\u1100-\u11ff"),
    ("ru", "\u0400-\u04ff"),
    ("el", "\u0370-\u03ff"),
    ("ar", "\u0600-\u06ff"),
    ("he", "\u0590-\u05ff"),
    ("hi", "\u0900-\u097f"),
    ("th", "\u0e00-\u0e7f"),
    ("ta", "\u0b80-\u0bff"),
    ("bn", "\u0980-\u09ff"),
    ("ka", "\u10a0-\u10ff"),
    ("hy", "\u0530-\u058f"),
)
_IDEOGRAPHS = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_WORD = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?(?:-[A-Za-z0-9]{5,8})*")
_MOST = 40_000
_SURELY = 3
"""Frequent words that a text needs at least for its language to be sure."""
_UKRAINIAN = re.compile("[іїєґ]")


def language_of(texts: Iterable[str], *, otherwise: str = "en") -> str:
    """The BCP 47 tag of the language that most of the texts is in; where nothing tells, `otherwise`.

    Two languages that the words speak for alike are decided by it, too.

    >>> language_of(["霧の中の灯台"]), language_of(["雨夜的面馆"]), language_of(["Un faro en la niebla y el mar"])
    ('ja', 'zh', 'es')
    """
    text = "\n".join(texts)[:_MOST]
    letters = sum(map(str.isalpha, text))
    if not letters:
        return "en"
    ideographs = len(_IDEOGRAPHS.findall(text))
    counts = {tag: len(re.findall(f"[{span}]", text)) for tag, span in _SCRIPTS} if not text.isascii() else {}
    if counts.get("ja", 0) * 5 > counts.get("ja", 0) + ideographs and (counts["ja"] + ideographs) * 2 > letters:
        return "ja"
    if ideographs * 2 > letters:
        return "zh"
    tag = max(counts, key=lambda name: counts[name], default="")
    if tag and counts[tag] * 2 > letters:
        return "uk" if tag == "ru" and len(_UKRAINIAN.findall(text.casefold())) * 50 > counts[tag] else tag
    return _by_words(text, otherwise)


def surely_in(texts: Iterable[str]) -> str:
    """The language of Latin letters that frequent words clearly tell; "" where they do not.

    >>> surely_in(["Claro que sí, las mejores del pueblo."]), surely_in(["Of course, the best in the village."])
    ('es', 'en')
    >>> surely_in(["Ana!"]), surely_in(["No, Pim: stay!", "No, Pim: go!", "No, Pim: run!"])
    ('', '')
    """
    text = "\n".join(texts)[:_MOST]
    if script_of(text) != "latin":
        return ""
    scores = _scores(text)
    ordered = sorted(scores, key=lambda tag: -scores[tag])
    best, next_best = scores[ordered[0]], scores[ordered[1]]
    # One word that is said again and again may be another language's.
    is_one_word = len(_stop_words()[ordered[0]].intersection(_WORD.findall(fold(text)))) < 2
    is_clear = best >= _SURELY and best * 2 >= next_best * 3
    return ordered[0] if is_clear and not (is_one_word and text.isascii()) else ""


def script_of(text: str) -> str:
    """The script that most words of a text are written in: "latin", or the language that has a script to itself.

    >>> script_of("我们用 DaVinci Resolve 剪辑。"), script_of("Get in."), script_of("霧の中の灯台"), script_of("12:30")
    ('zh', 'latin', 'ja', '')
    """
    counts = {"latin": len(_LATIN_WORD.findall(text))}
    if not text.isascii():
        counts["zh"] = len(_IDEOGRAPHS.findall(text))
        counts |= {tag: len(re.findall(f"[{span}]", text)) for tag, span in _SCRIPTS}
        if counts["ja"]:
            counts["ja"] += counts.pop("zh")
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else ""


def checked_tag(tag: str) -> str:
    """A language tag as BCP 47 writes it. Raises `UsageError` for what is none.

    >>> checked_tag("ZH-hant-tw"), checked_tag("pt-br")
    ('zh-Hant-TW', 'pt-BR')
    """
    if not _TAG.fullmatch(tag.strip()):
        raise UsageError(
            f"--language {tag[:40]!r} is no language tag", hint="Write it as BCP 47 does: en, zh, es, pt-BR."
        )
    first, *rest = tag.strip().split("-")
    shown = [part.title() if len(part) == 4 else part.upper() if len(part) in (2, 3) else part for part in rest]
    return "-".join((first.lower(), *shown))


def _by_words(text: str, otherwise: str) -> str:
    """The language of Latin letters whose frequent words are most of the text's; else `otherwise`, else English."""
    scores = _scores(text)
    best = max(scores, key=lambda tag: (scores[tag], tag == otherwise, tag == "en"))
    if scores[best] >= 2 and scores[best] * 4 > scores["en"] * 5:
        return best
    if scores[best] < 2 and not scores["en"] and script_of(" ".join(_stop_words().get(otherwise, ()))) == "latin":
        return otherwise
    return otherwise if 0 < scores.get(otherwise, 0) >= scores["en"] else "en"


def _scores(text: str) -> dict[str, int]:
    """How many frequent words and letters of each language a text has."""
    words = Counter(_WORD.findall(fold(text)))
    scores = {tag: sum(words[word] for word in stop) for tag, stop in _stop_words().items()}
    marks = Counter(re.findall("[ñ¿¡ßãõçœêèùäöüąęłżșțğışđăơư]", text.casefold()))
    for tag, letters in _MARKS.items():
        # Finnish, Swedish, Hungarian have umlauts, too.
        if tag in scores and (scores[tag] or tag != "de" or marks["ß"]):
            scores[tag] += 2 * min(10, sum(marks[letter] for letter in letters))
    return scores


_MARKS = {"es": "ñ¿¡", "de": "ßäöü", "pt": "ãõ", "fr": "œêèù", "vi": "đăơư", "tr": "ğış", "pl": "ąęłż"}


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    """Frequent words of each language, as they are written (the lists are folded, so accents are off both)."""
    return {
        language.tag: frozenset(listed(language.sections["language"]["stop"]))
        for language in languages()
        if language.sections.get("language", {}).get("stop")
    }
