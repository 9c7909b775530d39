"""The Worker that stands in for Cloudflare's REST API: the same answers, with only address and token changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest
from d1_engine import ACCOUNT, D1Engine
from d1_proxy import NAME, TOKEN, d1_proxy
from filming import clash, environment, shot_list
from plain_http import NO_CERTIFICATES
from pydantic import SecretStr

from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account
from clash.database.port import Statement
from clash.errors import DatabaseError, NotFoundError, SettingsError


@pytest.fixture(scope="module")
def proxy(d1_engine: D1Engine) -> Generator[str]:
    """The Worker's URL. (The engine is asked for so that a missing one skips, or fails, as everywhere.)"""
    with d1_proxy() as url:
        yield url


@pytest.fixture
async def database(proxy: str) -> AsyncGenerator[D1Database]:
    """The database behind the Worker."""
    opened = await D1Database.open(NAME, Account(ACCOUNT, SecretStr(TOKEN), proxy))
    yield opened
    await opened.close()


async def test_values_come_back_as_they_went(database: D1Database) -> None:
    """Text with NUL and emoji, large integers, floats, NULL and blobs; rows in order, also none and many."""
    await database.batch([Statement("CREATE TABLE kept (id INTEGER PRIMARY KEY, value)")])
    values = ["\0 雨 🎬", 2**62, 1.5, None, bytes(range(256)), "", -1]
    await database.batch([Statement("INSERT INTO kept (id, value) VALUES (?, ?)", pair) for pair in enumerate(values)])
    rows = await database.query("SELECT id, typeof(value) AS kind FROM kept ORDER BY id")
    assert [row["kind"] for row in rows] == ["text", "integer", "real", "null", "blob", "text", "integer"]
    (text,) = await database.query("SELECT value, id FROM kept WHERE id = ?", (0,))
    assert text == {"value": "\0 雨 🎬", "id": 0}
    (large,) = await database.query("SELECT CAST(value AS TEXT) AS value FROM kept WHERE id = 1")
    assert large["value"] == str(2**62)
    (blob,) = await database.query("SELECT value FROM kept WHERE id = 4")
    assert blob["value"] == bytes(range(256))
    assert await database.query("SELECT * FROM kept WHERE id = 99") == []


async def test_a_batch_is_one_transaction(database: D1Database) -> None:
    """One statement that SQLite refuses takes all others back, and is told as what it is."""
    await database.batch([Statement("CREATE TABLE once (id INTEGER PRIMARY KEY)")])
    with pytest.raises(DatabaseError, match="UNIQUE constraint failed"):
        await database.batch([Statement("INSERT INTO once VALUES (?)", (7,))] * 2)
    assert await database.query("SELECT * FROM once") == []
    assert database.size_bytes is not None
    assert database.size_bytes > 0


async def test_only_who_has_the_secret_is_answered(proxy: str) -> None:
    """Another token, or none, is refused; so is another database."""
    with pytest.raises(SettingsError):
        await D1Database.open("other-name", Account(ACCOUNT, SecretStr("wrong"), proxy))
    with pytest.raises(NotFoundError):
        await D1Database.open("other-name", Account(ACCOUNT, SecretStr(TOKEN), proxy))
    for path, headers, status in (
        (f"/accounts/{ACCOUNT}/d1/database/{NAME}/raw", {}, 401),
        (f"/accounts/{ACCOUNT}/d1/database/{NAME}/raw", {"authorization": "Bearer x"}, 401),
        (f"/accounts/{ACCOUNT}/d1/database/other/raw", {"authorization": f"Bearer {TOKEN}"}, 404),
        ("/", {"authorization": f"Bearer {TOKEN}"}, 404),
    ):
        async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
            answer = await client.post(f"{proxy}{path}", json={"batch": [{"sql": "SELECT 1"}]}, headers=headers)
        assert (answer.status_code, answer.json()["success"]) == (status, False)


def test_a_film_is_made_through_the_worker(proxy: str, tmp_path: Path) -> None:
    """`db init`, `run`, `cost` and `checkpoints ls`, with nothing changed but address and token."""
    shot_list(tmp_path / "story.csv", 2, seconds=0.5)
    through = environment(
        DATABASE_URL=f"d1://{NAME}",
        CLOUDFLARE_ACCOUNT_ID=ACCOUNT,
        CLOUDFLARE_API_TOKEN=TOKEN,
        CLOUDFLARE_API_BASE_URL=proxy,
    )
    for arguments in (
        ("db", "init", "--yes"),  # the tests before left a table of their own there
        ("run", "story.csv", "--thread", "w", "--size", "96x64", "--fps", "8"),
        ("cost", "w"),
        ("checkpoints", "ls", "w"),
    ):
        ran = clash(tmp_path, *arguments, env=through)
        assert ran.code == 0, ran.err
    assert (tmp_path / "output/w/film.mp4").stat().st_size > 0
