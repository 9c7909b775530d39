"""A line of `--events`: something that happened in a run."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from clash.documents.base import Item, Number, Text, Time, Usd


class RunEvent(Item):
    """A line of `--events`. The last, `outcome`, also has the keys of the outcome, or `error` where no run began."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, defer_build=True, frozen=True)

    event: Literal[
        "run.started",
        "step.started",
        "step.progress",
        "step.completed",
        "slot.failed",
        "call.reserved",
        "call.settled",
        "call.failed",
        "call.unknown",
        "call.reused",
        "run.waiting",
        "run.ended",
        "warning",
        "note",
        "outcome",
    ]
    at: Time
    thread_id: str | None
    step: str | None = None
    slot: str | None = None
    done: int | None = None
    total: int | None = None
    remaining_s: Number | None = None
    message: Text | None = None
    call: str | None = None
    take: int | None = None
    kind: str | None = None
    model: str | None = None
    state: str | None = None
    quoted_usd: Usd | None = None
    cost_usd: Usd | None = None
    duration_ms: int | None = None
    waiting_for: str | None = None
