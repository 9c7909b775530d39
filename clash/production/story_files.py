"""The files of a story: its table, from a path or standard input, and the pictures that it names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

from clash.documents.screenplay import ScreenplayChecked
from clash.editing.screenplay_file import ScreenplayFile, read_screenplay, shot_paths
from clash.errors import NotFoundError, StoryError, UsageError
from clash.hints import CHECK_PATH
from clash.regular_files import NotRegularFileError, open_regular_file, read_regular_file
from clash.story.screenplay import Screenplay, Story

_MAX_STORY_BYTES = 64 << 20
_MAX_IMAGE_BYTES = 64 << 20
_IMAGE_TYPES = {
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".webp": ("image/webp", b"RIFF"),
}


_SOUND_TYPES = {
    ".wav": ("audio/wav", b"RIFF"),
    ".mp3": ("audio/mpeg", b""),
    ".flac": ("audio/flac", b"fLaC"),
    ".ogg": ("audio/ogg", b"OggS"),
}


def read_file(story: str) -> tuple[str, Path, bytes]:
    """The story's name, the folder its pictures are found in, and its bytes; `-` is standard input.

    Raises `StoryError`, `NotFoundError`, `UsageError`.
    """
    if story == "-":
        return "stdin.csv", Path(), _bounded(_standard_input(), "standard input")
    path = Path(story)
    return path.name, path.parent, _content(story, "story", "name the CSV file in it")


def read_screenplay_file(screenplay: str) -> ScreenplayFile:
    """The screenplay in a file. Raises `StoryError` for one that cannot be shot, `NotFoundError`, `UsageError`."""
    content = _content(screenplay, "screenplay", "name the screenplay.json in it")
    return read_screenplay(content, name=Path(screenplay).name)


def check_screenplay_file(screenplay: str) -> ScreenplayChecked:
    """Say what a file's screenplay holds, and what there is to warn of. Nothing is made. Raises `StoryError`."""
    found = read_screenplay_file(screenplay)
    shots = found.screenplay.shots
    warnings = list(found.warnings)
    try:
        read_panels_of_screenplay(found.screenplay, [Path(screenplay).parent])
    except StoryError as error:
        # `run` looks beside the story first, and this command knows no story.
        warnings.append(f"{error.message}; `clash run` looks for it beside the story too")
    return ScreenplayChecked.of(
        {
            "path": screenplay,
            "title": found.screenplay.title,
            "language": found.screenplay.language,
            "scenes": len(found.screenplay.scenes),
            "shots": len(shots),
            "characters": len(found.screenplay.characters),
            "locations": len(found.screenplay.locations),
            "length_s": round(sum(shot.duration_s for shot in shots), 3),
            "warnings": warnings,
        }
    )


def read_cast_file(path: str) -> tuple[str, Path, bytes]:
    """Return the name of a cast's table, the folder in which its pictures are, and its bytes. Raises as `read_file`."""
    content = _content(path, "cast", "name its table: a CSV or a spreadsheet")
    return Path(path).name, Path(path).parent, content


def read_picture(name: str, folder: Path, row: int, column: str, *, table: str) -> tuple[str, bytes]:
    """Return media type and bytes of a picture that a table names, in its folder or below. Raises `StoryError`."""
    return _panel(name, folder, _refusing_row(name, f"{table}, row {row}", row, column))


def read_sound(name: str, folder: Path, row: int, column: str, *, table: str) -> tuple[str, bytes]:
    """Return media type and bytes of a sound that a table names, in its folder or below. Raises `StoryError`."""
    return _file_of(
        name,
        folder,
        _refusing_row(name, f"{table}, row {row}", row, column),
        _SOUND_TYPES,
        ".wav, .mp3, .flac or .ogg sounds",
    )


def _content(named: str, what: str, of_folder: str) -> bytes:
    """The bytes of a file, at most 64 MB. `what` it is meant to be, and what to do if it is a folder."""
    if not named or "\0" in named:
        raise UsageError(f"the {what}'s path is empty or holds a NUL")
    story, path = named, Path(named)
    try:
        if path.is_dir():
            raise StoryError(f"{story} is a folder, not a {what}", hint=of_folder)
        with open_regular_file(path, allow_own_pipe=True) as stream:
            content = stream.read(_MAX_STORY_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"there is no {what} at {story}", hint=CHECK_PATH) from None
    except NotRegularFileError as error:
        raise StoryError(
            f"{story} cannot be read: {error.strerror}",
            hint="name a file, or pipe a story into `clash run -`" if what == "story" else of_folder,
        ) from error
    except OSError as error:
        raise StoryError(f"{story} cannot be read: {error.strerror}") from error
    return _bounded(content, story)


def _standard_input() -> bytes:
    stream = cast("TextIO | None", sys.stdin)
    if stream is None:
        raise UsageError("standard input is closed", hint="name a file, or pipe a story into `clash run -`")
    try:
        return stream.buffer.read(_MAX_STORY_BYTES + 1)
    except OSError as error:
        raise StoryError(f"standard input cannot be read: {error.strerror}") from error


def _bounded(content: bytes, where: str) -> bytes:
    if len(content) > _MAX_STORY_BYTES:
        raise StoryError(f"{where} is larger than {_MAX_STORY_BYTES >> 20} MB; a story never is")
    return content


# -- the story's own pictures ------------------------------------------------------------------------------------


def read_panels(
    story: Story, folder: Path, *, name: str, column: str = "reference_image", known: Container[str] = ()
) -> dict[str, tuple[str, bytes]]:
    """The pictures that a story refers to: their name in it to media type and bytes, but for those that are `known`.

    `name` is the table's file, `column` the header that it gives them. Raises `StoryError`.
    """
    panels: dict[str, tuple[str, bytes]] = {}
    for beat in story.beats:
        picture = beat.reference_image
        # An address on the network is for models that can fetch it; offline the shot is drawn instead.
        if picture and picture not in panels and picture not in known and "://" not in picture:
            panels[picture] = _panel(
                picture, folder, _refusing_row(picture, f"{name}, row {beat.row}", beat.row, column)
            )
    return panels


def read_panels_of_screenplay(
    screenplay: Screenplay, folders: Sequence[Path], known: Container[str] = ()
) -> dict[str, tuple[str, bytes]]:
    """The pictures that the shots of a person's screenplay refer to, as `read_panels` returns them.

    Each is looked for in one folder after another, unless it is `known`. Raises `StoryError`.
    """
    panels: dict[str, tuple[str, bytes]] = {}
    for path, shot in shot_paths(screenplay):
        name = shot.reference_image
        if name and name not in panels and name not in known and "://" not in name:
            panels[name] = _panel_in(name, folders, _refusing_path(name, path))
    return panels


def _panel_in(name: str, folders: Sequence[Path], refused: Callable[[str], StoryError]) -> tuple[str, bytes]:
    for folder in folders[:-1]:
        with suppress(StoryError):
            return _panel(name, folder, refused)
    return _panel(name, folders[-1], refused)


def _refusing_row(name: str, where: str, row: int, column: str) -> Callable[[str], StoryError]:
    return lambda why: StoryError(
        f"{where}, column '{column}', {name!r}: {why}",
        row=row,
        column=column,
        hint="correct the cell, or leave it empty",
    )


def _refusing_path(name: str, path: str) -> Callable[[str], StoryError]:
    return lambda why: StoryError(f"{path}.reference_image, {name!r}: {why}")


def _panel(name: str, folder: Path, refused: Callable[[str], StoryError]) -> tuple[str, bytes]:
    found = _file_of(name, folder, refused, _IMAGE_TYPES, ".png, .jpg and .webp pictures")
    if found[0] == "image/webp" and found[1][8:12] != b"WEBP":
        raise refused("it is not what its name says")
    return found


def _file_of(
    name: str,
    folder: Path,
    refused: Callable[[str], StoryError],
    types: Mapping[str, tuple[str, bytes]],
    which: str,
) -> tuple[str, bytes]:
    """Return media type and bytes of a file in the folder or below it. `types`: suffix to type and first bytes."""
    if "\0" in name:
        raise refused("a file name cannot hold a NUL")
    root = folder.resolve()
    try:
        path = (root / name.replace("\\", "/")).resolve()
    except (OSError, RuntimeError) as error:  # before Python 3.13 a link that leads to itself is a RuntimeError
        raise refused(f"it cannot be found ({error})") from None
    if not path.is_relative_to(root):
        raise refused("the file must lie in the table's folder or below it")
    media_type, magic = types.get(path.suffix.lower(), ("", b""))
    if not media_type:
        raise refused(f"only {which} can be used")
    try:
        content = read_regular_file(path, _MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise refused(f"it cannot be read ({error.strerror}); the file looked for is {path}") from None
    if len(content) > _MAX_IMAGE_BYTES:
        raise refused(f"it is larger than {_MAX_IMAGE_BYTES >> 20} MB")
    if not content.startswith(magic):
        raise refused("it is not what its name says")
    return media_type, content
