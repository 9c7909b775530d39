"""What a change of a film will do and cost: `clash fork --dry-run`."""

from __future__ import annotations

from clash.documents.base import Document, Item, Text, Usd


class ForkedFrom(Item):
    """What a run was begun with: the checkpoint of another run, and the step that came next there."""

    thread_id: str
    checkpoint_id: str | None
    step: str | None


class ShotsPlanned(Item):
    """What becomes of the shots: how many are as they were, and the slots of the others (of `removed`, as it was)."""

    kept: int
    moved: list[str]
    changed: list[str]
    added: list[str]
    removed: list[str]


class CallCounts(Item):
    """How many calls are found, and so free, and how many are to be made."""

    found: int
    to_make: int


class StepPrice(Item):
    """The calls of a step that are to be made, and what they will cost."""

    step: str
    calls: int
    cost_usd: Usd


class Price(Item):
    """What is still to be paid. It is `estimated` where a length or a writer's answer decides about it."""

    total_usd: Usd
    estimated: bool
    by_step: list[StepPrice]


class EditPlan(Document):
    """What a change of a film will do and cost: `clash fork --dry-run`."""

    thread_id: str
    forked_from: ForkedFrom | None
    shots: ShotsPlanned
    calls: CallCounts
    price: Price
    warnings: list[Text]
