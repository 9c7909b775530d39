"""What a run cost: `clash cost THREAD`, and the sums of `clash cost` of all runs."""

from __future__ import annotations

from clash.documents.base import DamagedItem, Document, Item, Usd
from clash.project_names import DEFAULT_PROJECT


class Sums(Item):
    """What the calls of a group sum up to."""

    calls: int
    failed_calls: int
    reused_calls: int
    cost_usd: Usd
    duration_ms: int


class SumsOfStep(Sums):
    """The calls of one step."""

    step: str | None


class SumsOfProvider(Sums):
    """The calls to one provider."""

    provider: str | None


class SumsOfModel(Sums):
    """The calls to one model."""

    model: str | None


class SumsOfDay(Sums):
    """The calls of one day (UTC)."""

    day: str | None


class SumsOfProject(Sums):
    """The calls of one project."""

    project: str | None


class SumsOfPrecision(Item):
    """The calls whose cost is equally sure: billed, exact by price, or estimated."""

    precision: str | None
    calls: int
    cost_usd: Usd


class SumsInEveryWay(Document):
    """The same calls, summed in every way."""

    by_step: list[SumsOfStep]
    by_provider: list[SumsOfProvider]
    by_model: list[SumsOfModel]
    by_day: list[SumsOfDay]
    by_project: list[SumsOfProject]
    by_precision: list[SumsOfPrecision]
    damaged: list[DamagedItem]


class Totals(Item):
    """What a run cost, was expected to cost, and may yet have cost."""

    total_usd: Usd
    estimate_usd: Usd | None
    reserved_usd: Usd
    unknown_usd: Usd
    budget_usd: Usd | None
    calls: int
    failed_calls: int
    reused_calls: int
    unknown_calls: int


class SumsOfRun(SumsInEveryWay, Totals):
    """`clash cost THREAD` without `--calls`. Apart from `CostOfRun`, whose models of calls take time to import."""

    thread_id: str
    project: str = DEFAULT_PROJECT
    currency: str
