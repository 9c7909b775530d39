"""Read what a server sends without trusting it: bodies of limited size, JSON of limited depth and length."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx

MOST_VALUES = 200_000
"""The most values in one JSON body. More could take a hundred times the body's size in memory."""
DEEPEST = 64
"""How deeply lists and objects may be nested in one JSON body."""
ACCEPTED_ENCODING = "gzip"
"""The compression that requests accept, which `read_body` unpacks piece by piece."""
_SECONDS = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_LONGEST_DATE = 60
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A string of JSON, also one that never ends: a search for it takes no longer than the body is."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class UnreadableBodyError(Exception):
    """A body whose compressed data is cut short, that is compressed in another way than asked for, or is too large."""


class TooLargeError(UnreadableBodyError):
    """A body that is larger than allowed, compressed or unpacked."""


async def read_body(response: httpx.Response, most_bytes: int, into: bytearray | None = None) -> bytes:
    """Return the body of a streamed response, unpacked, at most `most_bytes` bytes of it on the wire and in memory.

    `into` holds what has come so far, also after an error. Raises `UnreadableBodyError`, `TooLargeError`, and what
    httpx raises.
    """
    content = bytearray() if into is None else into
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise UnreadableBodyError(f"it is compressed as {packed[:40]}, which was not asked for")
    unpacking = zlib.decompressobj(_GZIP_OR_ZLIB) if packed not in ("", "identity") else None
    received = 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        room = most_bytes - len(content)
        if unpacking is not None:
            try:
                # One byte more than the limit tells a body that is too large from one that just fits.
                chunk = unpacking.decompress(chunk, room + 1)
            except zlib.error as error:
                raise UnreadableBodyError(f"its {packed} data cannot be unpacked: {error}") from error
        content += chunk[:room]
        if len(chunk) > room or received > most_bytes:
            raise TooLargeError(f"it is larger than {_size(most_bytes)}")
    if unpacking is not None and received and not unpacking.eof:
        raise UnreadableBodyError(f"its {packed} data ends after {received} bytes, which is too early")
    return bytes(content)


def json_of(body: bytes, *, most_values: int = MOST_VALUES, deepest: int = DEEPEST) -> Any:
    """Return the value of a JSON body. Raises `ValueError` if it is not JSON, too deep, or has too many values."""
    # What is within strings is no value; it is left out only where there may be too many, for that takes longer.
    if _values(body) > most_values and _values(_STRING.sub(b"", body)) > most_values:
        raise ValueError(f"it has more than {most_values} values")
    try:
        value: object = json.loads(body)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None
    level = [value]
    for _ in range(deepest + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return value
    raise ValueError(f"its values are nested more than {deepest} deep")


def _values(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []


def retry_after_s(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Return the seconds that an answer asks to wait, which it gives as a number or a date; None if it gives neither.

    >>> retry_after_s({"retry-after": "2.5"}), retry_after_s({"retry-after": "1e99"}), retry_after_s({})
    (2.5, None, None)
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return max(0.0, float(text))
    if not text.isascii() or len(text) > _LONGEST_DATE:
        return None
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
    return max(0.0, until - (time.time() if now is None else now))


def _size(count: int) -> str:
    return f"{count >> 20} MB" if count >= 1 << 20 else f"{count} bytes"
