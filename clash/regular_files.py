"""Opens files that somebody named, without waiting for what is no file.

A named pipe that nobody writes to holds up a reader for ever, and a device such as /dev/zero never ends. A name
in a table or on a command line can lead to either, so everything that clash reads by such a name is opened here.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY", "O_CLOEXEC"))
_NOT_OPENED = (errno.ENXIO, errno.EOPNOTSUPP)
"""How Linux and macOS refuse to open a socket."""
_OWN_DESCRIPTOR = re.compile(r"/dev/(fd/\d+|stdin)|/proc/(self|\d+)/fd/\d+")
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegularFileError(OSError):
    """What has this name is a pipe, a socket, a device or a folder. `strerror` says which."""

    def __init__(self, path: Path, kind: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}, not a file", str(path))


def open_regular_file(path: Path, *, allow_own_pipe: bool = False) -> BinaryIO:
    """Open a file for reading its bytes, without waiting. Raise `NotRegularFileError` for anything but a file.

    `allow_own_pipe`: also take a pipe that the shell has opened for this process, such as the `/dev/fd/63` of
    `clash run <(make-story)`. Raises `OSError` as `open` does.
    """
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait; a file is read the same with it.
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in _NOT_OPENED and not stat.S_ISREG(mode := path.stat().st_mode):
            raise NotRegularFileError(path, kind_of_mode(mode)) from error
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        own_pipe = allow_own_pipe and stat.S_ISFIFO(mode) and _OWN_DESCRIPTOR.fullmatch(str(path)) is not None
        if not stat.S_ISREG(mode) and not own_pipe:
            raise NotRegularFileError(path, kind_of_mode(mode))
        if own_pipe:
            os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular_file(path: Path, most_bytes: int) -> bytes:
    """Return the first `most_bytes` of a file. Raise `NotRegularFileError` for anything but a file, or `OSError`."""
    with open_regular_file(path) as stream:
        return stream.read(most_bytes)


def kind_of_mode(mode: int) -> str:
    """Name what a mode of `stat` says this is.

    >>> kind_of_mode(stat.S_IFIFO), kind_of_mode(stat.S_IFREG)
    ('a named pipe', 'a file')
    """
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a file")
