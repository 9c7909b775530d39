"""JSON as people's programs write it: keys that stand twice, halves of characters, numbers of any length."""

from __future__ import annotations

import json
from typing import Any, cast

from clash.story.grid import shortened

_LONGEST_NUMBER = 300
"""Digits; a longer number is kept as its text."""
_MOST_NAMED = 10


class JsonText:
    """Reads JSON without losing a value, and remembers what is to be warned of."""

    def __init__(self) -> None:
        self._twice: dict[str, None] = {}
        self._has_halves = False

    def loads(self, text: str) -> Any:
        """The value of a JSON text. Raises `ValueError` and `RecursionError` as `json.loads` does."""
        return json.loads(text, object_pairs_hook=self._object, parse_int=_number)

    def whole(self, text: str) -> str:
        """`text` with U+FFFD for each half of a character (a lone surrogate), which no file can hold."""
        if not any("\ud800" <= letter <= "\udfff" for letter in text):
            return text
        self._has_halves = True
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    @property
    def warnings(self) -> list[str]:
        """What was read otherwise than it was written."""
        named = list(self._twice)
        found = [
            f"the key {shortened(self.whole(key), 40)} stands twice in an object: both values are kept"
            for key in named[:_MOST_NAMED]
        ]
        if len(named) > _MOST_NAMED:
            found.append(f"{len(named) - _MOST_NAMED} more keys stand twice in an object: all their values are kept")
        if self._has_halves:
            found.append("halves of characters (lone surrogates) were each read as \N{REPLACEMENT CHARACTER}")
        return found

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        together: dict[str, list[Any]] = {}
        for key, value in pairs:
            together.setdefault(key, []).append(value)
        for key, values in together.items():
            if len(values) > 1:
                self._twice[key] = None
        return {key: values[0] if len(values) == 1 else _joined(values) for key, values in together.items()}


def _joined(values: list[Any]) -> Any:
    """Values under one key: lists one after the other, texts as lines, equal ones once."""
    distinct: list[Any] = []
    for value in values:
        if value is not None and value not in distinct[-1:]:
            distinct.append(value)
    if len(distinct) < 2:
        return distinct[0] if distinct else None
    if any(isinstance(value, list | dict) for value in distinct):
        joined: list[Any] = []
        for value in distinct:
            joined.extend(cast("list[Any]", value) if isinstance(value, list) else [value])
        return joined
    return "\n".join(str(value) for value in distinct if not isinstance(value, bool))


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits
