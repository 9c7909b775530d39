"""The list of runs: `clash runs ls`. Apart from `runs`, whose models of calls and films take time to import."""

from __future__ import annotations

from clash.documents.base import DamagedItem, Document, Item, Text, Time, Usd
from clash.documents.forks import ForkedFrom
from clash.project_names import DEFAULT_PROJECT


class LeaseItem(Item):
    """Which process runs a run; one that is not `live` is dead, or has not renewed its lease."""

    host: Text
    pid: str
    expires_at: Time | None
    live: bool


class StepCount(Item):
    """How many slots of a step are done."""

    done: int
    total: int


class RunItem(Item):
    """One of all runs. `waiting_for` is null, `budget`, `quota`, `review`, `unknown_call` or `failed_paid`."""

    thread_id: str
    project: str = DEFAULT_PROJECT
    batch: str | None = None
    status: str
    workflow_name: str
    story: Text | None
    title: Text | None
    started_at: Time | None
    ended_at: Time | None
    updated_at: Time | None
    cost_usd: Usd
    budget_usd: Usd | None
    steps_done: int
    progress: dict[str, StepCount] | None = None
    waiting_for: str | None = None
    lease: LeaseItem | None
    error: Text | None
    forked_from: ForkedFrom | None = None


class RunList(Document):
    """`clash runs ls`: the runs, newest first."""

    items: list[RunItem]
    damaged: list[DamagedItem]
