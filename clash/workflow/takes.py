"""The takes of a slot: have those made that people asked for, and see that a file under review is approved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar, cast

from clash.calls.spec import CallResult, CallSpec
from clash.editing.slots import people_slot
from clash.editing.takes import Take, Takes, spec_of_take
from clash.errors import PersonNeededError
from clash.workflow.context import CallLedger

_T = TypeVar("_T")

Judge = Callable[[str, str, str], None]
"""Takes a stage, a slot and the sha256 of its file. Raises `PersonNeededError` for one that waits for approval."""


def approve_all(stage: str, slot: str, sha256: str) -> None:
    """Judge nothing: as a run without review does."""


def judge_of(takes: Takes, stages: frozenset[str]) -> Judge:
    """Return the judge of a run: files of these stages need an approval."""

    def judge(stage: str, slot: str, sha256: str) -> None:
        if stage in stages and not takes.is_approved(slot, sha256):
            raise PersonNeededError(
                f"{people_slot(slot)} waits for its review (stage {stage})",
                code="review",
                waiting_for="review",
                slots=(slot,),
                retryable=False,
            )

    return judge


class Making:
    """The takes of a slot as they are made: by number, and the one that is in the film."""

    def __init__(self, made: Mapping[int, CallResult], selected: int) -> None:
        self._made = made
        self._selected = selected

    @property
    def selected(self) -> CallResult:
        """The take that is in the film."""
        return self._made[self._selected]

    def of(self, number: int) -> CallResult | None:
        """Return a take by its number; None if it was not asked for. 0: the selected one."""
        return self._made.get(number or self._selected)


async def make_takes(ledger: CallLedger, takes: Takes, spec: CallSpec, *, also: tuple[int, ...] = ()) -> Making:
    """Make every take of the spec's slot that people want, or find it. `also`: numbers of more takes that are needed.

    All are made or found, also when one fails; then the first error is raised.
    """
    wanted = takes.to_make(spec.slot)
    chosen = wanted[-1]
    wanted = [*(takes.take(spec.slot, number) for number in also if number not in _numbers(wanted)), *wanted]
    recorded = spec.slot in takes.slots
    calls = [ledger.call(spec_of_take(spec, take, selected=take is chosen, recorded=recorded)) for take in wanted]
    made = await all_or_first_error(*calls)
    return Making(dict(zip(_numbers(wanted), made, strict=True)), chosen.number)


def _numbers(takes: list[Take]) -> list[int]:
    return [take.number for take in takes]


async def all_or_first_error(*calls: Coroutine[Any, Any, _T]) -> list[_T]:
    """Return what all bring. Every one is brought to its end, also when one of them fails; then the first is raised."""
    # Not a plain gather: that would leave paid calls running unheard when one of them fails.
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return cast("list[_T]", results)
