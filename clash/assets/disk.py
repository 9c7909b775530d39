"""Disk work in threads of its own, so that the event loop does not stand still while a file is flushed.

A wave of fifty answers is two hundred flushes: in the event loop, no other answer could be taken meanwhile. There are
three groups of threads, so that none waits behind another's work: for what is written before a call is sent, which is
not flushed; for answers, which are; and for what is written or removed after them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from clash.worker_threads import WorkerThreads

P = ParamSpec("P")
T = TypeVar("T")

_BEFORE_THREADS, _THREADS, _LATER_THREADS = 4, 16, 4
"""Sixteen for answers: a disk takes the flushes of many together in little more than the time of one."""


class _Pools:
    """The threads. Not the loop's own: a careless provider may hold those for ever."""

    def __init__(self) -> None:
        self.before = WorkerThreads(_BEFORE_THREADS, "clash-disk-before")
        self.answers = WorkerThreads(_THREADS, "clash-disk")
        self.later = WorkerThreads(_LATER_THREADS, "clash-disk-later")


_pools = _Pools()


def _new_threads() -> None:
    # A forked process has none of the threads of its parent.
    global _pools
    _pools = _Pools()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_threads)


async def on_disk(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do work on the disk in a thread, and wait for its end, also when the caller is cancelled.

    What was begun is done: an answer that was paid for is on the disk before a cancellation is passed on.
    """
    return await _done(_pools.answers, lambda: work(*arguments, **named))


async def on_disk_before(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do the same for what a call waits for before it is sent: work that does not flush, such as to hash a picture."""
    return await _done(_pools.before, lambda: work(*arguments, **named))


async def on_disk_later(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do the same for what no call waits for: what is written or removed after an answer was kept."""
    return await _done(_pools.later, lambda: work(*arguments, **named))


async def _done(threads: WorkerThreads, work: Callable[[], T]) -> T:
    future = threads.do(work)
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
