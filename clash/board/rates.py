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
        left = self._left(client, rate)
        self._note(client, left - 1 if left >= 1 else left)
        return left >= 1

    def has_left(self, client: str, rate: Rate) -> bool:
        """Return whether one more request would be within the rate, without counting one."""
        return self._left(client, rate) >= 1

    def give_back(self, client: str, rate: Rate) -> None:
        """Count one request less."""
        self._note(client, min(rate.at_once, self._left(client, rate) + 1))

    def _left(self, client: str, rate: Rate) -> float:
        now = self._now()
        left, at = self._clients.get(client, (float(rate.at_once), now))
        return min(rate.at_once, left + (now - at) * rate.per_s)

    def _note(self, client: str, left: float) -> None:
        self._clients[client] = (left, self._now())
        self._clients.move_to_end(client)
        while len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._clients)


OF_FAILURES = Rate(at_once=5, per_s=1 / 30)
"""Failed logins of one address."""
OF_ALL_FAILURES = Rate(at_once=100, per_s=1)
"""Failed logins of all addresses together."""
_ALL = "all"
_MOST_KNOWN = 256


class FailureLimits:
    """How often a login may fail: of each address, and of all together. What it remembers is bounded.

    An address that has logged in before is not held up by the failures of others.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._addresses = RateLimits(now)
        self._together = RateLimits(now)
        self._known: OrderedDict[str, None] = OrderedDict()

    def take(self, address: str) -> bool:
        """Count a login that is tried now, as if it failed; False: it may not even be tried."""
        if address not in self._known and not self._together.has_left(_ALL, OF_ALL_FAILURES):
            return False
        if not self._addresses.admit(address, OF_FAILURES):
            return False
        self._together.admit(_ALL, OF_ALL_FAILURES)
        return True

    def succeeded(self, address: str) -> None:
        """The login that was counted last for this address did not fail."""
        self._addresses.give_back(address, OF_FAILURES)
        self._together.give_back(_ALL, OF_ALL_FAILURES)
        self._known[address] = None
        self._known.move_to_end(address)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._addresses) + len(self._known)
