"""Disk work in threads of its own, so that the event loop does not stand still while a file is flushed.

A wave of fifty answers is a hundred flushes: in the event loop, no other answer could be taken meanwhile.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 8
_threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="clash-disk")
"""Not the loop's own threads: a careless provider may hold those for ever."""


def _new_threads() -> None:
    # A forked process has none of the threads of its parent.
    global _threads
    _threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="clash-disk")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_threads)


async def on_disk(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do work on the disk in a thread, and wait for its end, also when the caller is cancelled.

    What was begun is done: an answer that was paid for is on the disk before a cancellation is passed on.
    """
    future = asyncio.get_running_loop().run_in_executor(_threads, lambda: work(*arguments, **named))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await _ended(future)
        raise


async def _ended(future: asyncio.Future[T]) -> None:
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue  # cancelled once more: the work takes as long as the disk does
    if not future.cancelled():
        future.exception()  # so that asyncio does not say that nobody asked for it
