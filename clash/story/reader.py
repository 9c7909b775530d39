"""The reader: the bytes of a CSV become a `Story`.

Tolerant of how people write tables (encodings, delimiters, header names, units), strict about what would lose
text: what cannot be understood is refused, naming row and column. See `docs/story-csv.md`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PureWindowsPath
from typing import Any

from clash.errors import StoryError
from clash.story.durations import is_unmistakable, seconds_of
from clash.story.headers import field_of, sentence_columns, title_column
from clash.story.screenplay import Beat, Language, Story
from clash.story.speakers import lines_of, name_key, names_in_front
from clash.story.table import Row, Table, read_table, shortened

MOST_ROWS = 5_000

_JOINED = frozenset({
    "description", "dialogue", "narration", "characters", "sound", "music", "emotion", "notes",
})  # fmt: skip
"""Fields whose columns are joined when several mean the same; of the others the first filled one counts."""
_NOTHING_TO_FILM = frozenset({"scene", "shot", "title", "act", "duration"})
_EMPTY = re.compile(r"[-–—―－/／\\.…]+|n/?a|none|nil|无|暂无")
_LIST = re.compile(r"[;；、|｜/／,，\n]")
_BRACKETED = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")


def read_story(content: bytes, *, name: str, choice: str | None = None) -> Story:
    """Read a story from the bytes of a CSV file.

    `name` is the file's name: for messages, and for the title. `choice` picks one of several stories where each
    stands in one row (`storytitle, sentence1 …`): its number, counted from 1, or its title.
    Raises `StoryError` naming row and column.
    """
    table = read_table(content, name=name)
    sha256 = hashlib.sha256(content).hexdigest()
    has_description = any(field_of(header) == "description" for header in table.headers)
    sentences = [] if has_description else sentence_columns(list(table.headers))
    try:
        if sentences:
            return _one_of_many(table, sentences, choice, sha256)
        return _one_story(table, choice, sha256)
    except UnicodeError as error:
        raise StoryError(f"{name} is no text: {error}", hint="Save it as UTF-8.") from error


def title_of(name: str) -> str:
    """The title that a file's name suggests.

    >>> title_of("stories/rainy-night_noodles.csv")
    'Rainy night noodles'
    """
    stem = " ".join(re.sub(r"[-_\s]+", " ", PureWindowsPath(name).stem).split())
    printable = "".join(letter for letter in stem if letter.isprintable())
    return printable[:1].upper() + printable[1:] or "Untitled"


def language_of(texts: Iterable[str]) -> Language:
    """Chinese when more than half of all letters are CJK ideographs, else English."""
    letters = ideographs = 0
    for text in texts:
        for letter in text:
            if letter.isalpha():
                letters += 1
                ideographs += "\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff"
    return "zh" if ideographs * 2 > letters else "en"


@dataclass
class _Columns:
    """Which columns fill which field."""

    of_field: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    unknown: dict[int, str] = field(default_factory=dict[int, str])
    warnings: list[str] = field(default_factory=list[str])


def _one_story(table: Table, choice: str | None, sha256: str) -> Story:
    columns = _columns_of(table)
    if choice is not None:
        raise StoryError(
            f"{table.name} is one story, so there is none to choose by {shortened(choice)}",
            hint="Only a table with one story a row (storytitle, sentence1, sentence2 ...) takes a choice.",
        )
    rows = _limited(table)
    if not rows:
        raise StoryError(f"{table.name} has a header but no rows", hint="Each row below it is one beat or one shot.")
    warnings = [*table.warnings, *columns.warnings]
    _time_as_duration(table, columns, rows, warnings)
    known = _known_names(columns, rows)
    beats: list[Beat] = []
    skipped: list[int] = []
    scene = ""
    for row in rows:
        values = _values(columns, row)
        scene = values["scene"] = values.get("scene") or scene
        if not any(value for key, value in values.items() if key not in _NOTHING_TO_FILM):
            skipped.append(row.number)
            continue
        beats.append(_beat(table, columns, row, values, known))
    if not beats:
        raise StoryError(
            f"{table.name} has rows, but nothing in them to film",
            hint="The description says what is seen.",
        )
    if skipped:
        warnings.append(f"nothing to film in {_rows_named(skipped)}: left out")
    return Story(
        title=title_of(table.name),
        kind="shot_list" if any(beat.shot or beat.shot_size for beat in beats) else "beats",
        language=_language(beats),
        beats=tuple(beats),
        sha256=sha256,
        warnings=tuple(warnings),
    )


def _one_of_many(table: Table, sentences: Sequence[int], choice: str | None, sha256: str) -> Story:
    """One story of a table that holds a story a row, its sentences side by side."""
    titled = title_column(list(table.headers))
    rows = [row for row in table.rows if any(row.cells[column] for column in sentences)]
    if not rows:
        raise StoryError(f"{table.name} has a header but no rows", hint="Each row below it is one story.")
    titles = [row.cells[titled] if titled is not None else "" for row in rows]
    row = rows[_chosen(table.name, titles, choice)]
    title = titles[rows.index(row)]
    beats = tuple(Beat(row=row.number, description=row.cells[column]) for column in sentences if row.cells[column])
    return Story(
        title=title or title_of(table.name),
        kind="beats",
        language=_language(beats),
        beats=beats,
        sha256=sha256,
        warnings=table.warnings,
    )


def _chosen(name: str, titles: Sequence[str], choice: str | None) -> int:
    """The index of the story that is meant; the number counts before the title."""
    shown = ", ".join(f"{n} {shortened(title, 40)}" for n, title in enumerate(titles[:10], start=1))
    listed = shown + (f" ... and {len(titles) - 10:,} more" if len(titles) > 10 else "")
    if choice is None:
        if len(titles) == 1:
            return 0
        raise StoryError(
            f"{name} holds {len(titles):,} stories: {listed}", hint="Choose one: --story N or --story TITLE."
        )
    wanted = choice.strip()
    if re.fullmatch(r"[0-9]{1,9}", wanted) and 1 <= int(wanted) <= len(titles):
        return int(wanted) - 1
    same = [i for i, title in enumerate(titles) if title and title.casefold() == wanted.casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        numbers = ", ".join(str(i + 1) for i in same[:10])
        raise StoryError(
            f"{name} holds {len(same)} stories titled {shortened(wanted)}: numbers {numbers}",
            hint="Choose one by its number: --story N.",
        )
    raise StoryError(
        f"{name} has no story {shortened(wanted)}; it holds {len(titles):,}: {listed}",
        hint="Choose one: --story N or --story TITLE.",
    )


def _columns_of(table: Table) -> _Columns:
    """Match the headers. Raises `StoryError` if none of them means description."""
    columns = _Columns()
    for index, header in enumerate(table.headers):
        meant = field_of(header)
        if meant is None:
            columns.unknown[index] = header or f"column {index + 1}"
        else:
            columns.of_field.setdefault(meant, []).append(index)
    both = [i for i in columns.of_field.get("dialogue", []) if "action" in table.headers[i].casefold()]
    if both and "description" not in columns.of_field:
        columns.of_field["description"] = [both[0]]
    if "description" not in columns.of_field:
        found = ", ".join(shortened(header, 40) for header in table.headers[:20] if header)
        more = f" and {len(table.headers) - 20} more" if len(table.headers) > 20 else ""
        raise StoryError(
            f"{table.name}, row 1: no column is the description; the headers found are {found}{more}",
            row=1,
            hint="Name one of them description (or action, visual, 画面, 内容 ...).",
        )
    if columns.unknown:
        named = [shortened(header, 40) for header in columns.unknown.values()]
        more = f" and {len(named) - 10} more" if len(named) > 10 else ""
        columns.warnings.append(f"unknown columns, kept but not used: {', '.join(named[:10])}{more}")
    for meant, indices in columns.of_field.items():
        if len(indices) > 1:
            named = [shortened(table.headers[index], 40) for index in indices[:10]]
            rule = "their texts are joined" if meant in _JOINED else "the first that is filled counts"
            columns.warnings.append(f"columns {', '.join(named)} all mean {meant}: {rule}")
    return columns


def _limited(table: Table) -> list[Row]:
    rows: list[Row] = []
    for row in table.rows:
        if len(rows) == MOST_ROWS:
            raise StoryError(
                f"{table.name}, row {row.number}: more than {MOST_ROWS:,} rows",
                row=row.number,
                hint="Split the story into several films.",
            )
        rows.append(row)
    return rows


def _time_as_duration(table: Table, columns: _Columns, rows: Sequence[Row], warnings: list[str]) -> None:
    """Chinese shot lists call the length 时间 too: where every value can only be a length, it is one."""
    times = columns.of_field.get("time", [])
    if len(times) != 1 or "duration" in columns.of_field:
        return
    values = [row.cells[times[0]] for row in rows if not _is_empty(row.cells[times[0]])]
    if values and all(is_unmistakable(value) for value in values):
        columns.of_field["duration"] = columns.of_field.pop("time")
        warnings.append(f"column {shortened(table.headers[times[0]])} holds lengths and is read as duration")


def _known_names(columns: _Columns, rows: Sequence[Row]) -> frozenset[str]:
    """The names in the table's own columns, and those in front of more than one line."""
    known: set[str] = set()
    once: set[str] = set()
    for row in rows:
        for meant in ("characters", "speaker"):
            for index in columns.of_field.get(meant, []):
                known.update(name_key(name) for name in split_list(row.cells[index]))
        for index in columns.of_field.get("dialogue", []):
            for name in names_in_front(row.cells[index]):
                (known if name_key(name) in once else once).add(name_key(name))
    return frozenset(known - {""})


def _values(columns: _Columns, row: Row) -> dict[str, str]:
    """The text of each field, from one column or several."""
    values: dict[str, str] = {}
    for meant, indices in columns.of_field.items():
        cells = [row.cells[index] for index in indices if not _is_empty(row.cells[index])]
        if len(cells) > 1 and meant in _JOINED:
            # `Beat #1` beside the description is its number, not prose.
            worded = [cell for cell in cells if any(letter.isalpha() for letter in cell)] or cells
            values[meant] = ("\n" if meant in ("dialogue", "characters") else " ").join(dict.fromkeys(worded))
        else:
            values[meant] = cells[0] if cells else ""
    return values


def _beat(table: Table, columns: _Columns, row: Row, values: dict[str, str], known: frozenset[str]) -> Beat:
    fields: dict[str, Any] = {key: value for key, value in values.items() if key in Beat.model_fields}
    if columns.of_field["description"][0] in columns.of_field.get("dialogue", []):
        fields["description"], values["dialogue"] = _action_and_dialogue(values["dialogue"], known)
    fields["characters"] = split_list(values.get("characters", ""))
    fields["dialogue"] = lines_of(values.get("dialogue", ""), speaker=values.get("speaker", ""), known=known)
    fields["extra"] = {header: row.cells[index] for index, header in columns.unknown.items() if row.cells[index]}
    return Beat(row=row.number, duration_s=_duration(table, columns, row, values.get("duration", "")), **fields)


def _duration(table: Table, columns: _Columns, row: Row, text: str) -> float | None:
    if not text:
        return None
    try:
        return seconds_of(text)
    except ValueError as error:
        header = next(table.headers[index] for index in columns.of_field["duration"] if row.cells[index] == text)
        raise StoryError(
            f"{table.name}, row {row.number}, column {shortened(header)}: {shortened(text)} {error}",
            row=row.number,
            column=header,
            hint="Write seconds (4 or 4.5s), minutes and seconds (0:04), or a range on the film's clock (08-18s).",
        ) from error


def _action_and_dialogue(text: str, known: frozenset[str]) -> tuple[str, str]:
    """A column that holds both: the lines with a speaker in front are dialogue, the others what is seen."""
    seen: list[str] = []
    said: list[str] = []
    for line in text.splitlines():
        (said if any(k for k in lines_of(line, known=known) if k.speaker) else seen).append(line)
    return "\n".join(seen).strip(), "\n".join(said)


def split_list(text: str) -> tuple[str, ...]:
    """The items of a cell, each once, in order; separators within brackets do not count.

    >>> split_list("Mara (30, red coat) / Ivo、小禾")
    ('Mara (30, red coat)', 'Ivo', '小禾')
    """
    if _is_empty(text):
        return ()
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f"\x00{len(hidden) - 1}\x00"

    parts = _LIST.split(_BRACKETED.sub(hide, text))
    shown = (re.sub("\x00(\\d+)\x00", lambda match: hidden[int(match[1])], part).strip() for part in parts)
    return tuple(dict.fromkeys(part for part in shown if not _is_empty(part)))


def _is_empty(cell: str) -> bool:
    """Whether a cell says that there is nothing: empty, a dash, a stroke, `n/a`, 无."""
    return not cell or (len(cell) < 8 and bool(_EMPTY.fullmatch(unicodedata.normalize("NFKC", cell).casefold())))


def _language(beats: Sequence[Beat]) -> Language:
    described = [beat.description for beat in beats]
    if not any(letter.isalpha() for text in described for letter in text):
        described = [text for beat in beats for text in (beat.narration, *(line.text for line in beat.dialogue))]
    return language_of(described)


def _rows_named(rows: Sequence[int]) -> str:
    named = ", ".join(str(row) for row in rows[:10])
    more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
    return f"row{'s' if len(rows) > 1 else ''} {named}{more}"
