"""The tracker under the name that the first design gave its module."""

from __future__ import annotations

from clash.database.tracking import (
    STATUSES,
    AsyncMetadataTracker,
    RunStatus,
    StepRecord,
    checkpoint_row,
    record_checkpoint,
)

__all__ = ["STATUSES", "AsyncMetadataTracker", "RunStatus", "StepRecord", "checkpoint_row", "record_checkpoint"]
