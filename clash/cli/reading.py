"""How the reading commands ask `clash.reports`, which are imported only when there is something to ask."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from clash.cli.output import SCHEMA

if TYPE_CHECKING:
    from clash.config import Settings


def report(question: Callable[[Settings], Coroutine[Any, Any, dict[str, Any]]]) -> dict[str, Any]:
    """The whole JSON document that answers the question under the settings in force. Raises `ClashError`."""
    import asyncio

    from clash.cli.notices import warnings_shown
    from clash.config import load_settings

    with warnings_shown():
        return {"schema": SCHEMA, **asyncio.run(question(load_settings()))}
