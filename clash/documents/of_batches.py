"""What a command did to every run of a batch: `review ls|approve|reject --batch`, `cancel --batch`."""

from __future__ import annotations

from clash.documents.base import Document, Item
from clash.documents.edits import Price, ReviewList
from clash.documents.errors import ErrorItem


class ReviewOfRun(Item):
    """The review of one run of a batch. `judged`: the slots that this command has written a verdict about.

    `error`: why nothing was written or could be read; then `review` is null, and `exit_code` that of the command for
    this run alone.
    """

    thread_id: str
    exit_code: int
    judged: list[str]
    review: ReviewList | None
    error: ErrorItem | None


class ReviewOfBatch(Document):
    """`clash review ls|approve|reject --batch NAME`. `waiting` and `price` are the sums of the runs that could be read.

    `exit_code`: the process's. `error`: how many runs failed, and the first of their errors.
    """

    batch: str
    exit_code: int
    judged: int
    waiting: int
    price: Price
    items: list[ReviewOfRun]
    error: ErrorItem | None


class CancelOfRun(Item):
    """A run of a batch that was cancelled, or was `completed` before and stays so. `running`: a process still runs it.

    `error`: why it could not be cancelled; then `status` is null.
    """

    thread_id: str
    exit_code: int
    status: str | None
    running: bool
    error: ErrorItem | None


class BatchCancelled(Document):
    """`clash cancel --batch NAME`. `cancelled`: how many runs are cancelled now."""

    batch: str
    exit_code: int
    cancelled: int
    items: list[CancelOfRun]
    error: ErrorItem | None
