"""Files by their digests: pictures, clips, sounds and films with ranges, and small pictures for pages of many."""

from __future__ import annotations

import asyncio
import io
import re
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from clash.assets import AssetStore
from clash.board.answers import RefusedError
from clash.errors import StorageError

if TYPE_CHECKING:
    from PIL import Image

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOR_EVER = "private, max-age=31536000, immutable"
"""What has a digest never changes."""
_HEAD_BYTES = 64
THUMBNAIL_WIDTH = 640
_LARGEST_PICTURE_BYTES = 64 << 20
_MOST_PIXELS = 80_000_000
_KEPT_BYTES = 96 << 20
_QUALITY = 80
_BY_HEAD: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
)


def media_type_of(head: bytes) -> str:
    """Return what a file is by its first bytes; what is not a picture, a sound or a film is only to be saved.

    >>> media_type_of(b"GIF89a"), media_type_of(b"<html>")
    ('image/gif', 'application/octet-stream')
    """
    for place, mark, media_type in _BY_HEAD:
        if head[place : place + len(mark)] == mark:
            return media_type
    return "application/octet-stream"


class Media:
    """The files of an asset store, by their digests alone: no name and no path comes from a request."""

    def __init__(self, assets: AssetStore, *, vary: str = "") -> None:
        """`vary`: headers of a request on which it depends whether it gets a file; caches of browsers heed them."""
        self._assets = assets
        self._headers = {"Cache-Control": _FOR_EVER, **({"Vary": vary} if vary else {})}
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="clash-board-files")
        self._drawing = ThreadPoolExecutor(2, thread_name_prefix="clash-board-thumbnails")
        self._thumbnails: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[str, asyncio.Task[bytes]] = {}

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._drawing.shutdown(wait=False, cancel_futures=True)

    async def file(self, request: Request) -> Response:
        """`/media/{sha256}`: the file, or the range of it that is asked for."""
        path, media_type = await self._in_thread(partial(self._found, request.path_params["sha256"]))
        headers = dict(self._headers)
        if media_type == "application/octet-stream":
            headers["Content-Disposition"] = "attachment"
        return FileResponse(path, headers=headers, media_type=media_type)

    async def thumbnail(self, request: Request) -> Response:
        """`/thumbnails/{sha256}`: a picture, or the first picture of a clip, 640 pixels wide at most."""
        sha256 = request.path_params["sha256"]
        content = self._thumbnails.get(sha256)
        if content is None:
            task = self._under_way.get(sha256)
            if task is None:
                task = asyncio.ensure_future(self._draw(sha256))
                self._under_way[sha256] = task
                task.add_done_callback(lambda _: self._under_way.pop(sha256, None))
            content = await asyncio.shield(task)
        else:
            self._thumbnails.move_to_end(sha256)
        return Response(content, media_type="image/webp", headers=self._headers)

    async def _draw(self, sha256: str) -> bytes:
        path, media_type = await self._in_thread(partial(self._found, sha256))
        draw = _of_clip if media_type.startswith("video/") else _of_picture
        loop = asyncio.get_running_loop()
        try:
            content = await loop.run_in_executor(self._drawing, draw, path)
        except (OSError, ValueError, SyntaxError, IndexError) as error:
            raise RefusedError(404, f"no thumbnail can be made of {sha256[:12]}", code="not_found") from error
        self._thumbnails[sha256] = content
        self._bytes += len(content)
        while self._bytes > _KEPT_BYTES:
            _, gone = self._thumbnails.popitem(last=False)
            self._bytes -= len(gone)
        return content

    def _found(self, sha256: str) -> tuple[Path, str]:
        """Where a file is on this disk, fetched from a bucket if need be, and what it is. Raises `RefusedError`."""
        if not _DIGEST.fullmatch(sha256):
            raise _no_file(sha256)
        try:
            path = self._assets.fetch(sha256)
            with path.open("rb") as stream:
                return path, media_type_of(stream.read(_HEAD_BYTES))
        except (StorageError, OSError) as error:
            raise _no_file(sha256) from error

    async def _in_thread(self, work: Callable[[], tuple[Path, str]]) -> tuple[Path, str]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _no_file(sha256: str) -> RefusedError:
    return RefusedError(404, f"there is no file {sha256[:12]}", code="not_found")


def _of_picture(path: Path) -> bytes:
    from PIL.Image import DecompressionBombError
    from PIL.Image import open as open_picture

    if path.stat().st_size > _LARGEST_PICTURE_BYTES:
        raise ValueError("too large")
    try:
        with open_picture(path, formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ValueError("too many pixels")
            picture.draft("RGB", (THUMBNAIL_WIDTH, THUMBNAIL_WIDTH))
            return _webp(picture.convert("RGB"))
    except DecompressionBombError as error:
        raise ValueError("too many pixels") from error


def _of_clip(path: Path) -> bytes:
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
            if frame.width * frame.height > _MOST_PIXELS:
                raise ValueError("too many pixels")
            return _webp(frame.to_image())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    except (FFmpegError, StopIteration) as error:
        raise ValueError("a clip that cannot be decoded") from error


def _webp(picture: Image.Image) -> bytes:
    from PIL.Image import Resampling

    picture.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH * 4), Resampling.LANCZOS)
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=_QUALITY, method=2)
    return stream.getvalue()
