"""Changes of a film: what one will do and cost (`--dry-run`), the takes of a run, and what waits for a review."""

from __future__ import annotations

from typing import Literal

from clash.documents.base import Document, Item, Text, Time, Usd
from clash.documents.forks import ForkedFrom


class ShotsPlanned(Item):
    """What becomes of the shots: how many are as they were, and the slots of the others (of `removed`, as it was)."""

    kept: int
    moved: list[str]
    changed: list[str]
    added: list[str]
    removed: list[str]


class CallCounts(Item):
    """How many calls are found, and so free, and how many are to be made.

    `once_approved`: of a run under review, how many are to be made in all when what waits is approved.
    """

    found: int
    to_make: int
    once_approved: int | None = None


class StepPrice(Item):
    """The calls of a step that are to be made, and what they will cost."""

    step: str
    calls: int
    cost_usd: Usd


class Price(Item):
    """What is still to be paid. It is `estimated` where a length or a writer's answer decides about it.

    `at_most`: it is less if a picture that is made again is the same file as before, for then nothing follows from it.
    `once_approved_usd`: of a retake in a run under review, the most that it costs in all when what waits is approved;
    `total_usd` is what it costs until then.
    """

    total_usd: Usd
    estimated: bool
    at_most: bool = False
    once_approved_usd: Usd | None = None
    by_step: list[StepPrice]


class PlannedTake(Item):
    """A take that is to be made. `follows`: nobody asked for it, it is made of another one that is new."""

    slot: str
    label: Text | None = None
    """The shot's label in the story's table, such as `1A`."""
    take: int
    note: Text
    prompt: Text
    model: str
    follows: bool


class EditPlan(Document):
    """What a change of a film will do and cost: `clash fork --dry-run`, `clash retake --dry-run`.

    `labels`: by their slots, the labels in the story's table of the shots that are named here; `removed_labels`: those
    of removed shots, as they were.

    `budget_usd`: all that the run may spend; `within_budget`: what is to be made fits in what is left of it.

    `takes` and `needs_yes` are a retake's: what will be made, and whether more than was named is made again with it, so
    that a person's yes is needed.
    """

    thread_id: str
    forked_from: ForkedFrom | None
    shots: ShotsPlanned
    calls: CallCounts
    price: Price
    budget_usd: Usd | None = None
    within_budget: bool = True
    takes: list[PlannedTake] | None = None
    labels: dict[str, Text] | None = None
    removed_labels: dict[str, Text] | None = None
    needs_yes: bool | None = None
    warnings: list[Text]


class TakeItem(Item):
    """One take of a slot. `path` is its published name while it is selected, else where it is in the asset store.

    `not_made`: asked for, and the run will not make it: another take was selected first, or a fork did not keep it.
    """

    slot: str
    label: Text | None = None
    """The shot's label in the story's table, such as `1A`."""
    take: int
    selected: bool
    state: Literal["made", "to_make", "not_made", "failed"]
    sha256: str | None
    path: Text | None
    model: str
    cost_usd: Usd
    note: Text
    prompt: Text
    created_at: Time
    actor: Text


class TakeList(Document):
    """`clash takes ls`: all takes of a run, and which of them are in the film."""

    thread_id: str
    items: list[TakeItem]


class ReviewItem(Item):
    """A file that is to be judged. `verdict` is null before somebody has judged it."""

    stage: Literal["screenplay", "cards", "keyframes", "shots"]
    slot: str
    label: Text | None = None
    """The shot's label in the story's table, such as `1A`."""
    take: int
    sha256: str
    path: Text | None
    verdict: Literal["approved", "rejected"] | None
    note: Text | None


class ReviewList(Document):
    """`clash review ls`: what is to be judged, and what going on will cost. `waiting`: how many have no verdict."""

    thread_id: str
    stages: list[str]
    items: list[ReviewItem]
    waiting: int
    price: Price
