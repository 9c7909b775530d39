"""How a run goes, told as events: what a person at a terminal sees, and a log file gets a line of."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from clash.calls.changes import CallChange
from clash.calls.in_flight import CallTimes
from clash.money import from_micro
from clash.production.time_left import CallCounts, seconds_left
from clash.providers.ports import Kind

EventKind = Literal[
    "thread",
    "run_started",
    "step_started",
    "progress",
    "step_finished",
    "slot_failed",
    "call",
    "warning",
    "note",
    "run_ended",
]


@dataclass(frozen=True)
class Event:
    """One thing that happened. `message` is a plain sentence; text of a story may be in it, so it is never markup.

    `cost_usd` is the run's cost so far, `elapsed_s` the seconds of this process, `remaining_s` an estimate of the
    seconds that its step still takes, or None: how much the steps after it will make is known only when they begin.
    `slot` is what was just made, or could not be. `call`, of a `call`, is what has become of it. `run_ended` tells of
    one run of a batch.
    """

    kind: EventKind
    message: str
    thread_id: str = ""
    step: str = ""
    done: int = 0
    total: int = 0
    cost_usd: Decimal = Decimal(0)
    elapsed_s: float = 0.0
    remaining_s: float | None = None
    slot: str = ""
    call: CallChange | None = None


Observer = Callable[[Event], None]


def ignore(_: Event) -> None:
    """An observer that looks away."""


def about_slot(slot: str, message: str) -> str:
    """A message that says which slot it is about, once.

    >>> about_slot("shot:003", "the model is overloaded"), about_slot("shot:003", "shot:003 would cost $2")
    ('shot:003: the model is overloaded', 'shot:003 would cost $2')
    """
    return message if slot in message else f"{slot}: {message}"


_TELL_EVERY_S = 1.0
_UNITS: Mapping[str, str] = {"generate_assets": "cards", "generate_shots": "shots"}


@dataclass
class _Step:
    total: int
    slots: set[str]
    began_with: int
    started: float = field(default_factory=lambda: time.monotonic())


class Progress:
    """Counts what is made, and tells the observer."""

    def __init__(self, thread_id: str, observe: Observer, *, cost_micro: int = 0) -> None:
        self._thread_id = thread_id
        self._observe = observe
        self._made: dict[str, set[str]] = {}
        self._steps: dict[str, _Step] = {}
        self._cost_micro = cost_micro
        self._began = time.monotonic()
        self._told_at = 0.0
        self._warned: dict[str, None] = {}
        self._calls: dict[str, CallCounts] = {}
        self.times: Callable[[str], CallTimes] = lambda _: CallTimes()
        """How long the calls of a step have taken in this process."""

    def begin(self, step: str, total: int) -> None:
        """A step begins; it is to make `total` things, of which earlier processes may have made some."""
        slots = self._made.setdefault(step, set())
        self._steps[step] = _Step(total, slots, len(slots))
        self._tell("step_started", f"{step}: {self._count(step)}", step)
        if total == 0:  # a story that names nobody and no place needs no cards
            self._tell("step_finished", f"{step}: nothing to make", step)

    def finish(self, step: str, slot: str) -> None:
        """One of them is made."""
        state = self._steps.get(step)
        if state is None:
            state = self._resumed(step)
        if slot in state.slots:
            return  # it was counted when it was made: a step that is entered again finds it
        state.slots.add(slot)
        if len(state.slots) >= state.total:
            self._tell("step_finished", f"{step}: {self._count(step)}", step, slot=slot)
        else:
            self._tell("progress", f"{step}: {self._count(step)}", step, slot=slot)

    def recall(self, made: Mapping[str, set[str]], totals: Mapping[str, int]) -> None:
        """What earlier processes made, and what they said that the steps are to make."""
        self._made = {step: set(slots) for step, slots in made.items()}
        for step, total in totals.items():
            slots = self._made.setdefault(step, set())
            self._steps[step] = _Step(total, slots, len(slots))

    def expect(self, step: str, calls: Mapping[Kind, int]) -> None:
        """A part of a step needs these calls."""
        self._calls.setdefault(step, CallCounts()).expect(calls)

    def call_made(self, step: str, kind: Kind) -> None:
        """A call of a step has come back."""
        if (counts := self._calls.get(step)) is not None:
            counts.made(kind)

    def spend(self, cost_micro: int) -> None:
        """A call was paid."""
        self._cost_micro += cost_micro

    def call_changed(self, call: CallChange) -> None:
        """A call was reserved, or has come back."""
        self._tell("call", f"{call.slot}: {call.state}", call.step, slot=call.slot, call=call)

    def run_started(self) -> None:
        """The run is stored as running."""
        self._tell("run_started", f"{self._thread_id}: started")

    def fail(self, step: str, slots: tuple[str, ...], message: str) -> None:
        """Something could not be made."""
        self._tell("slot_failed", about_slot(", ".join(slots), message), step, slot=", ".join(slots))

    def warn(self, message: str) -> None:
        """Say it once."""
        if message not in self._warned:
            self._warned[message] = None
            self._tell("warning", message)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was warned of, in its order."""
        return tuple(self._warned)

    def note(self, message: str) -> None:
        """Something worth a line."""
        self._tell("note", message)

    def name_thread(self, message: str) -> None:
        """The thread's id, before the first call."""
        self._tell("thread", message)

    def _resumed(self, step: str) -> _Step:
        slots = self._made.setdefault(step, set())
        return self._steps.setdefault(step, _Step(max(1, len(slots)), slots, len(slots)))

    def _count(self, step: str) -> str:
        state = self._steps[step]
        unit = _UNITS.get(step)
        return f"{len(state.slots)}/{state.total} {unit}" if unit else ("done" if state.slots else "started")

    def _remaining(self, step: str) -> float | None:
        state = self._steps.get(step)
        if state is None or step not in _UNITS:
            return None
        if (counts := self._calls.get(step)) is not None:
            return seconds_left(counts.left, self.times(step))
        made_here = len(state.slots) - state.began_with
        if made_here <= 0:
            return None
        return (time.monotonic() - state.started) / made_here * (state.total - len(state.slots))

    def _is_due(self) -> bool:
        """Return whether the time left may be told beside a call, of which there may be hundreds in a second."""
        now = time.monotonic()
        if due := now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
        return due

    def _tell(
        self, kind: EventKind, message: str, step: str = "", *, slot: str = "", call: CallChange | None = None
    ) -> None:
        state = self._steps.get(step)
        self._observe(
            Event(
                kind=kind,
                message=message,
                thread_id=self._thread_id,
                step=step,
                done=len(state.slots) if state else 0,
                total=state.total if state else 0,
                cost_usd=from_micro(self._cost_micro),
                elapsed_s=time.monotonic() - self._began,
                remaining_s=self._remaining(step) if kind != "call" or self._is_due() else None,
                slot=slot,
                call=call,
            )
        )
