"""The words that tables and code share: states of calls, statuses of runs, types of assets, precisions, kinds.

SQL takes its lists from here too (`sql_list`), so that no word is written down twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Literal, get_args

Kind = Literal["screenplay", "image", "video", "speech"]
"""What a provider is asked for. Plug-ins write these words themselves, so this is no enum."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class CallState(StrEnum):
    """The state of a call, a row of `api_logs`."""

    INTENT = "intent"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


LIVE: Final = (CallState.INTENT, CallState.SUBMITTED, CallState.SUCCEEDED)
"""States of which a slot and take has one call at most."""
UNSETTLED: Final = (CallState.INTENT, CallState.SUBMITTED, CallState.UNKNOWN)
"""States of calls that may still cost what was reserved for them. An unknown call's receipt may turn up."""


class RunStatus(StrEnum):
    """The status of a run, a row of `workflow_executions`."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    PAUSED = "paused"
    CANCELLED = "cancelled"


INTERRUPTED: Final = "interrupted"
"""What people read as the status of a film's run that is `running`, and that no live process holds."""
FILM_WORKFLOW: Final = "video_production"
"""The workflow of clash's own runs; those of other workflows have no lease that would tell whether they still run."""


def standing(run: Mapping[str, Any]) -> str:
    """Return the status of a run of a document as people read it: `status`, or `interrupted`.

    >>> standing({"status": "running", "lease": {"live": False}}), standing({"status": "failed", "lease": None})
    ('interrupted', 'failed')
    >>> standing({"status": "running", "lease": None, "workflow_name": "mine"})
    'running'
    """
    lease = run.get("lease")
    is_film = run.get("workflow_name", FILM_WORKFLOW) == FILM_WORKFLOW
    if is_film and run["status"] == RunStatus.RUNNING and not (lease and lease["live"]):
        return INTERRUPTED
    return str(run["status"])


class Precision(StrEnum):
    """How sure the cost of a call is."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    BILLED = "billed"


class Decided(StrEnum):
    """What a person decides about a slot, a row of `slot_decisions`."""

    RETAKE = "retake"
    SELECT = "select"
    APPROVE = "approve"


REVIEW_STAGES: Final = ("screenplay", "cards", "keyframes", "shots")
"""What a run can stop for until people have approved it, in the order of the steps."""


class AssetType(StrEnum):
    """What a file of a run is, a row of `generated_assets`. Workflows of other people may have types of their own."""

    STORY = "story"
    SCREENPLAY = "screenplay"
    SCREENPLAY_PART = "screenplay_part"
    STORY_BEFORE = "story_before"
    SCREENPLAY_BEFORE = "screenplay_before"
    CHARACTER_IMAGE = "character_image"
    LOCATION_IMAGE = "location_image"
    KEYFRAME = "keyframe"
    SPEECH = "speech"
    SHOT = "shot"
    FILM = "film"
    SUBTITLES = "subtitles"
    CONTACT_SHEET = "contact_sheet"


PARTS: Final = (
    AssetType.SCREENPLAY_PART,
    AssetType.STORY_BEFORE,
    AssetType.SCREENPLAY_BEFORE,
    AssetType.KEYFRAME,
    AssetType.SPEECH,
    AssetType.SUBTITLES,
    AssetType.CONTACT_SHEET,
)
"""Files that belong to another one of their step, and are not counted as its progress."""


def sql_list(words: Iterable[str]) -> str:
    """Return the words as a list for SQL: `('intent', 'submitted')`."""
    return f"({', '.join(repr(str(word)) for word in words)})"
