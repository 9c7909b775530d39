"""Find the JSON object in what a model said: between thoughts, code fences and sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

_THOUGHTS = r"think|thinking|thought|thoughts|reasoning|reflection"
_TAG = re.compile(rf"<\s{{0,9}}(/?)\s{{0,9}}(?:{_THOUGHTS})\s{{0,9}}>", re.IGNORECASE)
_START = re.compile(r"\{(?=\s*[\"}])")
_MOST_STARTS = 200
_LONGEST = 4 << 20
"""Letters of an answer that are searched. A screenplay of one part has a hundredth of it."""
_WRAPPINGS = 3
_DECODER = json.JSONDecoder(strict=False)


def objects_in(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects in a text, the likeliest answer first.

    What follows the thoughts comes before what is in them, and a later object before an earlier one: a model that
    writes two objects corrects itself.

    >>> objects_in('<think>{"a": 0}?</think> Here it is: ```json {"a": 1} ```')
    [{'a': 1}, {'a': 0}]
    """
    text = text[:_LONGEST]
    found: list[dict[str, Any]] = []
    for region in (without_thoughts(text), text):
        for one in reversed(list(_objects(region))):
            if one not in found:
                found.append(one)
    return found


def without_thoughts(text: str) -> str:
    """Return a text without its thoughts: closed blocks, and all before a closing tag whose opening is not there.

    >>> without_thoughts("<think>What?</think>This. <think>never closed")
    'This. never closed'
    """
    spoken: list[str] = []
    end, opened = 0, False
    for tag in _TAG.finditer(text):
        closes = bool(tag[1])
        if closes and not opened:
            spoken.clear()
        elif not opened:
            spoken.append(text[end : tag.start()])
        if closes or not opened:
            end = tag.end()
        opened = not closes
    return "".join((*spoken, text[end:]))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    whole = _decoded(text.strip())
    if whole is not None:
        yield from _unwrapped(whole)
        return
    end = starts = 0
    for match in _START.finditer(text):
        if match.start() < end:
            continue
        starts += 1
        if starts > _MOST_STARTS:
            return
        try:
            value, end = _DECODER.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        yield from _unwrapped(value)


def _decoded(text: str) -> object | None:
    try:
        return cast("object", _DECODER.decode(text))
    except (ValueError, RecursionError):
        return None


def _unwrapped(value: object) -> Iterator[dict[str, Any]]:
    """Take an object out of what models wrap it in: a list of one, `{"screenplay": {...}}`, JSON inside a string."""
    for _ in range(_WRAPPINGS):
        if isinstance(value, str):
            value = _decoded(value.strip())
        elif isinstance(value, list) and len(cast("list[object]", value)) == 1:
            value = cast("list[object]", value)[0]
        elif isinstance(value, dict):
            inner = _wrapped(cast("dict[str, object]", value))
            if inner is None:
                yield cast("dict[str, Any]", value)
                return
            value = inner
    if isinstance(value, dict):
        yield cast("dict[str, Any]", value)


def _wrapped(value: dict[str, object]) -> object | None:
    if len(value) == 1:
        (inner,) = value.values()
        return cast("object", inner) if isinstance(inner, dict) else None
    # A tool call that a server did not take apart.
    inner = value.get("arguments", value.get("parameters"))
    return cast("object", inner) if "name" in value and isinstance(inner, dict | str) else None
