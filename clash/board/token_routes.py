"""`/api/tokens` and `/api/audit`: what owners manage in their projects, as `clash tokens` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clash import access
from clash.actors import acting_as
from clash.board.answers import json_answer
from clash.board.guard import body_of, known_keys
from clash.board.query_numbers import checked_number
from clash.config import Settings
from clash.errors import UsageError

_MOST_ENTRIES = 500


def token_routes(settings: Settings) -> list[Route]:
    """Return the routes with which owners give and revoke tokens of their projects, and read the audit of these."""

    async def listed(request: Request) -> Response:
        return _answer((await access.list_tokens(settings, by=_who(request))).dump())

    async def created(request: Request) -> Response:
        given = known_keys(await body_of(request), ("account", "projects", "role", "expires"))
        with acting_as(_who(request).account):
            made = await access.create_token(
                _text(given, "account", ""),
                access.grants_of(_projects(given), _text(given, "role", "viewer")),
                settings,
                expires=_text(given, "expires", "90d"),
                by=_who(request),
            )
        return _answer(made.dump())

    async def revoked(request: Request) -> Response:
        known_keys(await body_of(request), ())
        with acting_as(_who(request).account):
            found = await access.revoke_tokens([request.path_params["token"]], settings, by=_who(request))
        return _answer(found.dump())

    async def audit(request: Request) -> Response:
        limit = checked_number(request, "limit", 100, _MOST_ENTRIES)
        project = request.query_params.get("project")
        return _answer((await access.audit(settings, limit=limit, project=project, by=_who(request))).dump())

    return [
        Route("/api/tokens", listed, methods=["GET"]),
        Route("/api/tokens", created, methods=["POST"]),
        Route("/api/tokens/{token}/revoke", revoked, methods=["POST"]),
        Route("/api/audit", audit, methods=["GET"]),
    ]


def _answer(document: Mapping[str, Any]) -> Response:
    return json_answer({"schema": 1, **document})


def _who(request: Request) -> access.Access:
    return cast("access.Access", request.state.access)


def _text(given: Mapping[str, Any], name: str, default: str) -> str:
    value = given.get(name, default)
    if not isinstance(value, str):
        raise UsageError(f"{name} is a text")
    return value


def _projects(given: Mapping[str, Any]) -> tuple[str, ...]:
    value: object = given.get("projects")
    named = cast("list[object]", value) if isinstance(value, list) else []
    if not named or not all(isinstance(project, str) for project in named):
        raise UsageError('projects is a list, such as ["storm", "river=producer"]')
    return tuple(str(project) for project in named)
