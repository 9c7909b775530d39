"""Which sheet of a workbook is read: stories that share a header are chosen from, a cast is no story."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clash.errors import StoryError
from clash.story.cast_headers import count_of_fields
from clash.story.grid import Grid, limited, shortened
from clash.story.words import key_of

Known = Callable[[list[str]], int]
"""How many fields of a story the cells of a row name."""
Choose = Callable[[Sequence[str]], int]
"""Takes the titles of several sheets of stories and returns the index of one."""
Sheet = tuple[str, list[tuple[int, list[str]]]]
"""A title and the filled rows, numbered from 1."""

_HEADER_WITHIN = 12
_SHARED = 0.6
"""Of two headers of episodes, at least this share of all their columns is in both."""
_MOST_NAMED = 10


class Sheets:
    """The filled sheets of a file. Raises `StoryError` where there are none."""

    def __init__(self, sheets: Sequence[Sheet], *, name: str, known: Known) -> None:
        if not sheets:
            raise StoryError(f"{name} is empty", hint="A story needs a header row and at least one row below it.")
        self._sheets = sheets
        self._name = name
        self._heads = [[cells for _, cells in rows[:_HEADER_WITHIN]] for _, rows in sheets]
        self._counts = [max(map(known, head)) for head in self._heads]
        self._headers = [{key_of(cell) for cell in max(head, key=known) if cell} - {""} for head in self._heads]

    def grid(self, form: str, choose: Choose | None, *, wants_cast: bool = False) -> Grid:
        """The rows of one sheet: of the cast if it is wanted, of the chosen story, else of the first with a header."""
        casts = [at for at in range(len(self._sheets)) if self._is_cast(at)]
        if wants_cast and casts:
            return self._read(form, casts[0], (), ())
        with_header = [at for at, count in enumerate(self._counts) if count]
        first = next((at for at in with_header if at not in casts), with_header[0] if with_header else 0)
        stories = [at for at in range(len(self._sheets)) if at == first or self._is_like(at, first)]
        titles = tuple(self._sheets[at][0] for at in stories) if len(stories) > 1 else ()
        chosen = stories[choose(titles)] if titles and choose is not None else first
        left_out = [at for at in range(len(self._sheets)) if at != chosen and (at not in stories or choose is None)]
        return self._read(form, chosen, titles, self._told(chosen, left_out, () if wants_cast else casts))

    def _is_cast(self, at: int) -> bool:
        count = max(map(count_of_fields, self._heads[at]))
        return count > 1 and count >= self._counts[at]

    def _is_like(self, at: int, first: int) -> bool:
        """Whether a sheet is a story as the first one is: their headers are nearly the same, and known."""
        one, other = self._headers[at], self._headers[first]
        shared = len(one & other)
        return self._counts[at] > 1 and shared > 1 and shared >= _SHARED * len(one | other)

    def _told(self, chosen: int, left_out: Sequence[int], casts: Sequence[int]) -> tuple[str, ...]:
        if not left_out:
            return ()
        named = ", ".join(shortened(self._sheets[at][0], 40) for at in left_out[:_MOST_NAMED])
        more = " ..." if len(left_out) > _MOST_NAMED else ""
        what = "sheets are" if len(left_out) > 1 else "sheet is"
        title = self._sheets[chosen][0]
        told = [
            f"the sheet '{title}' was read; {len(left_out)} other filled {what} not part of the story: {named}{more}"
        ]
        for at in casts:
            if at in left_out:
                cast = shortened(self._sheets[at][0], 40)
                told.append(f"the sheet {cast} looks like a cast: name this file as --cast, too, and it is read")
        return tuple(told)

    def _read(self, form: str, at: int, titles: tuple[str, ...], warnings: tuple[str, ...]) -> Grid:
        title, rows = self._sheets[at]
        kept = tuple(limited(rows, self._name))
        return Grid(self._name, form, kept, "utf-8", warnings, sheets=titles, sheet=title if titles else "")
