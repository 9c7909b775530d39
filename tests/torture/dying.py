"""The command line of clash, killed at its n-th effect: before or after a write to the database, at a change of a file.

`DIES_AT=12 python dying.py gc --yes` dies at the twelfth, `DIES_AT=12+0.005` five milliseconds later: in the middle
of what comes next. So a death does not depend on how fast the machine is. A command that lives on to its end says on
standard error how many effects it had.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

_FILES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.utime"})


class Effects:
    """Counts effects, and kills this process at one of them, or so many seconds later."""

    def __init__(self, dies_at: int, later_s: float) -> None:
        self.count = 0
        self._dies_at = dies_at
        self._later_s = later_s
        self._counting = threading.Lock()

    def one_more(self) -> None:
        """Count one."""
        with self._counting:
            self.count += 1
            is_last = self.count == self._dies_at
        if is_last and self._later_s:
            threading.Timer(self._later_s, _die).start()
        elif is_last:
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(effect: Callable[[], None]) -> None:
    """Call it before and after each write to a database, and before each change of a file."""
    from clash.database.d1.database import D1Database
    from clash.database.sqlite import SqliteDatabase

    def watched(apply: Callable[..., Any]) -> Callable[..., Any]:
        async def batch(*arguments: Any, **options: Any) -> Any:
            effect()
            rows = await apply(*arguments, **options)
            effect()
            return rows

        return batch

    for kind in (SqliteDatabase, D1Database):
        kind.batch = watched(kind.batch)  # type: ignore[method-assign]
    sys.addaudithook(lambda event, _: effect() if event in _FILES else None)


if __name__ == "__main__":
    number, _, later = os.environ["DIES_AT"].partition("+")
    effects = Effects(int(number), float(later or 0))
    watch(effects.one_more)
    from clash.cli.app import main

    try:
        sys.exit(main())
    finally:
        print(f"effects {effects.count}", file=sys.stderr)
