"""SIGKILL while people decide and while the run makes what they decided: nothing is bought twice, no film is wrong."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import rows_of
from takes_room import TakesRoom

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

POINTS = (
    "decisions.before",
    "decisions.after",
    "decisions.applied",
    "intent.after",
    "answer.after",
    "receipt.after",
    "settle.after",
    "checkpoint.after:2",
    "publish.before",
    "publish.after",
    "cut.after",
)
OF_SELECTIONS = ("decisions.before", "decisions.after", "decisions.applied", "checkpoint.after:2", "publish.after")


@on_both_databases
def test_a_retake_killed_anywhere_is_made_once(
    tmp_path: Path, database_url: str, database_of: Callable[[Path], str]
) -> None:
    """The same command, typed again, goes on: one keyframe and one clip are bought, and the film has both."""
    points = POINTS if database_url.startswith("sqlite") else ("decisions.after", "decisions.applied", "cut.after")
    room = TakesRoom(tmp_path / "room", database_of(tmp_path))
    assert room.film(1).code == 0
    for number, point in enumerate(points, start=2):
        before = Counter(room.charged)
        wanted = ("retake", "t", "shot:001", "--note", f"note {number}")
        assert room.type(*wanted, CLASH_FAULT=point).code == -9, point
        if point not in ("publish.after", "cut.after", "publish.before", "checkpoint.after:2"):
            assert room.type(*wanted).code == 0, point  # all its takes may be made: then it would be another one
        assert room.ok("resume", "t")["status"] in ("completed", "already_completed")
        made = Counter(room.charged) - before
        assert made == {"shot:001/keyframe": 1, "shot:001": 1}, point
        assert (room.selected("shot:001/keyframe"), room.selected("shot:001/clip")) == (number, number), point
        film = room.ok("resume", "t")["film"]["sha256"]
        assert film == room.sha256("film", number), point
        room.check_meter()
    assert film_cuts(room) == len(points) + 1, "each film is recorded once"


def film_cuts(room: TakesRoom) -> int:
    """How many films were cut."""
    return int(rows_of(room.url, "SELECT count(*) FROM film_cuts")[0][0])


@on_both_databases
def test_a_selection_killed_anywhere_is_found(
    tmp_path: Path, database_url: str, database_of: Callable[[Path], str]
) -> None:
    """Typed again it selects the take, for nothing; before it is written nothing has changed."""
    room = TakesRoom(tmp_path / "room", database_of(tmp_path))
    assert room.film(1).code == 0
    room.ok("retake", "t", "shot:001")
    films = {take: room.sha256("film", take) for take in (1, 2)}
    assert films[1] != films[2]
    paid = len(room.charged)
    points = OF_SELECTIONS if database_url.startswith("sqlite") else OF_SELECTIONS[1:3]
    for number, point in enumerate(points):
        take = 1 + number % 2
        assert room.type("takes", "use", "t", "shot:001", str(take), CLASH_FAULT=point).code == -9, point
        assert room.type("takes", "use", "t", "shot:001", str(take)).code == 0, point
        assert (room.selected("shot:001/keyframe"), room.selected("shot:001/clip")) == (take, take)
        assert room.ok("resume", "t")["film"]["sha256"] == films[take], point
    assert len(room.charged) == paid
    room.check_meter()


@pytest.mark.parametrize("point", ["decisions.after", "intent.after"])
def test_a_killed_selection_makes_its_clip_when_typed_again(tmp_path: Path, database_url: str, point: str) -> None:
    """The clip that a selected keyframe needs is bought once, though the selection was written before the kill."""
    room = TakesRoom(tmp_path / "room", database_url)
    assert room.film(1).code == 0
    room.ok("retake", "t", "shot:001/keyframe", "--takes", "2")
    wanted = ("takes", "use", "t", "shot:001/keyframe", "2", "--yes")
    assert room.type(*wanted, CLASH_FAULT=point).code == -9
    assert room.charges(*wanted) == {"shot:001": 1}
    assert (room.selected("shot:001/keyframe"), room.selected("shot:001/clip")) == (2, 3)
    assert room.ok("resume", "t")["status"] == "already_completed"
    room.check_meter()


@pytest.mark.parametrize("way", ["resume", "--retry-unknown"])
def test_a_fork_does_not_buy_what_a_killed_run_may_have(tmp_path: Path, database_url: str, way: str) -> None:
    """It stops with exit code 8 and writes nothing; both ways out that it names work."""
    room = TakesRoom(tmp_path / "room", database_url)
    assert room.film(1, CLASH_FAULT="answer.after:2").code == -9
    before, wanted = Counter(room.charged), ("fork", "t", "--thread", "f", "--fps", "9")
    stopped = room.type(*wanted)
    assert (stopped.code, stopped.document["error"]["code"]) == (8, "unknown_call"), stopped.out
    assert way in stopped.document["error"]["hint"]
    assert "--retry-unknown" in room.ok(*wanted, "--dry-run")["warnings"][-1]
    assert Counter(room.charged) == before
    assert room.type("runs", "show", "f").code == 3
    if way == "resume":
        assert room.ok("resume", "t")["status"] == "completed"
        assert room.charges(*wanted) == {"shot:001": 1}, "nothing but the clip has another number of frames"
    else:
        assert room.charges(*wanted, way)["shot:001"] == 1


def test_a_screenplay_killed_between_what_follows(tmp_path: Path, database_url: str) -> None:
    """What follows from a screenplay is decided once, whether the kill came before or after it was written."""
    room = TakesRoom(tmp_path / "room", database_url)
    assert room.film(2).code == 0
    for number, point in enumerate(("decisions.before:2", "decisions.after:2", "checkpoint.after:3"), start=2):
        before = Counter(room.charged)
        assert room.type("retake", "t", "screenplay", "--note", point, CLASH_FAULT=point).code == -9, point
        assert room.type("resume", "t").code == 0
        made = Counter(room.charged) - before
        assert made == {"screenplay": 1, "shot:002/keyframe": 1, "shot:002": 1}, point
        assert room.takes("shot:002/clip")["shot:002/clip"][-1] == (number, True)
        assert [room.selected(slot) for slot in ("screenplay", "shot:002/keyframe", "shot:001/clip")] == [
            number,
            number,
            1,
        ]
    room.check_meter()


@on_both_databases
def test_a_verdict_killed_anywhere_counts_once(
    tmp_path: Path, database_url: str, database_of: Callable[[Path], str]
) -> None:
    """A rejection is one take, however often it is typed; a killed resume goes on with it."""
    room = TakesRoom(tmp_path / "room", database_of(tmp_path))
    assert room.film(1, "--review", "keyframes").code == 8
    for number, point in enumerate(("decisions.before", "decisions.after"), start=2):
        sha256 = room.sha256("shot:001/keyframe", number - 1)
        verdict = ("review", "reject", "t", "shot:001/keyframe", "--sha256", sha256)
        assert room.type(*verdict, CLASH_FAULT=point).code == -9
        assert room.type(*verdict).code == (0 if point == "decisions.before" else 3)
        assert room.type("resume", "t", CLASH_FAULT="decisions.applied").code == -9
        assert room.charges("resume", "t", code=8) == {"shot:001/keyframe": 1}
        assert len(room.takes("shot:001/keyframe")["shot:001/keyframe"]) == number
    assert room.type("review", "approve", "t", "--all", CLASH_FAULT="decisions.after").code == -9
    assert room.charges("resume", "t") == {"shot:001": 1}
    room.check_meter()
