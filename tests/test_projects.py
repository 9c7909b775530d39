"""Projects: every run belongs to one for good, and a fork to that of its source."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL
from moving import settings_for
from paid import Bills, Keyed, PaidRun, task
from takes_room import TakesRoom

from clash.assets import AssetStore
from clash.calls.content_key import content_key
from clash.calls.dry_run import DryRun
from clash.calls.earlier_calls import earlier_calls
from clash.config import load_settings
from clash.database import ainit_database, staging
from clash.database.connection import open_database
from clash.database.lease import release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.migrations import migrate
from clash.database.port import Database, Statement
from clash.database.quotas import project_months, set_quota, told_of_new_project
from clash.database.reuse_scope import ReuseScope
from clash.errors import SettingsError, UsageError
from clash.production.removing import RemovalOptions, remove_runs
from clash.project_names import DEFAULT_PROJECT, check_project_name, is_project_name
from clash.providers.ports import Kind
from clash.providers.registry import Model, Registry
from clash.reports.costs import cost
from clash.reports.projects import list_projects
from clash.transfer import export_runs, import_runs, recover_calls

MakeDatabase = Callable[[str], Awaitable[str]]


@pytest.mark.parametrize("name", ["default", "acme", "Studio-7", "a.b_c", "7", "x" * 64])
def test_a_project_may_have_a_plain_name(name: str) -> None:
    """Letters, digits, dots, dashes and underscores, beginning with a letter or a digit."""
    assert check_project_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "a b", "a/b", "阿", "a\n", "x" * 65, "all"])
def test_another_name_is_refused(name: str) -> None:
    """Also one that a shell would take for an option, that is too long, or that stands for every project."""
    assert not is_project_name(name)
    with pytest.raises(UsageError) as refused:
        check_project_name(name)
    assert (refused.value.code, refused.value.exit_code) == ("project_name", 2)


def test_the_setting_names_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CLASH_PROJECT`, the default one where it is empty; a name that cannot be is told with its rule."""
    for value, project in (("acme", "acme"), ("", "default")):
        monkeypatch.setenv("CLASH_PROJECT", value)
        assert load_settings().project == project
    monkeypatch.setenv("CLASH_PROJECT", "a b")
    with pytest.raises(SettingsError, match=r"CLASH_PROJECT cannot be used: the project 'a b'.*1 to 64"):
        load_settings()


# -- what serves again ---------------------------------------------------------------------------------------------


async def run_in(database: Database, assets: AssetStore, run_id: str, project: str = DEFAULT_PROJECT) -> PaidRun:
    """Begin a run in a project."""
    await AsyncMetadataTracker(database).start_workflow(run_id, "video_production", project=project)
    return PaidRun(database, assets, run_id, await take_lease(database, run_id))


async def planned(database: Database, assets: AssetStore, provider: Keyed, *, run_id: str = "", project: str) -> bool:
    """Whether a dry run finds the call: of a run that is there, or of one that is to be."""
    models: dict[Kind, Model] = {"speech": Model(provider, "voice")}
    looked = DryRun(database, assets, models, Registry(), run_id=run_id or None, project=None if run_id else project)
    await looked.call(task("a"))
    return looked.planned[0].found


@on_both_databases
async def test_answers_serve_again_in_their_project_only(database: Database, assets: AssetStore) -> None:
    """What one project has bought, another buys itself, once; the dry run says so beforehand."""
    bills = Bills()
    provider = Keyed(bills)
    for run_id, project, is_found in (
        ("first", "default", False),
        ("second", "acme", False),
        ("third", "acme", True),
        ("fourth", "default", True),
    ):
        assert await planned(database, assets, provider, project=project) == is_found
        paid = await run_in(database, assets, run_id, project)
        assert await planned(database, assets, provider, run_id=run_id, project="") == is_found
        ledger = await paid.ledger(provider, reuse=True)
        assert (await ledger.call(task("a"))).reused == is_found
    assert bills.times("a") == 2


@on_both_databases
async def test_a_removal_keeps_the_last_answer_of_a_project(
    database: Database, database_url: str, assets: AssetStore
) -> None:
    """Another project's copy of an answer does not serve here, so the last one of this project stays, and serves."""
    bills = Bills()
    provider = Keyed(bills)
    for run_id, project in (("bought", "default"), ("reused", "default"), ("elsewhere", "acme")):
        paid = await run_in(database, assets, run_id, project)
        await (await paid.ledger(provider, reuse=True)).call(task("a"))
        await release_lease(database, paid.lease)
    await database.batch([Statement("UPDATE workflow_executions SET status = 'completed'")])
    assert bills.times("a") == 2
    settings = settings_for(database_url, assets.root)
    await remove_runs(["bought"], settings, RemovalOptions(forget_answers=True))
    await remove_runs(["reused"], settings)
    assert await planned(database, assets, provider, project="default")
    paid = await run_in(database, assets, "again")
    assert (await (await paid.ledger(provider, reuse=True)).call(task("a"))).reused
    assert bills.times("a") == 2


@on_both_databases
@pytest.mark.parametrize("project", ["default", "acme"])
async def test_an_older_revision_serves_in_its_project(
    database: Database, assets: AssetStore, monkeypatch: pytest.MonkeyPatch, project: str
) -> None:
    """A picture that a free model drew before it changed, and of which a clip was made, is not another project's."""
    provider = Keyed(Bills(), price=Decimal(0))
    model, request = Model(provider, "voice"), task("a").request
    paid = await run_in(database, assets, "first")
    await (await paid.ledger(provider)).call(task("a"))
    clip = "INSERT INTO api_logs (run_id, step, token, service, kind, state, started_at) VALUES"
    await database.batch([Statement(f"{clip} ('first', 's', 'clip', 'paid', 'video', 'succeeded', '2026')")])
    then, now = content_key(model, request), "f" * 64
    found = await earlier_calls(database, (now,), (then,), ReuseScope(project=project))
    assert [row.run_id for row in found] == (["first"] if project == "default" else [])


@on_both_databases
async def test_a_restored_call_stays_in_its_project(
    database: Database, assets: AssetStore, make_database: MakeDatabase, request: pytest.FixtureRequest
) -> None:
    """The database is lost, and the record of the run, too: the call's own record has the project."""
    paid = await run_in(database, assets, "first", "acme")
    await (await paid.ledger(Keyed(Bills()))).call(task("a"))
    url = await make_database(request.node.callspec.params["database_url"])
    settings = load_settings({"DATABASE_URL": url, "ASSET_STORE": f"file://{assets.root.as_posix()}"})
    assert (await recover_calls(settings)).restored == 1
    async with open_database(url, "write") as restored:
        again = await run_in(restored, assets, "again", "acme")
        assert (await (await again.ledger(Keyed(Bills()), reuse=True)).call(task("a"))).reused
        other = await run_in(restored, assets, "other")
        assert not (await (await other.ledger(Keyed(Bills()), reuse=True)).call(task("a"))).reused


# -- films ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def room(tmp_path: Path, database_url: str) -> TakesRoom:
    """A folder in which nothing was made yet."""
    return TakesRoom(tmp_path / "room", database_url)


@on_both_databases
def test_a_run_keeps_its_project(room: TakesRoom) -> None:
    """Named on the command line or in the environment; another one is refused; a fork and every list have it.

    The run has paid for its screenplay, and its budget stops it there.
    """
    made = room.film(1, "--project", "acme", "--budget", "0.01")
    assert (made.code, made.document["project"]) == (6, "acme"), made.err
    story = ("run", "story.csv", "--thread", "t", *SMALL, *METERED)
    other = room.type(*story, "--allow-changes")
    assert (other.code, other.document["error"]["code"]) == (5, "other_settings")
    assert "belongs to the project acme, not to default" in other.document["error"]["message"]
    assert room.type(*story, CLASH_PROJECT="acme").code == room.type("resume", "t", CLASH_PROJECT="b").code == 6
    refused = (("resume", "t"), ("fork", "t", "--thread", "f"), ("retake", "t", "screenplay"))
    assert [room.type(*words, "--project", "b").code for words in refused] == [5, 5, 5]
    assert room.type("fork", "t", "--thread", "f").document["project"] == "acme"
    assert [run["project"] for run in room.ok("runs", "ls", "--project", "acme")["items"]] == ["acme", "acme"]
    assert room.ok("runs", "ls", "--project", "default")["items"] == []
    assert room.ok("runs", "show", "f")["project"] == room.ok("cost", "t")["project"] == "acme"
    assert [run["thread_id"] for run in room.ok("cost", "--project", "acme")["items"]] == ["f", "t"]
    assert room.ok("cost", "--project", "default")["items"] == []
    assert room.type("cost", "t", "--project", "acme").code == 2


async def test_a_run_is_moved_with_its_project(database: Database, assets: AssetStore, tmp_path: Path) -> None:
    """The database that takes it in counts it for the very project and month."""
    paid = await run_in(database, assets, "first", "acme")
    await (await paid.ledger(Keyed(Bills()))).call(task("a"))
    await release_lease(database, paid.lease)
    settings = load_settings({"DATABASE_URL": database.url})
    await export_runs(settings, tmp_path / "runs.jsonl")
    there = load_settings({"DATABASE_URL": f"sqlite:///{tmp_path / 'there.db'}"})
    await ainit_database(there.database_url)
    await import_runs(there, tmp_path / "runs.jsonl")
    before, after = await list_projects(settings), await list_projects(there)
    assert after == before
    assert [(one.project, one.runs, one.spent_usd) for one in after.items] == [("acme", 1, "0.100000")]
    of_all, of_run = await cost(settings), await cost(settings, "first")
    assert [(one.project, one.cost_usd) for one in of_all.by_project] == [("acme", "0.100000")]
    assert of_run.by_project == of_all.by_project


@pytest.mark.parametrize("ends", ["published", "dropped"])
async def test_a_large_import_counts_when_it_is_published(database: Database, ends: str) -> None:
    """Its rows count for no project while they wait under another id, nor if the import is given up."""
    await migrate(database)
    waiting = await staging.begin(database)
    call = "INSERT INTO api_logs (run_id, step, token, service, state, cost_micro, quoted_cost_micro, started_at)"
    values = "VALUES (?, 's', ?, 'v', ?, ?, ?, '2026-11-02T00:00:00.000Z')"
    rows = [("a", "succeeded", 30, 40), ("b", "unknown", 0, 50), ("c", "failed", 5, 60)]
    await database.batch([Statement(f"{call} {values}", (waiting.run_id, *row)) for row in rows])
    assert await database.query("SELECT * FROM project_months") == []
    run = Statement(
        "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at, project)"
        " VALUES ('large', 'w', 'paused', 't', 't', 'acme')"
    )
    owners = {"workflow_executions": "run_id", "api_logs": "run_id"}
    if ends == "published":
        await database.batch(staging.publish(waiting, "large", [run], owners))
    else:
        await database.batch(staging.drop(waiting, owners))
    sums = [(one.project, one.spent_micro, one.reserved_micro) for one in await project_months(database, "2026-11")]
    assert sums == ([("acme", 35, 50)] if ends == "published" else [])


@on_both_databases
async def test_a_new_project_without_a_quota_is_told(database: Database) -> None:
    """Only where another project has a quota, and only until the project is known."""
    assert await told_of_new_project(database, "adss") is None
    await set_quota(database, "ads", 5_000_000)
    told = await told_of_new_project(database, "adss")
    assert told == "adss is a new project and has no quota; did you mean ads?"
    assert await told_of_new_project(database, "ads") is None
    await AsyncMetadataTracker(database).start_workflow("t", "video_production", project="adss")
    assert await told_of_new_project(database, "adss") is None


def test_a_run_warns_of_its_new_project(room: TakesRoom) -> None:
    """In its document, once: going on with it says nothing of it."""
    room.ok("db", "init")
    room.ok("projects", "set", "ads", "--monthly-quota", "5")
    made = room.film(1, "--project", "adss", "--budget", "0.01")
    assert "adss is a new project and has no quota; did you mean ads?" in made.document["warnings"]
    assert not any("new project" in warning for warning in room.type("resume", "t").document["warnings"])
