"""Words in two languages side by side: which are spoken, and which are their translation.

They stand in two columns (台词 and English dialogue, or `Dialogue (EN)` and `Dialogue (FR)`), or in one cell: one
below the other, or parted by a stroke. Those in the film's language are spoken; the others become subtitles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from clash.story.cells import is_empty
from clash.story.columns import Column, Columns, ColumnValues
from clash.story.headers import language_named, language_of_headers
from clash.story.language import checked_tag, language_of, script_of, surely_in
from clash.story.screenplay import Line
from clash.story.speakers import name_key
from clash.story.speech import Speech, speech_of
from clash.story.table import shortened
from clash.story.words import has_cjk

TRANSLATION = ("translation",)
_WORDS = ("dialogue", "narration", "script")
_BESIDE_WORDS = 0.6
"""The least share of a translation's cells that stand beside words."""
_IN_MOST_CELLS = 0.6
_STROKE = re.compile(r"\s*[/／|｜]\s*")
_STROKE_ALONE = re.compile(r"\s+[/|]\s+")
_IN_BRACKETS = re.compile(r"^(?P<own>.*\S)\s*[（(](?P<other>[^()（）]{2,})[)）]\s*$")
_SAME_LINE = re.compile(r"^(?P<own>.*[。！？…])\s*(?P<other>[A-Za-z].*)$")
_SENTENCE = re.compile(r"[.!?…。！？][\"”’」』]*$")


class SecondLanguage:
    """Finds the words of one table that are the translation of others."""

    def __init__(self, columns: Columns, values: ColumnValues, language: str) -> None:
        """`language`: the film's, if a person says it."""
        self._columns, self._values = columns, values
        self._language = language.split("-")[0]

    def columns_of_one(self) -> None:
        """Of columns that mean the same in several languages, choose the film's; the others are translations.

        What is not spoken has no subtitles: a second description or title is kept, and a warning names it.
        """
        self._choose("description")
        self._choose("title")
        for name in _WORDS:
            self._choose(name)
        for column in self._columns.every:
            if column.by_hand and column.fields == TRANSLATION:
                self._translate(column, self._beside(column), "")
            elif not column.by_hand and not column.translates and self._may_translate(column):
                bases = self._beside(column)
                language = self._language_of(column)
                if bases and language not in map(self._language_beside, bases):
                    self._translate(column, bases, language)

    def cells_of_two(self) -> None:
        """Find the columns of speech whose cells hold the same words in two scripts."""
        for column in self._columns.speech:
            if self._of_one_script(column):
                continue
            mixed = [cell for cell in self._values.of(column) if len(_scripts_of(cell.split("\n"))) > 1]
            mixed = mixed or [
                cell for cell in self._values.of(column) if not cell.isascii() and separated(cell) != cell
            ]
            if not mixed:
                continue
            lines = [speech_of(separated(cell)).lines for cell in self._values.of(column)]
            pairs = [found for found in map(_pairs, lines) if found]
            if not pairs or len(pairs) < _IN_MOST_CELLS * sum(bool(line) for line in lines):
                continue
            said = [(own, other) for found in pairs for own, other in found]
            is_bilingual = first_of_two(self._described()) != self._described()
            if not _are_of_one_cast(said, is_bilingual=is_bilingual):
                continue
            scripts = {script_of(own.text) for own, _ in said}, {script_of(other.text) for _, other in said}
            if any(len(found) != 1 for found in scripts):
                continue
            first, second = ([line.text for line in side] for side in zip(*said, strict=True))
            is_second_spoken = script_of(" ".join(second)) == self._film_script()
            column.language = language_of(first if is_second_spoken else second)

    def _of_one_script(self, column: Column) -> bool:
        """Find the translation in cells whose two languages share their letters: each line twice, by one speaker."""
        spoken = (speech_of(separated(cell, within_script=True)).lines for cell in self._values.of(column))
        cells = [pairs_of_one_script(lines) for lines in spoken if lines]
        said = [pair for found in cells for pair in found]
        if not said or sum(map(bool, cells)) < _IN_MOST_CELLS * len(cells):
            return False
        first, second = (surely_in([line.text for line in side]) for side in zip(*said, strict=True))
        if not first or not second or first == second:
            return False
        film = self._language or self._film()
        column.is_second_spoken = second == film
        column.language = first if column.is_second_spoken else second
        column.is_of_one_script = True
        return True

    def _choose(self, name: str) -> None:
        same = [column for column in self._columns.of(name) if not column.by_hand]
        tagged = [column for column in same if column.meaning.language]
        if len(same) < 2 or not tagged:
            return
        plain = [column for column in same if not column.meaning.language and self._values.of(column)]
        film = self._language or (self._film() if name in _WORDS and not self._are_the_words(plain) else "")
        mine = [column for column in tagged if film and column.meaning.language == film]
        if mine:
            chosen = mine[0]
        elif plain:
            chosen = plain[0]
        else:
            chosen = max(tagged, key=lambda column: (len(self._values.of(column)), -column.index))
        for column in tagged + (plain if mine else []):
            if column is chosen or not column.fields:
                continue
            if name in _WORDS:
                self._translate(column, [chosen], self._language_of(column))
                continue
            column.fields = ()
            self._columns.warnings.append(
                f"column {shortened(column.header)} is the same in another language as "
                f"{shortened(chosen.header)}: kept, but not shown"
            )

    def _are_the_words(self, plain: Sequence[Column]) -> bool:
        """Whether a header names no language, by its script neither: then others are marked as its translations."""
        told = {script_of(column.header) for column in self._columns.of("description")}
        return any(not told or script_of(column.header) in told for column in plain)

    def _may_translate(self, column: Column) -> bool:
        """Whether a header may be that of a translation: it names a language, with words of speech, or nothing else."""
        known = set(column.meaning.fields)
        if "translation" in known:
            return True
        if not known:
            return bool(language_named(column.header))
        return bool(column.meaning.language) and bool(known & {"caption", "on_screen_text", *_WORDS})

    def _beside(self, column: Column) -> list[Column]:
        """The columns of words beside which nearly all cells of this one stand."""
        words = [
            other
            for other in self._columns.every
            if other is not column and not other.translates and set(other.fields) & set(_WORDS)
        ]
        rows = [row for row in self._values.rows if not is_empty(row.cells[column.index])]
        beside = [row for row in rows if any(not is_empty(row.cells[other.index]) for other in words)]
        if not column.by_hand and (not rows or len(beside) < _BESIDE_WORDS * len(rows)):
            return []
        return [other for other in words if any(not is_empty(row.cells[other.index]) for row in rows)]

    def _translate(self, column: Column, bases: Sequence[Column], language: str) -> None:
        column.translates = tuple(base.index for base in bases)
        column.language = checked_tag(language or self._language_of(column))
        column.fields = TRANSLATION

    def _language_of(self, column: Column) -> str:
        tag = column.meaning.language or language_named(column.header)
        return tag or language_of(self._values.of(column), otherwise="")

    def _language_beside(self, base: Column) -> str:
        """The language of words that a column may translate; a few words are told by the descriptions beside them."""
        told = [cell for column in self._columns.of("description") for cell in self._values.of(column)]
        return base.meaning.language or language_of([*self._values.of(base), *told], otherwise="")

    def _film(self) -> str:
        """The film's language, as its descriptions tell it; "" where nothing does."""
        told = first_of_two(self._described())
        headers = language_of_headers([column.header for column in self._columns.every])
        return language_of(told, otherwise=headers) if any(map(script_of, told)) else ""

    def _described(self) -> list[str]:
        return [cell for column in self._columns.of("description") for cell in self._values.of(column)]

    def _film_script(self) -> str:
        film = self._language or self._film()
        return film if film in ("zh", "ja", "ko") else _SCRIPT_OF.get(film, "latin") if film else ""


_SCRIPT_OF = {"uk": "ru", **{tag: tag for tag in ("ru", "el", "ar", "he", "hi", "th", "ta", "bn", "ka", "hy")}}


def separated(cell: str, *, within_script: bool = False) -> str:
    """A cell with its two languages one below the other, where a stroke or brackets parted them on one line.

    `within_script`: of two languages that share their letters, the parts of a line at its only stroke.

    >>> separated("上船吧。/ Get in."), separated("上船吧。(Get in.)"), separated("He/she waits.")
    ('上船吧。\\nGet in.', '上船吧。\\nGet in.', 'He/she waits.')
    """
    if within_script:
        lines = (_STROKE_ALONE.split(line) for line in cell.split("\n"))
        return "\n".join("\n".join(parts) if len(parts) == 2 and all(parts) else " / ".join(parts) for parts in lines)
    if cell.isascii():
        return cell
    return "\n".join(_separated(line) for line in cell.split("\n"))


def _separated(line: str) -> str:
    pieces = [piece for piece in _STROKE.split(line) if piece]
    if len(pieces) > 1 and all(a and b and a != b for a, b in pairwise(map(script_of, pieces))):
        return "\n".join(pieces)
    found = _IN_BRACKETS.match(line)
    if found and _SENTENCE.search(found["other"]) and len({script_of(found["own"]), script_of(found["other"])}) > 1:
        return f"{found['own']}\n{found['other']}"
    found = _SAME_LINE.match(line)
    if found and script_of(found["own"]) != "latin" and not has_cjk(found["other"]):
        return f"{found['own']}\n{found['other']}"
    return line


def with_second_language(speech: Speech, language: str) -> Speech:
    """A cell's lines with those of the second language as translations of the others."""
    pairs = _pairs(speech.lines)
    if not pairs:
        return speech
    is_first = script_of(pairs[0][0].text) == _script_of_tag(language)
    spoken = [(second, first) if is_first else (first, second) for first, second in pairs]
    return replace(
        speech,
        lines=[
            own.model_copy(
                update={"speaker": (first or own).speaker, "translations": {checked_tag(language): other.text}}
            )
            for (own, other), (first, _) in zip(spoken, pairs, strict=True)
        ],
    )


def first_of_two(texts: Sequence[str]) -> list[str]:
    """Texts of which most hold two scripts, one below the other, without the second; any others as they are.

    >>> first_of_two(["游乐园。\\nA park.", "面具。\\nA mask."]), first_of_two(["A park.\\nRain."])
    (['游乐园。', '面具。'], ['A park.\\nRain.'])
    """
    scripts = [[script for line in text.split("\n") if (script := script_of(line))] for text in texts]
    mixed = sum(len(set(found)) > 1 for found in scripts)
    if not mixed or mixed < _IN_MOST_CELLS * len(texts):
        return list(texts)
    return [
        "\n".join(line for line in text.split("\n") if script_of(line) in ("", found[0])) if found else text
        for text, found in zip(texts, scripts, strict=True)
    ]


def _pairings(lines: Sequence[Line]) -> list[list[tuple[Line, Line]]]:
    """The ways in which two languages stand in one cell: in turn, or all of one before all of the other."""
    if not lines or len(lines) % 2:
        return []
    half = len(lines) // 2
    return [
        list(zip(lines[::2], lines[1::2], strict=True)),
        list(zip(lines[:half], lines[half:], strict=True)),
    ]


def pairs_of_one_script(lines: Sequence[Line]) -> list[tuple[Line, Line]]:
    """The lines of a cell as pairs of one speaker, in turn or one language after the other; else none."""
    for found in _pairings(lines):
        if all(name_key(a.speaker) == name_key(b.speaker) and a.narrator == b.narrator for a, b in found):
            return found
    return []


def with_second_of_one_script(speech: Speech, language: str, *, is_second_spoken: bool) -> Speech:
    """A cell's lines, of two that share their letters, with those of the second language as translations."""
    pairs = pairs_of_one_script(speech.lines)
    if not pairs:
        return speech
    spoken = [(second, first) if is_second_spoken else (first, second) for first, second in pairs]
    tag = checked_tag(language)
    return replace(speech, lines=[own.model_copy(update={"translations": {tag: other.text}}) for own, other in spoken])


def _script_of_tag(language: str) -> str:
    base = language.split("-")[0]
    return base if base in ("zh", "ja", "ko") else _SCRIPT_OF.get(base, "latin")


def _pairs(lines: Sequence[Line]) -> list[tuple[Line, Line]]:
    """The lines of a cell as pairs of two scripts, in turn or all of one before all of the other; else none."""
    for found in _pairings(lines):
        first, second = _scripts_of(a.text for a, _ in found), _scripts_of(b.text for _, b in found)
        if len(first) == len(second) == 1 and first != second and "" not in first | second:
            return found
    return []


def _scripts_of(texts: Iterable[str]) -> set[str]:
    return {script for text in texts if (script := script_of(text))}


def _are_of_one_cast(pairs: Sequence[tuple[Line, Line]], *, is_bilingual: bool) -> bool:
    """Whether both lines of each pair are one person's: somebody whose name is always translated in the same way.

    `is_bilingual`: what is seen is written in two languages too, so that one pair is enough.
    """
    names: dict[str, str] = {}
    for first, second in pairs:
        one, other = name_key(first.speaker), name_key(second.speaker)
        if first.narrator != second.narrator or names.setdefault(one, other) != other:
            return False
    renamed = [one for one, other in names.items() if one != other]
    counted = [sum(name_key(first.speaker) == one for first, _ in pairs) for one in renamed]
    return not renamed or is_bilingual or sum(counted) > len(renamed)
