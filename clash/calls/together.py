"""Calls that are of use only together: those of one shot. None is bought before the budget suffices for all of them.

Many calls at once would otherwise spend a tight budget on the keyframes of all shots, and finish none. The estimate
only says which shots wait; whether a call is bought is decided by its reservation, which the database makes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from clash.calls.admission import Admission
from clash.calls.dry_run import spoken_s
from clash.calls.spec import CallResult, CallSpec
from clash.database.port import Database
from clash.database.run_funds import funds_of
from clash.errors import ClashError
from clash.providers.ports import SpeechRequest
from clash.providers.voices import Person, VoiceIds

_Call = tuple[str, int]
"""The slot and the take of a call."""


class Estimate:
    """Stands in for the ledger: it makes no call, and notes what each would cost."""

    def __init__(self, cost_micro: Callable[[CallSpec], int]) -> None:
        self._cost_micro = cost_micro
        self.costs: dict[_Call, int] = {}

    async def call(self, task: CallSpec) -> CallResult:
        """Note the call, and return something of the right shape."""
        self.costs[task.slot, task.take] = self._cost_micro(task)
        facts: dict[str, Any] = {}
        if isinstance(task.request, SpeechRequest):
            facts = {"duration_s": spoken_s(task.request)}
        return CallResult(task.slot, "0" * 64, "application/octet-stream", facts, Path(), False, 0)

    def cast_voices(self, people: Sequence[Person]) -> VoiceIds:  # noqa: ARG002 - it changes no price
        """Choose no voices."""
        return {}


class MoneyHeldError(Exception):
    """The money that is left is held for calls of groups that are begun."""


Plan = Callable[[Estimate], Awaitable[object]]
"""Makes the calls of a group, as they will be made later."""


class Group:
    """The calls that are made together. `order`: of the groups that wait for money, the lowest is served first."""

    def __init__(self, order: int, plan: Plan) -> None:
        self.order, self.plan = order, plan
        self.to_come: dict[_Call, int] | None = None
        """What the calls cost that are not bought yet; None before it is known."""
        self.ended: set[_Call] = set()
        self.has_begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Whether the money for its calls is held."""
        return self.has_begun.is_set()

    @property
    def cost_micro(self) -> int:
        """What is still to be bought."""
        return sum((self.to_come or {}).values())

    def end(self, call: _Call) -> int:
        """Note that a call is bought or ended. Return what is less to be bought."""
        self.ended.add(call)
        return (self.to_come or {}).pop(call, 0)


class Groups:
    """The groups of one run: those whose calls are being bought, and those that wait until the budget suffices."""

    def __init__(self, database: Database, run_id: str, cost_micro: Callable[[CallSpec], int]) -> None:
        self._database, self._run_id, self._cost_micro = database, run_id, cost_micro
        self._turns, self._looking = Admission(1), asyncio.Lock()
        self._waiting = 0
        self._changed = asyncio.Event()
        self._begun: set[Group] = set()
        self._held = 0
        """What the groups that are begun still have to buy."""
        self._committed = 0
        """At most this is spent or reserved."""
        self._budget: int | None = None
        self._is_stale = True
        self._is_unlimited = False

    @contextmanager
    def group(self, order: int, plan: Plan) -> Generator[Group]:
        """Give a group, whose money is kept for it from its first call to the end of this."""
        group = Group(order, plan)
        try:
            yield group
        finally:
            if group in self._begun:
                self._begun.remove(group)
                self._held -= group.cost_micro
            self._tell()

    async def begin_at_once(self, group: Group | None) -> None:
        """Begin a group if the budget suffices for it. Raises `MoneyHeldError` where it would have to wait."""
        if group is None or group.begun or self._is_unlimited:
            return
        if self._waiting or not await self._begin(group):
            raise MoneyHeldError

    async def begin(self, group: Group | None) -> None:
        """Wait until the budget suffices for all calls of the group, or until no other group is being made.

        Nothing that a call of another group needs may be held meanwhile.
        """
        if group is None:
            return
        self._waiting += 1
        # Another call of the group may begin it. Who has the turn then may wait for just this group to end.
        in_turn, begun = self._begin_in_turn(group), group.has_begun.wait()
        ways: list[asyncio.Future[Any]] = [asyncio.ensure_future(in_turn), asyncio.ensure_future(begun)]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._waiting -= 1

    async def _begin_in_turn(self, group: Group) -> None:
        async with self._turns.place(group.order):
            changed = self._changed
            while not await self._begin(group):
                await changed.wait()
                changed = self._changed

    async def _begin(self, group: Group) -> bool:
        """Begin a group, if it may begin now. Return whether it is begun."""
        async with self._looking:
            if self._budget is None and not self._is_unlimited:
                await self._read()
                self._is_unlimited = self._budget is None
            if group.begun or self._is_unlimited:
                return True
            if group.to_come is None:
                await self._estimate(group)
            if not await self._suffices(group):
                return False
            group.has_begun.set()
            self._begun.add(group)
            self._held += group.cost_micro
            return True

    def bought(self, group: Group | None, call: _Call, cost_micro: int) -> None:
        """Note that the cost of a call is reserved."""
        self._committed += cost_micro
        self._end(group, call)

    def ended(self, group: Group | None, call: _Call) -> None:
        """Note that a call has ended: its bill may be below its quote."""
        self._is_stale = True
        self._end(group, call)
        self._tell()

    def _end(self, group: Group | None, call: _Call) -> None:
        if group is not None:
            less = group.end(call)
            self._held -= less if group.begun else 0

    async def _estimate(self, group: Group) -> None:
        estimate = Estimate(self._cost_micro)
        with suppress(ClashError):  # what is wrong with a call is told when it is made
            await group.plan(estimate)
        group.to_come = {call: cost for call, cost in estimate.costs.items() if call not in group.ended}

    async def _suffices(self, group: Group) -> bool:
        if not self._fits(group) and self._is_stale:
            await self._read()
        return self._fits(group) or not self._begun

    def _fits(self, group: Group) -> bool:
        return self._budget is not None and self._committed + self._held + group.cost_micro <= self._budget

    async def _read(self) -> None:
        # What is bought while the database answers may be counted twice, and never too little.
        before, self._committed, self._is_stale = self._committed, 0, False
        try:
            run = await funds_of(self._database, self._run_id)
        except BaseException:
            self._committed += before
            raise
        self._committed += run.spent_micro + run.reserved_micro
        self._budget = run.most_micro

    def _tell(self) -> None:
        """Wake the group that waits."""
        self._changed.set()
        self._changed = asyncio.Event()
