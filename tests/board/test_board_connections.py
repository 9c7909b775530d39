"""Connections that send no whole request: they are closed, and nobody else is kept waiting by them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from clash.board.app import BoardOptions
from clash.board.connections import Connection
from clash.board.serving import BoardServer, _Server
from clash.config import Settings

FOREVER_S = 600.0
UNFINISHED = [
    b"",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTT",
    b"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx",
]


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[int]:
    """A board on a free port, in this process; its port."""
    settings = Settings(DATABASE_URL=f"sqlite:///{folder}/clash.db", ASSET_STORE=f"file://{folder}/assets")
    board, ready = BoardServer(settings, BoardOptions()), asyncio.Event()
    server = _Server(board._config(), ready.set)
    task = asyncio.ensure_future(server.serve([board._socket]))
    try:
        await asyncio.wait_for(ready.wait(), 30)
        yield board.port
    finally:
        server.should_exit = True
        await task
        board._socket.close()


async def status_at(port: int) -> bytes:
    """The first line of the answer to a whole request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n")
    line = await asyncio.wait_for(reader.readline(), 30)
    writer.close()
    return line


async def test_an_unfinished_request_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head or a body that does not come in time ends its connection, the second one of a connection too."""
    monkeypatch.setattr(Connection, "request_s", 0.2)
    async with serving(tmp_path) as port:
        for sent in UNFINISHED:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await asyncio.wait_for(reader.read(), 30)  # returns when the board has closed the connection
            writer.close()
        assert await status_at(port) == b"HTTP/1.1 204 No Content\r\n"


async def test_the_oldest_that_wait_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more connections without a request than may wait, the oldest are closed; a whole request is answered."""
    monkeypatch.setattr(Connection, "request_s", FOREVER_S)
    monkeypatch.setattr(Connection, "most_waiting", 3)
    async with serving(tmp_path) as port:
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
        assert await status_at(port) == b"HTTP/1.1 204 No Content\r\n"
        for reader, _ in opened[:3]:
            assert await asyncio.wait_for(reader.read(), 30) == b""
        for _, writer in opened:
            writer.close()
