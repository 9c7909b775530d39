"""One event loop in a thread of its own, for code that cannot await, or awaits in another loop.

What is opened in it belongs to no loop of the caller's: it can be used from a script, from threads, from a notebook
or a web server whose loop is running, and from several loops at a time. It is closed when the program ends.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any, Generic, TypeVar

from clash.errors import UsageError

T = TypeVar("T")

_CLOSING_S = 10.0
"""How long the end of a program waits for what is still open."""


class _Loop:
    """A running event loop and its thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.closers: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.thread = threading.Thread(target=self.loop.run_forever, name="clash-background", daemon=True)
        self.thread.start()


_running: _Loop | None = None
_lock = threading.Lock()


def _current() -> _Loop:
    global _running
    with _lock:
        if _running is None:
            _running = _Loop()
        return _running


def _forget() -> None:
    """After a fork: the thread is not in the child, and what was opened there is the parent's."""
    global _running, _lock
    _running, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@atexit.register
def _close() -> None:
    background = _running
    if background is None:
        return

    async def close_all() -> None:
        for close in reversed(background.closers):
            with suppress(Exception):  # the program ends: what cannot be closed is let go
                await close()

    with suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(close_all(), background.loop).result(_CLOSING_S)
    background.loop.call_soon_threadsafe(background.loop.stop)
    background.thread.join(_CLOSING_S)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return what it returns, from any thread, whether or not a loop runs in it.

    Raises what it raises, and `UsageError` where it could never end: in the very loop that would run it.
    """
    background = _current()
    if threading.current_thread() is background.thread:
        work.close()
        raise UsageError("this would wait for itself", hint="await the asynchronous function instead")
    future = asyncio.run_coroutine_threadsafe(work, background.loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C while waiting; else it has ended already
        raise


async def arun(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in that loop, awaited in another one."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, _current().loop))


class Kept(Generic[T]):
    """What is opened once in the background loop, on first use, and kept until the program ends."""

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._opening = opening
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Return it. In the background loop only. Raises what the opening raises; it is tried again then."""
        here = asyncio.get_running_loop()
        if self._opened is None or self._loop is not here or _has_failed(self._opened):
            self._loop, self._opened = here, asyncio.ensure_future(self._open())
            self._opened.add_done_callback(_has_failed)  # looked at, also if no caller waits any more
        return await asyncio.shield(self._opened)

    async def _open(self) -> T:
        stack = AsyncExitStack()
        entered = await stack.enter_async_context(self._opening())
        _current().closers.append(stack.aclose)
        return entered


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
