"""Is the answer what was asked for? An empty or truncated file is a failure, never a success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clash.errors import ProviderError
from clash.providers.ports import Answer, Kind

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


def _starts_as(media_type: str, content: bytes) -> bool:
    head = content[:16]
    match media_type:
        case "image/png":
            return head.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in content[-16:]
        case "image/jpeg":
            return head.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content[-64:]
        case "image/webp":
            return head.startswith(b"RIFF") and head[8:12] == b"WEBP"
        case "video/mp4" | "audio/mp4":
            return head[4:8] == b"ftyp"
        case "audio/wav":
            return head.startswith(b"RIFF") and head[8:12] == b"WAVE"
        case "audio/mpeg":
            return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)
        case _:
            return content.lstrip()[:1] in (b"{", b"[")


def check_answer(kind: Kind, answer: Answer) -> None:
    """Raises `ProviderError` (code `bad_answer`) unless the file can be what its type says."""
    size = len(answer.content)
    if size == 0:
        raise ProviderError("the provider answered with an empty file", code="bad_answer", retryable=True)
    if size > MAX_BYTES[kind]:
        raise ProviderError(f"the provider answered with {size} bytes, which is too much", code="bad_answer")
    if answer.media_type not in _MEDIA_TYPES[kind]:
        expected = ", ".join(_MEDIA_TYPES[kind])
        raise ProviderError(f"the provider answered with {answer.media_type!r}; expected {expected}", code="bad_answer")
    if not _starts_as(answer.media_type, answer.content):
        raise ProviderError(
            f"the provider's file is no whole {answer.media_type} ({size} bytes)", code="bad_answer", retryable=True
        )
