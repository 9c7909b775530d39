"""Keep LangSmith off: what others have switched on for other programs must not be sent the words of a story.

LangGraph sends the inputs and outputs of every step to LangSmith where LANGSMITH_TRACING or one of its older names is
set. Only `CLASH_LANGSMITH=true` lets it. The environment of the process is left as it is, so a program that imports
clash and traces other things goes on tracing them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from clash.config import Settings

if TYPE_CHECKING:
    from langchain_core.tracers.langchain import LangChainTracer

_OLDEST = ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")
"""LangChain refuses to run with one of these set, unless some tracer is there."""
_OFF = {"", "0", "false", "False"}


@contextmanager
def tracing_as_allowed(settings: Settings) -> Generator[None]:
    """Run what is within without any tracing by LangSmith, unless the settings allow it."""
    if settings.langsmith:
        yield
        return
    # Slow to import, and here already, since a graph is about to run.
    from langchain_core.runnables.config import var_child_runnable_config
    from langchain_core.tracers.context import tracing_v2_callback_var

    # What langsmith says of its own types is not whole.
    tracing_context: Any = importlib.import_module("langsmith").tracing_context
    silent = _silent_tracer() if any(os.environ.get(name, "") not in _OFF for name in _OLDEST) else None
    with (
        tracing_context(enabled=False),
        # A tracer that the caller has begun, or that a graph around this one hands down.
        _holding(tracing_v2_callback_var, silent),
        _holding(var_child_runnable_config, None),
    ):
        yield


@contextmanager
def _holding(variable: ContextVar[Any], value: object) -> Generator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def _silent_tracer() -> LangChainTracer:
    """A tracer that is told nothing, and so sends nothing."""
    from langchain_core.tracers.langchain import LangChainTracer

    class Silent(LangChainTracer):
        ignore_llm = ignore_retry = ignore_chain = ignore_agent = True  # type: ignore[assignment]
        ignore_retriever = ignore_chat_model = ignore_custom_event = True  # type: ignore[assignment]

    return Silent(client=object())  # type: ignore[arg-type] - in place of one that would look for a key
