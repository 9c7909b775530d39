"""Find a value in JSON that a vendor has answered, by its path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast


def at(body: object, paths: Sequence[str]) -> object:
    """Return the value at the first of these paths that has one (`data.0.url`); None where none has.

    >>> at({"data": [{"url": "x"}]}, ["error.code", "data.0.url"]), at({"a": None}, ["a"])
    ('x', None)
    """
    for path in paths:
        here = body
        for step in path.split("."):
            if isinstance(here, list) and step.isdecimal():
                items = cast("list[object]", here)
                here = items[int(step)] if int(step) < len(items) else None
            elif isinstance(here, dict):
                here = cast("dict[str, object]", here).get(step)
            else:
                here = None
        if here is not None:
            return here
    return None
