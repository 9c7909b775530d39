"""What a fork of a film of 300 shots takes: seconds to say its price, and requests on D1 where it pays nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import PLUGINS, shot_list

from clash import ForkRequest, RunRequest, fork, fork_plan, init_database, run
from clash.config import Settings
from clash.database.connection import is_d1
from clash.database.d1.rest import Rest

SHOTS = 300
MOST_SECONDS = 3.0
MOST_REQUESTS = 60
MODELS = {"image": "stock:illustrator", "video": "stock:cinematographer"}


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request to D1, by its path."""
    sent: list[str] = []

    def counted(sender: Callable[..., Any]) -> Callable[..., Any]:
        async def send(self: Rest, path: str, *arguments: Any, **named: Any) -> Any:
            sent.append(path)
            return await sender(self, path, *arguments, **named)

        return send

    for name in ("post", "get"):
        monkeypatch.setattr(Rest, name, counted(getattr(Rest, name)))
    return sent


@on_both_databases
async def test_a_fork_of_three_hundred_shots_is_soon_planned(
    tmp_path: Path, database_url: str, requests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`fork --dry-run` with a row inserted at the top; then a fork that pays nothing."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METER", str(tmp_path / "meter"))
    init_database(database_url)
    settings = Settings(_env_file=None, DATABASE_URL=database_url)
    story = shot_list(tmp_path / "story.csv", SHOTS, seconds=0.5)
    made = await run(RunRequest(str(story), thread_id="film", models=MODELS), settings)
    assert made.exit_code == 0, made.document.error
    lines = story.read_text(encoding="utf-8").splitlines()
    top = "0,WS,static,Forest,Mara,Mara counts the gulls on the roof.,,0.5"
    changed = tmp_path / "changed.csv"
    changed.write_text("\n".join((lines[0], top, *lines[1:])) + "\n", encoding="utf-8")

    requests.clear()
    began = time.monotonic()
    plan = await fork_plan(ForkRequest("film", "planned", story=str(changed)), settings)
    seconds, asked = time.monotonic() - began, len(requests)
    assert (plan.shots.kept, plan.shots.added) == (SHOTS, ["shot:001"])
    assert plan.price.total_usd == "0.000000"
    print(f"\nplan of a fork of {SHOTS} shots: {seconds:.2f} s (at most {MOST_SECONDS}), {asked} requests")

    requests.clear()
    report = await fork(ForkRequest("film", "fork"), settings)
    assert report.exit_code == 0, report.document.error
    print(f"a fork of {SHOTS} shots that pays nothing: {len(requests)} requests (at most {MOST_REQUESTS})")
    assert len(requests) <= MOST_REQUESTS
    assert is_d1(database_url) == bool(requests)
    assert seconds <= MOST_SECONDS
