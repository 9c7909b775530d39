"""One run in full: `clash runs show`."""

from __future__ import annotations

from typing import Any

from clash.documents.base import DamagedItem, Document, Item, Text, Time, Usd
from clash.documents.calls import CallItem, FailedPaidCall, SettlementItem, UnknownCall
from clash.documents.costs import SumsOfStep
from clash.documents.forks import ForkedFrom
from clash.documents.outcome import FilmItem
from clash.documents.run_list import LeaseItem, StepCount
from clash.project_names import DEFAULT_PROJECT


class StoryItem(Item):
    """The story that a run was begun with."""

    path: Text | None
    sha256: str | None
    title: Text | None


class StoredError(Item):
    """Why a run did not complete, as its row says."""

    code: str
    message: Text | None


class RunDetails(Document):
    """`clash runs show`: one run, with every attempt at every call."""

    thread_id: str
    project: str = DEFAULT_PROJECT
    status: str
    workflow_name: str
    graph_version: int | None
    forked_from: ForkedFrom | None
    story: StoryItem
    started_at: Time | None
    ended_at: Time | None
    updated_at: Time | None
    settings: Any
    cost_usd: Usd
    estimate_usd: Usd | None
    reserved_usd: Usd
    budget_usd: Usd | None
    lease: LeaseItem | None
    error: StoredError | None
    progress: dict[str, StepCount]
    steps: list[SumsOfStep]
    film: FilmItem | None
    unknown: list[UnknownCall]
    failed_paid: list[FailedPaidCall]
    metadata: Any
    calls: list[CallItem]
    settlements: list[SettlementItem]
    damaged: list[DamagedItem]
