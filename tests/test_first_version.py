"""What clash 0.1 bought is found: a database and store that it made, with paid calls of four runs.

`first_version/purchases.zip` was made by the first version (commit 2a9e379): its database, and the files of its paid
calls. Runs: `story-oneshot` and `shots-queued` (metered plug-ins for everything), `story-local-writer` (free writer and
voice, metered pictures and clips), `story-vendors` (`--preset final` against the vendors' emulator).
`pictures.zip` is of the same version: `shots-local-pictures`, whose pictures are free and whose clips are metered.
"""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from filming import Ran, clash, environment, metered

from clash.calls.content_key import content_key
from clash.providers.ports import Answer, Context, ImageRequest, Kind, Request, SpeechRequest, VideoRequest
from clash.providers.registry import Model

PURCHASES = Path(__file__).parent / "first_version" / "purchases.zip"
FORMAT = ("--size", "128x72", "--fps", "8")
PICTURES = PURCHASES.with_name("pictures.zip")
KINDS = ("screenplay", "image", "video", "speech")
RUNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "story-oneshot": (
        "story.csv",
        tuple(f"--{kind}-model=oneshot" for kind in ("screenplay", "image", "video", "speech")),
    ),
    "shots-queued": (
        "shots.csv",
        tuple(f"--{kind}-model=queued" for kind in ("screenplay", "image", "video", "speech")),
    ),
    "story-local-writer": ("story.csv", ("--image-model=queued", "--video-model=oneshot")),
    "story-vendors": ("story.csv", ("--preset", "final")),
}


@pytest.fixture
def bought(tmp_path: Path) -> Path:
    """A folder as the first version left it."""
    with zipfile.ZipFile(PURCHASES) as files:
        files.extractall(tmp_path)
    return tmp_path


def today(folder: Path, *arguments: str) -> Ran:
    """Run clash there, with the meter and the vendors' addresses of then."""
    with sqlite3.connect(folder / "data/checkpoints.db") as connection:
        (endpoint,) = connection.execute("SELECT min(endpoint) FROM api_logs WHERE service = 'openai'").fetchone()
    address = re.sub(r"/v1$", "", endpoint)
    vendors = {
        "OPENAI_API_KEY": "sk-of-the-tests-0123456789",
        "OPENAI_BASE_URL": f"{address}/v1",
        "FAL_KEY": "key-of-the-tests:0123456789",
        "FAL_BASE_URL": f"{address}/fal",
    }
    meter = {"METER": str(folder / "meter"), "METER_COST": "0.01", "METER_REVISION": "1"}
    return clash(folder, *arguments, env=environment(**vendors, **meter))


def test_clips_of_free_pictures_are_found(tmp_path: Path) -> None:
    """The illustrator of then drew otherwise: its pictures still serve where clips were paid that are made of them."""
    with zipfile.ZipFile(PICTURES) as files:
        files.extractall(tmp_path)
    meter = tmp_path / "meter"
    env = environment(METER=str(meter), METER_COST="0.01", METER_REVISION="cinematographer-1")
    changed = (tmp_path / "shots.csv").read_text(encoding="utf-8").replace("looks at the sea", "sits down")
    (tmp_path / "changed.csv").write_text(changed, encoding="utf-8")
    clash(tmp_path, "db", "init", env=env)
    forked = ("fork", "shots-local-pictures", "--thread")
    for command, price in (
        (("run", "shots.csv", "--thread", "again", "--video-model=oneshot", *FORMAT), "0.000000"),
        ((*forked, "from-its-story", "--step", "initialize"), "0.000000"),
        ((*forked, "changed", "--story", "changed.csv"), "0.010000"),
    ):
        planned = clash(tmp_path, *command, "--dry-run", "--json", env=env).document
        made = clash(tmp_path, *command, "--json", env=env)
        assert made.code == 0, made.err
        assert planned.get("price", planned)["total_usd"] == made.document["cost"]["total_usd"] == price, command
    assert metered(meter) == ["shot:002"]


def to_pay(planned: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a dry run that cost something and whose answers are not there yet."""
    paid = [line for line in planned["by_step"] if not line["model"].startswith("local:")]
    return [line for line in paid if line["found_calls"] != line["calls"]]


@pytest.mark.parametrize("run", RUNS)
def test_a_new_run_pays_for_nothing_again(bought: Path, run: str) -> None:
    """A dry run of the same story finds every paid call, and so does the run itself, which charges nothing."""
    assert today(bought, "db", "init").code == 0
    story, models = RUNS[run]
    planned = today(bought, "run", story, "--thread", "again", *models, *FORMAT, "--dry-run", "--json")
    assert planned.code == 0, planned.err
    assert to_pay(planned.document) == []
    assert planned.document["total_usd"] == "0.000000"
    made = today(bought, "run", story, "--thread", "again", *models, *FORMAT, "--json")
    assert made.code == 0, made.err
    assert made.document["cost"]["total_usd"] == "0.000000"
    assert not (bought / "meter").exists() or "charge" not in (bought / "meter").read_text()


@pytest.mark.parametrize("run", RUNS)
def test_a_fork_pays_for_nothing_again(bought: Path, run: str) -> None:
    """A fork of a run of the first version keeps every call, and makes the film without a charge."""
    assert today(bought, "db", "init").code == 0
    planned = today(bought, "fork", run, "--thread", "fork", "--dry-run", "--json")
    assert planned.code == 0, planned.err
    assert planned.document["price"]["total_usd"] == "0.000000"
    made = today(bought, "fork", run, "--thread", "fork", "--json")
    assert made.code == 0, made.err
    assert made.document["cost"]["total_usd"] == "0.000000"
    assert not (bought / "meter").exists() or "charge" not in (bought / "meter").read_text()


@pytest.mark.parametrize("is_there", [True, False], ids=["with its table", "without"])
def test_a_changed_table_pays_for_the_change(bought: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    """A release that takes 老人 for a device reads another row differently: it stays, wherever the old table is."""
    monkeypatch.setenv("METER_READER", "老人")
    today(bought, "db", "init")
    story = bought / "shots.csv"
    (bought / "changed.csv").write_text(story.read_text("utf-8").replace("热汤面", "牛肉面"), "utf-8")
    if not is_there:
        story.unlink()
    forked = ("fork", "shots-queued", "--thread", "fork", "--story", "changed.csv", "--json")
    planned = today(bought, *forked, "--dry-run").document
    assert planned["shots"]["changed"] == ["shot:003"]
    assert any("1 shot (shot:002): this version of clash reads" in text for text in planned["warnings"])
    made = today(bought, *forked)
    assert (made.code, made.document["cost"]["total_usd"]) == (0, planned["price"]["total_usd"]), made.err
    assert set(metered(bought / "meter")) == {"screenplay", "shot:003/keyframe", "shot:003"}
    assert today(bought, *forked, "--reread", "--dry-run").document["error"]["code"] == "other_fork"


@pytest.mark.parametrize("run", ["story-oneshot", "story-local-writer"])
def test_a_finished_run_stays_finished(bought: Path, run: str) -> None:
    """The first version's run is `already_completed`, and resuming it charges nothing.

    The archive holds no film: that is told, and a film in its place is enough.
    """
    assert today(bought, "db", "init").code == 0
    lost = today(bought, "resume", run, "--json")
    assert (lost.code, lost.document["error"]["code"]) == (1, "asset_lost")
    film = bought / "output" / run / "film.mp4"
    film.parent.mkdir(parents=True, exist_ok=True)
    film.write_bytes(b"the film that was made then")
    resumed = today(bought, "resume", run, "--json")
    assert (resumed.code, resumed.document["status"]) == (0, "already_completed"), resumed.err


def test_first_keys_are_rewritten_once(bought: Path) -> None:
    """The first run gives every paid call of then a key of today; the next finds nothing left to rewrite."""
    today(bought, "db", "init")
    story, models = RUNS["story-oneshot"]
    assert today(bought, "run", story, "--thread", "again", *models, *FORMAT).code == 0
    with sqlite3.connect(bought / "data/checkpoints.db") as connection:
        left = connection.execute(
            "SELECT run_id, slot, service, key_version FROM api_logs WHERE key_version <> 2 AND service <> 'local'"
        ).fetchall()
    assert left == []


def test_a_moved_shot_of_then_is_found(bought: Path) -> None:
    """Today's key of a shot that the first version bought does not change with its number, its row or its slate."""
    today(bought, "db", "init")
    assert today(bought, "run", "story.csv", "--thread", "again", *RUNS["story-oneshot"][1], *FORMAT).code == 0
    with sqlite3.connect(bought / "data/checkpoints.db") as connection:
        rows = connection.execute(
            "SELECT kind, key, service, request FROM api_logs WHERE run_id = 'story-oneshot' AND slot LIKE 'shot:%'"
        ).fetchall()
    assert {row[0] for row in rows} == {"image", "video", "speech"}
    for kind, key, service, written in rows:
        request: dict[str, Any] = json.loads(written)
        if "shot" in request:
            request["shot"] |= {"number": 77, "source_row": 99}
            request |= {"slate": "SC 09   SHOT 077"} if kind == "video" else {}
        changed = {"image": ImageRequest, "video": VideoRequest, "speech": SpeechRequest}[kind].model_validate(request)
        assert content_key(Model(Paid(service), MODELS[kind]), changed) == key, written


MODELS = {"image": "illustrator", "video": "cinematographer", "speech": "voice"}


class Paid:
    """A plug-in of the first version's port: it knows nothing of identities."""

    endpoint, idempotent, concurrency = "https://metered.example/v1", False, 1

    def __init__(self, name: str) -> None:
        self.name = name

    def models(self) -> dict[Kind, tuple[str, ...]]:
        return {}

    def revision(self, model: str, request: Request) -> str:
        return "1"

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        raise AssertionError("no call is made here")
