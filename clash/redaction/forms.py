"""The forms in which a secret may appear: as it is, and as servers, libraries and logs encode it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_SHORTEST = 4
"""Shorter values are not replaced: a key of three letters occurs in ordinary sentences."""
SHORTEST_ALONE = 16
"""Forms of this length and more are replaced everywhere; shorter ones only where no letter or digit is next to them."""
_SHORTEST_GUESSED = 8
_SHORTEST_ENCODED = 8
_SHORTEST_RUN = 12
_MOST_RUNS = 100
_RUN = re.compile(rf"[A-Za-z0-9]{{{_SHORTEST_RUN},}}")
_NO_SECRETS = {"none", "null", "true", "false"}
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=%25[0-9A-Fa-f]{2})|(?<=\\[nrt])|(?<=\\u[0-9A-Fa-f]{4}))"
_AFTER = r"(?![A-Za-z0-9])"


class Form(NamedTuple):
    """One form of a secret, in lower case: case is ignored, because servers change it.

    `sure`: no text contains it by accident. Other forms, of a key such as `test`, are replaced only in texts of servers
    and libraries. `alone`: it is replaced wherever it occurs, even within a longer word.
    """

    text: str
    sure: bool
    alone: bool = False

    @property
    def pattern(self) -> str:
        """A regular expression that finds the form."""
        found = re.escape(self.text)
        return found if self.alone else f"{_BEFORE}{found}{_AFTER}"


def forms_of(value: str, *, named_key: bool) -> Iterator[Form]:
    """Yield every form of a value that is a secret.

    `named_key`: it is known to be a key, not only held by a variable whose name sounds like one.
    """
    for part in _parts_of(value.strip()):
        sure = _is_sure(part, shortest=_SHORTEST if named_key else _SHORTEST_GUESSED)
        for text in _written_out(part):
            yield _form(text, sure)
        for text in _as_hex(part):
            yield _form(text, sure)
        for text in _as_base64(part):
            if len(text) >= _SHORTEST_ENCODED:
                yield Form(text.lower(), sure, alone=True)
    # However the characters between them are escaped, the long runs of letters and digits stay as they are.
    for run in _RUN.findall(value)[:_MOST_RUNS]:
        if _is_sure(run, shortest=_SHORTEST_RUN) and (re.search(r"\d", run) or len(run) >= 24):
            yield _form(run, True)


def form_of_userinfo(userinfo: str) -> Form:
    """Return the form of what is before the @ of an address; it includes the @, so no ordinary word matches."""
    return Form(f"{userinfo}@".lower(), sure=True, alone=True)


def _form(text: str, sure: bool) -> Form:
    return Form(text.lower(), sure, alone=len(text) >= SHORTEST_ALONE)


def _parts_of(value: str) -> list[str]:
    """Return the whole, and the halves of `id:secret`: either may appear without the other."""
    halves = value.split(":") if re.fullmatch(r"[^\s\"'{}:]+(?::[^\s\"'{}:]+){1,2}", value) else []
    parts = [value, *halves]
    lines = [line.strip() for line in value.splitlines()] if "\n" in value else []
    found = dict.fromkeys([*parts, *lines])
    if "%" in value:  # a password of an address is sent unquoted
        from urllib.parse import unquote

        found |= dict.fromkeys(map(unquote, list(found)))
    return [part for part in found if len(part) >= _SHORTEST and part.lower() not in _NO_SECRETS]


def _is_sure(text: str, *, shortest: int) -> bool:
    """Return whether a text resembles no ordinary word or number."""
    mixed = any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)
    return len(text) >= 16 or (mixed and len(text) >= shortest)


def _written_out(text: str) -> Iterator[str]:
    """Yield the text as it is, and as URLs, JSON, HTML and Python escape it."""
    import html
    import json
    from urllib.parse import quote, quote_plus

    yield text
    quoted = quote(text, safe="")
    yield from (quoted, quote(text), quote_plus(text), quote(quoted, safe=""))
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield from (escaped, escaped.replace("/", "\\/"), json.dumps(escaped)[1:-1])
    yield html.escape(text)
    yield repr(text)[1:-1]
    yield text.replace("\\", "\\\\").replace("'", "\\'")
    data = text.encode("utf-8", "replace")
    yield "".join(f"%{byte:02x}" for byte in data)
    yield "".join(f"\\x{byte:02x}" for byte in data)
    for slashes in ("\\", "\\\\"):
        yield "".join(f"{slashes}u{ord(letter):04x}" for letter in text)
    yield "".join(f"&#{ord(letter)};" for letter in text)
    yield "".join(f"&#x{ord(letter):x};" for letter in text)
    yield text[::-1]


def _as_hex(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "replace")
    yield from (data.hex(), data.hex(":"), data.hex(" "))


def _as_base64(text: str) -> Iterator[str]:
    """Yield the base64 of a text, alone or within a longer text, for each of its three possible offsets."""
    import base64

    data = text.encode("utf-8", "replace")
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + data).decode("ascii")
        # Letters that also encode bits of what is before or after are left out.
        first = (before * 8 + 5) // 6
        last = (before + len(data)) * 8 // 6
        core = coded[first:last]
        yield core
        yield core.replace("+", "-").replace("/", "_")
    yield base64.b32encode(data).decode("ascii").rstrip("=")
