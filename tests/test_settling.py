"""`clash calls settle`: a person who has looked at the provider's record says what a call cost, and that is kept."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import SMALL, environment, forked_clash, metered, shot_list
from paid import Bills, Keyed, OneShot, PaidRun, Queued, task

from clash.assets import AssetStore
from clash.calls.spec import CallResult
from clash.config import Settings
from clash.database import init_database, migrations, open_database
from clash.database.lease import Lease, release_lease
from clash.database.port import Database, Statement
from clash.database.settlements import Settlement, SettlementRow, settle_call, settlements_of
from clash.errors import ClashError, ConflictError, DatabaseError, NotFoundError, PersonNeededError, UsageError
from clash.production import settle_call as settle


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


@pytest.fixture
def settings(database_url: str, assets: AssetStore) -> Settings:
    """The settings that name the test's database and asset store."""
    return Settings(DATABASE_URL=database_url, ASSET_STORE=f"file://{assets.root.as_posix()}")  # type: ignore[call-arg]


async def lose_answer(paid_run: PaidRun, provider: OneShot) -> None:
    """Have a call charged, and its answer lost; the process is gone then."""
    provider.script["a"] = ["drop"]
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(provider)).call(task("a"))
    await release_lease(paid_run.database, paid_run.lease)


async def settled(paid_run: PaidRun, settings: Settings, billed: str | None, **more: Any) -> dict[str, Any]:
    """Settle the call of slot `a`."""
    return await settle(paid_run.run_id, "a", settings, billed=None if billed is None else Decimal(billed), **more)


@on_both_databases
async def test_an_unknown_call_that_was_not_billed_is_made_again(paid_run: PaidRun, settings: Settings) -> None:
    """Its money is free again, and a plain resume makes it."""
    bills = Bills()
    provider = OneShot(bills)
    await lose_answer(paid_run, provider)
    document = await settled(paid_run, settings, None)
    assert (document["was_state"], document["was_held_usd"], document["billed_usd"]) == (
        "unknown",
        "0.100000",
        "0.000000",
    )
    assert document["cost"] == {"total_usd": "0.000000", "reserved_usd": "0.000000"}
    assert await paid_run.money() == (0, 0)
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_an_unknown_call_that_was_billed_counts_as_it_was(paid_run: PaidRun, settings: Settings) -> None:
    """The bill is counted, nothing is reserved any more, and only consent buys it again."""
    bills = Bills()
    provider = OneShot(bills)
    await lose_answer(paid_run, provider)
    await settled(paid_run, settings, "0.07")
    assert await paid_run.money() == (70_000, 0)
    with pytest.raises(PersonNeededError, match=r"\$0\.070000") as asked:
        await (await paid_run.ledger(provider, consent=True)).call(task("a"))
    assert asked.value.code == "failed_paid"
    assert isinstance(await (await paid_run.ledger(provider, buy_again=True)).call(task("a")), CallResult)
    assert await paid_run.money() == (170_000, 0)


@on_both_databases
async def test_a_refund_is_counted(paid_run: PaidRun, settings: Settings) -> None:
    """Paid for, failed, and given back after the complaint: it costs nothing any more, and is made again."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["junk"]})
    with pytest.raises(ClashError):
        await (await paid_run.ledger(provider)).call(task("a"))
    await release_lease(paid_run.database, paid_run.lease)
    document = await settled(paid_run, settings, None)
    assert (document["was_state"], document["was_cost_usd"]) == ("failed", "0.100000")
    assert await paid_run.money() == (0, 0)
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)


@on_both_databases
@pytest.mark.parametrize("kind", ["keyed", "queued"])
async def test_a_call_that_a_process_left_open_can_be_settled(paid_run: PaidRun, settings: Settings, kind: str) -> None:
    """An intent or a job of a process that is gone: its reservation is cleared."""
    bills = Bills()
    keyed = Keyed(bills, script={"a": ["drop"] * 3})
    broken = {"broken": lambda: ConnectionResetError("reset")}
    provider = keyed if kind == "keyed" else Queued(bills, polls=["broken"] * 3, errors=broken)
    with pytest.raises(ClashError):
        await (await paid_run.ledger(provider)).call(task("a"))
    await release_lease(paid_run.database, paid_run.lease)
    assert await paid_run.money() == (0, 100_000)
    document = await settled(paid_run, settings, "0.10")
    assert document["was_state"] == ("intent" if kind == "keyed" else "submitted")
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_who_settled_what_and_when_is_kept_for_good(paid_run: PaidRun, settings: Settings) -> None:
    """Each settlement is a row with what it was before; a row can be neither changed nor overwritten."""
    provider = OneShot(Bills())
    await lose_answer(paid_run, provider)
    await settled(paid_run, settings, "0.07")
    await settled(paid_run, settings, None)
    first, second = map(SettlementRow.from_row, await settlements_of(paid_run.database, paid_run.run_id))
    assert (first.was_state, first.was_held_micro, first.billed_micro) == ("unknown", 100_000, 70_000)
    assert (second.was_state, second.was_cost_micro, second.billed_micro) == ("failed", 70_000, 0)
    assert all("@" in row.settled_by and row.settled_at for row in (first, second))
    assert first.call == second.call == (await paid_run.rows())[0]["token"]
    with pytest.raises(DatabaseError, match="never changed"):
        await paid_run.database.batch([Statement("UPDATE call_settlements SET billed_micro = 0")])
    assert await paid_run.money() == (0, 0)


@on_both_databases
async def test_a_call_is_settled_once_however_often_it_is_said(paid_run: PaidRun) -> None:
    """Two people at a time: the second finds the call no longer as it looked at it, and counts nothing."""
    await lose_answer(paid_run, OneShot(Bills()))
    await paid_run.ledger(OneShot(Bills()))
    (row,) = await paid_run.calls()
    both = [Settlement(row, 70_000, by, "2026-11-26T00:00:00.000Z") for by in ("ana@one", "ben@two")]
    assert [await settle_call(paid_run.database, paid_run.lease, one) for one in both] == [True, False]
    assert await paid_run.money() == (70_000, 0)
    assert len(await settlements_of(paid_run.database, paid_run.run_id)) == 1


@on_both_databases
async def test_a_run_that_a_process_holds_is_not_settled(paid_run: PaidRun, settings: Settings) -> None:
    """Exit 5: that process may settle the call itself."""
    await lose_answer(paid_run, OneShot(Bills()))
    await paid_run.ledger(OneShot(Bills()))
    with pytest.raises(ConflictError):
        await settled(paid_run, settings, None)
    assert await paid_run.money() == (0, 100_000)


async def test_a_call_whose_answer_is_here_is_not_settled(paid_run: PaidRun, settings: Settings) -> None:
    """Its receipt came late: resume settles it with what it really cost."""
    provider = OneShot(Bills())
    await lose_answer(paid_run, provider)
    (row,) = await paid_run.rows()
    late = {
        "sha256": paid_run.assets.put(provider.answer("a", None).content),
        "media_type": "audio/wav",
        "cost_micro": 100_000,
        "precision": "exact",
        "facts": {},
        "response": "{}",
    }
    paid_run.assets.write_receipt(row["token"], late)
    with pytest.raises(ConflictError) as refused:
        await settled(paid_run, settings, None)
    assert (refused.value.code, refused.value.exit_code) == ("answered", 5)


@on_both_databases
@pytest.mark.parametrize("billed", [None, "0.07"])
async def test_an_answer_that_comes_late_is_used_all_the_same(
    paid_run: PaidRun, settings: Settings, billed: str | None
) -> None:
    """Settled by hand, then its receipt comes to light: the file is used, and its cost counted once."""
    bills = Bills()
    provider = OneShot(bills)
    await lose_answer(paid_run, provider)
    await settled(paid_run, settings, billed)
    (row,) = await paid_run.rows()
    late = {
        "sha256": paid_run.assets.put(provider.answer("a", None).content),
        "media_type": "audio/wav",
        "cost_micro": 100_000,
        "precision": "exact",
        "facts": {},
        "response": "{}",
    }
    paid_run.assets.write_receipt(row["token"], late)
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert (bills.times("a"), await paid_run.money()) == (1, (100_000, 0))


async def test_which_call_is_meant_must_be_clear(paid_run: PaidRun, settings: Settings) -> None:
    """No such call: exit 3. Several: exit 2, each with the id that `--call` takes."""
    provider = OneShot(Bills())
    await lose_answer(paid_run, provider)
    provider.script["a"] = ["drop"]
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(provider, consent=True)).call(task("a"))
    await release_lease(paid_run.database, paid_run.lease)
    with pytest.raises(UsageError, match="several") as several:
        await settled(paid_run, settings, None)
    ids = [row["id"] for row in await paid_run.rows()]
    assert all(str(number) in several.value.message for number in ids)
    await settled(paid_run, settings, None, call_id=ids[0])
    assert await paid_run.money() == (0, 100_000)
    with pytest.raises(NotFoundError):
        await settle(paid_run.run_id, "b", settings, billed=None)


@pytest.mark.parametrize("bill", ["-1", "NaN", "1e9"])
async def test_a_bill_that_is_none_is_refused(paid_run: PaidRun, settings: Settings, bill: str) -> None:
    """Nonsense cannot be counted."""
    with pytest.raises(UsageError):
        await settled(paid_run, settings, bill)


# -- through the command line ----------------------------------------------------------------------------------------


@on_both_databases
def test_the_command_that_the_hint_names_settles_the_call(tmp_path: Path, database_url: str) -> None:
    """Typed as it is printed; then a plain resume makes the clip, and the reports show who settled what."""
    shot_list(tmp_path / "story.csv", 2)
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_DROP="shot:002", METER_COST="0.25")
    arguments = ("run", "story.csv", "--thread", "d", *SMALL, "--video-model", "oneshot", "--json")
    ran = forked_clash(tmp_path, *arguments, env=env)
    assert ran.code == 8, ran.err
    typed = "calls settle --not-billed d shot:002"
    assert f"clash {typed}" in ran.document["error"]["hint"]
    for wrong in (("d", "shot:002"), ("d", "shot:002", "--not-billed", "--billed", "1")):
        assert forked_clash(tmp_path, "calls", "settle", *wrong, env=env).code == 2
    done = forked_clash(tmp_path, *typed.split(), "--json", env=env)
    assert (done.code, done.document["cost"]["reserved_usd"]) == (0, "0.000000"), done.err
    for report in (("runs", "show", "d"), ("cost", "d", "--calls")):
        (said,) = forked_clash(tmp_path, *report, "--json", env=env).document["settlements"]
        assert (said["slot"], said["was_state"], said["billed_usd"]) == ("shot:002", "unknown", "0.000000")
        assert said["settled_by"] in forked_clash(tmp_path, *report, env=env).out
    resumed = forked_clash(tmp_path, "resume", "d", "--json", env=env)
    assert resumed.code == 0, resumed.err
    assert sorted(metered(meter)) == ["shot:001", "shot:002", "shot:002"]
    exported = forked_clash(tmp_path, "db", "export", "runs.jsonl", "--json", env=env)
    assert exported.document["rows"]["call_settlements"] == 1


def test_an_export_of_the_schema_before_can_be_imported(tmp_path: Path) -> None:
    """It knows no settlements and counts none."""
    shot_list(tmp_path / "story.csv", 1)
    env = environment()
    assert forked_clash(tmp_path, "run", "story.csv", "--thread", "d", *SMALL, env=env).code == 0
    assert forked_clash(tmp_path, "db", "export", "runs.jsonl", env=env).code == 0
    lines = (tmp_path / "runs.jsonl").read_text().splitlines()
    header, end = json.loads(lines[0]), json.loads(lines[-1])
    header["schema"] = header["schema"][:1]
    assert end["end"]["rows"].pop("call_settlements") == 0
    lines[0], lines[-1] = json.dumps(header), json.dumps(end)
    (tmp_path / "older.jsonl").write_text("\n".join(lines) + "\n")
    there = environment(DATABASE_URL=f"sqlite:///{tmp_path.as_posix()}/other.db")
    assert forked_clash(tmp_path, "db", "init", env=there).code == 0
    done = forked_clash(tmp_path, "db", "import", "older.jsonl", "--json", env=there)
    assert (done.code, done.document["items"][0]["result"]) == (0, "imported"), done.err


@on_both_databases
async def test_a_call_of_the_schema_before_can_be_settled(
    database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that an older clash made, with an unknown call in it: upgraded, nothing lost, and settled."""
    with monkeypatch.context() as patch:
        first = migrations.known_migrations()[:1]
        patch.setattr(migrations, "known_migrations", lambda: first)
        await init_database(database_url)
    async with open_database(database_url, "write") as before:
        await before.batch(
            [
                Statement(
                    "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at,"
                    " reserved_micro) VALUES ('old', 'video_production', 'paused', '2026-01-01T00:00:00.000Z',"
                    " '2026-01-01T00:00:00.000Z', 100000)"
                ),
                Statement(
                    "INSERT INTO api_logs (run_id, step, slot, token, service, state, quoted_cost_micro, started_at)"
                    " VALUES ('old', 'speak', 'a', 'token', 'oneshot', 'unknown', 100000, '2026-01-01T00:00:00.000Z')"
                ),
            ]
        )
    _, applied = await init_database(database_url)
    assert "0002_call_settlements.sql" in applied
    document = await settle("old", "a", settings, billed=Decimal("0.07"))
    assert document["cost"] == {"total_usd": "0.070000", "reserved_usd": "0.000000"}
