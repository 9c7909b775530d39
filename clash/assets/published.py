"""Publish a run's files: give them names for people below `<output>/<thread>/`."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from clash.assets.store import storage_error

FILM = "film.mp4"
_FIXED = {
    "film": FILM,
    "subtitles": "film.srt",
    "contact_sheet": "contact-sheet.png",
    "screenplay": "screenplay.json",
}
_FOLDERS = {
    "character_image": "characters",
    "location_image": "locations",
    "keyframe": "keyframes",
    "shot": "shots",
}
_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
}
_LONGEST_NAME = 60
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_DEVICE = re.compile(r"|con|prn|aux|nul|(com|lpt)[0-9¹²³]", re.IGNORECASE)
"""Names that cannot be files on Windows, whatever follows the dot."""


def published_path(folder: Path, asset_type: str, slot: str, media_type: str) -> Path | None:
    """Return where the file of an asset row is published; None for one that is not (speech, the story).

    >>> published_path(Path("output/run-1"), "keyframe", "shot:003", "image/jpeg").as_posix()
    'output/run-1/keyframes/003.jpg'
    >>> published_path(Path("output/run-1"), "subtitles", "subtitles:en", "application/x-subrip").as_posix()
    'output/run-1/film.en.srt'
    """
    if asset_type == "subtitles" and (language := slot.partition(":")[2]):
        return folder / f"film.{_short(language)}.srt"
    if asset_type in _FIXED:
        return folder / _FIXED[asset_type]
    if asset_type not in _FOLDERS:
        return None
    name = _short(slot.partition(":")[2])
    return folder / _FOLDERS[asset_type] / f"{name}{_SUFFIXES.get(media_type, '')}"


def _short(slug: str) -> str:
    """Return a slug as a unique file name of at most 60 letters (240 bytes, under every file system's limit of 255).

    A model may have chosen the slug, so the name cannot lead out of its folder, and Windows can have such a file.
    """
    name = _NOT_IN_A_NAME.sub("-", slug).strip(". ")
    if name == slug and len(name) <= _LONGEST_NAME and not _DEVICE.fullmatch(name.partition(".")[0]):
        return name
    digest = hashlib.sha256(slug.encode()).hexdigest()[:12]
    return f"{name[: _LONGEST_NAME - 13]}-{digest}"


def publish_copy(source: Path, target: Path) -> None:
    """Publish a copy of a stored file: whatever people do with it, the stored file stays as it is.

    The copy has the mode that new files of this user have (the umask); the store's own stay private.

    A target that is such a copy already is left alone; any other file is replaced in one step.
    """
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stored = source.stat()
        # A link into the store is replaced too: writing through it would damage what was paid for.
        if is_copy(target, source):
            return
        partial.touch(exist_ok=False)
        shutil.copyfile(source, partial)
        # The time by which the copy is recognised later; people see when the file was made.
        os.utime(partial, ns=(stored.st_atime_ns, stored.st_mtime_ns))
        partial.replace(target)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise storage_error(error, str(target)) from error


def is_copy(target: Path, source: Path) -> bool:
    """Return whether a file is a copy that `publish_copy` made of a stored file, and not a link into the store."""
    return _stamp(target) == _stamp(source) and not target.samefile(source)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return size in bytes and time of the last change in nanoseconds; None if there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns
