"""What the work around calls adds to the time that the calls themselves take, with many of them at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from paid import Bills, Keyed, all_of, paid_run_in

from clash.calls.rate_limits import RateLimits
from clash.database.connection import open_database

CALL_S = 2.0
AT_ONCE = 50
CALLS = 200
LIMIT = 12.0


class Measured(NamedTuple):
    """What calls took: against the time of the calls alone, and in CPU seconds of this process for each.

    `stood_s`: the longest time for which the event loop could take no answer.
    """

    ratio: float
    cpu_s: float
    stood_s: float


class LoopWatch:
    """Notes how much later than it asked for a task is woken, at the longest."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            asked = time.monotonic() + 0.005
            await asyncio.sleep(0.005)
            self.longest_s = max(self.longest_s, time.monotonic() - asked)

    async def stop(self) -> None:
        """Watch no longer."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def measure(folder: Path, calls: int) -> Measured:
    """Make `calls` calls through the ledger on SQLite."""
    url = f"sqlite:///{(folder / 'clash.db').as_posix()}"
    async with open_database(url, "create") as database:
        run = await paid_run_in(database, folder)
        provider = Keyed(Bills(), price=Decimal("0.01"), work_s=CALL_S)
        ledger = await run.ledger(provider, rate_limits=RateLimits(concurrency=AT_ONCE, limits={}))
        watch, began, cpu_began = LoopWatch(), time.monotonic(), time.process_time()
        made = await all_of(ledger, [f"t{number}" for number in range(calls)])
        seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
        await watch.stop()
        assert await run.states() == ["succeeded"] * calls
        assert not any(isinstance(one, BaseException) for one in made)
    return Measured(seconds / (CALL_S * calls / AT_ONCE), cpu_s / calls, watch.longest_s)


def anchor_cpu_s() -> float:
    """Return the CPU seconds of fixed work in Python alone: a hundredth of 1,500 hashes of JSON."""
    material = {"prompt": "A lamp in a harbour at night. " * 20, "shots": list(range(200))}
    began = time.process_time()
    for _ in range(1500):
        hashlib.sha256(json.dumps(json.loads(json.dumps(material)), sort_keys=True).encode()).hexdigest()
    return (time.process_time() - began) / 100


async def test_fifty_calls_at_once_take_little_work(tmp_path: Path) -> None:
    """A call takes the CPU seconds of a few hashes; how long they take together is printed, for a machine at rest.

    On a busy machine the time would tell of the machine. That no call waits for another's flush is tested apart.
    """
    anchor, measured = anchor_cpu_s(), await measure(tmp_path, CALLS)
    print(
        f"\n{CALLS} calls of {CALL_S:.0f} s, {AT_ONCE} at once: {measured.ratio:.3f}x their own time;"
        f" {1000 * measured.cpu_s:.2f} ms of CPU a call, {measured.cpu_s / anchor:.2f}x the anchor (at most {LIMIT});"
        f" the event loop stood for {1000 * measured.stood_s:.0f} ms at the longest"
    )
    assert measured.cpu_s <= LIMIT * anchor
