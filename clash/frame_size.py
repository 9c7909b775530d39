"""Read the size and the rate of a film's frames."""

from __future__ import annotations

import re

from clash.errors import UsageError

_SIZE = re.compile(r"(\d{1,6})\s*[xX×]\s*(\d{1,6})")


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height in pixels of a size such as `1280x720`. Raises `UsageError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"size {text!r} is not WIDTHxHEIGHT", hint="for example --size 1280x720")
    width, height = int(match[1]), int(match[2])
    hint = "for example --size 1280x720"
    if not (64 <= width <= 4096 and 64 <= height <= 4096):
        raise UsageError(f"size {text!r}: width and height must be between 64 and 4096", hint=hint)
    if width % 2 or height % 2:
        raise UsageError(f"size {text!r}: width and height must both be even (H.264 4:2:0)", hint=hint)
    return width, height


def check_fps(fps: int) -> int:
    """Return the frame rate. Raises `UsageError` unless it is 8 to 60."""
    if not 8 <= fps <= 60:
        raise UsageError(f"fps {fps} is not between 8 and 60", hint="for example --fps 24")
    return fps
