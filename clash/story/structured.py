"""JSON and JSON lines: an array of rows, or such an array under one of the usual keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from clash.errors import StoryError
from clash.story.grid import Grid, limited, shortened
from clash.story.json_text import JsonText
from clash.story.nesting import (
    as_scene_number,
    is_rows,
    key_of_rows,
    keys_within,
    names_film,
    names_rows,
    names_title,
    unread_list,
    who_and_what,
)

_TITLES_AFTER = frozenset({"name", "story_title", "故事名"})
"""Keys whose text is the film's title where no other key says one, beside the words for a film."""

_LONGEST_TITLE = 200
_MOST_DEPTH = 6
_HINT = 'Write an array of objects, one per shot or beat: [{"description": "...", "dialogue": "..."}].'


def looks_like_json(text: str, name: str) -> bool:
    """Whether a text is meant as JSON: by its name, or because it begins as an object or an array of objects."""
    head = text[:400].lstrip()
    return (
        name.lower().endswith((".json", ".jsonl", ".ndjson"))
        or head.startswith('{"')
        or head.replace(" ", "").replace("\n", "").replace("\r", "").startswith(("[{", '{"', "[["))
    )


def read_json(text: str, *, name: str, encoding: str, warnings: list[str]) -> Grid:
    """The rows of a JSON document. Raises `StoryError` that says what of it is no story."""
    form, reader = "json", JsonText()
    try:
        document: Any = reader.loads(text)
    except RecursionError:
        raise StoryError(f"{name} is JSON nested too deep to be a story", hint=_HINT) from None
    except ValueError as error:
        document = _lines_of(text, name, error, reader)
        form = "jsonl"
    if isinstance(document, dict) and {"scenes", "characters", "locations", "style"} <= set(
        cast("dict[str, Any]", document)
    ):
        raise StoryError(
            f"{name} is JSON of a screenplay, not a story", hint="Give the table that the screenplay was made of."
        )
    unused: list[str] = []
    rows = list(_rows_in(document, {}, 0, unused))
    if not rows:
        raise StoryError(f"{name} is JSON, but holds no array of rows that can be read", hint=_HINT)
    title, beside = _beside_rows(document)
    headers = list(dict.fromkeys(key for row in rows for key in row))

    def numbered() -> Iterator[tuple[int, list[str]]]:
        yield 0, [reader.whole(header) for header in headers]
        for number, row in enumerate(rows, start=1):
            yield number, [reader.whole(row.get(header, "")) for header in headers]

    rows_read = tuple(limited(numbered(), name))
    title, found = reader.whole(title), [reader.whole(warning) for warning in _at_most([*beside, *unused])]
    warnings = [*warnings, *found, *reader.warnings]
    return Grid(name, form, rows_read, encoding, tuple(warnings), has_header=True, title=title)


def _at_most(unused: list[str], most: int = 10) -> list[str]:
    more = [f"{len(unused) - most} more values beside the rows are not used"] if len(unused) > most else []
    return [*unused[:most], *more]


def _lines_of(text: str, name: str, error: ValueError, reader: JsonText) -> list[Any]:
    found: list[Any] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(reader.loads(line))
        except (ValueError, RecursionError) as of_line:
            raise _unreadable(name, number, of_line, error, is_lines=bool(found)) from of_line
    return found


def _unreadable(name: str, number: int, of_line: Exception, error: ValueError, *, is_lines: bool) -> StoryError:
    """The error of text that is neither JSON nor JSON lines: `is_lines` if the line before is an object by itself."""
    if is_lines or name.lower().endswith((".jsonl", ".ndjson")):
        where = f"line {number}, column {getattr(of_line, 'colno', 1)}"
        hint = f"Correct line {number}: in JSON lines each line is one whole object, without a comma after it."
        return StoryError(f"{name} is JSON lines, and {where} cannot be read: {_said(of_line)}", hint=hint)
    where = f"line {getattr(error, 'lineno', 1)}, column {getattr(error, 'colno', 1)}"
    return StoryError(f"{name} is JSON that cannot be read ({where}: {_said(error)})", hint=_HINT)


def _said(error: Exception) -> str:
    return str(getattr(error, "msg", "") or error or "nested too deep")


def _rows_in(value: Any, above: dict[str, str], depth: int, unused: list[str]) -> Iterator[dict[str, str]]:
    """The objects that are rows, each with the plain values of the objects around it."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            if isinstance(item, dict):
                yield from _rows_of(cast("dict[str, Any]", item), above, depth + 1, unused)
            elif text := _text(item):
                unused.append(f"a value among the rows is no object and is not used: {shortened(text)}")
        return
    if isinstance(value, dict):
        document = cast("dict[str, Any]", value)
        key = _key_of_rows(document)
        if key is not None:
            yield from _rows_in(document[key], above, depth + 1, unused)


def _key_of_rows(document: dict[str, Any]) -> str | None:
    """The key under which a document holds its rows: by what it is called, else the first list of objects."""
    named = [key for key, value in document.items() if isinstance(value, list | dict) and names_rows(key)]
    lists = [key for key in named if is_rows(document[key])]
    within = [key for key in named if isinstance(document[key], dict) and _key_of_rows(document[key]) is not None]
    found = next(iter([*lists, *within, *named]), None)
    if found is not None or (found := key_of_rows(document)) is not None:
        return found
    return next((key for key, value in document.items() if is_rows(value)), None)


def _beside_rows(document: Any) -> tuple[str, list[str]]:
    """The film's title that stands beside the rows of a document, and a warning for each other value there."""
    title, second, unused, depth = "", "", list[str](), 0
    while isinstance(document, dict) and depth <= _MOST_DEPTH:
        around = cast("dict[str, Any]", document)
        rows = _key_of_rows(around)
        if rows is None:
            break
        for key, value in _values_beside(around, rows):
            text = " ".join(_text(value).split())
            if isinstance(value, str) and text and names_title(key) and not title:
                title = text[:_LONGEST_TITLE]
            elif isinstance(value, str) and text and (names_film(key) or key.casefold() in _TITLES_AFTER):
                second = second or text[:_LONGEST_TITLE]
            elif text:
                unused.append(f"{shortened(key, 40)} beside the rows is not used: {shortened(text)}")
        document, depth = around[rows], depth + 1
    return title or second, unused


def _values_beside(around: dict[str, Any], rows: str) -> Iterator[tuple[str, Any]]:
    """The keys and values beside the rows; of an object that is about the film, its own."""
    for key, value in around.items():
        if key == rows:
            continue
        if isinstance(value, dict) and (names_film(key) or key.casefold() in _TITLES_AFTER):
            yield from cast("dict[str, Any]", value).items()
        else:
            yield key, value


def _rows_of(item: dict[str, Any], above: dict[str, str], depth: int, unused: list[str]) -> Iterator[dict[str, str]]:
    inner = key_of_rows(item)
    if inner is None:
        if (unread := unread_list(item)) is not None:
            keys = ", ".join(shortened(key, 30) for key in keys_within(item[unread])[:6])
            raise StoryError(
                f"{shortened(unread, 40)} holds a list of objects, and none of its keys is known: {keys}",
                hint="Call the list shots or scenes, and what is seen in it description.",
            )
        yield {**above, **{key: _text(value) for key, value in item.items()}}
        return
    own = {key: _text(value) for key, value in item.items() if key != inner}
    # The scene's own prose would be repeated in every shot of it.
    kept = {key: value for key, value in own.items() if len(value) <= 60 and not is_rows(item[key])}
    for key in (key for key in own if own[key] and key not in kept):
        unused.append(f"{shortened(key, 40)} beside the rows is not used: {shortened(own[key])}")
    numbered = {key if (name := as_scene_number(key)) in kept else name: value for key, value in kept.items()}
    yield from _rows_in(item[inner], {**above, **numbered}, depth, unused)


def _text(value: Any) -> str:
    """A value as a cell: a list of lines of dialogue as lines, any other list with commas."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, list):
        items = cast("list[Any]", value)
        parts = [_text(item) for item in items]
        return ("\n" if any(isinstance(item, dict) for item in items) else ", ").join(part for part in parts if part)
    if isinstance(value, dict):
        named = {str(key).casefold(): _text(item) for key, item in cast("dict[Any, Any]", value).items()}
        who, what = who_and_what(named)
        if who and what:
            return f"{who}: {what}"
        return what or ", ".join(text for text in named.values() if text)
    return str(value)
