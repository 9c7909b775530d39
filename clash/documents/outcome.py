"""How a run stands: the document of `clash run`, `clash resume`, `clash cancel` and of the dry run."""

from __future__ import annotations

from clash.documents.base import Document, Item, Number, Text, Usd
from clash.documents.calls import FailedPaidCall, UnknownCall
from clash.documents.edits import ReviewItem
from clash.documents.run_list import StepCount
from clash.project_names import DEFAULT_PROJECT


class SpentAndBudget(Item):
    """What a run has spent, and what it may spend."""

    total_usd: Usd
    budget_usd: Usd | None


class FilmItem(Item):
    """The finished film."""

    path: Text | None
    sha256: str
    duration_s: Number | None


class OutputItem(Item):
    """A file that people find below the run's folder."""

    kind: str
    slot: str
    path: Text | None
    sha256: str


class LeftItem(Item):
    """Calls that are still to be made, and what they will cost as far as prices are known."""

    calls: int
    cost_usd: Usd


class KeptElsewhereItem(Item):
    """An answer that was paid for and found no room in the asset store."""

    slot: str
    cost_usd: Usd
    folder: Text


class OutcomeError(Item):
    """Why a run did not complete, and which slots are missing."""

    code: str
    message: str
    hint: str | None
    retryable: bool
    slots: list[str]


class Outcome(Document):
    """How a run ended: `clash run` and `clash resume`."""

    thread_id: str
    project: str = DEFAULT_PROJECT
    status: str
    checkpoint_id: str | None
    steps: dict[str, StepCount]
    cost: SpentAndBudget
    film: FilmItem | None
    outputs: list[OutputItem]
    left: LeftItem | None = None
    unknown: list[UnknownCall]
    failed_paid: list[FailedPaidCall]
    waiting_for: str | None
    kept_elsewhere: list[KeptElsewhereItem] | None = None
    review: list[ReviewItem] | None = None
    warnings: list[Text]
    error: OutcomeError | None


class Cancelled(Document):
    """`clash cancel`. `running`: a process still runs it, and ends when the calls in flight are settled."""

    thread_id: str
    status: str
    running: bool


class DryRunLine(Item):
    """The calls of one step to one model."""

    step: str
    model: str
    kind: str
    calls: int
    found_calls: int
    units: str
    unit: str
    unit_price_usd: Usd
    cost_usd: Usd
    estimated: bool


class DryRunDocument(Document):
    """What a run would call and pay: `clash run --dry-run`."""

    thread_id: str | None
    story: Text | None = None
    project: str = DEFAULT_PROJECT
    dry_run: bool
    currency: str
    total_usd: Usd
    budget_usd: Usd | None
    within_budget: bool
    quota_usd: Usd | None = None
    quota_left_usd: Usd | None = None
    within_quota: bool = True
    calls: int
    found_calls: int
    estimated: bool
    by_step: list[DryRunLine]
    warnings: list[Text]


class Outcomes(Document):
    """`clash run --story all`: the outcome, or the dry run, of each story of a table."""

    runs: list[Outcome | DryRunDocument]
