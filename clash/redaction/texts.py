"""Make what servers and libraries say fit to be stored: without keys, signed addresses and embedded files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from clash.redaction.registry import HIDDEN, hide, hide_foreign

_LONGEST_TEXT = 2000
_SECRET_NAMES = re.compile(r"authorization|api[-_]?key|secret|password|cookie|\btoken\b", re.IGNORECASE)
_SECRETS = re.compile(r"\b(?:sk|key|fal)-[A-Za-z0-9_-]{8,}|\b(?:Bearer|Key|Basic)\s+[A-Za-z0-9+/=:._-]{8,}")
_DATA_URI = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,[A-Za-z0-9+/=]*", re.IGNORECASE)
_SIGNED = re.compile(r"(https?://[^\s\"'<>?#]+)[?#][^\s\"'<>]*")
_USER_IN_URL = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{0,30}://)[^/?#\s\"'<>]*@")


def without_password(url: str) -> str:
    """Return an address, or a text with addresses in it, without user and password.

    >>> without_password("d1://me:pw@films")
    'd1://films'
    """
    return _USER_IN_URL.sub(r"\1", url)


def safe_url(url: str) -> str:
    """Return an address without the parts that may be secret: query, fragment, user.

    >>> safe_url("https://me:pw@v3.fal.media/files/a.mp4?sig=abc#t")
    'https://v3.fal.media/files/a.mp4'
    """
    return hide(without_password(url.partition("#")[0].partition("?")[0]))[:_LONGEST_TEXT]


def safe_message(text: str) -> str:
    """Return an error's message without known secrets, and without passwords of addresses."""
    return hide(without_password(text) if "://" in text else text)


def safe_exception(error: BaseException) -> str:
    """Return the name and the message of a library's error, without known secrets.

    >>> safe_exception(ValueError("cannot read https://me:pw@host/"))
    'ValueError: cannot read https://host/'
    """
    return f"{type(error).__name__}: {_SECRETS.sub(HIDDEN, hide_foreign(without_password(str(error))))}"


def redacted_text(text: str) -> str:
    """Return a server's text without keys, signed addresses and embedded files, at most 2,000 characters."""
    text = _DATA_URI.sub(lambda match: f"<{match[1]}, {len(match[0])} characters>", text)
    text = _SIGNED.sub(r"\1", without_password(text))
    return hide_foreign(_SECRETS.sub(HIDDEN, text))[:_LONGEST_TEXT]


def redacted(value: object) -> Any:
    """Do the same for plain values, and leave out what is under a name such as `authorization` or `api_key`."""
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {
            redacted_text(str(name)): HIDDEN
            if _SECRET_NAMES.search(str(name)) and isinstance(item, str)
            else redacted(item)
            for name, item in items
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [redacted(item) for item in cast("Sequence[object]", value)[:50]]
    return value if value is None or isinstance(value, bool | int | float) else redacted_text(str(value))
