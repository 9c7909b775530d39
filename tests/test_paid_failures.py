"""What was paid for and failed: asked for again where that is free, and bought again with a person's consent only."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import SMALL, environment, forked_clash, metered, shot_list
from paid import KINDS, Bills, Keyed, OneShot, PaidRun, Queued, all_of, provider_of, task, text_of

from clash.assets import AssetStore, sha256_of
from clash.calls.spec import CallResult
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import AmbiguousError, PersonNeededError, ProviderError
from clash.providers.ports import Answer, Context, Job, JobStatus, Request

JUNK = b"<html>"


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


async def fail(paid_run: PaidRun, provider: Keyed | OneShot | Queued) -> ProviderError:
    """Have one call paid for and fail; the error."""
    provider.script["a"] = ["junk"] * 3
    with pytest.raises(ProviderError) as failed:
        await (await paid_run.ledger(provider)).call(task("a"))
    provider.script.clear()
    return failed.value


@on_both_databases
async def test_a_plain_resume_never_buys_it_again(paid_run: PaidRun) -> None:
    """Three times asked without consent: one charge, and the error names the cost, the key and the file."""
    bills = Bills()
    provider = OneShot(bills)
    first = await fail(paid_run, provider)
    assert (first.exit_code, first.waiting_for) == (8, "failed_paid")
    (row,) = await paid_run.rows()
    for _ in range(3):
        with pytest.raises(PersonNeededError) as asked:
            await (await paid_run.ledger(provider)).call(task("a"))
        assert (asked.value.code, asked.value.waiting_for, asked.value.slots) == ("failed_paid", "failed_paid", ("a",))
        for told in ("$0.100000", row["token"], paid_run.assets.path(sha256_of(JUNK)).as_posix()):
            assert told in asked.value.message
        assert "--retry-failed-paid buys it again, for about $0.100000" in str(asked.value.hint)
    assert bills.times("a") == 1
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_the_bad_bytes_are_kept_for_the_complaint(paid_run: PaidRun, kind: str) -> None:
    """What the provider sent is in the store under its hash, and the failed row names it."""
    await fail(paid_run, provider_of(kind, Bills()))
    (row,) = await paid_run.rows()
    assert (row["state"], row["asset_sha256"]) == ("failed", sha256_of(JUNK))
    assert paid_run.assets.read(sha256_of(JUNK)) == JUNK


@on_both_databases
@pytest.mark.parametrize("kind", ["keyed", "queued"])
@pytest.mark.parametrize("price", ["0.10", "0.07"])
async def test_the_same_key_or_job_is_asked_again_for_nothing(paid_run: PaidRun, kind: str, price: str) -> None:
    """The provider has corrected its file: a plain resume fetches it, and the tables count what it cost once."""
    bills = Bills()
    provider = provider_of(kind, bills, bill=Decimal(price))
    await fail(paid_run, provider)
    made = await (await paid_run.ledger(provider)).call(task("a"))
    assert (bills.times("a"), await paid_run.states()) == (1, ["succeeded"])
    assert (await paid_run.money(), made.cost_micro) == ((bills.micro, 0), bills.micro)
    assert (await (await paid_run.ledger(provider)).call(task("a"))).sha256 == made.sha256


@on_both_databases
@pytest.mark.parametrize("kind", ["keyed", "queued"])
async def test_a_death_after_the_free_answer_loses_nothing(paid_run: PaidRun, kind: str) -> None:
    """The answer and its receipt are on the disk, the row still says failed: the next process settles it."""
    bills = Bills()
    provider = provider_of(kind, bills)
    await fail(paid_run, provider)
    dying = await paid_run.ledger(provider)

    async def die(*_: object) -> CallResult:
        raise OSError("killed")

    dying._store.settle = die  # type: ignore[method-assign]
    with pytest.raises(OSError, match="killed"):
        await dying.call(task("a"))
    provider.script["a"] = ["junk"] * 9
    asked = bills.asked["a"]
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert (bills.times("a"), bills.asked["a"]) == (1, asked)
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_consent_buys_it_once(paid_run: PaidRun) -> None:
    """With consent one new call; if that is paid for and fails too, a person is asked again."""
    bills = Bills()
    provider = OneShot(bills)
    await fail(paid_run, provider)
    provider.script["a"] = ["junk"]
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(provider, buy_again=True)).call(task("a"))
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 2
    await (await paid_run.ledger(provider, buy_again=True)).call(task("a"))
    assert (bills.times("a"), await paid_run.states()) == (3, ["failed", "failed", "succeeded"])


@on_both_databases
async def test_consent_to_unknown_calls_is_no_consent_to_failed_ones(paid_run: PaidRun) -> None:
    """The two are asked about, and agreed to, apart from each other."""
    bills = Bills()
    provider = OneShot(bills, script={"b": ["drop"]})
    await fail(paid_run, provider)
    await all_of(await paid_run.ledger(provider), ["b"])
    results = await all_of(await paid_run.ledger(provider, consent=True), ["a", "b"])
    assert [type(result) for result in results] == [PersonNeededError, CallResult]
    assert bills.times("a") == 1


@on_both_databases
@pytest.mark.parametrize("kind", ["keyed", "queued"])
async def test_a_provider_that_cannot_be_asked_now_changes_nothing(paid_run: PaidRun, kind: str) -> None:
    """Asking again breaks off: the row stays failed and paid, and the next resume asks once more."""
    bills = Bills()
    provider = provider_of(kind, bills)
    await fail(paid_run, provider)
    provider.errors = {"broken": lambda: AmbiguousError("the connection broke")}
    provider.script["a"] = ["broken"] * 3
    if isinstance(provider, Queued):
        provider.polls = ["broken"] * 3
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(provider, buy_again=True)).call(task("a"))
    assert (await paid_run.states(), await paid_run.money()) == (["failed"], (100_000, 0))
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert bills.times("a") == 1


@on_both_databases
async def test_a_job_that_failed_and_was_billed_is_not_bought_again(paid_run: PaidRun) -> None:
    """The queue ran it, billed it and says that it failed: asked about again, never handed in again unasked."""
    bills = Bills()
    provider = Queued(bills, status=JobStatus("failed", "nsfw", cost_usd=Decimal("0.04")))
    with pytest.raises(ProviderError, match="nsfw"):
        await (await paid_run.ledger(provider)).call(task("a"))
    with pytest.raises(PersonNeededError, match=r"\$0\.040000.*job job-0"):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1


@on_both_databases
async def test_a_failure_that_cost_nothing_is_simply_tried_again(paid_run: PaidRun) -> None:
    """Refused, not billed: the next resume calls again without a question."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["refuse"]})
    await all_of(await paid_run.ledger(provider), ["a"])
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)


@on_both_databases
@pytest.mark.parametrize("act", ["junk", "drop"])
async def test_another_slot_does_not_buy_the_same_request(paid_run: PaidRun, act: str) -> None:
    """Two slots ask for the very same thing: what was paid for one of them is not paid again for the other."""
    bills = Bills()
    provider = OneShot(bills, script={"a": [act]})  # type: ignore[list-item]
    both = [task("a"), replace(task("a"), slot="b")]
    ledger = await paid_run.ledger(provider)
    for one in both:
        with pytest.raises((ProviderError, PersonNeededError)):
            await ledger.call(one)
    for one in reversed(both):
        with pytest.raises(PersonNeededError):
            await (await paid_run.ledger(provider)).call(one)
    assert bills.times("a") == 1
    agreed = await paid_run.ledger(provider, buy_again=True, consent=True)
    assert [type(await agreed.call(one)) for one in reversed(both)] == [CallResult, CallResult]
    assert bills.times("a") == 2


@on_both_databases
async def test_a_provider_that_can_be_asked_gives_the_mended_file(paid_run: PaidRun) -> None:
    """It knows no keys for paying twice, but tells what became of a call: found whole, nothing is bought."""
    bills = Bills()

    class Knowing(OneShot):
        async def find(self, model: str, request: Request, context: Context) -> Answer | Job | None:
            return self.answer(text_of(request), self.next_act(text_of(request)))

    provider = Knowing(bills)
    await fail(paid_run, provider)
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert bills.times("a") == 1


# -- through the command line ----------------------------------------------------------------------------------------


@on_both_databases
def test_a_film_whose_clip_was_paid_for_and_is_broken(tmp_path: Path, database_url: str) -> None:
    """Exit 8 and `failed_paid`, also from a line that resumes all failed runs; consent buys just that clip."""
    shot_list(tmp_path / "story.csv", 2)
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_BAD="shot:002", METER_COST="0.25")
    arguments = ("run", "story.csv", "--thread", "d", *SMALL, "--video-model", "oneshot", "--json")
    ran = forked_clash(tmp_path, *arguments, env=env)
    assert (ran.code, ran.document["status"], ran.document["waiting_for"]) == (8, "paused", "failed_paid")
    assert ran.document["left"] == {"calls": 1, "cost_usd": "0.250000"}
    for command in (("resume", "d", "--json"), arguments):
        again = forked_clash(tmp_path, *command, env=env)
        assert (again.code, again.document["error"]["code"]) == (8, "failed_paid"), again.err
    (failed,) = again.document["failed_paid"]
    assert (failed["slot"], failed["cost_usd"]) == ("shot:002", "0.250000")
    assert failed["idempotency_key"] in again.document["error"]["message"]
    assert (tmp_path / failed["file"]).read_bytes()
    calls = forked_clash(tmp_path, "cost", "d", "--calls", "--json", env=env).document["calls_list"]
    assert [call["file"] for call in calls if call["state"] == "failed"] == [failed["file"]]
    assert sorted(metered(meter)) == ["shot:001", "shot:002"]
    del env["METER_BAD"]
    bought = forked_clash(tmp_path, "resume", "d", "--retry-failed-paid", "--json", env=env)
    assert (bought.code, bought.document["waiting_for"], bought.document["failed_paid"]) == (0, None, []), bought.err
    assert sorted(metered(meter)) == ["shot:001", "shot:002", "shot:002"]
