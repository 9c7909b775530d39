"""Rows that are no shots: totals, repeated headers, headings of scenes, comments, notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from clash.story.cells import is_empty
from clash.story.columns import Columns
from clash.story.durations import length_of
from clash.story.headings import LONGEST_HEADING, Heading, heading_of, is_scene_number
from clash.story.note_rows import is_note, is_remark
from clash.story.same import with_words_above
from clash.story.table import Row
from clash.story.vocabulary import words
from clash.story.words import fold, key_of

_LABELS = ("shot", "scene", "title", "act", "location", "description", "time", "start")
_AMOUNT = re.compile(r"\d.*$")
_HEADS = frozenset({"shot", "scene", "title", "act", "location", "time", "start"})


@dataclass
class Kept:
    """The rows that may be shots, each under the heading above it, and the others by why they are none."""

    rows: list[tuple[Row, Heading | None]] = field(default_factory=list[tuple[Row, "Heading | None"]])
    totals: list[int] = field(default_factory=list[int])
    repeated: list[int] = field(default_factory=list[int])
    comments: list[int] = field(default_factory=list[int])
    headings: list[int] = field(default_factory=list[int])
    notes: list[int] = field(default_factory=list[int])


def kept_rows(rows: Sequence[Row], headers: Sequence[str], columns: Columns) -> Kept:
    """Sort the rows of a table."""
    kept = Kept()
    heading: Heading | None = None
    names = [key_of(header) for header in headers]
    above: Row | None = None
    last = _last_shot(rows, columns)
    for at, written in enumerate(rows):
        row = above = with_words_above(written, above, columns)
        if _is_header(row, headers, names):
            kept.repeated.append(row.number)
        elif _is_total(row, columns):
            kept.totals.append(row.number)
        elif is_note(row, columns, is_last=at > last):
            kept.notes.append(row.number)
        elif found := _heading(row, columns):
            heading = found
            kept.headings.append(row.number)
        elif is_remark(row, columns):
            kept.notes.append(row.number)
        elif _is_comment(row):
            kept.comments.append(row.number)
        else:
            kept.rows.append((row, heading))
    return kept


def _last_shot(rows: Sequence[Row], columns: Columns) -> int:
    """The index of the last row that is neither a total nor a note."""
    last = len(rows) - 1
    while last >= 0 and (_is_total(rows[last], columns) or is_note(rows[last], columns, is_last=True)):
        last -= 1
    return last


def _is_header(row: Row, headers: Sequence[str], names: Sequence[str]) -> bool:
    filled = [i for i, cell in enumerate(row.cells) if cell]
    if len(filled) < 2 or any(len(row.cells[i]) > 60 for i in filled):
        return False
    return all(row.cells[i] == headers[i] or (names[i] and key_of(row.cells[i]) == names[i]) for i in filled)


def _is_total(row: Row, columns: Columns) -> bool:
    """Whether a row sums up the rows above: `Total` in a cell that a shot would begin with, or beside lengths alone."""
    for name in _LABELS:
        for column in columns.of(name):
            cell = row.cells[column.index]
            if cell and len(cell) <= 30 and _sums_up(cell):
                return True
    filled = [cell for cell in row.cells if cell]
    if len(filled) > 3:
        return False
    sums = [cell for cell in filled if len(cell) <= 30 and _sums_up(cell)]
    return len(sums) == 1 and all(length_of(cell) for cell in filled if cell not in sums)


def _sums_up(cell: str) -> bool:
    """Whether a cell is a word for a total, alone or with the sum behind it: `TOTAL: 45s`, 合计 15秒."""
    text = fold(cell).strip(" :：*.")
    totals = words("rows", "total")
    if "".join(text.replace("：", "").split()) in totals:
        return True
    amount = _AMOUNT.search(text)
    if amount is None or length_of(amount[0].strip(" *")) is None:
        return False
    return "".join(text[: amount.start()].strip(" :：=*.-–—约~").split()) in totals


def _heading(row: Row, columns: Columns) -> Heading | None:
    """The heading that a row holds which holds nothing else."""
    filled = [i for i, cell in enumerate(row.cells) if not is_empty(cell)]
    if not filled or len(filled) > 2 or len(columns.every) < 3:
        return None
    at = filled[0]
    text = row.cells[at]
    if any(row.cells[i] != text for i in filled[1:]) or len(text) > LONGEST_HEADING:
        return None
    fields = set(columns.every[at].fields)
    if fields and not fields & _HEADS and at != 0:
        return None
    found = heading_of(text)
    if is_scene_number(text) and not (found.number and not text.strip().isalnum()):
        return None
    return found if found.says_more_than_a_place and (found.place or found.number) else None


def _is_comment(row: Row) -> bool:
    filled = [cell for cell in row.cells if cell]
    return len(filled) == 1 and len(row.cells) > 1 and filled[0].startswith(("//", "# ", "<!--"))
