"""Cells that say in words what the cell above them says: `as above`, `jw.`, 同上."""

from __future__ import annotations

from dataclasses import replace

from clash.story.columns import Columns
from clash.story.table import Row
from clash.story.vocabulary import compact, words
from clash.story.words import fold

_LONGEST = 24
_REPEATED = frozenset(
    {"location", "int_ext", "time", "scene", "characters", "shot_size", "angle", "movement", "lens", "act"}
)
"""Fields in which such a word stands for what is above: in what is said and seen it may be a word of the story."""


def is_same(cell: str) -> bool:
    """Whether a cell says in words that it is as the one above, in any of the languages.

    >>> is_same("jw."), is_same("Same as above"), is_same("s. o."), is_same("Same house")
    (True, True, True, False)
    """
    return len(cell) <= _LONGEST and compact(fold(cell.strip(" ()（）[]"))) in words("rows", "same")


def with_words_above(row: Row, above: Row | None, columns: Columns) -> Row:
    """Return a row with the words of the row above in place of such cells; of columns that hold nothing else above."""
    if above is None or not any(map(is_same, row.cells)):
        return row
    repeated = {column.index for column in columns.every if column.fields and set(column.fields) <= _REPEATED}
    cells = (
        before if at in repeated and is_same(cell) else cell
        for at, (cell, before) in enumerate(zip(row.cells, above.cells, strict=True))
    )
    return replace(row, cells=tuple(cells))
