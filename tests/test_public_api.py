"""`import clash`: the names that programs may use, each imported when it is first used."""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import PLUGINS, metered, shot_list

import clash

NAMES = [
    "AsyncMetadataTracker",
    "BatchReport",
    "BatchRequest",
    "ClashError",
    "Finish",
    "ForkRequest",
    "MetadataTracker",
    "RetakeRequest",
    "RunReport",
    "RunRequest",
    "__version__",
    "aget_checkpointer",
    "alist_checkpoints",
    "approve",
    "batch",
    "batch_dry_run",
    "cancel",
    "diff_checkpoints",
    "diff_runs",
    "dry_run",
    "export",
    "fork",
    "fork_plan",
    "get_checkpointer",
    "init_database",
    "list_checkpoints",
    "reject",
    "resume",
    "retake",
    "retake_plan",
    "review",
    "run",
    "takes",
    "use_take",
    "use_take_plan",
]


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> str:
    """A story of one shot, in a folder whose films are small and whose calls are metered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(PLUGINS))
    for name, value in {
        "DATABASE_URL": database_url,
        "CLASH_SIZE": "128x72",
        "CLASH_FPS": "8",
        "METER": str(tmp_path / "meter"),
        "METER_COST": "0.10",
        "CLASH_IMAGE_MODEL": "metered:illustrator",
    }.items():
        monkeypatch.setenv(name, value)
    return str(shot_list(tmp_path / "story.csv", 1))


def test_the_names_are_these_and_no_others() -> None:
    """`dir(clash)` is the API, whatever of clash was imported; every name can be imported and has a docstring."""
    assert dir(clash) == sorted(clash.__all__) == NAMES
    for name in NAMES:
        value = getattr(clash, name)
        assert name == "__version__" or inspect.getdoc(value), name
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = clash.runn  # type: ignore[attr-defined]


def test_a_name_is_imported_when_it_is_used() -> None:
    """`import clash` imports no other package and no room; `from clash import *` brings the names of the API."""
    program = (
        "import sys, json; before = set(sys.modules)\n"
        "import clash; dir(clash); clash.__version__\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
        "scope = {}; exec('from clash import *', scope)\n"
        "print(json.dumps(sorted(set(scope) - {'__builtins__'})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    first, second = done.stdout.splitlines()
    assert json.loads(first) == ["clash", "clash.version"]
    assert json.loads(second) == NAMES


@on_both_databases
def test_a_script_makes_a_film(story: str, tmp_path: Path) -> None:
    """A dry run, a run that its budget pauses, a cancellation, and a resume to the end; nothing is bought twice."""
    clash.init_database()
    request = clash.RunRequest(story=story, thread_id="mine", budget=Decimal("0.10"))
    expected = asyncio.run(clash.dry_run(request))
    assert (expected["total_usd"], metered(tmp_path / "meter")) == ("0.300000", [])
    paused = asyncio.run(clash.run(request))
    assert (paused.exit_code, paused.document["waiting_for"]) == (6, "budget")
    assert asyncio.run(clash.cancel("mine"))["status"] == "cancelled"
    done = asyncio.run(clash.resume("mine", budget=Decimal("5")))
    assert isinstance(done, clash.RunReport)
    assert (done.exit_code, done.document["status"]) == (0, "completed")
    assert len(metered(tmp_path / "meter")) == len(set(metered(tmp_path / "meter"))) == 3
    assert clash.MetadataTracker("mine").get_workflow_stats()["total_usd"] == "0.300000"


async def ask(app: Any, body: bytes) -> tuple[int, dict[str, Any]]:
    """Ask an ASGI application, as a web server does."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": "/films"}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


async def films(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Make a film for a request, as a handler of FastAPI would: it awaits, and uses what blocks in the same loop."""
    asked = json.loads((await receive())["body"])
    try:
        report = await clash.run(clash.RunRequest(**asked))
        stats = clash.MetadataTracker(asked["thread_id"]).get_workflow_stats()
        checkpoints = await alist(asked["thread_id"])
        status, body = 200, {"status": report.document["status"], "usd": stats["total_usd"], "saved": checkpoints}
    except clash.ClashError as error:
        status, body = 400, {"code": error.code}
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def alist(thread_id: str) -> int:
    """How many checkpoints a thread has, by both functions."""
    awaited = await clash.alist_checkpoints(await clash.aget_checkpointer(), thread_id=thread_id)
    assert awaited == clash.list_checkpoints(clash.get_checkpointer(), thread_id=thread_id)
    return len(awaited)


@on_both_databases
async def test_a_web_server_makes_films_side_by_side(story: str) -> None:
    """Two requests at once in one event loop, and one that cannot be: the server goes on answering."""
    clash.init_database()
    answers = await asyncio.gather(
        *(ask(films, json.dumps({"story": story, "thread_id": name}).encode()) for name in ("one", "two"))
    )
    assert [(status, body["status"]) for status, body in answers] == [(200, "completed")] * 2
    assert min(body["saved"] for _, body in answers) > 3
    assert await ask(films, b'{"story": "nowhere.csv", "thread_id": "three"}') == (400, {"code": "not_found"})
