"""Odd answers of D1's API: an error by its meaning, another shape, a body without an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
import pytest
from cloudflare import Cloudflare, Open, databases_behind, page, refusal

from clash.database.d1.rest import Retries
from clash.database.port import Statement
from clash.errors import ClashError, DatabaseError, NotFoundError


@pytest.fixture
async def reach(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Open]:
    """What opens a database behind given answers."""
    async with databases_behind(monkeypatch) as opening:
        yield opening


# -- by meaning ------------------------------------------------------------------------------------------------

DOCUMENTED = [
    "D1 DB reset because its code was updated.",
    "Internal error while starting up D1 DB storage caused object to be reset.",
    "Network connection lost.",
    "Internal error in D1 DB storage caused object to be reset.",
    "Cannot resolve D1 DB due to transient issue on remote node.",
    "Can't read from request stream because client disconnected.",
    "D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1 DB is overloaded. Requests queued for too long.",
    "D1 DB is overloaded. Too many requests queued.",
    "D1 DB's isolate exceeded its memory limit and was reset.",
    "D1 DB exceeded its CPU time limit and was reset.",
]
"""https://developers.cloudflare.com/d1/observability/debug-d1/#error-list"""


@pytest.mark.parametrize(
    "message", [*DOCUMENTED, "internal error; reference = 0h3k", "database is locked: SQLITE_BUSY"]
)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 413, 422, 500, 503, 520])
async def test_a_passing_error_is_tried_again_by_its_meaning(reach: Open, message: str, status: int) -> None:
    """Every error that Cloudflare documents as passing, with any HTTP status; a write may have been applied."""
    cloudflare = Cloudflare(refusal(status, f"D1_ERROR: {message}"), refusal(400, "no: SQLITE_ERROR"))
    database = await reach(cloudflare)
    with pytest.raises(ClashError, match="SQLITE_ERROR"):
        await asyncio.gather(database.batch([Statement("DELETE FROM a")]), database.batch([Statement("DELETE FROM b")]))
    assert len(cloudflare.asked) == 2, "its first copy may still arrive, so the two are not tried one by one"


@pytest.mark.parametrize("status", [502, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530])
@pytest.mark.parametrize("body", ["<html><h1>Bad gateway</h1></html>", "", '{"result": [{"resu'])
async def test_a_page_of_a_gateway_is_passing(reach: Open, status: int, body: str) -> None:
    """HTML, nothing, or half of an answer."""
    cloudflare = Cloudflare(*[page(status, body)] * 2)
    database = await reach(cloudflare)
    assert await database.query("SELECT 1 AS one") == [{"one": 1}]
    assert len(cloudflare.asked) == 3


@pytest.mark.parametrize("status", [200, 400, 500, 503])
@pytest.mark.parametrize(
    "message",
    [
        'near "INSERTZ": syntax error at offset 0: SQLITE_ERROR',
        'near "Network connection lost": syntax error at offset 7: SQLITE_ERROR',
        "no such table: purse: SQLITE_ERROR",
        "UNIQUE constraint failed: purse.overloaded: SQLITE_CONSTRAINT",
        "Exceeded maximum DB size: SQLITE_FULL",
        "D1_TYPE_ERROR: Type 'object' not supported for value 'try again'",
    ],
)
async def test_a_lasting_error_fails_at_once(reach: Open, status: int, message: str) -> None:
    """A mistake in a statement is one with any HTTP status, whatever words are in it."""
    cloudflare = Cloudflare(*[refusal(status, f"D1_ERROR: {message}")] * 3)
    database = await reach(cloudflare)
    with pytest.raises(DatabaseError, match=f"refused .HTTP {status}"):
        await database.query("SELECT 1")
    assert len(cloudflare.asked) == 1


# -- answers of another kind -----------------------------------------------------------------------------------


def results_of(*results: Any, **changes: Any) -> httpx.Response:
    return httpx.Response(200, json={"success": True, "errors": [], "result": list(results), **changes})


def rows_of(columns: Any, rows: Any, meta: Any = None) -> httpx.Response:
    return results_of({"success": True, "results": {"columns": columns, "rows": rows}, "meta": meta})


ODD = {
    "deep": page(200, "[" * 200_000),
    "a deep object": page(200, '{"result":' * 100_000),
    "empty object": page(200, "{}"),
    "a list": page(200, "[1]"),
    "a number": page(200, "5"),
    "result is a word": results_of(result="x"),
    "result is null": results_of(result=None),
    "results is 5": results_of({"results": 5}),
    "no results": results_of({"success": False}),
    "too few": results_of(),
    "too many": results_of(*[{"results": {"columns": [], "rows": []}}] * 2),
    "rows are words": rows_of(["a"], "xy"),
    "a row is a word": rows_of(["a"], ["x"]),
    "a row is too long": rows_of(["a"], [[1, 2]]),
    "columns are numbers": rows_of([1], [[1]]),
}


@pytest.mark.parametrize("name", ODD)
async def test_an_answer_of_another_shape_is_told(reach: Open, name: str) -> None:
    """After four tries, for it will hardly be another one in five minutes; as an error of the database."""
    cloudflare = Cloudflare(*[ODD[name]] * 9)
    database = await reach(cloudflare, Retries())
    with pytest.raises(DatabaseError, match="did not answer as D1 does") as told:
        await database.query("SELECT 1")
    assert len(cloudflare.asked) == 4
    assert "CLOUDFLARE_API_BASE_URL" in (told.value.hint or "")


@pytest.mark.parametrize("value", [["x"], [300], [[1]], {"a": 1}])
async def test_a_value_that_no_column_holds_is_told(reach: Open, value: Any) -> None:
    """A list that is no bytes, an object."""
    database = await reach(Cloudflare(rows_of(["a"], [[value]])))
    with pytest.raises(DatabaseError, match="a value that no column holds"):
        await database.query("SELECT 1")


@pytest.mark.parametrize("meta", [5, "x", None, {"size_after": "large"}])
async def test_what_is_said_beside_the_rows_does_not_matter(reach: Open, meta: Any) -> None:
    """The size of the database is then not known."""
    database = await reach(Cloudflare(rows_of(["a"], [[1]], meta)))
    assert await database.query("SELECT 1 AS a") == [{"a": 1}]
    assert database.size_bytes is None


@pytest.mark.parametrize("result", ["x", 5, ["x"], {"name": "films"}])
async def test_a_list_of_databases_of_another_shape_is_told(reach: Open, result: Any) -> None:
    """While the database's id is looked up by its name."""
    with pytest.raises(DatabaseError, match="did not answer as D1 does"):
        await reach(Cloudflare(*[results_of(result=result)] * 9), name="films")


@pytest.mark.parametrize("uuid", [None, "../../user/tokens", 5.5, ["x"]])
async def test_an_id_that_is_none_is_not_used(reach: Open, uuid: Any) -> None:
    """It would become part of an address."""
    found = results_of({"name": "films", "uuid": uuid})
    with pytest.raises(NotFoundError, match="no D1 database named"):
        await reach(Cloudflare(found, results_of()), name="films")


class Endless(httpx.AsyncByteStream):
    """A body without an end. `pause_s`: how long each piece takes."""

    def __init__(self, piece: bytes, pause_s: float = 0.0) -> None:
        self.sent = 0
        self._piece = piece
        self._pause_s = pause_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(self._pause_s)
            self.sent += len(self._piece)
            yield self._piece


@pytest.mark.parametrize("status", [200, 500])
async def test_a_body_without_an_end_is_not_read_on(reach: Open, status: int) -> None:
    """At 64 MB it is enough, whatever the status."""
    bodies = [Endless(b" " * 1_000_000) for _ in range(4)]
    cloudflare = Cloudflare(*[httpx.Response(status, stream=body) for body in bodies])
    with pytest.raises(DatabaseError, match="more than 64 MB"):
        await (await reach(cloudflare)).query("SELECT 1")
    assert [body.sent for body in bodies] == [65_000_000] * 4


async def test_a_body_that_trickles_comes_to_an_end(reach: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps no read from timing out, but the exchange as a whole has a limit."""
    monkeypatch.setattr("clash.database.d1.rest._EXCHANGE_S", 0.2)
    bodies = [Endless(b" ", 0.01) for _ in range(4)]
    with pytest.raises(DatabaseError, match="did not come to an end"):
        await (await reach(Cloudflare(*[httpx.Response(200, stream=body) for body in bodies]))).query("SELECT 1")
