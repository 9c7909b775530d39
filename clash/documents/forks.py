"""What a fork was begun with."""

from __future__ import annotations

from clash.documents.base import Item


class ForkedFrom(Item):
    """What a run was begun with: the checkpoint of another run, and the step that came next there."""

    thread_id: str
    checkpoint_id: str | None
    step: str | None
