"""Cloudflare allows 1,200 requests in 5 minutes and turns away for as long who makes more: a run never does."""

from __future__ import annotations

import asyncio
import secrets
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from d1_engine import ACCOUNT, TOKEN, D1Engine
from d1_engine.faults import FaultyNetwork, Hurry
from filming import clash, environment
from pydantic import SecretStr

from clash.config import Settings, load_settings
from clash.database.d1.database import D1Database
from clash.database.d1.pace import API, RequestPace, runs_at_once
from clash.database.d1.rest import Account, Retries
from clash.database.port import Statement
from clash.errors import DatabaseError, SettingsError

MOST = 40
WINDOW_S = 1.0


def busiest(moments: list[float], window_s: float) -> int:
    """The most of these moments in any window."""
    return max(sum(1 for moment in moments if first <= moment < first + window_s) for first in moments)


async def test_no_window_sees_more_than_the_limit() -> None:
    """A hundred that come at once go at the pace of the limit, the first tenth without waiting."""
    pace, began, moments = RequestPace(MOST, WINDOW_S), time.monotonic(), list[float]()

    async def go() -> None:
        await pace.turn()
        moments.append(time.monotonic() - began)

    await asyncio.gather(*(go() for _ in range(100)))
    # A timer may be early by what a clock ticks.
    assert busiest(moments, WINDOW_S - 0.02) <= MOST
    assert moments[MOST // 10 - 1] < WINDOW_S / 10
    assert max(later - earlier for earlier, later in pairwise(moments)) < WINDOW_S / 2


async def test_the_first_tenth_goes_at_once_and_the_rest_evenly() -> None:
    """The last of forty requests, of forty that are allowed, goes when the window ends."""
    clock = Hurry()
    pace = RequestPace(MOST, 300.0, clock=clock)
    for _ in range(MOST // 10):
        await pace.turn()
    assert clock.waits == []
    for _ in range(MOST - MOST // 10):
        await pace.turn()
    assert clock.now() == pytest.approx(300.0)


async def test_runs_of_a_process_share_its_part() -> None:
    """Two databases behind one API go at one pace together, whichever thread asks; another API has its own."""
    clock, api = Hurry(), f"https://{secrets.token_hex(4)}.example"
    first, second = RequestPace.at(api, MOST, clock=clock), RequestPace.at(f"{api}/", MOST, clock=clock)
    for _ in range(MOST // 20):
        await first.turn()
        await asyncio.to_thread(asyncio.run, second.turn())
    assert clock.waits == []
    await second.turn()
    assert clock.now() == pytest.approx(300.0 / (MOST - MOST // 10))
    other = Hurry()
    await RequestPace.at(f"{api}/other", MOST, clock=other).turn()
    assert other.waits == []


async def test_a_lease_is_renewed_ahead_of_what_waits() -> None:
    """A renewal goes at once and counts: what can wait goes later for it."""
    clock = Hurry()
    pace = RequestPace(MOST, 300.0, clock=clock)
    for _ in range(MOST // 10):
        await pace.turn()
    await pace.ahead().room()
    await pace.ahead().turn()
    assert clock.waits == []
    await pace.turn()
    assert clock.now() == pytest.approx(2 * 300.0 / (MOST - MOST // 10))


async def test_what_waits_for_its_turn_goes_in_one_request(d1_engine: D1Engine) -> None:
    """Slowed down, a run needs fewer requests for the same writes; each is applied once."""
    network, account = FaultyNetwork(), Account(ACCOUNT, SecretStr(TOKEN), d1_engine.base_url)
    database = await D1Database.open(
        d1_engine.make_database("paced"), account, pace=RequestPace(MOST, 2 * WINDOW_S), transport=network
    )
    await database.batch([Statement("CREATE TABLE one (n INTEGER PRIMARY KEY)")])

    async def write(number: int) -> None:
        await asyncio.sleep(number / 200)
        await database.batch([Statement("INSERT INTO one VALUES (?)", (number,))])

    await asyncio.gather(*(write(number) for number in range(200)))
    (row,) = await database.query("SELECT count(*) AS written FROM one")
    await database.close()
    assert row["written"] == 200
    assert len(network.sent) <= MOST


async def test_tries_count_as_well() -> None:
    """Cloudflare counts requests, not what they were for."""
    asked: list[float] = []

    def refuse(_: httpx.Request) -> httpx.Response:
        asked.append(time.monotonic())
        return httpx.Response(503)

    database = await D1Database.open(
        "00000000-0000-4000-8000-000000000001",
        Account("acc", SecretStr("token")),
        retries=Retries(wait_s=14, first_wait_s=1.0, longest_wait_s=1.0),
        clock=Hurry(),
        pace=RequestPace(10, WINDOW_S),
        transport=httpx.MockTransport(refuse),
    )
    with pytest.raises(DatabaseError):
        await database.query("SELECT 1")
    await database.close()
    assert len(asked) == 15
    assert busiest(asked, WINDOW_S - 0.02) <= 10


@pytest.mark.parametrize(
    ("base_url", "most", "expected"),
    [
        (API, None, 1100),
        (f"{API}/", None, 1100),
        (API, 300, 300),
        ("https://proxy.example", None, None),
        ("https://proxy.example", 300, 300),
    ],
)
def test_the_limit_is_cloudflares_unless_said_otherwise(base_url: str, most: int | None, expected: int | None) -> None:
    """What stands in for Cloudflare's API has limits of its own."""
    assert RequestPace.at(base_url, most).most == expected


@pytest.mark.parametrize("part", ["9", "0", "-1", "55.5", "many"])
def test_a_part_that_cannot_be_kept_is_refused(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is a whole number from ten on, and the error names it."""
    monkeypatch.setenv("CLASH_D1_REQUESTS", part)
    with pytest.raises(SettingsError, match="CLASH_D1_REQUESTS"):
        load_settings()


def test_a_hundred_processes_can_share_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,100 divided by a hundred is a part that can be set."""
    monkeypatch.setenv("CLASH_D1_REQUESTS", "11")
    assert load_settings().d1_requests == 11


def test_a_small_part_carries_few_runs_at_once() -> None:
    """Renewals of leases do not wait: more runs than the part carries would leave nothing for their other requests."""
    assert [runs_at_once(API, most) for most in (None, 220, 55, 10)] == [55, 11, 2, 1]
    assert runs_at_once("https://proxy.example", None) is None


def test_doctor_says_the_part(d1_engine: D1Engine, tmp_path: Path) -> None:
    """`clash doctor` says how many requests a process may make."""
    name = f"part-{secrets.token_hex(4)}"
    d1_engine.make_database(name)
    env = environment(**d1_engine.environment, DATABASE_URL=f"d1://{name}", CLASH_D1_REQUESTS="550")
    assert clash(tmp_path, "db", "init", env=env).code == 0
    checks = clash(tmp_path, "doctor", "--offline", "--json", env=env).document["checks"]
    (database,) = [check for check in checks if check["check"] == "database"]
    assert "at most 550 requests in 5 minutes" in database["says"]


def test_the_setting_may_be_left_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `.env.example` has it."""
    monkeypatch.setenv("CLASH_D1_REQUESTS", "")
    assert Settings().d1_requests is None
