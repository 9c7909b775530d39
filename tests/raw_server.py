"""A server on this machine that answers with bytes as they are: broken, endless, late, packed, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import repeat
from typing import Literal

Act = Literal["reset", "stall", "drip"]
Part = bytes | Act
"""What is sent, or done: `reset` breaks the connection, `stall` never goes on, `drip` waits a little."""
DRIP_S = 0.02


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    head: bytes
    body: bytes


@dataclass
class RawServer:
    """What was asked, in order; `connections` counts those that were opened."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])
    connections: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def posts(self) -> list[Asked]:
        """The requests that would be paid for."""
        return [one for one in self.asked if one.method == "POST"]


@asynccontextmanager
async def raw_server(
    answer: Callable[[Asked], Iterable[Part]], *, reads: int | None = None
) -> AsyncGenerator[RawServer]:
    """Serve on a free port. `reads`: reset each connection after so many bytes of its request."""
    server = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        try:
            if reads is not None:
                if reads:
                    await reader.readexactly(reads)
                _reset(writer)
                return
            asked = await _read(reader)
            server.asked.append(asked)
            await _send(answer(asked), writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the client has gone, or the test is over
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    method, path, _ = head.split(b" ", 2)
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = await reader.readexactly(int(lengths[0].partition(b":")[2])) if lengths else b""
    return Asked(method.decode(), path.decode(), head, body)


async def _send(parts: Iterable[Part], writer: asyncio.StreamWriter) -> None:
    for part in parts:
        if part == "reset":
            _reset(writer)
            return
        if part == "stall":
            await asyncio.Event().wait()
        elif part == "drip":
            await asyncio.sleep(DRIP_S)
        else:
            assert isinstance(part, bytes)
            writer.write(part)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def answer(body: bytes, *headers: str, status: int = 200, length: int | None = None) -> bytes:
    """A whole answer. `length`: what it says of its length."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}", *headers]
    if not any(line.lower().startswith("content-type") for line in headers):
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def endless(head: bytes, part: bytes) -> Iterator[Part]:
    """An answer whose end never comes."""
    yield head
    yield from repeat(part)


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
