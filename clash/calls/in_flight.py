"""Which calls of a run are in flight in this process, and how long those of each kind have taken.

Calls that wait for the budget wait for one of them to end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from clash.calls.content_key import kind_of
from clash.calls.spec import CallSpec
from clash.providers.ports import Kind


@dataclass(frozen=True)
class CallTimes:
    """How long the calls of a step have taken in this process, by kind, in seconds.

    `ended`: how many have ended, and how long they took together. `running`: how long each has been in flight.
    `elapsed_s`: since the first of them was sent.
    """

    ended: Mapping[Kind, tuple[int, float]] = field(default_factory=dict[Kind, "tuple[int, float]"])
    running: Mapping[Kind, tuple[float, ...]] = field(default_factory=dict[Kind, "tuple[float, ...]"])
    elapsed_s: float = 0.0


class InFlight:
    """The open calls, with what is reserved for them, that this process brings to their end."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, int], tuple[CallSpec, float]] = {}
        self._next_end = asyncio.Event()
        self._first: dict[str, float] = {}
        self._count: Counter[tuple[str, Kind]] = Counter()
        self._seconds: dict[tuple[str, Kind], float] = {}

    def __bool__(self) -> bool:
        """Return whether any call is in flight."""
        return bool(self._calls)

    def enter(self, task: CallSpec) -> None:
        """Note that the open row of this call is being brought to its end."""
        now = _now()
        self._first.setdefault(task.step, now)
        self._calls.setdefault((task.slot, task.take), (task, now))

    def leave(self, task: CallSpec) -> None:
        """Note that it has ended, or was given up for now. Wakes every call that waits for the budget."""
        if (found := self._calls.pop((task.slot, task.take), None)) is not None:
            kind = (task.step, kind_of(task.request))
            self._count[kind] += 1
            self._seconds[kind] = self._seconds.get(kind, 0.0) + _now() - found[1]
            self._next_end.set()
            self._next_end = asyncio.Event()

    def next_end(self) -> asyncio.Event:
        """Return what is set when the next call in flight ends. Take it before an intent, wait for it after."""
        return self._next_end

    def times(self, step: str) -> CallTimes:
        """Return how long the calls of a step have taken."""
        if step not in self._first:
            return CallTimes()
        now = _now()
        running: dict[Kind, tuple[float, ...]] = {}
        for task, since in self._calls.values():
            if task.step == step:
                kind = kind_of(task.request)
                running[kind] = (*running.get(kind, ()), now - since)
        ended: dict[Kind, tuple[int, float]] = {
            kind: (n, self._seconds[of, kind]) for (of, kind), n in self._count.items() if of == step
        }
        return CallTimes(ended, running, now - self._first[step])


def _now() -> float:
    """Return the event loop's time, in seconds."""
    return asyncio.get_running_loop().time()
