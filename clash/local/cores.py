"""Share the cores of this machine, and with them its memory, among the pictures and clips that are made at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

DRAWING, FILMING = 1, 2
"""How many cores a picture and a clip keep busy: a clip's camera and its encoder run side by side."""


class Cores:
    """As many places as there are cores. Who wants several waits for all of them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = threading.BoundedSemaphore(count)
        self._taking_several = threading.Lock()

    @contextmanager
    def taken(self, wanted: int) -> Generator[None, None, None]:
        """Wait until so many cores are free, at most all of them, and keep them for the block."""
        with ExitStack() as held:
            # One at a time: two that each had a part of what they want would wait for each other.
            with self._taking_several:
                for _ in range(min(wanted, self._count)):
                    held.enter_context(self._free)
            yield


CORES = Cores(os.cpu_count() or 1)
