"""Who decides: the person at this machine, or the account of a board that a request came from."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_ACTOR: ContextVar[str] = ContextVar("clash_actor", default="")


def this_person() -> str:
    """Name who decides here, for the record: the account that is acted for, or else the user and the host."""
    if name := _ACTOR.get():
        return name
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        user = "unknown user"
    return f"{user}@{socket.gethostname()}"


@contextmanager
def acting_as(name: str) -> Generator[None]:
    """Have `this_person` name an account within this context; "" changes nothing."""
    before = _ACTOR.set(name or _ACTOR.get())
    try:
        yield
    finally:
        _ACTOR.reset(before)
