"""The words of all languages, as the files in `clash/story/languages` list them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import NamedTuple

from clash.story.words import fold, listed, listed_compact

_Sections = dict[str, dict[str, str]]


class Language(NamedTuple):
    """One file: the language's BCP 47 tag, and its lists by section and key, folded."""

    tag: str
    sections: _Sections


@cache
def languages() -> tuple[Language, ...]:
    """Every language there is a file for, English first."""
    files = [file for file in resources.files("clash.story.languages").iterdir() if file.name.endswith(".toml")]
    ordered = sorted(files, key=lambda file: (file.name != "en.toml", file.name))
    return tuple(_read(file.read_text(encoding="utf-8")) for file in ordered)


def _read(text: str) -> Language:
    # Folded as a whole, which is much faster than word by word.
    sections = tomllib.loads(fold(text))
    return Language(sections.pop("name"), sections)


def lists(section: str, key: str) -> Iterable[str]:
    """The words of a list in all languages, as they are written there but folded."""
    for language in languages():
        yield from listed(language.sections.get(section, {}).get(key, ""))


@cache
def words(section: str, key: str) -> frozenset[str]:
    """The words of a list in all languages, without spaces, hyphens and stops between them."""
    return frozenset(
        word for language in languages() for word in listed_compact(language.sections.get(section, {}).get(key, ""))
    )


@cache
def keyed(section: str) -> dict[str, str]:
    """Each word of a section with the key that it stands under; the first language that has the word counts."""
    found: dict[str, str] = {}
    for language in languages():
        for key, values in language.sections.get(section, {}).items():
            for word in listed_compact(values):
                found.setdefault(word, key)
    return found


def word_for_and(tag: str) -> str:
    """The word that joins two names in a language, "" where its file has none.

    >>> word_for_and("pl"), word_for_and("ja")
    ('i', '')
    """
    found = next((language for language in languages() if language.tag == tag), None)
    return found.sections.get("lengths", {}).get("and", "") if found else ""


def compact(word: str) -> str:
    """A folded word without what may stand between its letters.

    >>> compact("close-up"), compact("v. o.")
    ('closeup', 'vo')
    """
    return word if word.isalnum() else "".join(letter for letter in word if letter.isalnum() or letter == "#") or word
