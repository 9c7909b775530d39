"""`--database URL`: the database of one command, instead of DATABASE_URL."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

_named: str | None = None


def _use(value: str | None) -> str | None:
    """Remember which database the command is to use; each command that takes the option says it anew."""
    global _named
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty; leave the option out for DATABASE_URL")
    if value is not None and not value.startswith(("sqlite://", "d1://")):
        raise typer.BadParameter(
            f"{value.partition('://')[0]!r} is no address of a database: sqlite:///FILE.db, or d1://NAME"
        )
    _named = value
    return value


OtherDatabase = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        show_default=False,
        callback=_use,
        help="Use this database instead of DATABASE_URL: sqlite:///path.db, or d1://NAME.",
    ),
]


def database_flags() -> dict[str, str]:
    """Return the setting that the option overrides, if it was given."""
    return {} if _named is None else {"DATABASE_URL": _named}


def forget_database() -> None:
    """Begin a command without the option."""
    _use(None)


def at_database(hint: str | None) -> str | None:
    """Return a hint that also says which database its commands are to be typed for."""
    if _named is None or not hint or "DATABASE_URL" in hint:
        return hint
    return f"{hint}; with DATABASE_URL={shlex.quote(_named)}"
