"""In which order a step makes its shots: when the first is finished, and what a budget for half of them buys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from simulated import PacedProvider, simulate
from simulated_shots import simulated_shots

from clash.errors import BudgetExceededError
from clash.workflow.context import Format
from clash.workflow.generate_shots import make_shot
from clash.workflow.publish import PublishingLedger

SHOTS = 20
SECONDS = {"image": 10.0, "video": 30.0, "speech": 5.0}
"""How long a call of each kind takes, in simulated time."""


async def _shots_of(folder: Path, provider: PacedProvider, *, budget: Decimal | None) -> Sequence[object]:
    """Make the shots of a film as its step does: all at once, through the ledger. Return what became of each."""
    async with simulated_shots(folder, provider, SHOTS, budget) as (ledger, assets, tasks):
        published = PublishingLedger(ledger, assets, folder / "output")  # as a run has it
        calls = (make_shot(task, published, Format(128, 72, 8)) for task in tasks)
        return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize("at_once", [2, 4])
def test_the_first_shot_is_finished_early(tmp_path: Path, at_once: int) -> None:
    """Of n shots, c calls at once, the first is finished after at most 2 c/n of the step, which takes no longer."""
    provider = PacedProvider(SECONDS, at_once)
    made = simulate(_shots_of(tmp_path, provider, budget=None))
    assert not any(isinstance(one, BaseException) for one in made)
    first = next(at for slot, at in provider.ended if slot.startswith("shot:") and "/" not in slot)
    total = max(at for _, at in provider.ended)
    least = SHOTS * sum(SECONDS.values()) / at_once
    print(f"\n{SHOTS} shots, {at_once} at once: the first after {first / total:.0%} of {total:.0f} s ({least:.0f} s)")
    assert first <= 2 * at_once / SHOTS * total
    assert total <= 1.05 * least


@pytest.mark.parametrize("at_once", [2, 4, 64])
def test_a_budget_for_half_buys_finished_shots(tmp_path: Path, at_once: int) -> None:
    """A budget that suffices for half of the shots buys that half, however many calls are made at once."""
    provider = PacedProvider(SECONDS, at_once, Decimal("0.10"))
    made = simulate(_shots_of(tmp_path, provider, budget=Decimal("0.30") * SHOTS / 2))
    finished = sum(isinstance(one, dict) for one in made)
    loose = len(provider.ended) - 3 * finished
    print(f"\na budget for {SHOTS // 2} of {SHOTS} shots, {at_once} at once: {finished} shots, {loose} calls more")
    assert all(isinstance(one, dict | BudgetExceededError) for one in made)
    assert finished == SHOTS // 2
    assert loose == 0
