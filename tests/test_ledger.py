"""The ledger: what succeeded is never called again, by no step and no process; what is lost is told.

Budgets are proved in `test_budget.py`, lost answers and jobs in `test_unknown_calls.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from conftest import RUN, on_both_databases
from paid import QUICK, Act, Bills, Keyed, OneShot, PaidRun, Queued, all_of, provider_of, task

from clash.assets import AssetStore
from clash.calls.dry_run import DryRun
from clash.calls.ledger import Ledger
from clash.calls.spec import CallResult, CallSpec
from clash.database.connection import open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database
from clash.errors import PersonNeededError, ProviderError, StorageError
from clash.providers.registry import Model, Registry

KINDS = ("keyed", "oneshot", "queued")
FREE = Decimal(0)


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore) -> PaidRun:
    """A run to which ledgers come."""
    return await paid_run_of(database, assets, RUN)


async def paid_run_of(database: Database, assets: AssetStore, run_id: str) -> PaidRun:
    await AsyncMetadataTracker(database).start_workflow(run_id, "video_production")
    return PaidRun(database, assets, run_id, await take_lease(database, run_id))


def slot(text: str, name: str, **changes: Any) -> CallSpec:
    """Have a text said for a slot of another name."""
    plain = task(text)
    return CallSpec(**{"step": plain.step, "slot": name, "asset_type": "speech", "request": plain.request, **changes})


# -- once ------------------------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_what_succeeded_is_never_called_again(paid_run: PaidRun, database_url: str, kind: str) -> None:
    """Asked again in the same process, by a new ledger, over a new connection: one call, one row, the same file."""
    bills = Bills()
    provider = provider_of(kind, bills)
    ledger = await paid_run.ledger(provider)
    first = await ledger.call(task("a"))
    again = [await ledger.call(task("a")), await (await paid_run.ledger(provider)).call(task("a"))]
    async with open_database(database_url, "write") as other:
        fresh = PaidRun(other, AssetStore(paid_run.assets.root), RUN, paid_run.lease)
        again.append(await (await fresh.ledger(provider)).call(task("a")))
    assert [(made.sha256, made.facts, made.reused) for made in again] == [(first.sha256, first.facts, False)] * 3
    assert first.path.read_bytes() == paid_run.assets.read(first.sha256)
    assert (bills.asked["a"], await paid_run.states(), await paid_run.money()) == (1, ["succeeded"], (100_000, 0))


@on_both_databases
async def test_each_call_is_a_row_that_tells_it(paid_run: PaidRun) -> None:
    """Who was asked what, from when to when, at what cost; and the file stands in the run's assets with its slot."""
    bills = Bills()
    made = await (await paid_run.ledger(OneShot(bills))).call(slot("a", "shot:001/speech-1", asset_slot="shot:001"))
    (row,) = await paid_run.rows()
    assert (row["service"], row["model"], row["endpoint"]) == ("oneshot", "voice", "https://paid.example/v1")
    assert (row["slot"], row["step"], row["kind"], row["attempt"]) == ("shot:001/speech-1", "speak", "speech", 1)
    assert (row["quoted_cost_micro"], row["cost_micro"], row["precision"]) == (100_000, 100_000, "exact")
    assert row["started_at"] <= row["ended_at"]
    assert row["duration_ms"] >= 0
    assert '"text":"a"' in row["request"]
    (asset,) = await paid_run.database.query("SELECT * FROM generated_assets")
    assert (asset["slot"], asset["asset_type"], asset["sha256"]) == ("shot:001", "speech", made.sha256)
    assert (asset["api_log_id"], asset["cost_micro"]) == (row["id"], 100_000)
    assert asset["bytes"] == made.path.stat().st_size
    assert (paid_run.assets.root / asset["path"]).samefile(made.path)


@on_both_databases
@pytest.mark.parametrize("reuse", [True, False])
async def test_two_slots_that_ask_for_one_thing_buy_it_once(paid_run: PaidRun, reuse: bool) -> None:
    """The same words in twenty shots at once: one call, and a row for each shot. `--no-reuse` is about earlier runs."""
    bills = Bills()
    ledger = await paid_run.ledger(OneShot(bills, work_s=0.01), reuse=reuse)
    made = await asyncio.gather(*(ledger.call(slot("the same", f"shot:{n:03d}")) for n in range(20)))
    assert len({one.sha256 for one in made}) == 1
    assert sorted(one.reused for one in made) == [False] + [True] * 19
    assert bills.times("the same") == 1
    assert await paid_run.states() == ["succeeded"] * 20
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_another_take_is_another_call(paid_run: PaidRun) -> None:
    """Take 2 of a slot is another purchase, and take 1 stays recorded."""
    bills = Bills()
    ledger = await paid_run.ledger(OneShot(bills), reuse=True)
    for take in (1, 2, 1, 2):
        await ledger.call(slot("a", "shot:001", take=take))
    assert bills.times("a") == 2
    assert [row["take"] for row in await paid_run.rows()] == [1, 2]


@on_both_databases
async def test_many_callers_of_one_slot_get_one_call(paid_run: PaidRun) -> None:
    """Thirty at once for the same slot: one row."""
    bills = Bills()
    made = await all_of(await paid_run.ledger(OneShot(bills, work_s=0.01)), ["a"] * 30)
    assert all(isinstance(one, CallResult) for one in made)
    assert (bills.times("a"), await paid_run.states()) == (1, ["succeeded"])


# -- from one run to another -----------------------------------------------------------------------------------------


@on_both_databases
async def test_an_earlier_run_s_answer_serves_at_no_cost(paid_run: PaidRun, database: Database) -> None:
    """Marked as reused, free, and with a row and an asset of its own."""
    bills = Bills()
    await (await paid_run.ledger(OneShot(bills))).call(task("a"))
    second = await paid_run_of(database, paid_run.assets, "run-2")
    made = await (await second.ledger(OneShot(bills), reuse=True)).call(task("a"))
    assert (made.reused, made.cost_micro, bills.times("a")) == (True, 0, 1)
    (row,) = await second.rows()
    assert (row["state"], row["reused"], row["cost_micro"]) == ("succeeded", 1, 0)
    assert await second.money() == (0, 0)
    assert len(await database.query("SELECT 1 FROM generated_assets WHERE run_id = 'run-2'")) == 1


@on_both_databases
async def test_no_reuse_makes_everything_again(paid_run: PaidRun, database: Database) -> None:
    """A run that was asked not to reuse pays for its own."""
    bills = Bills()
    await (await paid_run.ledger(OneShot(bills))).call(task("a"))
    second = await paid_run_of(database, paid_run.assets, "run-2")
    made = await (await second.ledger(OneShot(bills), reuse=False)).call(task("a"))
    assert (made.reused, bills.times("a"), await second.money()) == (False, 2, (100_000, 0))


@on_both_databases
@pytest.mark.parametrize("change", ["revision", "model", "provider"])
async def test_what_would_be_made_otherwise_is_not_reused(
    paid_run: PaidRun, database: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A new version of the model, another model, another provider: an answer of the old one does not serve."""
    bills = Bills()
    await (await paid_run.ledger(OneShot(bills))).call(task("a"))
    second = await paid_run_of(database, paid_run.assets, "run-2")
    provider = Keyed(bills) if change == "provider" else OneShot(bills)
    if change == "revision":
        monkeypatch.setattr(OneShot, "revision", lambda *_: "2")
    model = Model(provider, "other" if change == "model" else "voice")
    ledger = Ledger(database, second.lease, paid_run.assets, {"speech": model}, retry_policy=QUICK)
    assert not (await ledger.call(task("a"))).reused
    assert bills.asked["a"] == 2


@on_both_databases
async def test_an_estimate_counts_what_a_run_would_call(paid_run: PaidRun, database: Database) -> None:
    """The dry run of a fresh run plans just the calls that the run then makes, with the very same sum."""
    bills = Bills()
    await (await paid_run.ledger(OneShot(bills))).call(task("made before"))
    second = await paid_run_of(database, paid_run.assets, "run-2")
    provider = OneShot(bills)
    tasks = [slot(text, f"shot:{n:03d}") for n, text in enumerate(["made before", "twice", "twice", "once"])]
    dry_run = DryRun(database, paid_run.assets, {"speech": Model(provider, "voice")}, Registry(), run_id="run-2")
    for one in tasks:
        await dry_run.call(one)
    ledger = await second.ledger(provider, reuse=True)
    for one in tasks:
        await ledger.call(one)
    rows = await second.rows()
    assert [call.found for call in dry_run.planned] == [bool(row["reused"]) for row in rows]
    assert sum(not call.found for call in dry_run.planned) * 100_000 == (await second.money())[0]


# -- what the provider refuses ---------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_is_recorded_and_the_next_try_is_a_new_row(paid_run: PaidRun, kind: str) -> None:
    """Its code and words are kept, it costs nothing; asked again later it is attempt 2."""
    bills = Bills()
    provider = provider_of(kind, bills, script={"a": ["refuse"]})
    with pytest.raises(ProviderError, match="no harbours") as refused:
        await (await paid_run.ledger(provider)).call(task("a"))
    assert (refused.value.slots, refused.value.retryable) == (("a",), False)
    await (await paid_run.ledger(provider)).call(task("a"))
    failed, succeeded = await paid_run.rows()
    assert (failed["state"], failed["error_code"], failed["cost_micro"]) == ("failed", "content_policy", 0)
    assert failed["error_message"] == "content policy: no harbours [/b]"
    assert (succeeded["state"], succeeded["attempt"]) == ("succeeded", 2)
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_every_attempt_has_a_number_of_its_own(paid_run: PaidRun) -> None:
    """However a call was tried again, under its key or as a new one, the numbers go on."""
    bills = Bills()
    provider = Keyed(bills, script={"a": ["drop", "busy", "refuse", "busy"]})
    for _ in range(2):
        await asyncio.gather((await paid_run.ledger(provider)).call(task("a")), return_exceptions=True)
    numbers = [row["attempt"] for row in await paid_run.rows()]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == bills.asked["a"] == 5


@on_both_databases
@pytest.mark.parametrize("later", ["busy", "broken", "unsent"])
async def test_an_answer_to_the_asking_is_no_answer_to_the_call(paid_run: PaidRun, later: Act) -> None:
    """Taken and charged, its answer lost; then "too many requests": the key is kept, and the call is charged once."""
    bills = Bills()
    provider = Keyed(bills, script={"a": ["drop", later, later, later]})
    for _ in range(2):
        outcomes = await all_of(await paid_run.ledger(provider), ["a"])
    assert isinstance(outcomes[0], CallResult)
    assert (bills.times("a"), await paid_run.states(), await paid_run.money()) == (1, ["succeeded"], (100_000, 0))


@on_both_databases
async def test_one_that_fails_leaves_the_others_alone(paid_run: PaidRun) -> None:
    """Two of ten refused: eight are made, and each error names its own slot."""
    bills = Bills()
    texts = [f"t{n}" for n in range(10)]
    outcomes = await all_of(await paid_run.ledger(OneShot(bills, script={"t3": ["refuse"], "t7": ["refuse"]})), texts)
    errors = {text: one for text, one in zip(texts, outcomes, strict=True) if isinstance(one, BaseException)}
    assert {text: getattr(error, "slots", None) for text, error in errors.items()} == {"t3": ("t3",), "t7": ("t7",)}
    assert sorted(await paid_run.states()) == ["failed"] * 2 + ["succeeded"] * 8


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_whole_file_that_its_step_cannot_use_is_no_success(paid_run: PaidRun, kind: str) -> None:
    """A screenplay of an unknown place, say: the call failed, and counts as paid; only consent buys another."""
    bills = Bills()
    provider = provider_of(kind, bills)

    def refuse(content: bytes) -> None:
        raise ProviderError(f"{len(content)} bytes that cannot be shot", code="bad_screenplay")

    with pytest.raises(ProviderError, match="cannot be shot") as refused:
        await (await paid_run.ledger(provider, reuse=True)).call(slot("a", "screenplay", inspect=refuse))
    assert (refused.value.code, refused.value.slots) == ("bad_screenplay", ("screenplay",))
    (row,) = await paid_run.rows()
    assert (row["state"], row["error_code"], row["cost_micro"]) == ("failed", "bad_screenplay", 100_000)
    with pytest.raises(PersonNeededError, match="cannot be shot"):
        await (await paid_run.ledger(provider, reuse=True)).call(slot("a", "screenplay", inspect=refuse))
    assert bills.times("a") == 1
    with pytest.raises(ProviderError, match="cannot be shot"):
        await (await paid_run.ledger(provider, reuse=True, buy_again=True)).call(
            slot("a", "screenplay", inspect=refuse)
        )
    assert bills.times("a") == 2
    assert await paid_run.money() == (200_000, 0)


@on_both_databases
async def test_a_plug_in_s_own_error_is_told_in_its_words(paid_run: PaidRun) -> None:
    """Whatever it raises, also with half an emoji in it, ends as this slot's failure; nothing is stuck."""
    bills = Bills()
    provider = Keyed(
        bills, errors={"broken": lambda: KeyError("no such voice \ud83c [/b]")}, script={"a": ["broken"] * 3}
    )
    with pytest.raises(ProviderError, match="no such voice"):
        await (await paid_run.ledger(provider)).call(task("a"))
    await (await paid_run.ledger(provider)).call(task("a"))
    assert (await paid_run.states())[-1] == "succeeded"


# -- files that are gone ---------------------------------------------------------------------------------------------


def lose(path: Path) -> None:
    path.unlink()


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"?")


@on_both_databases
@pytest.mark.parametrize("harm", [lose, damage])
async def test_a_free_file_that_is_gone_is_made_again(paid_run: PaidRun, harm: Callable[[Path], None]) -> None:
    """Without a word; the old row says what became of its file."""
    bills = Bills()
    provider = Keyed(bills, price=FREE)
    made = await (await paid_run.ledger(provider)).call(task("a"))
    harm(made.path)
    again = await (await paid_run.ledger(provider)).call(task("a"))
    assert again.sha256 == made.sha256
    assert paid_run.assets.has(made.sha256)
    assert await paid_run.states() == ["failed", "succeeded"]
    assert (await paid_run.rows())[0]["error_code"] == "asset_lost"
    assert len(await paid_run.database.query("SELECT 1 FROM generated_assets")) == 1


@on_both_databases
@pytest.mark.parametrize("harm", [lose, damage])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_paid_file_that_is_gone_is_not_bought_again_unasked(
    paid_run: PaidRun, kind: str, harm: Callable[[Path], None]
) -> None:
    """The price is named, and to put the file back is enough."""
    bills = Bills()
    provider = provider_of(kind, bills)
    made = await (await paid_run.ledger(provider)).call(task("a"))
    content = made.path.read_bytes()
    harm(made.path)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"\$0\.100000") as refused:
            await (await paid_run.ledger(provider)).call(task("a"))
        assert (refused.value.code, refused.value.slots) == ("asset_lost", ("a",))
    assert bills.times("a") == 1
    made.path.write_bytes(content)
    assert (await (await paid_run.ledger(provider)).call(task("a"))).sha256 == made.sha256
    assert bills.times("a") == 1


# -- sums ------------------------------------------------------------------------------------------------------------


@on_both_databases
async def test_costs_add_up_to_the_micro_dollar(paid_run: PaidRun) -> None:
    """A hundred calls billed a third of a cent each: the run, the rows and the assets agree."""
    bills = Bills()
    provider = OneShot(bills, bill=Decimal("0.01") / 3)
    await all_of(await paid_run.ledger(provider), [f"t{n}" for n in range(100)])
    (assets,) = await paid_run.database.query("SELECT sum(cost_micro) AS paid FROM generated_assets")
    assert await paid_run.money() == (333_300, 0)
    assert (assets["paid"], bills.micro) == (333_300, 333_300)
    assert {row["precision"] for row in await paid_run.rows()} == {"billed"}


@on_both_databases
async def test_who_listens_hears_of_each_call_once(paid_run: PaidRun) -> None:
    """What was paid is told when it is settled; what was found costs nothing and is told to nobody."""
    bills = Bills()
    heard: list[CallResult] = []
    provider = Queued(bills)
    for _ in range(2):
        ledger = await paid_run.ledger(provider, on_settled=heard.append)
        await all_of(ledger, ["a", "b"])
    assert sorted(made.slot for made in heard) == ["a", "b"]
    assert sum(made.cost_micro for made in heard) == bills.micro
