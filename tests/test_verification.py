"""An answer that is empty, cut off or of another kind is never taken for what was bought."""

from __future__ import annotations

import io
import json
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from clash.calls.verification import check_answer
from clash.errors import ProviderError
from clash.providers.ports import Answer, Kind
from clash.story.screenplay import Screenplay


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((64, 64), 40).convert("RGB").save(stream, kind)
    return stream.getvalue()


def sound() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(256)) * 20)
    return stream.getvalue()


def streamed_sound() -> bytes:
    """As encoders write it that do not know yet how long it will be."""
    whole = bytearray(sound())
    whole[4:8] = whole[40:44] = b"\xff\xff\xff\xff"
    return bytes(whole)


def clip(*, at_the_end: bool = False) -> bytes:
    options = {} if at_the_end else {"movflags": "faststart"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", options=options) as file:
            track = file.add_stream("libx264", rate=8)
            track.width = track.height = 64
            track.pix_fmt = "yuv420p"
            noise = np.random.default_rng(1)
            for _ in range(8):
                frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (64, 64, 3), dtype=np.uint8), format="rgb24")
                file.mux(track.encode(frame))
            file.mux(track.encode())
        return path.read_bytes()


def screenplay() -> bytes:
    return (
        Screenplay(title="T", language="en", style="s", characters=(), locations=(), scenes=())
        .model_dump_json()
        .encode()
    )


GOOD: dict[str, tuple[Kind, str, Callable[[], bytes]]] = {
    "png": ("image", "image/png", lambda: picture("PNG")),
    "jpeg": ("image", "image/jpeg", lambda: picture("JPEG")),
    "webp": ("image", "image/webp", lambda: picture("WEBP")),
    "mp4": ("video", "video/mp4", clip),
    "mp4, index last": ("video", "video/mp4", lambda: clip(at_the_end=True)),
    "wav": ("speech", "audio/wav", sound),
    "json": ("screenplay", "application/json", screenplay),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_whole_file_is_taken(name: str) -> None:
    """What Pillow, PyAV and the wave module write passes."""
    kind, media_type, make = GOOD[name]
    check_answer(kind, Answer(make(), media_type))


def test_a_sound_of_unknown_length_is_taken() -> None:
    """Speech services stream: their WAV says that its length is unknown."""
    check_answer("speech", Answer(streamed_sound(), "audio/wav"))


@pytest.mark.parametrize("part", [0.999, 0.7, 0.3, 0.02])
@pytest.mark.parametrize("name", GOOD)
def test_a_file_that_breaks_off_is_refused(name: str, part: float) -> None:
    """Cut anywhere, it is no answer; another try may help."""
    kind, media_type, make = GOOD[name]
    content = make()
    with pytest.raises(ProviderError) as refused:
        check_answer(kind, Answer(content[: max(1, min(len(content) - 1, round(len(content) * part)))], media_type))
    assert (refused.value.code, refused.value.retryable) == ("bad_answer", True)


@pytest.mark.parametrize("name", GOOD)
def test_an_empty_file_is_refused(name: str) -> None:
    """A 200 with nothing in it is a failure."""
    kind, media_type, _ = GOOD[name]
    with pytest.raises(ProviderError, match="empty"):
        check_answer(kind, Answer(b"", media_type))


@pytest.mark.parametrize(("asked", "answered"), [("png", "jpeg"), ("wav", "mp4"), ("mp4", "wav"), ("json", "png")])
def test_a_file_of_another_kind_is_refused(asked: str, answered: str) -> None:
    """Both when its type says so, and when its type lies."""
    kind, media_type, _ = GOOD[asked]
    _, other_type, make = GOOD[answered]
    with pytest.raises(ProviderError):
        check_answer(kind, Answer(make(), media_type))
    if other_type.partition("/")[0] != media_type.partition("/")[0]:
        with pytest.raises(ProviderError, match="expected"):
            check_answer(kind, Answer(make(), other_type))


@pytest.mark.parametrize("page", [b"<html>502 Bad Gateway</html>", b'{"error": "overloaded"}', b"null", b"\x00" * 100])
@pytest.mark.parametrize("name", GOOD)
def test_an_error_page_is_refused(name: str, page: bytes) -> None:
    """What a proxy sends in place of the file is not stored as the file."""
    kind, media_type, _ = GOOD[name]
    with pytest.raises(ProviderError):
        check_answer(kind, Answer(page, media_type))


def test_a_screenplay_is_told_what_it_lacks() -> None:
    """JSON that is whole but no screenplay names the field."""
    document = json.loads(screenplay())
    document["scenes"] = [{"number": "1", "location": "pier", "shots": [{"number": 1}]}]
    with pytest.raises(ProviderError, match=r"scenes\.0\.shots\.0\.location"):
        check_answer("screenplay", Answer(json.dumps(document).encode(), "application/json"))


def test_what_is_no_bytes_at_all_is_refused() -> None:
    """A plug-in that answers with a text is told so; nothing of ours breaks."""
    text: Any = "a picture"
    with pytest.raises(ProviderError, match="str in place of bytes"):
        check_answer("image", Answer(text, "image/png"))
