"""The projects that runs belong to: what the name of one may look like."""

from __future__ import annotations

import re
from typing import Final

from clash.errors import UsageError
from clash.redaction import hide

DEFAULT_PROJECT: Final = "default"
"""The project of a run that was begun without one."""
EVERY: Final = "all"
"""What stands for every project where a token gets its roles: no project has this name."""
RULE: Final = "1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit; not 'all'"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_project_name(text: object) -> bool:
    """Return whether a project can have this name."""
    return isinstance(text, str) and text != EVERY and _NAME.fullmatch(text) is not None


def check_project_name(name: str) -> str:
    """Return the name itself, if a project can have it. Raises `UsageError`."""
    if not is_project_name(name):
        shown = name if len(name) <= 80 else f"{name[:80]}..."
        raise UsageError(f"the project {shown!r} cannot be used", code="project_name", hint=RULE)
    if hide(name) != name:
        raise UsageError(
            "the project's name holds a key or password of the settings, which must not be stored",
            code="project_name",
            hint="choose another --project",
        )
    return name


def project_setting(value: object) -> str:
    """Return the project that a setting names, the default one for an empty setting. Raises `ValueError`."""
    try:
        return check_project_name(str(value or DEFAULT_PROJECT))
    except UsageError as error:
        raise ValueError(f"{error.message} ({error.hint})") from error
