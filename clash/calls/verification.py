"""Is the answer what was asked for? An empty or truncated file is a failure, never a success.

What is checked is what a download that breaks off, or a model that runs out of tokens, leaves undone: that the file is
as long as it says, and ends as its format does. Whether it can be played is found where it is played.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from pydantic import ValidationError

from clash.errors import ProviderError
from clash.providers.ports import Answer, Kind, screenplay_of

MAX_BYTES: Final[Mapping[Kind, int]] = {
    "screenplay": 32 << 20,
    "image": 128 << 20,
    "video": 2 << 30,
    "speech": 256 << 20,
}

_MEDIA_TYPES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "screenplay": ("application/json",),
    "image": ("image/png", "image/jpeg", "image/webp"),
    "video": ("video/mp4",),
    "speech": ("audio/wav", "audio/mpeg", "audio/mp4"),
}
_UNKNOWN_LENGTH = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""What encoders that stream write where a RIFF file's length belongs."""


def check_answer(kind: Kind, answer: Answer) -> None:
    """Raises `ProviderError` (code `bad_answer`) unless the file can be what its type says."""
    content = cast("object", answer.content)  # a plug-in may break its promise
    if not isinstance(content, bytes):
        raise _bad(f"the provider answered with {type(content).__name__} in place of bytes")
    size = len(content)
    if size == 0:
        raise _bad("the provider answered with an empty file", retryable=True)
    if size > MAX_BYTES[kind]:
        raise _bad(f"the provider answered with {size} bytes, which is too much")
    if answer.media_type not in _MEDIA_TYPES[kind]:
        expected = ", ".join(_MEDIA_TYPES[kind])
        raise _bad(f"the provider answered with {answer.media_type!r}; expected {expected}")
    if kind == "screenplay":
        _check_screenplay(content)
    elif not _is_whole(answer.media_type, content):
        raise _bad(f"the provider's file is no whole {answer.media_type} ({size} bytes)", retryable=True)


def _bad(message: str, *, retryable: bool = False) -> ProviderError:
    return ProviderError(message, code="bad_answer", retryable=retryable)


def _check_screenplay(content: bytes) -> None:
    try:
        screenplay_of(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _bad(
            f"the provider's screenplay cannot be read: {where and f'{where}: '}{first['msg']}", retryable=True
        ) from error


def _is_whole(media_type: str, content: bytes) -> bool:
    match media_type:
        case "image/png":
            return content.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in content[-16:]
        case "image/jpeg":
            return content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content[-64:]
        case "image/webp":
            return content[8:12] == b"WEBP" and _is_whole_riff(content)
        case "audio/wav":
            return content[8:12] == b"WAVE" and _is_whole_riff(content)
        case "video/mp4" | "audio/mp4":
            return content[4:8] == b"ftyp" and _is_whole_mp4(content)
        case _:
            # An MP3 is a run of frames without a length; any part of one is one.
            return content.startswith(b"ID3") or (content[0] == 0xFF and content[1:2] > b"\xdf")


def _is_whole_riff(content: bytes) -> bool:
    length = int.from_bytes(content[4:8], "little")
    return content.startswith(b"RIFF") and (length in _UNKNOWN_LENGTH or length + 8 <= len(content))


def _is_whole_mp4(content: bytes) -> bool:
    """Whether its boxes fill the file to its end, and the one that says where everything is, is among them."""
    position, kinds = 0, set[bytes]()
    while position + 8 <= len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        kinds.add(content[position + 4 : position + 8])
        if length == 1:
            length = int.from_bytes(content[position + 8 : position + 16], "big")
        if length == 0:  # to the end of the file
            break
        position += max(length, 8)
    return b"moov" in kinds and position <= len(content)
