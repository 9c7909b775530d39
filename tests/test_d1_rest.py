"""What Cloudflare's API can answer, and what becomes of it: tried again, refused, or told to whom it concerns.

These answers cannot be had from the engine, so they are made up here; all else is tested on the engine itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from clash.database import open_database
from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account, Patience
from clash.database.port import Statement
from clash.errors import ClashError, DatabaseError, NotFoundError, SettingsError

SECRET = "s3cr3t-t0ken"  # noqa: S105
QUICK = Patience(attempts=4, first_wait_s=0.001, longest_wait_s=0.002)
DATABASE = "00000000-0000-4000-8000-000000000001"
Answer = httpx.Response | type[httpx.HTTPError]


def page(status: int, text: str = "<html>oops</html>", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=text, headers=headers)


def refusal(status: int, message: str, code: int = 7500) -> httpx.Response:
    return httpx.Response(
        status, json={"result": [], "success": False, "errors": [{"code": code, "message": message}], "messages": []}
    )


def success(request: httpx.Request) -> httpx.Response:
    """One row, `one` = 1, a statement."""
    result = {"results": {"columns": ["one"], "rows": [[1]]}, "success": True, "meta": {"size_after": 4096}}
    results = [result for _ in json.loads(request.content)["batch"]]
    return httpx.Response(200, json={"result": results, "success": True, "errors": [], "messages": []})


class Cloudflare:
    """Gives these answers, and after the last one succeeds."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else success(request)
        if isinstance(answer, type):
            raise answer(f"broken while sending {SECRET}", request=request)
        return answer


Open = Callable[..., Any]


@pytest.fixture
async def reach() -> AsyncGenerator[Open]:
    """A database behind these answers."""
    opened: list[D1Database] = []

    async def reach(cloudflare: Cloudflare, patience: Patience = QUICK) -> D1Database:
        account = Account("acc", SecretStr(SECRET))
        transport = httpx.MockTransport(cloudflare)
        opened.append(await D1Database.open(DATABASE, account, patience=patience, transport=transport))
        return opened[-1]

    yield reach
    for database in opened:
        await database.close()


# -- tried again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        page(500), page(502), page(503), page(504), page(522), page(200), page(200, "null"), page(408),
        refusal(500, "internal error"), refusal(503, "D1 is overloaded", 7505),
        httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError,
        httpx.RemoteProtocolError,
    ],
    ids=lambda failure: getattr(failure, "__name__", None) or f"{failure.status_code}-{failure.text[:12]}",
)  # fmt: skip
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
    database = await reach(Cloudflare(*[page(503)] * 6), Patience(attempts=7, first_wait_s=0.01, longest_wait_s=0.04))
    with caplog.at_level(logging.INFO, "clash.database.d1.rest"):
        await database.query("SELECT 1")
    told = [record.args for record in caplog.records if "again in" in record.msg]
    waits = [float(args[1]) for args in told if isinstance(args, tuple)]
    assert len(waits) == 6
    assert all(low <= wait <= 0.04 for low, wait in zip((0.01, 0.02, 0.04, 0.04, 0.04, 0.04), waits, strict=True))


async def test_a_long_wait_is_said_once(
    reach: Open, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In plain words, however many requests wait, over however many connections; a short one not at all."""
    monkeypatch.setattr("clash.database.d1.rest._told_until", {})
    crowded = [page(429, **{"Retry-After": "1"})] * 2
    waiting = [await reach(Cloudflare(*crowded)) for _ in range(3)]
    with caplog.at_level(logging.WARNING):
        await asyncio.gather(*(database.query("SELECT 1") for database in waiting))
        await (await reach(Cloudflare(page(503), page(503)))).query("SELECT 1")
    assert caplog.messages == ["Cloudflare asks to wait 1 s; nothing is lost"]


async def test_a_lost_connection_is_said_once_it_lasts(
    reach: Open, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first quick tries, in a line that says what is wrong and that it goes on; without the token."""
    monkeypatch.setattr("clash.database.d1.rest._told_until", {})
    database = await reach(Cloudflare(*[httpx.ReadError] * 3), Patience(attempts=5, first_wait_s=0.5))
    with caplog.at_level(logging.WARNING):
        await database.query("SELECT 1")
    (said,) = caplog.messages
    assert said.startswith("Cloudflare D1 gave no answer: ReadError")
    assert said.endswith("; trying again, nothing is lost")
    assert SECRET not in said


@pytest.mark.parametrize(
    "retry_after", ["1", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)]
)
async def test_it_waits_as_long_as_it_is_told(reach: Open, retry_after: str | Callable[[], str]) -> None:
    """HTTP 429: Retry-After in seconds or as a date, however short our own waits are."""
    told = retry_after if isinstance(retry_after, str) else retry_after()
    cloudflare = Cloudflare(page(429, **{"Retry-After": told}))
    database = await reach(cloudflare)
    began = datetime.now(UTC)
    await database.query("SELECT 1")
    waited = (datetime.now(UTC) - began).total_seconds()
    assert 0.9 <= waited < 3.5
    assert len(cloudflare.asked) == 2


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
        refusal(401, "Authentication error", 10000), refusal(403, "Authentication error", 10000), page(403),
        refusal(400, "Invalid request headers", 6003), refusal(400, "Invalid format for Authorization header", 6111),
    ],
)  # fmt: skip
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
