"""How long a step still takes: what its calls need by kind, and how many of them are made side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from clash.calls.in_flight import CallTimes
from clash.providers.ports import Kind


class CallCounts:
    """How many calls of each kind a step needs, and how many of them have come back."""

    def __init__(self) -> None:
        self._expected: Counter[Kind] = Counter()
        self._made: Counter[Kind] = Counter()

    def expect(self, calls: Mapping[Kind, int]) -> None:
        """A part of the step needs these calls."""
        self._expected.update(calls)

    def made(self, kind: Kind) -> None:
        """One of them has come back: it was made, or found."""
        self._made[kind] += 1

    @property
    def left(self) -> dict[Kind, int]:
        """Return how many are still to come, by kind; those in flight are among them."""
        return {kind: n for kind, total in self._expected.items() if (n := total - self._made[kind]) > 0}


def seconds_left(left: Mapping[Kind, int], times: CallTimes) -> float | None:
    """Return the seconds that the calls `left` take, those in flight included; None as long as nothing tells.

    A kind of which no call has ended yet tells nothing. The calls share what is done side by side: as much as was on
    average until now. The longest chain that is left is waited for in any case: a clip is made of its pictures.
    """
    if not left:
        return 0.0
    mean = {kind: seconds / n for kind, (n, seconds) in times.ended.items()}
    if not times.elapsed_s or any(kind not in mean for kind in left):
        return None
    busy = sum(seconds for _, seconds in times.ended.values()) + sum(map(sum, times.running.values()))
    at_once = max(busy / times.elapsed_s, 1e-9)
    in_flight = {kind: [max(mean[kind] - since, 0.0) for since in times.running.get(kind, ())] for kind in left}
    waiting = {kind: max(count - len(in_flight[kind]), 0) for kind, count in left.items()}
    work = sum(sum(in_flight[kind]) + waiting[kind] * mean[kind] for kind in left)
    longest = {kind: max((*in_flight[kind], *([mean[kind]] if waiting[kind] else ()))) for kind in left}
    chain = max((seconds for kind, seconds in longest.items() if kind != "video"), default=0.0)
    if "video" in left:
        # A clip that was not begun begins after the last picture or line.
        chain = max(longest["video"], chain + mean["video"] if waiting["video"] else chain)
    return max(work / at_once, chain)
