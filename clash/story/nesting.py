"""Which part of a JSON document holds the rows of a story, by the same words as the headers of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from clash.story.headers import meaning_of
from clash.story.vocabulary import compact, words
from clash.story.words import fold

_UNITS = frozenset({"scene", "shot", "act", "episode"})
"""What a row may be: a key that means one of these, and holds objects, holds rows."""
_TOLD = frozenset({"description", "image_prompt", "video_prompt", "dialogue", "narration", "script", "audio"})
"""What a row says to be filmed."""
_WHO = frozenset({"speaker", "characters", "who"})
_WHAT = frozenset({"dialogue", "narration", "script", "description"})
_SPOKEN_BY = ("speaker", "character", "name", "who", "角色", "说话人")
_SPOKEN = ("text", "line", "dialogue", "content", "台词")
_FEWEST_KNOWN = 2


def is_rows(value: Any) -> bool:
    """Return whether a value is a list with objects in it."""
    return isinstance(value, list) and any(isinstance(item, dict) for item in cast("list[Any]", value))


def key_of_rows(item: Mapping[str, Any]) -> str | None:
    """Return the key under which an object holds rows of its own, such as the shots of a scene; None if none does."""
    lists = [key for key, value in item.items() if is_rows(value)]
    named = [key for key in lists if names_rows(key)]
    if named:
        return named[0]
    return next((key for key in lists if not meaning_of(key).is_known and _tell(cast("list[Any]", item[key]))), None)


def names_rows(key: str) -> bool:
    """Return whether a key is what rows are called: `shots`, `planos`, `场景`.

    >>> names_rows("Planos"), names_rows("scène"), names_rows("personajes")
    (True, True, False)
    """
    return compact(fold(key)) in words("lists", "rows") or bool(_UNITS.intersection(meaning_of(key).fields))


def unread_list(item: Mapping[str, Any]) -> str | None:
    """Return the key of objects that are perhaps the film, in an object that says nothing else to be filmed."""
    known = {field for key, value in item.items() if not is_rows(value) for field in meaning_of(key).fields}
    if known & _TOLD:
        return None
    return next((key for key, value in item.items() if is_rows(value) and not meaning_of(key).is_known), None)


def keys_within(rows: Sequence[Any]) -> list[str]:
    """Return the keys of the objects in a list, each once."""
    return list(dict.fromkeys(key for row in _objects(rows) for key in row))


def names_film(key: str) -> bool:
    """Return whether a key is what a film's title, or the film, is called: `title`, `película`, `片名`."""
    return compact(fold(key)) in words("rows", "film")


def names_title(key: str) -> bool:
    """Return whether a key is what a title is called, and not only a film or a project.

    >>> names_title("título"), names_title("proyecto")
    (True, False)
    """
    return "title" in meaning_of(key).fields


def who_and_what(line: Mapping[str, str]) -> tuple[str, str]:
    """Return who speaks and what, of an object that is a line of speech; "" for what it does not say."""
    return _first(line, _SPOKEN_BY, _WHO), _first(line, _SPOKEN, _WHAT)


def as_scene_number(key: str) -> str:
    """Return what a key of a scene is called in its shots: its number is not that of a shot."""
    return "scene" if meaning_of(key).fields == ("shot",) else key


def _first(line: Mapping[str, str], names: Sequence[str], fields: frozenset[str]) -> str:
    found = next((line[name] for name in names if line.get(name)), "")
    return found or next((text for key, text in line.items() if text and fields & {*meaning_of(key).fields}), "")


def _tell(rows: Sequence[Any]) -> bool:
    """Whether objects say what is seen, and are no lines of speech."""
    fields = {field for key in keys_within(rows) for field in meaning_of(key).fields}
    return "description" in fields and len(fields) >= _FEWEST_KNOWN and not fields <= _WHO | _WHAT


def _objects(rows: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    yield from (cast("dict[str, Any]", row) for row in rows if isinstance(row, dict))
