"""The executor that hands the stories of a batch to the workers of a Dask cluster.

Each run is begun here: its row, story, cast and pictures are stored, and nothing is called. A worker then goes on with
it. What became of it is read from the database, whatever the worker said. So a worker, the scheduler or this process
may be killed, and the same command goes on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clash.assets import local_assets
from clash.database import reading
from clash.database.batches import standings
from clash.documents.outcome import Outcome
from clash.errors import ClashError
from clash.money import usd_text
from clash.production.batch_executors import Tell, Work, not_begun, reason_to_end
from clash.production.batch_plan import BatchStory
from clash.production.batch_run import Fault, StoryResult
from clash.production.dask_cluster import DaskCluster
from clash.production.dask_worker import Order
from clash.production.plan import prepare
from clash.production.use_cases import begin_run
from clash.reports.runs import run_document
from clash.vocabulary import RunStatus

_TICK_S = 0.25
_STOP_AGAIN_S = 1.0
_ORDERED_AHEAD = 1.25
"""How many runs are given out for each thread of the workers: one that is ready when another ends costs no pause."""
_LOST = ("scheduler_lost", "workers_died")


class DaskExecutor:
    """Films stories on the workers of a cluster."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: deque[BatchStory] = deque()
        self._running: set[asyncio.Task[StoryResult]] = set()
        self._ends_for: Fault | None = None
        self._stopped_at = 0.0

    async def film(self, stories: Sequence[BatchStory], tell: Tell) -> None:
        """Film the stories. Raise `SettingsError` before anything is paid if a worker cannot."""
        self._waiting, self._ends_for = deque(stories), None
        if not stories:
            return
        async with DaskCluster.connect(self._work.request.executor) as cluster:
            await self._check(cluster)
            try:
                while self._waiting or self._running:
                    if self._work.stop.requested or self._ends_for is not None:
                        self._leave(tell)
                    if self._work.stop.requested:
                        await self._stop(cluster)
                    await self._begin(cluster)
                    await self._wait(tell)
            finally:
                for task in self._running:
                    task.cancel()

    async def _check(self, cluster: DaskCluster) -> None:
        """Begin the first run, and have every worker look whether it can go on with it. Its own fault is told later."""
        first = self._waiting[0]
        try:
            order = await self._begun(first)
        except ClashError:
            return
        await cluster.check(order)

    def _leave(self, tell: Tell) -> None:
        while self._waiting:
            tell(not_begun(self._work, self._waiting.popleft(), self._ends_for))

    async def _stop(self, cluster: DaskCluster) -> None:
        """Ask the workers to stop, again and again: they may just begin with what was given out before."""
        now = asyncio.get_running_loop().time()
        if now - self._stopped_at > _STOP_AGAIN_S:
            self._stopped_at = now
            await cluster.stop(self._work.stop.signum or 15)

    async def _begin(self, cluster: DaskCluster) -> None:
        most = max(1, int(await cluster.threads() * _ORDERED_AHEAD))
        while self._waiting and len(self._running) < most:
            story = self._waiting.popleft()
            self._running.add(asyncio.create_task(self._film(cluster, story), name=story.thread_id))

    async def _wait(self, tell: Tell) -> None:
        if not self._running:
            return
        done, self._running = await asyncio.wait(self._running, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            result = task.result()
            if result.fault is not None and result.fault.code in _LOST[:1]:
                self._ends_for = self._ends_for or Fault(result.fault.code, f"not begun: {result.fault.message}")
            self._ends_for = self._ends_for or reason_to_end(self._work, result)
            tell(result)

    async def _film(self, cluster: DaskCluster, story: BatchStory) -> StoryResult:
        answer: dict[str, Any] = {}
        try:
            answer = await cluster.make(await self._begun(story))
        except ClashError as error:
            status = "held" if error.code == "held" else "failed"
            result = StoryResult(story, status, error.exit_code, fault=Fault.of(error))
        else:
            told: dict[str, Any] | None = answer["fault"]
            fault = None if told is None else Fault(**told)
            outcome = None if answer["outcome"] is None else Outcome.of(answer["outcome"])
            result = StoryResult(story, answer["status"], int(answer["exit_code"]), fault=fault, outcome=outcome)
            result = replace(result, room_micro=answer["room_micro"])
        try:
            return await self._as_recorded(result)
        except ClashError:
            return result

    async def _begun(self, story: BatchStory) -> Order:
        """Return the order for a story, whose run is begun if there is none."""
        opened, request = self._work.opened, self._work.request
        if story.request is None:
            row = await reading.run_row(opened.database, story.thread_id)
            return Order.of(row, request.name, request.each)
        plan = await asyncio.to_thread(prepare, story.request, opened.settings, opened.registry)
        row = await begin_run(opened, plan, observe=self._work.observe, batch=request.name)
        return Order.of(row, request.name, story.request)

    async def _as_recorded(self, told: StoryResult) -> StoryResult:
        """Return what became of a story as the database has it: an answer may be lost, or come too early."""
        opened, thread_id = self._work.opened, told.story.thread_id
        standing = (await standings(opened.database, [thread_id])).get(thread_id)
        if standing is None:
            return told
        result = replace(told, cost_usd=usd_text(standing.spent_micro))
        if standing.status == RunStatus.COMPLETED and told.exit_code:
            result = replace(result, status="completed", exit_code=0, fault=None, outcome=None)
        if standing.status == RunStatus.COMPLETED and result.outcome is None:
            document = await run_document(opened.database, thread_id, local_assets(opened.settings))
            result = replace(result, outcome=Outcome.of(document))
        film = result.outcome.film if result.outcome else None
        return replace(result, film=None if film is None else film.path)
