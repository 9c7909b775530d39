"""The lengths of a table's shots: from a column of lengths, of ranges, or of starts and ends."""

from __future__ import annotations

from collections.abc import Sequence

from clash.errors import StoryError
from clash.story.cells import is_empty
from clash.story.columns import Column, Columns
from clash.story.durations import LONGEST_S, Length, are_clock_ranges, checked, length_of
from clash.story.table import Row, Table, shortened

_MANY_MS = 600


class Lengths:
    """The length of each row, decided for the whole table at once."""

    def __init__(self, table: Table, columns: Columns, rows: Sequence[Row], fps: float) -> None:
        self._table = table
        self._fps = fps
        self._rows = rows
        self._unsaid: list[tuple[int, str, str]] = []
        self._seconds: dict[int, float] = {}
        self._notes: list[str] = []
        self.on_the_clock = False
        durations, starts, ends = columns.of("duration"), columns.of("start"), columns.of("end")
        if durations:
            self._from_lengths(durations)
        elif starts or ends:
            self._from_moments(starts[0] if starts else None, ends[0] if ends else None)

    def of(self, row: Row) -> float | None:
        """The seconds that a row lasts; None when it does not say."""
        return self._seconds.get(row.number)

    def warnings(self) -> list[str]:
        """What there is to say of lengths that are none."""
        found = list(self._notes)
        if self._unsaid:
            shown = ", ".join(f"{self._table.unit} {row} {shortened(text, 24)}" for row, text, _ in self._unsaid[:5])
            more = f" and {len(self._unsaid) - 5} more" if len(self._unsaid) > 5 else ""
            found.append(
                f"column {shortened(self._unsaid[0][2], 40)}: no length in {shown}{more}; the words decide how long"
            )
        return found

    # -- a column of lengths

    def _from_lengths(self, columns: Sequence[Column]) -> None:
        cells = [(row, *self._first(columns, row)) for row in self._rows]
        read: list[tuple[Row, Length, str, Column]] = []
        in_ms = self._is_in_ms(columns, [text for _, text, _ in cells])
        for row, text, column in cells:
            if not text or column is None:
                continue
            unit = column.meaning.unit or ("ms" if in_ms else "s")
            length = length_of(text, unit=unit, fps=self._fps)
            if length is None:
                self._unsaid.append((row.number, text, column.header))
            else:
                read.append((row, length, text, column))
        clock = are_clock_ranges([length for _, length, _, _ in read])
        self.on_the_clock = clock and any(length.is_range and length.is_clock for _, length, _, _ in read)
        for row, length, text, column in read:
            seconds = length.seconds
            if length.start is not None and length.end is not None:
                seconds = length.end - length.start if clock else (length.start + length.end) / 2
            self._keep(row, seconds or 0.0, text, column)

    def _is_in_ms(self, columns: Sequence[Column], texts: Sequence[str]) -> bool:
        """Whether bare numbers are milliseconds: all of them hundreds, and too long for seconds."""
        bare = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 9]
        if not bare or any(column.meaning.unit for column in columns) or max(bare) <= _MANY_MS:
            return False
        if min(bare) >= 100 and all(number % 10 == 0 for number in bare) and len(bare) > 1:
            self._notes.append(
                f"column {shortened(columns[0].header, 40)} is read as milliseconds: {bare[0]} is {bare[0] / 1000:g} s"
            )
            return True
        return False

    @staticmethod
    def _first(columns: Sequence[Column], row: Row) -> tuple[str, Column | None]:
        for column in columns:
            text = row.cells[column.index]
            if text and (not is_empty(text) or any(letter.isalpha() for letter in text)):
                return text, column
        return "", None

    # -- columns of moments

    def _from_moments(self, start: Column | None, end: Column | None) -> None:
        """Starts and ends; with only one of them, from one row to the next."""
        self.on_the_clock = True
        starts = [self._moment(row, start) for row in self._rows]
        ends = [self._moment(row, end) for row in self._rows]
        for at, row in enumerate(self._rows):
            first, last = starts[at], ends[at]
            if last is None and end is None and at + 1 < len(self._rows):
                last = starts[at + 1]
            if first is None and start is None:
                first = ends[at - 1] if at else 0.0
            if first is not None and last is not None and (column := end or start):
                self._keep(row, last - first, row.cells[column.index], column)

    def _moment(self, row: Row, column: Column | None) -> float | None:
        if column is None:
            return None
        text = row.cells[column.index]
        length = length_of(text, unit=column.meaning.unit or "s", fps=self._fps) if not is_empty(text) else None
        if length is None and not is_empty(text):
            self._unsaid.append((row.number, text, column.header))
        return length.seconds if length else None

    def _keep(self, row: Row, seconds: float, text: str, column: Column) -> None:
        try:
            self._seconds[row.number] = checked(seconds)
        except ValueError as error:
            if seconds <= LONGEST_S:
                self._unsaid.append((row.number, text, column.header))
                return
            raise StoryError(
                f"{self._table.name}, {self._table.unit} {row.number}, column {shortened(column.header)}: "
                f"{shortened(text)} {error}",
                row=row.number,
                column=column.header,
                hint="Write seconds (4 or 4.5s), minutes and seconds (0:04), or a range on the film's clock (08-18s).",
            ) from error
