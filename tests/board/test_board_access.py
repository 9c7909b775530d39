"""The access table: every address of a board with accounts, times every verb, role and project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from accounts_room import PROJECTS, ROLES, AccountsRoom, Listener, accounts_room
from conftest import on_both_databases
from starlette.routing import Mount, Route

from clash.access import revoke_tokens
from clash.board.app import create_app
from clash.board.decisions import WRITES
from clash.board.permissions import RULES
from clash.database.connection import open_database
from clash.database.port import Statement

OPEN, LIST, RUN, FILE, DECIDE, OWNER = "open", "list", "run", "file", "decide", "owner"
ACCESS = {
    ("GET", "/login"): OPEN,
    ("POST", "/login"): OPEN,
    ("GET", "/favicon.ico"): OPEN,
    ("GET", "/static"): OPEN,
    ("POST", "/logout"): LIST,
    ("GET", "/"): LIST,
    ("GET", "/money"): LIST,
    ("GET", "/events"): LIST,
    ("GET", "/api/runs"): LIST,
    ("GET", "/api/cost"): LIST,
    ("GET", "/api/{rest:path}"): LIST,
    ("GET", "/runs/{thread}"): RUN,
    ("GET", "/runs/{thread}/review"): RUN,
    ("GET", "/runs/{thread}/checkpoints"): RUN,
    ("GET", "/api/runs/{thread}"): RUN,
    ("GET", "/api/runs/{thread}/board"): RUN,
    ("GET", "/api/runs/{thread}/takes"): RUN,
    ("GET", "/api/runs/{thread}/review"): RUN,
    ("GET", "/api/runs/{thread}/checkpoints"): RUN,
    ("GET", "/api/runs/{thread}/family"): RUN,
    ("GET", "/api/runs/{thread}/cost"): RUN,
    ("GET", "/api/runs/{thread}/assets"): RUN,
    ("GET", "/api/runs/{thread}/screenplay"): RUN,
    ("GET", "/api/runs/{thread}/checkpoints/{checkpoint}"): RUN,
    ("GET", "/api/runs/{thread}/checkpoints/{a}/diff/{b}"): RUN,
    ("GET", "/media/{sha256}"): FILE,
    ("GET", "/thumbnails/{sha256}"): FILE,
    ("POST", "/api/runs/{thread}/review/approve"): DECIDE,
    ("POST", "/api/runs/{thread}/review/reject"): DECIDE,
    ("POST", "/api/runs/{thread}/takes/use"): DECIDE,
    ("POST", "/api/runs/{thread}/retake"): DECIDE,
    ("POST", "/api/runs/{thread}/cancel"): DECIDE,
    ("POST", "/api/runs/{thread}/resume"): DECIDE,
    ("GET", "/api/tokens"): OWNER,
    ("POST", "/api/tokens"): OWNER,
    ("POST", "/api/tokens/{token}/revoke"): OWNER,
    ("GET", "/api/audit"): OWNER,
}
"""Every address of a board with accounts, and who may ask for it. A route without a line here fails a test."""
MAY = {
    OPEN: {"viewer", "producer", "owner", "everywhere"},
    LIST: {"viewer", "producer", "owner", "everywhere"},
    RUN: {"viewer", "producer", "owner", "everywhere"},
    FILE: {"viewer", "producer", "owner", "everywhere"},
    DECIDE: {"producer", "owner", "everywhere"},
    OWNER: {"owner", "everywhere"},
}


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncGenerator[AccountsRoom]:
    """A board with accounts."""
    made = await accounts_room(tmp_path, f"sqlite:///{tmp_path}/c.db")
    yield made
    await made.board.accounts.close()


def address(path: str, room: AccountsRoom, project: str) -> str:
    """The address of what a project has; "missing" has nothing."""
    named = {"thread": f"{project}-run", "sha256": room.files.get(project, "0" * 64), "token": "0" * 12}
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{checkpoint}", "c1").replace("{a}", "c1").replace("{b}", "c2").replace("{rest:path}", "x")


async def asked(client: httpx.AsyncClient, verb: str, path: str, headers: dict[str, str]) -> httpx.Response:
    if verb == "HEAD" or path == "/events":  # the answer to GET has no end
        return await client.head(path, headers=headers)
    body = {} if verb == "POST" and not path.startswith("/log") else None
    return await client.request(verb, path, headers=headers, json=body)


def is_refused(answer: httpx.Response) -> bool:
    """Whether it was not answered for want of a session, a role, or a project."""
    if answer.status_code in (401, 403):
        return True
    return answer.status_code == 404 and "there is no run" in answer.text


def test_every_route_has_a_line(tmp_path: Path) -> None:
    """The table has each address and verb that the board answers, and each address has a rule."""
    room = asyncio.run(accounts_room(tmp_path, f"sqlite:///{tmp_path}/c.db"))
    found: set[tuple[str, str]] = set()
    for route in create_app(room.board).routes:
        if isinstance(route, Route) and route.methods:
            found |= {(method, route.path) for method in route.methods if method != "HEAD"}
        elif isinstance(route, Route | Mount):
            found.add(("GET", route.path))
    assert found == set(ACCESS)
    assert {path for _, path in ACCESS} == RULES.keys() - {"/api/invites"}
    assert {path.removeprefix("/api/runs/{thread}/") for _, path in ACCESS if "{thread}/" in path} >= set(WRITES)


@pytest.mark.parametrize("who", ["nobody", *ROLES, "everywhere"])
async def test_the_access_table(room: AccountsRoom, who: str) -> None:
    """Of every address and verb: what a role may ask for in its own project, and that another project is not there."""
    headers = room.bearer(who) if who != "nobody" else {}
    async with room.client() as client:
        for (verb, path), kind in ACCESS.items():
            if path in ("/login", "/logout", "/static"):
                continue
            own = await asked(client, verb, address(path, room, "storm"), headers)
            if who == "nobody":
                assert (own.status_code == 401) == (kind != OPEN), (verb, path, own.text)
                continue
            assert is_refused(own) != (who in MAY[kind]), (verb, path, own.status_code, own.text)
            if is_refused(own):
                assert own.json()["error"]["code"] == "role_needed", (verb, path)
            if "{thread}" not in path and "{sha256}" not in path:
                continue
            other = await asked(client, verb, address(path, room, "river"), headers)
            missing = await asked(client, verb, address(path, room, "missing"), headers)
            if who == "everywhere":
                assert other.status_code == own.status_code, (verb, path, other.text)
                continue
            assert (other.status_code, missing.status_code) == (404, 404), (verb, path)
            assert told(other, room, "river") == told(missing, room, "missing"), (verb, path)


def told(answer: httpx.Response, room: AccountsRoom, project: str) -> str:
    """An answer without the name that was asked for."""
    for name in (f"{project}-run", room.files.get(project, "0" * 64)[:12], room.files.get(project, "0" * 64)):
        answer_text = answer.text.replace(name, "NAME")
        if answer_text != answer.text:
            return answer_text
    return answer.text


@on_both_databases
async def test_a_list_holds_what_its_reader_may_see(tmp_path: Path, database_url: str) -> None:
    """Runs and money of another project are left out, also when others asked before; what is kept is kept apart."""
    room = await accounts_room(tmp_path, database_url)
    async with room.client() as client:
        filtered = ("/?search=run", "/api/runs?search=river", "/api/runs?project=river", "/?project=river")
        for path in ("/", "/money", "/api/runs", "/api/cost", *filtered):
            for who in ("everywhere", "viewer", "everywhere"):
                answer = await client.get(path, headers=room.bearer(who))
                assert answer.status_code == 200
                seen = {project for project in PROJECTS if f"{project}-run" in answer.text}
                seen |= {project for project in PROJECTS if f"vendor-{project}" in answer.text}
                expected = {"river"} if "=river" in path else set(PROJECTS)
                assert seen == (expected if who == "everywhere" else expected & {"storm"}), (path, who)
        cost = (await client.get("/api/cost", headers=room.bearer("viewer"))).json()
        assert cost["total_usd"] == "1.000000"
        assert [sum_["calls"] for sum_ in cost["by_day"] + cost["by_step"] + cost["by_precision"]] == [1, 1, 1]
    await room.board.accounts.close()


async def test_a_run_that_changes_its_project_is_gone(room: AccountsRoom) -> None:
    """A run that was removed and made again in another project is not shown to those who saw the first one."""
    async with room.client() as client:
        assert (await client.get("/api/runs/storm-run", headers=room.bearer("viewer"))).status_code == 200
        await room.board.poller.look()
        async with open_database(room.settings.database_url, "write") as database:
            change = "UPDATE workflow_executions SET project = 'river', updated_at = ? WHERE run_id = 'storm-run'"
            await database.batch([Statement(change, ("2026-11-27T11:00:00.000Z",))])
        await room.board.poller.look()
        assert (await client.get("/api/runs/storm-run", headers=room.bearer("viewer"))).status_code == 404


async def test_a_family_holds_what_its_reader_may_see(room: AccountsRoom) -> None:
    """A fork that is in another project is not in the tree."""
    async with open_database(room.settings.database_url, "write") as database:
        fork = """UPDATE workflow_executions SET settings =
            '{"forked_from": {"thread_id": "storm-run", "checkpoint_id": "c", "step": "generate_shots"}}'
            WHERE run_id = 'river-run'"""
        await database.batch([Statement(fork)])
    async with room.client() as client:
        path = "/api/runs/storm-run/family"
        for who, names in (("everywhere", ["storm-run", "river-run"]), ("viewer", ["storm-run"])):
            runs = (await client.get(path, headers=room.bearer(who))).json()["runs"]
            assert sorted(run["thread_id"] for run in runs) == sorted(names)


async def test_events_of_another_project_are_not_pushed(room: AccountsRoom) -> None:
    """A listener hears of runs of its projects alone, and of the board itself; also of those it missed."""
    log = room.board.log
    before = log.newest
    viewer, everywhere = Listener(room, "viewer"), Listener(room, "everywhere")
    await asyncio.gather(viewer.until("retry"), everywhere.until("retry"))
    log.publish("run", {"thread_id": "river-run"}, "river")
    log.publish("process", {"thread_id": "river-run"}, "river")
    log.publish("run", {"thread_id": "storm-run"}, "storm")
    log.publish("database", {"reachable": True})
    late = Listener(room, "viewer", f"after={before}")
    for listener in (viewer, late, everywhere):
        await listener.until("reachable")
        assert ("river-run" in listener.text) == (listener is everywhere)
        assert "storm-run" in listener.text
        await listener.leave()
    for name in ("river-run", "missing-run"):
        refused = Listener(room, "viewer", f"thread={name}")
        await refused.ended()
        assert refused.status == 404


async def test_a_listener_whose_token_is_revoked_is_let_go(room: AccountsRoom) -> None:
    """Its stream ends by itself, without an event and without another request."""
    listener = Listener(room, "viewer")
    await listener.until("retry")
    await revoke_tokens([room.ids["viewer"]], room.settings)
    room.clock.at += 1
    await listener.ended()
    assert listener.status == 200
