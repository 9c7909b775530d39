"""What each address of the board asks of an account: a role, and the project of the run or the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from clash.access import Access, Role
from clash.board.answers import RefusedError
from clash.board.decisions import WRITES
from clash.board.run_projects import RunProjects
from clash.errors import NotFoundError
from clash.thread_ids import check_thread_id


class Of(Enum):
    """What an address shows, which says whose project counts."""

    NOBODY = "shown to everybody: how to log in, and what pages are drawn with"
    ALL = "a list, which holds only what its reader may see"
    RUN = "one run, named by its thread id"
    FILE = "one file, named by its digest"


@dataclass(frozen=True)
class Rule:
    """The least role that an address asks for, in the project of what it shows; in any project for a list."""

    of: Of
    least: Role = Role.VIEWER


_LIST, _RUN, _FILE = Rule(Of.ALL), Rule(Of.RUN), Rule(Of.FILE)
_OPEN = Rule(Of.NOBODY)
_REPORTS = ("", "/takes", "/review", "/checkpoints", "/family", "/cost", "/assets", "/screenplay", "/board")
RULES: Mapping[str, Rule] = {
    "/": _LIST,
    "/money": _LIST,
    "/runs/{thread}": _RUN,
    "/runs/{thread}/review": _RUN,
    "/runs/{thread}/checkpoints": _RUN,
    "/events": _LIST,
    "/media/{sha256}": _FILE,
    "/thumbnails/{sha256}": _FILE,
    "/login": _OPEN,
    "/logout": _OPEN,
    "/favicon.ico": _OPEN,
    "/static": _OPEN,
    "/api/runs": _LIST,
    "/api/cost": _LIST,
    **{f"/api/runs/{{thread}}{report}": _RUN for report in _REPORTS},
    "/api/runs/{thread}/checkpoints/{checkpoint}": _RUN,
    "/api/runs/{thread}/checkpoints/{a}/diff/{b}": _RUN,
    **{f"/api/runs/{{thread}}/{write}": Rule(Of.RUN, Role.PRODUCER) for write in WRITES},
    "/api/invites": Rule(Of.ALL, Role.OWNER),
    "/api/tokens": Rule(Of.ALL, Role.OWNER),
    "/api/tokens/{token}/revoke": Rule(Of.ALL, Role.OWNER),
    "/api/audit": Rule(Of.ALL, Role.OWNER),
    "/api/{rest:path}": _LIST,
}
"""Every address of the board. One that is not here cannot be served."""


def guarded(routes: Iterable[BaseRoute], projects: RunProjects) -> list[BaseRoute]:
    """Return routes that check their rule before they answer. Raises `KeyError` for an address without one."""
    return [_guarded(route, projects) for route in routes]


def _guarded(route: BaseRoute, projects: RunProjects) -> BaseRoute:
    if isinstance(route, Mount):
        if RULES[route.path] != _OPEN:
            raise KeyError(route.path)
        return route
    if not isinstance(route, Route):
        raise KeyError(str(route))
    checked = _Checked(route.app, RULES[route.path], projects)
    return Route(route.path, checked, methods=list(route.methods) if route.methods else None)


class _Checked:
    """Answers a request only where its account may have the answer."""

    def __init__(self, app: ASGIApp, rule: Rule, projects: RunProjects) -> None:
        self._app = app
        self._rule = rule
        self._projects = projects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._rule.of is not Of.NOBODY:
            await self._check(scope["state"]["access"], scope)
        await self._app(scope, receive, send)

    async def _check(self, access: Access, scope: Scope) -> None:
        named: Mapping[str, Any] = scope["path_params"]
        match self._rule.of:
            case Of.RUN:
                project = await self._project_for(access, check_thread_id(str(named["thread"])))
                _check_role(access.may(self._rule.least, project), self._rule.least)
                scope["state"]["project"] = project
            case Of.FILE:
                if not await self._projects.may_see(str(named["sha256"]), access):
                    raise no_file(str(named["sha256"]))
            case _:
                _check_role(access.projects(self._rule.least) != (), self._rule.least)

    async def _project_for(self, access: Access, thread_id: str) -> str:
        """Return the project of a run that an account may see. A run of another project is as if it were not there."""
        if access.projects() is None and access.account == "":
            return ""  # a board without accounts: a browser that has its link may do everything
        project = await self._projects.of(thread_id)
        if project is None or access.role_in(project) is None:
            raise no_run(thread_id)
        return project


def _check_role(has_role: bool, least: Role) -> None:
    if not has_role:
        raise RefusedError(403, f"this needs the role {least}", hint="ask an owner of the project", code="role_needed")


def no_run(thread_id: str) -> NotFoundError:
    """Return the error of a run that is not there, or not for this account."""
    return NotFoundError(f"there is no run {thread_id}", hint="`clash runs ls` lists the runs")


def no_file(sha256: str) -> RefusedError:
    """Return the error of a file that is not there, or not for this account."""
    return RefusedError(404, f"there is no file {sha256[:12]}", code="not_found")
