"""A film whose pictures and words are free and whose clips are paid, changed by a later release of clash.

In the later release the free local models have another revision and give other answers (`METER_LOCAL`). What was paid
for was made of the answers of before: it is charged again only where a change asks for something else.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import SMALL, rows_of
from takes_room import TakesRoom

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")

PAID_CLIPS = ("--video-model", "metered:cinematographer")
HEADER = "shot,shot_size,movement,location,characters,description,dialogue,duration\n"
ROWS = (
    "1,WS,push in,Harbour,Mara,Mara carries a box.,MARA: It is heavy.,0.5\n",
    "2,MS,static,Kitchen,Jonas,Jonas pours a cup of tea.,JONAS: At last.,0.5\n",
    '3,CU,static,Kitchen,"Mara, Jonas",They look at each other.,,0.5\n',
)
CHANGED = ROWS[1].replace("pours a cup of tea", "reads a letter")


def film_of(folder: Path, url: str, *models: str) -> TakesRoom:
    """A folder with a film of three shots, made by today's release; what is typed next is typed in a later one."""
    room = TakesRoom(folder, url)
    room.env["METER_REVISION"] = "1"
    story(room, *ROWS, name="story.csv")
    room.ok("run", "story.csv", "--thread", "t", *SMALL, *models)
    room.env["METER_LOCAL"] = "12"
    return room


def story(room: TakesRoom, *rows: str, name: str = "changed.csv") -> str:
    """Write a story; its name."""
    (room.folder / name).write_text(HEADER + "".join(rows), encoding="utf-8")
    return name


def url_of(folder: Path) -> str:
    """The URL of the SQLite database of a folder."""
    return f"sqlite:///{(folder / 'clash.db').as_posix()}"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a film with paid clips, to be copied."""
    folder = tmp_path_factory.mktemp("original")
    room = film_of(folder, url_of(folder), *PAID_CLIPS)
    assert sorted(room.charged) == ["shot:001", "shot:002", "shot:003"]
    return folder


@pytest.fixture
def room(original: Path, tmp_path: Path) -> TakesRoom:
    """A film with paid clips of the test's own, in a later release."""
    folder = tmp_path / "room"
    shutil.copytree(original, folder)
    room = TakesRoom(folder, url_of(folder))
    room.env |= {"METER_REVISION": "1", "METER_LOCAL": "12"}
    return room


def bought(room: TakesRoom, *command: str) -> list[str]:
    """Type a command; the slots that are charged. What its dry run said before is the bill."""
    price = room.ok(*command, "--dry-run")
    price = price.get("price", price)["total_usd"]
    charges = sorted(room.charges(*command).elements())
    assert price == f"{len(charges) / 100:.6f}", (price, charges)
    return charges


@on_both_databases
def test_a_later_release_charges_the_change_alone(tmp_path: Path, database_url: str) -> None:
    """A fork with one other row, a fork of that fork, and a retake: of each, what it asks for and nothing else."""
    room = film_of(tmp_path / "room", database_url, *PAID_CLIPS)
    changed = story(room, ROWS[0], CHANGED, ROWS[2])
    assert bought(room, "fork", "t", "--thread", "f", "--story", changed) == ["shot:002"]
    assert bought(room, "fork", "f", "--thread", "back", "--story", "story.csv") == [], "found where it was first made"
    assert bought(room, "retake", "t", "shot:003") == ["shot:003"]


@pytest.mark.parametrize("step", ["", "initialize", "generate_shots"])
def test_a_fork_from_any_step_charges_nothing(room: TakesRoom, step: str) -> None:
    """Also from before the pictures were drawn: the pictures of then are found, and the clips made of them."""
    assert bought(room, "fork", "t", "--thread", "f", *(("--step", step) if step else ())) == []


def test_moved_and_removed_rows_charge_nothing(room: TakesRoom) -> None:
    """The pictures of what is left stay those of then, wherever their rows stand."""
    moved = story(room, ROWS[2], ROWS[0])
    assert bought(room, "fork", "t", "--thread", "f", "--story", moved) == []


def test_takes_of_then_come_back_for_nothing(room: TakesRoom) -> None:
    """A retake charges what it makes again; to select the takes of the older release charges nothing."""
    assert room.charges("retake", "t", "shot:001") == {"shot:001": 1}
    assert room.charges("takes", "use", "t", "shot:001/keyframe", "1") == {}
    assert room.charges("retake", "t", "location:kitchen", "--yes") == {"shot:002": 1, "shot:003": 1}
    assert room.charges("takes", "use", "t", "location:kitchen", "1") == {}
    assert room.charges("fork", "t", "--thread", "f") == {}


def test_another_take_of_a_line_charges_its_clip(room: TakesRoom) -> None:
    """The clip is as long as its line; with the line of before, the clip of before comes back."""
    assert room.charges("retake", "t", "shot:002/speech-1") == {"shot:002": 1}
    assert room.charges("takes", "use", "t", "shot:002/speech-1", "1") == {}


def test_a_rejected_picture_charges_its_clip_alone(room: TakesRoom) -> None:
    """A review in the later release keeps the clips of all pictures that it approves."""
    room.type("resume", "t", "--review", "keyframes")
    room.ok("review", "reject", "t", "shot:002/keyframe")
    assert room.charges("resume", "t", code=8) == {}
    room.ok("review", "approve", "t", "--all")
    assert room.charges("resume", "t") == {"shot:002": 1}


def test_pictures_without_paid_clips_are_drawn_again(tmp_path: Path) -> None:
    """Nothing was paid for with the pictures of then: paid clips are made of the pictures of today's release."""
    room = film_of(tmp_path / "room", url_of(tmp_path))
    room.env.pop("METER_LOCAL")
    assert bought(room, "run", "story.csv", "--thread", "same", *SMALL, *PAID_CLIPS) == [
        "shot:001",
        "shot:002",
        "shot:003",
    ]


def test_a_later_picture_does_not_hide_the_paid_one(room: TakesRoom) -> None:
    """A film with free clips has pictures of the later release; one with paid clips finds those of then after it."""
    room.ok("run", "story.csv", "--thread", "free", *SMALL, "--speech-model", "metered:voice")
    drawn = rows_of(room.url, "SELECT DISTINCT reused FROM api_logs WHERE run_id = 'free' AND kind = 'image'")
    assert drawn == [(0,)]
    assert bought(room, "run", "story.csv", "--thread", "again", *SMALL, *PAID_CLIPS) == []
