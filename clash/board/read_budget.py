"""How often a board may ask Cloudflare D1 in a window of time, for all its pages together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from clash.errors import ClashError, DatabaseError

WINDOW_S = 300.0
MOST_READS_ON_D1 = 60
"""Requests of all pages together in the window; the poller has as many again."""
_SPARING_S = ((1 / 2, 0.0), (1 / 4, 10.0), (0.0, 30.0))
"""Seconds that a document which has changed is kept all the same, by the share of the window's reads that is left.

The rest is for pages that nobody has seen yet.
"""


class ReadBudget:
    """Counts reads in a window of time; None: as many as come."""

    def __init__(self, most: int | None, now: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._now = now
        self._taken: deque[float] = deque()

    @property
    def left(self) -> float:
        """How many reads the window still has."""
        if self.most is None:
            return float("inf")
        while self._taken and self._now() - self._taken[0] >= WINDOW_S:
            self._taken.popleft()
        return self.most - len(self._taken)

    @property
    def sparing_s(self) -> float:
        """Seconds that a document which has changed is shown as it was, to spare reads."""
        share = 1.0 if self.most is None else self.left / self.most
        return next((seconds for least, seconds in _SPARING_S if share > least), _SPARING_S[-1][1])

    def take(self, reads: int) -> None:
        """Count reads that are about to be made."""
        if self.most is not None:
            self._taken.extend([self._now()] * reads)


def busy() -> ClashError:
    """Return the error of a request for which no read is left."""
    return DatabaseError(
        "the board has asked Cloudflare D1 as often as it may in five minutes",
        code="busy",
        retryable=True,
        hint="wait a minute and load the page again",
    )
