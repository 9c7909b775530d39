"""Find a value in JSON that a vendor has answered, by its path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast


def at(body: object, paths: Sequence[str]) -> object:
    """Return the value at the first of these paths that has one (`data.0.url`); None where none has.

    `*` is the first item of a list in which the rest of the path has a value.

    >>> at({"data": [{"url": "x"}]}, ["error.code", "data.0.url"]), at({"a": None}, ["a"])
    ('x', None)
    >>> at({"parts": [{"text": "here"}, {"file": {"data": "x"}}]}, ["parts.*.file.data"])
    'x'
    """
    found = (_at(body, path.split(".")) for path in paths)
    return next((value for value in found if value is not None), None)


def _at(here: object, steps: Sequence[str]) -> object:
    for position, step in enumerate(steps):
        if isinstance(here, list):
            items = cast("list[object]", here)
            if step == "*":
                found = (_at(item, steps[position + 1 :]) for item in items)
                return next((value for value in found if value is not None), None)
            here = items[int(step)] if step.isdecimal() and int(step) < len(items) else None
        elif isinstance(here, dict):
            here = cast("dict[str, object]", here).get(step)
        else:
            return None
    return here
