"""What vendors sent, looked at: a file is what it says only if it can be decoded from its first byte to its last."""

from __future__ import annotations

import base64
import io
import warnings
from itertools import islice
from pathlib import Path
from typing import Any

from clash.config import Kind
from clash.errors import ProviderError

_MOST_PIXELS = 64_000_000
_MOST_FRAMES = 20_000
_MOST_DECODED_PIXELS = 60_000_000_000
"""Pixels of all frames of a clip: a minute of 4096x4096 at 60 frames a second. More would be decoded for hours."""
_LONGEST_S = 1800.0
_REFERENCE_SIDE = 1536
_REFERENCE_QUALITY = 92


def examined(kind: Kind, content: bytes) -> tuple[str, dict[str, Any]]:
    """Media type and facts of a file, all of which is decoded.

    Facts: width and height of pictures and clips; frames, fps, duration_s and has_sound of clips; duration_s of speech.
    Raises `ProviderError` (code `bad_answer`) for an empty file, and for one that breaks off or cannot be decoded.
    """
    if not content:
        raise bad_file("the vendor's file is empty")
    try:
        if kind == "image":
            return _picture(content)
        return _clip(content) if kind == "video" else _speech(content)
    except ProviderError:
        raise
    except Exception as error:  # what a decoder makes of bytes that anybody can have made has no end of types
        raise bad_file(f"the vendor's file cannot be decoded ({len(content)} bytes): {error}") from error


def bad_file(message: str) -> ProviderError:
    """A file that is not what it should be."""
    return ProviderError(message, code="bad_answer")


def _picture(content: bytes) -> tuple[str, dict[str, Any]]:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise bad_file(f"the vendor's picture is too large: {image.width}x{image.height}")
            image.load()
            return f"image/{str(image.format).lower()}", {"width": image.width, "height": image.height}


def _clip(content: bytes) -> tuple[str, dict[str, Any]]:
    import av

    if content[4:8] != b"ftyp":
        raise bad_file("the vendor's clip is no MP4")
    # The format is named: what only looks like a clip, a playlist of other addresses perhaps, is not followed.
    with av.open(io.BytesIO(content), "r", format="mp4") as container:
        if not container.streams.video:
            raise bad_file("the vendor's clip has no picture")
        stream, has_sound = container.streams.video[0], bool(container.streams.audio)
        stream.thread_type = "AUTO"
        width, height = int(stream.codec_context.width), int(stream.codec_context.height)
        declared, rate = int(stream.frames), float(stream.average_rate or 0)
        most = min(_MOST_FRAMES, _MOST_DECODED_PIXELS // max(1, width * height))
        if width * height > _MOST_PIXELS or declared > most:
            raise bad_file(f"the vendor's clip is too large: {declared} frames of {width}x{height}")
        frames = sum(1 for _ in islice(container.decode(stream), most + 1))
        if not frames or not rate:
            raise bad_file("the vendor's clip has no frames")
        if frames > most:
            raise bad_file(f"the vendor's clip has more than {most} frames of {width}x{height}")
        if frames < declared:
            raise bad_file(f"the vendor's clip breaks off: {frames} of {declared} frames")
    size = {"width": width, "height": height}
    facts = {**size, "frames": frames, "fps": round(rate, 3), "duration_s": round(frames / rate, 3)}
    return "video/mp4", {**facts, "has_sound": has_sound}


def _speech(content: bytes) -> tuple[str, dict[str, Any]]:
    import av

    media_type, container_format = _sound_type(content)
    with av.open(io.BytesIO(content), "r", format=container_format) as container:
        if not container.streams.audio:
            raise bad_file("the vendor's speech has no sound")
        stream = container.streams.audio[0]
        seconds = 0.0
        for frame in container.decode(stream):
            seconds += frame.samples / frame.sample_rate
            if seconds > _LONGEST_S:
                raise bad_file(f"the vendor's speech lasts more than {_LONGEST_S:.0f} s")
    if seconds <= 0:
        raise bad_file("the vendor's speech lasts 0 s")
    return media_type, {"duration_s": round(seconds, 3)}


def _sound_type(content: bytes) -> tuple[str, str]:
    """Media type, and the name that FFmpeg has for the format."""
    if content[8:12] == b"WAVE":
        return "audio/wav", "wav"
    if content[4:8] == b"ftyp":
        return "audio/mp4", "mp4"
    if content.startswith(b"ID3") or (content[0] == 0xFF and len(content) > 1 and content[1] > 0xDF):
        return "audio/mpeg", "mp3"
    raise bad_file("the vendor's speech is neither WAV nor MP3 nor MP4")


def reference_uri(path: Path) -> str:
    """A stored picture as a data URI, small enough to be sent along: JPEG, at most 1,536 pixels a side."""
    from PIL import Image

    with Image.open(path) as image:
        shown = image.convert("RGB")
    shown.thumbnail((_REFERENCE_SIDE, _REFERENCE_SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    shown.save(stream, "JPEG", quality=_REFERENCE_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
