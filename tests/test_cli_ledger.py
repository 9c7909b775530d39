"""What a person does about money at the command line: say beforehand, limit, look, consent, cancel."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import SMALL, Ran, clash, command, environment, forked, forked_clash, metered, query, shot_list
from forks import Fork

ROOT = Path(__file__).parent.parent
PAID = ("--image-model", "oneshot", "--video-model", "oneshot")
KEYED = ("--image-model", "metered", "--video-model", "metered")
PRICE = Decimal("0.10")
posix_only = pytest.mark.skipif(os.name == "nt", reason="processes and signals of POSIX")


def paid(folder: Path, **changes: str) -> dict[str, str]:
    """A child's environment in which a picture or clip of `oneshot` costs ten cents."""
    return environment(METER=str(folder / "meter"), METER_COST=str(PRICE), **changes)


def usd(amount: Decimal) -> str:
    return f"{amount:.6f}"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One film, with all that may hold it up: estimated, out of budget, an answer lost, consent, done."""
    folder = tmp_path_factory.mktemp("history")
    shot_list(folder / "story.csv", 2)
    begin, go_on = ("run", "story.csv", "--thread", "h", *SMALL, *PAID), ("resume", "h")
    told: dict[str, Any] = {"folder": folder}

    def do(name: str, *arguments: str, **changes: str) -> None:
        told[name] = clash(folder, *arguments, "--json", env=paid(folder, **changes))
        told[f"{name} meter"] = metered(folder / "meter")

    do("estimate", *begin, "--dry-run", "--budget", "0.5")
    told["files after the estimate"] = sorted(path.name for path in folder.iterdir())
    do("out of budget", *begin, "--budget", "0.35")
    do("answer lost", *go_on, "--budget", "5", METER_DROP="shot:002")
    do("no consent", *go_on)
    do("done", *go_on, "--retry-unknown")
    do("estimate again", "run", "story.csv", *SMALL, *PAID, "--dry-run")
    return told


def test_a_dry_run_says_what_would_be_called_and_makes_nothing(history: dict[str, Any]) -> None:
    """Per step and model: calls, units, price, cost; the sum and whether it is within the budget; no file is made."""
    ran: Ran = history["estimate"]
    assert ran.code == 0, ran.err
    document = ran.document
    paid_lines = [line for line in document["by_step"] if line["model"].startswith("oneshot:")]
    assert [(line["step"], line["kind"], line["calls"]) for line in paid_lines] == [
        ("generate_assets", "image", 3),
        ("generate_shots", "image", 2),
        ("generate_shots", "video", 2),
    ]
    for line in paid_lines:
        assert (line["found_calls"], line["unit"], line["unit_price_usd"]) == (0, "call", usd(PRICE))
        assert Decimal(line["cost_usd"]) == PRICE * Decimal(line["units"]) == PRICE * line["calls"]
    assert document["total_usd"] == usd(7 * PRICE)
    assert (document["budget_usd"], document["within_budget"]) == ("0.500000", False)
    assert "is more than is left of the budget of $0.50" in ran.err
    assert history["files after the estimate"] == ["story.csv"]
    assert history["estimate meter"] == []


def test_the_budget_pauses_the_run_and_says_what_is_left(history: dict[str, Any]) -> None:
    """$0.35 buy three calls of ten cents: exit 6, paused, and the document has what is left and what it costs."""
    ran: Ran = history["out of budget"]
    assert ran.code == 6, ran.err
    assert len(history["out of budget meter"]) == 3
    document = ran.document
    assert (document["status"], document["cost"]) == ("paused", {"total_usd": "0.300000", "budget_usd": "0.350000"})
    assert document["left"] == {"calls": 4, "cost_usd": usd(4 * PRICE)}
    assert document["error"]["code"] == "budget"
    assert document["error"]["hint"] == "raise the budget: `clash resume --budget 0.70 h`"
    assert "2 wait in generate_shots" in document["error"]["message"]


def test_a_lost_answer_is_listed_with_its_possible_cost(history: dict[str, Any]) -> None:
    """Exit 8: which call, of whom, when, and its price; the hint is the command that accepts the risk."""
    ran: Ran = history["answer lost"]
    assert ran.code == 8, ran.err
    (unknown,) = ran.document["unknown"]
    assert (unknown["slot"], unknown["service"], unknown["model"]) == ("shot:002", "oneshot", "cinematographer")
    assert unknown["quoted_cost_usd"] == usd(PRICE)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", unknown["started_at"])
    assert ran.document["left"] == {"calls": 1, "cost_usd": usd(PRICE)}
    assert "clash resume --retry-unknown h" in ran.document["error"]["hint"]


def test_a_call_that_may_be_paid_waits_for_consent(history: dict[str, Any]) -> None:
    """Resume alone asks again, and calls nothing; `--retry-unknown` calls that one thing, and the film is done."""
    assert history["no consent"].code == 8
    assert history["no consent meter"] == history["answer lost meter"]
    assert history["done"].code == 0, history["done"].err
    assert history["done meter"] == [*history["no consent meter"], "shot:002"]
    assert history["done"].document["unknown"] == []


def test_what_is_there_is_not_estimated_again(history: dict[str, Any]) -> None:
    """After the film a dry run of its story, under no thread at all, finds everything, and costs nothing."""
    document = history["estimate again"].document
    assert document["calls"] == document["found_calls"] > 0
    assert (document["total_usd"], document["within_budget"]) == ("0.000000", True)


def test_cost_shows_the_estimate_beside_the_bill(history: dict[str, Any]) -> None:
    """Seven calls were estimated and paid; an eighth may have been: its money stays reserved, and is told apart."""
    document = clash(history["folder"], "cost", "h", "--json").document
    assert document["total_usd"] == document["estimate_usd"] == usd(7 * PRICE)
    assert document["reserved_usd"] == document["unknown_usd"] == usd(PRICE)
    assert (document["unknown_calls"], document["budget_usd"]) == (1, "5.000000")
    assert document["by_precision"] == [
        {"precision": "exact", "calls": document["calls"] - 1, "cost_usd": usd(7 * PRICE)}
    ]
    assert len(history["done meter"]) == 8
    (of_all,) = clash(history["folder"], "cost", "--json").document["items"]
    for name in ("total_usd", "estimate_usd", "unknown_usd", "reserved_usd", "calls", "unknown_calls"):
        assert of_all[name] == document[name], name


def test_every_attempt_is_in_the_audit_trail(history: dict[str, Any]) -> None:
    """`cost --calls` and `runs show`: the lost attempt and the one that replaced it, with quote, cost, time, error."""
    calls = clash(history["folder"], "cost", "h", "--calls", "--json").document["calls_list"]
    assert calls == clash(history["folder"], "runs", "show", "h", "--json").document["calls"]
    lost, again = (call for call in calls if call["slot"] == "shot:002")
    assert (lost["state"], lost["cost_usd"], lost["quoted_cost_usd"]) == ("unknown", "0.000000", usd(PRICE))
    assert "TimeoutError: no answer within 30 s" in lost["error"]
    assert (again["state"], again["cost_usd"], again["attempt"]) == ("succeeded", usd(PRICE), 2)
    assert all(call["duration_ms"] is not None and call["ended_at"] for call in calls)
    charged = sum(Decimal(call["cost_usd"]) for call in calls)
    assert charged + PRICE == len(history["done meter"]) * PRICE
    piped = clash(history["folder"], "cost", "h", "--calls").out
    assert len([line for line in piped.splitlines() if line.startswith("shot:002\t")]) == 2


def test_every_file_that_is_listed_can_be_opened(history: dict[str, Any]) -> None:
    """`stored_path` leads to the very bytes from where clash was called, also of speech, which has no other name."""
    items = clash(history["folder"], "assets", "ls", "h", "--json").document["items"]
    assert items
    for item in items:
        content = (history["folder"] / item["stored_path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == item["sha256"]


def test_a_finished_run_cannot_be_called_off(history: dict[str, Any]) -> None:
    """`cancel` of a completed run is a conflict, of an unknown one exit 3, and neither changes anything."""
    ran = clash(history["folder"], "cancel", "h", "--json")
    assert (ran.code, ran.document["error"]["code"]) == (5, "finished")
    assert clash(history["folder"], "cancel", "nobody", "--json").code == 3
    assert query(history["folder"], "SELECT status FROM workflow_executions") == [("completed",)]


def keys(value: Any, prefix: str = "") -> Iterator[str]:
    """Every key of a document, with its path: `items[].lease.pid`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{prefix}{name}"
            yield from keys(inner, f"{prefix}{name}.")
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, f"{prefix[:-1]}[].")


FREE_FORM = re.compile(
    r"^(steps|settings|metadata|progress|values|pending|rows|table_bytes|facts|items\[\]\.(?:facts|progress))\."
)


@pytest.mark.parametrize(
    ("heading", "arguments"),
    [
        ("runs ls", ("runs", "ls")),
        ("runs show", ("runs", "show", "h")),
        ("cost", ("cost", "h")),
        ("assets ls", ("assets", "ls", "h")),
        ("checkpoints ls", ("checkpoints", "ls", "h")),
        ("checkpoints show", ("checkpoints", "show", "h")),
        ("db status", ("db", "status")),
        ("The estimate of a run", "estimate"),
        ("The outcome of a run", "answer lost"),
    ],
)
def test_documents_have_the_keys_that_are_documented(
    heading: str, arguments: tuple[str, ...] | str, history: dict[str, Any]
) -> None:
    """Every key of a real document stands in the example of docs/commands.md, and every key there in the document."""
    ran = history[arguments] if isinstance(arguments, str) else clash(history["folder"], *arguments, "--json")
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.partition(f"\n### {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    examples = [json.loads(part) for part in re.findall(r"^```json\n(.*?)^```", section, re.MULTILINE | re.DOTALL)]
    documented = {key for key in keys(examples[0]) if not FREE_FORM.match(key)}
    real = {key for key in keys(ran.document) if not FREE_FORM.match(key)}
    nullable = ("film.", "error.", "lease.", "unknown[].", "items[].lease.", "outputs[].")
    assert real <= documented
    assert {key for key in documented - real if not key.startswith(nullable)} == set()


@posix_only
@on_both_databases
def test_who_holds_a_run_and_calling_it_off(tmp_path: Path, database_url: str) -> None:
    """While it runs `runs ls` names the process, after SIGKILL it says that it is gone; `cancel` ends one elsewhere."""
    shot_list(tmp_path / "story.csv", 4)
    env = paid(tmp_path, DATABASE_URL=database_url, METER_DELAY="0.4")
    child = forked(
        tmp_path, "run", "story.csv", "--thread", "-k", *SMALL, *KEYED, "--concurrency", "1", "--json", env=env
    )
    wait_for_charges(child, tmp_path, 1)
    (held,) = forked_clash(tmp_path, "runs", "ls", "--json", env=env).document["items"]
    assert (held["status"], held["lease"]["pid"], held["lease"]["live"]) == ("running", str(child.pid), True)
    child.kill()
    child.communicate()
    (gone,) = forked_clash(tmp_path, "runs", "ls", "--json", env=env).document["items"]
    assert (gone["status"], gone["lease"]["pid"], gone["lease"]["live"]) == ("running", str(child.pid), False)

    child = forked(tmp_path, "resume", "--concurrency", "1", "--json", "--", "-k", env=env)
    wait_for_charges(child, tmp_path, len(metered(tmp_path / "meter")) + 2)
    called_off = forked_clash(tmp_path, "cancel", "--json", "--", "-k", env=env)
    assert called_off.code == 0, called_off.err
    assert called_off.document == {"schema": 1, "thread_id": "-k", "status": "cancelled", "running": True}
    charged = len(metered(tmp_path / "meter"))
    out, err = child.communicate(timeout=60)
    document = json.loads(out)
    assert (child.wait(0), document["status"], document["error"]["code"]) == (1, "cancelled", "cancelled"), err
    assert document["error"]["hint"] == "clash resume -- -k"
    assert len(metered(tmp_path / "meter")) <= charged + 1  # the call that was being written down as we said so
    (row,) = forked_clash(tmp_path, "runs", "ls", "--json", env=env).document["items"]
    assert (row["status"], row["lease"]) == ("cancelled", None)


def wait_for_charges(child: Fork, folder: Path, count: int) -> None:
    """Wait until the meter has counted so many calls."""
    deadline = time.monotonic() + 60
    while len(metered(folder / "meter")) < count:
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@posix_only
@pytest.mark.parametrize("signals", [1, 2])
def test_a_signal_during_the_document_adds_no_second_one(signals: int, history: dict[str, Any]) -> None:
    """The document under way is finished on Ctrl-C; a second one ends the process with half of it, never with two."""
    folder: Path = history["folder"]
    with closing(sqlite3.connect(folder / "data" / "checkpoints.db")) as connection, connection:
        columns = "step, service, state, started_at, error_message"
        connection.executemany(
            f"INSERT OR IGNORE INTO api_logs (run_id, slot, token, {columns})"
            " VALUES ('h', ?, ?, 's', 's', 'failed', '', ?)",
            [(f"x:{number}", f"{number}", "e" * 1000) for number in range(300)],
        )
    child = subprocess.Popen(
        command("cost", "h", "--calls", "--json"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    begun = os.read(child.stdout.fileno(), 1)  # the rest is more than a pipe holds, so it is being written now
    for _ in range(signals):
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    rest, err = child.communicate(timeout=30)
    text = (begun + rest).decode()
    assert err == b""
    assert child.returncode == (0 if signals == 1 else 130)
    assert text.count('"schema": 1') == 1
    if signals == 1:
        assert len(json.loads(text)["calls_list"]) > 300
