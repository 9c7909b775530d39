"""The words of the pages, in English and Chinese, and which of the two a reader wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clash.board.pages.word_table import TABLE

LANGUAGES = ("en", "zh-Hans")
"""As the attribute `lang` says them, in the order of the table."""
_CODE = "error_code_"
"""The keys of what is said of an error, by its code, begin with this."""


@dataclass(frozen=True)
class Words:
    """The words of one language: `words("approve")`, `words("shots_of", n=3)`."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """Return the words of a key, with values put in. Raises `KeyError` for a key that the table lacks."""
        told = TABLE[key][LANGUAGES.index(self.language)]
        return told.format_map(values) if values else told

    def of(self, group: str, name: object) -> str:
        """Return the words for a name of the database, such as a status; one that is not known is shown as it is."""
        key = f"{group}_{name}"
        return self(key) if key in TABLE else str(name).replace("_", " ")

    def count(self, key: str, n: int, **values: object) -> str:
        """Return words with a number in them: `key` for several, `key_one` for one, where a language says so."""
        one = f"{key}_one"
        return self(one if n == 1 and one in TABLE else key, n=f"{n:,}", **values)

    @property
    def explains_errors(self) -> bool:
        """Whether errors of clash, which are English, need words beside them in this language."""
        return self.language != LANGUAGES[0]

    def explained(self, code: object) -> str:
        """Return what stands before an error of clash on a page of another language; "" on an English one."""
        key = f"{_CODE}{code}"
        return self(key if key in TABLE else f"{_CODE}other") if self.explains_errors else ""

    def script(self) -> Mapping[str, str]:
        """Return the words that scripts show: the keys that begin with `js_`, and what is said of codes of errors."""
        told = {key.removeprefix("js_"): self(key) for key in TABLE if key.startswith("js_")}
        codes = [key for key in TABLE if key.startswith(_CODE)] if self.explains_errors else []
        return {**told, **{key.removeprefix("error_"): self(key) for key in codes}}


ENGLISH = Words(LANGUAGES[0])
CHINESE = Words(LANGUAGES[1])


def words_for(accept_language: str | None) -> Words:
    """Return the words in the language that a browser asks for; English where it asks for neither.

    >>> words_for("zh-CN,zh;q=0.9,en;q=0.8").language, words_for("fr, en;q=0.5").language, words_for(None).language
    ('zh-Hans', 'en', 'en')
    """
    wanted = sorted(_asked(accept_language or ""), key=lambda asked: -asked[1])
    found = ((tag, quality) for tag, quality in wanted if quality > 0)
    for tag, _ in found:
        primary = tag.partition("-")[0].lower()
        if primary in {"zh", "en", "*"}:
            return CHINESE if primary == "zh" else ENGLISH
    return ENGLISH


def _asked(header: str) -> list[tuple[str, float]]:
    """The languages of `Accept-Language`, each with its quality; what cannot be read has none."""
    asked: list[tuple[str, float]] = []
    for part in header[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        name, _, quality = parameter.strip().partition("=")
        try:
            asked.append((tag.strip(), float(quality) if name.strip() == "q" else 1.0))
        except ValueError:
            continue
    return asked


def placeholders(told: str) -> set[str]:
    """Return the names of the values that go into a text.

    >>> sorted(placeholders("{done} of {total}"))
    ['done', 'total']
    """

    class Names(dict[str, Any]):
        def __missing__(self, key: str) -> str:
            found.add(key)
            return ""

    found: set[str] = set()
    told.format_map(Names())
    return found
