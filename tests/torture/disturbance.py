"""What befalls a process of a tortured run besides its death: one kind per module, drawn at random from the seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Protocol

from forks import Fork


class Tortured(Protocol):
    """The run that is disturbed, as a disturbance needs it."""

    moments: random.Random

    def start_another(self, *options: str) -> Fork:
        """Start another process on the same run."""
        ...

    def kill(self, child: Fork) -> None:
        """Kill a process, and count it."""
        ...

    def end(self, child: Fork, codes: frozenset[str] = frozenset(), *, alone: bool = True) -> int:
        """Wait for the end of a process, which may fail with these error codes; return its exit code.

        `alone`: no other process is alive.
        """
        ...


class Disturbance:
    """One kind of disturbance of one run. `happened`: how often it came about."""

    name: ClassVar[str]
    codes: ClassVar[frozenset[str]] = frozenset()
    """The error codes with which a disturbed process may end."""

    def __init__(self) -> None:
        self.happened = 0

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that is to be disturbed."""
        return {}

    def options(self) -> tuple[str, ...]:
        """Return the options of a process that is to be disturbed."""
        return ()

    def strike(self, run: Tortured, child: Fork) -> None:
        """Disturb a process that is at work."""

    def relent(self) -> None:
        """End the disturbance; the process may still be alive."""

    def after(self, run: Tortured) -> None:
        """Do what is to be done when no process is alive."""


class Draw:
    """Draws the disturbance of the next process: first each kind once, then at random, none in half of the cases."""

    def __init__(self, kinds: Sequence[Disturbance], moments: random.Random) -> None:
        self._kinds = kinds
        self._moments = moments
        self._first = moments.sample(kinds, len(kinds))

    def next(self) -> Disturbance | None:
        """Return a kind, or None: the process is only killed."""
        if self._first and self._moments.random() < 0.7:
            return self._first[-1]
        return self._moments.choice(self._kinds) if self._kinds and self._moments.random() < 0.5 else None

    def came_about(self, kind: Disturbance) -> None:
        """Take note that a kind has happened in this run."""
        self._first = [one for one in self._first if one is not kind]


def counts(kinds: Sequence[Disturbance]) -> Counter[str]:
    """Return how often each kind came about."""
    return Counter({kind.name: kind.happened for kind in kinds})
