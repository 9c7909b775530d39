"""Wait for providers: no call longer than its limit, none long after a stop, and one line per minute meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from clash.errors import AmbiguousError, ClashError
from clash.providers.ports import AnyProvider

T = TypeVar("T")

_TICK_S = 0.25
_LAST_WORDS_S = 1.0
"""How long a call that is cut off may take to end: an answer that comes just then is kept."""
_LAST_TURNS = 20
"""How many turns of the loop an answer that this process has may take from the connection to the end of its task."""


@dataclass(frozen=True)
class TimeLimits:
    """Seconds: for one call, for one job from when this process waits for it, for calls in flight after a stop."""

    call_s: float = 3600.0
    job_s: float = 3600.0
    stop_s: float = 22.0

    def of_call(self, provider: AnyProvider) -> float:
        """The limit of a call that answers at once: the provider's own `timeout_s` if it has one, never above ours."""
        return min(self.call_s, _own_limit_s(provider))

    def of_job(self, provider: AnyProvider) -> float:
        """The limit of a job: the provider's own `timeout_s` if it has one, never above ours."""
        return min(self.job_s, _own_limit_s(provider))


def _own_limit_s(provider: AnyProvider) -> float:
    own = getattr(provider, "timeout_s", None)
    return float(own) if isinstance(own, int | float) and own > 0 else float("inf")


class NoAnswerError(AmbiguousError):
    """A call was cut off without an answer: its time was over, or the run was stopped and would not wait longer."""

    code = "no_answer"


class Waiting:
    """The calls in flight that this process waits for."""

    def __init__(
        self,
        limits: TimeLimits,
        check_stop: Callable[[], None],
        *,
        say: Callable[[str], None] = lambda _: None,
        say_every_s: float = 60.0,
    ) -> None:
        """`say` is told once in `say_every_s` seconds what is waited for."""
        self.limits = limits
        self._check_stop = check_stop
        self._say = say
        self._say_every_s = say_every_s
        self._said_at = 0.0
        self._stopped_at: float | None = None
        self._ends: set[asyncio.Future[None]] = set()
        """What each call that is waited for waits by itself: its answer, or that its time is over."""
        self._next_look: asyncio.TimerHandle | None = None
        self._looks_in: asyncio.AbstractEventLoop | None = None
        """The loop of these: one that was closed never comes to its next look."""
        self._open: dict[str, tuple[float, float]] = {}
        """What is waited for: its name to when that began, and to its limit in seconds."""

    async def answer(self, work: Coroutine[Any, Any, T], about: str, limit_s: float) -> T:
        """What `work` returns. Raises what it raises, and `NoAnswerError` once its time is over."""
        loop = asyncio.get_running_loop()
        began, task, end = loop.time(), asyncio.ensure_future(work), loop.create_future()
        task.add_done_callback(lambda _: _set(end))
        limit = loop.call_later(limit_s, _set, end)
        self._forget_other_loops(loop)
        with self.noted(about, limit_s):
            try:
                self._ends.add(end)
                # Without time left, the call is not even begun.
                if (left_s := min(limit_s, self._left_after_a_stop(began))) > 0:
                    if self._next_look is None:
                        self._look_later(loop, left_s)
                    await end
                    await _arrived(task)
                if task.done():
                    return task.result()
                return await self._cut_off(task, about, loop.time() - began)
            finally:
                self._ends.discard(end)
                limit.cancel()
                if not task.done():
                    task.cancel()

    def _forget_other_loops(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._looks_in is not loop:
            self._looks_in, self._next_look = loop, None
            self._ends.clear()

    def _look_later(self, loop: asyncio.AbstractEventLoop, left_s: float) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._next_look = loop.call_later(min(_TICK_S, left_s), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look for all calls that are waited for: if each of hundreds did so by itself, it would take long."""
        self._next_look = None
        if not self._ends:
            return
        # Before anything that may fail, so that one failure does not end the looking.
        self._look_later(loop, _TICK_S)
        now = loop.time()
        if (left_s := self._left_after_a_stop(now)) <= 0:
            for end in self._ends:
                _set(end)
        elif left_s < _TICK_S:
            self._look_later(loop, left_s)
        self.tell(now)

    @contextmanager
    def noted(self, about: str, limit_s: float) -> Generator[None]:
        """While this lasts, `about` is among what is waited for."""
        if about in self._open:
            yield
            return
        self._open[about] = (asyncio.get_running_loop().time(), limit_s)
        try:
            yield
        finally:
            del self._open[about]

    async def pause(self, seconds: float) -> None:
        """Wait for so long. Raises what `check_stop` raises meanwhile."""
        clock = asyncio.get_running_loop().time
        ends = clock() + seconds
        while (left := ends - clock()) > 0:
            self._check_stop()
            self.tell(clock())
            await asyncio.sleep(min(_TICK_S, left))

    def tell(self, now: float) -> None:
        """Say what is waited for, if anything has been for long and nothing was said for as long."""
        if not self._open or now - self._said_at < self._say_every_s:
            return
        about, (began, limit_s) = next(iter(self._open.items()))  # the first that was noted
        if now - began < self._say_every_s:
            return
        self._said_at = now
        count = "1 call" if len(self._open) == 1 else f"{len(self._open)} calls, the oldest"
        self._say(f"waiting for {count}: {about}, for {(now - began) / 60:.0f} min (at most {limit_s / 60:.0f})")

    def _left_after_a_stop(self, now: float) -> float:
        """Seconds for which calls in flight are still waited for; endless unless the run is being stopped."""
        try:
            self._check_stop()
        except ClashError:
            self._stopped_at = self._stopped_at or now
            return self._stopped_at + self.limits.stop_s - now
        return float("inf")

    async def _cut_off(self, task: asyncio.Future[T], about: str, waited_s: float) -> T:
        task.cancel()
        await asyncio.wait({task}, timeout=_LAST_WORDS_S)
        if task.done() and not task.cancelled():
            return task.result()
        raise NoAnswerError(f"no answer within {waited_s:.0f} s: {about}")


def _set(end: asyncio.Future[None]) -> None:
    """Wake the call that waits for this."""
    if not end.done():
        end.set_result(None)


async def _arrived(task: asyncio.Task[Any]) -> None:
    """Give an answer that has come the turns of the loop in which it reaches the end of its task."""
    for _ in range(_LAST_TURNS):
        if task.done():
            return
        await asyncio.sleep(0)
