"""Checkpoints: `clash checkpoints ls` and `clash checkpoints show`."""

from __future__ import annotations

from typing import Any

from clash.documents.base import DamagedItem, Document, Item, Text, Time, Usd


class CheckpointItem(Item):
    """A saved state of a run: what made it, which steps come next, and what its step took."""

    checkpoint_id: str
    parent_checkpoint_id: str | None
    checkpoint_ns: str
    created_at: Time
    step: int
    source: str
    step_name: str
    next: list[str]
    execution_time_ms: int | None
    api_calls: int
    cost_usd: Usd
    error: Text | None


class CheckpointList(Document):
    """`clash checkpoints ls`: the checkpoints of a run, newest first."""

    thread_id: str
    items: list[CheckpointItem]
    damaged: list[DamagedItem]


class CheckpointDetails(Document, CheckpointItem):
    """`clash checkpoints show`: one checkpoint with its state, what was still to be done, and LangGraph's metadata."""

    thread_id: str
    values: dict[str, Any]
    pending: list[Any]
    metadata: dict[str, Any]
