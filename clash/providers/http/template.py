"""Fill a vendor's template with what a call asks for, and read a value at a path of its answer.

In a template, the text "$name" stands for a value of any kind, and "${name}" inside of a text for its words. What has
no value is left out: an entry of a table, an item of a list. A table in a list is left out as a whole where one of its
values is missing. An item of a list that names `reference` is there once for each picture that is sent along. An
entry whose name ends with `?` is left out as a whole where one of its values is missing, and nothing around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

from clash.providers.json_paths import at

_WHOLE = re.compile(r"\$([a-z_][a-z0-9_]*)")
_INSIDE = re.compile(r"\$\{([a-z_][a-z0-9_]*)\}")
_OPTIONAL = "?"
_EACH = {"reference": "references", "reference_base64": "references_base64"}
"""What names one picture in a list, and the value that holds all of them."""


class _MissingError(Exception):
    """A value that a template names and a call does not have."""


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return the template with its values.

    >>> body = {"text": "a ${size} sea", "seed": "$seed", "images": [{"url": "$reference"}, {"url": "$last_frame"}]}
    >>> fill(body, {"size": "2K", "seed": None, "references": ["x", "y"]})
    {'text': 'a 2K sea', 'images': [{'url': 'x'}, {'url': 'y'}]}
    """
    if isinstance(template, Mapping):
        return _filled_table(cast("Mapping[str, Any]", template), values)
    if isinstance(template, list):
        return _filled_list(cast("list[Any]", template), values)
    return _value(template, values)


def _filled_table(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, part in template.items():
        if name.endswith(_OPTIONAL) and any(values.get(one) is None for one in _own_names(part)):
            continue
        try:
            value = fill(part, values)
        except _MissingError:
            continue
        # A table or a list of which nothing is left says nothing; one that is empty in the file is meant so.
        if value not in ({}, []) or part == value:
            made[name.removesuffix(_OPTIONAL)] = value
    return made


def _filled_list(template: Sequence[Any], values: Mapping[str, Any]) -> list[Any]:
    made: list[Any] = []
    for part in template:
        each = next((name for name in _own_names(part) if name in _EACH), None)
        rounds = [values] if each is None else [{**values, each: one} for one in values.get(_EACH[each]) or ()]
        for known in rounds:
            if all(known.get(name) is not None for name in _own_names(part)):
                made.append(fill(part, known))
    return made


def _own_names(template: Any) -> Iterator[str]:
    """The values without which a part is nothing: not those of a list in it, nor those that may be missing."""
    if isinstance(template, Mapping):
        for name, part in cast("Mapping[str, Any]", template).items():
            if not name.endswith(_OPTIONAL):
                yield from _own_names(part)
    elif isinstance(template, str):
        yield from names_in(template)


def _value(template: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(template, str):
        return template
    if whole := _WHOLE.fullmatch(template):
        value = values.get(whole[1])
        if value is None or value == []:
            raise _MissingError
        return value
    if any(values.get(name) is None for name in _INSIDE.findall(template)):
        raise _MissingError
    return _INSIDE.sub(lambda match: str(values[match[1]]), template)


def fill_text(template: str, values: Mapping[str, str]) -> str:
    """Return a header's value with its values."""
    return _INSIDE.sub(lambda match: values[match[1]], template)


def fill_path(template: str, values: Mapping[str, str]) -> str:
    """Return an address with its values, each quoted for its place: slashes stay in front of the `?` only."""
    path, mark, query = template.partition("?")
    filled = _INSIDE.sub(lambda match: quote(values[match[1]], safe="/:"), path)
    return filled + mark + _INSIDE.sub(lambda match: quote(values[match[1]], safe=""), query)


def names_in(template: Any) -> Iterator[str]:
    """Yield the names of all values that a template names."""
    if isinstance(template, Mapping):
        for part in cast("Mapping[str, Any]", template).values():
            yield from names_in(part)
    elif isinstance(template, list):
        for part in cast("list[Any]", template):
            yield from names_in(part)
    elif isinstance(template, str):
        whole = _WHOLE.fullmatch(template)
        yield from [whole[1]] if whole else _INSIDE.findall(template)


def text_at(body: object, paths: Sequence[str]) -> str:
    """Return the value there as text: a text or a number; "" for anything else."""
    value = at(body, paths)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def state_at(body: object, paths: Sequence[str]) -> str:
    """Return how a job stands: a text, a number, `true` or `false`; "" where the answer does not say."""
    value = at(body, paths)
    return str(value).lower() if isinstance(value, bool) else text_at(body, paths)
