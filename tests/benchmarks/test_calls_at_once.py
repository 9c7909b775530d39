"""What the work around calls adds to the time that the calls themselves take, with many of them at once."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from paid import Bills, Keyed, all_of, paid_run_in

from clash.calls.rate_limits import RateLimits
from clash.database.connection import open_database

CALL_S = 2.0
AT_ONCE = 50
CALLS = 100
LIMIT = 1.35
"""1.03 on a machine that does nothing else: the limit has room for one that does."""


async def ratio(folder: Path, calls: int) -> float:
    """Return how long `calls` calls take through the ledger on SQLite, against the calls alone."""
    url = f"sqlite:///{(folder / 'clash.db').as_posix()}"
    async with open_database(url, "create") as database:
        run = await paid_run_in(database, folder)
        provider = Keyed(Bills(), price=Decimal("0.01"), work_s=CALL_S)
        ledger = await run.ledger(provider, rate_limits=RateLimits(concurrency=AT_ONCE, limits={}))
        began = time.monotonic()
        made = await all_of(ledger, [f"t{number}" for number in range(calls)])
        seconds = time.monotonic() - began
        assert await run.states() == ["succeeded"] * calls
        assert not any(isinstance(one, BaseException) for one in made)
    return seconds / (CALL_S * calls / AT_ONCE)


async def test_fifty_calls_at_once_wait_for_nothing_but_answers(tmp_path: Path) -> None:
    """Two waves of calls of two seconds take hardly longer than their answers."""
    measured = await ratio(tmp_path, CALLS)
    print(f"\n{CALLS} calls of {CALL_S:.0f} s, {AT_ONCE} at once: {measured:.3f}x their own time (at most {LIMIT})")
    assert measured <= LIMIT
