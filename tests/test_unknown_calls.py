"""The provider does the work and the connection drops: what may be paid already is never bought again unasked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from conftest import on_both_databases
from filming import SMALL, environment, forked_clash, metered, rows_of, shot_list
from paid import Bills, Keyed, OneShot, PaidRun, Queued, all_of, provider_of, task, text_of

from clash.assets import AssetStore
from clash.calls.spec import CallResult
from clash.database.lease import Lease
from clash.database.port import Database, Row
from clash.errors import PersonNeededError, ProviderError, StorageError
from clash.providers.ports import Answer, Context, Job, JobStatus, Request
from clash.providers.registry import Registry


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


# -- execute, then report a timeout --------------------------------------------------------------------------------


@on_both_databases
async def test_a_dropped_answer_is_asked_for_again_under_its_key(paid_run: PaidRun) -> None:
    """The same key again costs nothing more: the call succeeds within the same process."""
    bills = Bills()
    ledger = await paid_run.ledger(Keyed(bills, script={"a": ["drop", "drop"]}))
    made = await ledger.call(task("a"))
    assert made.cost_micro == 100_000 == bills.micro
    assert bills.asked["a"] == 3
    assert await paid_run.states() == ["succeeded"]
    assert (await paid_run.rows())[0]["attempt"] == 3


@on_both_databases
@pytest.mark.parametrize("kind", ["oneshot", "queued"])
async def test_a_dropped_answer_without_a_key_waits_for_consent(paid_run: PaidRun, kind: str) -> None:
    """Unknown, its money reserved; another process does not call it either; with consent it is called once more."""
    bills = Bills()
    provider = provider_of(kind, bills, script={"a": ["drop"]})
    ledger = await paid_run.ledger(provider)
    with pytest.raises(PersonNeededError) as asked:
        await ledger.call(task("a"))
    assert asked.value.code == "unknown_call"
    assert asked.value.slots == ("a",)
    assert "$0.100000" in asked.value.message
    assert await paid_run.money() == (0, 100_000)
    for _ in range(2):
        with pytest.raises(PersonNeededError):
            await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    made = await (await paid_run.ledger(provider, consent=True)).call(task("a"))
    assert made.cost_micro == 100_000
    assert bills.times("a") == 2
    assert await paid_run.states() == ["unknown", "succeeded"]
    # The unknown call may be on the invoice: what it may have cost stays reserved.
    assert await paid_run.money() == (100_000, 100_000)


@on_both_databases
async def test_consent_covers_only_the_calls_unknown_by_then(paid_run: PaidRun) -> None:
    """A call that becomes unknown while the consent is in force is asked about again."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["drop", "drop"]})
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(provider)).call(task("a"))
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(provider, consent=True)).call(task("a"))
    assert bills.times("a") == 2
    assert await paid_run.states() == ["unknown", "unknown"]


@on_both_databases
async def test_one_unknown_call_does_not_keep_the_others(paid_run: PaidRun) -> None:
    """Its siblings are made; only it waits."""
    bills = Bills()
    results = await all_of(await paid_run.ledger(OneShot(bills, script={"b": ["drop"]})), ["a", "b", "c"])
    assert [type(result) for result in results] == [CallResult, PersonNeededError, CallResult]


@on_both_databases
async def test_a_provider_that_can_be_asked_is_asked_first(paid_run: PaidRun) -> None:
    """One that knows our key says what became of the call: found, it is settled; never arrived, it is made."""
    bills = Bills()

    class Knowing(OneShot):
        async def find(self, model: str, request: Request, context: Context) -> Answer | Job | None:
            known = (text_of(request), context.key) in bills.charges
            return self.answer(text_of(request), None) if known else None

    provider = Knowing(bills, script={"arrived": ["drop"], "lost": ["unsent"]})
    results = await all_of(await paid_run.ledger(provider), ["arrived", "lost"])
    assert [type(result) for result in results] == [CallResult, CallResult]
    assert (bills.times("arrived"), bills.times("lost")) == (1, 1)
    assert (bills.asked["arrived"], bills.asked["lost"]) == (1, 2)
    assert await paid_run.money() == (200_000, 0)


@on_both_databases
async def test_a_queue_that_can_be_asked_gives_the_job_back(paid_run: PaidRun) -> None:
    """The submit's answer was lost; the job is found under our key and waited for, not submitted again."""
    bills = Bills()

    class Knowing(Queued):
        async def find(self, model: str, request: Request, context: Context) -> Answer | Job | None:
            found = [job for job, text in self.jobs.items() if text == text_of(request)]
            return Job(found[0], self.endpoint) if found else None

    await (await paid_run.ledger(Knowing(bills, script={"a": ["drop"]}))).call(task("a"))
    assert bills.times("a") == 1
    assert await paid_run.states() == ["succeeded"]


# -- what comes to light later ---------------------------------------------------------------------------------------


def late_receipt(paid_run: PaidRun, provider: OneShot, row: Row) -> str:
    """What a process writes that was frozen, not dead, when its answer comes at last; the file's digest."""
    digest = paid_run.assets.put(provider.answer(row["slot"], None).content)
    paid_run.assets.write_receipt(
        row["token"],
        {
            "sha256": digest,
            "media_type": "audio/wav",
            "cost_micro": 100_000,
            "precision": "exact",
            "facts": {},
            "response": "{}",
        },
    )
    return digest


@on_both_databases
async def test_a_receipt_that_comes_late_settles_an_unknown_call(paid_run: PaidRun) -> None:
    """A frozen process was taken for dead, and got its answer after all: nobody is asked, nothing is bought again."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["drop"]})
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(provider)).call(task("a"))
    (row,) = await paid_run.rows()
    digest = late_receipt(paid_run, provider, row)
    made = await (await paid_run.ledger(provider)).call(task("a"))
    assert made.sha256 == digest
    assert bills.times("a") == 1
    assert await paid_run.states() == ["succeeded"]
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_a_late_receipt_of_any_unknown_call_will_do(paid_run: PaidRun) -> None:
    """Made again with consent and unknown once more, then the first answer comes to light: it is not bought thrice."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["drop", "drop"]})
    for consent in (False, True):
        with pytest.raises(PersonNeededError):
            await (await paid_run.ledger(provider, consent=consent)).call(task("a"))
    late_receipt(paid_run, provider, (await paid_run.rows())[0])
    await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 2
    assert await paid_run.states() == ["succeeded", "unknown"]
    assert await paid_run.money() == (100_000, 100_000)


@on_both_databases
async def test_a_job_s_ticket_on_the_disk_is_enough(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database refused the job's id: it stands on the disk, and the next process waits for that very job."""
    bills = Bills()
    provider = Queued(bills)

    async def refuse(*_: object) -> None:
        raise StorageError("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr("clash.calls.call_store.CallStore.store_job", refuse)
        with pytest.raises(StorageError):
            await (await paid_run.ledger(provider)).call(task("a"))
    assert await paid_run.states() == ["intent"]
    await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    assert await paid_run.states() == ["succeeded"]
    assert not list((paid_run.assets.root / "receipts").iterdir()), "a settled call needs no receipt"


# -- jobs ------------------------------------------------------------------------------------------------------------


@on_both_databases
async def test_a_job_is_polled_where_it_was_submitted(paid_run: PaidRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name another provider and address by now: the recorded one is asked, and nothing is bought."""
    bills, seen = Bills(), list[str]()

    class Slow(Queued):
        async def poll(self, model: str, job: Job) -> JobStatus:
            seen.append(f"{job.endpoint} {model}")
            raise ProviderError("bad gateway", retryable=True, status_code=502)

    slow = Slow(bills)
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(slow)).call(task("a"))
    assert await paid_run.states() == ["submitted"]
    moved = Queued(bills, endpoint="https://moved.example", jobs=slow.jobs)
    named = Registry.provider
    monkeypatch.setattr(
        Registry, "provider", lambda registry, name: moved if name == "queued" else named(registry, name)
    )
    polls = list[Job]()
    monkeypatch.setattr(moved, "poll", lambda _, job: _succeeded(polls, job))
    await (await paid_run.ledger(Keyed(bills))).call(task("a"))
    assert [job.endpoint for job in polls] == ["https://paid.example/v1"]
    assert bills.charges == [("a", "job-0")]


async def _succeeded(polls: list[Job], job: Job) -> JobStatus:
    polls.append(job)
    return JobStatus("succeeded")


@on_both_databases
@pytest.mark.parametrize(
    ("error", "state", "charged"),
    [
        (ProviderError("your key has expired", status_code=401), "submitted", 0),
        (ProviderError("no credit", status_code=402), "submitted", 0),
        (ProviderError("bad gateway", retryable=True, status_code=502), "submitted", 0),
        (ConnectionResetError("reset by peer"), "submitted", 0),
        (ProviderError("there is no such job", status_code=404), "failed", 100_000),
    ],
)
async def test_a_job_is_given_up_only_when_the_queue_says_so(
    paid_run: PaidRun, error: Exception, state: str, charged: int
) -> None:
    """Whatever else a look at it brings, the job's id is kept and the next process looks again."""
    bills = Bills()
    provider = Queued(bills, polls=["broken"] * 3, errors={"broken": lambda: error})
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert await paid_run.states() == [state]
    assert (await paid_run.money())[0] == charged
    provider.polls.clear()
    await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_a_job_that_failed_costs_what_the_queue_says(paid_run: PaidRun) -> None:
    """Billed all the same: counted, told, and not tried again unasked. Not billed: tried again."""
    bills = Bills()
    billed = Queued(bills, status=JobStatus("failed", "nsfw", retryable=True, cost_usd=Decimal("0.04")))
    with pytest.raises(ProviderError, match="nsfw"):
        await (await paid_run.ledger(billed)).call(task("a"))
    assert bills.asked["a"] == 1
    assert await paid_run.money() == (40_000, 0)
    free = Queued(bills, status=JobStatus("failed", "the worker died", retryable=True))
    with pytest.raises(ProviderError, match="the worker died"):
        await (await paid_run.ledger(free)).call(task("b"))
    assert bills.asked["b"] == 3


# -- an intent whose request is no longer the same -------------------------------------------------------------------


@on_both_databases
async def test_a_paid_intent_is_not_sent_again_with_another_request(paid_run: PaidRun) -> None:
    """The key would promise one thing and ask for another: a person is asked, and consents to a call of its own."""
    bills = Bills()
    provider = Keyed(bills, script={"a": ["drop"] * 3})
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(provider)).call(task("a"))
    assert await paid_run.states() == ["intent"]
    changed = replace(task("a"), request=task("other words").request)
    with pytest.raises(PersonNeededError, match="changed since"):
        await (await paid_run.ledger(provider)).call(changed)
    assert bills.asked == {"a": 3}
    await (await paid_run.ledger(provider, consent=True)).call(changed)
    assert [text for text, _ in bills.charges] == ["a", "other words"]
    rows = await paid_run.rows()
    assert rows[0]["key"] != rows[1]["key"]


@on_both_databases
async def test_a_free_intent_with_another_request_is_made_again(paid_run: PaidRun) -> None:
    """A new version draws differently, and nothing was at stake: no question, a new row under its own key."""
    bills = Bills()
    provider = Keyed(bills, price=Decimal(0), script={"a": ["drop"] * 3})
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(provider)).call(task("a"))
    await (await paid_run.ledger(provider)).call(replace(task("a"), request=task("other").request))
    assert await paid_run.states() == ["failed", "succeeded"]


@on_both_databases
async def test_a_key_of_another_address_is_not_trusted(paid_run: PaidRun) -> None:
    """The base URL has changed: that server never saw the key, so to call it may be to pay twice."""
    bills = Bills()
    with pytest.raises(ProviderError):
        await (await paid_run.ledger(Keyed(bills, script={"a": ["drop"] * 3}))).call(task("a"))
    with pytest.raises(PersonNeededError):
        await (await paid_run.ledger(Keyed(bills, endpoint="https://elsewhere.example"))).call(task("a"))
    assert bills.times("a") == 1


# -- through the command line ----------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("kind", ["metered", "oneshot", "queued"])
def test_a_film_whose_answer_was_dropped(tmp_path: Path, database_url: str, kind: str) -> None:
    """Keyed: the film is made. Without keys: exit 8, the slot named, nothing more charged, until --retry-unknown."""
    shot_list(tmp_path / "story.csv", 2)
    meter = tmp_path / "meter"
    env = environment(
        DATABASE_URL=database_url, METER=str(meter), METER_DROP="shot:002", METER_COST="0.25", CLASH_RETRY_WAIT_S="0"
    )
    ran = forked_clash(tmp_path, "run", "story.csv", "--thread", "d", *SMALL, "--video-model", kind, "--json", env=env)
    if kind == "metered":
        assert ran.code == 0, ran.err
        assert sorted(metered(meter)) == ["shot:001", "shot:002"]
        assert ran.document["cost"]["total_usd"] == "0.500000"
        return
    assert ran.code == 8, ran.err
    assert (ran.document["status"], ran.document["error"]["slots"]) == ("paused", ["shot:002"])
    assert "0.250000" in ran.document["error"]["message"]
    assert ran.document["left"] == {"calls": 1, "cost_usd": "0.250000"}
    again = forked_clash(tmp_path, "resume", "d", "--json", env=env)
    assert again.code == 8
    assert sorted(metered(meter)) == ["shot:001", "shot:002"]
    consented = forked_clash(tmp_path, "resume", "d", "--retry-unknown", "--json", env=env)
    assert consented.code == 0, consented.err
    assert sorted(metered(meter)) == ["shot:001", "shot:002", "shot:002"]
    assert rows_of(database_url, "SELECT spent_micro, reserved_micro FROM workflow_executions") == [(500_000, 250_000)]


@on_both_databases
@pytest.mark.parametrize("name", ["", "  ", None])
async def test_a_job_without_an_id_is_an_unknown_call(paid_run: PaidRun, name: str | None) -> None:
    """It may be charged, and nobody can ask about it: it is never polled, and bought again with consent only."""
    bills = Bills()
    provider = Nameless(bills)
    provider.called = name
    for _ in range(2):
        with pytest.raises(PersonNeededError):
            await (await paid_run.ledger(provider)).call(task("a"))
    (row,) = await paid_run.rows()
    assert (row["state"], provider.polled, len(bills.charges)) == ("unknown", 0, 1)
    assert "no id" in row["error_message"]
    made = await (await paid_run.ledger(Queued(bills), consent=True)).call(task("a"))
    assert isinstance(made, CallResult)
    assert len(bills.charges) == 2


class Nameless(Queued):
    """Takes jobs, charges them, and does not say what they are called."""

    called: str | None = ""

    async def submit(self, model: str, request: Request, context: Context) -> Job:
        job = await super().submit(model, request, context)
        return Job(cast("str", self.called), job.endpoint)
