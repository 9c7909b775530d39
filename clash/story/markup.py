"""Tables within other text: Markdown, and the HTML that Notion, Feishu and Word put on the clipboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise

from clash.errors import StoryError
from clash.story.grid import MOST_COLUMNS, Grid, limited, too_wide
from clash.story.headings import heading_of

_RULE = re.compile(r"[ \t]{0,8}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_BREAKS = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_UNESCAPED = re.compile(r"(?<!\\)\|")
_MOST_SPAN = 200
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

    others = len(tables) - len(same)
    if others:
        counted = "1 other table of the text is" if others == 1 else f"{others} other tables of the text are"
        warnings.append(f"{counted} not part of the story")
    return Grid(name, "markdown", tuple(limited(rows(), name)), encoding, tuple(warnings))


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
    tables = [table for table in parser.tables if table]
    if not tables:
        raise StoryError(f"{name} is HTML without a table", hint="Copy the table itself, or save it as CSV.")
    first = next((table for table in tables if known(table[0])), tables[0])
    rows = list(first)
    for table in tables[tables.index(first) + 1 :]:
        if table[0] == first[0]:
            rows.extend(table[1:])
    return Grid(name, "html", tuple(limited(enumerate(rows, start=1), name)), encoding, tuple(warnings))


class _Tables(HTMLParser):
    """Collects the cells of every table; a cell over several columns or rows stands in its first."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self._name = name
        self._cell: list[str] | None = None
        self._span = 1
        self._below: dict[int, int] = {}
        self._rowspan = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        if tag == "table":
            self.tables.append([])
            self._below = {}
        elif tag == "tr" and self.tables:
            self._end_cell()
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self._end_cell()
            values = dict(attrs)
            self._span = _span(values.get("colspan"))
            self._rowspan = _span(values.get("rowspan"))
            self._cell = []
        elif tag in ("br", "p", "li", "div") and self._cell:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a cell with its row or table."""
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        """Keep the text of a cell."""
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        row = self.tables[-1][-1]
        while self._below.get(len(row), 0) > 0:
            self._below[len(row)] -= 1
            row.append("")
        if self._rowspan > 1:
            self._below[len(row)] = self._rowspan - 1
        lines = (" ".join(line.split()) for line in "".join(self._cell).split("\n"))
        row.append("\n".join(line for line in lines if line))
        row.extend([""] * (self._span - 1))
        if len(row) > MOST_COLUMNS:
            raise too_wide(self._name, len(self.tables[-1]), len(row))
        self._cell = None


def _span(value: str | None) -> int:
    return min(int(value), _MOST_SPAN) if value and value.isascii() and value.isdigit() and int(value) > 0 else 1
