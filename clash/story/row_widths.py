"""Rows of a delimited table that have more cells than the others, the last ones empty: their cells may be shifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from clash.errors import StoryError
from clash.story.grid import shortened

_MOST_KEPT = 50
_MOST_NAMED = 10
_HINT = "Put a cell that holds the delimiter in double quotes."


class RowWidths:
    """Watches the rows of a table go by, as they are written, with their empty ends."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: Counter[int] = Counter()
        self._spaced = 0
        self._ending_empty: dict[int, list[tuple[int, list[str]]]] = {}

    def watched(self, records: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Yield numbered rows as they come."""
        for number, cells in records:
            if any(cell.strip() for cell in cells):
                self._counts[len(cells)] += 1
                self._spaced += _parted_at(cells) is not None
                kept = self._ending_empty.setdefault(len(cells), [])
                if not cells[-1].strip() and len(kept) < _MOST_KEPT:
                    kept.append((number, cells))
            yield number, cells

    def warnings(self) -> list[str]:
        """Return a warning that names the rows that have more cells than nearly all others.

        Raises `StoryError` where in such a row a cell begins with a space and reads on from the one before it: a comma
        that is not in quotes puts all after it into the column of its neighbour.
        """
        rows = sum(self._counts.values())
        if not rows:
            return []
        usual, count = self._counts.most_common(1)[0]
        if count * 3 < rows * 2:
            return []
        wider = sorted(row for width, kept in self._ending_empty.items() if width > usual for row in kept)
        for number, cells in wider:
            at = _parted_at(cells)
            if at is not None and self._spaced * 2 <= rows:
                first, second = shortened(cells[at - 1].strip(), 40), shortened(cells[at].strip(), 40)
                raise StoryError(
                    f"{self._name}, row {number}: {len(cells)} cells, but the other rows have {usual}; perhaps a comma"
                    f" that is not in quotes parts {first} from {second}",
                    row=number,
                    hint=_HINT,
                )
        if not wider:
            return []
        named = ", ".join(str(number) for number, _ in wider[:_MOST_NAMED])
        more = " ..." if len(wider) > _MOST_NAMED else ""
        return [
            f"row{'s' if wider[1:] else ''} {named}{more}: more cells than the {usual} of the other rows, the last ones"
            " empty; if a cell holds the delimiter, put it in double quotes"
        ]


def _parted_at(cells: Sequence[str]) -> int | None:
    """The first cell that begins with a space and reads on from a word before it."""
    for at in range(1, len(cells)):
        before, cell = cells[at - 1].rstrip(), cells[at]
        if before and before[-1].isalnum() and cell[:1] == " " and cell.strip():
            return at
    return None
