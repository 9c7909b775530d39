"""`/api/...`: the documents of the command line, and the decisions that change them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clash.board.answers import RefusedError, json_answer, refused_answer
from clash.board.decisions import WRITES, Decisions
from clash.board.guard import known_keys
from clash.board.kept_documents import Kept
from clash.board.page_routes import number_of
from clash.board.reading import RUNS_PER_PAGE, Reading
from clash.board.sessions import Sessions
from clash.errors import ClashError

_MOST_ITEMS = 500


def api_routes(reading: Reading, decisions: Decisions, sessions: Sessions) -> list[Route]:
    """Return the routes of the API: what is read, what is decided, and links for other browsers."""

    def read(path: str, of: Callable[[Request], Awaitable[Kept]]) -> Route:
        async def answer(request: Request) -> Response:
            kept = await of(request)
            response = json_answer(kept.told())
            response.headers["X-Clash-Event-Id"] = kept.event_id
            return response

        return Route(f"/api{path}", answer, methods=["GET"])

    def write(name: str) -> Route:
        async def answer(request: Request) -> Response:
            return json_answer(await decisions.carry_out(name, request.path_params["thread"], await _body(request)))

        return Route(f"/api/runs/{{thread}}/{name}", answer, methods=["POST"])

    async def invite(request: Request) -> Response:
        known_keys(await _body(request), ())
        return json_answer({"schema": 1, "url": f"http://{request.headers['host']}{login_path(sessions)}"})

    return [
        read("/runs", lambda request: _runs(reading, request)),
        read("/cost", lambda _: reading.money()),
        *(read(f"/runs/{{thread}}{path}", _of_thread(of)) for path, of in _reports(reading).items()),
        read("/runs/{thread}/board", lambda request: reading.on_board(_thread(request), number_of(request, "page"))),
        read(
            "/runs/{thread}/checkpoints/{checkpoint}",
            lambda request: reading.checkpoint(_thread(request), request.path_params["checkpoint"]),
        ),
        read(
            "/runs/{thread}/checkpoints/{a}/diff/{b}",
            lambda request: reading.difference(_thread(request), request.path_params["a"], request.path_params["b"]),
        ),
        *map(write, WRITES),
        Route("/api/invites", invite, methods=["POST"]),
        Route("/api/{rest:path}", _nothing),
    ]


def login_path(sessions: Sessions) -> str:
    """Return the path of a new link, good once."""
    return f"/login?token={sessions.invite()}"


def _reports(reading: Reading) -> dict[str, Callable[[str], Awaitable[Kept]]]:
    return {
        "": reading.show,
        "/takes": reading.takes,
        "/review": reading.review,
        "/checkpoints": reading.checkpoints,
        "/family": reading.family,
        "/cost": reading.cost,
        "/assets": reading.assets,
        "/screenplay": reading.screenplay,
    }


def _of_thread(of: Callable[[str], Awaitable[Kept]]) -> Callable[[Request], Awaitable[Kept]]:
    return lambda request: of(_thread(request))


def _thread(request: Request) -> str:
    return str(request.path_params["thread"])


async def _runs(reading: Reading, request: Request) -> Kept:
    limit = min(max(number_of(request, "limit", RUNS_PER_PAGE), 1), _MOST_ITEMS)
    query = request.query_params
    return await reading.runs(
        page=number_of(request, "page"),
        status=query.get("status", ""),
        search=query.get("search", ""),
        limit=limit,
    )


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        raise RefusedError(400, "a write is a JSON object", code="not_json") from None


async def _nothing(_: Request) -> Response:
    error: ClashError = RefusedError(404, "the API has no such document", code="not_found")
    return refused_answer(error)
