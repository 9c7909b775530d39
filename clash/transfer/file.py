"""Write and read the files of an export: complete or missing, readable by their owner only, compressed on request."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from clash.errors import NotFoundError, StorageError, UsageError
from clash.hints import CHECK_PATH
from clash.regular_files import NotRegularFileError, open_regular_file

if TYPE_CHECKING:
    from typing_extensions import Buffer

_GZIP = b"\x1f\x8b"
_UNPACKED_AT_ONCE = 1 << 20
_UNPACKED_ALWAYS_BYTES = 256 << 20
_MOST_TIMES = 300
"""Compression makes an export ten to fifty times smaller; a larger factor is an attack."""
_UNNAMED = getattr(os, "O_TMPFILE", None)
_DESCRIPTORS = Path("/proc/self/fd")


@contextmanager
def new_file(path: Path) -> Generator[BinaryIO]:
    """Open a new file that gets its name, replacing an older one, when it is complete and on the disk. Mode 0600.

    Compressed with gzip if the name ends in `.gz`. Raises `StorageError`, and `UsageError` for what is not a file.
    """
    packed = path.suffix == ".gz"
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a file", hint="`-` is standard output")
    try:
        with _nameless(path) as raw:
            if packed:
                # Without a name and a time in it, equal runs give equal files.
                with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packer:
                    yield cast("BinaryIO", packer)
            else:
                yield raw
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(
            f"{path} could not be written: {reason}", retryable=False, hint="check the folder and the disk's free space"
        ) from error


@contextmanager
def _nameless(path: Path) -> Generator[BinaryIO]:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor, named = _open_partial(partial)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            if not named:
                _name(stream.fileno(), partial)
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _open_partial(partial: Path) -> tuple[int, bool]:
    """Open a new file; return it and whether it has a name. A file without a name disappears even after SIGKILL."""
    if _UNNAMED is not None and _DESCRIPTORS.is_dir():
        with suppress(OSError):
            return os.open(partial.parent, os.O_WRONLY | _UNNAMED, 0o600), False
    return os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), True


def _name(descriptor: int, path: Path) -> None:
    """Give a name to a file without one. `os.link` follows the link of /proc only relative to an open folder."""
    folder = os.open(_DESCRIPTORS, os.O_RDONLY)
    try:
        os.link(str(descriptor), path, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


class _Unpacked(io.RawIOBase):
    """The content of a compressed file. Raises `OSError` where it unpacks to much more than any export would."""

    def __init__(self, raw: BinaryIO, packed_bytes: int) -> None:
        super().__init__()
        self._unpacked = gzip.GzipFile(fileobj=raw)
        self._most = max(_UNPACKED_ALWAYS_BYTES, packed_bytes * _MOST_TIMES)
        self._read = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer; return the number of bytes that were read."""
        view = memoryview(buffer).cast("B")
        # Not `read`: what is before a damaged part is returned first.
        found = self._unpacked.read1(len(view))
        self._read += len(found)
        if self._read > self._most:
            raise OSError(f"it unpacks to more than {self._most:,} bytes")
        view[: len(found)] = found
        return len(found)


class OpenFile:
    """A file, compressed or not, that can be read from its beginning more than once."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw

    def from_start(self) -> BinaryIO:
        """Return its content from the beginning."""
        self._raw.seek(0)
        packed = self._raw.read(len(_GZIP)) == _GZIP
        self._raw.seek(0)
        if not packed:
            return self._raw
        size = self._raw.seek(0, io.SEEK_END)
        self._raw.seek(0)
        return cast("BinaryIO", io.BufferedReader(_Unpacked(self._raw, size), _UNPACKED_AT_ONCE))


@contextmanager
def open_file(path: Path | None) -> Generator[OpenFile]:
    """Open a file, or standard input. What cannot be read twice, like a pipe, is copied to a temporary file.

    Raises `NotFoundError`, `StorageError`.
    """
    with ExitStack() as stack:
        try:
            stream = _opened(path, stack)
            if not stream.seekable():
                copy = cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile()))
                shutil.copyfileobj(stream, copy)
                stream = copy
        except FileNotFoundError:
            raise NotFoundError(f"there is no file {path}", hint=CHECK_PATH) from None
        except NotRegularFileError as error:
            raise UsageError(f"{path} could not be read: {error.strerror}", hint="`-` is standard input") from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StorageError(f"{path or 'standard input'} could not be read: {reason}", retryable=False) from error
        yield OpenFile(stream)


def _opened(path: Path | None, stack: ExitStack) -> BinaryIO:
    if path is not None:
        return stack.enter_context(open_regular_file(path, allow_own_pipe=True))
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  # closed by the caller
        return io.BytesIO()
    return cast("BinaryIO", sys.stdin.buffer)
