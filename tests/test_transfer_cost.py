"""What exports and imports cost: memory, and requests to D1."""

from __future__ import annotations

import tracemalloc
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from moving import MakeDatabase, apply, export, run_statements, save, take_in

from clash.database.d1.database import D1Database


async def test_memory_does_not_grow_with_the_database(tmp_path: Path, make_database: MakeDatabase) -> None:
    """Seven times as many runs of 1.5 MB take no more memory, neither out of a database nor into one."""

    async def peak(work: Awaitable[object]) -> int:
        tracemalloc.start()
        await work
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    most: dict[int, tuple[int, int]] = {}
    for count in (2, 14):
        source, target = await make_database("sqlite"), await make_database("sqlite")
        for number in range(count):
            await save(source, f"run-{number}", [1_000_000])
        file = tmp_path / f"{count}.jsonl"
        most[count] = await peak(export(source, file)), await peak(take_in(target, file))
        assert file.stat().st_size > count * 1_900_000
    print(f"\npeaks of export and import, bytes: {most}")
    for few, many in zip(*most.values(), strict=True):
        assert many < few + 2_000_000


async def test_few_requests_move_many_runs_to_d1(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small runs go many to a request, and a large one's rows many to a statement."""
    source, target = await make_database("sqlite"), await make_database("d1")
    steps = [step for number in range(40) for step in run_statements(f"run-{number}", 3)]
    await apply(source, [*steps, *run_statements("large", 900)])
    await export(source, tmp_path / "runs.jsonl")
    requests = 0
    original = D1Database._send

    async def send(self: D1Database, *arguments: Any) -> Any:
        nonlocal requests
        requests += 1
        return await original(self, *arguments)

    monkeypatch.setattr(D1Database, "_send", send)
    await take_in(target, tmp_path / "runs.jsonl")
    into, requests = requests, 0
    await export(target, tmp_path / "back.jsonl")
    print(f"\n{into} requests for an import of 41 runs with 1,020 calls, {requests} for an export")
    assert into <= 20
    assert requests <= 2 * 41 + 15
