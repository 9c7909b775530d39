"""A browser of the board for tests: the board in this process, asked over ASGI, or any board over HTTP."""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from filming import command
from plain_http import NO_CERTIFICATES

from clash.board.app import Board, BoardOptions, create_app
from clash.config import Settings

OWN = "http://127.0.0.1:8321"


@dataclass
class Browser:
    """A client with a session, that sends what the board's own page sends."""

    client: httpx.AsyncClient
    token: str = ""
    own: str = OWN

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a write."""
        return {"origin": self.own, "sec-fetch-site": "same-origin", "x-clash-token": self.token}

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a page or a document."""
        return await self.client.get(path, headers=headers)

    async def document(self, path: str) -> dict[str, Any]:
        """Ask for a document that is there."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def write(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Write as the page does."""
        return await self.client.post(path, json={} if body is None else body, headers={**self.headers, **headers})


def board_of(settings: Settings, **options: Any) -> Board:
    """A board that is not served on a port."""
    return Board(settings, BoardOptions(port=8321, **options))


@asynccontextmanager
async def browsing(board: Board, *, polling: bool = False) -> AsyncGenerator[Browser]:
    """A browser with a session of a board in this process. `polling`: with the board's own poller."""
    app = create_app(board)
    async with (
        app.router.lifespan_context(app) if polling else _nothing(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=OWN) as client,
    ):
        (session, cookie) = board.sessions.open(board.sessions.invite()) or (None, "")
        assert session is not None
        client.cookies.set(f"clash_board_{board.options.port}", cookie)
        yield Browser(client, session.token)


@asynccontextmanager
async def _nothing() -> AsyncGenerator[None]:
    yield


@dataclass
class Served:
    """`clash board` as a process."""

    process: subprocess.Popen[str]
    url: str
    link: str
    errors: Path
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    def client(self) -> httpx.Client:
        """A client with the session of the link."""
        if not self.cookies:
            opened = httpx.get(self.link, timeout=20, trust_env=False, verify=NO_CERTIFICATES)
            assert opened.status_code == 303
            self.cookies = dict(opened.cookies)
        return httpx.Client(
            base_url=self.url, timeout=20, trust_env=False, verify=NO_CERTIFICATES, cookies=self.cookies
        )

    def interrupt(self) -> int:
        """Press Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def served(folder: Path, env: Mapping[str, str], *flags: str) -> Generator[Served]:
    """`clash board --port 0` in a folder, until the end of the test."""
    errors = folder / f"board-{secrets.token_hex(4)}.err"
    with (
        errors.open("w") as stream,
        subprocess.Popen(
            command("board", "--port", "0", *flags),
            cwd=folder,
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = dict(re.split(r"\s+", process.stdout.readline().strip(), maxsplit=1) for _ in range(2))
            yield Served(process, found["url"].rstrip("/"), found["link"], errors)
        finally:
            process.kill()
