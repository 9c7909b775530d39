"""What was removed, or would be: `clash runs rm` and `clash checkpoints prune`."""

from __future__ import annotations

from clash.documents.base import Document, Item, Text, Time, Usd
from clash.documents.errors import ErrorItem


class RemovedRunItem(Item):
    """A run that was removed, or would be.

    `kept_answers`: answers that were paid for, and stay so that no film pays for them again; `forgotten_answers`: those
    that go. `freed_files`: files that nothing in this database names afterwards, as far as their sizes are recorded.
    """

    thread_id: str
    status: str
    title: Text
    started_at: Time
    cost_usd: Usd
    rows: int
    kept_answers: int
    kept_answers_usd: Usd
    forgotten_answers: int
    forgotten_usd: Usd
    keeps_film: bool
    output: Text | None
    freed_files: int
    freed_bytes: int
    removed_at: Time | None


class RunsRemoved(Document):
    """`clash runs rm`. `finished`: the runs whose removal was interrupted before, and is finished with this one."""

    dry_run: bool
    items: list[RemovedRunItem]
    finished: list[str]
    kept_answers: int
    kept_answers_usd: Usd
    freed_files: int
    freed_bytes: int
    error: ErrorItem | None = None


class PrunedThread(Item):
    """The checkpoints of a run. `result`: `pruned`, `would_be_pruned`, `held` (by a process) or `nothing_to_prune`.

    `bytes`: what the rows of the pruned checkpoints held.
    """

    thread_id: str
    checkpoints: int
    pruned: int
    bytes: int
    result: str


class CheckpointsPruned(Document):
    """`clash checkpoints prune`."""

    dry_run: bool
    items: list[PrunedThread]
    pruned: int
    bytes: int
    error: ErrorItem | None = None
