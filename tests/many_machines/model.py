"""`python -m tests.many_machines.model`: a batch on many machines, calculated: time, requests, and what holds it up.

    python -m tests.many_machines.model [--stories 1000] [--machines 20] [--call-seconds 2 12 60] [--slots 8]

Each machine has its part of D1's requests. It sends one reading and one writing request at a time; what waits goes in
the next one, as `GroupCommit` does. A story is what was measured of a run of three shots on D1's engine
(docs/many-machines.md): so many requests one after another at its begin and its end, three per call, and some CPU. No
machine of the model dies.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import json
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

WINDOW_S = 300.0
ALL_REQUESTS = 1100
STEPS = (2, 3, 3)
"""Calls that may go at once, step after step: cards, keyframes, clips."""


@dataclass(frozen=True)
class Plan:
    """A batch. `part`: requests in 5 minutes for each machine; None: as many as come (the Worker)."""

    stories: int
    machines: int
    call_s: float
    slots: int = 8
    jobs: int = 12
    part: int | None = None
    request_s: float = 0.15
    begin_requests: int = 28
    end_requests: int = 20
    step_requests: int = 2
    cpu_s: float = 0.5
    renewal_s: float = 70.0
    """How often a run renews its lease: a request of its own, which does not wait for its turn."""

    @property
    def ideal_s(self) -> float:
        """The sum of the call times divided by the slots."""
        return self.stories * sum(STEPS) * self.call_s / (self.machines * self.slots)


@dataclass(frozen=True)
class Outcome:
    """What it takes."""

    seconds: float
    requests: int
    throughput: float


class _Time:
    """Runs coroutines in a time of its own, which jumps to the next moment at which something happens."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = itertools.count()
        self._moments: list[tuple[float, int, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        """Wait until then."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._moments, (self.now + seconds, next(self._order), future))
        await future

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Let the time pass until the work is done."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(_SETTLE):
                await asyncio.sleep(0)
            if not task.done() and self._moments:
                self.now, _, future = heapq.heappop(self._moments)
                future.set_result(None)
        await task


_SETTLE = 6
"""Turns of the loop in which everything that a moment sets off has come to a wait."""


class _Pace:
    """The requests of a machine, in the time that it may take for them."""

    def __init__(self, plan: Plan, time: _Time) -> None:
        self.requests = 0
        self._plan, self._time = plan, time
        self._free_at = 0.0
        self._at_once = max(1, (plan.part or 0) // 10)
        self._every_s = WINDOW_S / max(1, (plan.part or 0) - self._at_once)

    def renew(self, runs: int, seconds: float) -> None:
        """Take the requests of so many leases in so many seconds: what waits goes later for them."""
        renewals = runs * seconds / self._plan.renewal_s
        self.requests += round(renewals)
        if self._plan.part is not None:
            self._free_at = max(self._free_at, self._time.now) + renewals * self._every_s

    async def turn(self) -> None:
        """Wait until a request may go, as `RequestPace` does."""
        self.requests += 1
        if self._plan.part is None:
            return
        wait_s = self._free_at - (self._at_once - 1) * self._every_s - self._time.now
        self._free_at = max(self._free_at, self._time.now) + self._every_s
        if wait_s > 0:
            await self._time.sleep(wait_s)


class _Lane:
    """Requests of one kind, one at a time."""

    def __init__(self, plan: Plan, time: _Time, pace: _Pace) -> None:
        self._plan, self._time, self._pace = plan, time, pace
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None

    async def request(self) -> None:
        """Wait for the answer to the next request, which takes with it all that waits."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._send())
        await future

    async def _send(self) -> None:
        while self._waiting:
            await self._pace.turn()
            group, self._waiting = self._waiting, []
            await self._time.sleep(self._plan.request_s)
            for future in group:
                future.set_result(None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)


class _Machine:
    """One process: its places for calls, its core, its requests."""

    def __init__(self, plan: Plan, time: _Time) -> None:
        self.pace = _Pace(plan, time)
        self.slots = asyncio.Semaphore(plan.slots)
        self.core = asyncio.Semaphore(1)
        self.reads, self.writes = _Lane(plan, time, self.pace), _Lane(plan, time, self.pace)

    async def steps(self, count: int) -> None:
        """Make so many requests one after another: reading, writing, reading ..."""
        for number in range(count):
            await (self.writes if number % 2 else self.reads).request()


def calculate(plan: Plan) -> Outcome:
    """Return what a batch takes."""
    time = _Time()
    machines: list[_Machine] = []

    async def all_of_it() -> None:
        waiting = deque(range(plan.stories))
        machines.extend(_Machine(plan, time) for _ in range(plan.machines))
        jobs = [_job(plan, time, machine, waiting) for machine in machines for _ in range(plan.jobs)]
        renewing = [asyncio.ensure_future(_renew(plan, time, machine)) for machine in machines]
        await asyncio.gather(*jobs)
        for task in renewing:
            task.cancel()

    asyncio.run(time.run(all_of_it()))
    requests = sum(machine.pace.requests for machine in machines)
    return Outcome(time.now, requests, plan.ideal_s / time.now)


async def _renew(plan: Plan, time: _Time, machine: _Machine) -> None:
    while True:
        await time.sleep(plan.renewal_s)
        machine.pace.renew(plan.jobs, plan.renewal_s)


async def _job(plan: Plan, time: _Time, machine: _Machine, waiting: deque[int]) -> None:
    while waiting:
        waiting.popleft()
        await machine.steps(plan.begin_requests)
        for calls in STEPS:
            await asyncio.gather(*(_call(plan, time, machine) for _ in range(calls)))
            await machine.steps(plan.step_requests)
        async with machine.core:
            await time.sleep(plan.cpu_s)
        await machine.steps(plan.end_requests)


async def _call(plan: Plan, time: _Time, machine: _Machine) -> None:
    async with machine.slots:
        await machine.reads.request()
        await machine.writes.request()
        await time.sleep(plan.call_s)
    await machine.writes.request()


def main() -> None:
    """Print a line of JSON per duration of a call, with the REST API and with the Worker."""
    parser = argparse.ArgumentParser(prog="python -m tests.many_machines.model")
    parser.add_argument("--stories", type=int, default=1000)
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--call-seconds", type=float, nargs="+", default=[2.0, 12.0, 60.0])
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=12)
    chosen = parser.parse_args()
    for call_s, machines in itertools.product(chosen.call_seconds, chosen.machines):
        for part in (ALL_REQUESTS // machines, None):
            # A process makes no more runs at once than its requests carry (`pace.runs_at_once`).
            jobs = chosen.jobs if part is None else min(chosen.jobs, max(1, part // 20))
            plan = Plan(chosen.stories, machines, call_s, chosen.slots, jobs, part)
            found = calculate(plan)
            print(
                json.dumps(
                    {
                        "call_s": call_s,
                        "machines": machines,
                        "part": part,
                        "jobs": jobs,
                        "hours": round(found.seconds / 3600, 2),
                        "ideal_hours": round(plan.ideal_s / 3600, 2),
                        "throughput": round(found.throughput, 2),
                        "requests_per_story": round(found.requests / plan.stories, 1),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
