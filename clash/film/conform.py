"""Read what a clip is, and conform a clip of any format to the film's."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
import numpy as np

from clash.errors import FilmError
from clash.film.encoder import Frame, encode_clip, planes_of

_BT709, _UNSPECIFIED = 1, 2
_LIMITED_RANGE = 1
_LANCZOS = "LANCZOS"
_MAY_BE_SHORT_S = 0.25
"""A clip that is at most this much too short holds its last frame: models that count seconds miss a frame or two."""


@dataclass(frozen=True)
class ClipFacts:
    """What decides whether a clip's picture can be copied.

    `parameter_sets` are the stream's SPS and PPS as MP4 keeps them; `delay` is by how many frames decoding runs ahead
    of presentation; `regular`: frames follow each other at exactly `rate`, and the first is a keyframe. `starts`: the
    frames at which the stream can be cut: no frame before one needs what comes from it on, and the other way round.
    """

    codec: str
    parameter_sets: bytes
    width: int
    height: int
    rate: Fraction
    frames: int
    delay: int
    regular: bool
    starts: tuple[int, ...]


@contextmanager
def opened_clip(source: Path | bytes, name: str, *, to_decode: bool = True) -> Generator[tuple[Any, Any], None, None]:
    """Open a clip: its container and its picture stream. Raises `FilmError` naming the clip if it cannot be read.

    `to_decode`: False where only packets are read. Then opening decodes no frame, which takes a tenth of the time, and
    the format of the pixels stays unknown.
    """
    file: str | BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        with av.open(file, "r", options={} if to_decode else {"skip_frame": "all"}) as container:
            if not container.streams.video:
                raise FilmError(f"{name} has no picture")
            yield container, container.streams.video[0]
    except (av.error.FFmpegError, OSError) as problem:
        raise FilmError(f"{name} cannot be read: {problem.strerror}", hint="make the shot again") from problem


def facts_of(source: Path | bytes, name: str, pixels: dict[bytes, str] | None = None) -> ClipFacts:
    """Read a clip's packets. Raises `FilmError` naming the clip.

    `pixels`: the formats of the pixels by the parameter sets of H.264, which decide them. It is added to. Of a clip
    whose parameter sets are in it no frame is decoded.
    """
    if pixels:
        with opened_clip(source, name, to_decode=False) as (container, stream):
            context = stream.codec_context
            if context.name == "h264" and (known := pixels.get(bytes(context.extradata or b""))):
                return _facts(container, stream, name, known)
    with opened_clip(source, name) as (container, stream):
        context = stream.codec_context
        facts = _facts(container, stream, name, str(context.pix_fmt))
        if pixels is not None and context.name == "h264" and facts.parameter_sets:
            pixels[facts.parameter_sets] = str(context.pix_fmt)
        return facts


def _facts(container: Any, stream: Any, name: str, pixels: str) -> ClipFacts:
    packets = [
        (packet.pts, packet.is_keyframe) for packet in container.demux(stream) if packet.size and packet.pts is not None
    ]
    if not packets:
        raise FilmError(f"{name} has no frames")
    times = [time for time, _ in packets]
    place = {time: number for number, time in enumerate(sorted(times))}
    rate = stream.average_rate or Fraction(0)
    step = 1 / (rate * stream.time_base) if rate else Fraction(0)
    first = min(times)
    even = all(time - first == number * step for time, number in place.items())
    context = stream.codec_context
    return ClipFacts(
        codec=f"{context.name}/{pixels}",
        parameter_sets=bytes(context.extradata or b""),
        width=context.width,
        height=context.height,
        rate=rate,
        frames=len(times),
        delay=max(number - place[time] for number, time in enumerate(times)),
        regular=even and len(place) == len(times) and packets[0][1],
        starts=tuple(_starts([place[time] for time in times], [is_keyframe for _, is_keyframe in packets])),
    )


def _starts(shown: Sequence[int], are_keyframes: Sequence[bool]) -> Iterator[int]:
    """Yield the keyframes before which all earlier frames are decoded. `shown`: the frames in decoding order."""
    latest = -1
    for number, (frame, is_keyframe) in enumerate(zip(shown, are_keyframes, strict=True)):
        if is_keyframe and frame == number == latest + 1:
            yield frame
        latest = max(latest, frame)


def conformed(
    source: Path | bytes,
    name: str,
    *,
    frames: int,
    width: int,
    height: int,
    fps: int,
    change: Callable[[Iterator[Frame]], Iterator[Frame]] = lambda pictures: pictures,
    part: tuple[int, int] | None = None,
) -> bytes:
    """Encode the clip again: exactly `frames` frames at `fps`, scaled and cropped to `width` x `height`.

    A clip that is longer is cut, one that is at most a quarter of a second short holds its last frame. `change` may
    change the frames, but not their number. `part`: the first frame to encode, and the one after the last. Raises
    `FilmError` naming the clip when it cannot be decoded or is shorter.
    """
    pictures = at_rate(source, name, frames, width, height, fps)
    return encode_clip(islice(change(pictures), *(part or (0, frames))), width=width, height=height, fps=fps)


def at_rate(source: Path | bytes, name: str, count: int, width: int, height: int, fps: int) -> Iterator[Frame]:
    """Yield, for each frame of the film, the clip's frame that is shown at that time."""
    done = 0
    shown: Any = None
    picture: Frame | None = None
    last = 0.0
    with opened_clip(source, name) as (container, stream):
        stream.thread_type = "AUTO"
        first: float | None = None
        for decoded in container.decode(stream):
            first = decoded.time if first is None else first
            last = decoded.time - first
            while shown is not None and done < count and (done + 0.5) / fps < last:
                picture = _filled(shown, width, height) if picture is None else picture
                yield picture.copy()
                done += 1
            if done == count:
                return
            shown, picture = decoded, None
    if shown is None:
        raise FilmError(f"{name} has no frames")
    if count / fps - (last + 1 / fps) > _MAY_BE_SHORT_S:
        raise FilmError(
            f"{name} is too short: {last + 1 / fps:.2f} s of {count / fps:.2f} s", hint="make the shot again"
        )
    picture = _filled(shown, width, height)
    for _ in range(count - done):
        yield picture.copy()


def _filled(decoded: Any, width: int, height: int) -> Frame:
    """Scale the decoded picture until it covers the film's, crop it around its middle, and convert its colours."""
    scale = max(width / decoded.width, height / decoded.height)
    wide, tall = (2 * round(side * scale / 2) for side in (decoded.width, decoded.height))
    wide, tall = max(wide, width), max(tall, height)
    source = _BT709 if decoded.colorspace == _UNSPECIFIED else decoded.colorspace
    scaled = decoded.reformat(
        wide,
        tall,
        format="yuv420p",
        src_colorspace=source,
        dst_colorspace=_BT709,
        dst_color_range=_LIMITED_RANGE,
        interpolation=_LANCZOS,
    ).to_ndarray()
    picture = np.empty((height * 3 // 2, width), np.uint8)
    left, upper = (wide - width) // 4 * 2, (tall - height) // 4 * 2
    for number, (target, plane) in enumerate(
        zip(planes_of(picture, width, height), planes_of(scaled, wide, tall), strict=True)
    ):
        step = 1 if number == 0 else 2
        x, y = left // step, upper // step
        target[:] = plane[y : y + target.shape[0], x : x + target.shape[1]]
    return picture
