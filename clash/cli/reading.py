"""How the reading commands ask `clash.reports`, which are imported only when there is something to ask."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from clash.documents import SCHEMA

if TYPE_CHECKING:
    from clash.config import Settings
    from clash.documents.base import Document as Report


def report(
    question: Callable[[Settings], Coroutine[Any, Any, Report]], flags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The whole JSON document that answers the question under the settings in force. Raises `ClashError`.

    `flags`: settings that options override.
    """
    import asyncio

    from clash.cli.notices import warn, warnings_shown
    from clash.config import load_settings

    with warnings_shown():
        document: dict[str, Any] = {"schema": SCHEMA, **asyncio.run(question(load_settings(flags))).dump()}
    for item in document.get("damaged") or ():
        warn(_left_out(item))
    return document


def _left_out(item: dict[str, Any]) -> str:
    """What a report leaves out, and why."""
    about = [f"the run {item['thread_id']}" if item["thread_id"] else "a row without a run"]
    about += [str(item["name"])] if item["name"] else []
    about += [f"row {item['id']}"] if item["id"] is not None else []
    return f"left out: {', '.join(about)}: {item['table']}.{item['fault']}"
