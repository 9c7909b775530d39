"""How many calls of one provider may be in flight, and from when on: fewer and later after each refusal (HTTP 429)."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count

from clash.errors import ProviderError

TOO_MANY_REQUESTS = 429


def is_rate_limited(error: BaseException | None) -> bool:
    """Whether a provider refused a call for its number alone: nothing was made, and nothing is charged."""
    return (
        isinstance(error, ProviderError)
        and error.retryable
        and not error.cost_usd
        and (error.status_code == TOO_MANY_REQUESTS or error.code == "rate_limited")
    )


class Admission:
    """The calls in flight to one provider: at most `most`; half as many after a refusal, then slowly more again.

    Times are seconds of the event loop's clock; the caller passes them in.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.opens_at = 0.0
        """Before this time no call is sent."""
        self.passed_at = 0.0
        """When a call was last let through."""
        self.refused_in_a_row = 0
        self._allowed = float(most)
        self._in_flight = 0
        self._answered = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    @property
    def allowed(self) -> int:
        """How many calls may be in flight now."""
        return int(self._allowed)

    @asynccontextmanager
    async def place(self, order: int = 0) -> AsyncGenerator[Place]:
        """Wait until one more call may be in flight; it is for as long as this, or until it is answered.

        Of those that wait, the lowest `order` is served first; of one order, the first to come.
        """
        await self._enter(order)
        place = Place(self)
        try:
            yield place
        finally:
            place.end()

    def answer(self) -> None:
        """Count a call that was in flight among those whose answers are being kept."""
        self._in_flight -= 1
        self._answered += 1
        self._admit()

    def end(self, *, answered: bool) -> None:
        """Count a call no more."""
        if answered:
            self._answered -= 1
        else:
            self._in_flight -= 1
        self._admit()

    def refuse(self, now: float, wait_s: float) -> bool:
        """Note a refusal. Returns whether it is the first of its round: those of calls sent together count once."""
        first = now >= self.opens_at
        if first:
            self.refused_in_a_row += 1
            self._allowed = max(1.0, self._allowed / 2)
        self.opens_at = max(self.opens_at, now + wait_s)
        return first

    def let_through(self, now: float) -> None:
        """Note that a call was taken: as many again as are in flight bring one more place."""
        self.passed_at, self.refused_in_a_row = now, 0
        self._allowed = min(float(self.most), self._allowed + 1 / self._allowed)
        self._admit()

    async def _enter(self, order: int) -> None:
        if not self._waiting and self._has_place():
            self._in_flight += 1
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (order, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._in_flight -= 1
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting and self._has_place():
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)

    def _has_place(self) -> bool:
        """Return whether one more call may be in flight.

        Until an answer is on the disk, a process that dies may leave its call unknown. So half as many answers as calls
        may be waited for besides; of one call at a time, the answer is on the disk before the next is sent.
        """
        allowed = self.allowed
        return self._in_flight < allowed and self._in_flight + self._answered < allowed + allowed // 2


class Place:
    """The place of one call among those in flight."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._is_answered = False

    def answered(self) -> None:
        """Give the place to the next call: the provider has answered, and what is left is to keep the answer."""
        if not self._is_answered:
            self._is_answered = True
            self._admission.answer()

    def end(self) -> None:
        """Count the call no more, once its answer is kept or it has failed."""
        self._admission.end(answered=self._is_answered)
