"""JSON and JSON lines: an array of rows, or such an array under one of the usual keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from clash.errors import StoryError
from clash.story.grid import Grid, limited, shortened
from clash.story.json_text import JsonText

_USUAL_KEYS = (
    "shots",
    "rows",
    "beats",
    "scenes",
    "story",
    "storyboard",
    "items",
    "data",
    "records",
    "shot_list",
    "shotlist",
    "segments",
    "frames",
    "panels",
    "clips",
    "screenplay",
    "script",
    "分镜",
    "镜头",
    "分镜列表",
    "镜头列表",
    "场景",
)
_TITLES = frozenset({"title", "film_title", "标题", "片名", "標題", "タイトル"})
_TITLES_AFTER = frozenset(
    {"project", "project_name", "film", "movie", "name", "story_title", "项目", "项目名称", "故事名"}
)
"""Keys whose text is the film's title where no other key says one."""
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
    key = next((k for k in _USUAL_KEYS if isinstance(document.get(k), list | dict)), None)
    return key if key is not None else next((k for k, v in document.items() if _is_rows(v)), None)


def _beside_rows(document: Any) -> tuple[str, list[str]]:
    """The film's title that stands beside the rows of a document, and a warning for each other value there."""
    title, second, unused, depth = "", "", list[str](), 0
    while isinstance(document, dict) and depth <= _MOST_DEPTH:
        around = cast("dict[str, Any]", document)
        rows = _key_of_rows(around)
        if rows is None:
            break
        for key, value in around.items():
            text = " ".join(_text(value).split())
            if key.casefold() in _TITLES and isinstance(value, str) and text:
                title = text[:_LONGEST_TITLE]
            elif key.casefold() in _TITLES_AFTER and isinstance(value, str) and text and not second:
                second = text[:_LONGEST_TITLE]
            elif key != rows and text:
                unused.append(f"{shortened(key, 40)} beside the rows is not used: {shortened(text)}")
        document, depth = around[rows], depth + 1
    return title or second, unused


def _rows_of(item: dict[str, Any], above: dict[str, str], depth: int, unused: list[str]) -> Iterator[dict[str, str]]:
    inner = next(
        (
            key
            for key, value in item.items()
            if key.casefold() in ("shots", "beats", "rows", "镜头", "分镜") and _is_rows(value)
        ),
        None,
    )
    if inner is None:
        yield {**above, **{key: _text(value) for key, value in item.items()}}
        return
    own = {key: _text(value) for key, value in item.items() if key != inner}
    # The scene's own prose would be repeated in every shot of it.
    kept = {key: value for key, value in own.items() if len(value) <= 60 and not _is_rows(item[key])}
    for key in (key for key in own if own[key] and key not in kept):
        unused.append(f"{shortened(key, 40)} beside the rows is not used: {shortened(own[key])}")
    yield from _rows_in(item[inner], {**above, **kept}, depth, unused)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in cast("list[Any]", value))


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
        who = next(
            (named[key] for key in ("speaker", "character", "name", "who", "角色", "说话人") if named.get(key)), ""
        )
        what = next((named[key] for key in ("text", "line", "dialogue", "content", "台词") if named.get(key)), "")
        if who and what:
            return f"{who}: {what}"
        return what or ", ".join(text for text in named.values() if text)
    return str(value)
