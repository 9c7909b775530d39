"""How many requests one client may send: so many at once, then so many in a second."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST_CLIENTS = 1024


@dataclass(frozen=True)
class Rate:
    """`at_once` requests, and `per_s` more each second."""

    at_once: int
    per_s: float


OF_A_SESSION = Rate(at_once=400, per_s=100)
"""A page of shots asks for its pictures all at once."""
OF_A_STRANGER = Rate(at_once=60, per_s=10)
"""Of an address without a session: it has nothing to ask for but the page that says so."""


class RateLimits:
    """Counts the requests of each client. What it remembers is bounded: of too many clients, the latest ones."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admit(self, client: str, rate: Rate) -> bool:
        """Return whether a request of this client is within its rate, and count it if it is."""
        now = self._now()
        left, at = self._clients.pop(client, (float(rate.at_once), now))
        left = min(rate.at_once, left + (now - at) * rate.per_s)
        admitted = left >= 1
        self._clients[client] = (left - 1 if admitted else left, now)
        while len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        return admitted

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._clients)
