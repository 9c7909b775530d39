"""Killed while a request is with Cloudflare: executed and nobody hears of it, or arriving long after the death.

The engine and the processes are real; between them stands a gateway that keeps the request up.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from conftest import on_d1
from d1_engine import D1Engine
from d1_engine.gateway import Gateway
from filming import everything, metered
from torture.books import PRICE_MICRO, Books
from torture.trial import start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")


class Death(NamedTuple):
    """The write that a process dies waiting for, whether the next one has its files, and what that one comes to."""

    kind: str
    write: str
    elsewhere: bool
    after_arrived: int
    """The next process's exit code if the write had been executed."""
    after_on_its_way: int
    charged_before: int


DEATHS = {
    "intent": Death("oneshot", "INSERT INTO api_logs", True, 8, 0, 0),
    "job": Death("queued", "SET state = 'submitted'", True, 0, 8, 1),
    "settled": Death("oneshot", "SET state = 'succeeded'", False, 0, 0, 1),
}


@on_d1
@pytest.mark.parametrize("where", ["arrived", "on its way"])
@pytest.mark.parametrize("write", DEATHS)
def test_killed_while_a_write_is_with_cloudflare(
    d1_engine: D1Engine, database_url: str, tmp_path: Path, write: str, where: Literal["arrived", "on its way"]
) -> None:
    """The next process, elsewhere, goes by what the tables say; what comes in after it has taken over is refused.

    An intent that is recorded may have been sent: a person is asked. One that does not was not. A job whose id
    arrived is polled; one whose id did not is asked about, though charged. What was settled, or has its receipt on
    the disk, is neither asked about nor bought again.
    """
    death = DEATHS[write]
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    meter = tmp_path / "meter"
    with Gateway(d1_engine).open() as gateway:
        gateway.hold_up(death.write, where)
        dying = start(here, death.kind, 1, url=database_url, METER=str(meter), **gateway.environment)
        assert gateway.held.wait(30), dying.communicate()
        dying.kill()
        dying.communicate()
        assert dying.wait(0) == -9
        assert len(metered(meter)) == death.charged_before

        folder = there if death.elsewhere else here
        expected = death.after_arrived if where == "arrived" else death.after_on_its_way
        following = start(folder, death.kind, 1, url=database_url, METER=str(meter))
        told = following.communicate()
        assert following.wait(0) == expected, told
        if where == "on its way":
            before = everything(database_url)
            status, _ = gateway.deliver()
            assert status in (200, 400)
            assert everything(database_url) == before, "a dead process has written"
        if expected == 8:
            assert len(metered(meter)) == death.charged_before, "charged without consent"
            consented = start(folder, death.kind, 1, "--consent", url=database_url, METER=str(meter))
            told = consented.communicate()
            assert consented.wait(0) == 0, told
    asked = expected == 8
    assert len(metered(meter)) == (1 + death.charged_before if asked else 1)
    books = Books.of(tmp_path, database_url)
    assert (books.spent, books.reserved) == (PRICE_MICRO, PRICE_MICRO if asked else 0)
