"""How the CPU seconds of some work grow with its size: what else the machine does slows all sizes alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_AT_ONCE_S = 0.1
_SLACK = 3


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process that the work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def grows_in_line(work: Callable[[int], object], smaller: int, larger: int) -> bool:
    """Return whether the larger work takes no more than its share: three times that of the smaller at the most.

    What takes less than 0.1 s is not looked at further. The shortest of up to three times of each counts.
    """
    shortest: dict[int, float] = {}
    for _ in range(3):
        for size in (larger, smaller):
            shortest[size] = min(shortest.get(size, math.inf), cpu_s(lambda size=size: work(size)))
            if shortest[larger] < _AT_ONCE_S:
                return True
        if shortest[larger] < _SLACK * shortest[smaller] * larger / smaller:
            return True
    return False
