"""What is decided on the board ends in the right film: verdicts, retakes, selections, cancel, and who makes it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastjsonschema
import httpx
import pytest
from browser_of_board import OWN, Browser, board_of, browsing
from conftest import on_both_databases
from filming import PLUGINS
from takes_room import TakesRoom

from clash.access import create_token, grants_of
from clash.board.app import Board, BoardOptions, create_app
from clash.board.child_runs import ChildRuns
from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.lease import take_lease
from clash.documents.schemas import json_schema

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")
T = "/api/runs/t"


@pytest.fixture
def room(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> TakesRoom:
    """A folder with a database of its own, in which this process is too."""
    room = TakesRoom(tmp_path / "room", database_url)
    monkeypatch.chdir(room.folder)
    monkeypatch.syspath_prepend(str(PLUGINS))
    for name in ("DATABASE_URL", "METER", "METER_COST", "METER_TAKES", "PYTHONPATH", "CLASH_RETRY_WAIT_S"):
        monkeypatch.setenv(name, room.env[name])
    return room


@pytest.fixture
def settings(room: TakesRoom) -> Settings:
    """The settings of that folder."""
    return load_settings()


async def ok(browser: Browser, path: str, body: Any = None) -> dict[str, Any]:
    """Write something that works; its document."""
    answer = await browser.write(f"{T}/{path}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ended(board: Board) -> list[tuple[int, Any]]:
    """Wait for the processes that the board started; their exit codes and errors, as the events tell them."""
    await asyncio.gather(*board.children._waiting)
    events, _ = board.log.since(0)
    return [(event.data["exit_code"], event.data["error"]) for event in events if event.name == "process"]


def held(name: str, document: Mapping[str, Any]) -> None:
    fastjsonschema.compile(json_schema(name), use_default=False)(dict(document))


@on_both_databases
async def test_a_film_is_reviewed_on_the_board(room: TakesRoom, settings: Settings) -> None:
    """One keyframe is rejected with a note, the other approved; the board has the film made, and it holds take 2."""
    assert room.film(2, "--review", "keyframes").code == 8
    board = board_of(settings)
    async with browsing(board) as browser:
        before = await browser.document(f"{T}/review")
        first, second = before["items"]
        stale = await browser.write(
            f"{T}/review/reject", {"slots": [first["slot"]], "sha256": second["sha256"], "note": "closer"}
        )
        assert (stale.status_code, stale.json()["error"]["code"]) == (404, "not_current")
        body = {"slots": [first["slot"]], "sha256": first["sha256"], "note": "closer"}
        rejected = await ok(browser, "review/reject", body)
        held("review-ls", rejected)
        assert [item["verdict"] for item in rejected["items"]] == ["rejected", None]
        assert (await browser.document(f"{T}/review"))["items"] == rejected["items"], (
            "what was written is shown at once"
        )
        stage = {"all": True, "stage": "keyframes", "seen": {second["slot"]: "0" * 64}}
        assert (await ok(browser, "review/approve", stage))["waiting"] == 1, "a file that was not seen is not approved"
        stage["seen"] = {second["slot"]: second["sha256"]}
        assert (await ok(browser, "review/approve", {**stage, "stage": "cards"}))["waiting"] == 1
        assert (await ok(browser, "review/approve", stage))["waiting"] == 0
        assert (await ok(browser, "resume"))["pid"] > 0
        again = await browser.write(f"{T}/resume")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "held")
        ((code, error),) = await ended(board)
        assert (code, error["code"]) == (8, "review")
        ((third,)) = [item for item in (await browser.document(f"{T}/review"))["items"] if item["verdict"] is None]
        assert (third["slot"], third["take"]) == (first["slot"], 2)
        await ok(browser, "review/approve", {"slots": [third["slot"]], "sha256": third["sha256"]})
        assert room.type("resume", "t").code == 0
        board.poller.changed("t")  # as the poller would
        shown = await browser.document(f"{T}/board")
        held("board-run", shown)
        assert (shown["status"], shown["film"]["duration_s"] > 0) == ("completed", True)
        assert shown["shots"][0]["keyframe"] == third["sha256"]
    assert room.selected(first["slot"]) == 2
    await asyncio.to_thread(room.check_meter)


async def test_takes_are_made_and_selected_on_the_board(room: TakesRoom, settings: Settings) -> None:
    """A shot is made again by a process that the board starts; then its first take is selected, for nothing."""
    assert room.film(2).code == 0
    board = board_of(settings)
    async with browsing(board) as browser:
        film = (await browser.document(f"{T}/board"))["film"]["sha256"]
        plan = await ok(browser, "retake", {"slots": ["shot:001/clip"], "dry_run": True})
        held("edit-plan", plan)
        assert plan["price"]["total_usd"] == "0.010000"
        asked = await ok(browser, "retake", {"slots": ["shot:001/clip"], "note": "slower"})
        held("outcome", asked)
        assert await ended(board) == [(0, None)]
        items = (await browser.document(f"{T}/takes"))["items"]
        clips = {item["take"]: item for item in items if item["slot"] == "shot:001/clip"}
        assert [(clips[take]["selected"], clips[take]["note"]) for take in (1, 2)] == [(False, ""), (True, "slower")]
        charged = len(room.charged)
        board.children._command = (sys.executable, "-c", "")
        held("outcome", await ok(browser, "takes/use", {"slot": "shot:001", "take": 1}))
        assert len(await ended(board)) == 2, "a process is started that cuts the film again"
        assert room.ok("resume", "t")["film"]["sha256"] == film
        assert len(room.charged) == charged
        refused = await browser.write(f"{T}/retake", {"slots": ["character:mara"]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "needs_yes")
        assert "clash retake" in refused.json()["error"]["hint"]
        family = await browser.document(f"{T}/family")
        held("board-family", family)
        assert [run["thread_id"] for run in family["runs"]] == ["t"]
    await asyncio.to_thread(room.check_meter)


async def test_a_run_that_is_held_gets_no_second_writer(room: TakesRoom, settings: Settings) -> None:
    """While a process holds the run, a retake is only written down, and no process is started."""
    assert room.film(1).code == 0
    board = board_of(settings)
    async with open_database(room.url, "write") as database, browsing(board) as browser:
        await take_lease(database, "t", owner="elsewhere/4711/x", duration_s=600)
        asked = await ok(browser, "retake", {"slots": ["shot:001/clip"]})
        assert "process 4711 on elsewhere makes it" in asked["warnings"][-1]
        refused = await browser.write(f"{T}/resume")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "held")
        assert board.children.running == ()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("review/approve", {"slots": "shot:001"}),
        ("review/approve", {"slots": [1]}),
        ("review/approve", {"all": 1}),
        ("review/approve", {"all": True, "stage": "posters"}),
        ("review/approve", {"stage": "keyframes", "slots": ["shot:001"]}),
        ("review/approve", {"all": True, "seen": {"shot:001": 5}}),
        ("review/reject", {"slots": ["shot:001"], "note": 3}),
        ("review/reject", {"slots": ["shot:001"], "note": "x" * 20_001}),
        ("takes/use", {"slot": "shot:001"}),
        ("takes/use", {"slot": "shot:001", "take": "1"}),
        ("takes/use", {"slot": "shot:001", "take": True}),
        ("retake", {"slots": []}),
        ("retake", {"slots": ["shot:001"], "takes": 21}),
        ("retake", {"slots": ["shot:001"], "budget": "5"}),
        ("cancel", {"why": ""}),
    ],
)
async def test_a_write_that_says_nothing_of_use_is_refused(tmp_path: Path, path: str, body: dict[str, Any]) -> None:
    """Values of another kind, and keys that are not known, are refused before the database is asked."""
    settings = Settings(DATABASE_URL=f"sqlite:///{tmp_path}/none.db")
    async with browsing(board_of(settings)) as browser:
        refused = await browser.write(f"{T}/{path}", body)
        wanted = {400, 404} if "takes" in body or body.get("slots") == [] else {400}
        assert refused.status_code in wanted, refused.text
        assert refused.json()["error"]["message"]


async def test_a_process_that_cannot_begin_is_told() -> None:
    """What a started process says of its failure reaches the event log, for no table has it."""
    told: list[tuple[str, int, Mapping[str, Any]]] = []
    program = (
        "import json, sys; error = {'code': 'settings', 'message': str(sys.argv[1:])};"
        " print(json.dumps({'error': error})); exit(4)"
    )
    children = ChildRuns(lambda *facts: told.append(facts), (sys.executable, "-c", program))
    assert children.start("-x; touch y") > 0
    await asyncio.gather(*children._waiting)
    ((thread, code, document),) = told
    assert (thread, code, document["error"]["code"]) == ("-x; touch y", 4, "settings")
    assert document["error"]["message"] == str(["resume", "--json", "--", "-x; touch y"])


async def test_a_decision_bears_the_name_of_its_account(room: TakesRoom, settings: Settings) -> None:
    """On a board with accounts, a verdict is that of the account that gave it, in the tables and in the audit."""
    assert room.film(1, "--review", "keyframes").code == 8
    made = await create_token("mara@example.org", grants_of(["all"], "producer"), settings)
    board = Board(settings, BoardOptions(port=8321, accounts=True))
    transport = httpx.ASGITransport(app=create_app(board))
    headers = {"authorization": f"Bearer {made['token']}"}
    async with httpx.AsyncClient(transport=transport, base_url=OWN, headers=headers) as client:
        (item,) = (await client.get(f"{T}/review")).json()["items"]
        body = {"slots": [item["slot"]], "sha256": item["sha256"]}
        assert (await client.post(f"{T}/review/approve", json=body)).status_code == 200
    await board.accounts.close()
    async with open_database(settings.database_url, "read") as database:
        decided = await database.query("SELECT actor FROM slot_decisions")
        audited = await database.query("SELECT actor, slots FROM access_audit WHERE action = 'review/approve'")
    assert [row["actor"] for row in decided] == ["mara@example.org"]
    assert [dict(row) for row in audited] == [{"actor": "mara@example.org", "slots": f'["{item["slot"]}"]'}]
