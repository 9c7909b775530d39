"""Accounts of the board: logins, sessions, tokens that are not good, floods of failures, and the audit."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from accounts_room import OWN, STRANGER, AccountsRoom, accounts_room, make_token
from conftest import on_both_databases

from clash.access import revoke_tokens
from clash.board.accounts import FAILURES_EVERY_S, Accounts
from clash.board.rates import OF_ALL_FAILURES, OF_FAILURES, FailureLimits
from clash.board.sessions import SESSION_S
from clash.database.connection import open_database
from clash.database.port import Statement

FORM = {"origin": OWN, "sec-fetch-site": "same-origin"}
FORGED = "clash_0123456789ab_" + "x" * 43


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncGenerator[AccountsRoom]:
    """A board with accounts."""
    made = await accounts_room(tmp_path, f"sqlite:///{tmp_path}/c.db")
    yield made
    await made.board.accounts.close()


async def log_in(client: httpx.AsyncClient, token: str, **more: Any) -> httpx.Response:
    """Send the form of the login page."""
    headers = {**FORM, **more.pop("headers", {})}
    return await client.post("/login", data={"token": token, **more}, headers=headers)


def csrf(page: str) -> str:
    """What a page sends with each write."""
    return page.partition('name="clash-token" content="')[2].partition('"')[0]


async def test_a_token_opens_a_session(room: AccountsRoom) -> None:
    """The form needs no script; the cookie is for this host and no script; the page that was asked for comes next."""
    async with room.client() as client:
        asked = await client.get("/runs/storm-run", headers={"accept": "text/html"})
        assert (asked.status_code, 'action="/login"' in asked.text) == (401, True)
        assert 'name="next" value="/runs/storm-run"' in asked.text
        opened = await log_in(client, f" {room.tokens['producer']}\n", next="/runs/storm-run")
        assert (opened.status_code, opened.headers["location"]) == (303, "/runs/storm-run")
        cookie = opened.headers["set-cookie"].lower()
        assert ("httponly" in cookie, "samesite=strict" in cookie, "secure" in cookie) == (True, True, False)
        page = (await client.get("/runs/storm-run")).text
        assert "producer</span>" in page
        assert room.tokens["producer"] not in page
        headers = {**FORM, "x-clash-token": csrf(page)}
        assert (await client.post("/api/runs/storm-run/cancel", json={}, headers=headers)).status_code == 409
        bad = {**headers, "x-clash-token": "x"}
        assert (await client.post("/api/runs/storm-run/cancel", json={}, headers=bad)).status_code == 403
        assert (await client.post("/api/runs/storm-run/cancel", json={}, headers={})).status_code == 403
        assert (await client.get("/login")).headers["location"] == "/"
        ended = await client.post("/logout", data={"session": csrf(page)}, headers=FORM)
        assert (ended.status_code, (await client.get("/")).status_code) == (303, 401)


@pytest.mark.parametrize(
    "page", ["//evil.example", "https://evil.example", "/\\evil", "/api/runs", "/runs/../x", "", "/login"]
)
async def test_a_login_leads_to_pages_of_the_board_alone(room: AccountsRoom, page: str) -> None:
    """Whatever the form says, nobody is led elsewhere."""
    async with room.client() as client:
        assert (await log_in(client, room.tokens["viewer"], next=page)).headers["location"] == "/"


async def test_a_viewer_sees_no_button(room: AccountsRoom) -> None:
    """The page of a viewer has nothing to write with, that of a producer has."""
    for who, may_write in (("viewer", False), ("producer", True)):
        async with room.client() as client:
            await log_in(client, room.tokens[who])
            for path in ("/", "/runs/storm-run"):
                assert bool(csrf((await client.get(path)).text)) == may_write
            assert "data-invite" not in (await client.get("/")).text


async def test_tokens_that_are_not_good_get_one_answer(room: AccountsRoom) -> None:
    """Unknown, forged, expired and revoked: the same status, words and headers, at the form and with a header."""
    await make_token(room, "late", "storm", expires="1m")
    await make_token(room, "gone", "storm")
    await revoke_tokens([room.ids["gone"]], room.settings)
    async with open_database(room.settings.database_url, "write") as database:
        late = "UPDATE access_tokens SET expires_at = '2026-01-01T00:00:00.000Z' WHERE account = 'late'"
        await database.batch([Statement(late)])
    good = room.tokens["viewer"]
    texts = [FORGED, good[:-1] + ("a" if good[-1] != "a" else "b"), room.tokens["late"], room.tokens["gone"], "x", ""]
    forms: set[Any] = set()
    headers: set[Any] = set()
    async with room.client() as client:
        for text in texts:
            room.clock.at += 1000
            answer = await log_in(client, text)
            assert "set-cookie" not in answer.headers
            forms.add((answer.status_code, answer.text, str(sorted(answer.headers.items()))))
            answer = await client.get("/api/runs", headers={"authorization": f"Bearer {text}"})
            headers.add((answer.status_code, answer.text, str(sorted(answer.headers.items()))))
    assert ([status for status, *_ in forms], [status for status, *_ in headers]) == ([401], [401])
    assert "www-authenticate" in next(iter(headers))[2]


async def test_a_session_ends_with_its_token(room: AccountsRoom) -> None:
    """Revoked by another process: the next request has no session. It ends by itself after 12 hours, too."""
    async with room.client() as client, room.client() as other:
        for one, who in ((client, "viewer"), (other, "producer")):
            await log_in(one, room.tokens[who])
            assert (await one.get("/api/runs")).status_code == 200
        await revoke_tokens([room.ids["viewer"]], room.settings)
        assert (await client.get("/api/runs")).status_code == 401
        assert (await client.get("/api/runs", headers=room.bearer("viewer"))).status_code == 401
        assert (await other.get("/api/runs")).status_code == 200
        room.clock.at += SESSION_S
        assert (await other.get("/api/runs")).status_code == 401


@on_both_databases
async def test_a_revoked_token_ends_on_d1_within_seconds(tmp_path: Path, database_url: str) -> None:
    """On D1 it is asked once in five seconds; on SQLite each time."""
    room = await accounts_room(tmp_path, database_url)
    async with room.client() as client:
        await log_in(client, room.tokens["viewer"])
        assert (await client.get("/api/runs/storm-run")).status_code == 200
        assert (await client.get(f"/media/{room.files['storm']}")).status_code == 200
        assert (await client.get(f"/media/{room.files['river']}")).status_code == 404
        await revoke_tokens([room.ids["viewer"]], room.settings)
        room.clock.at += 5
        assert (await client.get("/api/runs")).status_code == 401
    await room.board.accounts.close()


async def test_failed_logins_are_limited(room: AccountsRoom) -> None:
    """After five of an address, a good token is not even tried there, until half a minute is over."""
    async with room.client(STRANGER) as client, room.client() as other:
        codes = [(await log_in(client, FORGED)).status_code for _ in range(OF_FAILURES.at_once + 2)]
        assert codes == [401] * OF_FAILURES.at_once + [429] * 2
        held = await log_in(client, room.tokens["viewer"])
        assert (held.status_code, held.headers["retry-after"], "half a minute" in held.text) == (429, "30", True)
        assert (await client.get("/api/runs", headers={"authorization": f"Bearer {FORGED}"})).status_code == 429
        assert (await client.get("/api/runs", headers=room.bearer("viewer"))).status_code == 200
        assert (await log_in(other, room.tokens["viewer"])).status_code == 303
        room.clock.at += 31
        assert (await log_in(client, room.tokens["viewer"])).status_code == 303


def test_failures_of_all_addresses_are_limited() -> None:
    """A flood from many addresses holds up new ones, not those that logged in before; what is remembered is bounded."""
    now = [0.0]
    limits = FailureLimits(lambda: now[0])
    assert limits.take("home")
    limits.succeeded("home")
    tried = [limits.take(f"address {number}") for number in range(5000)]
    assert tried.count(True) == OF_ALL_FAILURES.at_once
    assert not limits.take("new")
    assert limits.take("home")
    now[0] += 2
    assert limits.take("new")
    assert len(limits) < 2000


async def test_the_audit_says_who_did_what(room: AccountsRoom) -> None:
    """Logins, writes with their run and slots, and why they failed; failed logins once in a minute, counted."""
    accounts = room.board.accounts
    assert isinstance(accounts, Accounts)
    async with room.client(STRANGER) as client:
        await log_in(client, room.tokens["producer"])
        for _ in range(4):
            await log_in(client, FORGED)
        room.clock.at += FAILURES_EVERY_S
        await log_in(client, FORGED)
        body = {"slots": ["shot:001/keyframe"], "note": "closer"}
        rejected = await client.post("/api/runs/storm-run/review/reject", json=body, headers=room.bearer("producer"))
        assert rejected.status_code >= 400
        dry = {**body, "dry_run": True}
        await client.post("/api/runs/storm-run/retake", json=dry, headers=room.bearer("producer"))
        await client.post("/api/runs/river-run/cancel", json={}, headers=room.bearer("producer"))
    rows = await room.rows("SELECT * FROM access_audit WHERE action NOT LIKE 'token %' ORDER BY id")
    assert [(row["action"], row["actor"], row["times"]) for row in rows] == [
        ("login", "producer", 1),
        ("login failed", "", 1),
        ("login failed", "", 4),
        ("review/reject", "producer", 1),
        ("review/reject", "producer", 1),
    ]
    write, failed = rows[-2:]
    assert (write["project"], write["run_id"], json.loads(write["slots"])) == ("storm", "storm-run", body["slots"])
    assert (write["address"], write["token_id"], write["error"]) == (STRANGER, room.ids["producer"], "")
    assert failed["error"] == rejected.json()["error"]["code"]
    everything = str(await room.rows("SELECT * FROM access_audit")) + str(
        await room.rows("SELECT * FROM access_tokens")
    )
    assert not any(text in everything for text in room.tokens.values())


async def test_what_cannot_be_recorded_is_not_done(room: AccountsRoom) -> None:
    """Where the audit takes no entry, the write is not carried out."""
    async with open_database(room.settings.database_url, "write") as database:
        full = "CREATE TRIGGER full BEFORE INSERT ON access_audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        await database.batch([Statement(full)])
    done: list[str] = []
    room.board.children.start = lambda thread_id: done.append(thread_id) or 1  # type: ignore[method-assign]
    async with room.client() as client:
        answer = await client.post("/api/runs/storm-run/resume", json={}, headers=room.bearer("producer"))
    assert (answer.status_code, done) == (500, [])


async def test_a_stranger_is_not_told_of_the_database(room: AccountsRoom) -> None:
    """Where it cannot be read, neither its path nor what is wrong with it is in the answer."""
    path = Path(room.settings.database_url.removeprefix("sqlite:///"))
    path.write_bytes(b"no database at all" * 100)
    async with room.client() as client:
        for answer in (
            await log_in(client, FORGED),
            await client.get("/api/runs", headers={"authorization": f"Bearer {FORGED}"}),
        ):
            assert (answer.status_code, path.name in answer.text) == (503, False), answer.text


async def test_a_use_is_written_once_an_hour(room: AccountsRoom) -> None:
    """A thousand requests with a token write its row once."""
    used = "SELECT last_used_at FROM access_tokens WHERE account = 'viewer'"
    async with room.client() as client:
        await client.get("/api/runs", headers=room.bearer("viewer"))
        (first,) = await room.rows(used)
        assert first["last_used_at"]
        for _ in range(20):
            await client.get("/api/runs", headers=room.bearer("viewer"))
        assert await room.rows(used) == [first]


async def test_an_owner_manages_tokens_of_the_project(room: AccountsRoom) -> None:
    """Over the API: made, listed, used, revoked, and in the audit; another project's tokens are not there."""
    await make_token(room, "elsewhere", "river=owner")
    async with room.client() as client:
        who = room.bearer("owner")
        body = {"account": "new", "projects": ["storm=producer"], "expires": "1d"}
        made = (await client.post("/api/tokens", json=body, headers=who)).json()
        bearer = {"authorization": f"Bearer {made['token']}"}
        assert (await client.get("/api/runs/storm-run", headers=bearer)).status_code == 200
        listed = (await client.get("/api/tokens", headers=who)).json()["items"]
        assert {item["account"] for item in listed} == {"viewer", "producer", "owner", "new"}
        for name in ("elsewhere", "everywhere"):
            refused = await client.post(f"/api/tokens/{room.ids[name]}/revoke", json={}, headers=who)
            assert refused.status_code == 404
        for projects in (["river"], ["all"], ["storm=king"], [], "storm"):
            refused = await client.post("/api/tokens", json={**body, "projects": projects}, headers=who)
            assert refused.status_code in (400, 404), projects
        revoked = await client.post(f"/api/tokens/{made['id']}/revoke", json={}, headers=who)
        assert revoked.json()["items"][0]["revoked_by"] == "owner"
        assert (await client.get("/api/runs/storm-run", headers=bearer)).status_code == 401
        entries = (await client.get("/api/audit?limit=2", headers=who)).json()["items"]
        assert [(entry["action"], entry["actor"]) for entry in entries] == [
            ("token revoked", "owner"),
            ("token created", "owner"),
        ]


async def test_forms_from_elsewhere_are_refused(room: AccountsRoom) -> None:
    """Neither another site nor a script without the page's origin logs anybody in; a long form is refused."""
    async with room.client() as client:
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
            assert (await log_in(client, room.tokens["viewer"], headers=headers)).status_code == 403
        plain = await client.post("/login", content="token=x", headers={**FORM, "content-type": "text/plain"})
        assert plain.status_code == 415
        assert (await log_in(client, "x" * 5000)).status_code == 413
        assert (await client.get(f"/login?token={room.tokens['viewer']}")).status_code == 200, "no link logs in"
        assert (await client.get("/api/runs")).status_code == 401
