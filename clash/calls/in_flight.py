"""Which calls of a run are in flight in this process; those that wait for the budget wait for one of them to end."""

from __future__ import annotations

import asyncio

from clash.calls.spec import CallSpec


class InFlight:
    """The open calls, with what is reserved for them, that this process brings to their end."""

    def __init__(self) -> None:
        self._calls: set[tuple[str, int]] = set()
        self._next_end = asyncio.Event()

    def __bool__(self) -> bool:
        """Return whether any call is in flight."""
        return bool(self._calls)

    def enter(self, task: CallSpec) -> None:
        """Note that the open row of this call is being brought to its end."""
        self._calls.add((task.slot, task.take))

    def leave(self, task: CallSpec) -> None:
        """Note that it has ended, or was given up for now. Wakes every call that waits for the budget."""
        if (task.slot, task.take) in self._calls:
            self._calls.remove((task.slot, task.take))
            self._next_end.set()
            self._next_end = asyncio.Event()

    def next_end(self) -> asyncio.Event:
        """Return what is set when the next call in flight ends. Take it before an intent, wait for it after."""
        return self._next_end
