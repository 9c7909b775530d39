"""A warning that concerns several runs of a batch is shown once, with the runs that it concerns."""

from __future__ import annotations

_MOST_NAMED = 6
_MOST_CHARACTERS = 60


class SaidOnce:
    """Remembers the warnings of the runs of a batch: the first is shown at once, those of other runs are summed up.

    >>> said = SaidOnce()
    >>> [said.is_new("no voice", run) for run in ("a", "b", "b", "c")]
    [True, False, False, False]
    >>> said.grouped(), said.repeated()
    (['a, b, c: no voice'], ['also in b, c: no voice'])
    """

    def __init__(self) -> None:
        self._runs: dict[str, list[str]] = {}

    def is_new(self, message: str, thread_id: str) -> bool:
        """Take note of a warning; return whether no other run had it before."""
        runs = self._runs.setdefault(message, [])
        if thread_id not in runs:
            runs.append(thread_id)
        return len(runs) == 1

    def grouped(self) -> list[str]:
        """Return each warning with all its runs."""
        return [f"{_named(runs)}: {message}" for message, runs in self._runs.items()]

    def repeated(self) -> list[str]:
        """Return, for each warning that several runs had, those that it was not shown for, and how it begins."""
        return [f"also in {_named(runs[1:])}: {_start(text)}" for text, runs in self._runs.items() if runs[1:]]


def _named(runs: list[str]) -> str:
    some = runs if len(runs) <= _MOST_NAMED + 1 else runs[:_MOST_NAMED]
    return ", ".join(some) + (f" and {len(runs) - len(some)} more" if len(some) < len(runs) else "")


def _start(message: str) -> str:
    return message if len(message) <= _MOST_CHARACTERS else f"{message[:_MOST_CHARACTERS].rstrip()} ..."
