"""How near the time that is told to be left is to the time that is left, in simulated time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from simulated import PacedProvider, simulate
from telling_time import told_of_shots

from clash.providers.ports import Answer, Context, Kind, Request

SECONDS: Mapping[Kind, float] = {"image": 10.0, "video": 30.0, "speech": 5.0}
MORE_S = 10.0
"""How much longer than these a call may take."""


class UnevenProvider(PacedProvider):
    """Calls that take up to ten seconds more than others of their kind, the same ones in each run."""

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        answer = await super().call(model, request, context)
        await asyncio.sleep(MORE_S * hashlib.sha256(answer.content).digest()[0] / 255)
        return answer


@pytest.mark.parametrize("at_once", [2, 4, 16])
@pytest.mark.parametrize("shots", [5, 20, 60, 240])
def test_the_time_left_is_near_from_a_tenth_on(tmp_path: Path, shots: int, at_once: int) -> None:
    """From a tenth of the step on, what is told is within 30 % of what is left; in its last fifth within one call."""
    told, end = simulate(told_of_shots(tmp_path, UnevenProvider(SECONDS, at_once), shots))
    pairs = [(remaining, end - at) for at, remaining in told if remaining is not None and at >= end / 10]
    early = [remaining / left for remaining, left in pairs if left >= end / 5]
    # Five shots, all begun at once: none has ended before the last fifth, and nothing can be told.
    worst = max(early, key=lambda ratio: abs(ratio - 1), default=1.0)
    longest = max(SECONDS.values()) + MORE_S
    off = max(abs(remaining - left) for remaining, left in pairs if left < end / 5)
    print(f"\n{shots} shots, {at_once} at once, {end:.0f} s: told {len(pairs)} times; at worst {worst:.2f}x", end="")
    print(f" of what is left, in the last fifth {off:.0f} s off (a call takes up to {longest:.0f} s)", end="")
    assert len(pairs) >= 0.85 * shots - 1
    assert abs(worst - 1) <= 0.3
    assert off <= longest
