"""Every hint is typed as it stands: what it names does what it says."""

from __future__ import annotations

import ast
import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from filming import METERED, SMALL, Ran, clash, environment, metered, query, shot_list
from hints import PLACEHOLDERS, commands_in, type_all

from clash.assets import AssetStore

PAID = (
    "--image-model",
    "oneshot:illustrator",
    "--video-model",
    "oneshot:cinematographer",
    "--speech-model",
    "oneshot:voice",
)
COST = "0.10"


@dataclass
class Room:
    """A folder with a story of two shots; pictures and clips cost ten cents each."""

    folder: Path
    env: dict[str, str]

    def clash(self, *arguments: str, **env: str) -> Ran:
        return clash(self.folder, *arguments, env={**self.env, **env})

    def run(self, *flags: str, thread: str = "t", **env: str) -> Ran:
        return self.clash("run", "story.csv", "--thread", thread, *SMALL, *PAID, *flags, "--json", **env)

    def hint_of(self, ran: Ran, code: str) -> str:
        error = ran.document["error"]
        assert error["code"] == code, (error, ran.err)
        assert error["hint"] is not None
        assert f"hint: {error['hint']}" in ran.err
        return error["hint"]

    def typed(self, hint: str, **env: str) -> list[Ran]:
        assert commands_in(hint), hint
        return type_all(hint, self.folder, {**self.env, **env})

    def charged(self) -> list[str]:
        return metered(self.folder / "meter")

    def change_story(self, before: str, after: str) -> None:
        story = self.folder / "story.csv"
        story.write_text(story.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A room of its own."""
    shot_list(tmp_path / "story.csv", 2)
    return Room(tmp_path, environment(METER=str(tmp_path / "meter"), METER_COST=COST, CLASH_ATTEMPTS="1"))


# -- runs that ended ---------------------------------------------------------------------------------------------


def test_after_refused_content_the_changed_story_becomes_a_film(room: Room) -> None:
    """The new words are asked for; what is unchanged is found again and not paid for."""
    refused = room.run(METER_CONTENT="shot:002/keyframe")
    hint = room.hint_of(refused, "content_refused")
    before = room.charged()
    room.change_story("Mara does thing number 2.", "Mara waves.")
    (made,) = room.typed(hint)
    assert made.code == 0, made.err
    assert query(room.folder, "SELECT status FROM workflow_executions WHERE run_id = 't-2'") == [("completed",)]
    new = room.charged()[len(before) :]
    assert sorted(new) == ["shot:002", "shot:002/keyframe"]


def test_a_second_refusal_of_content_names_a_third_thread(room: Room) -> None:
    """And so on: each hint names a thread that is free."""
    hint = room.hint_of(room.run(METER_CONTENT="shot:002/keyframe"), "content_refused")
    (again,) = room.typed(hint, METER_CONTENT="shot:002/keyframe")
    assert again.code == 1
    assert "--thread t-3" in again.err


def test_refused_content_leads_over_what_failed_beside_it(room: Room) -> None:
    """A resume would ask for the refused words again, so its hint is told."""
    ran = room.run(METER_CONTENT="shot:002/keyframe", METER_FAIL="shot:001/keyframe")
    room.hint_of(ran, "content_refused")


@pytest.mark.parametrize("name", ["my story, v2; 'final'.csv", "-story.csv", "海 上.csv"])
def test_a_story_of_any_name_is_named_so_that_a_shell_takes_it(room: Room, name: str) -> None:
    """Spaces, quotes, a dash at its beginning; and every flag that the run was given."""
    (room.folder / "story.csv").rename(room.folder / name)
    flags = ("--thread", "t", *SMALL, *PAID, "--budget", "5", "--output", "my films", "--json")
    refused = room.clash("run", *flags, "--", name, METER_CONTENT="location:forest")
    hint = room.hint_of(refused, "content_refused")
    (made,) = room.typed(hint)
    assert made.code == 0, made.err
    assert (room.folder / "my films/t-2/film.mp4").exists()
    assert query(room.folder, "SELECT budget_micro FROM workflow_executions WHERE run_id = 't-2'") == [(5_000_000,)]


@pytest.mark.parametrize("budget", ["0.05", "0.25", "0.45"])
def test_the_budget_that_a_hint_names_suffices(room: Room, budget: str) -> None:
    """One resume with it makes the film; the sum is not far above what the film costs. It was said beforehand."""
    ran = room.run("--budget", budget)
    hint = room.hint_of(ran, "budget")
    first_lines = ran.err.partition("generate_assets")[0]
    assert f"the budget of ${Decimal(budget):f}" in first_lines
    (made,) = room.typed(hint)
    assert made.code == 0, made.err
    (named,) = [Decimal(part) for part in commands_in(hint)[0] if part.replace(".", "").isdigit()]
    spent = Decimal(query(room.folder, "SELECT spent_micro FROM workflow_executions")[0][0]) / 10**6
    assert spent <= named <= spent * Decimal("1.2")


def test_the_quota_that_a_hint_names_suffices(room: Room) -> None:
    """Its two commands raise the quota of the project and make the film; what is there is not paid for again."""
    assert room.clash("db", "init").code == 0
    assert room.clash("projects", "set", "acme", "--monthly-quota", "0.25").code == 0
    planned = room.run("--project", "acme", "--dry-run")
    assert planned.document["quota_left_usd"] == "0.250000"
    assert not planned.document["within_quota"]
    ran = room.run("--project", "acme")
    assert (ran.code, ran.document["status"], ran.document["waiting_for"]) == (6, "paused", "quota")
    assert "the project acme has $0.250000 left" in ran.err.partition("generate_assets")[0]
    assert int(ran.document["left"]["calls"]) > 0
    raised, made = room.typed(room.hint_of(ran, "quota_reached"))
    assert (raised.code, made.code) == (0, 0), made.err
    assert len(room.charged()) == len(set(room.charged()))
    spent = query(room.folder, "SELECT project, spent_micro, reserved_micro FROM project_months")
    assert spent == [("acme", len(room.charged()) * 100_000, 0)]
    (quota,) = query(room.folder, "SELECT monthly_quota_micro FROM projects")
    assert spent[0][1] <= quota[0] <= spent[0][1] * 1.2


def test_a_budget_that_suffices_is_not_spoken_of(room: Room) -> None:
    """No warning without a reason."""
    ran = room.run("--budget", "5")
    assert ran.code == 0, ran.err
    assert "budget" not in ran.err


def test_the_hint_for_an_unknown_call_makes_it_again(room: Room) -> None:
    """It is the consent."""
    hint = room.hint_of(room.run(METER_DROP="shot:001/keyframe"), "unknown_call")
    assert [ran.code for ran in room.typed(hint)][-1] == 0


@pytest.mark.parametrize(
    ("env", "code"),
    [
        ({"METER_FAIL": "shot:001/keyframe"}, "overloaded"),
        ({"METER_BUSY": "999", "CLASH_RATE_LIMIT_WAIT_S": "0.1"}, "rate_limited"),
    ],
)
def test_the_hint_of_a_failure_that_passes_goes_on(room: Room, env: dict[str, str], code: str) -> None:
    """Once what was wrong is over."""
    hint = room.hint_of(room.run(**env), code)
    assert [ran.code for ran in room.typed(hint)] == [0]


def test_the_hint_of_a_job_that_did_not_end_looks_again(room: Room) -> None:
    """For the one charge."""
    flags = ("--image-model", "queued:illustrator")
    ran = room.run(*flags, METER_HANG="job", CLASH_JOB_TIMEOUT_S="0.2")
    assert [again.code for again in room.typed(room.hint_of(ran, "job_timeout"))] == [0]
    assert len(room.charged()) == len(set(room.charged()))


def test_the_hint_of_a_call_that_never_answered_asks_again(room: Room) -> None:
    """Under the same key."""
    ran = room.clash(
        "run", "story.csv", "--thread", "t", *SMALL, *METERED, "--json", METER_HANG="await", CLASH_CALL_TIMEOUT_S="2"
    )
    assert [again.code for again in room.typed(room.hint_of(ran, "no_answer"))] == [0]


def test_the_hint_for_a_lost_paid_file_buys_it_again(room: Room) -> None:
    """The asset store is gone; the story's own file is put back, the rest is bought with consent."""
    room.run(METER_FAIL="shot:002/keyframe")
    (sha256,) = query(room.folder, "SELECT asset_sha256 FROM api_logs WHERE slot = 'shot:001' AND state = 'succeeded'")[
        0
    ]
    AssetStore(room.folder / "data/assets").path(sha256).unlink()
    shutil.rmtree(room.folder / "output", ignore_errors=True)
    lost = room.clash("resume", "t", "--json")
    assert [ran.code for ran in room.typed(room.hint_of(lost, "asset_lost"))] == [0]


# -- conflicts -----------------------------------------------------------------------------------------------------


def test_the_hint_for_another_story_begins_another_run(room: Room) -> None:
    """With the models, the size and the budget that were just asked for."""
    assert room.run().code == 0
    room.change_story("Mara does thing number 2.", "Mara waves.")
    ran = room.run("--budget", "3")
    assert ran.code == 5
    (made,) = room.typed(room.hint_of(ran, "other_story"))
    assert made.code == 0, made.err
    assert query(room.folder, "SELECT budget_micro FROM workflow_executions WHERE run_id = 't-2'") == [(3_000_000,)]


def test_the_hint_for_other_settings_goes_on_as_it_was_begun(room: Room) -> None:
    """Nothing is changed by it."""
    room.run(METER_FAIL="shot:002/keyframe")
    ran = room.clash("run", "story.csv", "--thread", "t", "--size", "256x144", "--json")
    assert ran.code == 5
    assert [again.code for again in room.typed(room.hint_of(ran, "other_settings"))] == [0]


@pytest.mark.parametrize("damage", ["graph_version", "damaged_checkpoint"])
def test_the_hint_for_a_lost_run_makes_its_film_again(room: Room, damage: str) -> None:
    """Under a new thread, for no more than was not made yet."""
    room.run(METER_FAIL="shot:002/keyframe")
    connection = sqlite3.connect(room.folder / "data/checkpoints.db")
    statement = {
        "graph_version": "UPDATE workflow_executions SET graph_version = 99",
        "damaged_checkpoint": "UPDATE checkpoints SET checkpoint = x'ffff00'",
    }[damage]
    connection.execute(statement)
    connection.commit()
    connection.close()
    before = len(room.charged())
    ran = room.clash("resume", "t", "--json")
    (made,) = room.typed(room.hint_of(ran, damage))
    assert made.code == 0, made.err
    assert sorted(room.charged()[before:]) == ["shot:002", "shot:002/keyframe"]


# -- commands that were typed wrongly ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("resume", "nosuch"), 3),
        (("runs", "show", "nosuch"), 3),
        (("checkpoints", "ls", "nosuch"), 3),
        (("checkpoints", "show", "t", "nosuch"), 3),
        (("cost", "nosuch"), 3),
        (("cost", "--calls"), 2),
        (("assets", "ls", "nosuch"), 3),
        (("cancel", "nosuch"), 3),
        (("db", "export", "--thread", "nosuch", "out"), 3),
        (("run",), 2),
        (("nosuch",), 2),
        (("run", "story.csv", "--nosuch"), 2),
        (("run", "story.csv", "--preset", "nosuch"), 2),
        (("db", "nosuch"), 2),
    ],
)
def test_the_hint_for_a_command_that_cannot_be_works(room: Room, arguments: tuple[str, ...], exit_code: int) -> None:
    """What it names is there, and ends with exit 0."""
    assert room.clash("run", "story.csv", "--thread", "t", *SMALL, "--video-model", "local:cinematographer").code == 0
    ran = room.clash(*arguments, "--json")
    assert ran.code == exit_code, ran.err
    hint = json.loads(ran.out)["error"]["hint"]
    for again in type_all(hint, room.folder, room.env):
        assert again.code == 0, (hint, again.err)


def test_the_hint_before_the_first_run_shows_how(room: Room) -> None:
    """Where nothing was made yet it names the help of `run` and what creates the database; both can be typed."""
    ran = room.clash("runs", "ls", "--json")
    assert ran.code == 3
    shown, created = room.typed(ran.document["error"]["hint"])
    assert (shown.code, "clash run" in shown.out, created.code) == (0, True, 0)
    assert room.clash("runs", "ls", "--json").code == 0


# -- hints as they stand in the code -----------------------------------------------------------------------------


def _hints_in_the_code() -> list[tuple[str, str]]:
    """Every hint that is written as a plain text: where it stands, and the text."""
    root = Path(__file__).parents[1] / "clash"
    found: list[tuple[str, str]] = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                found += [
                    (f"{path.relative_to(root)}:{node.value.lineno}", text.value)
                    for text in ast.walk(node.value)
                    if isinstance(text, ast.Constant) and isinstance(text.value, str)
                ]
    assert len(found) > 100
    return found


def test_no_hint_in_the_code_leaves_a_command_to_be_filled_in() -> None:
    """A command between backquotes can be typed as it stands: no THREAD, no FILE, no dots."""
    unfinished = [
        (where, command)
        for where, hint in _hints_in_the_code()
        for command in commands_in(hint)
        if PLACEHOLDERS.search(" ".join(command))
    ]
    # An example of a command that writes a file of this very name is whole.
    assert [item for item in unfinished if item[1][:2] != ["db", "export"]] == []


def test_a_command_that_stands_alone_is_one_line_of_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    """What the helper finds in each of the forms that hints have."""
    cases: list[tuple[str, list[list[str]]]] = [
        ("clash resume -- -x", [["resume", "--", "-x"]]),
        ("wait; then: `clash resume t`", [["resume", "t"]]),
        ("`clash runs ls` lists them; `wrangler d1 list` too", [["runs", "ls"]]),
        ("put them back", []),
    ]
    check: Callable[[str], list[list[str]]] = commands_in
    assert [check(hint) for hint, _ in cases] == [found for _, found in cases]
    assert capsys.readouterr().out == ""
