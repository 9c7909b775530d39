"""What the id of a run may look like: it becomes the name of a folder."""

from __future__ import annotations

import re

from clash.errors import UsageError
from clash.redaction import hide

_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)
_WILDCARDS = re.compile(r"[*?\[\]]")
_THREAD_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def is_thread_id(text: object) -> bool:
    """Return whether a run can have this id."""
    return isinstance(text, str) and _THREAD_ID.fullmatch(text) is not None


def has_wildcard(text: str) -> bool:
    """Return whether a text is a pattern such as `mine-*`: it has a character that no id has."""
    return _WILDCARDS.search(text) is not None


def is_new_thread_id(text: object) -> bool:
    """Return whether a new run can have this id on every system: Windows makes no folder of a device's name."""
    return isinstance(text, str) and is_thread_id(text) and not _DEVICE.fullmatch(text.partition(".")[0])


def check_new_thread_id(thread_id: str) -> str:
    """Return the id itself, if a new run can have it. Raises `UsageError`. Runs that have another one keep it."""
    if is_thread_id(thread_id) and not is_new_thread_id(thread_id):
        raise UsageError(
            f"the thread id {thread_id!r} cannot be used: Windows keeps this name for a device",
            code="thread_id",
            hint="choose another --thread",
        )
    return check_thread_id(thread_id)


def check_thread_id(thread_id: str) -> str:
    """Return the id itself, if it is one. Raises `UsageError`."""
    if has_wildcard(thread_id):
        raise UsageError(
            f"{thread_id[:60]!r} is a pattern, and a command takes the names of runs",
            code="thread_id",
            hint="`clash runs ls` lists the names; `clash runs ls --batch NAME` those of a batch",
        )
    if not is_thread_id(thread_id):
        shown = thread_id if len(thread_id) <= 60 else f"{thread_id[:60]}..."
        raise UsageError(
            f"the thread id {shown!r} cannot be used",
            code="thread_id",
            hint="1 to 128 of A-Z a-z 0-9 . _ -, not starting with a dot",
        )
    if hide(thread_id) != thread_id:
        raise UsageError(
            "the thread id holds a key or password of the settings, which must not be stored",
            code="thread_id",
            hint="choose another --thread",
        )
    return thread_id
