"""The tracker of the Python API: `MetadataTracker`, and `AsyncMetadataTracker` where code awaits."""

from __future__ import annotations

from clash.database.checkpoint_metadata import checkpoint_row, record_checkpoint
from clash.database.synchronous import MetadataTracker, track_step
from clash.database.tracking import (
    STATUSES,
    AsyncMetadataTracker,
    RunStatus,
    StepRecord,
)

__all__ = [
    "STATUSES",
    "AsyncMetadataTracker",
    "MetadataTracker",
    "RunStatus",
    "StepRecord",
    "checkpoint_row",
    "record_checkpoint",
    "track_step",
]
