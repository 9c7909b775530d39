"""What many runs cost: `clash cost`, and `clash cost --batch`."""

from __future__ import annotations

from clash.documents.base import Item, Text, Time, Usd
from clash.documents.costs import SumsInEveryWay, Totals
from clash.project_names import DEFAULT_PROJECT


class CostItem(Totals):
    """What one of all runs cost."""

    thread_id: str
    project: str = DEFAULT_PROJECT
    status: str
    started_at: Time | None


class CostOfRemovedRun(Item):
    """What a run cost that was removed since."""

    thread_id: str
    project: str
    title: Text
    started_at: Time
    removed_at: Time
    removed_by: Text
    total_usd: Usd
    unknown_usd: Usd
    calls: int
    failed_calls: int
    reused_calls: int
    unknown_calls: int


class CostOfAll(SumsInEveryWay):
    """`clash cost` without a thread. All sums count the removed runs, too."""

    currency: str
    total_usd: Usd
    items: list[CostItem]
    removed: list[CostOfRemovedRun]


class CostOfBatch(SumsInEveryWay):
    """`clash cost --batch NAME`: what a batch cost, and each of its runs. All sums count the removed runs, too."""

    batch: str
    currency: str
    total_usd: Usd
    reserved_usd: Usd
    budget_usd: Usd | None
    items: list[CostItem]
    removed: list[CostOfRemovedRun]
