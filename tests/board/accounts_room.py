"""A board with accounts for tests: two projects with a run and a file each, and tokens with every role."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from clash.access import create_token, grants_of
from clash.assets import AssetStore
from clash.board.app import Board, BoardOptions, create_app
from clash.config import Settings
from clash.database import ainit_database
from clash.database.connection import open_database
from clash.database.port import Database, Statement

OWN = "http://127.0.0.1:8321"
PROJECTS = ("storm", "river")
ROLES = ("viewer", "producer", "owner")
WHEN = "2026-11-27T10:00:00.000Z"
STRANGER = "203.0.113.9"


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class AccountsRoom:
    """A board with accounts, its settings, and what is in its database."""

    settings: Settings
    board: Board
    clock: Clock
    files: Mapping[str, str]
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    ids: dict[str, str] = field(default_factory=dict[str, str])

    @asynccontextmanager
    async def client(self, address: str = "127.0.0.1", **headers: str) -> AsyncGenerator[httpx.AsyncClient]:
        """A client at an address."""
        transport = httpx.ASGITransport(app=create_app(self.board), client=(address, 50000))
        async with httpx.AsyncClient(transport=transport, base_url=OWN, headers=headers) as client:
            yield client

    def bearer(self, name: str) -> dict[str, str]:
        """The header of a program that has a token."""
        return {"authorization": f"Bearer {self.tokens[name]}"}

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """What is in the database."""
        async with open_database(self.settings.database_url, "read") as database:
            return [dict(row) for row in await database.query(query)]


async def add_run(database: Database, name: str, project: str, sha256: str) -> None:
    """Write the rows of a completed run with one keyframe that cost a dollar."""
    run = (
        "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at, story_title, project)"
        " VALUES (?, 'video_production', 'completed', ?, ?, ?, ?)"
    )
    call = (
        "INSERT INTO api_logs (run_id, step, slot, kind, token, service, model, state, cost_micro, asset_sha256,"
        " started_at, ended_at) VALUES (?, 'generate_assets', 'shot:001/keyframe', 'image', ?, ?, 'm', 'succeeded',"
        " 1000000, ?, ?, ?)"
    )
    asset = (
        "INSERT INTO generated_assets (run_id, step, slot, asset_type, media_type, sha256, path, bytes, created_at)"
        " VALUES (?, 'generate_assets', 'shot:001', 'keyframe', 'image/gif', ?, 'x', 9, ?)"
    )
    await database.batch(
        [
            Statement(run, (name, WHEN, WHEN, f"Title of {name}", project)),
            Statement(call, (name, f"call of {name}", f"vendor-{project}", sha256, WHEN, WHEN)),
            Statement(asset, (name, sha256, WHEN)),
        ]
    )


async def accounts_room(folder: Path, url: str, **options: Any) -> AccountsRoom:
    """Make a database with two projects, a token of each role in the first, and a board with accounts of it."""
    settings = Settings(**{"DATABASE_URL": url, "ASSET_STORE": f"file://{folder}/assets"})
    await ainit_database(url)
    store = AssetStore(folder / "assets")
    store.make_root()
    files = {project: store.put(b"GIF89a" + project.encode()) for project in PROJECTS}
    async with open_database(url, "write") as database:
        for project in PROJECTS:
            await add_run(database, f"{project}-run", project, files[project])
    command = (sys.executable, "-S", "-c", "pass")
    chosen = BoardOptions(**{"port": 8321, "accounts": True, "command": command, **options})
    clock = Clock()
    room = AccountsRoom(settings, Board(settings, chosen, now=clock), clock, files)
    for role in ROLES:
        await make_token(room, role, f"storm={role}")
    await make_token(room, "everywhere", "all=owner")
    return room


async def make_token(room: AccountsRoom, name: str, *projects: str, expires: str = "1h") -> None:
    """Make a token of an account."""
    made = await create_token(name, grants_of(projects, "viewer"), room.settings, expires=expires)
    room.tokens[name], room.ids[name] = made["token"], made["id"]


class Listener:
    """Somebody who listens to the events of a board, until it leaves or the board lets it go."""

    def __init__(self, room: AccountsRoom, who: str, query: str = "") -> None:
        self.status = 0
        self.text = ""
        self._told = asyncio.Condition()
        self._leaving = asyncio.Event()
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": "/events",
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost:8321"), (b"authorization", f"Bearer {room.tokens[who]}".encode())],
            "client": ("127.0.0.1", 1),
        }
        self._task = asyncio.ensure_future(create_app(room.board)(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._leaving.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        async with self._told:
            self.status = message.get("status", self.status)
            self.text += bytes(message.get("body", b"")).decode()
            self._told.notify_all()

    async def until(self, text: str) -> None:
        """Wait until it was told this."""
        async with asyncio.timeout(30), self._told:
            await self._told.wait_for(lambda: text in self.text)

    async def ended(self) -> None:
        """Wait until the board has let it go."""
        await asyncio.wait_for(self._task, 30)

    async def leave(self) -> None:
        """Stop listening."""
        self._leaving.set()
        await self.ended()
