"""The local cinematographer: a clip is exactly what was asked, the same every time, or a plain error."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from clash.errors import ProviderError
from clash.local.cinematographer import film_clip
from clash.providers.ports import Answer, Caption, Reference, VideoRequest
from clash.story.screenplay import Shot

W, H, FPS = 320, 180, 24


def _request(**changes: Any) -> VideoRequest:
    shot = Shot(number=3, movement="push_in", location="pier", action="She waits.", duration_s=1.0)
    asked: dict[str, Any] = {
        "shot": shot,
        "prompt": "",
        "keyframe": Reference(role="shot:003", sha256="a", media_type="image/png"),
        "frames": 30,
        "fps": FPS,
        "width": W,
        "height": H,
    }
    return VideoRequest(**(asked | changes))


def _keyframe(folder: Path, image: Image.Image | None = None, kind: str = "png", **options: Any) -> dict[str, Path]:
    if image is None:
        y, x = np.mgrid[0:360, 0:640]
        image = Image.fromarray(np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8))
    path = folder / f"keyframe.{kind}"
    image.save(path, **options)
    return {"a": path}


def _decoded(answer: Answer) -> list[NDArray[np.uint8]]:
    with av.open(io.BytesIO(answer.content), "r") as container:
        return [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]


def test_a_clip_is_exactly_what_was_asked(tmp_path: Path) -> None:
    """Frames, rate, size and length in the file are those of the request, and those of the facts."""
    answer = film_clip(_request(), _keyframe(tmp_path))
    assert answer.media_type == "video/mp4"
    shape = {"frames": 30, "fps": FPS, "width": W, "height": H, "duration_s": 1.25}
    assert answer.facts == {**shape, "has_sound": False}
    with av.open(io.BytesIO(answer.content), "r") as container:
        stream = container.streams.video[0]
        assert len(container.streams) == 1
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (W, H, FPS)
        assert float((stream.duration or 0) * (stream.time_base or 0)) == 1.25
    assert len(_decoded(answer)) == 30


def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    """Filming again changes nothing."""
    request = _request(captions=(Caption(start_s=0.2, end_s=1, text="你回来了。", speaker="玛拉"),), slate="SC 1")
    files = _keyframe(tmp_path)
    assert film_clip(request, files).content == film_clip(request, files).content


@pytest.mark.parametrize("colour", [(200, 40, 40), (30, 90, 200), (128, 128, 128), (240, 235, 220)])
def test_colours_come_out_as_they_went_in(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    """A plain colour survives conversion, encoding and a player that believes the file's colour tags."""
    answer = film_clip(_request(frames=2), _keyframe(tmp_path, Image.new("RGB", (640, 360), colour)))
    with av.open(io.BytesIO(answer.content), "r") as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        frame = next(container.decode(video=0))
        shown = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    assert tags == (1, 1, 1, 1)
    assert np.abs(shown.reshape(-1, 3).mean(axis=0) - colour).max() < 3


def test_a_clip_is_clean(tmp_path: Path) -> None:
    """No caption and no slate is in the picture, whatever the request tells of them."""
    files = _keyframe(tmp_path, Image.new("RGB", (640, 360), (120, 120, 120)))
    words = (Caption(start_s=0.1, end_s=1.0, text="You came back.", speaker="Tomas"),)
    told = film_clip(_request(captions=words, slate="SC 01   SHOT 003"), files)
    assert told.content == film_clip(_request(), files).content


def test_the_move_is_the_shots(tmp_path: Path) -> None:
    """Another movement of the shot is another clip."""
    files = _keyframe(tmp_path)
    pan = Shot(number=3, movement="pan_left", location="pier", action="She waits.", duration_s=1.0)
    assert film_clip(_request(shot=pan), files).content != film_clip(_request(), files).content


@pytest.mark.parametrize("frames", [1, 2, 100])
def test_clips_of_any_length_have_all_their_frames(tmp_path: Path, frames: int) -> None:
    """The shortest clip and one longer than the encoder's look-ahead are whole."""
    assert len(_decoded(film_clip(_request(frames=frames), _keyframe(tmp_path)))) == frames


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "png"), ("P", "png"), ("L", "png"), ("CMYK", "jpeg"), ("RGB", "webp"), ("I;16", "png")]
)
def test_keyframes_of_every_make_are_taken(tmp_path: Path, mode: str, kind: str) -> None:
    """Transparency, palettes, grey, 16 bits, print colours: all become a picture."""
    image = Image.new("RGB", (640, 360), (200, 200, 200))
    files = _keyframe(tmp_path, image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode), kind)
    picture = _decoded(film_clip(_request(frames=1), files))[0]
    assert picture.mean() > 100


def test_a_keyframe_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    """The orientation that a camera notes in the file is honoured."""
    image = Image.new("RGB", (180, 320), (40, 40, 40))
    image.paste((220, 220, 220), (0, 0, 90, 320))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = _decoded(film_clip(_request(frames=1), _keyframe(tmp_path, image, "jpeg", exif=exif)))[0]
    assert picture[: H // 3].mean() > 180
    assert picture[-H // 3 :].mean() < 80


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_a_keyframe_that_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    """The error says which shot's picture cannot be read."""
    path = tmp_path / "keyframe.png"
    path.write_bytes(content)
    with pytest.raises(ProviderError, match="shot:003 cannot be read"):
        film_clip(_request(), {"a": path})


def test_a_keyframe_cut_off_is_an_error(tmp_path: Path) -> None:
    """Half a file is not filmed as half a picture."""
    files = _keyframe(tmp_path)
    content = files["a"].read_bytes()
    files["a"].write_bytes(content[: len(content) // 2])
    with pytest.raises(ProviderError, match="cannot be read"):
        film_clip(_request(), files)


@pytest.mark.parametrize("side", [9_000, 30_000])
def test_a_huge_keyframe_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    """A small file that claims hundreds of millions of pixels costs no memory."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path = tmp_path / "keyframe.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + bytes(64)
    )
    with pytest.raises(ProviderError, match="shot:003"):
        film_clip(_request(), {"a": path})


def test_a_missing_keyframe_is_an_error(tmp_path: Path) -> None:
    """A reference without a file, or with a file that is gone, is said plainly."""
    with pytest.raises(ProviderError, match="not handed"):
        film_clip(_request(), {})
    with pytest.raises(ProviderError, match="cannot be read"):
        film_clip(_request(), {"a": tmp_path / "gone.png"})


@pytest.mark.parametrize("changes", [{"width": 321}, {"height": 181}, {"frames": 0}, {"fps": 0}, {"width": 2}])
def test_a_clip_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, int]) -> None:
    """Odd sides, no frames and no rate are errors that say so."""
    with pytest.raises(ProviderError, match="not possible"):
        film_clip(_request(**changes), _keyframe(tmp_path))
