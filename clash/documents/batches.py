"""How a batch ended, and what it would cost: `clash batch`."""

from __future__ import annotations

from clash.documents.base import Document, Item, Text, Usd
from clash.documents.outcome import DryRunDocument, Outcome


class BatchError(Item):
    """Why a run, or the batch, is not completed."""

    code: str
    message: Text
    hint: Text | None


class BatchMoney(Item):
    """What the runs of a batch have cost, what is reserved for calls in flight, and what they may cost together."""

    total_usd: Usd
    reserved_usd: Usd
    budget_usd: Usd | None


class BatchRun(Item):
    """A run of a batch. `status`: as of a run, or `held` by another process, or `not_begun`.

    `outcome`: how it ended, if this command has made it. `film`: its path, if it is on this disk.
    """

    thread_id: str
    story: Text | None
    title: Text
    status: str
    exit_code: int
    cost_usd: Usd | None
    film: Text | None
    waiting_for: str | None
    error: BatchError | None
    outcome: Outcome | None


class BatchOutcome(Document):
    """How a batch ended: `clash batch`. `counts`: how many runs have each status."""

    batch: str
    status: str
    exit_code: int
    counts: dict[str, int]
    cost: BatchMoney
    runs: list[BatchRun]
    left_out: list[Text]
    warnings: list[Text]
    error: BatchError | None


class BatchEstimate(Document):
    """What a batch would call and pay: `clash batch --dry-run`."""

    batch: str
    dry_run: bool
    currency: str
    total_usd: Usd
    spent_usd: Usd
    budget_usd: Usd | None
    within_budget: bool
    calls: int
    found_calls: int
    estimated: bool
    completed: int
    runs: list[DryRunDocument]
    left_out: list[Text]
