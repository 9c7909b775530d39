"""How a run stands while it is watched: a line of `clash runs watch`."""

from __future__ import annotations

from clash.documents.base import Document, Item, Text, Time, Usd
from clash.documents.outcome import StepCount


class WatchedError(Item):
    """Why the run stopped."""

    code: str
    message: Text | None


class RunStanding(Document):
    """A line of `clash runs watch --json`: the run as it stands since something in it changed.

    `status` is that of the run, or `interrupted` where its process is gone. `exit_code` is null until the run has
    ended or waits.
    """

    at: Time
    thread_id: str
    status: str
    live: bool
    started_at: Time
    ended_at: Time | None
    steps: dict[str, StepCount]
    calls: dict[str, int]
    cost_usd: Usd
    reserved_usd: Usd
    budget_usd: Usd | None
    waiting_for: str | None
    error: WatchedError | None
    exit_code: int | None
