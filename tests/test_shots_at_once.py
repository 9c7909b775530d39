"""A film of thousands of shots has a thousand of them in hand at a time, in the order of the film."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from clash.errors import ProviderError
from clash.workflow import steps
from clash.workflow.takes import Takes

SHOTS, AT_ONCE = 10, 3


async def test_shots_are_begun_in_order_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are counted at once, for the time left; one that ends, or fails, makes room for the next of the film."""
    began: list[str] = []
    ends: dict[str, asyncio.Future[str]] = {}
    expected: list[Mapping[str, int]] = []

    async def make_shot(task: Any, *_: Any) -> str:
        began.append(task["slot"])
        ends[task["slot"]] = asyncio.get_running_loop().create_future()
        return await ends[task["slot"]]

    def expect(_: str, calls: Mapping[str, int]) -> None:
        expected.append(calls)

    monkeypatch.setattr(steps, "SHOTS_AT_ONCE", AT_ONCE)
    monkeypatch.setattr(steps, "make_shot", make_shot)
    monkeypatch.setattr(steps, "calls_of_shot", Mock(return_value={"video": 1}))
    context: Any = SimpleNamespace(
        takes=Takes(), review=frozenset[str](), ledger=None, format=None, expect=expect, done=Mock()
    )
    made = steps.Steps(context)
    slots = [f"shot:{number:03d}" for number in range(1, SHOTS + 1)]
    tasks = [asyncio.create_task(made.generate_shots({"slot": slot, "shot": {}})) for slot in slots]  # pyright: ignore[reportArgumentType]

    for ended in range(SHOTS):
        await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(expected) == SHOTS
        assert began == slots[: min(ended + AT_ONCE, SHOTS)]
        if ended == 1:
            ends[slots[ended]].set_exception(ProviderError("no harbours"))
        else:
            ends[slots[ended]].set_result("a shot")
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, ProviderError) for result in results] == [number == 1 for number in range(SHOTS)]
