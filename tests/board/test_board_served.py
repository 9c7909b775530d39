"""The board as a process: its link, events that are not lost, ranges, many listeners, a flood, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser_of_board import Served, served
from filming import Ran, environment
from filming import clash as type_clash
from plain_http import NO_CERTIFICATES

import clash.board
from clash.assets import AssetStore
from clash.database import init_database
from clash.database.connection import open_database
from clash.database.metadata import AsyncMetadataTracker
from clash.errors import SettingsError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as POSIX sends it")
LISTENERS = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and a file."""
    folder = tmp_path_factory.mktemp("served")
    init_database(f"sqlite:///{folder}/data/checkpoints.db")
    AssetStore(folder / "data" / "assets").put(b"\0\0\0 ftypisom" + bytes(range(256)) * 400)
    return folder


@pytest.fixture(scope="module")
def board(folder: Path) -> Generator[Served]:
    """One board for all tests of this file."""
    with served(folder, environment()) as process:
        yield process


async def begin(folder: Path, thread: str) -> None:
    """Another process begins a run."""
    async with open_database(f"sqlite:///{folder}/data/checkpoints.db", "write") as database:
        await AsyncMetadataTracker(database).start_workflow(thread, "video_production")


def memory_kb(pid: int) -> int:
    """The memory that a process has in use."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def listen(client: httpx.AsyncClient, **headers: str) -> AsyncGenerator[tuple[str, str, dict[str, object]]]:
    """The events of `/events`: id, name and data."""
    async with client.stream("GET", "/events", headers=headers) as answer:
        assert answer.status_code == 200
        facts: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                facts[name] = value
            elif "event" in facts:
                yield facts["id"], facts["event"], json.loads(facts["data"])
                facts = {}


async def next_run(stream: AsyncGenerator[tuple[str, str, dict[str, object]]]) -> tuple[str, dict[str, object]]:
    """The id and the data of the next event of a run."""
    async for event_id, name, data in stream:
        if name == "run":
            return event_id, data
    raise AssertionError("the board let go of its listener")


async def newest(client: httpx.AsyncClient) -> str:
    """The event that the list of runs is as new as."""
    return (await client.get("/api/runs")).headers["x-clash-event-id"]


def client_of(board: Served, **options: Any) -> httpx.AsyncClient:
    """A browser with the session of the board's link."""
    with board.client() as client:
        cookies = client.cookies
    return httpx.AsyncClient(
        base_url=board.url, cookies=cookies, timeout=30, trust_env=False, verify=NO_CERTIFICATES, **options
    )


def test_the_link_opens_a_session_and_no_log_has_it(board: Served) -> None:
    """The first page comes; the link is good no more; neither it nor the cookie is in what the board writes."""
    with board.client() as client:
        assert client.get("/").status_code == 200
    assert httpx.get(board.link, trust_env=False, verify=NO_CERTIFICATES).status_code == 401
    written = board.errors.read_text()
    token = board.link.partition("token=")[2]
    assert len(token) == 43
    assert token not in written
    assert not [value for value in board.cookies.values() if value in written]


def test_a_clip_is_read_in_ranges(board: Served, folder: Path) -> None:
    """A player seeks: it gets the bytes that it asks for, and is told how many there are."""
    (file,) = [path for path in (folder / "data" / "assets").glob("??/*") if path.is_file()]
    digest = file.parent.name + file.name
    with board.client() as client:
        whole = client.get(f"/media/{digest}")
        assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("video/mp4", "bytes")
        part = client.get(f"/media/{digest}", headers={"range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, whole.content[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole.content)}"
        assert client.head(f"/media/{digest}").headers["content-length"] == str(len(whole.content))


async def test_no_event_is_lost_by_a_browser_that_slept(board: Served, folder: Path) -> None:
    """A run of another process is told at once; what happened while the browser slept is told when it comes back."""
    async with client_of(board) as client:
        listening = listen(client, **{"Last-Event-ID": await newest(client)})
        await begin(folder, "awake")
        event_id, data = await asyncio.wait_for(next_run(listening), 20)
        assert (data["thread_id"], data["status"]) == ("awake", "running")
        await listening.aclose()
        await begin(folder, "asleep-1")
        await begin(folder, "asleep-2")
        async with asyncio.timeout(20):
            seen: set[object] = set()
            again = listen(client, **{"Last-Event-ID": event_id})
            async for _, _, data in again:
                seen.add(data["thread_id"])
                if seen == {"asleep-1", "asleep-2"}:
                    break
            await again.aclose()
        unknown = listen(client, **{"Last-Event-ID": "of-another-board"})
        assert (await anext(unknown))[1] == "reset"
        await unknown.aclose()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read as Linux tells it")
async def test_200_listeners_and_a_flood_are_held(board: Served, folder: Path) -> None:
    """200 pages listen while one client sends 5,000 requests: memory stays bounded, and all are told of a run."""
    async with (
        client_of(board, limits=httpx.Limits(max_connections=None)) as listeners,
        httpx.AsyncClient(base_url=board.url, timeout=30, trust_env=False, verify=NO_CERTIFICATES) as stranger,
    ):
        seen = await newest(listeners)
        streams = [listen(listeners, **{"Last-Event-ID": seen}) for _ in range(LISTENERS)]
        told = [asyncio.ensure_future(next_run(stream)) for stream in streams]
        before = memory_kb(board.process.pid)
        codes = await flooded(stranger, 5000)
        assert codes[429] > 2500
        assert codes[200] == 0
        grown_kb = memory_kb(board.process.pid) - before
        assert grown_kb < 64_000
        await begin(folder, "after-the-flood")
        events = await asyncio.wait_for(asyncio.gather(*told), 60)
        assert {data["thread_id"] for _, data in events} == {"after-the-flood"}
        await asyncio.gather(*(stream.aclose() for stream in streams))


async def flooded(client: httpx.AsyncClient, requests: int) -> dict[int, int]:
    """Send requests over a few raw connections as fast as they are answered; how many had each status."""
    codes: dict[int, int] = {200: 0, 401: 0, 429: 0}
    host, port = str(client.base_url.host), int(client.base_url.port or 80)
    request = f"GET /api/runs HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()

    async def send(count: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for _ in range(count):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            codes[int(head.split()[1])] += 1
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split()[1]))
        writer.close()

    await asyncio.gather(*(send(requests // 8) for _ in range(8)))
    return codes


def test_a_request_without_end_is_let_go(board: Served) -> None:
    """Headers of many kilobytes are refused before anything reads them."""
    address = (httpx.URL(board.url).host, httpx.URL(board.url).port or 80)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 200_000)
        assert connection.recv(100).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))


def test_ctrl_c_ends_the_board_and_its_listeners(folder: Path) -> None:
    """With a page that listens: exit 130, nothing is on standard error, and the page is let go."""
    with served(folder, environment()) as board, board.client() as client:
        with client.stream("GET", "/events") as answer:
            assert answer.status_code == 200
            assert board.interrupt() == 130
            with suppress(httpx.RemoteProtocolError):  # on a busy machine its last piece may not come
                assert "".join(answer.iter_text()).startswith("retry:")
        assert board.errors.read_text() == ""


def test_a_port_in_use_is_named_with_the_flag(board: Served, folder: Path) -> None:
    """Exit 5, the port, and what to type; another host than this machine is exit 2, with the way to come from there."""
    port = board.url.rpartition(":")[2]
    taken = type_clash(folder, "board", "--port", port)
    assert (taken.code, port in taken.err, "clash board --port 0" in taken.err) == (5, True, True)
    abroad: Ran = type_clash(folder, "board", "--host", "192.0.2.1", "--json")
    assert (abroad.code, abroad.document["error"]["code"]) == (2, "tls_needed")
    assert "ssh -L" in abroad.err


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names the package, the hint the command that installs it; exit 4."""
    monkeypatch.setattr(clash.board, "find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(SettingsError, match="uvicorn") as refused:
        clash.board.check_installed()
    assert (refused.value.exit_code, refused.value.code) == (4, "missing_extra")
    assert "[board]" in str(refused.value.hint)
