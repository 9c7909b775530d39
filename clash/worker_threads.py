"""Threads that do work for event loops: a thread is woken once for all that waits, a loop once for all that is done.

An executor wakes a thread for each piece of work, and the event loop for each result. Where a call is several pieces of
a tenth of a millisecond, and a hundred calls are under way, this takes more time than the work.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar
from weakref import ReferenceType, WeakKeyDictionary, ref

T = TypeVar("T")


class _Work(NamedTuple):
    do: Callable[[], Any]
    future: asyncio.Future[Any]
    results: _Results


class _Results:
    """What is done for one event loop, and not told to it yet.

    It is kept by work under way and by the loop that is about to be told, so that both are freed with a loop that was
    closed before it was told.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []

    def add(self, future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
        """Note a result, from any thread; the loop is woken if it is the first that it has not heard of."""
        with self._lock:
            self._done.append((future, result, error))
            is_first = len(self._done) == 1
        if is_first:
            with suppress(RuntimeError):  # the loop was closed, and its callers with it
                future.get_loop().call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        for future, result, error in done:
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(_for_a_future(error))


def _for_a_future(error: BaseException) -> BaseException:
    """Return the error as a future can hold it: none can hold a `StopIteration`, which ends generators."""
    if not isinstance(error, StopIteration):
        return error
    told = RuntimeError("the work raised StopIteration")
    told.__cause__ = error
    return told


class WorkerThreads:
    """At most so many threads. They do what they are given in the order in which it comes."""

    def __init__(self, most: int, name: str) -> None:
        """`name`: what the names of the threads begin with."""
        self._most = most
        self._threads = ThreadPoolExecutor(most, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._waiting: deque[_Work] = deque()
        self._awake = 0
        self._closed = False
        self._results: WeakKeyDictionary[asyncio.AbstractEventLoop, ReferenceType[_Results]] = WeakKeyDictionary()

    def do(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do work in a thread. The future is of the running loop; one that is cancelled in time is not begun.

        Raises `RuntimeError` after `shutdown`.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._lock:
            if self._closed:
                raise RuntimeError("these threads take no more work")
            if self._awake < self._most:
                self._threads.submit(self._work)
                self._awake += 1
            self._waiting.append(_Work(work, future, self._results_of(loop)))
        return future

    def shutdown(self) -> None:
        """Take no more work. What was taken is done."""
        with self._lock:
            self._closed = True
        self._threads.shutdown(wait=False)

    def _results_of(self, loop: asyncio.AbstractEventLoop) -> _Results:
        kept = self._results.get(loop)
        results = kept() if kept is not None else None
        if results is None:
            results = _Results()
            self._results[loop] = ref(results)
        return results

    def _work(self) -> None:
        while (work := self._next()) is not None:
            if work.future.cancelled():
                continue
            try:
                result, error = work.do(), None
            except BaseException as raised:  # noqa: BLE001 - the caller that waits is told
                result, error = None, raised
            work.results.add(work.future, result, error)

    def _next(self) -> _Work | None:
        """Return what is to be done next; None, and the thread counts as asleep, if nothing waits."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._awake -= 1
            return None
