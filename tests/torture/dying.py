"""The command line of clash, killed at its n-th effect: before or after a write to the database, at a change of a file.

`DIES_AT=12 python dying.py gc --yes` dies at the twelfth, `DIES_AT=12+0.005` five milliseconds later: in the middle
of what comes next. So a death does not depend on how fast the machine is.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

_FILES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.utime"})


def die_at(number: int, later_s: float) -> Callable[[], None]:
    """Return what is to be called at every effect."""
    effects = itertools.count(1)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def effect() -> None:
        if next(effects) != number:
            return
        if later_s:
            threading.Timer(later_s, die).start()
        else:
            die()

    return effect


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
    count, _, later = os.environ["DIES_AT"].partition("+")
    watch(die_at(int(count), float(later or 0)))
    from clash.cli.app import main

    sys.exit(main())
