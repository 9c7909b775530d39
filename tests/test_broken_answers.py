"""Answers that cannot be used: fetched again, never bought again, and counted as paid."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio
from conftest import on_both_databases
from paid import KINDS, Bills, OneShot, PaidRun, provider_of, task

from clash.assets import AssetStore
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import ProviderError
from clash.providers.ports import Answer


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


# -- answers that are none -------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("act", ["empty", "junk"])
@pytest.mark.parametrize("kind", ["keyed", "queued"])
async def test_a_broken_file_is_fetched_again_not_bought_again(paid_run: PaidRun, kind: str, act: str) -> None:
    """A truncated download of a job, or under a key: the next look brings it whole, for the one charge."""
    bills = Bills()
    provider = provider_of(kind, bills, script={"a": [act, act] if kind == "keyed" else [act]})
    await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    assert await paid_run.states() == ["succeeded"]
    assert await paid_run.money() == (100_000, 0)


@on_both_databases
async def test_a_broken_file_that_cannot_be_had_again_counts_as_paid(paid_run: PaidRun) -> None:
    """Answers at once, knows no keys: the call has failed, its money is spent, and only consent buys it again."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["empty", "empty"]})
    with pytest.raises(ProviderError, match="empty file") as failed:
        await (await paid_run.ledger(provider)).call(task("a"))
    assert bills.times("a") == 1
    assert "$0.100000" in str(failed.value.hint)
    assert await paid_run.money() == (100_000, 0)
    assert await paid_run.states() == ["failed"]


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_that_stays_broken_ends_as_failed_and_paid(paid_run: PaidRun, kind: str) -> None:
    """Asked for as often as the retry policy allows, charged once, then failed: with consent it is bought again."""
    bills = Bills()
    provider = provider_of(kind, bills, script={"a": ["junk"] * 4})
    with pytest.raises(ProviderError) as failed:
        await (await paid_run.ledger(provider)).call(task("a"))
    assert failed.value.code == "bad_answer"
    assert bills.times("a") == 1
    assert await paid_run.states() == ["failed"]
    assert await paid_run.money() == (100_000, 0)
    provider.script["a"] = [] if kind == "oneshot" else ["junk"]
    await (await paid_run.ledger(provider, buy_again=True)).call(task("a"))
    assert bills.times("a") == 2


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_full_of_odd_values_is_kept(paid_run: PaidRun, kind: str) -> None:
    """NaN, dates, bytes, half an emoji, a bill that is no number: what was paid for is not lost over them."""
    bills = Bills()
    provider = provider_of(kind, bills)
    plain = provider.answer
    odd = {"nan": float("nan"), "half": "\ud83d", "when": object(), "bytes": b"\0", 3: {"deep": [{1, 2}]}}

    def answer(text: str, act: object) -> Answer:
        return replace(plain(text, None), facts={"duration_s": 0.05, **odd}, response=odd, cost_usd=float("nan"))  # type: ignore[arg-type]

    provider.answer = answer  # type: ignore[method-assign]
    made = await (await paid_run.ledger(provider)).call(task("a"))
    assert made.facts["duration_s"] == 0.05
    assert await paid_run.money() == (100_000, 0)
    (row,) = await paid_run.rows()
    assert (row["state"], row["precision"]) == ("succeeded", "estimated")
    again = await (await paid_run.ledger(provider)).call(task("a"))
    assert (again.sha256, bills.times("a")) == (made.sha256, 1)


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_no_answer_at_all_has_failed(paid_run: PaidRun, kind: str) -> None:
    """A plug-in that returns None broke its promise: told as a bad answer, counted as paid."""
    bills = Bills()
    provider = provider_of(kind, bills)
    provider.answer = lambda *_: None  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(ProviderError) as failed:
        await (await paid_run.ledger(provider)).call(task("a"))
    assert failed.value.code == "bad_answer"
    assert bills.times("a") == 1
