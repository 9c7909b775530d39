"""The commands in a hint, found and typed as a person would: as they stand, in the same folder."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from filming import Ran, clash

_QUOTED = re.compile(r"`([^`]+)`")
PLACEHOLDERS = re.compile(r"\b(?:STORY|THREAD|ID|NEW_ID|USD|SLOT|FILE|DIR|N|TITLE)\b|[<>]|\.\.\.")
"""What stands in a command for something that its reader is to fill in."""


def commands_in(hint: str | None) -> list[list[str]]:
    """The commands of clash in a hint, each as its arguments: what is between backquotes, or the whole hint."""
    if not hint:
        return []
    found = [hint] if hint.startswith("clash ") else _QUOTED.findall(hint)
    return [shlex.split(command)[1:] for command in found if command.startswith("clash ")]


def type_all(hint: str | None, folder: Path, env: Mapping[str, str]) -> list[Ran]:
    """Type every command of a hint, in order."""
    return [clash(folder, *arguments, env=env) for arguments in commands_in(hint)]
