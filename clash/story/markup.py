"""Tables within other text: Markdown, and the HTML that Notion, Feishu and Word put on the clipboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise, takewhile

from clash.errors import StoryError
from clash.story.grid import MOST_COLUMNS, Grid, limited, shortened, too_wide
from clash.story.headings import heading_of
from clash.story.titles import plain_title

_RULE = re.compile(r"[ \t]{0,8}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_BREAKS = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_UNESCAPED = re.compile(r"(?<!\\)\|")
_HIDDEN = frozenset({"script", "style", "title", "head"})
_BLOCKS = frozenset({"p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "ul", "ol"})
_MOST_SPAN = 200
_MOST_DEPTH = 20
_HEADING = re.compile(r"#{1,6}\s+(.{1,200})|(?:\*\*|__)(.{1,200}?)(?:\*\*|__):?")
_MOST_LINES_ABOVE = 20

Known = Callable[[list[str]], int]


def is_markdown(lines: list[str]) -> bool:
    """Whether a line of strokes is followed by a rule, `|---|---|`, as a table in Markdown begins."""
    return any("|" in above and _is_rule(below) for above, below in pairwise(lines))


def read_markdown(text: str, *, name: str, encoding: str, warnings: list[str], known: Known) -> Grid:
    """The first table whose header is known, with those after it that have the same one; text around is passed over."""
    lines = text.splitlines()
    tables = [
        (at - 1, _cells(lines[at - 1])) for at in range(1, len(lines)) if _is_rule(lines[at]) and "|" in lines[at - 1]
    ]
    if not tables:
        raise StoryError(f"{name} holds no Markdown table")
    first = next((table for table in tables if known(table[1])), tables[0])
    same = [
        at
        for at, cells in tables
        if at >= first[0] and [c.casefold() for c in cells] == [c.casefold() for c in first[1]]
    ]

    def rows() -> Iterator[tuple[int, list[str]]]:
        yield first[0] + 1, first[1]
        for at in same:
            if heading := _heading_above(lines, at) if len(first[1]) > 2 else "":
                yield at, [heading]
            for number in range(at + 2, len(lines)):
                if "|" not in lines[number] or (number + 1 < len(lines) and _is_rule(lines[number + 1])):
                    break
                if lines[number].count("|") > MOST_COLUMNS + 1:
                    raise too_wide(name, number + 1, lines[number].count("|"))
                yield number + 1, _cells(lines[number])

    read = tuple(limited(rows(), name))
    others = len(tables) - len(same)
    if others:
        counted = "1 other table of the text is" if others == 1 else f"{others} other tables of the text are"
        warnings.append(f"{counted} not part of the story")
    warnings += _left_out([line.strip() for line in lines if "|" not in line and _is_prose(line)])
    title = _title_above(lines, first[0])
    return Grid(name, "markdown", read, encoding, tuple(warnings), title=title)


def _left_out(prose: list[str]) -> list[str]:
    """The warning of text around the tables."""
    if not prose:
        return []
    counted = "1 line of text" if len(prose) == 1 else f"{len(prose)} lines of text"
    return [f"not part of the story, around its tables: {counted}, first {shortened(prose[0])}"]


def _title_above(lines: list[str], at: int) -> str:
    """The film's title in the first heading above the tables, unless that is a scene's."""
    for line in lines[:at]:
        if line.startswith("#") and (found := _HEADING.fullmatch(line.strip())):
            text = found[1].strip(" *#_")
            heading = heading_of(text)
            return "" if heading.says_more_than_a_place and (heading.number or heading.place) else plain_title(text)
    return ""


def _is_prose(line: str) -> bool:
    """Whether a line outside a table is text: no heading, no rule, no fence of code."""
    text = line.strip()
    return any(letter.isalnum() for letter in text) and not text.startswith("```") and not _HEADING.fullmatch(text)


def _heading_above(lines: list[str], at: int) -> str:
    """The scene heading above a table, nothing but prose between: `## Scene 2`, `**Scene 2: Ramp**`."""
    for line in reversed(lines[max(0, at - _MOST_LINES_ABOVE) : at]):
        if "|" in line:
            break
        if found := _HEADING.fullmatch(line.strip()):
            text = (found[1] or found[2]).strip(" *#_")
            heading = heading_of(text)
            return text if heading.says_more_than_a_place and (heading.number or heading.place) else ""
    return ""


def _is_rule(line: str) -> bool:
    return "-" in line and "|" in line and len(line) < 20_000 and bool(_RULE.fullmatch(line))


def _cells(line: str) -> list[str]:
    inner = line.strip()
    inner = inner[1:] if inner.startswith("|") else inner
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [_BREAKS.sub("\n", cell.replace("\\|", "|")).strip() for cell in _UNESCAPED.split(inner)]


def read_html(text: str, *, name: str, encoding: str, warnings: list[str], known: Known) -> Grid:
    """The first table of an HTML page whose header is known, and those after it that have the same one."""
    parser = _Tables(name)
    parser.feed(text)
    parser.close()
    tables = [table for table in parser.tables if table.rows]
    if not tables:
        raise StoryError(f"{name} is HTML without a table", hint="Copy the table itself, or save it as CSV.")
    at = next((i for i, table in enumerate(tables) if known(table.rows[0])), 0)
    inner = takewhile(lambda table: table.depth > tables[at].depth, tables[at + 1 :])
    # A page laid out by a table holds the story's within a cell.
    first = max(
        [tables[at], *inner],
        key=lambda table: (min(known(table.rows[0]), len(table.rows[0])), len(table.rows) > 1),
    )
    rows = list(first.rows)
    for table in tables[tables.index(first) + 1 :]:
        if table.rows[0] == first.rows[0]:
            rows.extend(table.rows[1:])
    warnings += _left_out([line for line in ("".join(parser.around)).split("\n") if any(map(str.isalnum, line))])
    return Grid(name, "html", tuple(limited(enumerate(rows, start=1), name)), encoding, tuple(warnings))


class _Table:
    """One table while it is read: its rows, its open cell, and what cells over several rows leave empty below."""

    def __init__(self, depth: int) -> None:
        self.rows: list[list[str]] = []
        self.depth = depth
        self.cell: list[str] | None = None
        self.span = self.rowspan = 1
        self.below: dict[int, int] = {}

    def end_cell(self, name: str) -> None:
        """Put the open cell into its row."""
        if self.cell is None:
            return
        row = self.rows[-1]
        while self.below.get(len(row), 0) > 0:
            self.below[len(row)] -= 1
            row.append("")
        if self.rowspan > 1:
            self.below[len(row)] = self.rowspan - 1
        lines = (" ".join(line.split()) for line in "".join(self.cell).split("\n"))
        row.append("\n".join(line for line in lines if line))
        row.extend([""] * (self.span - 1))
        if len(row) > MOST_COLUMNS:
            raise too_wide(name, len(self.rows), len(row))
        self.cell = None


class _Tables(HTMLParser):
    """Collects the cells of every table; a cell over several columns or rows stands in its first.

    A table within a cell is a table of its own, and its words are part of the cell too.
    """

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self.around: list[str] = []
        """The text outside all tables."""
        self._hidden = 0
        self._name = name
        self._open: list[_Table] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        if tag == "table":
            self._begin_table()
            return
        table = self._open[-1] if self._open else None
        if table is None:
            self._hidden += tag in _HIDDEN
            self.around += ["\n"] if tag in _BLOCKS else []
            return
        if tag == "tr":
            table.end_cell(self._name)
            table.rows.append([])
        elif tag in ("td", "th"):
            table.end_cell(self._name)
            if not table.rows:
                table.rows.append([])
            values = dict(attrs)
            table.span = _span(values.get("colspan"))
            table.rowspan = _span(values.get("rowspan"))
            table.cell = []
        elif tag in ("br", "p", "li", "div") and table.cell:
            table.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a cell with its row or table."""
        if not self._open and tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if self._open and tag in ("td", "th", "tr", "table"):
            self._open[-1].end_cell(self._name)
            if tag == "table":
                self._end_table()

    def handle_data(self, data: str) -> None:
        """Keep the text of a cell."""
        if self._open and (cell := self._open[-1].cell) is not None:
            cell.append(data)
        elif not self._open and not self._hidden:
            self.around.append(" ".join(data.split()))

    def close(self) -> None:
        """End the tables that the page leaves open."""
        super().close()
        while self._open:
            self._open[-1].end_cell(self._name)
            self._end_table()

    def _begin_table(self) -> None:
        if self._open and self._open[-1].cell is None:
            self._end_table()
        if len(self._open) >= _MOST_DEPTH:
            raise StoryError(
                f"{self._name} is HTML with tables nested more than {_MOST_DEPTH} deep",
                hint="Copy the table itself, or save it as CSV.",
            )
        table = _Table(len(self._open))
        self.tables.append(table)
        self._open.append(table)

    def _end_table(self) -> None:
        table = self._open.pop()
        if self._open and (cell := self._open[-1].cell) is not None:
            words = "\n".join(" ".join(filter(None, row)) for row in table.rows)
            cell.extend(("\n", words, "\n"))


def _span(value: str | None) -> int:
    """How many columns or rows a cell takes: 1 where that is not said, or is no number."""
    if not value or not value.isascii() or not value.isdigit():
        return 1
    return max(1, int(value)) if len(value) <= 3 and int(value) <= _MOST_SPAN else _MOST_SPAN
