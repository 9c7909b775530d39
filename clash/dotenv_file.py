"""Reads `.env` of the working directory, and finds what in it, or in the environment, is a misspelt setting."""

from __future__ import annotations

import difflib
import io
import logging
import os
import re
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from clash.errors import SettingsError
from clash.redaction import sounds_secret
from clash.regular_files import NotRegularFileError, read_regular_file

if TYPE_CHECKING:
    from dotenv.parser import Original

logger = logging.getLogger(__name__)

_MOST_BYTES = 1 << 20
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-]+[A-Za-z0-9]+)+")
_OF_CLASH = "CLASH_"
_NOT_SETTINGS = frozenset(
    f"{_OF_CLASH}{name}" for name in ("DEBUG", "FAULT", "WORKERD", "WRANGLER", "CHECKOUT", "AIMOCK")
)
"""Names that are no settings: for finding faults, and for the project's own tests."""
_NEAR, _NEAR_ENOUGH_ALONE = 0.6, 0.86
"""How like a known name another must be to be taken for it: of ours, and of anybody's."""
_NEAR_KEY = 0.8
"""The same for a name that begins as the key of a vendor does."""


DOT_ENV = Path(".env")
"""The file of the working directory that settings are read from."""


class DotEnv(NamedTuple):
    """What a `.env` says: its values by name, and the lines that could not be read, each as a sentence."""

    values: Mapping[str, str | None]
    unreadable: tuple[str, ...] = ()


def read_dotenv(path: Path, known: Iterable[str]) -> DotEnv:
    """Read a `.env`; an empty one if there is none. Raise `SettingsError` for one that cannot be read.

    `known`: the names of settings, so that a line that means one can say which. Values are never repeated.
    """
    text = _text_of(path)
    if not text:
        return DotEnv({})
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    names = frozenset(known)
    readable: list[str] = []
    unreadable: list[str] = []
    for binding in parse_stream(io.StringIO(text)):
        line = binding.original.string
        if binding.error or (binding.key is not None and binding.value is None):
            unreadable.append(_unreadable(path, binding.original.line, line.strip(), names))
        else:
            readable.append(line)
    return DotEnv(dotenv_values(stream=io.StringIO("".join(readable))), tuple(unreadable))


def line_of(path: Path, name: str) -> int | None:
    """Return the line of a `.env` that sets a variable, the last of several; None if it is not known."""
    from dotenv.parser import parse_stream

    bindings = parse_stream(io.StringIO(_text_of(path)))
    lines = [_first_line(one.original) for one in bindings if one.key and one.key.upper() == name]
    return lines[-1] if lines else None


def _first_line(original: Original) -> int:
    """Return the line of the name itself: what is read of a file begins with the empty lines before it."""
    return original.line + original.string[: len(original.string) - len(original.string.lstrip())].count("\n")


def misspelt(variables: Iterable[str], known: Iterable[str], *, where: str, ours_only: bool = False) -> Iterator[str]:
    """Yield a sentence for each variable that is no setting, but is meant to be one.

    `ours_only`: look at names that begin with CLASH_ only, as in an environment that other programs share.
    """
    names = frozenset(known)
    for variable in variables:
        upper = variable.upper()
        if upper in names or upper in _NOT_SETTINGS:
            continue
        plain = plain_name(variable)
        ours = plain.startswith(_OF_CLASH)
        if ours_only and not ours:
            continue
        near = _nearest(plain, names, _NEAR if ours else _NEAR_ENOUGH_ALONE) or _key_meant(plain, names)
        if ours or near or plain in names:
            yield f"{where}: {variable} is no setting of clash, and is not read{_meant(near)}"


def plain_name(text: str) -> str:
    """A name as it would be a setting's: capitals, ASCII forms of full-width letters, no quotes or marks.

    >>> plain_name("\uff23\uff2c\uff21\uff33\uff28_size"), plain_name('"CLASH-SIZE"')
    ('CLASH_SIZE', 'CLASH_SIZE')
    """
    return re.sub(r"[^A-Z0-9_]", "", unicodedata.normalize("NFKC", text).upper().replace("-", "_"))


_left_out: ContextVar[list[SettingsError] | None] = ContextVar("unreadable .env", default=None)


@contextmanager
def unreadable_left_out() -> Generator[list[SettingsError]]:
    """Read a `.env` that cannot be read as an empty one meanwhile; yields why it cannot be read.

    For a command that says what is wrong here. The list has each reason once.
    """
    reasons: list[SettingsError] = []
    token = _left_out.set(reasons)
    try:
        yield reasons
    finally:
        _left_out.reset(token)


def _text_of(path: Path) -> str:
    try:
        return _read(path)
    except SettingsError as error:
        if (reasons := _left_out.get()) is None:
            raise
        if all(reason.message != error.message for reason in reasons):
            reasons.append(error)
        return ""


def _read(path: Path) -> str:
    try:
        content = read_regular_file(path, _MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except NotRegularFileError as error:
        if (path / "pyvenv.cfg").exists():  # a virtual environment of this name is somebody else's business
            return ""
        raise SettingsError(f"{path} cannot be read: {error.strerror}", hint=f"move {path} away") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
    if len(content) > _MOST_BYTES:
        raise SettingsError(f"{path} cannot be read: it is larger than 1 MB")
    if content.startswith(_UTF_16):
        raise SettingsError(f"{path} cannot be read: it is UTF-16 text", hint=f"save {path} as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{path} cannot be read: line {line} is not UTF-8 text", hint=f"save {path} as UTF-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SettingsError(f"{path} cannot be read: line {line} holds a NUL", hint=f"save {path} as UTF-8")
    return text


def _unreadable(path: Path, number: int, line: str, names: frozenset[str]) -> str:
    found = [plain_name(match[0]) for match in _NAME.finditer(unicodedata.normalize("NFKC", line.split("\n")[0]))]
    ours = next((name for name in found if name in names or name.startswith(_OF_CLASH)), None)
    if ours is None:
        return f"{path}, line {number} is not NAME=VALUE, and is not read"
    meant = ours if ours in names else _nearest(ours, names, _NEAR) or ours
    return f"{path}, line {number}: {ours} is not read, for the line is not NAME=VALUE; write {meant}=..."


def _nearest(name: str, names: frozenset[str], likeness: float) -> str | None:
    if name in names:
        return name
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1, cutoff=likeness)), None)


def _key_meant(name: str, names: frozenset[str]) -> str | None:
    """Return the key of the same vendor that a name resembles, or that it can only mean: FAL_KYE, OPENAI_TOKEN."""
    vendor = name.split("_")[0]
    keys = frozenset(known for known in names if known.startswith(f"{vendor}_") and sounds_secret(known))
    if len(keys) == 1 and sounds_secret(name):
        return next(iter(keys))
    return _nearest(name, keys, _NEAR_KEY) if keys else None


def _meant(near: str | None) -> str:
    return f"; did you mean {near}?" if near else ""


_warned: set[str] = set()


def warn_once(found: DotEnv, names: frozenset[str], path: Path) -> None:
    """Log what of `.env` cannot be read, and each name there or in the environment that is nearly a setting, once."""
    sentences = [
        *found.unreadable,
        *misspelt(found.values, names, where=str(path)),
        *misspelt(os.environ, names, where="the environment", ours_only=True),
    ]
    for sentence in sentences:
        if sentence not in _warned:
            _warned.add(sentence)
            logger.warning("%s", sentence)
