"""The board as an ASGI application: its routes, and what lives as long as it does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from clash.assets import open_assets
from clash.board.api_routes import api_routes, login_path
from clash.board.child_runs import ChildRuns
from clash.board.decisions import Decisions
from clash.board.event_log import EventLog
from clash.board.event_stream import EventStream
from clash.board.guard import Guard
from clash.board.kept_documents import MOST_READS_ON_D1, KeptDocuments, ReadBudget
from clash.board.media import Media
from clash.board.page_routes import PageRoutes
from clash.board.poller import Poller
from clash.board.rates import RateLimits
from clash.board.reading import Reading
from clash.board.sessions import Sessions
from clash.config import Settings
from clash.errors import ClashError
from clash.reports.changes import RunWatch

_STATIC_KEPT = "private, max-age=60"


@dataclass(frozen=True)
class BoardOptions:
    """How a board is started. `command`: what starts clash in a process of its own; by default this very Python."""

    host: str = "127.0.0.1"
    port: int = 0
    read_only: bool = False
    command: tuple[str, ...] = ()


@dataclass
class Board:
    """What lives as long as the board: sessions, the poller and its log, kept documents, started processes."""

    settings: Settings
    options: BoardOptions = field(default_factory=BoardOptions)
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __post_init__(self) -> None:
        """Make all parts; nothing is read and no task is started yet."""
        watch = RunWatch(self.settings)
        self.sessions = Sessions(self.now)
        self.rates = RateLimits(self.now)
        self.log = EventLog()
        self.poller = Poller(watch, self.log, now=self.now, sleep=self.sleep)
        self.budget = ReadBudget(MOST_READS_ON_D1 if watch.is_remote else None, self.now)
        self.documents = KeptDocuments(self.poller, self.log, self.budget, now=self.now)
        self.reading = Reading(self.settings, self.documents)
        self.media = Media(open_assets(self.settings))
        self.children = ChildRuns(self._ended, self.options.command)
        may_resume = not self.options.read_only
        self.decisions = Decisions(self.settings, self.poller, self.children, may_resume)

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers send a cookie to every port of a host, so each board has its own."""
        return f"clash_board_{self.options.port}"

    def login_path(self) -> str:
        """Return the path of a new link, good once."""
        return login_path(self.sessions)

    def _ended(self, thread_id: str, code: int, document: Mapping[str, Any]) -> None:
        """A process that the board started has ended: say how, for one that never began says so in no table."""
        self.poller.changed(thread_id)
        error = document.get("error") if code else None
        self.log.publish("process", {"thread_id": thread_id, "exit_code": code, "error": error})


def create_app(board: Board) -> Starlette:
    """Return the application of a board."""
    pages = PageRoutes(board.reading, board.log, read_only=board.options.read_only)
    routes = [
        *pages.routes,
        Route("/login", _login(board, pages), methods=["GET"]),
        Route("/events", EventStream(board.log, board.poller), methods=["GET"]),
        Route("/media/{sha256}", board.media.file, methods=["GET"]),
        Route("/thumbnails/{sha256}", board.media.thumbnail, methods=["GET"]),
        Route("/favicon.ico", _favicon, methods=["GET"]),
        Mount("/static", _Static(directory=str(resources.files("clash.board") / "static"))),
        *api_routes(board.reading, board.decisions, board.sessions),
    ]
    guard = Middleware(
        Guard,
        sessions=board.sessions,
        rates=board.rates,
        cookie=board.cookie,
        host=board.options.host,
        read_only=board.options.read_only,
    )
    app = Starlette(
        routes=routes,
        middleware=[guard],
        exception_handlers={ClashError: pages.failed, HTTPException: pages.not_there},
        lifespan=_lifespan(board),
    )
    app.router.redirect_slashes = False
    return app


def _lifespan(board: Board) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        polling = asyncio.ensure_future(board.poller.run())
        try:
            yield
        finally:
            board.log.close()
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling
            board.children.leave()
            board.media.close()

    return lifespan


class _Static(StaticFiles):
    """The scripts and styles of the board, from its package."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = _STATIC_KEPT
        return answer


def _login(board: Board, pages: PageRoutes) -> Callable[[Request], Awaitable[Response]]:
    async def login(request: Request) -> Response:
        """Open a session for a link, once."""
        if request.method == "HEAD":
            return Response(status_code=204)  # a preview of the link must not use it up
        opened = board.sessions.open(request.query_params.get("token", ""))
        if opened is None:
            return RedirectResponse("/", 303) if request.state.session else pages.login(request)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(board.cookie, opened[1], httponly=True, samesite="strict", path="/")
        return answer

    return login


async def _favicon(_: Request) -> Response:
    return Response(status_code=204)
