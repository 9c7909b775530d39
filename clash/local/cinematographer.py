"""The local cinematographer: a keyframe and a camera move become a clip, free and offline.

The clip is clean: words and slate are laid over it when the film is cut, if at all.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import av
from PIL import Image, ImageOps, UnidentifiedImageError

from clash.errors import FilmError, ProviderError
from clash.film.camera import frames
from clash.film.encoder import Frame, encode_clip
from clash.local.cores import CORES, FILMING
from clash.providers.ports import Answer, VideoRequest

MOST_KEYFRAME_PIXELS = 64_000_000
MOST_FRAMES = 24 * 60 * 10


def film_clip(request: VideoRequest, files: Mapping[str, Path], take: int = 1) -> Answer:
    """Film one clip of exactly `request.frames` frames.

    `files` maps the sha256 of each reference to its file; another `take` frames the same move differently. Raises
    `ProviderError` when the keyframe is missing, is no picture or is too large, when the request asks for what cannot
    be, and when the clip made is not as asked.
    """
    if not 1 <= request.frames <= MOST_FRAMES:
        raise ProviderError(f"a clip of {request.frames} frames is not possible: 1 to {MOST_FRAMES}")
    size = {"width": request.width, "height": request.height, "fps": request.fps}
    try:
        pictures = _pictures(request, files, take)
        with CORES.taken(FILMING):
            content = encode_clip(pictures, **size)
    except FilmError as problem:
        raise ProviderError(problem.message, hint=problem.hint) from problem
    _check(content, request)
    facts = {**size, "frames": request.frames, "duration_s": request.frames / request.fps, "has_sound": False}
    return Answer(content=content, media_type="video/mp4", facts=facts)


def _pictures(request: VideoRequest, files: Mapping[str, Path], take: int) -> Iterator[Frame]:
    """The frames of the clip. The keyframe itself is not kept while they are made."""
    return frames(
        _keyframe(files.get(request.keyframe.sha256), request.keyframe.role),
        request.shot.movement,
        count=request.frames,
        width=request.width,
        height=request.height,
        fps=request.fps,
        take=take,
    )


def _keyframe(path: Path | None, role: str) -> Image.Image:
    if path is None:
        raise ProviderError(f"the picture {role} was not handed to the cinematographer")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
                if image.width * image.height > MOST_KEYFRAME_PIXELS:
                    raise ProviderError(f"the picture {role} is too large: {image.width}x{image.height}")
                ImageOps.exif_transpose(image, in_place=True)
                return image if image.mode == "RGB" else image.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as problem:
        raise ProviderError(
            f"the picture {role} cannot be read: {problem}", hint="generate it again or replace the file"
        ) from problem


def _check(content: bytes, request: VideoRequest) -> None:
    """Read the clip back: a file that cannot be joined must not be kept as an answer."""
    with av.open(io.BytesIO(content), "r") as container:
        stream = container.streams.video[0]
        packets = sum(1 for packet in container.demux(stream) if packet.size)
        made = (packets, stream.codec_context.width, stream.codec_context.height)
    if made != (request.frames, request.width, request.height):
        asked = (request.frames, request.width, request.height)
        raise ProviderError(f"the clip has {made} frames, width and height; asked for were {asked}", retryable=True)
