"""How long a step still takes: what its calls need by kind, and how many of them are made side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush

from clash.calls.in_flight import CallTimes
from clash.providers.ports import Kind

_CALLS_IN_A_PLACE = 4
_NO_SHOT = -1
"""The shot of a call for which no clip waits."""


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
    average until now. Near the end fewer are: a clip is made of its pictures and lines, and the last ones end alone.
    """
    if not left:
        return 0.0
    mean: dict[Kind, float] = {kind: seconds / n for kind, (n, seconds) in times.ended.items()}
    if not times.elapsed_s or any(kind not in mean for kind in left):
        return None
    busy = sum(seconds for _, seconds in times.ended.values()) + sum(map(sum, times.running.values()))
    at_once = max(busy / times.elapsed_s, 1e-9)
    in_flight: dict[Kind, list[float]] = {
        kind: [max(mean[kind] - since, 0.0) for since in times.running.get(kind, ())] for kind in left
    }
    waiting: dict[Kind, int] = {kind: max(count - len(in_flight[kind]), 0) for kind, count in left.items()}
    # Of many that wait, the last few are put in order: what is before them does not change how they end.
    share = min(1.0, _CALLS_IN_A_PLACE * max(at_once, 1.0) / max(sum(waiting.values()), 1))
    last: dict[Kind, int] = {kind: round(count * share) for kind, count in waiting.items()}
    before = sum((count - last[kind]) * mean[kind] for kind, count in waiting.items())
    return before / at_once + _seconds_of(in_flight, last, mean, at_once)


def _seconds_of(
    in_flight: Mapping[Kind, Sequence[float]], waiting: Mapping[Kind, int], mean: Mapping[Kind, float], at_once: float
) -> float:
    """Return when the last of these calls ends. `at_once`: how many are made side by side on average, 2.5 perhaps."""
    places = int(at_once)
    slow = _Schedule(in_flight, waiting, mean).seconds(max(places, 1))
    if places < 1:
        return slow / at_once
    part = at_once - places
    return slow if not part else (1 - part) * slow + part * _Schedule(in_flight, waiting, mean).seconds(places + 1)


class _Schedule:
    """Calls in the order in which a run makes them: shot by shot, each clip after the pictures and lines of its shot.

    `in_flight`: the seconds that each call under way still takes, by kind. `waiting`: how many were not begun.
    """

    def __init__(
        self, in_flight: Mapping[Kind, Sequence[float]], waiting: Mapping[Kind, int], mean: Mapping[Kind, float]
    ) -> None:
        clips, self._clip_s = waiting.get("video", 0), mean.get("video", 0.0)
        before: list[Kind] = [kind for kind in waiting if kind != "video"]
        # The clips that were not begun are those of the last shots; the pictures and lines that are left are theirs.
        shots = min(clips, max((len(in_flight[kind]) + waiting[kind] for kind in before), default=0))
        self._needs = [0] * shots
        self._running = [(seconds, _NO_SHOT) for seconds in in_flight.get("video", ())]
        self._startable = [(_NO_SHOT, self._clip_s)] * (clips - shots)
        for kind in before:
            begun, count = in_flight[kind], len(in_flight[kind]) + waiting[kind]
            for number in range(count):
                shot = number * shots // count if shots else _NO_SHOT
                if shots:
                    self._needs[shot] += 1
                if number < len(begun):
                    self._running.append((begun[number], shot))
                else:
                    self._startable.append((shot, mean[kind]))
        heapify(self._running)
        heapify(self._startable)

    def seconds(self, places: int) -> float:
        """Return when the last call ends, if so many are made at a time."""
        now = 0.0
        while self._running or self._startable:
            if self._startable and len(self._running) < places:
                shot, seconds = heappop(self._startable)
                is_clip = shot < 0 or self._needs[shot] < 0
                heappush(self._running, (now + seconds, _NO_SHOT if is_clip else shot))
                continue
            now, shot = heappop(self._running)
            if shot < 0:
                continue
            self._needs[shot] -= 1
            if not self._needs[shot]:
                self._needs[shot] = _NO_SHOT
                heappush(self._startable, (shot, self._clip_s))
        return now
