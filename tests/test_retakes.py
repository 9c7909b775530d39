"""Retakes and selections, typed as people type them, over metered models: what each costs, and what is in the film."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, forked, rows_of
from PIL import Image
from takes_room import TakesRoom

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


@pytest.fixture
def room(tmp_path: Path, database_url: str) -> TakesRoom:
    """A folder with a database of its own."""
    return TakesRoom(tmp_path / "room", database_url)


@on_both_databases
def test_a_shot_is_retaken_for_a_keyframe_and_a_clip(room: TakesRoom) -> None:
    """Priced before as it is billed after; the film is cut again; the old take is one command away, and free."""
    first = room.film(3).document["film"]["sha256"]
    assert room.priced("retake", "t", "shot:002", "--note", "closer") == 2
    assert room.charges("retake", "t", "shot:002", "--note", "closer") == {"shot:002/keyframe": 1, "shot:002": 1}
    assert room.takes("shot:002") == {
        "shot:002/keyframe": [(1, False), (2, True)],
        "shot:002/clip": [(1, False), (2, True)],
    }
    notes = {item["slot"]: item["note"] for item in room.ok("takes", "ls", "t")["items"] if item["take"] == 2}
    assert notes == {"shot:002/keyframe": "closer", "shot:002/clip": "closer", "film": ""}
    assert room.charges("takes", "use", "t", "shot:002", "1") == {}
    again = room.ok("resume", "t")
    assert (again["status"], again["film"]["sha256"]) == ("already_completed", first)
    assert room.takes("film") == {"film": [(1, True), (2, False)]}, "the first film is found, not encoded again"
    assert room.charges("takes", "use", "t", "film", "2") == {}
    assert room.selected("shot:002/clip") == room.selected("shot:002/keyframe") == 2
    room.check_meter()


def test_a_price_says_when_the_bill_may_be_less(room: TakesRoom) -> None:
    """`at_most` where something paid follows from a picture that is made again, for it may come out as it was."""
    room.film(1)
    price = {slot: room.ok("retake", "t", slot, "--dry-run")["price"] for slot in ("shot:001", "shot:001/clip")}
    assert {slot: (one["total_usd"], one["at_most"]) for slot, one in price.items()} == {
        "shot:001": ("0.020000", True),
        "shot:001/clip": ("0.010000", False),
    }


def test_the_price_of_a_retake_counts_what_is_spent(room: TakesRoom) -> None:
    """What the film has cost counts: of a budget of a cent more, a clip can be made again, and a shot cannot."""
    room.film(1)
    spent = len(room.charged)
    budget = f"{(spent + 1) / 100:.6f}"
    for slot, suffices in (("shot:001", False), ("shot:001/clip", True)):
        plan = room.ok("retake", "t", slot, "--budget", budget, "--dry-run")
        assert (plan["budget_usd"], plan["within_budget"]) == (budget, suffices)


def test_takes_that_a_fork_left_behind_are_not_made(room: TakesRoom) -> None:
    """They are listed as what was asked for, and the error for selecting one names the run that has it."""
    room.film(1)
    room.ok("retake", "t", "shot:001/keyframe", "--takes", "2")
    room.ok("fork", "t", "--thread", "f", "--fps", "9")
    states = {(item["slot"], item["take"]): item["state"] for item in room.ok("takes", "ls", "f", "shot:001")["items"]}
    assert (states["shot:001/keyframe", 2], states["shot:001/keyframe", 3]) == ("not_made", "made")
    refused = room.type("takes", "use", "f", "shot:001/keyframe", "2")
    assert refused.code == 3
    assert "`clash takes ls t`" in refused.document["error"]["hint"]
    room.ok("runs", "rm", "t", "--yes")
    assert "`clash takes ls f`" in room.type("takes", "use", "f", "shot:001/keyframe", "2").document["error"]["hint"]


@on_both_databases
def test_three_takes_of_a_clip_are_three_clips(room: TakesRoom) -> None:
    """Nothing else; the last is selected."""
    room.film(2)
    assert room.priced("retake", "t", "shot:001/clip", "--takes", "3") == 3
    assert room.charges("retake", "t", "shot:001/clip", "--takes", "3") == {"shot:001": 3}
    assert room.selected("shot:001/clip") == 4
    room.check_meter()


def test_a_new_keyframe_brings_a_new_clip(room: TakesRoom) -> None:
    """Of three keyframes the last has its clip; an older one brings back its own; one without asks for a yes."""
    room.film(2)
    assert room.charges("retake", "t", "shot:001/keyframe", "--takes", "2") == {"shot:001/keyframe": 2, "shot:001": 1}
    assert room.selected("shot:001/clip") == 2
    assert room.charges("takes", "use", "t", "shot:001/keyframe", "1") == {}
    assert room.selected("shot:001/clip") == 1, "the clip that was made of it"
    refused = room.type("takes", "use", "t", "shot:001/keyframe", "2")
    assert refused.code == 2
    assert refused.document["error"]["code"] == "needs_yes"
    assert "1 call, $0.010000" in refused.document["error"]["message"]
    assert room.selected("shot:001/keyframe") == 1, "nothing was written"
    assert room.charges("takes", "use", "t", "shot:001/keyframe", "2", "--yes") == {"shot:001": 1}
    assert (room.selected("shot:001/keyframe"), room.selected("shot:001/clip")) == (2, 3)
    assert room.charges("takes", "use", "t", "shot:001", "2") == {}
    assert (room.selected("shot:001/keyframe"), room.selected("shot:001/clip")) == (3, 2), "with its own keyframe"
    room.check_meter()


def test_a_pair_of_takes_comes_apart_with_its_keyframe(room: TakesRoom) -> None:
    """After `retake shot:001` the first keyframe brings back the clip that was made of it."""
    room.film(1)
    room.ok("retake", "t", "shot:001")
    assert room.charges("takes", "use", "t", "shot:001/keyframe", "1") == {}
    assert (room.selected("shot:001/keyframe"), room.selected("shot:001/clip")) == (1, 1)


def test_a_card_is_retaken_with_what_it_is_in(room: TakesRoom) -> None:
    """The list and the price are shown, and a yes is needed; then only the shots that refer to it are made again."""
    room.film(4)
    refused = room.type("retake", "t", "location:harbour")
    assert refused.code == 2
    assert refused.document["error"]["code"] == "needs_yes"
    assert "3 calls, at most $0.030000" in refused.document["error"]["message"]
    assert "shot:004/keyframe" in refused.document["error"]["message"]
    assert room.priced("retake", "t", "location:harbour") == 3
    hint = refused.document["error"]["hint"].split("`")[1].split()
    assert room.charges(*hint[1:]) == {"location:harbour": 1, "shot:004/keyframe": 1, "shot:004": 1}
    assert room.charges("takes", "use", "t", "location:harbour", "1") == {}
    assert room.selected("shot:004/keyframe") == room.selected("shot:004/clip") == 1
    room.check_meter()


def test_a_picture_of_the_cast_is_a_take(room: TakesRoom) -> None:
    """What a person gave is the card's first take: another one is drawn, and the given one comes back for nothing."""
    cast = "name,kind,look,image\nMara,character,in red,mara.png\n"
    room.folder.joinpath("cast.csv").write_text(cast, encoding="utf-8")
    Image.new("RGB", (320, 180), (200, 30, 30)).save(room.folder / "mara.png")
    assert room.film(1, "--cast", "cast.csv").code == 0
    (given,) = room.ok("takes", "ls", "t", "character:mara")["items"]
    assert given["path"].endswith("characters/mara.png")
    made = room.charges("retake", "t", "character:mara", "--yes")
    assert made == {"character:mara": 1, "shot:001/keyframe": 1, "shot:001": 1}
    assert room.charges("takes", "use", "t", "character:mara", "1") == {}
    assert [room.selected(slot) for slot in ("character:mara", "shot:001/keyframe", "shot:001/clip")] == [1, 1, 1]
    room.check_meter()


def test_a_line_spoken_again_is_paid_once(room: TakesRoom) -> None:
    """The clip is made again only if the line lasts longer or shorter; the selection of the old line is free."""
    room.film(2, words=True)
    charged = room.charges("retake", "t", "shot:001/speech-1")
    assert charged in ({"speech:Line_1.": 1}, {"speech:Line_1.": 1, "shot:001": 1})
    assert room.selected("shot:001/speech-1") == 2
    assert room.charges("takes", "use", "t", "shot:001/speech-1", "1") == {}
    room.check_meter()


def test_a_line_of_another_length_brings_another_clip(room: TakesRoom) -> None:
    """A hoarse voice takes another time: the clip is made again; the old line brings back the old clip, for nothing."""
    first = room.film(1, words=True).document["film"]["sha256"]
    said = room.ok("retake", "t", "shot:001/speech-1", "--note", "hoarse", "--dry-run")["price"]
    assert said["estimated"], "how long it takes is known only afterwards"
    made = room.charges("retake", "t", "shot:001/speech-1", "--note", "hoarse")
    assert made == {"speech:Line_1.": 1, "shot:001": 1}
    assert room.charges("takes", "use", "t", "shot:001/speech-1", "1") == {}
    assert room.selected("shot:001/clip") == 1
    assert room.ok("resume", "t")["film"]["sha256"] == first


def test_another_model_makes_a_take(room: TakesRoom) -> None:
    """Only the slot that is named; the model stands in the list."""
    room.film(1)
    assert room.charges("retake", "t", "shot:001", "--model", "local:cinematographer") == {"shot:001/keyframe": 1}
    models = {
        item["slot"]: item["model"] for item in room.ok("takes", "ls", "t", "shot:001")["items"] if item["selected"]
    }
    assert models == {"shot:001/keyframe": "metered:illustrator", "shot:001/clip": "local:cinematographer"}
    assert room.type("retake", "t", "shot:001/clip", "--model", "local:illustrator").code == 2
    assert room.type("retake", "t", "shot:001/clip", "--model", "nobody:x").code == 2


@on_both_databases
def test_a_screenplay_written_again_changes_what_differs(room: TakesRoom) -> None:
    """Only its last shot says something else: that one is made again; the first screenplay comes back for nothing."""
    first = room.film(2).document["film"]["sha256"]
    made = room.charges("retake", "t", "screenplay", "--note", "shorter")
    assert made == {"screenplay": 1, "shot:002/keyframe": 1, "shot:002": 1}
    assert (room.selected("screenplay"), room.selected("shot:002/clip"), room.selected("shot:001/clip")) == (2, 2, 1)
    assert room.ok("resume", "t")["film"]["sha256"] != first
    assert room.charges("takes", "use", "t", "screenplay", "1") == {}
    assert (room.selected("screenplay"), room.selected("shot:002/clip"), room.selected("shot:002/keyframe")) == (
        1,
        1,
        1,
    )
    assert room.ok("resume", "t")["film"]["sha256"] == first
    assert room.charges("takes", "use", "t", "film", "2") == {}
    assert (room.selected("screenplay"), room.selected("shot:002/clip")) == (2, 2)


def test_a_screenplay_has_no_prompt(room: TakesRoom) -> None:
    """It is written of the story: a prompt is refused, in words."""
    room.film(1)
    refused = room.type("retake", "t", "screenplay", "--prompt", "x")
    assert (refused.code, refused.document["error"]["code"]) == (2, "usage")
    room.check_meter()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("retake", "t", "shot:009"), 3, "no slot shot:009"),
        (("review", "reject", "t", "shot:009/keyframe"), 3, "t has no slot shot:009/keyframe; there is shot:001"),
        (("retake", "t", "film"), 2, "cut of its shots"),
        (("retake", "t", "shot:001/speech-1", "--prompt", "x"), 2, "no prompt to replace"),
        (("retake", "nobody", "shot:001"), 3, "no run nobody"),
        (("takes", "use", "t", "shot:001/clip", "7"), 3, "there is 1"),
        (("takes", "use", "t", "film", "7"), 3, "there is 1"),
        (("takes", "ls", "t", "shot:009"), 3, "no takes of shot:009"),
    ],
)
def test_what_is_not_there_is_refused_in_words(
    shot_film: TakesRoom, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Nothing is written or paid."""
    before = rows_of(shot_film.url, "SELECT count(*) FROM slot_decisions")
    ran = shot_film.type(*arguments)
    assert ran.code == code, ran.err
    assert said in ran.document["error"]["message"]
    assert rows_of(shot_film.url, "SELECT count(*) FROM slot_decisions") == before


@pytest.fixture(scope="module")
def shot_film(tmp_path_factory: pytest.TempPathFactory) -> TakesRoom:
    """A film of one shot with words, which no test changes."""
    folder = tmp_path_factory.mktemp("film")
    room = TakesRoom(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}")
    assert room.film(1, words=True).code == 0
    return room


def test_a_selection_withdraws_a_retake_that_is_not_begun(room: TakesRoom) -> None:
    """A retake that nobody can afford is no trap: another take is selected, and nothing is paid."""
    room.film(2)
    stopped = room.type("retake", "t", "shot:001/clip", "--note", "slower", "--budget", "0")
    assert (stopped.code, stopped.document["waiting_for"]) == (6, "budget")
    assert room.charges("takes", "use", "t", "shot:001/clip", "1") == {}
    assert room.takes("shot:001/clip")["shot:001/clip"][0] == (1, True)
    assert room.charges("resume", "t") == {}
    room.check_meter()


def test_a_retake_that_is_pending_is_gone_on_with(room: TakesRoom) -> None:
    """The same retake repeated makes what is missing; another one waits for it: exit 5."""
    room.film(2)
    stopped = room.type("retake", "t", "shot:001/clip", "--note", "slower", "--budget", "0")
    assert (stopped.code, stopped.document["waiting_for"]) == (6, "budget")
    refused = room.type("retake", "t", "shot:001/clip", "--note", "faster")
    assert (refused.code, refused.document["error"]["code"]) == (5, "retake_pending")
    assert "clash resume t" in refused.document["error"]["hint"]
    again = room.charges("retake", "t", "shot:001/clip", "--note", "slower", "--budget", "9")
    assert again == {"shot:001": 1}
    assert room.takes("shot:001/clip") == {"shot:001/clip": [(1, False), (2, True)]}
    assert room.charges("retake", "t", "shot:001/clip", "--note", "slower") == {"shot:001": 1}, "now it is a new take"
    room.check_meter()


def test_a_retake_that_was_refused_can_be_given_up(room: TakesRoom) -> None:
    """What the model will not make is asked for with other words, or the old take is selected again."""
    room.film(1)
    assert room.type("retake", "t", "shot:001/clip", METER_CONTENT="shot:001").code == 1
    assert [item["state"] for item in room.ok("takes", "ls", "t", "shot:001/clip")["items"]] == ["made", "failed"]
    assert room.charges("takes", "use", "t", "shot:001/clip", "1") == {}
    assert room.ok("resume", "t")["status"] == "already_completed"
    assert room.charges("retake", "t", "shot:001/clip", "--note", "milder") == {"shot:001": 1}


def test_a_selection_buys_nothing_of_an_unfinished_run(room: TakesRoom) -> None:
    """The run stopped at its budget: the take is selected, what is left waits for `resume`."""
    assert room.film(3, "--budget", "0.08").code == 6
    room.ok("retake", "t", "location:forest", "--budget", "0.09", "--dry-run", "--yes")
    selected = room.type("takes", "use", "t", "character:mara", "1")
    assert (selected.code, selected.document["status"]) == (0, "paused")
    assert any("clash resume t" in warning for warning in selected.document["warnings"])
    assert len(room.charged) == 8


@on_both_databases
def test_every_report_knows_the_selected_take(
    room: TakesRoom, database_of: Callable[[Path], str], tmp_path: Path
) -> None:
    """Files, calls, the sheet of contacts, an export: which take it is; the other takes travel too."""
    room.film(2)
    room.ok("retake", "t", "shot:001")
    files = {(item["slot"], item["kind"]): item["take"] for item in room.ok("assets", "ls", "t")["items"]}
    assert (files["shot:001", "shot"], files["shot:001", "keyframe"], files["shot:002", "shot"]) == (2, 2, 1)
    assert files["film", "film"] == files["film", "contact_sheet"] == 2
    calls = Counter((call["slot"], call["take"]) for call in room.ok("cost", "t", "--calls")["calls_list"])
    assert calls["shot:001", 1] == calls["shot:001", 2] == 1
    dry = room.ok("run", "story.csv", "--thread", "t", "--dry-run", *SMALL, *METERED)
    assert dry["found_calls"] == dry["calls"]
    room.ok("db", "export", "runs.jsonl")
    other = TakesRoom(tmp_path / "other", database_of(tmp_path))
    (other.folder / "runs.jsonl").write_bytes((room.folder / "runs.jsonl").read_bytes())
    other.ok("db", "init")
    (other.folder / "data").mkdir(exist_ok=True)
    imported = other.ok("db", "import", "runs.jsonl")
    assert imported["assets"]["named"] == len(files) + 2 + 2, "two takes and, of the film, the cut and its sheet"
    assert other.takes("shot:001") == room.takes("shot:001")
    assert other.takes("film") == room.takes("film")


def test_a_run_that_is_held_makes_the_retake_itself(room: TakesRoom) -> None:
    """Its author is told so, exit 0; the process that holds the run makes it before it says that it is done."""
    room.film(2, "--budget", "0.05")
    holder = forked(room.folder, "resume", "t", "--budget", "9", "--json", env={**room.env, "METER_DELAY": "2"})
    deadline = time.monotonic() + 60
    while "shot:001" not in room.charged and time.monotonic() < deadline:
        time.sleep(0.02)
    told = room.type("retake", "t", "shot:001/keyframe", "--note", "closer")
    assert (told.code, told.document["status"]) == (0, "running")
    assert any("goes on with what was decided" in warning for warning in told.document["warnings"])
    out, _ = holder.communicate(timeout=120)
    assert json.loads(out)["status"] == "completed"
    assert Counter(room.charged)["shot:001/keyframe"] == Counter(room.charged)["shot:001"] == 2
    assert (room.selected("shot:001/keyframe"), room.selected("shot:001/clip")) == (2, 2)
    room.check_meter()


def test_a_note_reaches_the_provider_and_the_row(room: TakesRoom) -> None:
    """It stands in the request that is recorded, and is no part of the others."""
    room.film(1)
    room.ok("retake", "t", "shot:001/clip", "--note", "pan to the left")
    found = rows_of(room.url, "SELECT take, request FROM api_logs WHERE slot = 'shot:001' ORDER BY take")
    prompts = {take: json.loads(request).get("prompt", "") for take, request in found}
    assert prompts[2].endswith("pan to the left")
    assert "pan to the left" not in prompts[1]
