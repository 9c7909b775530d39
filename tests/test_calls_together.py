"""Calls that are of use only together: which are bought where the budget does not suffice for all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from simulated import PacedProvider, simulate

from clash.assets import AssetStore
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimits
from clash.calls.spec import CallResult, CallSpec
from clash.database import init_database, open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.quotas import set_quota
from clash.errors import BudgetExceededError, QuotaReachedError
from clash.money import to_micro
from clash.providers.ports import Kind, SpeechRequest
from clash.providers.registry import Model
from clash.workflow.context import CallLedger

PRICE = Decimal("0.10")


@asynccontextmanager
async def paid_ledger(
    folder: Path, provider: PacedProvider, budget: Decimal | None, *, quota: Decimal | None = None
) -> AsyncGenerator[Ledger]:
    """A ledger with a budget or a quota, whose every call costs ten cents."""
    url = f"sqlite:///{(folder / 'clash.db').as_posix()}"
    await init_database(url)
    async with open_database(url, "write") as database:
        await AsyncMetadataTracker(database).start_workflow("run", "test", budget_usd=budget)
        await set_quota(database, "default", None if quota is None else to_micro(quota))
        lease, limits = await take_lease(database, "run"), RateLimits(concurrency=64, limits={})
        models: dict[Kind, Model] = {"speech": Model(provider, "any")}
        yield Ledger(database, lease, AssetStore(folder / "assets"), models, rate_limits=limits)


def line(group: int, text: str) -> CallSpec:
    """A line of the shot of this number."""
    request = SpeechRequest(text=text, speaker="narrator", language="en")
    return CallSpec("generate_shots", f"shot:{group:03d}/{text}", "speech", request, order=group)


async def said(ledger: Ledger, group: int, texts: Sequence[str]) -> list[CallResult]:
    """Speak the lines of a shot, one after another."""

    async def speak(calls: CallLedger) -> list[CallResult]:
        return [await calls.call(line(group, text)) for text in texts]

    with ledger.together(group, speak) as calls:
        return await speak(calls)


async def said_at_once(ledger: Ledger, group: int, texts: Sequence[str]) -> list[CallResult]:
    """Speak the lines of a shot, all at once."""

    async def speak(calls: CallLedger) -> list[CallResult]:
        return await asyncio.gather(*(calls.call(line(group, text)) for text in texts))

    with ledger.together(group, speak) as calls:
        return await speak(calls)


def provider() -> PacedProvider:
    """A voice that takes ten seconds a line."""
    return PacedProvider({"speech": 10.0}, 64, PRICE)


def test_a_budget_buys_whole_groups(tmp_path: Path) -> None:
    """Of five shots of three lines, a budget for seven lines buys two, and one line more."""
    voice = provider()

    async def run() -> list[list[CallResult] | BaseException]:
        async with paid_ledger(tmp_path, voice, 7 * PRICE) as ledger:
            groups = [said(ledger, number, [f"{part} {number}" for part in "abc"]) for number in range(1, 6)]
            return await asyncio.gather(*groups, return_exceptions=True)

    made = simulate(run())
    assert sum(isinstance(one, list) for one in made) == 2
    assert sum(isinstance(one, BudgetExceededError) for one in made) == 3
    assert len(voice.ended) == 7


def test_a_quota_buys_whole_groups(tmp_path: Path) -> None:
    """As a budget does: of five shots of three lines, a quota for seven lines buys two, and one line more."""
    voice = provider()

    async def run() -> list[list[CallResult] | BaseException]:
        async with paid_ledger(tmp_path, voice, Decimal(50), quota=7 * PRICE) as ledger:
            groups = [said(ledger, number, [f"{part} {number}" for part in "abc"]) for number in range(1, 6)]
            return await asyncio.gather(*groups, return_exceptions=True)

    made = simulate(run())
    assert sum(isinstance(one, list) for one in made) == 2
    assert sum(isinstance(one, QuotaReachedError) for one in made) == 3
    assert len(voice.ended) == 7


def test_what_waits_for_money_holds_nothing(tmp_path: Path) -> None:
    """A shot that waits does not keep another one from buying the very line that it waits for itself."""
    voice = provider()

    async def run() -> list[list[CallResult] | BaseException]:
        async with asyncio.timeout(1000), paid_ledger(tmp_path, voice, 2 * PRICE) as ledger:
            first = asyncio.create_task(said(ledger, 1, ["a", "same"]))
            await asyncio.sleep(5)  # half of the first line, in simulated time
            groups = [first, asyncio.create_task(said(ledger, 2, ["same", "b"]))]
            return await asyncio.gather(*groups, return_exceptions=True)

    made = simulate(run())
    assert isinstance(made[0], list)
    assert isinstance(made[1], BudgetExceededError)
    assert [text for text, _ in voice.ended] == ["a", "same"]


def test_what_is_dearer_than_the_budget_begins(tmp_path: Path) -> None:
    """Alone, a shot buys what the budget allows, also when that is not all of it."""
    voice = provider()

    async def run() -> list[list[CallResult] | BaseException]:
        async with paid_ledger(tmp_path, voice, 2 * PRICE) as ledger:
            return await asyncio.gather(*[said(ledger, 1, ["a", "b", "c"])], return_exceptions=True)

    made = simulate(run())
    assert isinstance(made[0], BudgetExceededError)
    assert [text for text, _ in voice.ended] == ["a", "b"]


def test_the_calls_of_a_group_begin_it_once(tmp_path: Path) -> None:
    """While another shot has the turn to begin, and waits for this one to end, its second line is asked for."""
    voice = provider()

    async def run() -> list[list[CallResult] | BaseException]:
        async with asyncio.timeout(1000), paid_ledger(tmp_path, voice, 2 * PRICE) as ledger:
            tasks = [asyncio.create_task(said(ledger, 1, ["a"]))]
            for group, texts in ((3, ["b", "c"]), (2, ["d", "e"])):  # the earlier shot comes later
                await asyncio.sleep(1)
                tasks.append(asyncio.create_task(said_at_once(ledger, group, texts)))
            return await asyncio.gather(*tasks, return_exceptions=True)

    made = simulate(run())
    assert isinstance(made[0], list)
    assert all(isinstance(one, BudgetExceededError) for one in made[1:])
    assert len(voice.ended) == 2


@pytest.mark.parametrize("seed", range(12))
def test_all_groups_come_to_an_end(tmp_path: Path, seed: int) -> None:
    """Whatever the budget, the order in which shots come, and whether their lines are asked for at once."""
    chance, voice = random.Random(seed), provider()
    shots = {number: [f"{number}{part}" for part in "abcd"[: chance.randint(1, 4)]] for number in range(1, 9)}
    order = [*shots]
    chance.shuffle(order)
    lines = sum(map(len, shots.values()))
    budget = chance.randint(1, lines)

    async def run() -> list[list[CallResult] | BaseException]:
        async with asyncio.timeout(10_000), paid_ledger(tmp_path, voice, budget * PRICE) as ledger:
            tasks: list[asyncio.Task[list[CallResult]]] = []
            for number in order:
                speak = chance.choice([said, said_at_once])
                tasks.append(asyncio.create_task(speak(ledger, number, shots[number])))
                await asyncio.sleep(chance.choice([0, 1, 12]))
            return await asyncio.gather(*tasks, return_exceptions=True)

    made = simulate(run())
    assert all(isinstance(one, list | BudgetExceededError) for one in made), made
    assert len(voice.ended) == budget
