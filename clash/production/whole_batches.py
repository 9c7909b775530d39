"""Do to every run of a batch what is done to one: judge its files, cancel it. A failure does not end the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from clash.config import Settings, load_settings
from clash.database.batches import ids_in_batch
from clash.database.connection import open_database
from clash.database.migrations import checked
from clash.database.port import Database
from clash.documents.edits import Price, ReviewList
from clash.documents.of_batches import BatchCancelled, ReviewOfBatch
from clash.editing.slots import people_slot
from clash.errors import ClashError, ConflictError
from clash.money import to_micro, usd_text
from clash.production.batching import exit_code_of
from clash.production.reviewing import Verdicts, approval, decided_in, rejection, review_list
from clash.production.takes_of_run import read_takes
from clash.production.use_cases import cancel_in
from clash.providers.registry import Registry

_OfRun = Callable[[str], Awaitable[dict[str, Any]]]


async def review_batch(name: str, settings: Settings | None = None) -> ReviewOfBatch:
    """List what is to be judged of each run of a batch. Raises `NotFoundError` for a batch without runs."""
    settings = settings or load_settings()
    registry = Registry(settings)
    async with open_database(settings.database_url, "read") as database:

        async def review_of(thread_id: str) -> dict[str, Any]:
            found = await read_takes(database, settings, registry, thread_id)
            return {"judged": [], "review": await review_list(found)}

        return _reviews(name, await _each(database, name, review_of, {"judged": [], "review": None}))


async def approve_batch(
    name: str, slots: Sequence[str] = (), settings: Settings | None = None, *, every: bool = False
) -> ReviewOfBatch:
    """Approve these slots in each run of a batch, or with `every` all files that have no verdict.

    Raises `UsageError`, and `NotFoundError` for a batch without runs; what fails for one run is in the document.
    """
    return await _judged(name, settings, approval(slots, every=every))


async def reject_batch(
    name: str, slots: Sequence[str], settings: Settings | None = None, *, note: str = "", prompt: str = ""
) -> ReviewOfBatch:
    """Reject these slots in each run of a batch. Raises as `approve_batch` does."""
    return await _judged(name, settings, rejection(slots, note=note, prompt=prompt))


async def _judged(name: str, settings: Settings | None, verdicts: Verdicts) -> ReviewOfBatch:
    settings = settings or load_settings()
    registry = Registry(settings)
    async with open_database(settings.database_url, "write") as database:

        async def judge(thread_id: str) -> dict[str, Any]:
            review, decisions = await decided_in(database, settings, registry, thread_id, verdicts)
            judged = dict.fromkeys(people_slot(decision.slot) for decision in decisions)
            return {"judged": list(judged), "review": review}

        return _reviews(name, await _each(database, name, judge, {"judged": [], "review": None}))


def _reviews(name: str, items: Sequence[Mapping[str, Any]]) -> ReviewOfBatch:
    reviews: list[ReviewList] = [item["review"] for item in items if item["review"] is not None]
    return ReviewOfBatch.of(
        {
            "batch": name,
            "judged": sum(len(item["judged"]) for item in items),
            "waiting": sum(review.waiting for review in reviews),
            "price": _sum_of([review.price for review in reviews]),
            **_ended(items),
        }
    )


def _sum_of(prices: Sequence[Price]) -> dict[str, Any]:
    steps: dict[str, tuple[int, Decimal]] = {}
    for step in (step for price in prices for step in price.by_step):
        calls, cost = steps.get(step.step, (0, Decimal(0)))
        steps[step.step] = (calls + step.calls, cost + Decimal(step.cost_usd))
    return {
        "total_usd": _usd(sum((Decimal(price.total_usd) for price in prices), Decimal(0))),
        "estimated": any(price.estimated for price in prices),
        "at_most": any(price.at_most for price in prices),
        "by_step": [{"step": step, "calls": calls, "cost_usd": _usd(cost)} for step, (calls, cost) in steps.items()],
    }


def _usd(dollars: Decimal) -> str:
    return usd_text(to_micro(dollars))


async def cancel_batch(name: str, settings: Settings | None = None) -> BatchCancelled:
    """Cancel each run of a batch that is not completed. Raises `NotFoundError` for a batch without runs.

    A `clash batch` that still works begins its other stories all the same.
    """
    settings = settings or load_settings()
    async with open_database(settings.database_url, "write") as database:

        async def cancel(thread_id: str) -> dict[str, Any]:
            try:
                cancelled = await cancel_in(database, thread_id)
            except ConflictError as error:
                if error.code != "finished":
                    raise
                return {"status": "completed", "running": False}
            return {"status": cancelled.status, "running": cancelled.running}

        items = await _each(database, name, cancel, {"status": None, "running": False})
        cancelled = sum(item["status"] == "cancelled" for item in items)
        return BatchCancelled.of({"batch": name, "cancelled": cancelled, **_ended(items)})


async def _each(database: Database, name: str, of_run: _OfRun, without: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the item of each run of a batch. `without`: what stands in that of one that failed."""
    items: list[dict[str, Any]] = []
    for thread_id in await checked(database, ids_in_batch(database, name)):
        try:
            done = {**await of_run(thread_id), "exit_code": 0, "error": None}
        except ClashError as error:
            fault = {"code": error.code, "message": error.message, "hint": error.hint}
            done = {**without, "exit_code": error.exit_code, "error": fault}
        items.append({"thread_id": thread_id, **done})
    return items


def _ended(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the items, the exit code that they make together, and the first error with how many failed."""
    failed = [item for item in items if item["exit_code"]]
    code = exit_code_of([item["exit_code"] for item in items])
    error = None
    if failed:
        first = failed[0]
        message = f"{len(failed)} of {len(items)} runs failed; {first['thread_id']}: {first['error']['message']}"
        error = {**first["error"], "message": message}
    return {"items": items, "exit_code": code, "error": error}
