"""Answers that cannot be used: fetched again, never bought again, and counted as paid."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio
from conftest import on_both_databases
from paid import KINDS, Desk, OneShot, Till, provider_of, task

from clash.assets import AssetStore
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import ProviderError
from clash.providers.ports import Answer


@pytest_asyncio.fixture
async def desk(database: Database, assets: AssetStore, lease: Lease) -> Desk:
    """A run to which ledgers come."""
    return Desk(database, assets, lease.run_id, lease)


# -- answers that are none -------------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("act", ["empty", "junk"])
@pytest.mark.parametrize("kind", ["keyed", "queued"])
async def test_a_broken_file_is_fetched_again_not_bought_again(desk: Desk, kind: str, act: str) -> None:
    """A truncated download of a job, or under a key: the next look brings it whole, for the one charge."""
    till = Till()
    provider = provider_of(kind, till, script={"a": [act, act] if kind == "keyed" else [act]})
    await (await desk.ledger(provider)).call(task("a"))
    assert till.times("a") == 1
    assert await desk.states() == ["succeeded"]
    assert await desk.money() == (100_000, 0)


@on_both_databases
async def test_a_broken_file_that_cannot_be_had_again_counts_as_paid(desk: Desk) -> None:
    """Answers at once, knows no keys: the call has failed, its money is spent, and only consent buys it again."""
    till = Till()
    provider = OneShot(till, script={"a": ["empty", "empty"]})
    with pytest.raises(ProviderError, match="empty file") as failed:
        await (await desk.ledger(provider)).call(task("a"))
    assert till.times("a") == 1
    assert "$0.100000" in str(failed.value.hint)
    assert await desk.money() == (100_000, 0)
    assert await desk.states() == ["failed"]


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_that_stays_broken_ends_as_failed_and_paid(desk: Desk, kind: str) -> None:
    """Asked for as often as the retry policy allows, charged once, then failed: with consent it is bought again."""
    till = Till()
    provider = provider_of(kind, till, script={"a": ["junk"] * 4})
    with pytest.raises(ProviderError) as failed:
        await (await desk.ledger(provider)).call(task("a"))
    assert failed.value.code == "bad_answer"
    assert till.times("a") == 1
    assert await desk.states() == ["failed"]
    assert await desk.money() == (100_000, 0)
    provider.script["a"] = [] if kind == "oneshot" else ["junk"]
    await (await desk.ledger(provider, buy_again=True)).call(task("a"))
    assert till.times("a") == 2


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_full_of_odd_values_is_kept(desk: Desk, kind: str) -> None:
    """NaN, dates, bytes, half an emoji, a bill that is no number: what was paid for is not lost over them."""
    till = Till()
    provider = provider_of(kind, till)
    plain = provider.answer
    odd = {"nan": float("nan"), "half": "\ud83d", "when": object(), "bytes": b"\0", 3: {"deep": [{1, 2}]}}

    def answer(text: str, act: object) -> Answer:
        return replace(plain(text, None), facts={"duration_s": 0.05, **odd}, response=odd, cost_usd=float("nan"))  # type: ignore[arg-type]

    provider.answer = answer  # type: ignore[method-assign]
    made = await (await desk.ledger(provider)).call(task("a"))
    assert made.facts["duration_s"] == 0.05
    assert await desk.money() == (100_000, 0)
    (row,) = await desk.rows()
    assert (row["state"], row["precision"]) == ("succeeded", "estimated")
    again = await (await desk.ledger(provider)).call(task("a"))
    assert (again.sha256, till.times("a")) == (made.sha256, 1)


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_no_answer_at_all_has_failed(desk: Desk, kind: str) -> None:
    """A plug-in that returns None broke its promise: told as a bad answer, counted as paid."""
    till = Till()
    provider = provider_of(kind, till)
    provider.answer = lambda *_: None  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(ProviderError) as failed:
        await (await desk.ledger(provider)).call(task("a"))
    assert failed.value.code == "bad_answer"
    assert till.times("a") == 1
