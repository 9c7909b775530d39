"""Keep the budgets that people give to batches beside the assets, for a database that is lost.

A budget counts from the moment at which it was given. Runs record it, too, when they begin; a record of its own is
written for each change, so that one which was made while nothing was filmed is not lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from clash.assets import AssetStore
from clash.assets.records import budget_records, run_records, write_budget_record
from clash.clock import now_text
from clash.database.batches import find_batch, set_batch_budget
from clash.database.port import Database


async def give_budget(database: Database, assets: AssetStore, batch: str, budget_micro: int) -> None:
    """Give a batch a budget in micro-dollars: in the asset store first, then in the database.

    So what is recovered after a loss is never more than a person has allowed. Raises `StorageError`, `DatabaseError`.
    """
    there = await find_batch(database, batch)
    known = await asyncio.to_thread(newest_batch_budget, assets, batch)
    if there is None or there.budget_micro != budget_micro or known != budget_micro:
        assets.make_root()
        facts = {"batch": batch, "budget_micro": budget_micro, "set_at": now_text()}
        await assets.share_record(await asyncio.to_thread(write_budget_record, assets, batch, facts))
    await set_batch_budget(database, batch, budget_micro)


def newest_batch_budget(assets: AssetStore, batch: str) -> int | None:
    """Return the budget of a batch in micro-dollars as it is recorded on this disk; None if it is not, or has no limit.

    It is the one that was given last. If a run saw another one since, it was given elsewhere, or the run had read it
    before: then it is the smaller of the two, so that it is never more than a person has allowed.
    """
    given_at, given = max(_given(assets, batch), default=("", None))
    seen_at, seen = max(_seen(assets, batch), default=("", None), key=lambda record: record[0])
    if given is None:
        return seen
    return min(given, seen) if seen is not None and seen_at > given_at else given


def batches_with_budgets(assets: AssetStore) -> list[str]:
    """Return the batches to which a budget was given, as far as this disk has records of it."""
    return sorted({str(record["batch"]) for record in budget_records(assets)})


def _given(assets: AssetStore, batch: str) -> Iterator[tuple[str, int]]:
    """Yield when each budget was given, and how much it was."""
    for record in budget_records(assets, batch):
        at, budget = record.get("set_at"), record.get("budget_micro")
        if isinstance(at, str) and isinstance(budget, int) and budget >= 0:
            yield at, budget


def _seen(assets: AssetStore, batch: str) -> Iterator[tuple[str, int | None]]:
    """Yield when each run of the batch has read its budget, and how much it was."""
    for record in run_records(assets):
        # The record of an earlier clash does not say when it saw the budget: not before its run began.
        at, budget = record.get("batch_budget_at") or record.get("start_time"), record.get("batch_budget_micro")
        if record.get("batch") == batch and isinstance(at, str):
            yield at, budget if isinstance(budget, int) and budget >= 0 else None
