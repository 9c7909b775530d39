"""What a change of a finished film costs: the price that is said before, and the bill afterwards.

The film has a dozen shots. Every call is paid for, and the writer words each answer anew: what is not kept is bought
again.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import on_d1
from filming import SMALL, clash, environment, metered, rows_of

from clash.database.connection import open_database
from clash.database.decisions import Decision, add_decisions
from clash.vocabulary import Decided

SHOTS = 12
PRICE_MICRO = 10_000
MODELS = {"screenplay": "screenwriter", "image": "illustrator", "video": "cinematographer", "speech": "voice"}
WORDY = tuple(word for kind, model in MODELS.items() for word in (f"--{kind}-model", f"wordy:{model}"))
HEADER = "shot,shot_size,movement,location,characters,description,dialogue,duration"
_PLACES = ("Harbour", "Forest", "Kitchen", "Street")
_SIZES = ("WS", "MS", "CU")


def row(number: int, *, words: str = "", who: str = "", what: str = "") -> str:
    """A row of the story's table."""
    who = who or ("Mara" if number % 2 else "Jonas")
    what = what or f"{who} carries box number {number} to the other side."
    line = words or (f"{who.upper()}: Box {number} is heavy." if number % 4 == 1 else "")
    return f"{number},{_SIZES[number % 3]},static,{_PLACES[number % 4]},{who},{what},{line},0.5"


ROWS = tuple(row(number) for number in range(1, SHOTS + 1))


class Film:
    """A folder with a finished film, `film`, and a meter that counts outside of clash."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.env = environment(METER=str(folder / "meter"), METER_COST="0.01", **variables)

    def story(self, *rows: str, name: str = "changed.csv") -> str:
        """Write a story; its name."""
        (self.folder / name).write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
        return name

    def run(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Run a command with `--json`; its document."""
        ran = clash(self.folder, *arguments, "--json", env={**self.env, **(env or {})})
        assert ran.code == code, ran.err
        return ran.document

    def charged(self) -> Counter[str]:
        """What was charged for so far."""
        return Counter(metered(self.folder / "meter"))

    def fork(self, *changes: str, source: str = "film", thread: str = "fork") -> tuple[dict[str, Any], list[str]]:
        """Fork after asking for the price; the plan, and what was charged for. The price is the bill."""
        before = self.charged()
        plan = self.run("fork", source, "--thread", thread, *changes, "--dry-run")
        assert self.charged() == before, "a dry run has paid for something"
        made = self.run("fork", source, "--thread", thread, *changes)
        assert made["status"] == "completed"
        bought = sorted((self.charged() - before).elements())
        assert micro(plan["price"]["total_usd"]) == len(bought) * PRICE_MICRO, bought
        assert micro(made["cost"]["total_usd"]) == len(bought) * PRICE_MICRO
        assert micro(self.run("cost", thread)["total_usd"]) == len(bought) * PRICE_MICRO
        assert plan["calls"]["to_make"] == len(bought)
        assert sum(step["calls"] for step in plan["price"]["by_step"]) == len(bought)
        return plan, bought


def micro(usd: str) -> int:
    """Dollars as micro-dollars."""
    return round(float(usd) * 1_000_000)


def finished(folder: Path, **variables: str) -> Film:
    """A finished film of a dozen shots."""
    film = Film(folder, **variables)
    film.story(*ROWS, name="story.csv")
    made = film.run("run", "story.csv", "--thread", "film", *SMALL, *WORDY)
    assert micro(made["cost"]["total_usd"]) == film.charged().total() * PRICE_MICRO
    return film


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished film, to be copied."""
    return finished(tmp_path_factory.mktemp("original")).folder


@pytest.fixture
def film(original: Path, tmp_path: Path) -> Film:
    """A finished film of the test's own."""
    folder = tmp_path / "film"
    shutil.copytree(original, folder)
    return Film(folder)


def everything(film: Film) -> list[tuple[Any, ...]]:
    """Every row of the film's run, in every table, as it is stored."""
    url = f"sqlite:///{(film.folder / 'data' / 'checkpoints.db').as_posix()}"
    of_runs = ("workflow_executions", "api_logs", "generated_assets", "film_cuts", "checkpoint_metadata")
    tables = {**dict.fromkeys(of_runs, "run_id"), "checkpoints": "thread_id", "writes": "thread_id"}
    return [
        row
        for table, owner in tables.items()
        for row in rows_of(url, f"SELECT '{table}', * FROM {table} WHERE {owner} = 'film' ORDER BY rowid")
    ]


def film_of(folder: Path, thread: str) -> bytes:
    """The finished film."""
    return (folder / "output" / thread / "film.mp4").read_bytes()


def test_a_fork_without_a_change_costs_nothing(film: Film) -> None:
    """The same film, byte for byte; the run that it was forked from is as it was, byte for byte."""
    before = everything(film)
    plan, bought = film.fork()
    assert bought == []
    assert plan["shots"] == {"kept": SHOTS, "moved": [], "changed": [], "added": [], "removed": []}
    assert plan["price"] == {"total_usd": "0.000000", "estimated": False, "at_most": False, "by_step": []}
    assert film_of(film.folder, "fork") == film_of(film.folder, "film")
    assert everything(film) == before
    shown = film.run("runs", "show", "fork")
    assert shown["forked_from"] == plan["forked_from"]
    assert film.run("runs", "show", "film")["forked_from"] is None
    assert {call["reused"] for call in shown["calls"]} == {True}
    listed = film.run("checkpoints", "ls", "fork")["items"]
    source = film.run("checkpoints", "ls", "film")["items"]
    assert [item["checkpoint_id"] for item in listed][-len(source) :] == [item["checkpoint_id"] for item in source]
    assert {item["cost_usd"] for item in listed} == {"0.000000"}


def test_a_word_of_dialogue_costs_its_speech_and_its_clip(film: Film) -> None:
    """Neither the writer nor a keyframe is asked for."""
    story = film.story(*ROWS[:8], ROWS[8].replace("Box 9 is heavy", "Box 9 is light"), *ROWS[9:])
    plan, bought = film.fork("--story", story)
    assert bought == ["shot:009", "speech:Box_9_is_light."]
    assert plan["shots"]["changed"] == ["shot:009"]
    assert plan["price"]["estimated"] is True, "how long the line takes to say is known only afterwards"


@pytest.mark.parametrize("place", [0, 10])
def test_an_inserted_row_costs_its_own_shot(film: Film, place: int) -> None:
    """The writer writes one row; none of the other shots is made again."""
    new = row(99, who="Ilse", what="Ilse counts the boxes that are left on the quay.")
    plan, bought = film.fork("--story", film.story(*ROWS[:place], new, *ROWS[place:]))
    slot = f"shot:{place + 1:03d}"
    assert bought == sorted(["character:ilse", "screenplay", slot, f"{slot}/keyframe"])
    assert plan["shots"] == {"kept": SHOTS, "moved": [], "changed": [], "added": [slot], "removed": []}
    calls = film.run("runs", "show", "fork")["calls"]
    assert sum(call["reused"] for call in calls) == len(calls) - len(bought), "each was kept in its new slot"


def test_a_deleted_row_costs_nothing(film: Film) -> None:
    """The shots behind it have other numbers; that is all."""
    plan, bought = film.fork("--story", film.story(*ROWS[:4], *ROWS[5:]))
    assert bought == []
    assert plan["shots"] == {"kept": SHOTS - 1, "moved": [], "changed": [], "added": [], "removed": ["shot:005"]}
    published = {path.name for path in (film.folder / "output" / "fork" / "shots").iterdir()}
    assert len(published) == SHOTS - 1
    assert not any(f"{SHOTS:03d}" in name for name in published)


def test_two_rows_swapped_cost_nothing(film: Film) -> None:
    """One of the two was moved."""
    rows = [*ROWS]
    rows[2], rows[6] = rows[6], rows[2]
    plan, bought = film.fork("--story", film.story(*rows))
    assert bought == []
    assert plan["shots"]["kept"] + len(plan["shots"]["moved"]) == SHOTS
    assert set(plan["shots"]["moved"]) == {"shot:003", "shot:007"}


def test_a_look_costs_the_card_and_the_shots_it_is_in(film: Film) -> None:
    """No writer, and no shot without that person."""
    (film.folder / "cast.csv").write_text("name,look\nMara,a yellow oilskin and red boots\n", encoding="utf-8")
    plan, bought = film.fork("--cast", "cast.csv")
    hers = [f"shot:{number:03d}" for number in range(1, SHOTS + 1, 2)]
    assert bought == sorted(["character:mara", *hers, *(f"{slot}/keyframe" for slot in hers)])
    assert plan["shots"]["changed"] == hers
    assert plan["price"]["estimated"] is False


def test_other_clips_cost_clips_only(film: Film) -> None:
    """Begun before the shots with another video model: cards, keyframes, lines and the screenplay are kept."""
    changes = ("--step", "generate_shots", "--video-model", "metered:cinematographer")
    plan, bought = film.fork(*changes)
    assert bought == [f"shot:{number:03d}" for number in range(1, SHOTS + 1)]
    assert plan["forked_from"]["step"] == "generate_shots"
    assert plan["shots"]["kept"] == SHOTS


def test_steps_before_keep_their_cards_whatever_the_models(film: Film) -> None:
    """With another image model too, begun before the shots: keyframes and clips, but no card and no screenplay."""
    models = ("--image-model", "metered:illustrator", "--video-model", "metered:cinematographer", "--size", "208x120")
    _, bought = film.fork("--step", "generate_shots", *models)
    shots = [f"shot:{number:03d}" for number in range(1, SHOTS + 1)]
    assert bought == sorted([*shots, *(f"{slot}/keyframe" for slot in shots)])


def test_a_draft_becomes_the_final_film(film: Film) -> None:
    """The screenplay and the lines, which the presets share, are kept; pictures and clips are bought."""
    presets = {
        "sketch": {"image": "local:illustrator", "video": "local:cinematographer"},
        "last": {
            "screenplay": "metered:screenwriter",
            "image": "wordy:illustrator",
            "video": "wordy:cinematographer",
        },
    }
    film.env["CLASH_PRESETS"] = json.dumps(presets)
    models = ("--screenplay-model", "wordy:screenwriter", "--speech-model", "wordy:voice")
    film.run("run", "story.csv", "--thread", "draft", *SMALL, "--preset", "sketch", *models, "--no-reuse")
    before = film.charged()
    _, bought = film.fork("--preset", "last", source="draft", thread="final")
    cards = {slot.partition("/")[0] for slot in bought if not slot.startswith("shot:")}
    assert len(bought) == 2 * SHOTS + len(cards)
    assert all(slot.startswith(("character:", "location:")) for slot in cards)
    assert film.charged()["screenplay"] == before["screenplay"]


def test_a_run_that_reused_nothing_is_kept_by_its_fork(film: Film) -> None:
    """`--no-reuse` is not taken over, and does not make the fork buy everything again."""
    film.run("run", "story.csv", "--thread", "anew", *SMALL, *WORDY, "--no-reuse")
    _, bought = film.fork(source="anew")
    assert bought == []


def test_a_given_screenplay_costs_the_shots_that_differ(film: Film) -> None:
    """The published screenplay, one action and one line changed by hand; no writer is asked."""
    published = film.folder / "output" / "film" / "screenplay.json"
    text = published.read_text(encoding="utf-8").replace("box number 4 to the other side", "box number 4 home")
    (film.folder / "mine.json").write_text(text, encoding="utf-8")
    plan, bought = film.fork("--screenplay", "mine.json")
    assert plan["shots"]["changed"] == ["shot:004"]
    assert bought == ["shot:004", "shot:004/keyframe"]


def test_the_same_fork_again_goes_on_and_another_is_refused(film: Film) -> None:
    """Like `run`, the command may stand in a script that is repeated; a thread is never something else's."""
    story = film.story(*ROWS[:4], *ROWS[5:])
    film.fork("--story", story)
    before = film.charged()
    assert film.run("fork", "film", "--thread", "fork", "--story", story)["status"] == "already_completed"
    for changes in ((), ("--story", film.story(*ROWS[:3])), ("--story", story, "--size", "208x120")):
        refused = film.run("fork", "film", "--thread", "fork", *changes, code=5)
        assert refused["error"]["code"] == "other_fork"
        assert (
            film.run("fork", "film", "--thread", "fork", *changes, "--dry-run", code=5)["error"]["code"] == "other_fork"
        )
    assert film.run("fork", "fork", "--thread", "film", code=5)["error"]["code"] == "other_fork"
    assert film.charged() == before


def test_run_with_a_changed_story_hints_at_the_fork(film: Film) -> None:
    """The hint names the very command, how many shots change, and the price; typed, it costs just that."""
    film.story(*ROWS[:8], ROWS[8].replace("Box 9 is heavy", "Box 9 is light"), *ROWS[9:], name="story.csv")
    refused = film.run("run", "story.csv", "--thread", "film", *SMALL, *WORDY, code=5)
    hint = refused["error"]["hint"]
    assert "1 shot changes, 2 calls to make: about $0.020000" in hint
    command = shlex.split(hint.split("`")[1])
    assert command[:2] == ["clash", "fork"]
    before = film.charged()
    made = film.run(*command[1:])
    assert made["thread_id"] == "film-2"
    assert (film.charged() - before).total() == 2


def test_a_fork_of_a_fork_keeps_what_both_have(film: Film) -> None:
    """Two edits, one after the other: each costs what it changes."""
    last = row(SHOTS + 1, who="Mara", what="Mara sits down on the last box.")
    film.fork("--story", film.story(*ROWS, last, name="first.csv"))
    second = film.story(*ROWS[1:], last, name="second.csv")
    plan, bought = film.fork("--story", second, source="fork", thread="again")
    assert bought == []
    assert plan["shots"]["removed"] == ["shot:001"]
    assert plan["shots"]["kept"] == SHOTS


def test_a_budget_that_does_not_suffice_pauses_the_fork(film: Film) -> None:
    """It is said before the first call; the rest of the fork is made once there is more."""
    new = row(99, who="Ilse", what="Ilse counts the boxes that are left on the quay.")
    story = film.story(new, *ROWS)
    ran = clash(
        film.folder, "fork", "film", "--thread", "fork", "--story", story, "--budget", "0.02", "--json", env=film.env
    )
    assert ran.code == 6
    assert "will not suffice" in ran.err
    assert film.run("resume", "fork", "--budget", "1")["status"] == "completed"
    assert micro(film.run("cost", "fork")["total_usd"]) == 4 * PRICE_MICRO


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nowhere", "--thread", "fork"), 3),
        (("film", "--thread", "fork", "--checkpoint", "nowhere"), 3),
        (("film", "--thread", "fork", "--step", "nowhere"), 2),
        (("film", "--thread", "fork", "--step", "finalize", "--checkpoint", "x"), 2),
        (("film", "--thread", "fork", "--story", "a", "--screenplay", "b"), 2),
        (("film", "--thread", "../fork"), 2),
        (("film", "--thread", "FILM"), 5),
        (("film", "--thread", "fork", "--story", "nowhere.csv"), 3),
        (("film", "--thread", "fork", "--video-model", "nobody:nothing"), 2),
        (("film", "--thread", "fork", "--preset", "nothing"), 2),
    ],
)
def test_what_cannot_be_forked_is_refused(film: Film, arguments: tuple[str, ...], code: int) -> None:
    """Before anything is written or paid for."""
    before = film.charged()
    film.run("fork", *arguments, code=code)
    assert film.charged() == before
    assert [item["thread_id"] for item in film.run("runs", "ls")["items"]] == ["film"]


@on_d1
def test_edits_cost_the_same_on_d1(tmp_path: Path, database_url: str) -> None:
    """A row inserted at the top, and a fork of that without a change."""
    variables = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    film = finished(tmp_path, DATABASE_URL=database_url, **variables)
    new = row(99, who="Ilse", what="Ilse counts the boxes that are left on the quay.")
    plan, bought = film.fork("--story", film.story(new, *ROWS))
    assert bought == ["character:ilse", "screenplay", "shot:001", "shot:001/keyframe"]
    assert plan["shots"]["kept"] == SHOTS
    assert film.fork(source="fork", thread="again")[1] == []


# -- takes -------------------------------------------------------------------------------------------------------------


async def retaken(film: Film, slot: str, note: str) -> None:
    """Have another take of a slot made, and of the clip that follows from it."""
    url = f"sqlite:///{(film.folder / 'data' / 'checkpoints.db').as_posix()}"
    shot = slot.partition("/")[0]
    asked = [
        Decision(slot, Decided.RETAKE, 2, "batch", variation=2, note=note),
        Decision(shot, Decided.RETAKE, 2, "batch", of_take=2),
    ]
    async with open_database(url, "write") as database:
        assert await add_decisions(database, "film", asked, seen=0)
    before = film.charged()
    assert film.run("resume", "film")["status"] == "completed"
    assert sorted((film.charged() - before).elements()) == [shot, f"{shot}/keyframe"]


def files(film: Film, thread: str) -> dict[tuple[str, str], str]:
    """The sha256 of each asset by its slot and kind."""
    return {(item["slot"], item["kind"]): item["sha256"] for item in film.run("assets", "ls", thread)["items"]}


async def test_a_fork_carries_the_selected_takes(film: Film) -> None:
    """In the slots that their shots have now, whether a writer writes a row or not; nothing is bought again."""
    first = files(film, "film")
    await retaken(film, "shot:007/keyframe", "closer")
    taken = files(film, "film")
    assert taken["shot:007", "keyframe"] != first["shot:007", "keyframe"]
    assert film.fork("--story", film.story(*ROWS[1:]), thread="deleted")[1] == []
    assert files(film, "deleted")["shot:006", "keyframe"] == taken["shot:007", "keyframe"]
    assert files(film, "deleted")["shot:006", "shot"] == taken["shot:007", "shot"]
    new = row(99, who="Ilse", what="Ilse counts the boxes that are left on the quay.")
    _, bought = film.fork("--story", film.story(new, *ROWS), thread="inserted")
    assert bought == ["character:ilse", "screenplay", "shot:001", "shot:001/keyframe"]
    assert files(film, "inserted")["shot:008", "keyframe"] == taken["shot:007", "keyframe"]
    assert files(film, "inserted")["shot:008", "shot"] == taken["shot:007", "shot"]


async def test_a_note_goes_with_a_shot_that_changes(film: Film) -> None:
    """The clip of a changed line is made of the selected keyframe, once, however many takes were asked for."""
    await retaken(film, "shot:009/keyframe", "closer")
    taken = files(film, "film")
    story = film.story(*ROWS[:8], ROWS[8].replace("Box 9 is heavy", "Box 9 is light"), *ROWS[9:])
    _, bought = film.fork("--story", story)
    assert bought == ["shot:009", "speech:Box_9_is_light."]
    assert files(film, "fork")["shot:009", "keyframe"] == taken["shot:009", "keyframe"]


async def test_a_checkpoint_before_a_take_does_not_know_it(film: Film) -> None:
    """A fork at the checkpoint of the first film has that film's takes."""
    newest = film.run("checkpoints", "ls", "film")["items"][0]["checkpoint_id"]
    first = files(film, "film")
    await retaken(film, "shot:007/keyframe", "closer")
    assert film.fork("--checkpoint", newest)[1] == []
    assert files(film, "fork")["shot:007", "keyframe"] == first["shot:007", "keyframe"]
