"""How values of checkpoints become bytes: strict about what is read, without secrets, compressed where they are large.

A value of more than `COMPRESSED_FROM` bytes is compressed with zlib where that makes it smaller, and its type then ends
in `+zlib` (`msgpack+zlib`). Rows that an older clash or LangGraph's own saver wrote have no such ending and are read as
they are; an older clash, and LangGraph's own saver, refuse a type that they do not know.
"""

from __future__ import annotations

import zlib
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from clash.redaction import hide, hide_in

COMPRESSED_FROM = 4096
COMPRESSED = "+zlib"
_MOST_BYTES = 512 * 2**20
"""A larger value is stored as it is, and nothing is unpacked to more: a few bytes could name any amount of memory."""


class Serializer(JsonPlusSerializer):
    """Writes checkpoints without the secrets that this process knows, and compresses large values."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Return the type and the bytes of a value."""
        # An error that ended a task is stored as its words; those of a library may repeat a key.
        plain = hide(repr(obj)) if isinstance(obj, BaseException) else hide_in(obj)
        return _compressed(*super().dumps_typed(plain))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Return the value of a type and bytes. Raises `ValueError` for compressed bytes that are damaged."""
        kind, content = data
        if kind.endswith(COMPRESSED):
            kind, content = kind.removesuffix(COMPRESSED), _unpacked(content)
        return super().loads_typed((kind, content))


def strict_serializer() -> JsonPlusSerializer:
    """Return what reads plain JSON types and LangGraph's own; anything else comes back inert.

    Another one imports and calls whatever the bytes of a checkpoint name (langgraph.checkpoint.serde).
    """
    return Serializer(allowed_msgpack_modules=None)


def _compressed(kind: str, content: bytes) -> tuple[str, bytes]:
    if not COMPRESSED_FROM < len(content) <= _MOST_BYTES:
        return kind, content
    packed = zlib.compress(content)
    return (f"{kind}{COMPRESSED}", packed) if len(packed) < len(content) else (kind, content)


def _unpacked(content: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(content, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"a compressed value cannot be unpacked: {error}") from error
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("a compressed value is cut off, or has something behind its end, or is too large")
    return unpacked
