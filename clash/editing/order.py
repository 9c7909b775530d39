"""The order of the shots of a changed screenplay: that of the table, else the one in which a person put them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from clash.editing.shots import BEFORE_THE_FIRST

_Item = tuple[int, int | None]
"""A row of the new story and the place of a shot in the old screenplay; None: the shots that are written for it."""


@dataclass(frozen=True)
class Row:
    """A row of the new story, and the row of the old one that it was."""

    new: int
    old: int | None
    is_written: bool


def ordered(rows: Sequence[Row], of_shots: Sequence[int], is_own: Sequence[bool]) -> list[_Item]:
    """Return the new film's shots in order. `of_shots` is each old shot's row; others than its own stand behind it."""
    new_of = {row.old: row.new for row in rows if row.old is not None}
    moved = any(a > b for a, b in pairwise(row.old for row in rows if row.old is not None))
    by_hand = any(a > b for a, b in pairwise(of_shots))
    if by_hand and not moved:
        return _as_the_screenplay(rows, new_of, of_shots, is_own)
    return _as_the_table(rows, new_of, of_shots, is_own)


def _as_the_table(
    rows: Sequence[Row], new_of: dict[int, int], of_shots: Sequence[int], is_own: Sequence[bool]
) -> list[_Item]:
    of_row: dict[int, list[_Item]] = {BEFORE_THE_FIRST: []}
    for row in rows:
        of_row[row.new] = [(row.new, None)] if row.is_written else []
    for at, old in enumerate(of_shots):
        new = _remaining(old, new_of)
        if is_own[at] and (old not in new_of or rows[new].is_written):
            continue
        of_row[new].append((new, at))
    return [item for new in sorted(of_row) for item in of_row[new]]


def _remaining(old: int, new_of: dict[int, int]) -> int:
    """The new row of an old one; of a removed one, that of the last row before it that is still there."""
    while old >= 0 and old not in new_of:
        old -= 1
    return new_of.get(old, BEFORE_THE_FIRST)


def _as_the_screenplay(
    rows: Sequence[Row], new_of: dict[int, int], of_shots: Sequence[int], is_own: Sequence[bool]
) -> list[_Item]:
    items: list[_Item] = []
    for at, old in enumerate(of_shots):
        new = _remaining(old, new_of)
        if not is_own[at] or (old in new_of and not rows[new].is_written):
            items.append((new, at))
        elif old in new_of and (new, None) not in items:
            items.append((new, None))
    for row in rows:
        if row.is_written and (row.new, None) not in items:
            before = [place for place, (new, _) in enumerate(items) if new in (row.new - 1, BEFORE_THE_FIRST)]
            items.insert(before[-1] + 1 if before else 0, (row.new, None))
    return items
