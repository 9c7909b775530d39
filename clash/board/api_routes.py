"""`/api/...`: the documents of the command line, and the decisions that change them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clash.access import Access
from clash.board.answers import RefusedError, json_answer, refused_answer
from clash.board.decisions import WRITES, Decisions, WrittenBy
from clash.board.guard import body_of, known_keys
from clash.board.kept_documents import Kept
from clash.board.query_numbers import checked_number
from clash.board.reading import RUNS_PER_PAGE, Reading
from clash.board.sessions import Sessions
from clash.errors import ClashError

_MOST_ITEMS = 500


def api_routes(reading: Reading, decisions: Decisions, more: Sequence[Route]) -> list[Route]:
    """Return the routes of the API: what is read, what is decided, and what else a board has."""

    def read(path: str, of: Callable[[Request], Awaitable[Kept]]) -> Route:
        async def answer(request: Request) -> Response:
            kept = await of(request)
            response = json_answer(kept.told())
            response.headers["X-Clash-Event-Id"] = kept.event_id
            return response

        return Route(f"/api{path}", answer, methods=["GET"])

    def write(name: str) -> Route:
        async def answer(request: Request) -> Response:
            by = WrittenBy(request.state.access, request.state.seen.address, request.state.project)
            return json_answer(await decisions.carry_out(name, _thread(request), await body_of(request), by))

        return Route(f"/api/runs/{{thread}}/{name}", answer, methods=["POST"])

    return [
        read("/runs", lambda request: _runs(reading, request)),
        read("/cost", lambda request: reading.money(_projects(request))),
        *(read(f"/runs/{{thread}}{path}", _of_thread(of)) for path, of in _reports(reading).items()),
        read("/runs/{thread}/family", lambda request: reading.family(_thread(request), request.state.access)),
        read(
            "/runs/{thread}/board", lambda request: reading.on_board(_thread(request), checked_number(request, "page"))
        ),
        read(
            "/runs/{thread}/checkpoints/{checkpoint}",
            lambda request: reading.checkpoint(_thread(request), request.path_params["checkpoint"]),
        ),
        read(
            "/runs/{thread}/checkpoints/{a}/diff/{b}",
            lambda request: reading.difference(_thread(request), request.path_params["a"], request.path_params["b"]),
        ),
        *map(write, WRITES),
        *more,
        Route("/api/{rest:path}", _nothing),
    ]


def invite_route(sessions: Sessions) -> Route:
    """Return the route that makes a link for another browser, on a board without accounts."""

    async def invite(request: Request) -> Response:
        known_keys(await body_of(request), ())
        return json_answer({"schema": 1, "url": f"{request.state.seen.own}{login_path(sessions)}"})

    return Route("/api/invites", invite, methods=["POST"])


def login_path(sessions: Sessions) -> str:
    """Return the path of a new link, good once."""
    return f"/login?token={sessions.invite()}"


def _reports(reading: Reading) -> dict[str, Callable[[str], Awaitable[Kept]]]:
    return {
        "": reading.show,
        "/takes": reading.takes,
        "/review": reading.review,
        "/checkpoints": reading.checkpoints,
        "/cost": reading.cost,
        "/assets": reading.assets,
        "/screenplay": reading.screenplay,
    }


def _of_thread(of: Callable[[str], Awaitable[Kept]]) -> Callable[[Request], Awaitable[Kept]]:
    return lambda request: of(_thread(request))


def _projects(request: Request) -> tuple[str, ...] | None:
    access: Access = request.state.access
    return access.projects()


def _thread(request: Request) -> str:
    return str(request.path_params["thread"])


async def _runs(reading: Reading, request: Request) -> Kept:
    limit = checked_number(request, "limit", RUNS_PER_PAGE, _MOST_ITEMS)
    query = request.query_params
    return await reading.runs(
        page=checked_number(request, "page"),
        status=query.get("status", ""),
        search=query.get("search", ""),
        limit=limit,
        project=query.get("project", ""),
        projects=_projects(request),
    )


async def _nothing(_: Request) -> Response:
    error: ClashError = RefusedError(404, "the API has no such document", code="not_found")
    return refused_answer(error)
