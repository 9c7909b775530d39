"""The music that is given with `--music`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from clash.errors import FilmError, NotFoundError, StoryError, UsageError
from clash.hints import CHECK_PATH
from clash.regular_files import NotRegularFileError, open_regular_file

_MOST_BYTES = 256 << 20


def read_music(named: str) -> bytes:
    """Return the bytes of a file of music, once something is heard in it; b"" for "" and "none".

    Raises `NotFoundError`, `StoryError`, `UsageError`.
    """
    if named in ("", "none"):
        return b""
    if "\0" in named:
        raise UsageError("the music's path holds a NUL")
    try:
        with open_regular_file(Path(named)) as stream:
            content = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"there is no music at {named}", hint=CHECK_PATH) from None
    except (NotRegularFileError, OSError) as error:
        raise StoryError(f"{named} cannot be read: {error.strerror}", hint="--music names a file") from error
    if len(content) > _MOST_BYTES:
        raise StoryError(f"{named} is larger than {_MOST_BYTES >> 20} MB")
    _check_heard(content, named)
    return content


def _check_heard(content: bytes, named: str) -> None:
    from clash.sound.given_music import check_music

    with tempfile.TemporaryDirectory(prefix="clash-music-") as folder:
        copy = Path(folder) / Path(named).name
        copy.write_bytes(content)
        try:
            check_music(copy)
        except FilmError as error:
            raise StoryError(error.message, hint="--music takes a file of sound: WAV, MP3, FLAC, OGG, M4A") from None
