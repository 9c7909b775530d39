"""What the board refuses: hosts, methods, paths, sessions, foreign writes, floods; what its answers forbid."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import struct
import zlib
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from browser_of_board import OWN, Browser, board_of, browsing
from PIL import Image
from pydantic import SecretStr

from clash.assets import AssetStore
from clash.board.answers import status_of
from clash.board.app import Board
from clash.board.media import Media
from clash.board.rates import OF_A_SESSION, OF_A_STRANGER, RateLimits
from clash.board.sessions import LINK_S, Sessions
from clash.cli.notices import warnings_shown
from clash.config import Settings
from clash.database import init_database
from clash.database.sqlite_errors import database_error
from clash.redaction import known

UNKNOWN = "0" * 64
WRITE = "/api/runs/t/cancel"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a folder without a database."""
    return Settings(DATABASE_URL=f"sqlite:///{tmp_path}/clash.db", ASSET_STORE=f"file://{tmp_path}/assets")


@pytest.fixture
def board(settings: Settings) -> Board:
    """A board of it, whose clock stands still."""
    return Board(settings, board_of(settings).options, now=lambda: 1000.0)


@pytest_asyncio.fixture
async def browser(board: Board) -> AsyncGenerator[Browser]:
    """A browser with a session."""
    async with browsing(board) as opened:
        yield opened


async def asked(browser: Browser, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    return await browser.client.request(method, path, headers={k: v for k, v in headers.items() if v != "-"})


READS = [
    ("GET", "/", {}, 200),
    ("HEAD", "/", {}, 200),
    ("GET", "/", {"host": "localhost:8321"}, 200),
    ("GET", "/", {"host": "[::1]:8321"}, 200),
    ("GET", "/", {"host": "localhost:9000"}, 200),  # through `ssh -L 9000:...`
    ("GET", "/", {"host": "evil.example"}, 421),
    ("GET", "/", {"host": "evil.example:8321"}, 421),
    ("GET", "/", {"host": "127.0.0.1.evil.example"}, 421),
    ("GET", "/", {"host": "localhost@evil.example"}, 421),
    ("GET", "/", {"host": "127.0.0.1:x"}, 421),
    ("GET", "/", {"host": ""}, 421),
    ("PUT", "/", {}, 405),
    ("DELETE", "/api/runs/t", {}, 405),
    ("OPTIONS", "/api/runs", {}, 405),
    ("TRACE", "/", {}, 405),
    ("GET", WRITE, {}, 404),
    ("GET", "/nothing", {}, 404),
    ("GET", "/api/nothing", {}, 404),
    ("GET", "/runs/t", {}, 404),
    ("GET", "/runs/%2e%2e/%2e%2e/etc/passwd", {}, 404),
    ("GET", "/runs/.hidden", {}, 400),
    ("GET", "/runs/a%20b", {}, 400),
    ("GET", "/runs/a%00b", {}, 400),
    ("GET", "/runs/a%0d%0aSet-Cookie:x", {}, 400),
    ("GET", "/runs/..%5c..%5cx", {}, 400),
    ("GET", "/static/../app.py", {}, 404),
    ("GET", "/static/%2e%2e/app.py", {}, 404),
    ("GET", "/static//etc/passwd", {}, 404),
    ("GET", "/media/" + UNKNOWN, {}, 404),
    ("GET", "/media/../clash.db", {}, 404),
    ("GET", "/media/" + UNKNOWN.replace("0", "A"), {}, 404),
    ("GET", "/media/abc", {}, 404),
    ("GET", "/thumbnails/" + UNKNOWN, {}, 404),
    ("GET", "/media/" + UNKNOWN, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
    ("GET", "/api/runs", {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
    ("GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, 200),
    ("GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, 403),
    ("GET", "/events?thread=../x", {}, 400),
    ("GET", "/events?thread=a%20b", {}, 400),
    ("HEAD", "/events?thread=t", {}, 200),
    ("GET", "/favicon.ico", {"range": "lines=1-2"}, 204),
    ("GET", "/?page=-1&status=&search=%27%3B--", {}, 200),
    ("GET", "/?page=99999999999999999999", {}, 200),
    ("GET", "/?status=%3Cscript%3E", {}, 400),
]


@pytest.mark.parametrize(("method", "path", "headers", "status"), READS)
async def test_what_may_be_read(browser: Browser, method: str, path: str, headers: dict[str, str], status: int) -> None:
    """Hosts, methods, paths and sites: each is answered or refused, and every answer keeps to its own page."""
    answer = await asked(browser, method, path, headers)
    assert answer.status_code == status, answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    if path.startswith("/api/"):
        assert answer.headers["content-type"] == "application/json"


WRITES: list[tuple[dict[str, str], Any, int]] = [
    ({}, {}, 404),  # there is no such run: the write itself is taken
    ({"origin": "-"}, {}, 403),
    ({"origin": "null"}, {}, 403),
    ({"origin": "http://evil.example"}, {}, 403),
    ({"origin": "http://127.0.0.1:9999"}, {}, 403),
    ({"origin": "https://127.0.0.1:8321"}, {}, 403),
    ({"sec-fetch-site": "cross-site"}, {}, 403),
    ({"sec-fetch-site": "same-site"}, {}, 403),
    ({"sec-fetch-site": "none"}, {}, 403),
    ({"sec-fetch-site": "-"}, {}, 404),
    ({"x-clash-token": "-"}, {}, 403),
    ({"x-clash-token": "x" * 43}, {}, 403),
    ({"host": "evil.example", "origin": "http://evil.example"}, {}, 421),
    ({"cookie": "clash_board_8321=forged"}, {}, 401),
    ({"content-type": "text/plain"}, {}, 415),
    ({"content-type": "application/x-www-form-urlencoded"}, {}, 415),
    ({}, {"surprise": 1}, 400),
    ({}, [], 400),
    ({}, "{", 400),
    ({}, "[" * 60_000, 400),
    ({}, " " * 64_001, 413),
]


@pytest.mark.parametrize(("changes", "body", "status"), WRITES)
async def test_what_may_be_written(
    browser: Browser, settings: Settings, changes: dict[str, str], body: Any, status: int
) -> None:
    """A write needs the page's own origin, its session's token, JSON, and a size that a note has."""
    await init_database(settings.database_url)
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {"content-type": "application/json", **browser.headers, **changes}
    if "cookie" in changes:
        browser.client.cookies.clear()
    answer = await browser.client.post(
        WRITE, content=content, headers={name: value for name, value in headers.items() if value != "-"}
    )
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"]


async def test_a_body_without_a_length_is_bounded(browser: Browser) -> None:
    """A body that comes in pieces is given up as soon as it is too large."""
    sent = 0

    async def pieces() -> AsyncGenerator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b" " * 1000

    headers = {**browser.headers, "content-type": "application/json"}
    answer = await browser.client.post(WRITE, content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/", "/runs/t", "/api/runs", "/events", "/media/" + UNKNOWN, "/money", WRITE])
async def test_nothing_is_shown_without_a_session(board: Board, path: str) -> None:
    """Who has not opened a link sees which one to open, and a script the error; never a document."""
    async with browsing(board) as browser:
        browser.client.cookies.clear()
        page = await browser.get(path, accept="text/html")
        assert page.status_code == 401
        assert ("text/html" in page.headers["content-type"]) == (path in ("/", "/runs/t", "/money"))
        written = await browser.write(path)
        assert (written.status_code, written.json()["error"]["code"]) == (401, "no_session")
        assert (await browser.get("/static/nothing.css")).status_code == 404


async def test_a_link_is_good_once(board: Board) -> None:
    """A link opens one session, with a cookie that no script reads and no other site sends; a preview uses up none."""
    path = board.login_path()
    async with browsing(board) as browser:
        browser.client.cookies.clear()
        assert (await browser.client.head(path)).status_code == 204
        opened = await browser.get(path)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await browser.get("/")).status_code == 200
        assert (await browser.get(path)).status_code == 303, "who has a session is led to the page"
        browser.client.cookies.clear()
        assert (await browser.get(path)).status_code == 401
        assert (await browser.get("/login")).status_code == 401
        assert (await browser.get(f"/login?token={'x' * 5000}")).status_code == 401


async def test_a_browser_gets_a_link_for_another(board: Board) -> None:
    """The page asks for a link; each is good once, and opens a session of its own."""
    async with browsing(board) as browser:
        link = (await browser.write("/api/invites")).json()["url"]
        assert link.startswith(f"{OWN}/login?token=")
        browser.client.cookies.clear()
        assert [(await browser.get(link)).status_code, (await browser.get("/")).status_code] == [303, 200]
        browser.client.cookies.clear()
        assert (await browser.get(link)).status_code == 401


async def test_a_board_that_only_shows_takes_no_write(settings: Settings) -> None:
    """With --read-only every write is refused, and no page has a token."""
    async with browsing(board_of(settings, read_only=True)) as browser:
        for path in (WRITE, "/api/runs/t/resume", "/api/invites"):
            refused = await browser.write(path)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "read_only")
        assert browser.token not in (await browser.get("/")).text


async def test_a_flood_is_refused_and_costs_nothing(board: Board) -> None:
    """Of 1,000 requests at one moment only as many as one browser may send are answered; another is not held up."""
    async with browsing(board) as browser:
        codes = [(await browser.get("/nothing")).status_code for _ in range(1000)]
        assert codes.count(429) == 1000 - OF_A_SESSION.at_once
        browser.client.cookies.clear()
        strangers = [(await browser.get("/api/runs")).status_code for _ in range(200)]
        assert (strangers.count(401), strangers.count(429)) == (OF_A_STRANGER.at_once, 200 - OF_A_STRANGER.at_once)
        assert (await browser.get("/login?token=wrong")).status_code == 429
        link = board.login_path()
        assert (await browser.get(link)).status_code == 303, "a link that is good opens in a flood"
        assert (await browser.get("/")).status_code == 200
        browser.client.cookies.clear()
        assert (await browser.get(link)).status_code == 429, "a link that was used is one more request"


def test_a_rate_comes_back_with_time_and_memory_is_bounded() -> None:
    """After a second a client may ask again; of ten thousand addresses only the latest are remembered."""
    time = [0.0]
    rates = RateLimits(lambda: time[0])
    assert sum(rates.admit("a", OF_A_STRANGER) for _ in range(100)) == OF_A_STRANGER.at_once
    time[0] += 1
    assert sum(rates.admit("a", OF_A_STRANGER) for _ in range(100)) == OF_A_STRANGER.per_s
    for number in range(10_000):
        rates.admit(f"address {number}", OF_A_STRANGER)
    assert len(rates) == 1024


def test_links_and_sessions_are_bounded_and_links_expire() -> None:
    """A link that nobody opened is good for a day; of many links the oldest is dropped."""
    time = [0.0]
    sessions = Sessions(lambda: time[0])
    late, first = sessions.invite(), sessions.invite()
    opened = sessions.open(first)
    assert opened is not None
    assert sessions.of(opened[1]) == opened[0]
    assert sessions.of(opened[1] + "x") is None
    assert sessions.of(None) is None
    time[0] += LINK_S
    assert sessions.open(late) is None
    dropped = sessions.invite()
    for _ in range(64):
        sessions.invite()
    assert sessions.open(dropped) is None


async def test_files_are_served_as_what_they_are(tmp_path: Path, settings: Settings) -> None:
    """A picture is a picture, with ranges; what a browser might run is only saved."""
    store = AssetStore(tmp_path / "assets")
    store.make_root()
    page, gif = store.put(b"<script>alert(1)</script>"), store.put(b"GIF89a" + bytes(range(100)))
    async with browsing(board_of(settings)) as browser:
        saved = await browser.get(f"/media/{page}")
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["content-disposition"] == "attachment"
        shown = await browser.get(f"/media/{gif}")
        assert (shown.headers["content-type"], len(shown.content)) == ("image/gif", 106)
        assert "immutable" in shown.headers["cache-control"]
        part = await browser.get(f"/media/{gif}", range="bytes=6-9")
        assert (part.status_code, part.content) == (206, bytes(range(4)))
        assert part.headers["content-range"] == "bytes 6-9/106"
        assert (await browser.get(f"/media/{gif}", range="bytes=500-")).status_code == 416
        for unknown in ("lines=1-2", "6-9"):
            whole = await browser.get(f"/media/{gif}", range=unknown)
            assert (whole.status_code, len(whole.content)) == (200, 106), "RFC 9110 has an unknown unit ignored"
        many = "bytes=" + ",".join(f"{number}-{number}" for number in range(0, 100, 2))
        assert len((await browser.get(f"/media/{gif}", range=many)).content) < 10_000
        assert (await browser.get(f"/thumbnails/{page}")).status_code == 404


async def test_a_thumbnail_is_small_and_made_once(tmp_path: Path, settings: Settings) -> None:
    """A large picture is shown 640 pixels wide as WebP; forty requests at once draw it once."""
    stream = io.BytesIO()
    Image.new("RGB", (1280, 720), "teal").save(stream, "PNG")
    store = AssetStore(tmp_path / "assets")
    store.make_root()
    digest = store.put(stream.getvalue())
    async with browsing(board_of(settings)) as browser:
        answers = await asyncio.gather(*(browser.get(f"/thumbnails/{digest}") for _ in range(40)))
    assert {answer.headers["content-type"] for answer in answers} == {"image/webp"}
    with Image.open(io.BytesIO(answers[0].content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (640, 360))


def png_of(width: int, height: int) -> bytes:
    """The head of a picture that says how large it is, and has no pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


async def test_a_picture_too_large_to_draw_is_named(tmp_path: Path, settings: Settings) -> None:
    """A picture of 2,500 million pixels has no thumbnail, and that is no failure of the board."""
    store = AssetStore(tmp_path / "assets")
    store.make_root()
    digest = store.put(png_of(50_000, 50_000))
    async with browsing(board_of(settings)) as browser:
        answer = await browser.get(f"/thumbnails/{digest}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert answer.json()["error"]["message"] == f"no thumbnail can be made of {digest[:12]}"


async def test_a_failure_inside_is_told_at_the_terminal(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is told nothing of a bug; the terminal has it on one line, without secrets."""
    key = "sk-board-9876543210abcdefghij"
    known().remember("OPENAI_API_KEY", key)

    def fails(*_: object) -> None:
        raise RuntimeError(f"first line\nsecond {key}")

    monkeypatch.setattr(board.media, "_found", fails)
    told: list[str] = []
    with warnings_shown(told.append):
        async with browsing(board) as browser:
            answer = await browser.get("/media/" + UNKNOWN)
    assert (answer.status_code, answer.json()["error"]["message"]) == (500, "internal error")
    (line,) = told
    assert "RuntimeError: first line second" in line
    assert key not in line


def test_a_locked_database_is_busy_not_broken(tmp_path: Path) -> None:
    """Another program holds the database: the request can be sent again, as status 503 says."""
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    error = database_error(locked, tmp_path / "clash.db")
    assert (error.code, status_of(error)) == ("database_locked", 503)


async def test_no_secret_is_on_a_page(settings: Settings) -> None:
    """A key that another program wrote into the tables is in no page and no document."""
    key = "sk-board-0123456789abcdefghij"
    secret = settings.changed(openai_api_key=SecretStr(key))
    known().remember("OPENAI_API_KEY", key)
    init_database(settings.database_url)
    with closing(sqlite3.connect(settings.database_url.removeprefix("sqlite:///"))) as database, database:
        database.execute(
            "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at, story_title,"
            " error_code, error_message) VALUES ('r', 'video_production', 'failed', '2026-11-27T10:00:00.000Z',"
            " '2026-11-27T10:00:00.000Z', ?, 'failed', ?)",
            (f"Title {key}", f"refused: {key}"),
        )
    async with browsing(board_of(secret)) as browser:
        for path in ("/", "/runs/r", "/runs/r/checkpoints", "/money", "/api/runs", "/api/runs/r", "/api/runs/r/board"):
            answer = await browser.get(path)
            assert answer.status_code == 200, answer.text
            assert key not in answer.text
            assert (path == "/money") or "Title" in answer.text


def test_no_name_of_a_file_comes_from_a_request(tmp_path: Path) -> None:
    """Whatever is asked for, only the file of a digest is looked at."""
    store = AssetStore(tmp_path)
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "secret.json").write_text("{}")
    media = Media(store)
    for name in ("receipts/secret.json", "../x", "a" * 63, "g" * 64, "A" * 64, "0" * 64 + "\n"):
        with pytest.raises(Exception, match="there is no file"):
            media._found(name)
    media.close()
