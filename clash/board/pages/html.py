"""Build HTML: elements whose texts and attributes are always escaped, and in which nothing can run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

_NOT_SHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Controls, halves of surrogate pairs, and marks that turn the direction of what follows."""
_NAME = re.compile(r"[a-z][a-z0-9-]*", re.ASCII | re.IGNORECASE)
_ADDRESSES = frozenset({"href", "src", "action", "poster", "formaction", "data", "srcset"})
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "source", "track"})
_NEVER = frozenset({"style", "srcdoc"})


class Html(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


Child = Html | str | int | float | None | Iterable[Any]
"""What can be in an element: text, other elements, or several of them."""
NOTHING = Html("")


def text(value: object) -> Html:
    """Return a text as HTML. What cannot be shown becomes a replacement character.

    >>> text("<b>&")
    '&lt;b&gt;&amp;'
    """
    return Html(escape(_NOT_SHOWN.sub("\ufffd", str(value)), quote=True))


def join(*children: Child) -> Html:
    """Return children one after another; None is nothing.

    >>> join("a<", [Html("<br>"), None], 3)
    'a&lt;<br>3'
    """
    return Html("".join(_parts(children)))


def _parts(child: Child) -> Iterable[str]:
    if child is None:
        return
    if isinstance(child, Html):
        yield child
    elif isinstance(child, str | int | float):
        yield text(child)
    else:
        for part in child:
            yield from _parts(part)


def el(tag: str, /, *children: Child, **attributes: object) -> Html:
    """Return an element. `class_` is `class`, `data_slot` is `data-slot`; None and False leave an attribute out.

    Raises `ValueError` for what could run or be fetched from elsewhere: event handlers, `style`, addresses that do not
    begin with one `/`, `?` or `#`.

    >>> el("a", "x & y", href="/runs/1", class_="link")
    '<a href="/runs/1" class="link">x &amp; y</a>'
    >>> el("input", disabled=True, value=None)
    '<input disabled>'
    """
    told = "".join(_attribute(_attribute_name(key), value) for key, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{told}>")
    return Html(f"<{tag}{told}>{''.join(_parts(children))}</{tag}>")


def _attribute_name(key: str) -> str:
    return key.removesuffix("_").replace("_", "-")


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    if name in _NEVER or name.lower().startswith("on") or not _NAME.fullmatch(name):
        raise ValueError(f"no page has the attribute {name}")
    if value is True:
        return f" {name}"
    if name in _ADDRESSES and not _is_own(str(value)):
        raise ValueError(f"{name} does not lead to a page of the board: {value}")
    return f' {name}="{text(value)}"'


def _is_own(address: str) -> bool:
    return address[:1] in {"/", "?", "#"} and address[:2] not in {"//", "/\\"}
