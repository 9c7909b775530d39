"""Where the stories of a batch are filmed: an executor takes stories, and tells of each what became of it.

`LocalExecutor` films several at once in this process, on one connection to the database and under one set of rate
limits. Another executor hands each story to another process, which opens the database itself and calls
`film_one_story(..., wait_s=...)`: so it waits there for a run that a third process holds.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from clash.calls.funds import BATCH_BUDGET
from clash.database.batches import standings
from clash.database.connection import is_d1
from clash.errors import DatabaseError
from clash.production.batch_plan import BatchRequest, BatchStory
from clash.production.batch_run import (
    Fault,
    StoryResult,
    already_completed,
    film_one_story,
    free_among,
    is_done,
)
from clash.production.opened import Opened
from clash.production.progress import Observer
from clash.production.stopping import StopSignal

LOOK_S, LOOK_ON_D1_S = 2.0, 20.0
"""How often it is looked whether a run that another process holds is free: on D1 each look is a request."""
_TICK_S = 0.25
_MOST_FAILED_LOOKS = 5
"""After so many looks in a row that fail, with nothing under way, runs of other processes are not waited for."""

Tell = Callable[[StoryResult], None]


@dataclass(frozen=True)
class Work:
    """What an executor films with. `opened`: the database, providers and limits of this process."""

    request: BatchRequest
    opened: Opened
    observe: Observer
    stop: StopSignal

    @property
    def look_s(self) -> float:
        """How often to look whether a run that another process holds is free."""
        return LOOK_ON_D1_S if is_d1(self.opened.database.url) else LOOK_S


class Executor(Protocol):
    """Films stories, somewhere."""

    async def film(self, stories: Sequence[BatchStory], tell: Tell) -> None:
        """Film the stories; call `tell` once for each with what became of it, `not_begun` included.

        Return when all are told. After a stop, a refusal by the batch's budget, or with `fail_fast` a failure, no
        other story is begun.
        """
        ...


def reason_to_end(work: Work, result: StoryResult) -> Fault | None:
    """Return why no other story is to be begun after this result; None if others are."""
    if result.waits_for_batch:
        return Fault(BATCH_BUDGET, "not begun: the budget of the batch is spent")
    if work.request.fail_fast and result.has_failed:
        return Fault("not_begun", f"not begun: {result.story.thread_id} failed (--fail-fast)")
    return None


def not_begun(work: Work, story: BatchStory, fault: Fault | None) -> StoryResult:
    """Return the result of a story that was left; `fault`: why, if it was not for a stop."""
    if fault is None:
        signum = work.stop.signum or 0
        return StoryResult(story, "not_begun", 128 + signum, fault=Fault("stopped", "not begun: stopped before"))
    return StoryResult(story, "not_begun", 6 if fault.code == BATCH_BUDGET else 1, fault=fault)


def look_after(looks: int, idle_s: float | None, longest_s: float) -> float:
    """Return how many seconds after the last look at the runs that other processes hold the next one is due.

    `looks`: how many there were. `idle_s`: for how long this process has had nothing else to do; None: it films. An
    idle one looks often at first, for the others are about to end, too.
    """
    due_s = min(LOOK_S * 2**looks, longest_s)
    return due_s if idle_s is None else min(due_s, LOOK_S + idle_s / 4)


class LocalExecutor:
    """Films up to `jobs` stories at once in this process."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: deque[BatchStory] = deque()
        self._held: list[BatchStory] = []
        self._running: set[asyncio.Task[StoryResult]] = set()
        self._looked_at = 0.0
        self._idle_since: float | None = None
        self._looks = 0
        self._failed_looks = 0
        self._met_others = False
        self._ends_for: Fault | None = None

    async def film(self, stories: Sequence[BatchStory], tell: Tell) -> None:
        """Film the stories. Those that another process holds come last: as soon as they are free."""
        self._waiting, self._held, self._ends_for = deque(stories), [], None
        try:
            while self._waiting or self._running or self._held:
                if self._is_ending:
                    self._leave(tell)
                await self._leave_to_others(tell)
                self._begin()
                await self._wait(tell)
                await self._look(tell)
        finally:
            for task in self._running:
                task.cancel()

    @property
    def _is_ending(self) -> bool:
        return self._work.stop.requested or self._ends_for is not None

    def _leave(self, tell: Tell) -> None:
        """Tell of those that are not begun, or that another process holds, and forget them."""
        while self._waiting:
            tell(not_begun(self._work, self._waiting.popleft(), self._ends_for))
        for story in self._held:
            fault = Fault("held", f"the run {story.thread_id} is being made by another process")
            tell(StoryResult(story, "held", 5, fault=fault))
        self._held = []

    def _give_up(self, error: DatabaseError, tell: Tell) -> None:
        """Tell of those that another process held that they cannot be asked about."""
        held, self._held = self._held, []
        for story in held:
            tell(StoryResult(story, "failed", error.exit_code, fault=Fault.of(error)))

    async def _leave_to_others(self, tell: Tell) -> None:
        """After a run was found to be held: put by with one request what other processes have taken or made meanwhile.

        They go through the same list. So each goes on in an order of its own, or they would meet at every story.
        """
        if not (self._met_others and self._waiting):
            return
        self._met_others = False
        opened, waiting = self._work.opened, list(self._waiting)
        try:
            found = await standings(opened.database, [story.thread_id for story in waiting])
        except DatabaseError:
            return  # what fails for all of them is told of the next that is begun
        random.shuffle(waiting)
        self._waiting.clear()
        for story in waiting:
            standing = found.get(story.thread_id)
            if is_done(story, standing):
                tell(already_completed(story, standing, opened.settings))
            elif standing is not None and standing.is_held:
                self._held.append(story)
            else:
                self._waiting.append(story)

    def _begin(self) -> None:
        work = self._work
        while self._waiting and len(self._running) < work.request.jobs:
            story = self._waiting.popleft()
            filming = film_one_story(
                story,
                batch=work.request.name,
                opened=work.opened,
                observe=work.observe,
                stop=work.stop,
                each=work.request.each,
            )
            self._running.add(asyncio.create_task(filming, name=story.thread_id))

    async def _wait(self, tell: Tell) -> None:
        """Wait for a run to end, or for a moment."""
        if not self._running:
            await asyncio.sleep(_TICK_S if self._held else 0)
            return
        done, self._running = await asyncio.wait(self._running, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            result = task.result()
            if result.is_held and not self._is_ending:
                self._held.append(result.story)
                self._met_others = True
                continue
            self._ends_for = self._ends_for or reason_to_end(self._work, result)
            tell(result)

    async def _look(self, tell: Tell) -> None:
        """Look which runs that other processes held are free: those that are not completed are filmed here."""
        now = asyncio.get_running_loop().time()
        self._idle_since = None if self._running or self._waiting else self._idle_since or now
        idle_s = None if self._idle_since is None else now - self._idle_since
        if not self._held or now - self._looked_at < look_after(self._looks, idle_s, self._work.look_s):
            return
        self._looked_at, self._looks = now, min(self._looks + 1, 8)
        opened = self._work.opened
        try:
            free = await free_among(opened.database, self._held)
            found = await standings(opened.database, [story.thread_id for story in free]) if free else {}
        except DatabaseError as error:
            # What is in flight is paid for, and what has ended is to be told: a look that fails ends neither.
            self._failed_looks += not self._running
            if self._failed_looks >= _MOST_FAILED_LOOKS:
                self._give_up(error, tell)
            return
        self._failed_looks = 0
        self._held = [story for story in self._held if story not in free]
        for story in free:
            standing = found.get(story.thread_id)
            if is_done(story, standing):
                tell(already_completed(story, standing, opened.settings))
            else:
                self._waiting.append(story)
