"""What webhooks were told, or are still to be told: `clash webhooks`, and what a receiver gets."""

from __future__ import annotations

from typing import Literal

from clash.documents.base import Document, Item, Text, Time
from clash.documents.outcome import Outcome


class WebhookEvent(Item):
    """What a receiver of webhooks gets, and a command on its standard input."""

    type: Literal[
        "run.completed",
        "run.failed",
        "run.paused",
        "run.cancelled",
        "review.requested",
        "budget.reached",
        "quota.reached",
    ]
    timestamp: Time
    outputs_left_out: int | None = None
    data: Outcome


class WebhookItem(Item):
    """An event of the outbox. `receiver` is the address without what may be secret in it."""

    event_id: str
    thread_id: str
    type: str
    created_at: Time
    receiver: Text
    state: Literal["pending", "delivered"]
    attempts: int
    attempted_at: Time | None
    delivered_at: Time | None
    last_error: Text | None


class WebhookList(Document):
    """`clash webhooks ls`: the events of runs that a webhook was told, or is still to be told, oldest first."""

    items: list[WebhookItem]


class Flushed(Document):
    """`clash webhooks flush`. `elsewhere`: events that are pending for another address."""

    receiver: Text
    delivered: int
    pending: int
    elsewhere: int
    last_error: Text | None
