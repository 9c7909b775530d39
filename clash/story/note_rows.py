"""Rows that say something about the table and are no shots: notes below it, `Notes: all words to be recorded again`."""

from __future__ import annotations

import re

from clash.story.cells import is_empty, is_sentence
from clash.story.columns import Columns
from clash.story.headers import SPEECH
from clash.story.table import Row
from clash.story.vocabulary import compact, words
from clash.story.words import fold

_LONGEST_LABEL = 30
_LABELLED = re.compile(r"[\s*#•]{0,6}(?P<label>[^:：\n]{1,30}?)\s?[*]{0,2}[:：]\s?[*]{0,2}(?P<rest>.*)", re.DOTALL)
_SAID = SPEECH | {"on_screen_text", "speaker", "characters", "translation"}
_COUNTED = frozenset({"shot", "scene", "act", "start", "end", "duration"})
"""What a shot's row is counted by, of which the word for a note is none."""


def is_note(row: Row, columns: Columns, *, is_last: bool) -> bool:
    """Whether a row holds a note and nothing to film.

    The label stands in a cell with its text, or in the cell before it. In the column of what is seen it may be a note
    that somebody writes or reads: there it counts only below the last shot (`is_last`).
    """
    filled = [at for at, cell in enumerate(row.cells) if not is_empty(cell)]
    if not filled or len(row.cells) < 2:
        return False
    text, fields = row.cells[filled[0]], set(columns.every[filled[0]].fields)
    if fields & _SAID or ("description" in fields and not is_last):
        return False
    is_alone = all(row.cells[at] == text for at in filled)
    labelled = _LABELLED.fullmatch(text)
    if labelled and _is_label(labelled["label"]):
        return is_alone or (len(filled) == 2 and not labelled["rest"].strip())
    return not is_alone and len(filled) == 2 and fields <= _COUNTED and _is_label(text)


def is_remark(row: Row, columns: Columns) -> bool:
    """Whether a row holds nothing but a sentence where a shot's number would stand, without a label."""
    filled = [at for at, cell in enumerate(row.cells) if not is_empty(cell)]
    if len(filled) != 1:
        return False
    fields = columns.every[filled[0]].fields
    return fields == ("shot",) and is_sentence(row.cells[filled[0]], strict=True)


def _is_label(text: str) -> bool:
    key = compact(fold(text.strip(" *.#•()（）[]【】")))
    return len(text) <= _LONGEST_LABEL and (key in words("rows", "note") or key in words("headers", "notes"))
