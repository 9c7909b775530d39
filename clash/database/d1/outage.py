"""What is said while D1 does not answer: one line when the waiting begins, one when D1 answers again.

All requests of a process share these lines, also those of other threads (the lease is renewed from one).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

_outages: dict[str, Outage] = {}
_lock = threading.Lock()


class Outage:
    """Whether one API is out of reach, as far as the requests of this process know."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = 0
        self._since: float | None = None

    def begin(self, message: str, waited_s: float = 0.0) -> None:
        """A request begins to wait, after `waited_s` seconds of short tries. Say so, if it is the first one."""
        with self._lock:
            self._waiting += 1
            news, self._since = self._since is None, self._since or self._clock() - waited_s
        if news:
            logger.warning(message)

    def end(self, *, was_waiting: bool, answered: bool) -> None:
        """A request ends. Say that D1 answers again, if none waits any more and this one was answered."""
        with self._lock:
            self._waiting -= was_waiting
            if not answered or self._waiting or self._since is None:
                return
            lasted_s, self._since = self._clock() - self._since, None
        logger.warning("Cloudflare D1 answers again, after %.0f s", lasted_s)


def outage_of(base_url: str) -> Outage:
    """Return what this process knows of the API at this address."""
    with _lock:
        return _outages.setdefault(base_url, Outage())
