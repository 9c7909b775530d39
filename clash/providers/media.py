"""What vendors sent, looked at: a file is what it says only if it can be decoded from its first byte to its last."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import Any

from clash.config import Kind
from clash.errors import ProviderError

_MOST_PIXELS = 64_000_000
_LONGEST_S = 1800.0
_REFERENCE_SIDE = 1536
_REFERENCE_QUALITY = 92


def examined(kind: Kind, content: bytes) -> tuple[str, dict[str, Any]]:
    """Media type and facts of a file, all of which is decoded.

    Facts: width and height of pictures and clips; frames, fps and duration_s of clips; duration_s of speech.
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
    with av.open(io.BytesIO(content), "r") as container:
        if not container.streams.video:
            raise bad_file("the vendor's clip has no picture")
        stream: Any = container.streams.video[0]
        stream.thread_type = "AUTO"
        declared, frames = int(stream.frames), sum(1 for _ in container.decode(stream))
        rate = float(stream.average_rate or 0)
        if not frames or not rate:
            raise bad_file("the vendor's clip has no frames")
        if frames < declared:
            raise bad_file(f"the vendor's clip breaks off: {frames} of {declared} frames")
        size = {"width": stream.codec_context.width, "height": stream.codec_context.height}
    facts = {**size, "frames": frames, "fps": round(rate, 3), "duration_s": round(frames / rate, 3)}
    return "video/mp4", facts


def _speech(content: bytes) -> tuple[str, dict[str, Any]]:
    import av

    with av.open(io.BytesIO(content), "r") as container:
        if not container.streams.audio:
            raise bad_file("the vendor's speech has no sound")
        stream: Any = container.streams.audio[0]
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(stream))
    if not 0 < seconds <= _LONGEST_S:
        raise bad_file(f"the vendor's speech lasts {seconds:.1f} s")
    return _sound_type(content), {"duration_s": round(seconds, 3)}


def _sound_type(content: bytes) -> str:
    if content[8:12] == b"WAVE":
        return "audio/wav"
    if content[4:8] == b"ftyp":
        return "audio/mp4"
    if content.startswith(b"ID3") or (content[0] == 0xFF and content[1] > 0xDF):
        return "audio/mpeg"
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
