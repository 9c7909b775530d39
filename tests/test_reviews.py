"""Reviews, typed as people type them, over metered models: what waits, what a verdict does, and what goes on."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, forked, rows_of
from takes_room import TakesRoom

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


@pytest.fixture
def room(tmp_path: Path, database_url: str) -> TakesRoom:
    """A folder with a database of its own."""
    return TakesRoom(tmp_path / "room", database_url)


def in_review(room: TakesRoom, shots: int, stages: str = "keyframes") -> dict[str, Any]:
    """Run a story until it waits for a review; its document."""
    ran = room.film(shots, "--review", stages)
    assert ran.code == 8, ran.err
    document = ran.document
    assert (document["status"], document["waiting_for"]) == ("paused", "review")
    assert document["error"]["code"] == "review"
    return document


def verdicts(document: dict[str, Any]) -> Counter[str | None]:
    """How many files have each verdict."""
    return Counter(item["verdict"] for item in document["items"])


def decisions(room: TakesRoom) -> int:
    """How many rows there are."""
    return int(rows_of(room.url, "SELECT count(*) FROM slot_decisions")[0][0])


def test_two_of_twenty_keyframes_are_rejected(room: TakesRoom) -> None:
    """Two keyframes are paid for before, and twenty clips after: what was said before is what is billed."""
    waiting = in_review(room, 20)
    assert len(waiting["review"]) == 20
    assert all((room.folder / item["path"]).is_file() for item in waiting["review"])
    assert waiting["left"] == {"calls": 20, "cost_usd": "0.200000"}
    rejected = room.ok("review", "reject", "t", "shot:003/keyframe", "shot:017/keyframe", "--note", "darker")
    assert rejected["price"]["total_usd"] == "0.220000"
    approved = room.ok("review", "approve", "t", "--all")
    assert verdicts(approved) == {"approved": 18, "rejected": 2}
    assert room.ok("review", "ls", "t") == approved
    before = len(room.charged)
    again = room.type("resume", "t")
    assert again.code == 8
    made = Counter(room.charged[before:])
    assert {slot: count for slot, count in made.items() if "/" in slot} == {
        "shot:003/keyframe": 1,
        "shot:017/keyframe": 1,
    }
    assert sum(count for slot, count in made.items() if "/" not in slot) == 18, "approved shots go on meanwhile"
    assert [item["slot"] for item in again.document["review"]] == ["shot:003/keyframe", "shot:017/keyframe"]
    assert [item["take"] for item in again.document["review"]] == [2, 2]
    assert again.document["left"] == {"calls": 2, "cost_usd": "0.020000"}
    assert room.ok("review", "approve", "t", "--all")["waiting"] == 0
    assert room.charges("resume", "t") == {"shot:003": 1, "shot:017": 1}
    room.check_meter()


@on_both_databases
def test_nothing_is_made_of_what_waits(room: TakesRoom) -> None:
    """An undecided file waits at every resume; an approved one goes on; a rejected one becomes a take with the note."""
    in_review(room, 2)
    assert room.charges("resume", "t", code=8) == {}
    room.ok("review", "approve", "t", "shot:001/keyframe")
    assert room.charges("resume", "t", code=8) == {"shot:001": 1}
    room.ok("review", "reject", "t", "shot:002/keyframe", "--note", "closer")
    assert room.charges("resume", "t", code=8) == {"shot:002/keyframe": 1}
    notes = [item["note"] for item in room.ok("takes", "ls", "t", "shot:002/keyframe")["items"]]
    assert notes == ["", "closer"]
    room.ok("review", "approve", "t", "shot:002")
    assert room.charges("resume", "t") == {"shot:002": 1}
    assert room.ok("resume", "t")["status"] == "already_completed"
    room.check_meter()


def test_a_retake_in_a_review_is_priced_to_where_it_waits(room: TakesRoom) -> None:
    """The keyframe, and not the clip: that is made after the keyframe is approved."""
    in_review(room, 1)
    assert room.priced("retake", "t", "shot:001/keyframe") == 1
    assert room.charges("retake", "t", "shot:001/keyframe", code=8) == {"shot:001/keyframe": 1}
    room.ok("review", "approve", "t", "--all")
    assert room.charges("resume", "t") == {"shot:001": 1}
    room.check_meter()


@on_both_databases
def test_a_late_verdict_does_no_harm(room: TakesRoom) -> None:
    """About bytes that are not the slot's any more: exit 3, nothing changes. Said twice: nothing changes."""
    in_review(room, 1)
    first = room.sha256("shot:001/keyframe", 1)
    room.ok("review", "reject", "t", "shot:001/keyframe", "--sha256", first)
    rows = decisions(room)
    for arguments in (
        ("reject", "t", "shot:001/keyframe", "--sha256", first),
        ("reject", "t", "shot:001/keyframe"),
        ("approve", "t", "shot:001/keyframe", "--sha256", first[:12]),
    ):
        late = room.type("review", *arguments)
        assert (late.code, late.document["error"]["code"]) == (3, "not_current")
    assert decisions(room) == rows
    assert room.charges("resume", "t", code=8) == {"shot:001/keyframe": 1}
    late = room.type("review", "approve", "t", "shot:001/keyframe", "--sha256", first)
    assert (late.code, late.document["error"]["code"]) == (3, "not_current")
    second = room.sha256("shot:001/keyframe", 2)
    assert second != first
    room.ok("review", "approve", "t", "shot:001/keyframe", "--sha256", second)
    rows = decisions(room)
    room.ok("review", "approve", "t", "shot:001/keyframe", "--sha256", second)
    room.ok("review", "approve", "t", "--all")
    assert decisions(room) == rows, "approved already"
    assert room.charges("resume", "t") == {"shot:001": 1}


def test_a_run_goes_on_with_what_is_judged_meanwhile(room: TakesRoom) -> None:
    """What is approved while a process makes other shots is made by that process, without another resume."""
    in_review(room, 2)
    room.ok("review", "approve", "t", "shot:001/keyframe")
    holder = forked(room.folder, "resume", "t", "--json", env={**room.env, "METER_DELAY": "2"})
    deadline = time.monotonic() + 60
    while "shot:001" not in room.charged and time.monotonic() < deadline:
        time.sleep(0.02)
    room.ok("review", "approve", "t", "--all")
    out, _ = holder.communicate(timeout=120)
    assert json.loads(out)["status"] == "completed"
    room.check_meter()


def test_every_stage_can_be_reviewed(room: TakesRoom) -> None:
    """The run waits after the screenplay, the cards, the keyframes and the clips, in this order."""
    waiting, seen = in_review(room, 1, "shots,cards,screenplay,keyframes"), list[str]()
    while waiting["status"] != "completed":
        seen += sorted({item["stage"] for item in waiting["review"]})
        assert room.ok("review", "approve", "t", "--all")["waiting"] == 0
        waiting = room.type("resume", "t").document
    assert seen == ["screenplay", "cards", "keyframes", "shots"]


def test_the_stages_are_recorded(room: TakesRoom) -> None:
    """A later resume keeps them, `none` ends them, and they are no part of what the film is."""
    in_review(room, 1)
    assert room.ok("runs", "show", "t")["settings"]["review"] == ["keyframes"]
    again = room.type("run", "story.csv", "--thread", "t", *SMALL, *METERED)
    assert again.code == 8, "the same film, whatever is reviewed"
    assert room.charges("resume", "t", "--review", "none") == {"shot:001": 1}
    assert "review" not in room.ok("runs", "show", "t")["settings"]
    assert room.ok("resume", "t", "--review", "shots")["status"] == "already_completed"
    retaken = room.type("retake", "t", "shot:001/clip")
    assert (retaken.code, [item["take"] for item in retaken.document["review"]]) == (8, [2])
    wrong = room.type("resume", "t", "--review", "sound")
    assert (wrong.code, wrong.document["error"]["code"]) == (2, "usage")


def test_a_rejected_clip_of_a_finished_film_is_made_again(room: TakesRoom) -> None:
    """The run has something to do again; `resume` makes it, and cuts the film."""
    assert room.film(1).code == 0
    assert set(verdicts(room.ok("review", "ls", "t"))) == {None}
    room.ok("review", "reject", "t", "shot:001/keyframe", "--prompt", "An empty quay.")
    assert room.ok("runs", "ls")["items"][0]["status"] == "paused"
    assert room.charges("resume", "t") == {"shot:001/keyframe": 1, "shot:001": 1}
    room.check_meter()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("approve", "t"), 2),
        (("approve", "t", "shot:001", "--all"), 2),
        (("approve", "t", "shot:001", "shot:002", "--sha256", "0" * 64), 2),
        (("approve", "t", "shot:001/keyframe", "--sha256", "none"), 2),
        (("approve", "t", "shot:009"), 3),
        (("approve", "t", "shot:001/clip"), 3),
        (("reject", "t", "shot:001/speech-1"), 3),
        (("reject", "t", "screenplay", "--prompt", "x"), 2),
        (("ls", "nobody"), 3),
    ],
)
def test_what_cannot_be_judged_is_refused(reviewed: TakesRoom, arguments: tuple[str, ...], code: int) -> None:
    """In words, with nothing written."""
    before = decisions(reviewed)
    assert reviewed.type("review", *arguments).code == code
    assert decisions(reviewed) == before


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> TakesRoom:
    """A film that waits for the review of its keyframes, which no test changes."""
    folder = tmp_path_factory.mktemp("reviewed")
    room = TakesRoom(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}")
    in_review(room, 1)
    return room


def test_a_retake_in_review_says_the_whole_price(room: TakesRoom) -> None:
    """The keyframe is paid for now, the clip once it is approved: the dry run says both, and that is billed."""
    in_review(room, 1)
    room.ok("review", "approve", "t", "--all")
    assert room.type("resume", "t").code == 0
    plan = room.ok("retake", "t", "shot:001", "--note", "other", "--dry-run")
    assert (plan["calls"]["to_make"], plan["price"]["total_usd"]) == (1, "0.010000")
    assert (plan["calls"]["once_approved"], plan["price"]["once_approved_usd"]) == (2, "0.020000")
    before = len(room.charged)
    waits = room.type("retake", "t", "shot:001", "--note", "other")
    assert waits.code == 8
    assert "$0.010000 now, in all up to $0.020000 once what waits for a review is approved" in waits.err
    room.ok("review", "approve", "t", "--all")
    assert room.type("resume", "t").code == 0
    assert len(room.charged) - before == 2
