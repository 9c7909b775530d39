"""`--batch NAME` of commands for one run: it is judged, cancelled, pruned, exported and summed as a whole."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import METERED, Ran, environment, forked_clash, rows_of
from test_batch import SMALL, keys, stories
from test_documents import holds

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


class Room:
    """A folder with the batch `n` of two stories, all of whose models are metered."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.env = environment(DATABASE_URL=url, METER=str(folder / "meter"), METER_COST="0.10", METER_TAKES="1")
        stories(folder, "Ana", "Bo")

    def type(self, *arguments: str, code: int = 0) -> Ran:
        """Type a command that ends with this exit code."""
        ran = forked_clash(self.folder, *arguments, env=self.env)
        assert ran.code == code, (arguments, ran.out, ran.err)
        return ran

    def told(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Type a command with `--json`; its document."""
        return self.type(*arguments, "--json", code=code).document

    def film(self, *flags: str, code: int = 0) -> dict[str, Any]:
        """Film the batch, or go on with it."""
        return self.told("batch", "s/*.csv", "--batch", "n", *SMALL, *METERED, *flags, code=code)

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        """The run and the slot of every decision."""
        return rows_of(self.url, "SELECT run_id, slot FROM slot_decisions ORDER BY run_id, slot")


@pytest.fixture
def room(tmp_path: Path, database_url: str) -> Room:
    """A folder with a database of its own."""
    return Room(tmp_path, database_url)


@on_both_databases
def test_a_batch_is_approved_as_one_run_is(room: Room) -> None:
    """It says what waits and costs, approves nothing without --all or a slot, and then all; nothing is bought twice."""
    waiting = room.film("--review", "keyframes", code=8)
    shows, approves, goes_on = waiting["error"]["hint"].split("`")[1::2]
    assert (shows, approves) == ("clash review ls --batch n", "clash review approve --batch n --all")
    assert goes_on.startswith("clash batch ")
    listed = room.told("review", "ls", "--batch", "n")
    holds("review-batch", listed)
    assert [(run["thread_id"], run["review"]["waiting"]) for run in listed["items"]] == [("n-Ana", 1), ("n-Bo", 1)]
    assert (listed["waiting"], listed["judged"], listed["price"]["total_usd"]) == (2, 0, "0.200000")
    assert listed["price"]["by_step"] == [{"step": "generate_shots", "calls": 2, "cost_usd": "0.200000"}]
    assert room.told("review", "approve", "--batch", "n", code=2)["error"]["code"] == "usage"
    assert room.verdicts == []
    piped = room.type("review", "approve", "--batch", "n", "--all").out
    assert room.verdicts == [("n-Ana", "shot:001/keyframe"), ("n-Bo", "shot:001/keyframe")]
    assert all(f"{run}\tkeyframes\tshot:001/keyframe\t1\tapproved" in piped for run in ("n-Ana", "n-Bo"))
    again = room.told("review", "approve", "--batch", "n", "--all")
    assert (again["waiting"], again["judged"], again["error"]) == (0, 0, None)
    room.film()
    assert len(keys(room.folder / "meter")) == len(set(keys(room.folder / "meter")))


def test_a_run_that_fails_does_not_keep_the_others(room: Room) -> None:
    """A slot that one run does not have: it is named with the reason, the others are judged, and the exit code is 3."""
    room.film("--review", "cards", code=8)
    rejected = room.told("review", "reject", "--batch", "n", "character:bo", "--note", "older", code=3)
    holds("review-batch", rejected)
    ana, bo = rejected["items"]
    assert (ana["thread_id"], ana["exit_code"], ana["review"], ana["error"]["code"]) == ("n-Ana", 3, None, "not_found")
    assert (bo["judged"], bo["exit_code"], bo["error"]) == (["character:bo"], 0, None)
    assert room.verdicts == [("n-Bo", "character:bo")]
    assert (rejected["judged"], rejected["exit_code"]) == (1, 3)
    shown = room.type("review", "reject", "--batch", "n", "character:ana", code=3)
    assert "error: 1 of 2 runs failed; n-Bo: n-Bo has no slot character:ana" in shown.err
    assert room.told("review", "approve", "--batch", "n", "--all", "--sha256", "0" * 12, code=2)["error"]["hint"]


def test_a_batch_and_a_run_are_not_both_meant(room: Room) -> None:
    """Nor neither of them; and a batch that has no runs is exit 3. Nothing is changed by any of it."""
    room.film("--review", "keyframes", code=8)
    for words in (("review", "ls"), ("cancel",), ("checkpoints", "prune", "--yes")):
        assert room.told(*words, "n-Ana", "--batch", "n", code=2)["error"]["code"] == "usage"
        assert room.told(*words, "--batch", "nope", code=3)["error"]["code"] == "not_found"
    assert "--batch NAME" in room.told("cancel", code=2)["error"]["hint"]
    assert room.told("db", "export", "x", "--thread", "n-Ana", "--batch", "n", code=2)["error"]["code"] == "usage"
    assert room.told("db", "export", "x", "--batch", "nope", code=3)["error"]["code"] == "not_found"
    statuses = rows_of(room.url, "SELECT DISTINCT status FROM workflow_executions")
    assert statuses == [("paused",)]


@on_both_databases
def test_a_batch_is_cancelled_but_for_what_is_completed(room: Room) -> None:
    """The completed run stays; the other is cancelled, and goes on with the same `clash batch`."""
    room.film("--review", "keyframes", code=8)
    room.told("review", "approve", "n-Ana", "--all")
    room.film(code=8)
    cancelled = room.told("cancel", "--batch", "n")
    holds("cancel-batch", cancelled)
    assert {run["thread_id"]: run["status"] for run in cancelled["items"]} == {
        "n-Ana": "completed",
        "n-Bo": "cancelled",
    }
    assert (cancelled["cancelled"], cancelled["exit_code"]) == (1, 0)
    assert rows_of(room.url, "SELECT run_id FROM workflow_executions WHERE status = 'cancelled'") == [("n-Bo",)]
    room.told("review", "approve", "--batch", "n", "--all")
    assert room.film()["status"] == "completed"


@on_both_databases
def test_a_batch_is_pruned_exported_and_summed(room: Room) -> None:
    """Another run stays as it is and out of the file; a removed run's money moves along, and every sum is the same."""
    room.film()
    room.told("run", "s/Ana.csv", "--thread", "alone", "--size", "160x90", "--fps", "8", *METERED)
    of_alone = "SELECT count(*) FROM checkpoints WHERE thread_id = 'alone'"
    before = rows_of(room.url, of_alone)
    pruned = room.told("checkpoints", "prune", "--batch", "n", "--keep-latest", "--yes")
    assert {item["thread_id"] for item in pruned["items"] if item["pruned"]} == {"n-Ana", "n-Bo"}
    assert rows_of(room.url, of_alone) == before
    room.told("runs", "rm", "n-Bo", "--yes")
    exported = room.told("db", "export", "n.jsonl.gz", "--batch", "n")
    assert [item["thread_id"] for item in exported["items"]] == ["n-Ana"]
    there = f"sqlite:///{room.folder}/there.db"
    room.told("db", "init", "--database", there)
    room.told("db", "import", "n.jsonl.gz", "--database", there)
    here, moved = room.told("cost", "--batch", "n"), room.told("cost", "--batch", "n", "--database", there)
    assert here == moved
    holds("cost-batch", here)
    charged = Decimal("0.10") * len(keys(room.folder / "meter"))
    assert Decimal(here["total_usd"]) < charged == Decimal(room.told("cost")["total_usd"]), "the run alone cost, too"
    for by in ("step", "provider", "model", "day", "project", "precision"):
        assert sum(Decimal(item["cost_usd"]) for item in here[f"by_{by}"]) == Decimal(here["total_usd"]), by
    assert [run["thread_id"] for run in here["removed"]] == ["n-Bo"]
    shown = room.type("cost", "--batch", "n", "--by", "model").out
    assert "\nmodel\tcalls\t" in shown
    assert "metered:illustrator" in shown
