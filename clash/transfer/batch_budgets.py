"""Keep the budgets that people give to batches beside the assets, for a database that is lost.

A budget counts from the moment at which it was given. Runs record it, too, when they begin; a record of its own is
written for each change, so that one which was made while nothing was filmed is not lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple, TypeGuard

from clash.assets import AssetStore
from clash.assets.records import budget_records, run_records, write_budget_record
from clash.clock import from_text, now_text, to_text
from clash.database.batches import find_batch, set_batch_budget
from clash.database.port import Database
from clash.database.store_users import identity_of

_NO_LIMIT = 2**63
"""More micro-dollars than a database can hold."""


class _Budget(NamedTuple):
    """A budget in micro-dollars, when it was given or seen, and the id of its database; None where that is unknown."""

    at: str
    micro: int | None
    database: str | None = None


async def give_budget(database: Database, assets: AssetStore, batch: str, budget_micro: int) -> None:
    """Give a batch a budget in micro-dollars: in the asset store first, then in the database.

    So what is recovered after a loss is never more than a person has allowed. Raises `StorageError`, `DatabaseError`.
    """
    there, own = await find_batch(database, batch), await identity_of(database)
    kept = await asyncio.to_thread(lambda: _newest(one for one in _given(assets, batch) if one.database == own))
    known = await last_batch_budget(database, assets, batch)
    if there is None or {there.budget_micro, known, kept and kept.micro} != {budget_micro}:
        await assets.restore_records(f"budgets/{batch}")
        assets.make_root()
        set_at = await asyncio.to_thread(_later_than_all, assets, batch)
        facts = {"batch": batch, "budget_micro": budget_micro, "set_at": set_at, "database": own}
        await assets.share_record(await asyncio.to_thread(write_budget_record, assets, batch, facts))
    await set_batch_budget(database, batch, budget_micro)


async def last_batch_budget(database: Database, assets: AssetStore, batch: str) -> int | None:
    """Return what `newest_batch_budget` does, for a batch of this database. Raises `DatabaseError`."""
    return await asyncio.to_thread(newest_batch_budget, assets, batch, await identity_of(database))


def newest_batch_budget(assets: AssetStore, batch: str, database: str | None = None) -> int | None:
    """Return the budget of a batch in micro-dollars as it is recorded on this disk; None if it is not, or has no limit.

    It is the one that was given last in the database with this id. A database to which none was given, as one that is
    made in the place of a lost one, gets the smallest of those that were given last in each other database: which of
    them it stands for is unknown.

    If a run saw another one since, or an earlier clash recorded one without its database, it was given elsewhere, or
    the run had read it before: then it is the smaller of the two, so that it is never more than a person has allowed.
    """
    given = list(_given(assets, batch))
    seen = _newest(_seen(assets, batch))
    unknown = _newest(one for one in given if one.database is None)
    databases = {one.database for one in given if one.database is not None}
    if database in databases:
        databases = {database}
    if not databases:
        return _last(unknown, seen)
    newest = [_newest(one for one in given if one.database == each) for each in databases]
    return min((micro for one in newest if (micro := _last(one, unknown, seen)) is not None), default=None)


def _last(given: _Budget | None, *others: _Budget | None) -> int | None:
    """Return the smallest of a budget and of those among the others that are not older."""
    since = [one for one in (given, *others) if one is not None and (given is None or one.at >= given.at)]
    return min((one.micro for one in since if one.micro is not None), default=None)


def _newest(budgets: Iterable[_Budget]) -> _Budget | None:
    """Return the newest; of several of one moment the smallest."""
    return max(budgets, key=lambda one: (one.at, -_NO_LIMIT if one.micro is None else -one.micro), default=None)


def _later_than_all(assets: AssetStore, batch: str) -> str:
    """Return this moment, or the next after all that are recorded: a clock may have been set back, or be another's."""
    recorded = (*_given(assets, batch), *_seen(assets, batch))
    newest, now = max((one.at for one in recorded if _is_moment(one.at)), default=""), now_text()
    if now > newest:
        return now
    try:
        return to_text(from_text(newest) + timedelta(milliseconds=1))
    except OverflowError:  # the end of the year 9999: of one moment, the smaller budget counts
        return newest


def batches_with_budgets(assets: AssetStore) -> list[str]:
    """Return the batches to which a budget was given, as far as this disk has records of it."""
    return sorted({str(record["batch"]) for record in budget_records(assets)})


def _given(assets: AssetStore, batch: str) -> Iterator[_Budget]:
    """Yield the budgets that were given."""
    for record in budget_records(assets, batch):
        at, budget, database = record.get("set_at"), _micro(record.get("budget_micro")), record.get("database")
        if _is_moment(at) and budget is not None:
            yield _Budget(at, budget, database if isinstance(database, str) else None)


def _seen(assets: AssetStore, batch: str) -> Iterator[_Budget]:
    """Yield the budgets that the runs of the batch have read."""
    for record in run_records(assets):
        # The record of an earlier clash does not say when it saw the budget: not before its run began.
        at = record.get("batch_budget_at") or record.get("start_time")
        if record.get("batch") == batch and isinstance(at, str):
            yield _Budget(at, _micro(record.get("batch_budget_micro")))


def _micro(value: object) -> int | None:
    """Return what a record says in micro-dollars; None if it is no amount that a database can hold."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _NO_LIMIT else None


def _is_moment(value: object) -> TypeGuard[str]:
    """Return whether this is a moment as clash writes it: others do not sort by time."""
    try:
        return isinstance(value, str) and to_text(from_text(value)) == value
    except (ValueError, OverflowError):
        return False
