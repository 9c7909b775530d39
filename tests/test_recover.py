"""`clash db recover`: what was paid for is found again after the database was lost, or an older copy put back."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, Ran, clash, environment, shot_list

from clash.cli.app import main
from clash.database.connection import is_d1


class Workplace:
    """A folder with a story of two shots, whose calls cost ten cents each on a meter of their own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.meter = folder / "meter"
        cloud = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
        self.env = environment(DATABASE_URL=url, METER=str(self.meter), METER_COST="0.10", **cloud)
        shot_list(folder / "story.csv", 2, seconds=0.5)

    def clash(self, *arguments: str, **env: str) -> Ran:
        return clash(self.folder, *arguments, "--json", env={**self.env, **env})

    def film(self, thread: str, *more: str, **env: str) -> Ran:
        return self.clash("run", "story.csv", "--thread", thread, *SMALL, *(more or METERED), **env)

    @property
    def charges(self) -> int:
        return sum(line.startswith("charge") for line in self.meter.read_text().splitlines())

    def total(self, thread: str) -> tuple[str, str]:
        cost = self.clash("cost", thread).document
        return cost["total_usd"], cost["reserved_usd"]


@pytest.fixture
def workplace(tmp_path: Path, database_url: str) -> Workplace:
    return Workplace(tmp_path, database_url)


def without_a_database(workplace: Workplace, request: pytest.FixtureRequest) -> None:
    """The database is lost: the file is deleted, or D1 has only an empty one."""
    if is_d1(url := workplace.env["DATABASE_URL"]):
        engine = request.getfixturevalue("d1_engine")
        engine.make_database(f"{url.removeprefix('d1://')}-new")
        workplace.env["DATABASE_URL"] = f"{url}-new"
    else:
        for file in (workplace.folder / "data").glob("clash.db*"):
            file.unlink()


@on_both_databases
def test_a_lost_database_is_rebuilt_and_nothing_bought_again(
    workplace: Workplace, request: pytest.FixtureRequest
) -> None:
    """A film was paid for and its database is gone: after `db recover`, resume and a new run cost nothing."""
    assert workplace.film("t").code == 0
    paid, total = workplace.charges, workplace.total("t")
    without_a_database(workplace, request)
    seen = workplace.clash("db", "recover", "--dry-run")
    if not is_d1(workplace.env["DATABASE_URL"]):
        assert (seen.code, seen.document["restored"], seen.document["created"]) == (0, paid, True)
    recovered = workplace.clash("db", "recover")
    assert recovered.code == 0, recovered.err
    assert recovered.document["restored"] == paid
    assert recovered.document["restored_usd"] == total[0]
    assert recovered.document["runs"] == ["t"]
    assert workplace.total("t") == total
    resumed = workplace.clash("resume", "t")
    assert (resumed.code, resumed.document["status"]) == (0, "completed"), resumed.err
    assert resumed.document["film"]
    new = workplace.film("another")
    assert (new.code, new.document["cost"]["total_usd"]) == (0, "0.000000")
    assert workplace.charges == paid
    again = workplace.clash("db", "recover").document
    assert (again["restored"], again["runs"]) == (0, [])
    assert {item["result"] for item in again["items"]} == {"already_there"}


def test_the_same_command_continues_after_a_loss(workplace: Workplace, tmp_path: Path) -> None:
    """`clash run` on the same thread, with the same story and settings, finds the restored run."""
    assert workplace.film("t").code == 0
    paid = workplace.charges
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    assert workplace.clash("db", "recover").code == 0
    assert workplace.film("t").document["status"] == "completed"
    assert workplace.charges == paid


def test_an_older_copy_gets_calls_paid_since_then(workplace: Workplace, tmp_path: Path) -> None:
    """A backup from the middle of the film is put back: its open calls are settled, the later ones added."""
    database = tmp_path / "data" / "clash.db"
    assert workplace.film("t", METER_FAIL="shot:002").code == 1
    shutil.copyfile(database, tmp_path / "backup.db")
    assert workplace.clash("resume", "t").code == 0
    paid, total = workplace.charges, workplace.total("t")
    shutil.copyfile(tmp_path / "backup.db", database)
    recovered = workplace.clash("db", "recover").document
    assert recovered["restored"] >= 1
    assert recovered["runs"] == []
    assert workplace.total("t") == total
    assert workplace.clash("resume", "t").document["status"] == "completed"
    assert (workplace.charges, workplace.total("t")) == (paid, total)


@pytest.mark.parametrize("point", ["intent.after", "settle.after"])
def test_a_copy_with_an_open_call_is_settled(workplace: Workplace, tmp_path: Path, point: str) -> None:
    """The backup was made by a process that died in a call; the call was paid for later, and is settled once."""
    database = tmp_path / "data" / "clash.db"
    killed = workplace.film("t", "--concurrency", "1", *METERED, CLASH_FAULT=f"{point}:2")
    assert killed.code != 0
    for file in (tmp_path / "data").glob("clash.db*"):
        shutil.copyfile(file, tmp_path / file.name)
    assert workplace.clash("resume", "t").code == 0
    paid, total = workplace.charges, workplace.total("t")
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    for file in tmp_path.glob("clash.db*"):
        shutil.copyfile(file, database.with_name(file.name))
    assert workplace.clash("db", "recover").code == 0
    assert workplace.clash("resume", "t").document["status"] == "completed"
    assert (workplace.charges, workplace.total("t")) == (paid, total)
    assert workplace.total("t")[1] == "0.000000"


def test_a_submitted_job_is_polled_after_a_loss(workplace: Workplace, tmp_path: Path) -> None:
    """The process dies after a job was taken, and the database is lost: the job is fetched, not handed in again."""
    queued = [word.replace("metered:", "queued:") for word in METERED]
    assert workplace.film("t", "--concurrency", "1", *queued, CLASH_FAULT="job.after:1").code != 0
    assert workplace.charges == 1
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    recovered = workplace.clash("db", "recover")
    assert recovered.code == 0, recovered.err
    assert [item["job_id"] is not None for item in recovered.document["items"]] == [True]
    assert workplace.total("t") == ("0.000000", "0.100000")
    done = workplace.clash("resume", "t")
    assert done.document["status"] == "completed", done.err
    keys = [line.split()[2] for line in workplace.meter.read_text().splitlines() if line.startswith("charge")]
    assert len(keys) == len(set(keys))


def test_an_answered_job_keeps_its_id_after_a_loss(workplace: Workplace, tmp_path: Path) -> None:
    """The process dies between a job's answer and its row, and the database is lost: cost and job id come back."""
    queued = [word.replace("metered:", "queued:") for word in METERED]
    assert workplace.film("t", "--concurrency", "1", *queued, CLASH_FAULT="receipt.after:1").code != 0
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    done = workplace.clash("resume", "t")
    assert done.document["status"] == "completed", done.err
    charged = {line.split()[1] for line in workplace.meter.read_text().splitlines() if line.startswith("charge")}
    with sqlite3.connect(tmp_path / "data" / "clash.db") as database:
        rows = database.execute("SELECT job_id, state FROM api_logs WHERE service = 'queued'").fetchall()
    assert {job_id for job_id, _ in rows} == charged
    assert {state for _, state in rows} == {"succeeded"}


def test_a_slot_that_was_bought_again_keeps_both_sums(workplace: Workplace, tmp_path: Path) -> None:
    """After a loss the film was bought again: `db recover` adds what the first one cost, in a run of its own."""
    assert workplace.film("t").code == 0
    paid = workplace.charges
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    # The asset store was elsewhere meanwhile: with its records here, the run would have been restored.
    assets = tmp_path / "data" / "assets"
    assets.rename(tmp_path / "elsewhere")
    assert workplace.film("t").code == 0
    assert workplace.charges == 2 * paid
    shutil.copytree(tmp_path / "elsewhere", assets, dirs_exist_ok=True)
    recovered = workplace.clash("db", "recover").document
    assert (recovered["restored"], recovered["runs"]) == (paid, ["recovered.t"])
    assert workplace.clash("cost").document["total_usd"] == f"{2 * paid * 0.10:.6f}"
    assert workplace.clash("db", "recover").document["restored"] == 0
    assert workplace.clash("runs", "ls").code == 0


def test_an_invalid_record_is_named(workplace: Workplace, tmp_path: Path) -> None:
    """Records that are cut off, of another file, or tell of a path: each is named, and the others restored."""
    assert workplace.film("t").code == 0
    records = sorted((tmp_path / "data" / "assets").glob("??/*.json"))
    assert len(records) == workplace.charges
    cut, other, path, *_ = records
    cut.write_bytes(cut.read_bytes()[:-20])
    other.write_bytes(records[4].read_bytes())
    record = json.loads(path.read_bytes())
    record["call"]["run_id"] = "../../x"
    path.write_text(json.dumps(record))
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    recovered = workplace.clash("db", "recover").document
    assert len(recovered["unreadable"]) == 3
    assert recovered["restored"] == len(records) - 3


def test_records_contain_no_request_and_are_private(workplace: Workplace, tmp_path: Path) -> None:
    """A record is small, mode 0600, and holds neither what was asked nor what was answered."""
    assert workplace.film("t").code == 0
    for record in (tmp_path / "data" / "assets").glob("??/*.json"):
        found = json.loads(record.read_bytes())
        assert found["call"]["cost_micro"] == 100_000
        assert {"run_id", "slot", "take", "key", "service", "model", "token", "started_at"} <= found["call"].keys()
        assert not {"request", "response"} & found["call"].keys()
        assert record.stat().st_size < 4096
        if os.name != "nt":
            assert record.stat().st_mode & 0o777 == 0o600


def test_free_calls_leave_no_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the local provider draws costs nothing, and is not written down twice."""
    shot_list(tmp_path / "story.csv", 1, seconds=0.5)
    assert clash(tmp_path, "run", "story.csv", "--thread", "t", *SMALL, env=environment()).code == 0
    assert not list((tmp_path / "data" / "assets").glob("??/*.json"))
    assert not (tmp_path / "data" / "assets" / "open").exists()
    monkeypatch.chdir(tmp_path)
    assert main(["db", "recover"]) == 0


# -- without `db recover` ----------------------------------------------------------------------------------------------

ONE_SHOT = tuple(word.replace("metered:", "oneshot:") for word in METERED)


@pytest.mark.parametrize("command", [("run", "t"), ("run", "another"), ("resume", "t")])
def test_a_plain_command_restores_a_lost_database(
    workplace: Workplace, tmp_path: Path, command: tuple[str, str]
) -> None:
    """The database is deleted: run, a new run and resume restore what was paid for, say so, and buy nothing."""
    assert workplace.film("t", *ONE_SHOT).code == 0
    paid, total = workplace.charges, workplace.total("t")
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    verb, thread = command
    done = workplace.film(thread, *ONE_SHOT) if verb == "run" else workplace.clash("resume", thread)
    assert (done.code, done.document["status"]) == (0, "completed"), done.err
    assert f"{paid} paid calls (${total[0]}) of t were restored" in done.err
    assert (workplace.charges, workplace.total("t")) == (paid, total)
    assert "restored" not in workplace.film("third", *ONE_SHOT).err
    assert workplace.charges == paid


@on_both_databases
def test_a_killed_restoration_goes_on(workplace: Workplace, request: pytest.FixtureRequest) -> None:
    """The process that restores two films is killed when it has written the first run: the next restores both."""
    for thread, seconds in (("t", 0.5), ("u", 0.75)):
        shot_list(workplace.folder / "story.csv", 2, seconds=seconds)
        assert workplace.film(thread, "--no-reuse", *ONE_SHOT).code == 0
    paid, totals = workplace.charges, [workplace.total(thread) for thread in "tu"]
    without_a_database(workplace, request)
    killed = workplace.film("t", "--no-reuse", *ONE_SHOT, CLASH_FAULT="recovery.run.after:1")
    assert killed.code == -9
    for thread in "ut":
        done = workplace.clash("resume", thread)
        assert (done.code, done.document["status"]) == (0, "completed"), done.err
    assert (workplace.charges, [workplace.total(thread) for thread in "tu"]) == (paid, totals)


def test_resume_without_database_or_records_is_refused(workplace: Workplace, tmp_path: Path) -> None:
    """Where nothing can be restored, resume creates no database."""
    assert workplace.clash("resume", "t").code == 3
    assert not list((tmp_path / "data").glob("clash.db*"))


@pytest.mark.parametrize("number", [1, 4, 8])
def test_resume_on_an_older_copy_buys_nothing_again(workplace: Workplace, tmp_path: Path, number: int) -> None:
    """A copy in which a call is open, of a provider that nobody can ask: its record settles it, in a plain resume.

    Calls that the copy has no row of are restored, too. `calls settle` is refused for a call whose record is there.
    """
    killed = workplace.film("t", "--concurrency", "1", *ONE_SHOT, CLASH_FAULT=f"receipt.after:{number}")
    assert killed.code != 0
    for file in (tmp_path / "data").glob("clash.db*"):
        shutil.copyfile(file, tmp_path / file.name)
    assert workplace.clash("resume", "t").code == 0
    paid, total = workplace.charges, workplace.total("t")
    for file in (tmp_path / "data").glob("clash.db*"):
        file.unlink()
    for file in tmp_path.glob("clash.db*"):
        shutil.copyfile(file, tmp_path / "data" / file.name)
    for receipt in (tmp_path / "data" / "assets" / "receipts").glob("*.json"):
        receipt.unlink()  # of a call that was settled just before the kill: its record remains, as after every call
    calls = workplace.clash("runs", "show", "t").document["calls"]
    # The call that the fault killed; the one before it, too, if that was answered and not yet settled.
    unsettled = [call["slot"] for call in calls if call["state"] == "intent"]
    assert unsettled
    for slot in unsettled:
        settled = workplace.clash("calls", "settle", "t", slot, "--not-billed")
        assert settled.code == 5, settled.err
    done = workplace.clash("resume", "t")
    assert (done.code, done.document["status"]) == (0, "completed"), done.err
    assert (workplace.charges, workplace.total("t")) == (paid, total)


# -- calls in flight when the database is lost -------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("point", ["answer.after", "receipt.after"])
@pytest.mark.parametrize("provider", ["metered", "oneshot"])
def test_a_call_in_flight_outlives_a_lost_database(
    workplace: Workplace, request: pytest.FixtureRequest, provider: str, point: str
) -> None:
    """Killed in a call, and the database is lost: no call is sent again unasked, and a kept answer is not lost."""
    words = tuple(word.replace("metered:", f"{provider}:") for word in METERED)
    killed = workplace.film("t", "--concurrency", "1", *words, CLASH_FAULT=f"{point}:2")
    assert (killed.code, workplace.charges) == (-9, 2)
    without_a_database(workplace, request)
    assert workplace.clash("db", "recover").code == 0
    assert workplace.total("t") == ("0.100000", "0.100000")
    resumed = workplace.clash("resume", "t")
    slots = [line.split()[2] for line in workplace.meter.read_text().splitlines() if line.startswith("charge")]
    assert len(slots) == len(set(slots)), "it was charged twice"
    if (provider, point) == ("oneshot", "answer.after"):
        assert (resumed.code, resumed.document["error"]["code"]) == (8, "unknown_call")
        assert workplace.clash("resume", "t", "--retry-unknown").document["status"] == "completed"
    else:
        assert resumed.document["status"] == "completed", resumed.err
        assert workplace.total("t") == (f"{workplace.charges * 0.10:.6f}", "0.000000")


def lose(folder: Path) -> None:
    """Delete the database."""
    for file in (folder / "data").glob("clash.db*"):
        file.unlink()


def test_an_unknown_call_is_restored_beside_its_successor(workplace: Workplace, tmp_path: Path) -> None:
    """A call was unknown and was made again with consent: after a loss it is unknown again, and its money reserved."""
    first = workplace.film("t", "--concurrency", "1", *ONE_SHOT, CLASH_FAULT="answer.after:1")
    assert first.code == -9
    assert workplace.clash("resume", "t").code == 8
    assert workplace.clash("resume", "t", "--retry-unknown").document["status"] == "completed"
    paid, total = workplace.charges, workplace.total("t")
    assert total[1] == "0.100000"
    lose(tmp_path)
    done = workplace.clash("resume", "t")
    assert (done.code, done.document["status"]) == (0, "completed"), done.err
    assert (workplace.charges, workplace.total("t")) == (paid, total)


def test_a_settled_call_is_not_restored_as_open(workplace: Workplace, tmp_path: Path) -> None:
    """A person said that an unknown call was not billed: after a loss nobody is asked about it again."""
    assert workplace.film("t", "--concurrency", "1", *ONE_SHOT, CLASH_FAULT="answer.after:1").code == -9
    assert workplace.clash("resume", "t").code == 8
    (slot,) = [call["slot"] for call in workplace.clash("runs", "show", "t").document["calls"] if call["cost_usd"]][-1:]
    assert workplace.clash("calls", "settle", "t", slot, "--not-billed").code == 0
    assert list((tmp_path / "data" / "assets" / "open").glob("*.json")) == []
    assert workplace.clash("resume", "t").document["status"] == "completed"


def test_an_old_copy_after_a_restore_gets_its_calls(workplace: Workplace, tmp_path: Path) -> None:
    """The database is lost and restored, then a copy from before the loss is found and put back: nothing is lost."""
    database = tmp_path / "data" / "clash.db"
    assert workplace.film("t", *ONE_SHOT, METER_FAIL="shot:002").code == 1
    shutil.copyfile(database, tmp_path / "backup.db")
    lose(tmp_path)
    assert workplace.clash("resume", "t").document["status"] == "completed"
    paid, total = workplace.charges, workplace.total("t")
    lose(tmp_path)
    shutil.copyfile(tmp_path / "backup.db", database)
    done = workplace.clash("resume", "t")
    assert (done.code, done.document["status"]) == (0, "completed"), done.err
    assert (workplace.charges, workplace.total("t")) == (paid, total)


def test_a_record_of_an_open_call_is_private(workplace: Workplace, tmp_path: Path) -> None:
    """It is mode 0600, holds nothing of the request, and goes when the call is settled."""
    killed = workplace.film("t", "--concurrency", "1", *METERED, CLASH_FAULT="answer.after:2")
    assert killed.code == -9
    (record,) = (tmp_path / "data" / "assets" / "open").glob("*.json")
    call = json.loads(record.read_bytes())["call"]
    assert {"run_id", "slot", "take", "key", "service", "model", "token", "started_at"} <= call.keys()
    assert not {"request", "response"} & call.keys()
    if os.name != "nt":
        assert record.stat().st_mode & 0o777 == 0o600
    assert workplace.clash("resume", "t").document["status"] == "completed"
    assert list(record.parent.iterdir()) == []
