"""How the reading commands ask `clash.reports`, which are imported only when there is something to ask."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clash.cli.other_database import database_flags
from clash.documents import SCHEMA

if TYPE_CHECKING:
    from clash.config import Settings
    from clash.documents.base import Document as Report


_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"


def report(
    question: Callable[[Settings], Coroutine[Any, Any, Report]], flags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The whole JSON document that answers the question under the settings in force. Raises `ClashError`.

    `flags`: settings that options override.
    """
    return answered(question, lambda: _settings(flags or {}))


def answered(
    question: Callable[[Settings], Coroutine[Any, Any, Report]], settings_here: Callable[[], Settings]
) -> dict[str, Any]:
    """The same under the settings that `settings_here` returns."""
    import asyncio

    from clash.cli.notices import warn, warnings_shown

    with warnings_shown(), _without_plugins():
        settings = settings_here()
        with first_run_named(settings):
            document: dict[str, Any] = {"schema": SCHEMA, **asyncio.run(question(settings)).dump()}
    for item in document.get("damaged") or ():
        warn(_left_out(item))
    return document


def _settings(flags: Mapping[str, str]) -> Settings:
    from clash.config import load_settings

    return load_settings({**database_flags(), **flags})


@contextmanager
def _without_plugins() -> Generator[None]:
    """Let pydantic look for no plugins meanwhile: it would read the metadata of every package that is installed."""
    before = os.environ.get(_PLUGINS)
    os.environ[_PLUGINS] = "__all__"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PLUGINS]
        else:
            os.environ[_PLUGINS] = before


@contextmanager
def first_run_named(settings: Settings) -> Generator[None]:
    """Where neither a database nor a paid answer is there yet, have the error say how the first run is made.

    Only the error about the database: a story or another file that is not there has a hint of its own.
    """
    from clash.errors import DatabaseMissingError

    try:
        yield
    except DatabaseMissingError as error:
        from clash.reports.files import is_before_first_run

        if not is_before_first_run(settings):
            raise
        raise DatabaseMissingError(
            error.message,
            code=error.code,
            hint="nothing was made here yet: `clash run --help` says how to make the first film, and `clash db init`"
            " creates the database; or check DATABASE_URL and the folder",
        ) from None


def _left_out(item: dict[str, Any]) -> str:
    """What a report leaves out, and why."""
    about = [f"the run {item['thread_id']}" if item["thread_id"] else "a row without a run"]
    about += [str(item["name"])] if item["name"] else []
    about += [f"row {item['id']}"] if item["id"] is not None else []
    return f"left out: {', '.join(about)}: {item['table']}.{item['fault']}"
