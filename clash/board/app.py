"""The board as an ASGI application: its routes, and what lives as long as it does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from clash.assets import open_assets
from clash.board.accounts import Accounts, LinkHolders
from clash.board.api_routes import api_routes, invite_route, login_path
from clash.board.child_runs import ChildRuns
from clash.board.decisions import Decisions
from clash.board.event_log import EventLog
from clash.board.event_stream import EventStream
from clash.board.guard import Guard, GuardRules
from clash.board.kept_documents import KeptDocuments
from clash.board.login import login_routes
from clash.board.media import Media
from clash.board.origins import Network, Origins, Seen
from clash.board.page_routes import PageRoutes
from clash.board.permissions import guarded
from clash.board.poller import Poller
from clash.board.rates import RateLimits
from clash.board.read_budget import MOST_READS_ON_D1, ReadBudget
from clash.board.reading import Reading
from clash.board.run_projects import RunProjects
from clash.board.sessions import Sessions
from clash.board.token_routes import token_routes
from clash.config import Settings
from clash.errors import ClashError
from clash.reports.changes import RunWatch

_STATIC_KEPT = "private, max-age=60"


@dataclass(frozen=True)
class BoardOptions:
    """How a board is started. `command`: what starts clash in a process of its own; by default this very Python.

    `accounts`: whether people log in with tokens. `tls`: the files of a certificate and its key. `proxies` are believed
    what they say of a request, `user_header` names the header in which they say whose it is.
    """

    host: str = "127.0.0.1"
    port: int = 0
    read_only: bool = False
    command: tuple[str, ...] = ()
    accounts: bool = False
    public_url: str = ""
    tls: tuple[Path, Path] | None = None
    proxies: tuple[Network, ...] = ()
    user_header: str = ""

    @property
    def origins(self) -> Origins:
        """Which hosts the board answers for, and which proxies it believes."""
        return Origins(self.host, self.public_url, self.tls is not None, self.proxies, self.user_header)


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
        self.accounts: Accounts | LinkHolders = LinkHolders(self.sessions)
        if self.options.accounts:
            self.accounts = Accounts(self.settings, self.sessions, self.now)
        self.log = EventLog()
        self.budget = ReadBudget(MOST_READS_ON_D1 if watch.is_remote else None, self.now)
        self.projects = RunProjects(self.settings, self.budget, self.now)
        self.poller = Poller(watch, self.log, projects=self.projects, now=self.now, sleep=self.sleep)
        self.documents = KeptDocuments(self.poller, self.log, self.budget, now=self.now)
        self.reading = Reading(self.settings, self.documents)
        # A browser that another account logs in with must ask again for files that it has kept.
        self.media = Media(open_assets(self.settings), vary="Cookie, Authorization" if self.options.accounts else "")
        self.children = ChildRuns(self._ended, self.options.command)
        may_resume = not self.options.read_only
        audit = self.accounts.audit if isinstance(self.accounts, Accounts) else None
        self.decisions = Decisions(self.settings, self.poller, self.children, may_resume, audit)

    def cookie(self, seen: Seen) -> str:
        """The cookie's name: browsers send a cookie to every port of a host, so each board has its own.

        Browsers take `__Host-` only over an encrypted connection from this very host, and from no other name of it.
        """
        name = f"clash_board_{self.options.port}"
        return f"__Host-{name}" if seen.scheme == "https" else name

    def login_path(self) -> str:
        """Return the path of a new link, good once."""
        return login_path(self.sessions)

    def _ended(self, thread_id: str, code: int, document: Mapping[str, Any]) -> None:
        """A process that the board started has ended: say how, for one that never began says so in no table."""
        self.poller.changed(thread_id)
        error = document.get("error") if code else None
        told = {"thread_id": thread_id, "exit_code": code, "error": error}
        self.log.publish("process", told, self.projects.known(thread_id) or "")


def create_app(board: Board) -> Starlette:
    """Return the application of a board."""
    pages = PageRoutes(board.reading, board.log, read_only=board.options.read_only)
    more = token_routes(board.settings) if board.options.accounts else [invite_route(board.sessions)]
    routes = [
        *pages.routes,
        *login_routes(board.accounts, board.sessions, board.cookie, pages),
        Route("/events", EventStream(board.log, board.poller, board.accounts, board.projects), methods=["GET"]),
        Route("/media/{sha256}", board.media.file, methods=["GET"]),
        Route("/thumbnails/{sha256}", board.media.thumbnail, methods=["GET"]),
        Route("/favicon.ico", _favicon, methods=["GET"]),
        Mount("/static", _Static(directory=str(resources.files("clash.board") / "static"))),
        *api_routes(board.reading, board.decisions, more),
    ]
    rules = GuardRules(
        board.options.origins, board.accounts, board.sessions, board.rates, board.cookie, board.options.read_only
    )
    app = Starlette(
        routes=guarded(routes, board.projects),
        middleware=[Middleware(Guard, rules=rules)],
        exception_handlers={ClashError: pages.failed, HTTPException: pages.not_there},
        lifespan=_lifespan(board),
    )
    app.router.redirect_slashes = False
    return app


def _lifespan(board: Board) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        tasks = [asyncio.ensure_future(board.poller.run())]
        if isinstance(board.accounts, Accounts):
            tasks.append(asyncio.ensure_future(board.accounts.audit.run()))
        try:
            yield
        finally:
            board.log.close()
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await board.accounts.close()
            board.children.leave()
            board.media.close()

    return lifespan


class _Static(StaticFiles):
    """The scripts and styles of the board, from its package."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = _STATIC_KEPT
        return answer


async def _favicon(_: Request) -> Response:
    return Response(status_code=204)
