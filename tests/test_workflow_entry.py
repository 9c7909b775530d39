"""The first design's one call that makes a film: with a budget, with models, and again where it stopped."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import PLUGINS, metered, shot_list

from clash.database import ainit_database
from clash.database.metadata import MetadataTracker
from clash.errors import UsageError
from clash.workflow import run_video_production_workflow

MODELS = {"image": "metered:illustrator", "video": "metered:cinematographer"}


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    """A story of one shot, in a folder whose films are small and whose calls are metered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(PLUGINS))
    for name, value in {
        "DATABASE_URL": database_url,
        "CLASH_SIZE": "128x72",
        "CLASH_FPS": "8",
        "METER": str(tmp_path / "meter"),
        "METER_COST": "0.10",
    }.items():
        monkeypatch.setenv(name, value)
    return shot_list(tmp_path / "story.csv", 1)


@on_both_databases
async def test_a_film_is_paused_at_its_budget_and_resumed(story: Path, tmp_path: Path) -> None:
    """Budget and models are keywords; with more budget it goes on, and the sums are those of the tracker."""
    await ainit_database()
    paused = await run_video_production_workflow(
        story_csv_path=str(story), thread_id="run-123", budget="0.15", models=MODELS
    )
    assert (paused["status"], paused["error"]["code"], paused["run_id"]) == ("paused", "budget", "run-123")
    assert paused["errors"] == [paused["error"]["message"]]
    done = await run_video_production_workflow(
        thread_id="run-123", resume=True, budget=Decimal("5.00"), retry_unknown=True
    )
    assert (done["status"], done["errors"]) == ("completed", [])
    stats = MetadataTracker("run-123").get_workflow_stats()
    assert f"{done['total_cost']:.2f}" == f"{stats['total_cost']:.2f}" != "0.00"
    assert set(Counter(metered(tmp_path / "meter")).values()) == {1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"resume": True}, "needs a thread_id"),
        ({}, "needs a story_csv_path"),
        ({"story_csv_path": "s.csv", "budget": "much"}, "no amount of dollars"),
        ({"story_csv_path": "s.csv", "models": {"pictures": "a:b"}}, "no kind of model"),
        ({"thread_id": "t", "resume": True, "models": MODELS}, "keeps its models"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    arguments: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is made, with what is missing."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        await run_video_production_workflow(**arguments)
    assert list(tmp_path.iterdir()) == []
