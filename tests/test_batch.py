"""`clash batch` as people run it: many stories, in one process or several, killed, stopped, short of money."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, environment, forked, forked_clash, metered, rows_of
from test_documents import holds

SMALL = ("--size", "128x72", "--fps", "8")


def stories(folder: Path, *names: str) -> None:
    """Stories of one shot each, no two of which have anything in common."""
    (folder / "s").mkdir()
    for name in names:
        row = f"1,WS,static,Pier {name},{name},{name} looks at the sea of {name}.,0.5"
        header = "shot,shot_size,movement,location,characters,description,duration"
        (folder / "s" / f"{name}.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")


def keys(meter: Path) -> list[str]:
    """The content key of every charge."""
    lines = meter.read_text(encoding="utf-8").splitlines() if meter.exists() else []
    return [line.split()[1] for line in lines if line.startswith("charge ")]


def batch_row(url: str) -> tuple[int, int]:
    """Spent and reserved of the batch, after seeing that they are the sums of its runs."""
    ((spent, reserved),) = rows_of(url, "SELECT spent_micro, reserved_micro FROM batches")
    ((runs_spent, runs_reserved),) = rows_of(
        url, "SELECT sum(spent_micro), sum(reserved_micro) FROM workflow_executions WHERE batch IS NOT NULL"
    )
    assert (spent, reserved) == (runs_spent, runs_reserved)
    return int(spent), int(reserved)


@on_both_databases
def test_two_processes_share_out_a_batch(tmp_path: Path, database_url: str) -> None:
    """The same command twice at once: each film once, nothing charged twice; a third time it calls nothing."""
    stories(tmp_path, "Ana", "Bo")
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_COST="0.10", METER_DELAY="0.02")
    assert forked_clash(tmp_path, "db", "init", env=env).code == 0
    arguments = ("batch", "s/*.csv", "--batch", "n", "--jobs", "1", *SMALL, *METERED, "--json")
    children = [forked(tmp_path, *arguments, env=env) for _ in range(2)]
    ended = [(*child.communicate(), child.wait(0)) for child in children]
    for out, err, code in ended:
        assert code == 0, err
        assert [run["thread_id"] for run in json.loads(out)["runs"]] == ["n-Ana", "n-Bo"]
    made = sum(json.loads(out)["counts"].get("completed", 0) for out, _, _ in ended)
    assert made == 2
    charged = keys(meter)
    assert len(charged) == len(set(charged))
    assert batch_row(database_url) == (100_000 * len(charged), 0)
    again = forked_clash(tmp_path, *arguments, env=env)
    assert (again.code, again.document["counts"]) == (0, {"already_completed": 2})
    assert keys(meter) == charged


@on_both_databases
def test_a_killed_batch_goes_on(tmp_path: Path, database_url: str) -> None:
    """Killed after the seventh answer is stored: the same command makes what is missing, and nothing twice."""
    stories(tmp_path, "Ana", "Bo")
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_COST="0.10")
    arguments = ("batch", "s/*.csv", "--batch", "n", *SMALL, *METERED, "--json")
    killed = forked_clash(tmp_path, *arguments, env={**env, "CLASH_FAULT": "settle.after:7"})
    assert killed.code == -signal.SIGKILL
    done = forked_clash(tmp_path, *arguments, env=env)
    assert done.code == 0, done.err
    charged = keys(meter)
    assert len(charged) == len(set(charged))
    assert batch_row(database_url) == (100_000 * len(charged), 0)


def test_what_two_stories_share_is_made_once(tmp_path: Path) -> None:
    """The same story under two names, at the same time in one process: the second film is paid for by the first."""
    stories(tmp_path, "Ana")
    (tmp_path / "s" / "Bo.csv").write_bytes((tmp_path / "s" / "Ana.csv").read_bytes())
    meter = tmp_path / "meter"
    models = ("--image-model", "metered:illustrator", "--video-model", "oneshot:cinematographer")
    env = environment(METER=str(meter), METER_DELAY="0.2")
    done = forked_clash(tmp_path, "batch", "s/*.csv", "--jobs", "2", *SMALL, *models, "--json", env=env)
    assert (done.code, done.document["counts"]) == (0, {"completed": 2}), done.err
    slots = metered(meter)
    assert len(slots) == len(set(slots)) > 2


def test_its_budget_pauses_it(tmp_path: Path) -> None:
    """Exit 6 below the budget; the hint can be typed as it stands, and completes all of it."""
    stories(tmp_path, "Ana", "Bo")
    meter, url = tmp_path / "meter", f"sqlite:///{tmp_path / 'data' / 'clash.db'}"
    env = environment(DATABASE_URL=url, METER=str(meter), METER_COST="0.10")
    flags = ("--batch", "n", *SMALL, *METERED)
    paused = forked_clash(tmp_path, "batch", "s/*.csv", "--budget", "0.70", *flags, "--json", env=env)
    assert paused.code == 6, paused.err
    assert len(keys(meter)) == 7
    assert batch_row(url) == (700_000, 0)
    assert paused.document["error"]["code"] == "batch_budget"
    assert {run["waiting_for"] for run in paused.document["runs"]} <= {"budget", None}
    resumed = forked_clash(tmp_path, "resume", "n-Ana", env=env)  # its own command counts against it, too
    assert resumed.code in (0, 6)
    assert len(keys(meter)) == 7
    words = paused.document["error"]["hint"].split("`")[1].replace("'", "").split()
    assert words[:2] == ["clash", "batch"]
    done = forked_clash(tmp_path, *words[1:-1], "9", env=env)
    assert done.code == 0, done.err
    charged = keys(meter)
    assert len(charged) == len(set(charged))
    assert batch_row(url) == (100_000 * len(charged), 0)


@pytest.mark.parametrize("named", [True, False], ids=["its stories", "its runs"])
def test_its_hint_suffices_for_runs_that_were_not_begun(tmp_path: Path, *, named: bool) -> None:
    """One film at a time, and money for half of the first: the budget that is named completes all three of them."""
    stories(tmp_path, "Ana", "Bo", "Cy")
    meter, url = tmp_path / "meter", f"sqlite:///{tmp_path / 'data' / 'clash.db'}"
    env = environment(DATABASE_URL=url, METER=str(meter), METER_COST="0.10")
    flags = ("--batch", "n", "--budget", "0.20", "--json")
    jobs = "1" if named else "3"
    paused = forked_clash(tmp_path, "batch", "s/*.csv", *flags, "--jobs", jobs, *SMALL, *METERED, env=env)
    if not named:
        assert rows_of(url, "SELECT count(*) FROM workflow_executions") == [(3,)]
        paused = forked_clash(tmp_path, "batch", *flags, "--jobs", "1", env=env)
    assert paused.code == 6, paused.err
    assert sorted(run["status"] for run in paused.document["runs"]) == ["not_begun", "not_begun", "paused"]
    words = paused.document["error"]["hint"].split("`")[1].replace("'", "").split()
    assert words[:2] == ["clash", "batch"]
    done = forked_clash(tmp_path, *words[1:], env=env)
    assert done.code == 0, (words, done.err)
    charged = keys(meter)
    assert len(charged) == len(set(charged))
    assert float(words[-1]) <= 1.5 * 0.1 * len(charged)


def test_the_last_budget_is_restored(tmp_path: Path) -> None:
    """The database is lost: the batch has the budget that it had last, though nothing was filmed since it was given."""
    stories(tmp_path, "Ana", "Bo")
    meter, url = tmp_path / "meter", f"sqlite:///{tmp_path / 'data' / 'clash.db'}"
    env = environment(DATABASE_URL=url, METER=str(meter), METER_COST="0.10")
    models = ("--batch", "n", "--image-model", "metered:illustrator", *SMALL)
    for stories_of, budget in (("s/Ana.csv", "5"), ("s/*.csv", "9"), ("s/*.csv", "7")):
        done = forked_clash(tmp_path, "batch", stories_of, "--budget", budget, *models, "--json", env=env)
        assert done.code == 0, done.err
    before = batch_row(url)
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    recovered = forked_clash(tmp_path, "db", "recover", "--json", env=env)
    assert recovered.code == 0, recovered.err
    assert recovered.document["runs"] == ["n-Ana", "n-Bo"]
    assert batch_row(url) == before
    assert rows_of(url, "SELECT budget_micro FROM batches") == [(7_000_000,)]
    assert set(rows_of(url, "SELECT batch_budget_micro FROM workflow_executions")) == {(7_000_000,)}


def test_a_budget_lowered_again_is_restored(tmp_path: Path) -> None:
    """It is raised for one story and lowered again to what another one began with: the lower one is restored."""
    stories(tmp_path, "Ana", "Bo")
    meter, url = tmp_path / "meter", f"sqlite:///{tmp_path / 'data' / 'clash.db'}"
    env = environment(DATABASE_URL=url, METER=str(meter), METER_COST="0.10")
    models = ("--batch", "n", "--image-model", "metered:illustrator", *SMALL)
    for story, budget in (("s/Ana.csv", "0.10"), ("s/Bo.csv", "9"), ("s/Ana.csv", "0.10")):
        done = forked_clash(tmp_path, "batch", story, "--budget", budget, *models, "--json", env=env)
        assert done.code == (0 if budget == "9" else 6), done.err
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    recovered = forked_clash(tmp_path, "db", "recover", "--json", env=env)
    assert recovered.code == 0, recovered.err
    assert rows_of(url, "SELECT budget_micro FROM batches") == [(100_000,)]


def test_one_failure_does_not_end_the_others(tmp_path: Path) -> None:
    """The failed run is told, the others are made; with --fail-fast those that were not begun are left."""
    stories(tmp_path, "Ana", "Bo", "Cy")
    url = f"sqlite:///{tmp_path / 'data' / 'clash.db'}"
    env = environment(DATABASE_URL=url, METER=str(tmp_path / "meter"), METER_FAIL="character:ana")
    flags = ("--jobs", "1", *SMALL, *METERED, "--json")
    fast = forked_clash(tmp_path, "batch", "s/*.csv", "--batch", "f", "--fail-fast", *flags, env=env)
    assert [run["status"] for run in fast.document["runs"]] == ["failed", "not_begun", "not_begun"]
    assert fast.code == 1
    done = forked_clash(tmp_path, "batch", "s/*.csv", "--batch", "n", *flags, env=env)
    assert [run["status"] for run in done.document["runs"]] == ["failed", "completed", "completed"]
    assert (done.code, done.document["status"]) == (1, "incomplete")
    assert "1 of 3 runs are not completed; n-Ana" in done.document["error"]["message"]
    # Without its files: a batch keeps what it needs.
    for path in (tmp_path / "s").iterdir():
        path.unlink()
    fixed = forked_clash(tmp_path, "batch", "--batch", "n", "--json", env={**env, "METER_FAIL": ""})
    assert fixed.code == 0, fixed.err
    assert fixed.document["counts"] == {"completed": 1, "already_completed": 2}
    listed = forked_clash(tmp_path, "runs", "ls", "--batch", "n", "--json", env=env).document["items"]
    assert sorted(item["thread_id"] for item in listed if item["batch"] == "n") == ["n-Ana", "n-Bo", "n-Cy"]
    cost = forked_clash(tmp_path, "cost", "--batch", "n", "--json", env=env)
    for name, ran in (("batch", done), ("batch", fixed), ("cost-batch", cost)):
        holds(name, ran.document)
    assert (cost.code, len(cost.document["items"])) == (0, 3)
    assert forked_clash(tmp_path, "cost", "--batch", "nope", "--json", env=env).code == 3


def test_ctrl_c_stops_all_runs_of_it(tmp_path: Path) -> None:
    """SIGINT: exit 130, every run is left paused, and the same command repeats nothing that had succeeded."""
    stories(tmp_path, "Ana", "Bo", "Cy")
    meter, url = tmp_path / "meter", f"sqlite:///{tmp_path / 'data' / 'clash.db'}"
    env = environment(DATABASE_URL=url, METER=str(meter))
    arguments = ("batch", "s/*.csv", "--jobs", "2", *SMALL, *METERED)
    child = forked(tmp_path, *arguments, env={**env, "METER_DELAY": "0.3"})
    while len(keys(meter)) < 4:
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.wait(0) == 130, err
    assert "clash batch" in err
    assert "Traceback" not in err
    statuses = {status for (status,) in rows_of(url, "SELECT status FROM workflow_executions")}
    assert statuses <= {"paused", "completed"}
    done = forked_clash(tmp_path, *arguments, "--events", env=env)
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    ended = [line["thread_id"] for line in lines if line["event"] == "run.ended"]
    assert sorted(ended) == ["batch-Ana", "batch-Bo", "batch-Cy"]
    assert (lines[-1]["event"], lines[-1]["batch"]) == ("outcome", "batch")
    charged = keys(meter)
    assert len(charged) == len(set(charged))


def test_a_thread_of_another_batch_stays_there(tmp_path: Path) -> None:
    """`a` + `b-x` and `a-b` + `x` are the same thread id: the second is told so, and the first keeps its film."""
    stories(tmp_path, "b-x", "x")
    env = environment(METER=str(tmp_path / "meter"))
    first = forked_clash(tmp_path, "batch", "s/b-x.csv", "--batch", "a", *SMALL, env=env)
    assert first.code == 0, first.err
    other = forked_clash(tmp_path, "batch", "s/x.csv", "--batch", "a-b", *SMALL, "--json", env=env)
    assert other.code == 5
    assert other.document["runs"][0]["error"]["code"] == "other_batch"
    # A film of one project is not told as done in another.
    moved = forked_clash(
        tmp_path, "batch", "s/b-x.csv", "--batch", "a", "--project", "other", *SMALL, "--json", env=env
    )
    assert (moved.code, moved.document["runs"][0]["error"]["code"]) == (5, "other_settings")
    assert "clash resume a-b-x" in moved.document["error"]["hint"]  # the same command would be refused again


def test_nothing_matches(tmp_path: Path) -> None:
    """A pattern without a match is exit 3, and a batch that has no runs, too; nothing is made."""
    for arguments in (["batch", "s/*.csv"], ["batch", "--batch", "n"]):
        ran = forked_clash(tmp_path, *arguments, env=environment())
        assert ran.code == 3, ran.err
    assert not list(tmp_path.glob("output"))


@pytest.mark.skipif(os.name == "nt", reason="a terminal of Windows is another matter")
def test_the_live_table_fits_80_columns() -> None:
    """One line per run under way, Chinese names too: none is wider than the terminal."""
    import io

    from rich.cells import cell_len
    from rich.console import Console

    from clash.cli.batch_progress import LiveBatchProgress
    from clash.production import Event

    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=False)
    progress = LiveBatchProgress(console, "clash batch", 30.0)
    try:
        for number in range(20):
            name = f"night-{'很长的名字' * 8}-{number}"
            progress.observe(Event("thread", "", thread_id=name))
            progress.observe(Event("step_started", "", thread_id=name, step="generate_shots", done=7, total=20))
        progress.observe(Event("run_ended", "failed: no", thread_id=name))
        console.print(progress.render())
    finally:
        progress.close()
    lines = shown.getvalue().splitlines()
    assert any("7/20 shots" in line for line in lines)
    assert any("and 3 more" in line for line in lines)
    assert any(line.startswith("1 failed, 19 under way") for line in lines)
    assert all(cell_len(line) <= 80 for line in lines if "shots" in line or "under way" in line)


def test_a_warning_of_several_runs_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The first run's is shown as it comes; at the end it is said which other runs it is about."""
    from clash.cli.batch_progress import BatchProgress
    from clash.production import Event

    progress = BatchProgress("clash batch", 30.0)
    for thread_id in ("a", "b", "a", "c"):
        progress.observe(Event("warning", "no voice is installed", thread_id=thread_id))
    progress.observe(Event("warning", "row 3 is empty", thread_id="c"))
    progress.close()
    assert capsys.readouterr().err.splitlines() == [
        "a: warning: no voice is installed",
        "c: warning: row 3 is empty",
        "warning: also in b, c: no voice is installed",
    ]


def test_a_failure_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The end of a run does not say again what the failure of its slot has said."""
    from clash.cli.batch_progress import BatchProgress
    from clash.production import Event

    progress = BatchProgress("clash batch", 30.0)
    progress.observe(Event("slot_failed", "shot 3: refused", thread_id="a"))
    progress.observe(Event("run_ended", "failed: shot 3: refused", thread_id="a"))
    progress.observe(Event("run_ended", "failed: no key", thread_id="b"))
    progress.close()
    assert capsys.readouterr().err.splitlines() == ["a: failed: shot 3: refused", "b: failed: no key"]


def test_a_dry_run_groups_its_warnings() -> None:
    """Each is told once with the runs that it is about; of many runs, the first six are named."""
    from clash.cli.said_once import SaidOnce

    said = SaidOnce()
    for number in range(9):
        said.is_new("no voice is installed", f"night-{number}")
    said.is_new("row 3 is empty", "night-2")
    named = ", ".join(f"night-{number}" for number in range(6))
    assert said.grouped() == [f"{named} and 3 more: no voice is installed", "night-2: row 3 is empty"]
