"""Calls to providers, as several documents list them."""

from __future__ import annotations

from clash.documents.base import Document, Item, Text, Time, Usd


class UnknownCall(Item):
    """A call that was sent and never answered; perhaps it was paid for."""

    id: int
    step: str
    slot: str
    label: Text | None = None
    """The shot's label in the story's table, such as `1A`."""
    service: str
    model: str
    started_at: Time
    quoted_cost_usd: Usd
    idempotency_key: str
    job_id: str | None
    error: Text | None


class FailedPaidCall(UnknownCall):
    """A call that was paid for and failed. `file`: what the provider sent."""

    cost_usd: Usd
    file: Text | None
    error_code: str | None


class CallItem(Item):
    """One attempt at a call."""

    id: int
    step: str
    slot: str
    label: Text | None = None
    """The shot's label in the story's table, such as `1A`."""
    take: int
    kind: str
    service: str
    model: str
    state: str
    attempt: int
    reused: bool
    quoted_cost_usd: Usd
    cost_usd: Usd
    precision: str
    duration_ms: int | None
    status_code: int | None
    job_id: str | None
    idempotency_key: str
    file: Text | None
    error_code: str | None
    error: Text | None
    started_at: Time
    ended_at: Time | None


class SettlementItem(Item):
    """What a person said of a call by the provider's own record, and how the call stood before."""

    slot: str
    idempotency_key: str
    settled_at: Time
    settled_by: Text
    billed_usd: Usd
    was_state: str
    was_cost_usd: Usd
    was_held_usd: Usd
    was_error: Text | None


class SpentAndReserved(Item):
    """What a run has spent, and what is reserved for calls that are not settled."""

    total_usd: Usd
    reserved_usd: Usd


class SettledCall(Document):
    """`clash calls settle`: the call that was settled."""

    thread_id: str
    id: int
    slot: str
    service: str
    model: str
    idempotency_key: str
    job_id: str | None
    billed_usd: Usd
    settled_by: Text
    settled_at: Time
    was_state: str
    was_cost_usd: Usd
    was_held_usd: Usd
    cost: SpentAndReserved
