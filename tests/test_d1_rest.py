"""What Cloudflare's API can answer, and what becomes of it: tried again, refused, or told to whom it concerns.

These answers cannot be had from the engine, so they are made up here; all else is tested on the engine itself.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from cloudflare import SECRET, Answer, Cloudflare, Open, databases_behind, page, refusal
from d1_engine.faults import Hurry
from pydantic import SecretStr

from clash.database import open_database
from clash.database.d1.outage import Outage
from clash.database.d1.rest import Account, Retries
from clash.database.port import Statement
from clash.errors import ClashError, DatabaseError, NotFoundError, SettingsError


@pytest.fixture
async def reach(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Open]:
    """What opens a database behind given answers."""
    async with databases_behind(monkeypatch) as opening:
        yield opening


# -- tried again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        page(500),
        page(502),
        page(503),
        page(504),
        page(522),
        page(200),
        page(200, "null"),
        page(408),
        refusal(500, "internal error"),
        refusal(503, "D1 is overloaded", 7505),
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.RemoteProtocolError,
    ],
    ids=lambda failure: getattr(failure, "__name__", None) or f"{failure.status_code}-{failure.text[:12]}",
)
@pytest.mark.parametrize("writes", [False, True])
async def test_a_passing_failure_is_not_seen(reach: Open, failure: Answer, writes: bool) -> None:
    """A server that fails twice and a connection that breaks: the third try succeeds, for reads and writes alike."""
    cloudflare = Cloudflare(failure, failure)
    database = await reach(cloudflare)
    if writes:
        (rows,) = await database.batch([Statement("INSERT INTO a VALUES (1) RETURNING 1 AS one")])
    else:
        rows = await database.query("SELECT 1 AS one")
    assert rows == [{"one": 1}]
    assert len(cloudflare.asked) == 3
    assert len({request.content for request in cloudflare.asked}) == 1


async def test_a_lasting_failure_is_told_after_some_tries(reach: Open) -> None:
    """Four tries, then an error that can be tried again later, and says that nothing is lost."""
    cloudflare = Cloudflare(*[page(503)] * 9)
    database = await reach(cloudflare)
    with pytest.raises(DatabaseError, match="HTTP 503") as told:
        await database.query("SELECT 1")
    assert len(cloudflare.asked) == 4
    assert (told.value.code, told.value.retryable, told.value.exit_code) == ("database_unreachable", True, 1)


@pytest.mark.parametrize("number", range(40))
async def test_rounding_is_worth_no_further_try(reach: Open, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Whatever the jitter: the waits add up to the limit, and what rounding leaves of it is not waited for."""
    monkeypatch.setattr("clash.database.d1.rest.random", random.Random(number))
    cloudflare = Cloudflare(*[page(503)] * 9)
    clock = Hurry()
    await clock.sleep(random.uniform(0, 9))
    database = await reach(cloudflare, clock=clock)
    with pytest.raises(DatabaseError):
        await database.query("SELECT 1")
    assert len(cloudflare.asked) == 4


async def test_who_waited_in_vain_does_not_wait_as_long_again(reach: Open) -> None:
    """A run that lost its connection ends soon: later requests are tried twice, until one is answered again."""
    cloudflare = Cloudflare(*[httpx.ConnectError] * 4, *[httpx.ConnectError] * 2, page(429), *[page(503)] * 3)
    database = await reach(cloudflare)
    for tries in (4, 2):
        cloudflare.asked.clear()
        with pytest.raises(DatabaseError, match="ConnectError"):
            await database.query("SELECT 1")
        assert len(cloudflare.asked) == tries
    cloudflare.asked.clear()
    with pytest.raises(DatabaseError, match="HTTP 503"):
        await database.query("SELECT 1")
    assert len(cloudflare.asked) == 4, "HTTP 429 is an answer"
    cloudflare.answers.clear()
    assert await database.query("SELECT 1 AS one") == [{"one": 1}]


async def test_waits_are_longer_each_time_and_limited(reach: Open, caplog: pytest.LogCaptureFixture) -> None:
    """Doubled, jittered, never longer than the longest, each told in the log."""
    clock = Hurry()
    database = await reach(Cloudflare(*[page(503)] * 9), Retries(), clock=clock)
    with caplog.at_level(logging.INFO, "clash.database.d1.rest"):
        await database.query("SELECT 1")
    lowest = (0.25, 0.5, 1, 2, 4, 8, 10, 10, 10)
    assert all(low <= wait <= min(low + 0.25, 10) for low, wait in zip(lowest, clock.waits, strict=True))
    assert len([record for record in caplog.records if "again in" in record.msg]) == 9


async def test_an_outage_is_waited_out_for_five_minutes(reach: Open) -> None:
    """By default; a command that only reads waits for 20 seconds."""
    for retries, waited_s in ((Retries(), 300), (Retries.of(300), 300), (Retries.of(300, looking=True), 20)):
        clock = Hurry()
        database = await reach(Cloudflare(*[page(503)] * 99), retries, clock=clock)
        with pytest.raises(DatabaseError, match="HTTP 503"):
            await database.query("SELECT 1")
        assert clock.now() == pytest.approx(waited_s)


@pytest.mark.parametrize("answer", [page(503), page(429, **{"Retry-After": "200"})])
async def test_who_is_asked_to_stop_waits_no_longer(reach: Open, answer: httpx.Response) -> None:
    """Asked in the fourth minute of an outage, or of a wait that Cloudflare asked for: it gives up at once."""
    clock = Hurry()
    database = await reach(Cloudflare(*[answer] * 99), Retries(), clock=clock, stopping=lambda: clock.now() > 190)
    with pytest.raises(DatabaseError):
        await database.query("SELECT 1")
    assert 190 < clock.now() < 192


async def test_a_failure_that_nobody_waits_for_is_not_reported(reach: Open, caplog: pytest.LogCaptureFixture) -> None:
    """Cancelled while D1 is out (Ctrl-C): no `exception was never retrieved` on standard error."""
    release = asyncio.Event()

    class Held(Hurry):
        async def sleep(self, seconds: float) -> None:
            await release.wait()
            await super().sleep(seconds)

    database = await reach(Cloudflare(*[page(503)] * 99), clock=Held())
    asking = asyncio.create_task(database.batch([Statement("DELETE FROM a")]))
    await asyncio.sleep(0.1)
    asking.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await database.close()
    del database, asking
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_a_stop_does_not_hinder_a_short_wait(reach: Open) -> None:
    """A run that stops still writes how it stands, over an outage of ten seconds."""
    clock = Hurry()
    database = await reach(Cloudflare(*[page(503)] * 5), Retries(), clock=clock, stopping=lambda: True)
    assert await database.query("SELECT 1 AS one") == [{"one": 1}]
    assert 7 < clock.now() < 10


async def test_a_wait_as_cloudflare_asks_is_said(reach: Open, caplog: pytest.LogCaptureFixture) -> None:
    """One line at its beginning and one at its end, however many requests wait; a short one is not told."""
    crowded = [page(429, **{"Retry-After": "3"})] * 2
    waiting = [await reach(Cloudflare(*crowded)) for _ in range(3)]
    with caplog.at_level(logging.WARNING):
        await asyncio.gather(*(database.query("SELECT 1") for database in waiting))
        await (await reach(Cloudflare(page(503), page(503)))).query("SELECT 1")
    first, last = caplog.messages
    assert first == "Cloudflare asks to wait 3 s; nothing is lost"
    assert last.startswith("Cloudflare D1 answers again, after ")


async def test_an_outage_is_said_once(reach: Open, caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong and that it goes on, then that D1 answers again, without the token; not at every try."""
    database = await reach(Cloudflare(*[httpx.ReadError] * 12), Retries())
    with caplog.at_level(logging.WARNING):
        await database.query("SELECT 1")
    first, last = caplog.messages
    assert first.startswith("Cloudflare D1 gave no answer: ReadError")
    assert first.endswith("; trying again for up to 300 s, nothing is lost")
    assert last.startswith("Cloudflare D1 answers again, after ")
    assert SECRET not in caplog.text


async def test_an_outage_that_others_still_wait_for_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """A renewal of the lease that gives up, or gets through, in the middle of it is not its end."""
    now = [100.0]
    outage = Outage(lambda: now[0])
    with caplog.at_level(logging.WARNING):
        outage.begin("out", waited_s=2.0)
        outage.begin("out, says another")
        outage.end(was_waiting=True, answered=False)
        outage.end(was_waiting=False, answered=True)
        now[0] = 173.0
        outage.end(was_waiting=True, answered=True)
        outage.end(was_waiting=False, answered=True)
    assert caplog.messages == ["out", "Cloudflare D1 answers again, after 75 s"]


@pytest.mark.parametrize(
    "retry_after", ["30", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=31), usegmt=True)]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_it_waits_as_long_as_it_is_told(reach: Open, retry_after: str | Callable[[], str], status: int) -> None:
    """Retry-After in seconds or as a date, however short our own waits are."""
    told = retry_after if isinstance(retry_after, str) else retry_after()
    clock = Hurry()
    database = await reach(Cloudflare(page(status, **{"Retry-After": told})), clock=clock)
    await database.query("SELECT 1")
    (wait,) = clock.waits
    assert 29 <= wait <= 31


@pytest.mark.parametrize("retry_after", ["\u00b2", "-5", "soon", "1e9", "9" * 40, ""])
async def test_a_wait_that_is_no_number_is_ours_to_choose(reach: Open, retry_after: str) -> None:
    """A header that says nothing (a superscript two, words): the request is tried again after our own waits."""
    clock = Hurry()
    refusal_ = httpx.Response(429, headers=[(b"Retry-After", retry_after.encode())])
    database = await reach(Cloudflare(refusal_), clock=clock)
    await database.query("SELECT 1")
    assert [0.25 <= wait <= 0.5 for wait in clock.waits] == [True]


async def test_it_does_not_wait_for_hours(reach: Open) -> None:
    """Told to come back tomorrow, it says so at once."""
    cloudflare = Cloudflare(page(429, **{"Retry-After": "86400"}))
    database = await reach(cloudflare)
    with pytest.raises(DatabaseError, match="1,200 in 5 minutes") as told:
        await database.batch([Statement("DELETE FROM a")])
    assert len(cloudflare.asked) == 1
    assert (told.value.code, told.value.retryable) == ("rate_limited", True)


# -- refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
async def test_a_refusal_is_not_tried_again(reach: Open, status: int) -> None:
    """No other 4xx is: the same request would meet the same answer."""
    cloudflare = Cloudflare(*[page(status)] * 3)
    database = await reach(cloudflare)
    with pytest.raises(ClashError, match=f"HTTP {status}"):
        await database.batch([Statement("DELETE FROM a")])
    assert len(cloudflare.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refusal(401, "Authentication error", 10000),
        refusal(403, "Authentication error", 10000),
        page(403),
        refusal(400, "Invalid request headers", 6003),
        refusal(400, "Invalid format for Authorization header", 6111),
    ],
)
@pytest.mark.parametrize("writes", [False, True])
async def test_wrong_credentials_are_a_setting_to_mend(reach: Open, answer: httpx.Response, writes: bool) -> None:
    """Exit 4 and the permission that a token needs; never a success, and not tried again."""
    database = await reach(cloudflare := Cloudflare(answer, answer))
    with pytest.raises(SettingsError) as told:
        await (database.batch([Statement("DELETE FROM a")]) if writes else database.query("SELECT 1"))
    assert (told.value.exit_code, told.value.code, len(cloudflare.asked)) == (4, "credentials", 1)
    assert "D1: Edit" in (told.value.hint or "")


async def test_a_database_that_is_gone_is_not_found(reach: Open) -> None:
    """Exit 3."""
    database = await reach(Cloudflare(refusal(404, "The database could not be found", 7404)))
    with pytest.raises(NotFoundError, match="could not be found"):
        await database.query("SELECT 1")


async def test_a_redirection_is_a_wrong_base_url(reach: Open) -> None:
    """A login page in between: the token is not sent after it."""
    database = await reach(cloudflare := Cloudflare(page(302, Location="https://login.example/")))
    with pytest.raises(SettingsError, match="redirection"):
        await database.query("SELECT 1")
    assert {request.url.host for request in cloudflare.asked} == {"api.cloudflare.com"}


# -- secrets and settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [page(500, f"echo {SECRET}"), refusal(400, f"bad token {SECRET}"), httpx.ReadError])
async def test_the_token_is_in_no_error_and_no_log(
    reach: Open, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where the other side echoes it; it was sent, though."""
    cloudflare = Cloudflare(*[answer] * 4)
    database = await reach(cloudflare)
    with caplog.at_level(logging.DEBUG), pytest.raises(ClashError) as told:
        await database.query("SELECT 1")
    assert cloudflare.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    chain = [told.value, told.value.__cause__]
    assert SECRET not in caplog.text
    assert SECRET not in "".join(map(repr, chain)) + str(told.value.hint) + str(told.getrepr(showlocals=False))


@pytest.mark.parametrize(
    ("account", "token", "base_url", "names"),
    [
        ("../evil", "t", "https://x", "CLOUDFLARE_ACCOUNT_ID"),
        ("a", "two words", "https://x", "CLOUDFLARE_API_TOKEN"),
        ("a", "line\n", "https://x", "CLOUDFLARE_API_TOKEN"),
        ("a", "tökén", "https://x", "CLOUDFLARE_API_TOKEN"),
        ("a", "t", "ftp://x", "CLOUDFLARE_API_BASE_URL"),
        ("a", "t", "api.cloudflare.com", "CLOUDFLARE_API_BASE_URL"),
    ],
)
def test_a_setting_that_cannot_be_sent_is_named(account: str, token: str, base_url: str, names: str) -> None:
    """Before anything is sent, and without the token's text."""
    with pytest.raises(SettingsError, match=names) as told:
        Account(account, SecretStr(token), base_url)
    assert len(token) == 1 or token not in told.value.message


@pytest.mark.parametrize("variable", ["CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"])
async def test_a_setting_that_is_missing_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 4, the variable, and where to find its value; an empty one is a missing one."""
    for name in ("CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.setenv(name, "" if name == variable else "given")
    with pytest.raises(SettingsError, match=variable) as told:
        async with open_database("d1://stories", "read"):
            pass
    assert (told.value.code, told.value.exit_code) == ("credentials_missing", 4)


@pytest.mark.parametrize("url", ["d1://", "d1://a/b", "d1://a?b", "d1://../x", "d1:// ", "d2://stories"])
async def test_a_url_that_names_no_database_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 4, with an example of one that does."""
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "a")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "t")
    with pytest.raises(SettingsError) as told:
        async with open_database(url, "read"):
            pass
    assert "d1://NAME" in (told.value.hint or "")
