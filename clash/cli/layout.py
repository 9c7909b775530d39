"""What a command has to show, and the two ways it is shown: to a person, and to a pipe.

A command turns its document into blocks (`Record`, `Table`, `Remark`) and knows nothing of terminals. At a
terminal a block stays whole at any width: columns are folded between words, cells that find no room stand on a line
of their own under their row, an id that is too long on one above it, and a table that does not fit then is set as
records; no cell is ever cut off, and no
id, slot, path or command is broken over lines if a line can hold it. A block of thousands of lines may say what a
terminal shows of it. In a pipe the same blocks are tab-separated, complete, and keyed as the JSON is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from clash.cli.text import plain, visible
from clash.cli.wrapping import whole_part, wrapped
from clash.vocabulary import INTERRUPTED

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable

Row = Mapping[str, Any]
Show = Callable[[Any], str]

_LINE_END = re.compile("\r\n|[\r\n\v\f\u0085\u2028\u2029]")
_GAPS = (2, 1)
_NARROWEST_FOLD = 12
_INDENT = 4
_MOST_CHOICES = 8
"""How many lengths are tried as the longest of an id that stands in its row."""
_NARROWEST_GRID = 40
_STYLES = {
    "completed": "green",
    "succeeded": "green",
    "applied": "green",
    "failed": "red",
    "running": "cyan",
    "paused": "yellow",
    "cancelled": "yellow",
    "pending": "yellow",
    "unknown": "yellow",
    INTERRUPTED: "yellow",
}


@dataclass(frozen=True)
class Column:
    """A column of a table. `key` is its JSON key and its header in a pipe, `title` its header for people.

    `show` makes a value readable for people, `of_row` the whole row where one value does not tell enough. A column
    with `fold` may be broken over lines when the terminal is narrow. A column that is not `at_terminal` stands only
    in the pipe's table, where width costs nothing. With `lines`, what people wrote in several lines is shown in lines;
    a pipe has ` / ` between them.
    """

    key: str
    title: str = ""
    show: Show = plain
    right: bool = False
    fold: bool = False
    at_terminal: bool = True
    of_row: Callable[[Row], str] | None = None
    lines: bool = False

    @property
    def heading(self) -> str:
        """The header for people."""
        return self.title or self.key.replace("_", " ")

    def text(self, row: Row) -> str:
        """The cell of a row, for people."""
        value = row.get(self.key)
        if self.lines and isinstance(value, str):
            return "\n".join(map(visible, _lines_of(value)))
        return visible(self.of_row(row) if self.of_row else self.show(value))

    def piped(self, row: Row) -> str:
        """The cell of a row, for a pipe."""
        value = row.get(self.key)
        return visible(" / ".join(_lines_of(value))) if self.lines and isinstance(value, str) else plain(value)


def _lines_of(text: str) -> list[str]:
    """The lines of a text, however they end, without the empty ones."""
    return [line.strip() for line in _LINE_END.split(text) if line.strip()]


class Table(NamedTuple):
    """Rows under one header. `empty` is what a person reads when there are none.

    `most`: how many rows, the last ones, a terminal shows at most; None: all. `all_by`: the command that shows all.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: str = ""
    most: int | None = None
    all_by: str = ""

    @property
    def hidden(self) -> int:
        """How many of its rows a terminal does not show."""
        return 0 if self.most is None else max(0, len(self.rows) - self.most)


class Record(NamedTuple):
    """One thing, one line per field. In a pipe all fields stand; a person is spared those without a value."""

    columns: Sequence[Column]
    row: Row


class Remark(NamedTuple):
    """A sentence for people; a pipe does not get it. `style` is one of rich's."""

    text: str
    style: str = ""


class Listing(NamedTuple):
    """Lines that are shown as they are, such as indented JSON. `short`: what a terminal shows in place of them."""

    lines: Sequence[str] = ()
    short: Sequence[str] | None = None


Block = Table | Record | Remark | Listing


def piped(blocks: Iterable[Block]) -> Iterator[str]:
    """The lines for a pipe: tab-separated, an empty line between blocks, no escape codes."""
    first = True
    for block in blocks:
        if isinstance(block, Remark):
            continue
        if not first:
            yield ""
        first = False
        yield from _piped_lines(block)


def _piped_lines(block: Table | Record | Listing) -> Iterator[str]:
    if isinstance(block, Listing):
        yield from block.lines
    elif isinstance(block, Record):
        yield from (f"{column.key}\t{column.piped(block.row)}" for column in block.columns)
    else:
        yield "\t".join(column.key for column in block.columns)
        for row in block.rows:
            yield "\t".join(column.piped(row) for column in block.columns)


def print_to_terminal(blocks: Iterable[Block], console: Console) -> None:
    """Print for a person, within the console's width, an empty line between blocks."""
    previous: Block | None = None
    for block in blocks:
        if previous is not None and not (isinstance(previous, Remark) and isinstance(block, Remark)):
            console.print()
        previous = block
        for part in _for_terminal(block, console.width):
            # A listing is left to the terminal to wrap, so that its lines can be copied whole.
            console.print(part, markup=False, highlight=False, emoji=False, soft_wrap=isinstance(block, Listing))


def _for_terminal(block: Block, width: int) -> Iterator[RenderableType]:
    from rich.text import Text

    if isinstance(block, Remark):
        yield Text(wrapped(visible(block.text), width), style=block.style, overflow="fold")
    elif isinstance(block, Listing):
        yield from (Text(visible(line)) for line in (block.lines if block.short is None else block.short))
    elif isinstance(block, Record):
        yield from _record([(c.heading, c.text(block.row)) for c in block.columns if c.at_terminal], width)
    elif not block.rows:
        yield Text(block.empty or "nothing to show", style="dim")
    else:
        if block.hidden:
            told = f"{block.hidden:,} earlier ones are not shown; all of them: {block.all_by}"
            yield Text(wrapped(told, width), style="dim", overflow="fold")
        yield from _table(block, width)


def _table(table: Table, width: int) -> Iterator[RenderableType]:
    """The table in columns if it can be made to fit, else its rows one by one as records."""
    columns = [column for column in table.columns if column.at_terminal]
    rows = table.rows[table.hidden :]
    columns = [column for column in columns if any(column.text(row) for row in rows)]
    cells = [[column.text(row) for column in columns] for row in rows]
    for under in _may_stand_under(columns):
        beside = [index for index in range(len(columns)) if index not in under]
        fitted = _fit([columns[index] for index in beside], [[row[index] for index in beside] for row in cells], width)
        if fitted is not None:
            yield from _columns(columns, cells, (), under, *fitted, width)
            return
    for above, rest in _long_ids_above(columns, cells):
        for under in _may_stand_under(columns):
            beside = [index for index in range(len(columns)) if index not in under]
            shown = [[row[index] for index in beside] for row in rest]
            if (fitted := _fit([columns[index] for index in beside], shown, width)) is not None:
                yield from _columns(columns, rest, above, under, *fitted, width)
                return
    for number, row in enumerate(cells):
        if number:
            yield ""
        yield from _record([(column.heading, cell) for column, cell in zip(columns, row, strict=True)], width)


def _may_stand_under(columns: Sequence[Column]) -> Iterator[tuple[int, ...]]:
    """The choices of columns that stand under their rows: as few as can be, the last before others."""
    folding = [index for index, column in enumerate(columns) if column.fold and index][::-1]
    for count in range(len(folding) + 1):
        yield from combinations(folding, count)


def _long_ids_above(
    columns: Sequence[Column], cells: Sequence[Sequence[str]]
) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The choices of ids that stand above their rows, as few as can be, each with the cells that are left.

    One long id must not keep the others from being a table.
    """
    if len(cells) < 2 or not columns[0].fold:
        return
    lengths = {_cells(row[0]) for row in cells}
    shorter = sorted({0, *lengths} - {max(lengths)}, reverse=True)
    for longest in (*shorter[:: 1 + len(shorter) // _MOST_CHOICES], 0):
        is_long = [_cells(row[0]) > longest for row in cells]
        above = [row[0] if long else "" for row, long in zip(cells, is_long, strict=True)]
        yield above, [["" if long else row[0], *row[1:]] for row, long in zip(cells, is_long, strict=True)]


def _fit(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> tuple[list[int], int] | None:
    """The width of each column and the gap between them (cells), or None where folding is not enough."""
    from rich.cells import cell_len

    lengths = [
        [cell_len(column.heading), *(_cells(row[index]) for row in cells)] for index, column in enumerate(columns)
    ]
    widths = [max(column) for column in lengths]
    for gap in _GAPS:
        if sum(widths) + gap * (len(columns) - 1) <= width:
            return widths, gap
    gap = _GAPS[-1]
    folding = [index for index, column in enumerate(columns) if column.fold]
    spare = width - gap * (len(columns) - 1) - sum(widths) + sum(widths[index] for index in folding)
    least = [
        min(
            widths[index],
            max(_NARROWEST_FOLD, lengths[index][0], *(min(whole_part(row[index]), width) for row in cells)),
        )
        for index in folding
    ]
    if not folding or spare < sum(least):
        return None
    for index, size in zip(folding, _shares([lengths[index] for index in folding], least, spare), strict=True):
        widths[index] = size
    return widths, gap


def _cells(text: str) -> int:
    """How many cells wide the longest line of a text is."""
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))


def _shares(lengths: Sequence[Sequence[int]], least: Sequence[int], spare: int) -> list[int]:
    """Share `spare` cells among columns so that their rows take few lines: of two columns, the fewest there can be.

    Of more than two, the cells go, a few at a time, where they save the most lines each.
    """
    if len(lengths) == 2:
        rows = list(zip(*lengths, strict=True))
        return list(
            min(
                ((first, spare - first) for first in range(least[0], spare - least[1] + 1)),
                key=lambda shares: (
                    sum(max(-(-length // share) for length, share in zip(row, shares, strict=True)) for row in rows),
                    shares,
                ),
            )
        )
    shares, spare = list(least), spare - sum(least)
    while wishes := [wish for index, column in enumerate(lengths) if (wish := _wish(index, column, shares, spare))]:
        _, more, index = max(wishes)
        shares[index] += more
        spare -= more
    shares[-1] += spare
    return shares


def _wish(index: int, lengths: Sequence[int], shares: Sequence[int], spare: int) -> tuple[float, int, int] | None:
    """The fewest cells more that save a column lines: lines saved a cell, these cells, the column; None if none do."""
    before = sum(-(-length // shares[index]) for length in lengths)
    for more in range(1, spare + 1):
        saved = before - sum(-(-length // (shares[index] + more)) for length in lengths)
        if saved:
            return saved / more, more, index
    return None


def _columns(
    columns: Sequence[Column],
    cells: Sequence[Sequence[str]],
    above: Sequence[str],
    under: Sequence[int],
    widths: Sequence[int],
    gap: int,
    width: int,
) -> Iterator[RenderableType]:
    """The rows in columns; under each row what stands in the columns `under`, with their headings.

    `above`: what stands above each row, "" for nothing; empty where nothing does.
    """
    from rich.text import Text

    beside = [index for index in range(len(columns)) if index not in under]
    table = _grid([columns[index] for index in beside], widths, gap, header=True)
    for row, long_id in zip_longest(cells, above, fillvalue=""):
        if long_id:
            yield table
            yield Text(long_id, overflow="fold")
            table = _grid([columns[index] for index in beside], widths, gap, header=False)
        table.add_row(*(Text(row[index], style=_STYLES.get(row[index], ""), overflow="fold") for index in beside))
        below = [(columns[index].heading, row[index]) for index in sorted(under) if row[index]]
        if not below:
            continue
        yield table
        yield from _under_a_row(below, width)
        table = _grid([columns[index] for index in beside], widths, gap, header=False)
    if table.row_count:
        yield table


def _grid(columns: Sequence[Column], widths: Sequence[int], gap: int, *, header: bool) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold", show_header=header)
    for column, size in zip(columns, widths, strict=True):
        heading = Text(column.heading)
        table.add_column(heading, width=size, overflow="fold", justify="right" if column.right else "left")
    return table


def _under_a_row(fields: Sequence[tuple[str, str]], width: int) -> Iterator[RenderableType]:
    """`heading: value` of each field, as many on a line as fit; a value that fills a line stands alone on one."""
    from rich.cells import cell_len
    from rich.text import Text

    lines: list[str] = []
    for name, value in fields:
        part = f"{name}: {value}"
        if "\n" in value:
            told = wrapped(value, max(width - _INDENT, 1)).split("\n")
            lines += [f"  {name}:", *(" " * _INDENT + line for line in told)]
        elif lines and cell_len(f"{lines[-1]}  {part}") <= width:
            lines[-1] = f"{lines[-1]}  {part}"
        elif cell_len(f"  {part}") <= width:
            lines.append(f"  {part}")
        else:
            lines += [f"  {name}:", wrapped(value, width)]
    yield Text("\n".join(lines), overflow="fold")


def _record(fields: Sequence[tuple[str, str]], width: int) -> Iterator[RenderableType]:
    """Fields with a value, a line each: `name  value`; a value that finds no room beside its name stands under it."""
    from rich.cells import cell_len
    from rich.text import Text

    fields = [(name, value) for name, value in fields if value]
    names = max((cell_len(name) for name, _ in fields), default=0) + 2
    for name, value in fields:
        style = _STYLES.get(value, "")
        told = wrapped(value, max(width - names, 1)).split("\n")
        if width < _NARROWEST_GRID:
            yield Text(f"{name}: {value}", overflow="fold")
        elif whole_part(value) > width - names:
            yield Text.assemble((name, "bold"), "\n", (wrapped(value, width), style), overflow="fold")
        else:
            padded = name + " " * (names - cell_len(name))
            lines = (f"\n{' ' * names}").join(told)
            yield Text.assemble((padded, "bold"), (lines, style), overflow="fold")
