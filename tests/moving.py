"""What tests of moved runs share: databases with runs of every kind in them, and what is to be the same elsewhere."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata

from clash.config import Settings, load_settings
from clash.database.checkpointer import get_checkpointer
from clash.database.connection import open_database
from clash.database.port import Statement
from clash.reports import checkpoints, costs, files, run_list, runs
from clash.transfer import export_runs, import_runs

MakeDatabase = Callable[[str], Awaitable[str]]
"""Makes a new database of a kind, `sqlite` or `d1`, with the schema; its URL."""

HOSTILE = "a\0b'\";--\n\r\t{%s}\u2028\ud7ff 小禾 😀 \x1b[31m [/b]"
_CALL = (
    "INSERT INTO api_logs (run_id, step, slot, token, service, state, request, response, cost_micro, duration_ms,"
    " started_at, asset_sha256) VALUES (?, 'generate_shots', ?, ?, 'fal', ?, ?, ?, ?, ?, '2026-11-23T10:00:00.000Z', ?)"
)
_ASSET = (
    "INSERT INTO generated_assets (run_id, step, slot, asset_type, media_type, sha256, path, bytes, facts, cost_micro,"
    " api_log_id, created_at) VALUES (?, 'generate_shots', ?, 'shot', 'video/mp4', ?, ?, 7, ?, 5,"
    " (SELECT id FROM api_logs WHERE token = ?), '2026-11-23T10:00:01.000Z')"
)
_STEP = (
    "INSERT INTO checkpoint_metadata (run_id, checkpoint_id, created_at, step_index, step_name, next_steps, cost_micro)"
    " VALUES (?, ?, '2026-11-23T10:00:02.000Z', 1, ?, '[\"finalize\"]', 5)"
)
_RUN = (
    "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at, story_title, settings,"
    " budget_micro, spent_micro, reserved_micro, lease_generation, metadata)"
    " VALUES (?, 'video_production', ?, '2026-11-23T09:00:00.000Z', '2026-11-23T10:00:00.000Z', ?, '{}', ?, ?, 0, 7,"
    " '{\"totals\": {}}')"
)


def run_statements(run_id: str, calls: int, *, status: str = "failed", budget: int | None = None) -> list[Statement]:
    """A run of so many calls, each with its file, with values that are hard to carry."""
    steps = [Statement(_RUN, (run_id, status, HOSTILE, budget, calls * 5))]
    for number in range(calls):
        slot, token, sha256 = f"shot:{number:03d}", f"{run_id}{number:04d}", f"{number:064x}"
        state = "succeeded" if number else "submitted"
        steps += [
            Statement(_CALL, (run_id, slot, token, state, "{}" if number % 3 else HOSTILE, None, 5, 1234, sha256)),
            Statement(_ASSET, (run_id, slot, sha256, f"00/{sha256[2:]}", json.dumps({"x": HOSTILE}), token)),
        ]
    return [*steps, Statement(_STEP, (run_id, "1f0", HOSTILE))]


async def apply(url: str, statements: Sequence[Statement]) -> None:
    """Write into a database, some hundred statements at a time."""
    async with open_database(url, "write") as database:
        for start in range(0, len(statements), 200):
            await database.batch(statements[start : start + 200])


async def fill(url: str) -> None:
    """A run of 110 calls with large checkpoints, a small one, one without a call, a thread that is not a run of clash.

    The calls of two runs are mixed, so that numbers that are given anew do not come out the same by chance.
    """
    large, small = run_statements("large", 110, budget=10_000), run_statements("very-small", 2, status="completed")
    await apply(url, [*large[:101], *small, *large[101:], *run_statements("empty", 0, status="running")])
    await save(url, "large", [100, 600_000, 1_900_000])
    await save(url, "very-small", [10])
    await save(url, "user:42/a thread", [10, 510_000])


async def save(url: str, thread_id: str, sizes: Sequence[int]) -> None:
    """Save checkpoints that hold so many bytes, each with a write of half of that."""
    noise = random.Random(thread_id)
    async with get_checkpointer(url) as saver:
        for size in sizes:
            config = generate_config(thread_id)
            checkpoint = generate_checkpoint(channel_values={"value": noise.randbytes(size), "text": HOSTILE})
            saved = await saver.aput(config, checkpoint, generate_metadata(text=HOSTILE), {})
            await saver.aput_writes(saved, [("value", noise.randbytes(size // 2)), ("none", None)], "task-1", "a/path")
            await saver.aput_writes(saved, [(f"channel-{number}", number) for number in range(25)], "task-2")


def settings_for(url: str, assets: Path) -> Settings:
    """Settings that lead to a database."""
    return load_settings().changed(database_url=url, asset_store=f"file://{assets}")


async def content(url: str, folder: Path) -> list[bytes]:
    """Every line that an export of a database has but for the header."""
    file = folder / "content.jsonl.gz"
    await export_runs(settings_for(url, folder), file)
    return gzip.decompress(file.read_bytes()).splitlines()[1:]


async def reports(url: str, folder: Path) -> list[Any]:
    """What people are told of every run. The numbers of calls are given anew elsewhere; leases stay."""
    settings = settings_for(url, folder)
    listed = (await run_list.list_runs(settings)).dump()["items"]
    told: list[Any] = [sorted(listed, key=str), (await costs.cost(settings)).dump()]
    for run in listed:
        thread_id = run["thread_id"]
        shown = (await runs.show_run(settings, thread_id)).dump()
        for call in shown["calls"]:
            del call["id"]
        cost, assets = await costs.cost(settings, thread_id), await files.list_assets(settings, thread_id)
        saved_states = await checkpoints.list_checkpoints(settings, thread_id)
        told += [shown, cost.dump(), assets.dump(), saved_states.dump()]
    return told


async def saved(url: str, thread_id: str) -> list[CheckpointTuple]:
    """The checkpoints of a thread as LangGraph reads them."""
    async with get_checkpointer(url) as saver:
        return [item async for item in saver.alist(generate_config(thread_id))]


async def export(url: str, file: Path, *threads: str) -> dict[str, Any]:
    """Write runs to a file; what is told of it."""
    return await export_runs(settings_for(url, file.parent), file, threads)


async def take_in(url: str, file: Path) -> dict[str, Any]:
    """Import a file; what is told of it."""
    return await import_runs(settings_for(url, file.parent), file)


def results(document: dict[str, Any]) -> dict[str, str]:
    """What became of each thread of an import."""
    return {item["thread_id"]: item["result"] for item in document["items"]}
